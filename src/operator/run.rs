//! The loop: facts in, tasks out. Nothing here polls; it sleeps until something happens.

use std::collections::{BTreeMap, HashMap};
use std::future::{Future, pending};
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use serde_json::json;
use tokio::sync::{mpsc, watch};
use tokio::task::{AbortHandle, Id, JoinSet};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::calls::Calls;
use super::doors::{Doors, Workers};
use super::error::Error;
use super::hearing::{self, Hearing};
use super::hook_series::HookSeries;
use super::metric::Metrics;
use super::outbox::Outbox;
use super::parameters::Parameters;
use super::settings::{Flavour, SetLogLevel, Settings};
use super::snapshots;
use super::startup;
use super::watchers::{ConfigData, ModuleObjects, follow_config};
use super::webhooks::Webhooks;
use crate::house::{Done, House, Job, Notice, Work};
use crate::module::Discovery;
use crate::name::{ModuleName, ValuesKey};
use crate::queue::QueueName;
use crate::serve::{Answer, Asked, ConvergeStatus, ModuleList, Query, Refusal};
use crate::status::Reporter;
use crate::task::{self, Context, Task};
use crate::watch::NewsReceiver;
use crate::{report, yaml};

/// How long running tasks get at the end. Everything they do can be repeated.
pub(super) const GRACE: Duration = Duration::from_secs(5);

/// What can be watched of a running operator.
#[derive(Debug, Clone, Default)]
pub struct View {
    /// The modules.
    pub modules: ModuleList,
    /// How far converge is.
    pub converge: ConvergeStatus,
}

/// Runs until `stop` is cancelled. `view` is kept up to date while somebody looks.
pub async fn run(
    settings: Settings,
    set_level: SetLogLevel,
    view: watch::Sender<View>,
    stop: CancellationToken,
) -> Result<(), Error> {
    startup::be_strict(&settings)?;
    startup::want_hooks(&settings)?;
    let mut doors = Doors::open(&settings, &stop).await?;
    let arriving = Box::pin(async {
        let (client, namespace) = startup::arrive(&settings).await?;
        let (context, news) = startup::context(&settings, client, &namespace)?;
        let listing = startup::releases(&context).await;
        Ok::<_, Error>((context, news, listing))
    });
    let arrived = tokio::select! {
        arrived = arriving => arrived?,
        () = stop.cancelled() => return doors.close().await,
        () = doors.refuse() => return Ok(()),
    };
    let (context, news, listing) = arrived;
    let house_settings = startup::house_settings(&settings, &context.namespace)?;
    let mut house = House::new(house_settings, Instant::now()).map_err(Error::GlobalSchemas)?;
    house.take_releases(&listing);
    let mut operator = Operator::wire(
        &settings,
        set_level,
        doors,
        (context, house, news),
        (view, stop),
    );
    let ended = operator.work().await;
    operator.shut_down().await;
    ended
}

struct Operator {
    flavour: Flavour,
    house: House,
    context: Context,
    parameters: Parameters,
    metrics: Metrics,
    outbox: Outbox,
    discovery: watch::Receiver<Option<Arc<Discovery>>>,
    config: watch::Receiver<ConfigData>,
    objects: ModuleObjects,
    hearing: Hearing,
    hook_series: HookSeries,
    questions: mpsc::Receiver<Asked>,
    view: watch::Sender<View>,
    converge: watch::Sender<ConvergeStatus>,
    running: JoinSet<Done>,
    started: HashMap<Id, (QueueName, u64, Task, AbortHandle)>,
    asides: JoinSet<()>,
    webhooks: Webhooks,
    calls: Calls,
    workers: Workers,
    stop: CancellationToken,
}

impl Operator {
    fn wire(
        settings: &Settings,
        set_level: SetLogLevel,
        doors: Doors,
        (context, house, news): (Context, House, NewsReceiver),
        (view, stop): (watch::Sender<View>, CancellationToken),
    ) -> Self {
        let (tell_config, config) = watch::channel(None);
        let client = context.applier.client.clone();
        let outbox = Outbox::default();
        let mut workers = doors.workers;
        let webhooks = Webhooks::start(
            settings,
            (client.clone(), context.namespace.clone()),
            (doors.webhook_metrics, outbox.clone()),
            &mut workers,
            &stop,
        );
        let mut operator = Self {
            flavour: settings.flavour,
            house,
            parameters: Parameters::new(settings.log.level, set_level),
            metrics: doors.metrics,
            outbox,
            discovery: doors.discovery,
            config,
            objects: ModuleObjects::default(),
            hearing: Hearing::new(context.hooks.watches.clone(), news, doors.global_hooks),
            hook_series: HookSeries::new(doors.hook_metrics),
            questions: doors.questions,
            view,
            converge: doors.converge,
            running: JoinSet::new(),
            started: HashMap::new(),
            asides: JoinSet::new(),
            webhooks,
            calls: Calls::default(),
            workers,
            context,
            stop,
        };
        let stop = operator.stop.clone();
        operator.employ(
            "objects",
            operator.context.applier.managed.clone().run(stop.clone()),
        );
        let watches = operator.context.hooks.watches.clone();
        operator.employ("watches of hooks", watches.run(stop.clone()));
        if settings.flavour == Flavour::ShellOperator {
            // It has no ConfigMap, no `Module` objects, and tells the log alone.
            tell_config.send_replace(Some(None));
        } else {
            operator.employ_scribes(settings, tell_config);
        }
        operator
    }

    /// Employs those who follow and write what is the operator's own in the cluster.
    fn employ_scribes(&mut self, settings: &Settings, tell_config: watch::Sender<ConfigData>) {
        let (client, namespace) = (
            self.context.applier.client.clone(),
            self.context.namespace.clone(),
        );
        let (name, stop) = (settings.config_map.clone(), self.stop.clone());
        let follow = follow_config(
            client.clone(),
            namespace.clone(),
            name,
            tell_config,
            stop.clone(),
        );
        self.employ("ConfigMap", follow);
        let objects = self.objects.clone();
        let follow = objects.follow(client.clone(), namespace.clone(), stop.clone());
        self.employ("Module objects", follow);
        let reporter = Reporter::new(client, &namespace);
        self.employ("outbox", self.outbox.clone().run(reporter, stop));
    }

    fn employ(&mut self, name: &'static str, worker: impl Future<Output = ()> + Send + 'static) {
        self.workers.employ(name, worker);
    }

    /// Takes in facts until told to stop.
    async fn work(&mut self) -> Result<(), Error> {
        let stop = self.stop.clone();
        loop {
            let wakes = [self.house.wake_at(), self.parameters.wake_at()];
            let wake = wakes.into_iter().flatten().min();
            tokio::select! {
                // Ending goes before everything, news before time.
                biased;
                () = stop.cancelled() => return Ok(()),
                Some(error) = self.workers.ended() => return Err(error),
                Some(ended) = self.running.join_next_with_id() => self.take_ended(ended),
                Ok(()) = self.discovery.changed() => self.take_discovery(),
                Ok(()) = self.config.changed() => self.take_config(),
                (changes, all) = self.objects.changed() => self.take_objects(changes, all),
                touched = self.context.applier.managed.touched() => {
                    self.house.look_for_drift(&touched, &self.context.applier.managed, Timestamp::now());
                }
                heard = self.hearing.hear() => hearing::take(&mut self.house, heard),
                Some(asked) = self.questions.recv() => self.take_question(asked),
                Some(asked) = self.webhooks.asked() => self.calls.take(&mut self.house, asked),
                ended = self.calls.ended() => Calls::take_ended(&mut self.house, &self.context, ended),
                Some(_) = self.asides.join_next() => {}
                () = sleep_until(wake) => {
                    self.house.tick(Instant::now(), Timestamp::now());
                    self.parameters.tick(Instant::now());
                }
            }
            self.take_all_ended();
            self.go_on();
        }
    }

    /// Starts what follows, tells what happened.
    fn go_on(&mut self) {
        for job in self.house.start(Instant::now(), Timestamp::now()) {
            self.start(job);
        }
        self.calls.go_on(&mut self.house, &self.context);
        for notice in self.house.take_notices() {
            match &notice {
                Notice::Count(count) => self.metrics.count(count),
                Notice::HookMetrics(operations) => self.hook_series.write(operations),
                // Nobody would send them.
                _ if self.flavour == Flavour::ShellOperator => {}
                Notice::Status { .. } | Notice::Remove(_) | Notice::Event(_) => {
                    self.outbox.put(notice);
                }
            }
        }
        self.hearing.follow(&self.house);
        self.webhooks.follow(&self.house);
        let converge = self.house.converge_status();
        self.converge
            .send_if_modified(|known| std::mem::replace(known, converge) != converge);
        if !self.view.is_closed() {
            self.view.send_replace(View {
                modules: self.house.module_list(),
                converge,
            });
        }
        self.metrics.show(&self.house, &self.context.hooks.watches);
    }

    fn start(&mut self, job: Job) {
        let context = self.context.clone();
        let work = job.work;
        let handle = self.running.spawn(async move {
            match work {
                Work::Evaluate(evaluation) => {
                    let limit = context.script_timeout;
                    Done::Evaluated(task::evaluate(&context.processes, limit, evaluation).await)
                }
                Work::Run(run) => Done::Ran(Box::new(task::run(&context, *run).await)),
                Work::Delete {
                    name,
                    parent,
                    module,
                    release,
                } => {
                    let (parent, module) = (parent.as_ref(), module.as_deref());
                    let deleted = task::delete(&context, &name, parent, module, release);
                    Done::Deleted(Box::new(deleted.await))
                }
                Work::AwaitReady(module, whole) => {
                    Done::Awaited(task::await_ready(&context, &module, &whole).await)
                }
                Work::ReadHooks(folder) => {
                    Done::HooksRead(task::read_hooks(&context, folder).await)
                }
                Work::Hook(call) => Done::HookRan(Box::new(task::run_hook(&context, *call).await)),
                Work::Refuse(why) => Done::Refused(why),
                Work::Nothing => Done::Nothing,
            }
        });
        self.started
            .insert(handle.id(), (job.queue, job.id, job.task, handle));
    }

    /// Takes in everything that ended meanwhile, so that a burst starts its followers once.
    fn take_all_ended(&mut self) {
        while let Some(ended) = self.running.try_join_next_with_id() {
            self.take_ended(ended);
        }
    }

    fn take_ended(&mut self, ended: Result<(Id, Done), tokio::task::JoinError>) {
        let (id, done) = match ended {
            Ok((id, done)) => (id, done),
            Err(error) if error.is_cancelled() => {
                self.started.remove(&error.id());
                return;
            }
            Err(error) => (error.id(), Done::Broken(error.to_string())),
        };
        let Some((queue, number, task, _)) = self.started.remove(&id) else {
            return;
        };
        let written = matches!(&done, Done::HookRan(ran) if ran.section.is_some());
        let managed = &self.context.applier.managed;
        self.house.finished(
            (&queue, number, &task),
            done,
            managed,
            (Instant::now(), Timestamp::now()),
        );
        if written {
            let key = task
                .module()
                .map_or_else(ValuesKey::global, ModuleName::key);
            self.context.hooks.own_sections.forget(&key);
        }
    }

    fn take_discovery(&mut self) {
        let discovery = self.discovery.borrow_and_update().clone();
        if let Some(discovery) = discovery {
            self.house
                .take_discovery((*discovery).clone(), Instant::now(), Timestamp::now());
        }
    }

    fn take_config(&mut self) {
        let config = self.config.borrow_and_update().clone();
        if let Some(data) = config {
            let own_sections = &self.context.hooks.own_sections;
            let own = data
                .as_ref()
                .map_or_else(Vec::new, |data| own_sections.among(data));
            self.house
                .take_config(data.as_ref(), &own, Timestamp::now());
        }
    }

    fn take_objects(&mut self, changes: BTreeMap<String, Option<serde_json::Value>>, all: bool) {
        for (name, object) in changes {
            self.house.take_module_object(&name, object.as_ref());
        }
        if all {
            self.house.objects_known(Instant::now(), Timestamp::now());
        }
    }

    fn take_question(&mut self, asked: Asked) {
        let Asked { query, answer } = asked;
        let now = (Instant::now(), Timestamp::now());
        let known = self.parameters.answer(&query, now);
        if let Some(known) = known.or_else(|| self.house.answer(&query, now.0)) {
            // The asker may be gone.
            let _ = answer.send(known);
            return;
        }
        if let Query::HookSnapshots { hook } = &query {
            let bindings = self.house.snapshots_of_hook(hook);
            let watches = &self.context.hooks.watches;
            let module = hook.split_once('/').map(|(module, _)| module);
            let place = module.and_then(|module| ModuleName::parse(module).ok());
            let secrets = self.house.secrets_of(place.as_ref());
            let known = bindings.map(|bindings| snapshots::of_hook(&bindings, watches, &secrets));
            drop(answer.send(known));
            return;
        }
        let snapshots = match &query {
            Query::GlobalSnapshots => Some(None),
            Query::ModuleSnapshots { module } => Some(Some(module.as_str())),
            _ => None,
        };
        if let Some(module) = snapshots {
            let bindings = self.house.snapshots_of(module);
            let watches = &self.context.hooks.watches;
            let place = module.and_then(|module| ModuleName::parse(module).ok());
            let secrets = self.house.secrets_of(place.as_ref());
            let known = bindings.map(|bindings| snapshots::shown(&bindings, watches, &secrets));
            drop(answer.send(known));
            return;
        }
        let module = match &query {
            Query::ModuleRender { module } => Some(module.as_str()),
            Query::ModuleDiff { module } => module.as_deref(),
            _ => None,
        };
        match self.house.runs(module) {
            Err(refusal) => drop(answer.send(Err(refusal))),
            Ok(runs) => {
                let context = self.context.clone();
                self.asides.spawn(async move {
                    let known = match query {
                        Query::ModuleRender { .. } => render(&context, runs).await,
                        _ => difference(&context, runs).await,
                    };
                    drop(answer.send(known));
                });
            }
        }
    }

    /// Ends tasks, then workers. What is half done is done again by the next start.
    async fn shut_down(&mut self) {
        // Hooks and scripts are asked to end at once: what they are given for it is less than we have.
        self.context.processes.stop();
        self.webhooks.close();
        for (_, _, task, handle) in self.started.values() {
            if matches!(task, Task::AwaitReady { .. }) {
                handle.abort();
            }
        }
        let running = self.running.len();
        tracing::info!(target: "operator", running, "shutting down");
        let drain = async {
            self.calls.shut_down(&mut self.house, &self.context).await;
            while let Some(ended) = self.running.join_next_with_id().await {
                if !ended.as_ref().is_ok_and(|(_, done)| done.is_cut_off()) {
                    self.take_ended(ended);
                }
            }
        };
        if timeout(GRACE, drain).await.is_err() {
            tracing::warn!(target: "operator", "running tasks were cut off; the next start repeats them");
        }
        self.running.shutdown().await;
        // Who still waits is told so.
        self.calls = Calls::default();
        for notice in self.house.take_notices() {
            self.outbox.put(notice);
        }
        self.stop.cancel();
        self.workers.end().await;
    }
}

async fn sleep_until(wake: Option<Instant>) {
    match wake {
        Some(wake) => tokio::time::sleep_until(wake.into()).await,
        None => pending().await,
    }
}

async fn render(context: &Context, runs: Vec<task::ModuleRun>) -> Answer {
    let mut text = String::new();
    for run in &runs {
        let rendered = task::prepare_offline(context, run).await;
        let whole = rendered.map_err(|error| Refusal::Failed(report::chain(&error)))?;
        let definitions = whole.rendering.definitions.desired.iter();
        for desired in definitions.chain(&whole.prepared.desired) {
            text.push_str("---\n");
            text.push_str(&yaml::write(&desired.value()));
        }
    }
    Ok(json!(text))
}

async fn difference(context: &Context, runs: Vec<task::ModuleRun>) -> Answer {
    let mut all = Vec::new();
    for run in &runs {
        let module = &run.module.name;
        let found = task::difference(context, run).await;
        all.extend(
            found
                .map_err(|error| Refusal::Failed(format!("{module}: {}", report::chain(&error))))?,
        );
    }
    serde_json::to_value(all).map_err(|error| Refusal::Failed(error.to_string()))
}

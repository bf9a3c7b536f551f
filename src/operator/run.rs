//! The loop: facts in, tasks out. Nothing here polls; it sleeps until something happens.

use std::collections::{BTreeMap, HashMap};
use std::future::pending;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use tokio::sync::{mpsc, watch};
use tokio::task::{AbortHandle, Id, JoinSet};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::aside::{difference, render};
use super::calls::Calls;
use super::doors::{Doors, Workers};
use super::error::Error;
use super::hearing::{self, Hearing};
use super::hook_series::HookSeries;
use super::metric::Metrics;
use super::outbox::Outbox;
use super::parameters::Parameters;
use super::replica::{self, Candidacy};
use super::settings::{Flavour, SetLogLevel, Settings};
use super::snapshots;
use super::startup;
use super::takeover::{self, Preparing};
use super::watchers::{ConfigData, ModuleObjects};
use super::webhooks::Webhooks;
use crate::house::{Done, House, Job, Notice, Work};
use crate::leader::{Fence, Over};
use crate::module::Discovery;
use crate::name::{ModuleName, ValuesKey};
use crate::queue::QueueName;
use crate::serve::{Asked, ConvergeStatus, Leadership, ModuleList, Query, Refusal};
use crate::task::{self, Context, Task};
use crate::watch::NewsReceiver;

/// How long running tasks get at the end. Everything they do can be repeated.
pub(super) const GRACE: Duration = Duration::from_secs(5);
/// The same when another replica may lead soon: as long as hooks have from SIGTERM to SIGKILL.
const GRACE_OF_LOSER: Duration = Duration::from_millis(2500);

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
    let fence = settings
        .replica
        .as_ref()
        .map(|_| Fence::new(settings.terms));
    let arriving = Box::pin(async {
        let (client, namespace) = startup::arrive(&settings, fence.clone()).await?;
        startup::context(&settings, client, &namespace)
    });
    let arrived = tokio::select! {
        arrived = arriving => arrived?,
        () = stop.cancelled() => {
            doors.close().await;
            return Ok(());
        }
        () = doors.refuse() => return Ok(()),
    };
    let (context, news) = arrived;
    let mut candidacy = takeover::stand(&settings, fence, &doors, &context).await?;
    let begun = tokio::select! {
        begun = Box::pin(takeover::begin(&settings, candidacy.as_mut(), &context)) => Some(begun),
        () = stop.cancelled() => None,
        () = doors.refuse() => None,
    };
    let house = match begun {
        Some(Ok(house)) => house,
        ended => {
            takeover::give_back(candidacy).await;
            doors.close().await;
            return ended.map_or(Ok(()), |failed| failed.map(drop));
        }
    };
    let mut operator = Operator::wire(
        settings,
        set_level,
        doors,
        (context, house, news),
        (candidacy, view, stop),
    );
    let ended = operator.work().await;
    operator.shut_down().await;
    ended
}

pub(super) struct Operator {
    pub(super) settings: Settings,
    pub(super) house: House,
    pub(super) context: Context,
    parameters: Parameters,
    metrics: Metrics,
    pub(super) outbox: Outbox,
    pub(super) discovery: watch::Receiver<Option<Arc<Discovery>>>,
    pub(super) config: watch::Receiver<ConfigData>,
    pub(super) objects: ModuleObjects,
    pub(super) hearing: Hearing,
    hook_series: HookSeries,
    questions: mpsc::Receiver<Asked>,
    view: watch::Sender<View>,
    converge: watch::Sender<ConvergeStatus>,
    running: JoinSet<Done>,
    started: HashMap<Id, (QueueName, u64, Task, AbortHandle)>,
    asides: JoinSet<()>,
    pub(super) webhooks: Webhooks,
    calls: Calls,
    /// One of several replicas.
    pub(super) candidacy: Option<Candidacy>,
    /// What has to be done before this replica leads.
    pub(super) preparing: Option<Preparing>,
    /// Whether this replica leads, for those who write beside the loop.
    pub(super) leads: watch::Sender<bool>,
    pub(super) leadership: watch::Sender<Leadership>,
    /// Why this replica leads no longer.
    pub(super) lost: Option<Over>,
    /// Those that follow what a follower looks at; they begin anew when it leads.
    pub(super) followers: Workers,
    pub(super) workers: Workers,
    pub(super) stop: CancellationToken,
}

impl Operator {
    fn wire(
        settings: Settings,
        set_level: SetLogLevel,
        doors: Doors,
        (context, house, news): (Context, House, NewsReceiver),
        (candidacy, view, stop): (Option<Candidacy>, watch::Sender<View>, CancellationToken),
    ) -> Self {
        let client = context.applier.client.clone();
        let outbox = Outbox::default();
        let mut workers = doors.workers;
        let (leads, leads_seen) = watch::channel(!house.follows());
        let webhooks = Webhooks::start(
            &settings,
            (client, context.namespace.clone()),
            (doors.webhook_metrics, outbox.clone(), leads_seen),
            &mut workers,
            &stop,
        );
        let mut operator = Self {
            house,
            parameters: Parameters::new(settings.log.level, set_level),
            metrics: doors.metrics,
            outbox,
            discovery: doors.discovery,
            config: watch::channel(None).1,
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
            candidacy,
            preparing: None,
            leads,
            leadership: doors.leadership,
            lost: None,
            followers: Workers::default(),
            workers,
            settings,
            context,
            stop,
        };
        let stop = operator.stop.clone();
        let managed = operator.context.applier.managed.clone();
        operator
            .workers
            .employ("objects", managed.run(stop.clone()));
        let watches = operator.context.hooks.watches.clone();
        operator
            .workers
            .employ("watches of hooks", watches.run(stop));
        operator.look_around();
        operator
    }

    /// Takes in facts until told to stop.
    async fn work(&mut self) -> Result<(), Error> {
        let stop = self.stop.clone();
        let mut outages = self.context.applier.client.outages();
        loop {
            let wakes = [self.house.wake_at(), self.parameters.wake_at()];
            let wake = wakes.into_iter().flatten().min();
            tokio::select! {
                // Ending goes before everything, news before time.
                biased;
                () = stop.cancelled() => return Ok(()),
                view = replica::changed(self.candidacy.as_mut()) => if self.take_standing(&view) {
                    return Ok(());
                },
                Some(error) = self.workers.ended() => return Err(error),
                Some(error) = self.followers.ended() => return Err(error),
                prepared = takeover::prepared(&mut self.preparing) => self.lead(&prepared?)?,
                Some(ended) = self.running.join_next_with_id() => self.take_ended(ended),
                Ok(()) = self.discovery.changed() => self.take_discovery(),
                Ok(()) = self.config.changed() => self.take_config(),
                (changes, all) = self.objects.changed() => if !self.take_objects(changes, all) {
                    continue;
                },
                touched = self.context.applier.managed.touched() => {
                    let managed = &self.context.applier.managed;
                    if !self.house.look_for_drift(&touched, managed, Timestamp::now()) {
                        // Most of what is told is what we wrote ourselves.
                        continue;
                    }
                }
                Ok(()) = outages.changed() => self.house.hurry(),
                heard = self.hearing.hear() => hearing::take(&mut self.house, heard),
                Some(asked) = self.questions.recv() => self.take_question(asked),
                asked = self.webhooks.asked() => if let Some(asked) = asked {
                    self.calls.take(&mut self.house, asked);
                },
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
                _ if self.settings.flavour == Flavour::ShellOperator => {}
                Notice::Status { .. } | Notice::Remove(_) | Notice::Event(_) => {
                    self.outbox.put(notice);
                }
            }
        }
        self.hearing.follow(&self.house);
        self.webhooks.follow(&self.house);
        self.show_leadership();
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

    pub(super) fn take_discovery(&mut self) {
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

    /// Answers whether anything of it is news.
    fn take_objects(
        &mut self,
        changes: BTreeMap<String, Option<serde_json::Value>>,
        all: bool,
    ) -> bool {
        let mut is_news = false;
        for (name, object) in changes {
            is_news |= self.house.take_module_object(&name, object.as_ref());
        }
        if all {
            is_news |= self.house.objects_known(Instant::now(), Timestamp::now());
        }
        is_news
    }

    fn take_question(&mut self, asked: Asked) {
        let Asked { query, answer } = asked;
        let now = (Instant::now(), Timestamp::now());
        if query == Query::Leader {
            let leadership = self.leadership.borrow().clone();
            let known = serde_json::to_value(leadership);
            let known = known.map_err(|error| Refusal::Failed(error.to_string()));
            // The asker may be gone.
            let _ = answer.send(known);
            return;
        }
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
        // Who does not lead any more has less time, and nothing to bring to an end.
        let grace = self.lost.map_or(GRACE, |_| GRACE_OF_LOSER);
        let drain = async {
            self.calls.shut_down(&mut self.house, &self.context).await;
            while let Some(ended) = self.running.join_next_with_id().await {
                if !ended.as_ref().is_ok_and(|(_, done)| done.is_cut_off()) {
                    self.take_ended(ended);
                }
            }
        };
        if timeout(grace, drain).await.is_err() {
            tracing::warn!(target: "operator", "running tasks were cut off; the next start repeats them");
        }
        self.running.shutdown().await;
        if self.lost.is_some() {
            // Nothing is left that another leader would have to fear.
            self.context.processes.live_until(None);
        }
        // Who still waits is told so.
        self.calls = Calls::default();
        for notice in self.house.take_notices() {
            self.outbox.put(notice);
        }
        self.stop.cancel();
        self.workers.end().await;
        takeover::give_back(self.candidacy.take()).await;
    }
}

async fn sleep_until(wake: Option<Instant>) {
    match wake {
        Some(wake) => tokio::time::sleep_until(wake.into()).await,
        None => pending().await,
    }
}

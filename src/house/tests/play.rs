//! A house on a stage: facts are played to it, and what it starts is written down. Nothing is real:
//! folders, hooks and the cluster are what the play says.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use tokio::runtime::Runtime;

use super::super::{Done, House, Job, Settings, Work};
use crate::binding::{self, ContextKind, FailurePolicy, parse_config};
use crate::cluster;
use crate::hook::{Hook, HookFile};
use crate::module::{
    Definition, Dir, DirState, Discovery, Extenders, Flag, HooksFolder, Module, OrderMode, Outcome,
    decide,
};
use crate::name::{ModuleName, ValuesKey};
use crate::queue::QueueName;
use crate::schema::Schemas;
use crate::serve::{ModuleRow, ModuleState};
use crate::task::{Decided, Error, HookCall, HookRan, HooksRead, Ran};
use crate::watch::{Item, Managed, MonitorId, News, WatchEvent};

/// The place of the global hooks in a play.
pub(super) const GLOBAL: &str = "";

pub(super) fn name(module: &str) -> ModuleName {
    ModuleName::parse(module).unwrap()
}

fn place(module: &str) -> Option<ModuleName> {
    (module != GLOBAL).then(|| name(module))
}

/// A task, or a step of one, that is being done.
pub(super) struct Running {
    pub(super) job: Job,
    /// The number of the last change when it began.
    sequence: u64,
}

/// A house, the world around it, and what happened.
pub(super) struct Play {
    pub(super) house: House,
    pub(super) now: Instant,
    /// One line for every step that began: `web a: beforeHelm`.
    pub(super) story: Vec<String>,
    global_place: binding::Place,
    /// Hooks of a shell-operator that cannot be used.
    pub(super) broken: BTreeSet<String>,
    /// How many hooks had answered already, for each reading of a folder.
    pub(super) asked: Vec<usize>,
    /// Hooks that fail.
    pub(super) failing: BTreeSet<String>,
    /// Values patches that hooks give back, by hook, one for each run.
    pub(super) patches: BTreeMap<String, VecDeque<String>>,
    pub(super) running: Vec<Running>,
    /// Whether monitors are told that they are listed as soon as they are there.
    pub(super) lists: bool,
    pub(super) listed: BTreeSet<MonitorId>,
    /// The number of the last change in the cluster.
    pub(super) sequence: u64,
    /// What the watches have told and the house has not taken.
    pub(super) news: VecDeque<News>,
    /// What hooks were told by monitor, in runs that ended well.
    pub(super) told: Vec<(MonitorId, u64)>,
    /// The numbers of the snapshots of Synchronizations that ended well.
    pub(super) synchronized: BTreeMap<MonitorId, Vec<u64>>,
    modules: BTreeMap<String, (u32, bool)>,
    hooks: BTreeMap<String, Vec<Hook>>,
    editions: BTreeMap<String, u8>,
    managed: Managed,
    /// The connection that nobody uses wants one.
    _runtime: Runtime,
}

impl Play {
    /// An empty world.
    pub(super) fn new() -> Self {
        Self::of(binding::Place::Global)
    }

    /// An empty world of a shell-operator: its hooks are those of [`GLOBAL`].
    pub(super) fn standalone() -> Self {
        Self::of(binding::Place::Standalone)
    }

    /// Another replica leads.
    pub(super) fn following() -> Self {
        let mut play = Self::new();
        play.house.follow();
        play
    }

    /// This replica leads from now on: a new house is told everything anew.
    pub(super) fn lead(&mut self) {
        let mut house = House::new(settings(self.global_place), self.now).unwrap();
        house.inherit(self.house.take_warmth());
        self.house = house;
        self.house.objects_known(self.now, Timestamp::UNIX_EPOCH);
        self.discover();
    }

    fn of(global_place: binding::Place) -> Self {
        let runtime = Runtime::new().unwrap();
        let settings = settings(global_place);
        let now = Instant::now();
        let managed = Managed::new(runtime.block_on(nobody()), "ops");
        let mut house = House::new(settings, now).unwrap();
        if global_place == binding::Place::Global {
            house.objects_known(now, Timestamp::UNIX_EPOCH);
        }
        Self {
            house,
            global_place,
            broken: BTreeSet::new(),
            asked: Vec::new(),
            now,
            story: Vec::new(),
            failing: BTreeSet::new(),
            patches: BTreeMap::new(),
            running: Vec::new(),
            lists: true,
            listed: BTreeSet::new(),
            sequence: 0,
            news: VecDeque::new(),
            told: Vec::new(),
            synchronized: BTreeMap::new(),
            modules: BTreeMap::new(),
            hooks: BTreeMap::new(),
            editions: BTreeMap::new(),
            managed,
            _runtime: runtime,
        }
    }

    /// Puts an enabled module there, or changes whether it is enabled.
    pub(super) fn module(&mut self, module: &str, weight: u32, enabled: bool) {
        self.modules.insert(module.to_owned(), (weight, enabled));
    }

    /// Puts hooks into a folder, in place of those that were there: names and configurations.
    pub(super) fn hooks(&mut self, module: &str, hooks: &[(&str, &str)]) {
        let kind = match place(module) {
            Some(_) => binding::Place::Module,
            None => self.global_place,
        };
        let hook = |(name, text): &(&str, &str)| {
            let is_first = text.starts_with("onKubernetesEvent");
            let version = if is_first { "" } else { "configVersion: v1\n" };
            let text = format!("{version}{text}");
            let mut digest = [0_u8; 32];
            for (index, byte) in text.bytes().enumerate() {
                digest[index % 32] = digest[index % 32].wrapping_mul(31).wrapping_add(byte);
            }
            let file = HookFile {
                name: (*name).to_owned(),
                shown: (*name).to_owned(),
                place: kind,
                root: "/".into(),
                path: name.into(),
                python: None,
                digest,
            };
            let config = parse_config(name, &text, kind).unwrap_or_else(|why| panic!("{why}"));
            let config = Arc::new(config);
            Hook { file, config }
        };
        let hooks = hooks.iter().map(hook).collect();
        self.hooks.insert(module.to_owned(), hooks);
        *self.editions.entry(module.to_owned()).or_default() += 1;
    }

    /// A hook will patch values in its next run.
    pub(super) fn patch(&mut self, hook: &str, patch: &str) {
        let patches = self.patches.entry(hook.to_owned()).or_default();
        patches.push_back(patch.to_owned());
    }

    /// The house learns what is on disk.
    pub(super) fn discover(&mut self) {
        let modules = self.modules.iter().map(|(module, (weight, enabled))| {
            let edition = self.editions.get(module).copied().unwrap_or_default();
            Arc::new(folder(module, *weight, *enabled, edition))
        });
        let dirs = match self.global_place {
            binding::Place::Standalone => Vec::new(),
            _ => vec![Dir {
                path: "/modules".into(),
                state: DirState::Present {
                    modules: self.modules.len(),
                },
                common: None,
                mistakes: crate::report::Mistakes::default(),
                warnings: Vec::new(),
            }],
        };
        let discovery = Discovery {
            modules: modules.collect(),
            dirs,
            ..Discovery::default()
        };
        let edition = self.editions.get(GLOBAL).copied().unwrap_or_default();
        self.house.take_global_hooks([edition; 32]);
        self.house
            .take_discovery(discovery, self.now, Timestamp::UNIX_EPOCH);
        self.house.take_config(None, &[], Timestamp::UNIX_EPOCH);
    }

    /// Starts what may start.
    pub(super) fn start(&mut self) {
        if self.lists {
            self.list();
        }
        for job in self.house.start(self.now, Timestamp::UNIX_EPOCH) {
            let is_free = self
                .running
                .iter()
                .all(|running| running.job.queue != job.queue);
            assert!(
                is_free,
                "two runs at once in {}: {:?}",
                job.queue, self.story
            );
            if let Some(line) = line(&job) {
                self.story.push(line);
            }
            let sequence = self.sequence;
            self.running.push(Running { job, sequence });
        }
        // Nobody else asks for what the house wants to be told.
        self.house.take_notices();
    }

    /// Tells every monitor that its list is complete.
    pub(super) fn list(&mut self) {
        for monitor in self.house.monitors() {
            if self.listed.insert(monitor.id) {
                self.news.push_back(News::Listed {
                    monitor: monitor.id,
                });
            }
        }
        self.deliver();
    }

    /// Something happens to an object that a monitor has listed; it is on its way to the house.
    pub(super) fn emit(&mut self, monitor: MonitorId) -> u64 {
        self.sequence += 1;
        let item = Item {
            api_version: "v1".to_owned(),
            kind: "Pod".to_owned(),
            namespace: None,
            name: self.sequence.to_string(),
            object: None,
            filter_result: None,
        };
        self.news.push_back(News::Event {
            monitor,
            event: WatchEvent::Modified,
            item: Arc::new(item),
            sequence: self.sequence,
        });
        self.sequence
    }

    /// The house takes what the watches told.
    pub(super) fn deliver(&mut self) {
        while let Some(news) = self.news.pop_front() {
            self.house
                .take_news(news, (self.now, Timestamp::UNIX_EPOCH));
        }
    }

    /// The monitor of a hook's first kubernetes binding.
    pub(super) fn monitor(&self, module: &str, hook: &str) -> MonitorId {
        let set = self.house.set(place(module).as_ref()).unwrap();
        set.monitors_of(hook)[0]
    }

    /// An event of a hook's first kubernetes binding reaches the house.
    pub(super) fn event(&mut self, module: &str, hook: &str) {
        let monitor = self.monitor(module, hook);
        self.emit(monitor);
        self.deliver();
    }

    /// A running job ends.
    pub(super) fn end(&mut self, index: usize) {
        let Running { job, sequence } = self.running.remove(index);
        let Job {
            queue,
            id,
            task,
            work,
        } = job;
        let done = match work {
            Work::Evaluate(evaluation) => {
                let asked = evaluation.groups.into_iter().flatten();
                let decided = asked.map(|asked| {
                    let Outcome::Decided(decision) = decide(&asked.opinions, &evaluation.extenders)
                    else {
                        panic!("there are no scripts")
                    };
                    let decided = Decided {
                        decision: Ok(decision),
                        answer: None,
                    };
                    (asked.module.name.clone(), decided)
                });
                Done::Evaluated(decided.collect())
            }
            Work::Run(run) => Done::Ran(Box::new(Ran {
                known: run.known,
                ..Ran::default()
            })),
            Work::AwaitReady(..) => Done::Awaited(Ok(())),
            Work::Delete { .. } => Done::Deleted(Box::default()),
            Work::ReadHooks(folder) => {
                let place = folder.module.as_ref().map_or(GLOBAL, ModuleName::as_str);
                let mut hooks = self.hooks.get(place).cloned().unwrap_or_default();
                self.asked.push(folder.asked.len());
                let broken = |hook: &Hook| self.broken.contains(&hook.file.name);
                let names = hooks.iter().filter(|hook| broken(hook));
                let names = names.map(|hook| hook.file.name.clone());
                let broken_names = names.map(|name| (name, "is broken".to_owned())).collect();
                hooks.retain(|hook| !broken(hook));
                Done::HooksRead(Ok(HooksRead {
                    declarations: BTreeMap::new(),
                    hooks,
                    warnings: Vec::new(),
                    broken: broken_names,
                }))
            }
            Work::Hook(call) => Done::HookRan(Box::new(self.ran(&call, sequence))),
            Work::Refuse(why) => Done::Refused(why),
            Work::Nothing => Done::Nothing,
        };
        let times = (self.now, Timestamp::UNIX_EPOCH);
        self.house
            .finished((&queue, id, &task), done, &self.managed, times);
        self.house.take_notices();
    }

    /// What becomes of a run of a hook that began at `sequence`.
    fn ran(&mut self, call: &HookCall, sequence: u64) -> HookRan {
        let mut ran = HookRan::default();
        for context in &call.contexts {
            if let ContextKind::Synchronization { binding_index } = context.kind {
                let monitor = call.monitors[binding_index];
                ran.seen.insert(monitor, sequence);
                ran.synchronized.insert(monitor);
            }
        }
        let hook = &call.hook.file.name;
        if self.failing.contains(hook) {
            ran.error = Some(Error::Held(format!("{hook} fails")));
            return ran;
        }
        for monitor in &ran.synchronized {
            let synchronized = self.synchronized.entry(*monitor).or_default();
            synchronized.push(sequence);
        }
        for context in &call.contexts {
            if let ContextKind::Event {
                binding_index,
                item,
                ..
            } = &context.kind
            {
                let event = item.name.parse().unwrap();
                self.told.push((call.monitors[*binding_index], event));
            }
        }
        if let Some(patch) = self.patches.get_mut(hook).and_then(VecDeque::pop_front) {
            ran.values = crate::patch::parse(&patch, call.store.scope()).unwrap();
        }
        ran
    }

    /// Lets everything end that can end now, the oldest first.
    pub(super) fn settle(&mut self) {
        for _ in 0..10_000 {
            self.start();
            if self.running.is_empty() {
                return;
            }
            self.end(0);
        }
        panic!("no end: {:?}", &self.story[..100.min(self.story.len())]);
    }

    /// Lets time pass, back-offs as well, until nothing is left.
    pub(super) fn settle_wholly(&mut self) {
        for _ in 0..100 {
            self.settle();
            if self.house.queue_lengths().all(|(_, length)| length == 0) {
                return;
            }
            self.pass(Duration::from_secs(40));
        }
        panic!("work is left: {:?}", self.waiting());
    }

    /// Time passes.
    pub(super) fn pass(&mut self, time: Duration) {
        self.now += time;
        self.house.tick(self.now, Timestamp::UNIX_EPOCH);
    }

    /// What is queued.
    pub(super) fn waiting(&self) -> Vec<(String, usize)> {
        let lengths = self.house.queue_lengths();
        let lengths = lengths.map(|(queue, length)| (queue.to_string(), length));
        lengths.filter(|(_, length)| *length > 0).collect()
    }

    /// What began since the last time asked.
    pub(super) fn tale(&mut self) -> Vec<String> {
        std::mem::take(&mut self.story)
    }

    /// Forgets what began, and begins.
    pub(super) fn open(&mut self) {
        self.discover();
        self.settle();
        self.story.clear();
    }

    pub(super) fn row(&self, module: &str) -> ModuleRow {
        let list = self.house.module_list();
        let mut rows = list.modules.into_iter();
        rows.find(|row| row.name == module).unwrap()
    }

    pub(super) fn state(&self, module: &str) -> ModuleState {
        self.row(module).state
    }

    /// Ends what runs in a queue.
    pub(super) fn end_in(&mut self, queue: &QueueName) {
        let of = |running: &Running| running.job.queue == *queue;
        let index = self.running.iter().position(of).unwrap();
        self.end(index);
    }
}

pub(super) fn settings(global_place: binding::Place) -> Settings {
    Settings {
        namespace: "ops".to_owned(),
        config_map: "addon-operator".to_owned(),
        order: OrderMode::Attempted,
        extenders: Extenders::default(),
        purge_settle: Duration::from_secs(1),
        global_schemas: Schemas::default(),
        global_hooks: "/global-hooks".into(),
        global_place,
        hook_processes: 16,
        failure_policy: FailurePolicy::Fail,
    }
}

/// A client of a server that is not there.
pub(super) async fn nobody() -> cluster::Client {
    let folder = tempfile::TempDir::new().unwrap();
    let path = folder.path().join("kubeconfig");
    let text = "apiVersion: v1
kind: Config
current-context: a
contexts: [{name: a, context: {cluster: a, user: a}}]
clusters: [{name: a, cluster: {server: 'http://127.0.0.1:1'}}]
users: [{name: a, user: {}}]
";
    std::fs::write(&path, text).unwrap();
    let settings = cluster::Settings {
        kubeconfig: Some(path),
        ..cluster::Settings::default()
    };
    cluster::connect(&settings).await.unwrap()
}

fn folder(module: &str, weight: u32, enabled: bool, edition: u8) -> Module {
    let name = name(module);
    let path: std::path::PathBuf = format!("/modules/{module}").into();
    let mut digest = [edition; 32];
    digest[0] = u8::from(enabled);
    Module {
        key: name.key(),
        name,
        weight,
        folder: path.clone(),
        path: path.clone(),
        folder_digest: digest,
        digest,
        values: Vec::new(),
        flags: vec![Flag {
            enabled,
            file: "values.yaml".to_owned(),
            place: crate::yaml::Place::default(),
        }],
        definition: Definition::default(),
        script: None,
        hooks: (edition > 0).then(|| HooksFolder {
            path: path.join("hooks"),
            digest: [edition; 32],
        }),
        crds: Vec::new(),
        config_values_schema: None,
        values_schema: None,
        warnings: Vec::new(),
    }
}

/// What a job is, in a few words; nothing for steps that only look.
fn line(job: &Job) -> Option<String> {
    let module = job.task.module().map_or("global", ModuleName::as_str);
    Some(match &job.work {
        Work::Evaluate(_) => "decide".to_owned(),
        Work::Run(_) => format!("{module} run"),
        Work::Delete { .. } => format!("{module} delete"),
        Work::ReadHooks(_) => format!("{module} read"),
        Work::Hook(call) => {
            let told: Vec<String> = call.contexts.iter().map(told).collect();
            format!("{module} {}: {}", call.hook.file.name, told.join(", "))
        }
        Work::Refuse(why) => format!("{module} refused: {why}"),
        Work::AwaitReady(..) | Work::Nothing => return None,
    })
}

fn told(context: &binding::Context) -> String {
    let binding = &context.binding;
    match &context.kind {
        ContextKind::Lifecycle(_) => binding.clone(),
        ContextKind::Schedule => format!("schedule {binding}"),
        ContextKind::Synchronization { .. } => format!("all {binding}"),
        ContextKind::Event { item, .. } => format!("{binding} {}", item.name),
        ContextKind::Admission { kind, .. } => format!("{} {binding}", kind.name()),
        ContextKind::Conversion { from, to, .. } => format!("{binding} {from}-{to}"),
    }
}

/// The key of the values of a module.
pub(super) fn key(module: &str) -> ValuesKey {
    name(module).key()
}

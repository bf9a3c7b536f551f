//! What the operator knows, and which tasks follow from what happened.
//!
//! In: facts (folders, the `ConfigMap`, `Module` objects, how a task ended) · Out: [`Job`]s to be
//! done now, [`Notice`]s for people, answers · Never: waits, reads, writes, asks the time. So every
//! sequence of facts can be played through in a test.
//!
//! ```text
//! folders ─┐                       ┌─▶ ModuleRun    one queue a module, gated by the order
//! ConfigMap ─▶ converge ─▶ decide ─┤
//! Module ──┘                       └─▶ ModuleDelete  gated by doubt and the reverse order
//! drift ──────────────────────────────▶ ModuleRun
//! watches, crontabs ─▶ HookRun ─▶ values ─▶ ModuleRun, or converge
//!                               └▶ objects ─▶ ModuleApply
//! ```
//!
//! A task with hooks is a chain of steps (`hooks/chain.rs`); between two steps everything else goes on.

mod answer;
mod calls;
mod config;
mod contest;
mod converge;
mod count;
mod declared;
mod discovery;
mod follow;
mod hook_news;
mod hook_read;
mod hook_run;
mod hook_start;
mod hooks;
mod outcome;
mod release;
mod report;
mod resident;
mod standalone;
mod start;
mod steps;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;

use crate::apply::Parent;
use crate::binding::{self, FailurePolicy};
use crate::config_values::ConfigValues;
use crate::metric::Operation;
use crate::module::{Discovery, Extenders, Guard, Module, Order, OrderMode};
use crate::name::{ModuleName, ValuesKey};
use crate::queue::{Lines, QueueName};
use crate::render::ValuesTree;
use crate::report::Mistakes;
use crate::schema::Schemas;
use crate::status::{Event, Status};
use crate::task::{
    Decided, Deleted, Error, Evaluation, HookCall, HookFolder, HookRan, HooksRead, ModuleRun, Ran,
    Task, Whole,
};
use crate::values::{Checksum, Store};

pub use calls::CalledHook;
pub use count::{Count, HookEnd};
pub use follow::Warmth;
pub use hooks::{SnapshotOf, ToldEvents};
pub use release::Unwanted;
pub use resident::{global_store_of, store_of};

use calls::Calls;
use follow::Following;
use hooks::HookSet;
use resident::Resident;

/// What is fixed while the operator runs.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The operator's namespace.
    pub namespace: String,
    /// The name of the `ConfigMap`.
    pub config_map: String,
    /// How strictly modules wait for each other.
    pub order: OrderMode,
    /// Who says whether a module is enabled.
    pub extenders: Extenders,
    /// How long a module folder must be gone before its module is removed.
    pub purge_settle: Duration,
    /// The schemas of the global values.
    pub global_schemas: Schemas,
    /// The folder of the hooks that belong to no module.
    pub global_hooks: std::path::PathBuf,
    /// What those are: global hooks, or those of a shell-operator, which has no modules, no
    /// `ConfigMap` and no `Module` objects.
    pub global_place: binding::Place,
    /// How many hooks of main queues run at once, and how many that the API server calls.
    pub hook_processes: usize,
    /// What follows when a hook does not answer the API server, and its binding does not say.
    pub failure_policy: FailurePolicy,
}

/// The state of everything.
pub struct House {
    settings: Settings,
    residents: BTreeMap<ModuleName, Resident>,
    discovery: Arc<Discovery>,
    global: Store,
    global_mistakes: Mistakes,
    global_tree: (Checksum, ValuesTree),
    config: ConfigValues,
    config_mistakes: Option<Mistakes>,
    config_known: bool,
    /// Data of the `ConfigMap` that has not taken effect: the schemas are not known yet, or it does
    /// not fit them.
    untaken: Option<ConfigData>,
    objects_known: bool,
    lines: Lines<Task>,
    guard: Guard,
    held: Option<crate::module::Held>,
    /// Held modules that people purged: they count as vanished as long as others are held.
    purged: crate::module::Known,
    ask_guard_at: Option<Instant>,
    converge: Converge,
    /// As it was last asked for; [`order`](Self::order) has it as it is.
    order: Arc<Order>,
    /// The order by which waiting modules were told what they wait for.
    told_order: Arc<Order>,
    /// The hooks that belong to no module.
    hooks: HookSet,
    /// The content of their folder; `None` when it is not known yet.
    hooks_folder: Option<[u8; 32]>,
    /// What global hooks say of modules.
    dynamic: BTreeMap<ValuesKey, bool>,
    /// The tasks of main queues that run a hook now.
    hook_slots: BTreeSet<u64>,
    /// What the API server asks.
    calls: Calls,
    next_monitor: u64,
    /// Grows when what hooks are bound to changes.
    bindings_version: u64,
    notices: Vec<Notice>,
    born: Instant,
    /// What is so while another replica leads; `None` when this one does.
    following: Option<Following>,
    /// Hooks of modules that were read while this replica followed, until the modules are known.
    warmth: BTreeMap<ModuleName, HookSet>,
}

/// The data of the `ConfigMap`; `None` when there is none.
type ConfigData = Option<BTreeMap<String, String>>;

/// How far converge is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Converge {
    begun: Option<Instant>,
    startup_done: bool,
    /// Whether modules had failed when it was done: `afterAll` runs once more when none does.
    had_failures: bool,
    /// How often it was decided since one was done.
    undone: u32,
    /// The global values before the hooks that follow it.
    before_after_all: Option<Checksum>,
}

/// A task that starts now, with all it needs.
pub struct Job {
    /// Its queue.
    pub queue: QueueName,
    /// Its number.
    pub id: u64,
    /// The task.
    pub task: Task,
    /// What it needs.
    pub work: Work,
}

/// What a task needs.
pub enum Work {
    /// Decide which modules are enabled.
    Evaluate(Evaluation),
    /// Run a module.
    Run(Box<ModuleRun>),
    /// Wait until what a module has is ready.
    AwaitReady(Arc<Module>, Arc<Whole>),
    /// Delete a module.
    Delete {
        /// Which.
        name: ModuleName,
        /// The bounds of its inventory.
        parent: Option<Parent>,
        /// Its folder, when it is there.
        module: Option<Arc<Module>>,
        /// The revision of its Helm release that was taken over.
        release: Option<u32>,
    },
    /// Find the hooks of a folder, and ask what they are bound to.
    ReadHooks(HookFolder),
    /// Run a hook.
    Hook(Box<HookCall>),
    /// It cannot be done; why.
    Refuse(String),
    /// There is nothing to do any more.
    Nothing,
}

/// How a task ended.
pub enum Done {
    /// The decisions.
    Evaluated(BTreeMap<ModuleName, Decided>),
    /// A run.
    Ran(Box<Ran>),
    /// A deletion.
    Deleted(Box<Deleted>),
    /// Whether the objects are ready; else which is not, and why.
    Awaited(Result<(), String>),
    /// The hooks of a folder.
    HooksRead(Result<HooksRead, Error>),
    /// A run of a hook.
    HookRan(Box<HookRan>),
    /// It could not be done; why.
    Refused(String),
    /// There was nothing to do.
    Nothing,
    /// The task itself broke; the text is the panic's.
    Broken(String),
}

impl Done {
    /// Whether a hook or script did not end by itself, but since the operator stops: that is no
    /// failure, and the next start does it again.
    pub fn is_cut_off(&self) -> bool {
        match self {
            Self::HookRan(ran) => ran.error.as_ref().is_some_and(Error::is_stop),
            Self::HooksRead(Err(error)) => error.is_stop(),
            Self::Evaluated(_) => true,
            _ => false,
        }
    }
}

/// Something to be told or written, in order.
#[derive(Debug)]
pub enum Notice {
    /// The status document of a module.
    Status {
        /// The module.
        module: ModuleName,
        /// The document.
        status: Box<Status>,
        /// Whether its `Module` object is there.
        exists: bool,
    },
    /// The `Module` object of a module that is no more is to be removed.
    Remove(ModuleName),
    /// A Kubernetes event.
    Event(Event),
    /// Something that is counted.
    Count(Count),
    /// What a hook asks of its metrics.
    HookMetrics(Vec<Operation>),
}

impl House {
    /// A house without residents.
    ///
    /// *Errors*: none in practice, an empty store takes any schema; mistakes are handed on all the
    /// same.
    pub fn new(settings: Settings, born: Instant) -> Result<Self, Mistakes> {
        let guard = Guard::new(settings.purge_settle);
        let global = Store::new(
            ValuesKey::global(),
            Vec::new(),
            settings.global_schemas.clone(),
        )?;
        let snapshot = global.snapshot();
        let objects_known = settings.global_place == binding::Place::Standalone;
        Ok(Self {
            settings,
            residents: BTreeMap::new(),
            discovery: Arc::default(),
            global_tree: (snapshot.checksum, ValuesTree::new(&snapshot.values)),
            global,
            config: ConfigValues::default(),
            config_mistakes: None,
            config_known: false,
            untaken: None,
            objects_known,
            lines: Lines::default(),
            guard,
            held: None,
            purged: crate::module::Known::new(),
            ask_guard_at: None,
            converge: Converge::default(),
            order: Arc::default(),
            told_order: Arc::default(),
            hooks: HookSet::default(),
            hooks_folder: None,
            dynamic: BTreeMap::new(),
            hook_slots: BTreeSet::new(),
            calls: Calls::default(),
            next_monitor: 1,
            bindings_version: 0,
            notices: Vec::new(),
            global_mistakes: Mistakes::default(),
            born,
            following: None,
            warmth: BTreeMap::new(),
        })
    }

    /// What has to be told or written since the last time asked.
    pub fn take_notices(&mut self) -> Vec<Notice> {
        std::mem::take(&mut self.notices)
    }

    /// When to call [`tick`](Self::tick) although nothing happens.
    pub fn wake_at(&self) -> Option<Instant> {
        let contests = self
            .residents
            .values()
            .filter_map(|resident| resident.contest.next_end());
        contests
            .chain(self.swing_wakes())
            .chain(self.lines.wake_at())
            .chain(self.ask_guard_at)
            .chain(self.calls_wake_at())
            .min()
    }

    /// The API server is back: what failed is tried again now.
    pub fn hurry(&mut self) {
        self.lines.hurry(|_, _| true);
    }

    /// Time passed: back-offs, settle times and contests may be over.
    pub fn tick(&mut self, now: Instant, time: Timestamp) {
        if self.ask_guard_at.is_some_and(|time| time <= now) {
            self.weigh_vanished(now);
        }
        let over: Vec<ModuleName> = self
            .residents
            .iter_mut()
            .filter_map(|(name, resident)| resident.contest.end(now).then(|| name.clone()))
            .collect();
        for name in over {
            self.request_run(&name, "ContestOver");
        }
        self.go_on_after_swing((now, time));
        self.end_late_calls(now);
    }

    /// Whether every enabled module was attempted once.
    pub fn is_converged(&self) -> bool {
        self.converge.startup_done
    }

    fn push(&mut self, queue: QueueName, task: Task) {
        // The one that leads does it.
        if !self.follows() {
            self.lines.push(queue, task, Task::absorb);
        }
    }

    fn request_converge(&mut self, reason: &str) {
        self.push(
            QueueName::Main,
            Task::ConvergeModules {
                reason: reason.to_owned(),
            },
        );
    }

    fn request_run(&mut self, name: &ModuleName, reason: &str) {
        if self
            .residents
            .get(name)
            .is_some_and(|resident| resident.enabled && resident.module.is_some())
        {
            let task = Task::ModuleRun {
                module: name.clone(),
                reason: reason.to_owned(),
            };
            self.push(QueueName::Module(name.clone()), task);
        }
    }

    /// Runs a module whose values changed; its script, which is given them, is heard first.
    fn request_again(&mut self, name: &ModuleName, reason: &str) {
        let module = self
            .residents
            .get(name)
            .and_then(|resident| resident.module.as_ref());
        if module.is_some_and(|module| module.script.is_some()) {
            self.request_answer(name);
        } else {
            self.request_run(name, reason);
        }
    }

    /// Asks the script of a module. A run that waits would be one without its answer, and may wait for
    /// ever; one follows from it.
    fn request_answer(&mut self, name: &ModuleName) {
        self.lines.drop_waiting(
            |_, task| matches!(task, Task::ModuleRun { module, .. } if module == name),
        );
        let task = Task::AskScript {
            module: name.clone(),
        };
        self.push(QueueName::Module(name.clone()), task);
    }

    fn enabled(&self) -> BTreeSet<&ModuleName> {
        self.residents
            .iter()
            .filter(|(_, resident)| resident.enabled)
            .map(|(name, _)| name)
            .collect()
    }

    /// Sends an event; the one that leads tells what all see.
    fn tell(&mut self, event: Event) {
        if !self.follows() {
            self.notices.push(Notice::Event(event));
        }
    }

    fn count(&mut self, count: Count) {
        self.notices.push(Notice::Count(count));
    }
}

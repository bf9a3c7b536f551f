//! The bindings of one hook.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::jq::Filter;
use crate::report::Mistake;
use crate::schedule::Crontab;
use crate::watch::{Selection, WatchEvent};

use super::webhook::{AdmissionBinding, ConversionBinding};

/// The form of a configuration, and of the binding contexts that follow from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Version {
    /// Without `configVersion`.
    V0,
    /// `configVersion: v1`.
    V1,
}

/// A point in the life of the operator or of a module.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Lifecycle {
    /// The operator starts, or the module does.
    OnStartup,
    /// A converge begins.
    BeforeAll,
    /// A converge has ended.
    AfterAll,
    /// The module's chart is about to be rendered.
    BeforeHelm,
    /// The module's chart has been applied.
    AfterHelm,
    /// The module's objects are about to be removed.
    BeforeDeleteHelm,
    /// The module's objects have been removed.
    AfterDeleteHelm,
}

impl Lifecycle {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::OnStartup,
        Self::BeforeAll,
        Self::AfterAll,
        Self::BeforeHelm,
        Self::AfterHelm,
        Self::BeforeDeleteHelm,
        Self::AfterDeleteHelm,
    ];

    /// The key in a configuration, which is also the name of the binding.
    pub const fn name(self) -> &'static str {
        match self {
            Self::OnStartup => "onStartup",
            Self::BeforeAll => "beforeAll",
            Self::AfterAll => "afterAll",
            Self::BeforeHelm => "beforeHelm",
            Self::AfterHelm => "afterHelm",
            Self::BeforeDeleteHelm => "beforeDeleteHelm",
            Self::AfterDeleteHelm => "afterDeleteHelm",
        }
    }

    /// Where a hook may have this binding; `None` is everywhere.
    pub const fn place(self) -> Option<Place> {
        match self {
            Self::OnStartup => None,
            Self::BeforeAll | Self::AfterAll => Some(Place::Global),
            Self::BeforeHelm | Self::AfterHelm | Self::BeforeDeleteHelm | Self::AfterDeleteHelm => {
                Some(Place::Module)
            }
        }
    }
}

/// Whose hook it is, which decides the lifecycle bindings that it may have and what it is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Place {
    /// A global hook.
    Global,
    /// A hook of a module.
    Module,
    /// A hook of a shell-operator, which has no modules.
    Standalone,
}

/// What a hook listens to.
#[derive(Debug, Clone, PartialEq)]
pub struct HookConfig {
    /// The form it was written in.
    pub version: Version,
    /// How often the hook may run; `None` is without limit.
    pub rate: Option<Rate>,
    /// The lifecycle bindings, each with its order.
    pub lifecycle: BTreeMap<Lifecycle, f64>,
    /// The `schedule` bindings, in the order of the text.
    pub schedules: Vec<ScheduleBinding>,
    /// The `kubernetes` bindings, in the order of the text.
    pub kubernetes: Vec<KubernetesBinding>,
    /// The `kubernetesValidating` bindings, then the `kubernetesMutating` ones, in the order of the text.
    pub admissions: Vec<AdmissionBinding>,
    /// The `kubernetesCustomResourceConversion` bindings, in the order of the text.
    pub conversions: Vec<ConversionBinding>,
    /// What is understood but not done.
    pub warnings: Vec<Mistake>,
}

/// A bucket of tokens: each run takes one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// How long it takes until the next token is there.
    pub interval: Duration,
    /// How many tokens the bucket holds; at least 1.
    pub burst: u32,
}

/// What every binding of `schedule` and `kubernetes` may say.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Common {
    /// Whether a failed run is given up instead of repeated.
    pub allow_failure: bool,
    /// The named queue to run in; `None` is the main queue.
    pub queue: Option<String>,
    /// The group, never empty: adjacent contexts of one group become one.
    pub group: Option<String>,
    /// The `kubernetes` bindings whose snapshots are told with this one: its own and its group's.
    pub include_snapshots: Vec<String>,
}

/// A `schedule` binding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScheduleBinding {
    /// Its name, `schedule` when it has none of its own.
    pub name: String,
    /// When it fires.
    pub crontab: Crontab,
    /// What it has in common with others.
    pub common: Common,
}

/// A `kubernetes` binding, or one of `onKubernetesEvent` in the first version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KubernetesBinding {
    /// Its name, `kubernetes` or `onKubernetesEvent` when it has none of its own.
    pub name: String,
    /// Which objects it watches.
    pub selection: Selection,
    /// What is taken from each object.
    pub filter: Option<Filter>,
    /// Whether the objects themselves are told.
    pub keep_full: bool,
    /// Which events run the hook.
    pub events: BTreeSet<WatchEvent>,
    /// Whether the hook runs once with all objects that are there at first.
    pub on_synchronization: bool,
    /// Whether the module's start, or the first converge, waits for that run.
    pub wait_for_synchronization: bool,
    /// After which time all objects are listed anew, lest an event was missed; `None` for never.
    pub resynchronization: Option<Duration>,
    /// What it has in common with others.
    pub common: Common,
}

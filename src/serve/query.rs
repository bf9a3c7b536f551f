//! Questions for the operator, and the shape of its answers.

use std::time::Duration;

use tokio::sync::oneshot;

/// Something that is asked of the running operator through its debug socket.
///
/// The comment of each variant names the document that answers it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Query {
    /// The global hooks: [`GlobalHooks`](super::GlobalHooks).
    GlobalList,
    /// The global values as hooks and templates see them: a map.
    GlobalValues,
    /// The global values that people set in the `ConfigMap`: a map.
    GlobalConfig,
    /// The stored patches of the global values: a list of JSON patch operations.
    GlobalPatches,
    /// The snapshots of the global hooks: `{hook: {binding: {snapshot, operations}}}`.
    GlobalSnapshots,
    /// All hooks: [`HookList`](super::HookList). A shell-operator answers with their names alone, as the
    /// original does, unless more is wanted.
    HookList {
        /// Whether more is wanted.
        details: bool,
    },
    /// The snapshots of one hook: `{binding: {snapshot, operations}}`.
    HookSnapshots {
        /// Its name; of a module's hook the module's name before it, `web/hooks/x.sh`.
        hook: String,
    },
    /// All modules: [`ModuleList`](super::ModuleList).
    ModuleList,
    /// The values of a module: a map.
    ModuleValues {
        /// The module's name.
        module: String,
        /// Whether the global values are wanted beside them (`{global: …, <key>: …}`).
        with_global: bool,
    },
    /// The values of a module that people set in the `ConfigMap`: a map.
    ModuleConfig {
        /// The module's name.
        module: String,
        /// Whether the global ones are wanted beside them (`{global: …, <key>: …}`).
        with_global: bool,
    },
    /// The stored patches of a module's values: a list of JSON patch operations.
    ModulePatches {
        /// The module's name.
        module: String,
    },
    /// The snapshots of a module's hooks: `{hook: {binding: {snapshot, operations}}}`.
    ModuleSnapshots {
        /// The module's name.
        module: String,
    },
    /// What is watched for drift: [`ResourceMonitors`](super::ResourceMonitors).
    ModuleResourceMonitor {
        /// One module; none for all.
        module: Option<String>,
    },
    /// The manifests of a module with its values of now: one YAML stream as a JSON string.
    ModuleRender {
        /// The module's name.
        module: String,
    },
    /// Which layer set each leaf of a module's values: [`Explanation`](super::Explanation).
    ModuleExplain {
        /// The module's name, or `global`.
        module: String,
        /// A dotted path into the values; none for all of them.
        path: Option<String>,
    },
    /// What would change in the cluster now: a JSON string is shown as it is, anything else as YAML.
    ModuleDiff {
        /// One module; none for all that are enabled.
        module: Option<String>,
    },
    /// Go on with the removal of a module that is held back: a JSON string that says what was done.
    ModulePurge {
        /// The module's name.
        module: String,
    },
    /// Have a chart draw its passwords and keys anew: a JSON string that says what was done.
    ModuleRedraw {
        /// The module's name.
        module: String,
    },
    /// All queues: [`QueueDump`](super::QueueDump).
    QueueList {
        /// Whether empty queues are wanted too.
        show_empty: bool,
    },
    /// The main queue: [`QueueRow`](super::QueueRow).
    QueueMain,
    /// How far converge is: [`ConvergeStatus`](super::ConvergeStatus).
    ConvergeStatus,
    /// Which replica leads: [`Leadership`](super::Leadership).
    Leader,
    /// The parameters that can be changed while the operator runs:
    /// [`ParameterList`](super::ParameterList).
    ConfigList,
    /// Changes such a parameter: a JSON string that says what was done.
    ConfigSet {
        /// The parameter, such as `log.level`.
        name: String,
        /// Its new value.
        value: String,
        /// After which time the old value comes back; none when it stays.
        duration: Option<Duration>,
    },
}

/// Why a question has no answer. The text is told to the person as it is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// There is no such module, hook or page (HTTP 404).
    #[error("{0}")]
    NotFound(String),
    /// The question makes no sense (HTTP 400).
    #[error("{0}")]
    BadRequest(String),
    /// The question is fine and answering it failed (HTTP 500).
    #[error("{0}")]
    Failed(String),
}

/// What the operator says to a [`Query`].
pub type Answer = Result<serde_json::Value, Refusal>;

/// A question on its way to the operator, over a bounded channel.
///
/// An operator that drops it unanswered is seen as one that is shutting down.
#[derive(Debug)]
pub struct Asked {
    /// What is asked.
    pub query: Query,
    /// Where the answer goes. The asker may be gone, so a failed send means nothing.
    pub answer: oneshot::Sender<Answer>,
}

//! The documents that answer questions about modules and converge.
//!
//! The operator fills them, the debug socket writes them, the command line reads and prints them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Where a module stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ModuleState {
    /// Not enabled.
    Disabled,
    /// Enabled, not attempted since something changed.
    Waiting,
    /// Being attempted now.
    Running,
    /// The last attempt succeeded and nothing has changed since.
    Applied,
    /// The last attempt failed; it is repeated after a while.
    Failed,
    /// Its removal, or its new version, is held back until a person decides.
    Held,
    /// Paused by a person (`<key>Maintenance`).
    Maintenance,
    /// Being removed from the cluster.
    Deleting,
}

/// One module, as `module list` shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ModuleRow {
    /// The module's name, `cert-manager`.
    pub name: String,
    /// The number before its folder's name, or the one that modules without a number get.
    pub weight: u32,
    /// Where it stands.
    pub state: ModuleState,
    /// Whether it is enabled.
    pub enabled: bool,
    /// What had the last word about that: `Static`, `KubeConfig`, `ScriptEnabled`, …; empty if
    /// nothing was said.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub decided_by: String,
    /// How many objects it owns in the cluster.
    pub objects: usize,
    /// One word for machines: `ApplyFailed`, `EnabledScriptFailed`, …; empty if there is none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// One sentence for people; empty if there is nothing to add.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub message: String,
    /// Since when it is in this state, RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<String>,
    /// How long the last finished attempt took, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub took_ms: Option<u64>,
    /// Its folder.
    pub path: String,
}

/// What `module list` shows: the original's list of names, and a row for each module.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ModuleList {
    /// The names of the enabled modules, sorted.
    pub enabled_modules: Vec<String>,
    /// All modules in their order.
    #[serde(default)]
    pub modules: Vec<ModuleRow>,
    /// What concerns no single module: a held purge, a broken folder, an invalid `ConfigMap`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

impl ModuleList {
    /// The list of these modules; the enabled names follow from them.
    pub fn new(modules: Vec<ModuleRow>, notes: Vec<String>) -> Self {
        let mut enabled_modules: Vec<String> = modules
            .iter()
            .filter(|row| row.enabled)
            .map(|row| row.name.clone())
            .collect();
        enabled_modules.sort();
        Self {
            enabled_modules,
            modules,
            notes,
        }
    }
}

/// What `global list` shows.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GlobalHooks {
    /// The names of the global hooks, sorted.
    pub global_hooks: Vec<String>,
}

/// What `module resource-monitor` shows: module → what is watched of it.
pub type ResourceMonitors = BTreeMap<String, Monitor>;

/// What is watched of one module.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Monitor {
    /// `namespace/Kind/name` of each object, sorted.
    Objects(Vec<String>),
    /// Why nothing is watched; the original says `No monitor`.
    None(String),
}

/// Where the values of a module come from.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Explanation {
    /// The module's name, or `global`.
    pub module: String,
    /// Each leaf, sorted by path. A list is one leaf.
    pub leaves: Vec<LeafOrigin>,
}

/// Where one leaf of the values comes from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LeafOrigin {
    /// Its dotted path in the module's values; empty when the values are one leaf.
    pub path: String,
    /// Its value, masked when it is a secret.
    pub value: serde_json::Value,
    /// The layer that set it: `static values`, `schema default`, `ConfigMap`, `hook patch`.
    pub layer: String,
    /// The place in that layer: `modules/010-x/values.yaml:3:5`, a `ConfigMap` key, a hook's run.
    pub place: String,
}

/// How far the first converge is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ConvergePhase {
    /// The first converge has not begun.
    #[default]
    NotStarted,
    /// The first converge is at work.
    InProgress,
    /// Every module has been attempted once.
    Done,
}

/// How far converge is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ConvergeStatus {
    /// How far the first converge is.
    pub startup: ConvergePhase,
    /// How many converge tasks wait or run now.
    pub tasks: usize,
}

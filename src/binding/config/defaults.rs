//! Which defaults a configuration takes: what it leaves out, and what holds then.

use crate::binding::{HookConfig, Version};
use crate::yaml::{self, Data, Node, Profile};

/// Keys that are left out, each with what holds then: `("queue", "main")`.
pub type Defaults = Vec<(&'static str, &'static str)>;

const SCHEDULE: [(&str, &str); 3] = [
    ("name", "schedule"),
    ("queue", "main"),
    ("allowFailure", "false"),
];

const KUBERNETES: [(&str, &str); 9] = [
    ("name", "kubernetes"),
    ("apiVersion", "the cluster's preferred"),
    ("namespace", "all"),
    ("executeHookOnEvent", "Added, Modified, Deleted"),
    ("executeHookOnSynchronization", "true"),
    ("waitForSynchronization", "true"),
    ("keepFullObjectsInMemory", "true"),
    ("queue", "main"),
    ("allowFailure", "false"),
];

const FIRST_KUBERNETES: [(&str, &str); 3] = [
    ("name", "onKubernetesEvent"),
    ("namespaceSelector", "all"),
    ("allowFailure", "false"),
];

/// The defaults that each binding of a configuration takes, `schedule` and `kubernetes` in their
/// order. `text` is what the configuration was read from.
pub fn defaults_of(text: &str, config: &HookConfig) -> (Vec<Defaults>, Vec<Defaults>) {
    let Ok(node) = yaml::read(text, Profile::V3) else {
        return (Vec::new(), Vec::new());
    };
    let (key, table): (&str, &[_]) = match config.version {
        Version::V0 => ("onKubernetesEvent", &FIRST_KUBERNETES),
        Version::V1 => ("kubernetes", &KUBERNETES),
    };
    let schedule: &[_] = match config.version {
        Version::V0 => &[SCHEDULE[0], SCHEDULE[2]],
        Version::V1 => &SCHEDULE,
    };
    (taken(&node, "schedule", schedule), taken(&node, key, table))
}

fn taken(root: &Node, key: &str, table: &[(&'static str, &'static str)]) -> Vec<Defaults> {
    let Some(Data::Sequence(items)) = root.entry(key).map(|entry| &entry.node.data) else {
        return Vec::new();
    };
    let of_item = |item: &Node| {
        let is_written = |key: &str| match key {
            "executeHookOnEvent" => item.entry(key).is_some() || item.entry("watchEvent").is_some(),
            key => item.entry(key).is_some(),
        };
        let absent = table.iter().filter(|(key, _)| !is_written(key));
        absent.copied().collect()
    };
    items.iter().map(of_item).collect()
}

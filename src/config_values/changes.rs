//! What differs between two states of the `ConfigMap`.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::read::{ConfigValues, Section};
use crate::name::ValuesKey;
use crate::values::Layer;

/// What differs between two states of the `ConfigMap`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Changes {
    /// The global values differ.
    pub global: bool,
    /// Modules whose values differ.
    pub modules: BTreeSet<ValuesKey>,
    /// Modules whose flag differs, with the new one.
    pub enabled: BTreeMap<ValuesKey, Option<bool>>,
    /// Modules whose maintenance differs, with the new state.
    pub maintenance: BTreeMap<ValuesKey, bool>,
}

impl Changes {
    /// Whether nothing differs.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// What differs, by value: comments, order and layout of the text do not count, and an empty
/// section is the same as none.
pub fn changes(old: &ConfigValues, new: &ConfigValues) -> Changes {
    let mut changes = Changes {
        global: differ(old.global.as_ref(), new.global.as_ref()),
        ..Changes::default()
    };
    let none = Section::default();
    let keys: BTreeSet<&ValuesKey> = old.modules.keys().chain(new.modules.keys()).collect();
    for key in keys {
        let before = old.modules.get(key).unwrap_or(&none);
        let after = new.modules.get(key).unwrap_or(&none);
        if differ(before.values.as_ref(), after.values.as_ref()) {
            changes.modules.insert(key.clone());
        }
        if before.enabled != after.enabled {
            changes.enabled.insert(key.clone(), after.enabled);
        }
        if before.maintenance != after.maintenance {
            changes.maintenance.insert(key.clone(), after.maintenance);
        }
    }
    changes
}

fn differ(old: Option<&Layer>, new: Option<&Layer>) -> bool {
    let value = |layer: Option<&Layer>| match layer.map(Layer::to_value) {
        Some(Value::Object(map)) if map.is_empty() => None,
        other => other,
    };
    value(old) != value(new)
}

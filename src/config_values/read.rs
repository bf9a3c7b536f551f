//! A `ConfigMap`'s data → sections, flags and maintenance; every mistake at once.

use std::collections::{BTreeMap, BTreeSet};

use crate::name::ValuesKey;
use crate::report::{Mistake, Mistakes};
use crate::values::Layer;

/// What the `ConfigMap` says about one module.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Section {
    /// The values; `None` when only flags are set.
    pub values: Option<Layer>,
    /// `<key>Enabled`; `None` when it is not set.
    pub enabled: Option<bool>,
    /// `<key>Maintenance` is set: nothing of this module is reconciled.
    pub maintenance: bool,
}

/// Everything that the `ConfigMap` says. The default is an absent `ConfigMap`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ConfigValues {
    /// The global section.
    pub global: Option<Layer>,
    /// By key of the module, known or not.
    pub modules: BTreeMap<ValuesKey, Section>,
}

/// Reads the data of the `ConfigMap` `name` (`namespace/name`).
pub fn read(name: &str, data: &BTreeMap<String, String>) -> Result<ConfigValues, Mistakes> {
    let _ = (name, data);
    todo!()
}

impl ConfigValues {
    /// A warning for each module that does not exist, with the nearest one that does.
    pub fn unknown_modules(&self, name: &str, known: &BTreeSet<ValuesKey>) -> Vec<Mistake> {
        let _ = (name, known);
        todo!()
    }

    /// Sets the section of `key`, as after a write of our own, so that reading it back is no change.
    pub fn set_section(&mut self, key: &ValuesKey, values: Option<Layer>) {
        let _ = (key, values);
        todo!()
    }
}

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

/// What differs, by value: comments, order and layout of the text do not count.
pub fn changes(old: &ConfigValues, new: &ConfigValues) -> Changes {
    let _ = (old, new);
    todo!()
}

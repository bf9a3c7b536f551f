//! The values of one scope.

use std::sync::Arc;

use serde_json::Value;

use super::{Checksum, Error, Layer, Origin};
use crate::name::ValuesKey;
use crate::patch::{StoredPatches, ValuesPatch};
use crate::report::Mistakes;
use crate::schema::Schemas;

/// Values that do not change any more. Cloning it is cheap.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// The values of the scope, without its key.
    pub values: Arc<Value>,
    /// Equal if and only if the values are equal.
    pub checksum: Checksum,
}

/// One leaf of the values and where it came from.
#[derive(Debug, Clone, PartialEq)]
pub struct Explained {
    /// The path, beginning with the scope's key: `certManager.ingress.hosts`.
    pub path: String,
    /// The value: a scalar, a whole list, or an empty map; a secret is masked.
    pub value: Value,
    /// Who set it.
    pub origin: Origin,
    /// The line in the file or in the `ConfigMap` key, from 1; 0 when it is not known.
    pub line: u32,
}

/// The values of one scope: all layers, and what they come to.
#[derive(Debug, Clone)]
pub struct Store {
    scope: ValuesKey,
    statics: Vec<Layer>,
    schemas: Schemas,
    config: Option<Layer>,
    config_value: Value,
    injected: Value,
    patches: StoredPatches,
    snapshot: Snapshot,
}

impl Store {
    /// A store with static values only. Fails when they are nested too deep.
    pub fn new(scope: ValuesKey, statics: Vec<Layer>, schemas: Schemas) -> Result<Self, Mistakes> {
        let _ = (scope, statics, schemas);
        todo!()
    }

    /// The key of these values.
    pub fn scope(&self) -> &ValuesKey {
        &self.scope
    }

    /// The values as they are now.
    pub fn snapshot(&self) -> Snapshot {
        self.snapshot.clone()
    }

    /// The `ConfigMap` section; an empty map when there is none.
    pub fn config(&self) -> &Value {
        &self.config_value
    }

    /// The stored operations of hooks, as one patch.
    pub fn patches(&self) -> Value {
        self.patches.to_value()
    }

    /// All mistakes that a `ConfigMap` section would be refused for; nothing changes. As in the
    /// original it is the section with the config schema's defaults that is checked, without
    /// static values.
    pub fn check_config(&self, section: &Layer) -> Mistakes {
        let _ = section;
        todo!()
    }

    /// Takes a `ConfigMap` section after checking it; `None` resets to no section. An empty
    /// section is not checked. Tells whether the values changed.
    ///
    /// Also refused, with nothing changed, when an operation that a hook stored no longer fits.
    pub fn set_config(&mut self, section: Option<Layer>) -> Result<bool, Mistakes> {
        let _ = section;
        todo!()
    }

    /// Takes a `ConfigMap` section of a module that is off, without checking it against the schema.
    pub fn keep_config(&mut self, section: Option<Layer>) -> Result<bool, Mistakes> {
        let _ = section;
        todo!()
    }

    /// Sets what the operator itself adds to the values (`enabledModules`, `discovery`): a map, laid
    /// over the layers below the patches of hooks. Its keys need not be known to the schema. Tells
    /// whether the values changed.
    pub fn set_injected(&mut self, values: Value) -> Result<bool, Mistakes> {
        let _ = values;
        todo!()
    }

    /// Applies a hook's patch of values, checks the result against the values schema and stores the
    /// operations. Tells whether the values changed.
    pub fn apply_values_patch(&mut self, patch: &ValuesPatch, by: &Origin) -> Result<bool, Error> {
        let _ = (patch, by);
        todo!()
    }

    /// What the `ConfigMap` section would be after a hook's patch of config values, checked against
    /// the config schema; `None` when it would not change. Nothing is stored: give the section to
    /// [`set_config`](Self::set_config) once it is written.
    pub fn plan_config_patch(
        &self,
        patch: &ValuesPatch,
        by: &Origin,
    ) -> Result<Option<Value>, Error> {
        let _ = (patch, by);
        todo!()
    }

    /// Forgets all operations that hooks stored, as when a module is switched off. Tells whether the
    /// values changed.
    pub fn forget_patches(&mut self) -> bool {
        todo!()
    }

    /// Takes new static values and schemas, as when a module's folder changed; the section and the
    /// stored operations stay. Tells whether the values changed.
    pub fn reload(&mut self, statics: Vec<Layer>, schemas: Schemas) -> Result<bool, Mistakes> {
        let _ = (statics, schemas);
        todo!()
    }

    /// Mistakes of the static values that can be told before any hook ran: unknown keys and wrong
    /// values, not keys that are missing.
    pub fn check_static(&self) -> Mistakes {
        todo!()
    }

    /// All mistakes of the present values, `x-required-for-helm` included.
    pub fn check_for_helm(&self) -> Mistakes {
        todo!()
    }

    /// Where each leaf came from, in the order of paths; with a path, only what is at or below it.
    /// The path may be given with or without the scope's key. Computed when asked.
    pub fn explain(&self, path: Option<&str>) -> Vec<Explained> {
        let _ = path;
        todo!()
    }

    /// The same value with `"[secret]"` in place of what a schema marks as `x-secret`. The value has
    /// the shape of this scope's values or config values, without the key.
    pub fn mask(&self, value: &Value) -> Value {
        let _ = value;
        todo!()
    }

    /// The present values, masked.
    pub fn masked(&self) -> Value {
        self.mask(&self.snapshot.values)
    }
}

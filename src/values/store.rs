//! The values of one scope.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::explain::{self, Explained};
use super::layer::{Layer, Origin, is_deeper, too_deep};
use super::trace::{Inputs, below, unwrap, wrap};
use super::{Checksum, Error, number};
use crate::name::ValuesKey;
use crate::patch::{self, StoredPatches, ValuesPatch};
use crate::report::{Mistake, Mistakes, chain};
use crate::schema::{Finding, Purpose, Schemas};

/// Values that do not change any more. Cloning it is cheap.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// The values of the scope, without its key.
    pub values: Arc<Value>,
    /// Equal if and only if the values are equal.
    pub checksum: Checksum,
}

impl Snapshot {
    fn new(values: Value) -> Self {
        Self {
            checksum: Checksum::of(&values),
            values: Arc::new(values),
        }
    }
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
        let mut store = Self {
            scope,
            statics: Vec::new(),
            schemas: Schemas::default(),
            config: None,
            config_value: empty(),
            injected: empty(),
            patches: StoredPatches::default(),
            snapshot: Snapshot::new(empty()),
        };
        store.reload(statics, schemas)?;
        Ok(store)
    }

    /// The key of these values.
    pub fn scope(&self) -> &ValuesKey {
        &self.scope
    }

    /// The schemas of these values.
    pub fn schemas(&self) -> &Schemas {
        &self.schemas
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
    /// static values. An empty section has no mistakes.
    pub fn check_config(&self, section: &Layer) -> Mistakes {
        if let Some(mistake) = section.too_deep(self.scope.as_str()) {
            return mistake.into();
        }
        let findings = self.schemas.check_config(&section.to_value());
        let mistake = |finding: Finding| {
            let place = section.place(&finding.path, finding.spot);
            let path = below(&self.scope, &finding.path).to_string();
            let mistake = section.mistake(place, path, finding.message);
            mistake.hint(finding.hint)
        };
        Mistakes(findings.into_iter().map(mistake).collect())
    }

    /// Takes a `ConfigMap` section after checking it; `None` resets to no section. Tells whether the
    /// values changed.
    ///
    /// Also refused, with nothing changed, when an operation that a hook stored no longer fits.
    pub fn set_config(&mut self, section: Option<Layer>) -> Result<bool, Mistakes> {
        if let Some(section) = &section {
            self.check_config(section).into_result()?;
        }
        self.take_config(section)
    }

    /// Takes a `ConfigMap` section of a module that is off, without checking it against the schema. A
    /// section that is no map counts as none.
    pub fn keep_config(&mut self, section: Option<Layer>) -> Result<bool, Mistakes> {
        let deep = section.as_ref();
        if let Some(mistake) = deep.and_then(|section| section.too_deep(self.scope.as_str())) {
            return Err(mistake.into());
        }
        let is_map = |section: &Layer| section.to_value().is_object();
        self.take_config(section.filter(is_map))
    }

    fn take_config(&mut self, section: Option<Layer>) -> Result<bool, Mistakes> {
        let inputs = Inputs {
            config: section.as_ref(),
            ..self.inputs()
        };
        let values = inputs.values().map_err(|error| {
            let refused = self.refused(&error);
            match &section {
                Some(section) => section.mistake(section.node.place, refused.path, refused.message),
                None => refused,
            }
        })?;
        self.config_value = section.as_ref().map_or_else(empty, Layer::to_value);
        self.config = section;
        Ok(self.show(values))
    }

    /// Sets what the operator itself adds to the values (`enabledModules`, `discovery`): a map, laid
    /// over the layers below the patches of hooks. Its keys need not be known to the schema. Tells
    /// whether the values changed.
    pub fn set_injected(&mut self, mut values: Value) -> Result<bool, Mistakes> {
        number::settle(&mut values);
        let inputs = Inputs {
            injected: &values,
            ..self.inputs()
        };
        let computed = inputs.values().map_err(|error| self.refused(&error))?;
        self.injected = values;
        Ok(self.show(computed))
    }

    /// Applies a hook's patch of values, checks the result against the values schema and stores the
    /// operations. Tells whether the values changed: operations that change nothing are not stored,
    /// and an append that compaction folds into an earlier one is no change.
    pub fn apply_values_patch(&mut self, patch: &ValuesPatch, by: &Origin) -> Result<bool, Error> {
        let refused = |source| Error::ApplyPatch {
            by: by.to_string(),
            source,
        };
        let current = Value::clone(&self.snapshot.values);
        let wanted = self.patched(current, patch, by)?;
        if wanted == *self.snapshot.values {
            return Ok(false);
        }
        let hook = match by {
            Origin::HookPatch { hook } => hook.clone(),
            other => other.to_string(),
        };
        let patches = self.patches.with(patch, &hook);
        let inputs = Inputs {
            patches: &patches,
            ..self.inputs()
        };
        let trace = inputs.trace().map_err(refused)?;
        let findings = self.schemas.check_values(&wanted, Purpose::Values);
        let mistakes = Mistakes(trace.mistakes(&findings));
        self.sound(mistakes, by)?;
        let values = trace.values;
        self.patches = patches;
        Ok(self.show(values))
    }

    /// What the `ConfigMap` section would be after a hook's patch of config values, checked against
    /// the config schema; `None` when it would not change. Nothing is stored: give the section to
    /// [`set_config`](Self::set_config) once it is written.
    pub fn plan_config_patch(
        &self,
        patch: &ValuesPatch,
        by: &Origin,
    ) -> Result<Option<Value>, Error> {
        let wanted = self.patched(self.config_value.clone(), patch, by)?;
        if wanted == self.config_value {
            return Ok(None);
        }
        let section = Layer::from_value(by.clone(), &wanted);
        self.sound(self.check_config(&section), by)?;
        Ok(Some(wanted))
    }

    /// Forgets all operations that hooks stored, as when a module is switched off. Tells whether the
    /// values changed.
    pub fn forget_patches(&mut self) -> bool {
        let patches = StoredPatches::default();
        let inputs = Inputs {
            patches: &patches,
            ..self.inputs()
        };
        // Without operations there is nothing that could be refused.
        let values = inputs.values().unwrap_or_else(|_| empty());
        self.patches = patches;
        self.show(values)
    }

    /// Takes new static values and schemas, as when a module's folder changed; the section and the
    /// stored operations stay. Tells whether the values changed.
    pub fn reload(&mut self, statics: Vec<Layer>, schemas: Schemas) -> Result<bool, Mistakes> {
        let deep = statics
            .iter()
            .filter_map(|layer| layer.too_deep(self.scope.as_str()));
        Mistakes(deep.collect()).into_result()?;
        let inputs = Inputs {
            statics: &statics,
            schemas: &schemas,
            ..self.inputs()
        };
        let values = inputs.values().map_err(|error| self.refused(&error))?;
        self.statics = statics;
        self.schemas = schemas;
        Ok(self.show(values))
    }

    /// Mistakes of the static values that can be told before any hook ran: unknown keys and wrong
    /// values, not what is missing.
    pub fn check_static(&self) -> Mistakes {
        let inputs = Inputs {
            config: None,
            injected: &Value::Null,
            patches: &StoredPatches::default(),
            ..self.inputs()
        };
        check(&inputs, Purpose::Static)
    }

    /// All mistakes of the present values, `x-required-for-helm` included.
    pub fn check_for_helm(&self) -> Mistakes {
        check(&self.inputs(), Purpose::Helm)
    }

    /// Where each leaf came from, in the order of paths; with a path, only what is at or below it.
    /// The path may be given with or without the scope's key. Computed when asked.
    pub fn explain(&self, path: Option<&str>) -> Vec<Explained> {
        let Ok(trace) = self.inputs().trace() else {
            return Vec::new();
        };
        explain::explain(&trace, &self.scope, &self.masked(), path)
    }

    /// The same value with [`SECRET`](crate::schema::SECRET) in place of what a schema marks as
    /// secret. The value has the shape of this scope's values or config values, without the key.
    pub fn mask(&self, value: &Value) -> Value {
        self.schemas.mask(value)
    }

    /// The present values, masked.
    pub fn masked(&self) -> Value {
        self.mask(&self.snapshot.values)
    }

    fn inputs(&self) -> Inputs<'_> {
        Inputs {
            scope: &self.scope,
            statics: &self.statics,
            schemas: &self.schemas,
            config: self.config.as_ref(),
            injected: &self.injected,
            patches: &self.patches,
        }
    }

    /// Makes these values the present ones; equal ones leave the snapshot as it is.
    fn show(&mut self, values: Value) -> bool {
        if values == *self.snapshot.values {
            return false;
        }
        self.snapshot = Snapshot::new(values);
        true
    }

    /// Values after a patch that is applied strictly.
    fn patched(&self, values: Value, patch: &ValuesPatch, by: &Origin) -> Result<Value, Error> {
        let document = wrap(&self.scope, values);
        let document = patch.apply(&document).map_err(|source| Error::ApplyPatch {
            by: by.to_string(),
            source,
        })?;
        let mut values = unwrap(&self.scope, document);
        if is_deeper(&values) {
            let mistake = Mistake::new(by.to_string(), too_deep()).path(self.scope.as_str());
            self.sound(mistake.into(), by)?;
        }
        number::settle(&mut values);
        Ok(values)
    }

    fn sound(&self, mistakes: Mistakes, by: &Origin) -> Result<(), Error> {
        mistakes
            .into_result()
            .map_err(|mistakes| Error::CheckValues {
                scope: self.scope.to_string(),
                by: by.to_string(),
                mistakes,
            })
    }

    /// A stored operation that no longer fits, as a mistake of what is below it.
    fn refused(&self, error: &patch::Error) -> Mistake {
        let message = format!("a change that a hook made no longer fits: {}", chain(error));
        Mistake::new(format!("values of {}", self.scope), message).path(self.scope.as_str())
    }
}

fn check(inputs: &Inputs<'_>, purpose: Purpose) -> Mistakes {
    match inputs.trace() {
        Ok(trace) => {
            let findings = inputs.schemas.check_values(&trace.values, purpose);
            Mistakes(trace.mistakes(&findings))
        }
        Err(error) => Mistake::new(format!("values of {}", inputs.scope), chain(&error)).into(),
    }
}

fn empty() -> Value {
    Value::Object(Map::new())
}

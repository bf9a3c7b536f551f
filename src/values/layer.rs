//! Layers of values and where they come from.

use std::fmt;

use serde_json::Value;

use crate::name::ValuesKey;
use crate::report::{Mistake, Mistakes};
use crate::yaml::Node;

/// Where values come from. Its `Display` is what a person is told.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    /// A `values.yaml` of a module or of a modules directory.
    StaticFile {
        /// The file as the person knows it.
        file: String,
    },
    /// A section of the `ConfigMap`.
    ConfigMap {
        /// Namespace and name of the `ConfigMap`: `ns/name`.
        name: String,
        /// The key in its data.
        key: String,
    },
    /// A `default` in a schema.
    SchemaDefault {
        /// The schema's file as the person knows it.
        file: String,
    },
    /// A patch of a hook.
    HookPatch {
        /// The hook and the binding it ran for.
        hook: String,
    },
    /// The operator itself: `global.enabledModules` and the like.
    Operator,
}

impl fmt::Display for Origin {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::StaticFile { file } => out.write_str(file),
            Self::ConfigMap { name, .. } => write!(out, "ConfigMap {name}"),
            Self::SchemaDefault { file } => write!(out, "default in {file}"),
            Self::HookPatch { hook } => write!(out, "hook {hook}"),
            Self::Operator => out.write_str("addon-operator"),
        }
    }
}

/// Values with their places, and where they come from.
#[derive(Debug, Clone, PartialEq)]
pub struct Layer {
    /// Where it comes from.
    pub origin: Origin,
    /// The values: a section without its key, or a whole file before [`static_layers`] cuts it.
    pub node: Node,
}

impl Layer {
    /// Reads a values file or the text of a `ConfigMap` section.
    pub fn read(origin: Origin, text: &str) -> Result<Self, Mistake> {
        let _ = (origin, text);
        todo!()
    }

    /// A layer from values that were never written as text; it knows no lines.
    pub fn from_value(origin: Origin, value: &Value) -> Self {
        let _ = (origin, value);
        todo!()
    }

    /// The values without their places.
    pub fn to_value(&self) -> Value {
        todo!()
    }
}

/// The static values of one scope.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct StaticLayers {
    /// From lowest to highest.
    pub layers: Vec<Layer>,
    /// Keys that look like the scope's key and are not: they have no effect.
    pub warnings: Vec<Mistake>,
}

/// Cuts the section of `key` out of values files, which are given whole.
///
/// `common` are the files of the modules directories that concern the scope: for a module the one
/// of its own directory, for `global` all of them in order. `own` is the file in the module's folder.
/// Each section must be a map; one that a later file replaces may also be null.
pub fn static_layers(
    key: &ValuesKey,
    common: &[&Layer],
    own: Option<&Layer>,
) -> Result<StaticLayers, Mistakes> {
    let _ = (key, common, own);
    todo!()
}

/// Reads a flag (`fooEnabled`) at the top of a values file: true or false, as boolean or as text.
pub fn flag(file: &Layer, name: &str) -> Result<Option<bool>, Mistake> {
    let _ = (file, name);
    todo!()
}

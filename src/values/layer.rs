//! Layers of values and where they come from.

use std::fmt;

use serde_json::Value;

use super::{DEEPEST, number};
use crate::report::{Mistake, Path, Step};
use crate::schema::Spot;
use crate::yaml::{self, Data, Entry, Node, Place, Profile};

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

/// Values with their places, and where they come from. Its `Debug` leaves out the values, which may
/// hold secrets.
#[derive(Clone, PartialEq)]
pub struct Layer {
    /// Where it comes from.
    pub origin: Origin,
    /// The values: a section without its key, or a whole file before
    /// [`static_layers`](super::static_layers) cuts it.
    pub node: Node,
}

impl fmt::Debug for Layer {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Layer({})", self.origin)
    }
}

impl Layer {
    /// Reads a values file or the text of a `ConfigMap` section.
    pub fn read(origin: Origin, text: &str) -> Result<Self, Mistake> {
        match yaml::read(text, Profile::V3) {
            Ok(node) => Ok(Self { origin, node }),
            Err(error) => {
                let mut mistake = error.to_mistake(&origin.to_string());
                if let Origin::ConfigMap { key, .. } = origin {
                    mistake.path = key;
                }
                Err(mistake)
            }
        }
    }

    /// A layer from values that were never written as text; it knows no lines.
    pub fn from_value(origin: Origin, value: &Value) -> Self {
        Self {
            origin,
            node: node(value),
        }
    }

    /// The values without their places; whole floats are integers.
    pub fn to_value(&self) -> Value {
        let mut value = self.node.to_value();
        number::settle(&mut value);
        value
    }

    /// A mistake at a place of this layer.
    pub(super) fn mistake(
        &self,
        place: Place,
        path: impl Into<String>,
        message: impl Into<String>,
    ) -> Mistake {
        Mistake::new(self.origin.to_string(), message)
            .at(place.line, place.column)
            .path(path)
    }

    /// A mistake when the values are nested deeper than a store takes.
    pub(super) fn too_deep(&self, scope: &str) -> Option<Mistake> {
        let place = deepest(&self.node, DEEPEST)?;
        Some(self.mistake(place, scope, too_deep()))
    }

    /// Whether something, null included, is set at these keys.
    pub(super) fn has(&self, keys: &[&str]) -> bool {
        self.node.place_of(keys).is_some()
    }

    /// The place that a finding is about, as near as this layer knows it.
    pub(super) fn place(&self, path: &Path, spot: Spot) -> Place {
        let texts: Vec<String> = path.0.iter().map(text).collect();
        let pointer: Vec<&str> = texts.iter().map(String::as_str).collect();
        let key = match (spot, pointer.split_last()) {
            (Spot::Key, Some((key, parent))) => {
                descend(&self.node, parent).and_then(|parent| parent.entry(key))
            }
            _ => None,
        };
        match key {
            Some(Entry { place, .. }) => *place,
            None => self.node.nearest_place(&pointer),
        }
    }
}

/// What is said of values that are nested too deep.
pub(super) fn too_deep() -> String {
    format!("values may be nested {DEEPEST} levels deep")
}

fn text(step: &Step) -> String {
    match step {
        Step::Key(key) => key.clone(),
        Step::Index(index) => index.to_string(),
    }
}

fn descend<'n>(node: &'n Node, pointer: &[&str]) -> Option<&'n Node> {
    pointer
        .iter()
        .try_fold(node, |node, step| match &node.data {
            Data::Mapping(_) => node.entry(step).map(|entry| &entry.node),
            Data::Sequence(items) => items.get(step.parse::<usize>().ok()?),
            Data::Scalar(_) => None,
        })
}

/// Whether values are nested deeper than a store takes.
pub(super) fn is_deeper(value: &Value) -> bool {
    fn beyond(value: &Value, limit: usize) -> bool {
        match value {
            _ if limit == 0 => true,
            Value::Array(items) => items.iter().any(|item| beyond(item, limit - 1)),
            Value::Object(map) => map.values().any(|value| beyond(value, limit - 1)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
        }
    }
    beyond(value, DEEPEST)
}

/// The place of the first node that is deeper than the limit.
fn deepest(node: &Node, limit: usize) -> Option<Place> {
    if limit == 0 {
        return Some(node.place);
    }
    match &node.data {
        Data::Scalar(_) => None,
        Data::Sequence(items) => items.iter().find_map(|item| deepest(item, limit - 1)),
        Data::Mapping(entries) => {
            let mut nodes = entries.iter().map(|entry| &entry.node);
            nodes.find_map(|node| deepest(node, limit - 1))
        }
    }
}

fn node(value: &Value) -> Node {
    let data = match value {
        Value::Array(items) => Data::Sequence(items.iter().map(node).collect()),
        Value::Object(map) => {
            let entry = |(key, value): (&String, &Value)| Entry {
                key: key.clone(),
                place: Place::default(),
                node: node(value),
            };
            Data::Mapping(map.iter().map(entry).collect())
        }
        scalar => Data::Scalar(scalar.clone()),
    };
    let place = Place::default();
    Node { place, data }
}

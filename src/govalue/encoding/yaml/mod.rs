//! Values ⇄ YAML, as Helm has them: through JSON, so that every number is a `float64`.

mod detour;
mod pretty;
mod write;

pub use pretty::to_yaml_pretty;
pub use write::to_yaml;

use crate::govalue::{Map, Text, Value};
use crate::yaml::{self, Data, Node, Profile};

/// Reads the first document of a text by the rules of manifests and charts.
///
/// # Errors
///
/// As [`yaml::read`].
pub fn from_yaml(text: &str) -> Result<Value, yaml::Error> {
    yaml::read(text, Profile::V2).map(Value::from)
}

impl From<Node> for Value {
    fn from(node: Node) -> Self {
        match node.data {
            Data::Scalar(serde_json::Value::String(text)) => Self::Text(text.into()),
            Data::Scalar(scalar) => Self::from(&scalar),
            Data::Sequence(items) => items.into_iter().map(Self::from).collect::<Vec<_>>().into(),
            Data::Mapping(entries) => Self::Map(
                entries
                    .into_iter()
                    .map(|entry| (Text::from(entry.key), Self::from(entry.node)))
                    .collect::<Map>(),
            ),
        }
    }
}

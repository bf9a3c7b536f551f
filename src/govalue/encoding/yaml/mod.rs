//! Values ⇄ YAML, as Helm has them: through JSON, so that every number is a `float64`.

mod detour;
mod page;
mod pretty;
mod write;

pub use pretty::to_yaml_pretty;
pub use write::to_yaml;

use std::borrow::Cow;

use crate::govalue::{Map, Text, Value};
use crate::yaml::{self, Build, Data, Node, Profile};

/// Reads the first document of a text by the rules of manifests and charts.
///
/// # Errors
///
/// As [`yaml::read`].
pub fn from_yaml(text: &str) -> Result<Value, yaml::Error> {
    match yaml::read_simple(text, &mut Values) {
        Some(value) => Ok(value),
        None => yaml::read(text, Profile::V2).map(Value::from),
    }
}

/// Makes values of simple texts, without a tree in between.
struct Values;

impl Build for Values {
    type Value = Value;
    type Key = Text;
    type Place = ();

    fn place(&mut self, _: usize) {}

    fn null(&mut self, (): ()) -> Value {
        Value::Nil
    }

    fn boolean(&mut self, (): (), truth: bool) -> Value {
        Value::Bool(truth)
    }

    #[expect(clippy::cast_precision_loss, reason = "numbers pass through JSON")]
    fn integer(&mut self, (): (), integer: i64) -> Value {
        Value::Float(integer as f64)
    }

    fn float(&mut self, (): (), float: f64) -> Value {
        Value::Float(float)
    }

    fn text(&mut self, (): (), text: Cow<'_, str>) -> Value {
        Value::Text((*text).into())
    }

    fn list(&mut self, (): (), items: Vec<Value>) -> Value {
        items.into()
    }

    fn key(&mut self, (): (), key: Cow<'_, str>) -> Text {
        (*key).into()
    }

    fn map(&mut self, (): (), entries: Vec<(Text, Value)>) -> Value {
        Value::Map(entries.into_iter().collect())
    }
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

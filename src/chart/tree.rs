//! Values as a chart's file has them: never changed, shared by all renders of the chart.

use std::sync::Arc;

use serde_json::Value as Json;

use crate::govalue::{List, Map, MapKind, Text, Value};
use crate::yaml::{Data, Node};

/// A value of a chart. Clones share what they hold.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Tree {
    /// `null`
    #[default]
    Null,
    /// `true`
    Bool(bool),
    /// A number: all numbers of YAML and JSON are floats in templates.
    Float(f64),
    /// A whole number that a command line set.
    Int64(i64),
    /// A string.
    Text(Arc<str>),
    /// A list.
    List(Arc<[Self]>),
    /// A map.
    Map(Branch),
}

/// A map of a chart: keys in the order of their bytes.
#[derive(Clone, Debug, PartialEq)]
pub struct Branch(Arc<[(Box<str>, Tree)]>);

impl Branch {
    /// The value of a key.
    pub fn get(&self, key: &str) -> Option<&Tree> {
        let found = self.0.binary_search_by(|(name, _)| (**name).cmp(key));
        found.ok().and_then(|at| Some(&self.0.get(at)?.1))
    }

    /// Its entries, in the order of their keys.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Tree)> {
        self.0.iter().map(|(key, value)| (&**key, value))
    }

    /// The same as a map of templates, all maps in it made anew.
    pub fn to_map(&self) -> Map {
        let entries = self.iter();
        let entries = entries.map(|(key, value)| (Text::from(key), value.to_value()));
        Map::new(MapKind::Any, entries.collect())
    }

    /// Freezes a map as it is now. What is no value of YAML becomes `null`.
    pub fn of_map(map: &Map) -> Self {
        let entries = map.entries();
        let entries = entries.iter().map(|(key, value)| {
            let key = key.as_str().into_owned().into_boxed_str();
            (key, Tree::of_value(value))
        });
        Self::sorted(entries.collect())
    }

    fn sorted(mut entries: Vec<(Box<str>, Tree)>) -> Self {
        entries.sort_by(|(one, _), (other, _)| one.cmp(other));
        Self(entries.into())
    }
}

impl Default for Branch {
    fn default() -> Self {
        Self(Arc::new([]))
    }
}

impl Tree {
    /// The value as templates hold it, all maps in it made anew.
    pub fn to_value(&self) -> Value {
        match self {
            Self::Null => Value::Nil,
            Self::Bool(truth) => Value::Bool(*truth),
            Self::Float(number) => Value::Float(*number),
            Self::Int64(number) => Value::Int64(*number),
            Self::Text(text) => Value::Text(Text::from(&**text)),
            Self::List(items) => Value::from(items.iter().map(Self::to_value).collect::<Vec<_>>()),
            Self::Map(branch) => Value::Map(branch.to_map()),
        }
    }

    fn of_value(value: &Value) -> Self {
        match value {
            Value::Bool(truth) => Self::Bool(*truth),
            Value::Float(number) => Self::Float(*number),
            Value::Int(number) | Value::Int64(number) => Self::Int64(*number),
            Value::Text(text) => Self::Text((*text.as_str()).into()),
            Value::List(items) => Self::of_list(items),
            Value::Map(map) => Self::Map(Branch::of_map(map)),
            _ => Self::Null,
        }
    }

    fn of_list(items: &List) -> Self {
        Self::List(items.iter().map(Self::of_value).collect())
    }
}

impl From<Node> for Tree {
    /// Numbers become floats, as they do in Helm, and a zero keeps its sign.
    fn from(node: Node) -> Self {
        match node.data {
            Data::Scalar(scalar) => Self::from(scalar),
            Data::Sequence(items) => Self::List(items.into_iter().map(Self::from).collect()),
            Data::Mapping(entries) => {
                let entries = entries.into_iter();
                let entries = entries.map(|entry| (entry.key.into_boxed_str(), entry.node.into()));
                Self::Map(Branch::sorted(entries.collect()))
            }
        }
    }
}

impl From<Json> for Tree {
    /// Numbers become floats, as they do in Helm.
    fn from(json: Json) -> Self {
        match json {
            Json::Null => Self::Null,
            Json::Bool(truth) => Self::Bool(truth),
            Json::Number(number) => Self::Float(number.as_f64().unwrap_or_default()),
            Json::String(text) => Self::Text(text.into()),
            Json::Array(items) => Self::List(items.into_iter().map(Self::from).collect()),
            Json::Object(entries) => {
                let entries = entries.into_iter();
                let entries = entries.map(|(key, value)| (key.into_boxed_str(), value.into()));
                Self::Map(Branch::sorted(entries.collect()))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn tree_is_thawed_and_frozen() {
        let tree = Tree::from(json!({"b": [1, "x", null, {"y": true}], "a": {}, "": 1.5}));
        let Tree::Map(branch) = &tree else {
            panic!("expected a map")
        };
        assert_eq!(Tree::Map(Branch::of_map(&branch.to_map())), tree);
        let keys: Vec<_> = branch.iter().map(|(key, _)| key).collect();
        assert_eq!(keys, ["", "a", "b"]);
        assert_eq!(branch.get("a"), Some(&Tree::Map(Branch::default())));
        assert_eq!(branch.get("c"), None);
        assert!(!branch.to_map().is_same(&branch.to_map()));
    }

    #[test]
    fn numbers_are_floats() {
        let Value::Float(number) = Tree::from(json!(9_007_199_254_740_993_u64)).to_value() else {
            panic!("expected a float")
        };
        assert_eq!(number.to_string(), "9007199254740992");
    }
}

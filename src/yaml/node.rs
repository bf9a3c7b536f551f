//! Values that know where they were written.

use serde_json::{Map, Value};

/// A place in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Place {
    /// The line, from 1.
    pub line: u32,
    /// The column, from 1, in characters.
    pub column: u32,
}

/// A value and its place. The place of an alias's value is where the anchor stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// Where the value begins.
    pub place: Place,
    /// The value.
    pub data: Data,
}

/// What a node holds.
#[derive(Debug, Clone, PartialEq)]
pub enum Data {
    /// Null, a boolean, a number or a string; never an array or an object.
    Scalar(Value),
    /// A list.
    Sequence(Vec<Node>),
    /// A map, merge keys merged and every key there once, in the order of the source.
    Mapping(Vec<Entry>),
}

/// A key of a mapping with its value.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// The key, as string: `1: a` has the key `1`.
    pub key: String,
    /// Where the key begins.
    pub place: Place,
    /// The value.
    pub node: Node,
}

impl Node {
    /// The value without places.
    pub fn to_value(&self) -> Value {
        match &self.data {
            Data::Scalar(value) => without_sign(value.clone()),
            Data::Sequence(items) => items.iter().map(Self::to_value).collect(),
            Data::Mapping(entries) => Value::Object(
                entries
                    .iter()
                    .map(|entry| (entry.key.clone(), entry.node.to_value()))
                    .collect(),
            ),
        }
    }

    /// The value without places.
    pub fn into_value(self) -> Value {
        match self.data {
            Data::Scalar(value) => without_sign(value),
            Data::Sequence(items) => items.into_iter().map(Self::into_value).collect(),
            Data::Mapping(entries) => Value::Object(
                entries
                    .into_iter()
                    .map(|entry| (entry.key, entry.node.into_value()))
                    .collect::<Map<String, Value>>(),
            ),
        }
    }

    /// The entry with this key, when this is a mapping that has it.
    pub fn entry(&self, key: &str) -> Option<&Entry> {
        match &self.data {
            Data::Mapping(entries) => entries.iter().find(|entry| entry.key == key),
            Data::Scalar(_) | Data::Sequence(_) => None,
        }
    }

    /// The place of the value at a path of keys and indexes (`["hosts", "0"]`).
    pub fn place_of(&self, pointer: &[&str]) -> Option<Place> {
        let mut node = self;
        for step in pointer {
            node = node.child(step)?;
        }
        Some(node.place)
    }

    /// The place of the value at this path or, where there is none, of the deepest value on the way.
    pub fn nearest_place(&self, pointer: &[&str]) -> Place {
        let mut node = self;
        for step in pointer {
            let Some(child) = node.child(step) else { break };
            node = child;
        }
        node.place
    }

    fn child(&self, step: &str) -> Option<&Self> {
        match &self.data {
            Data::Scalar(_) => None,
            Data::Sequence(items) => items.get(step.parse::<usize>().ok()?),
            Data::Mapping(_) => self.entry(step).map(|entry| &entry.node),
        }
    }
}

/// Zero written as float is the integer, as other whole floats are.
fn without_sign(value: Value) -> Value {
    if value.as_f64() == Some(0.0) {
        0.into()
    } else {
        value
    }
}

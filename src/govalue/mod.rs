//! Values as Go's templates know them: typed, printed, compared and encoded as Go does.
//!
//! *In:* values of charts, results of functions · *Out:* the same, as text, as JSON, in order ·
//! *Never:* knows a template, a chart or Kubernetes; reads clocks or random numbers.
//!
//! Charts see the difference between `int`, `int64` and `float64` (`eq 1 1.0` fails, `1e6` prints as
//! `1e+06`), cut strings between bytes, and change maps that others hold as well. So a value here is
//! what Go's reflection would show: a kind, a type name, and shared maps. Values belong to one render
//! and one thread.

pub mod compare;
mod encoding;
mod function;
mod list;
mod map;
pub mod print;
mod record;
mod stack;
#[cfg(test)]
mod still;
mod text;

pub use encoding::{
    JsonError, JsonForm, from_json, from_yaml, to_json, to_serde, to_yaml, to_yaml_pretty,
};
pub use function::{Call, Context, Error, Function, Lookup, Nowhere, Parameter, World};
pub use list::{Element, List, SliceType};
pub use map::{Map, MapKind, MapType};
pub use record::{Alike, Depth, Hidden, Json, Member, Record, Shape};
pub use stack::grow_stack;
#[cfg(test)]
pub use still::Still;
pub use text::Text;

use std::sync::Arc;

/// A value of a template.
#[derive(Clone, Debug, Default)]
pub enum Value {
    /// A nil interface: what is missing, and what is `null`.
    #[default]
    Nil,
    /// `bool`.
    Bool(bool),
    /// `int`: literals, lengths, and what `int` gives.
    Int(i64),
    /// `int64`: numbers of `--set`, and what `add` gives.
    Int64(i64),
    /// `uint8`: an element of bytes.
    Uint8(u8),
    /// `uint64`: the parts of a version.
    Uint64(u64),
    /// `float64`: every number of YAML and JSON.
    Float(f64),
    /// `complex128`: literals alone.
    Complex(f64, f64),
    /// `string`: bytes, for the most part UTF-8.
    Text(Text),
    /// `[]uint8`: what files hold, shared with their chart.
    Bytes(Arc<[u8]>),
    /// A slice of anything else.
    List(List),
    /// A map with strings as keys.
    Map(Map),
    /// A struct, or a pointer to one.
    Record(Record),
}

/// What Go's reflection calls the kind of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// No value at all.
    Invalid,
    /// `bool`
    Bool,
    /// `int`
    Int,
    /// `int64`
    Int64,
    /// `uint8`
    Uint8,
    /// `uint64`
    Uint64,
    /// `float64`
    Float64,
    /// `complex128`
    Complex128,
    /// `string`
    Text,
    /// `slice`
    Slice,
    /// `map`
    Map,
    /// `struct`
    Struct,
    /// `ptr`
    Pointer,
}

impl Kind {
    /// Its name in Go: `float64`, `slice`, `invalid`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Invalid => "invalid",
            Self::Bool => "bool",
            Self::Int => "int",
            Self::Int64 => "int64",
            Self::Uint8 => "uint8",
            Self::Uint64 => "uint64",
            Self::Float64 => "float64",
            Self::Complex128 => "complex128",
            Self::Text => "string",
            Self::Slice => "slice",
            Self::Map => "map",
            Self::Struct => "struct",
            Self::Pointer => "ptr",
        }
    }
}

impl Value {
    /// A string.
    pub fn text(text: impl Into<Text>) -> Self {
        Self::Text(text.into())
    }

    /// Its kind.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Nil => Kind::Invalid,
            Self::Bool(_) => Kind::Bool,
            Self::Int(_) => Kind::Int,
            Self::Int64(_) => Kind::Int64,
            Self::Uint8(_) => Kind::Uint8,
            Self::Uint64(_) => Kind::Uint64,
            Self::Float(_) => Kind::Float64,
            Self::Complex(..) => Kind::Complex128,
            Self::Text(_) => Kind::Text,
            Self::Bytes(_) | Self::List(_) => Kind::Slice,
            Self::Map(_) => Kind::Map,
            Self::Record(record) => record.shape().kind,
        }
    }

    /// The name of its type in Go, as `%T` prints it: `map[string]interface {}`; `<nil>` without one.
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::Nil => "<nil>",
            Self::Bytes(_) => "[]uint8",
            Self::List(list) => list.element().slice_name(),
            Self::Map(map) => map.kind().type_name(),
            Self::Record(record) => record.shape().type_name,
            scalar => scalar.kind().name(),
        }
    }

    /// A method of its type; the value itself is its first argument.
    pub fn method(&self, name: &str) -> Option<&'static Function> {
        let methods = match self {
            Self::List(list) => list.element().methods(),
            Self::Map(map) => map.kind().methods(),
            Self::Record(record) => record.shape().methods,
            _ => return None,
        };
        methods.iter().find(|method| method.name == name)
    }

    /// Whether a condition holds for it, as for Go's templates: not for what is empty or zero.
    pub fn is_true(&self) -> bool {
        match self {
            Self::Nil => false,
            Self::Bool(truth) => *truth,
            Self::Int(number) | Self::Int64(number) => *number != 0,
            Self::Uint8(number) => *number != 0,
            Self::Uint64(number) => *number != 0,
            Self::Float(number) => *number != 0.0,
            Self::Complex(real, imaginary) => *real != 0.0 || *imaginary != 0.0,
            Self::Text(text) => !text.is_empty(),
            Self::Bytes(bytes) => !bytes.is_empty(),
            Self::List(list) => !list.is_empty(),
            Self::Map(map) => !map.is_empty(),
            Self::Record(record) => record.number() != Some(0),
        }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.into())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text.into())
    }
}

impl From<bool> for Value {
    fn from(truth: bool) -> Self {
        Self::Bool(truth)
    }
}

impl From<Vec<Self>> for Value {
    /// `[]interface {}`
    fn from(items: Vec<Self>) -> Self {
        Self::List(List::new(Element::Any, items))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Values are copied at every step of a template.
    #[test]
    fn value_is_three_words() {
        assert_eq!(size_of::<Value>(), 24);
    }

    #[test]
    fn map_of_another_type_is_the_same_map() {
        let one = Map::any();
        let other = one.viewed_as(MapKind::Values);
        other.insert("a", Value::Int(1));
        assert!(one.is_same(&other));
        assert_eq!(one.len(), 1);
        assert_ne!(one.kind(), other.kind());
    }

    #[test]
    fn fields_of_embedded_structs_are_found() {
        static INNER: Shape = Shape::new("Inner", Kind::Struct, &["A"]);
        static OUTER: Shape = Shape::new("Outer", Kind::Struct, &["Inner", "B"]).embeds("Inner");
        let inner = Value::Record(Record::new(&INNER, vec![Value::Int(1)]));
        let outer = Record::new(&OUTER, vec![inner, Value::Int(2)]);
        for (name, expected) in [("A", true), ("B", true), ("Inner", true), ("a", false)] {
            assert_eq!(outer.field(name).is_some(), expected, "{name}");
        }
    }
}

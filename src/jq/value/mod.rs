//! The values that filters work on: cheap to copy, counted, never deeper than [`DEEPEST`].

mod extent;
mod list;
mod map;
mod number;
mod order;
mod read;
mod text;
mod weight;
mod write;

use std::sync::Arc;

use num_bigint::BigInt;

use self::extent::Extent;

pub(super) use self::{
    extent::{DEEPEST, TooDeep},
    list::List,
    map::Map,
    number::{big, big_to_float, parse_number, to_float, to_index},
    order::compare,
    read::{read_document, read_documents, read_json},
    text::Text,
    weight::live_bytes,
    write::{preview, typed_preview, write_json},
};

/// One value.
#[derive(Debug, Clone, Default)]
pub(super) enum Value {
    #[default]
    Null,
    Bool(bool),
    Int(i64),
    /// An integer outside of 64 bits; never one that would fit.
    Big(Arc<BigInt>),
    Float(f64),
    Text(Text),
    List(Arc<List>),
    Map(Arc<Map>),
    /// A filter given to a function: its function and the frame it was written in. Lives in
    /// variables only.
    Closure(u32, u32),
    /// What a deletion leaves behind until all of them are done.
    Hole,
}

impl Value {
    /// `null` and `false` are untrue, all else is true.
    pub(super) const fn is_true(&self) -> bool {
        !matches!(self, Self::Null | Self::Bool(false))
    }

    /// A text.
    pub(super) fn text(text: &str) -> Self {
        Self::Text(Text::from(text))
    }

    /// A list, or nothing if it nests too deep.
    pub(super) fn list(items: Vec<Self>) -> Result<Self, TooDeep> {
        List::new(items).map(|list| Self::List(Arc::new(list)))
    }

    /// How deep it nests and how long it is.
    pub(super) fn extent(&self) -> Extent {
        match self {
            Self::List(list) => list.extent(),
            Self::Map(map) => map.extent(),
            Self::Text(text) => Extent {
                depth: 0,
                bytes: text.len() as u64 + 3,
            },
            _ => Extent { depth: 0, bytes: 5 },
        }
    }

    /// About how many bytes it has when written out.
    pub(super) fn bytes(&self) -> u64 {
        self.extent().bytes
    }

    /// An empty list.
    pub(super) fn empty_list() -> Self {
        List::new(Vec::new()).map_or(Self::Null, |list| Self::List(Arc::new(list)))
    }

    /// A map, or nothing if it nests too deep.
    pub(super) fn map(entries: Vec<(Text, Self)>) -> Result<Self, TooDeep> {
        Map::from_entries(entries).map(|map| Self::Map(Arc::new(map)))
    }

    /// The name of its type.
    pub(super) const fn type_name(&self) -> &'static str {
        match self {
            Self::Null | Self::Hole | Self::Closure(..) => "null",
            Self::Bool(_) => "boolean",
            Self::Int(_) | Self::Big(_) | Self::Float(_) => "number",
            Self::Text(_) => "string",
            Self::List(_) => "array",
            Self::Map(_) => "object",
        }
    }

    /// Whether both are one and the same: containers by place, others by value.
    #[expect(clippy::float_cmp, reason = "the very same number is meant")]
    pub(super) fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::List(left), Self::List(right)) => {
                Arc::ptr_eq(left, right) || left.is_empty() && right.is_empty()
            }
            (Self::Map(left), Self::Map(right)) => Arc::ptr_eq(left, right),
            (Self::Null, Self::Null) => true,
            (Self::Bool(left), Self::Bool(right)) => left == right,
            (Self::Int(left), Self::Int(right)) => left == right,
            (Self::Float(left), Self::Float(right)) => {
                left.to_bits() == right.to_bits()
                    || left == right
                    || left.is_nan() && right.is_nan()
            }
            (Self::Big(left), Self::Big(right)) => Arc::ptr_eq(left, right),
            (Self::Text(left), Self::Text(right)) => left.as_str() == right.as_str(),
            _ => false,
        }
    }
}

impl From<usize> for Value {
    fn from(count: usize) -> Self {
        Self::Int(i64::try_from(count).unwrap_or(i64::MAX))
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(Text::from(text))
    }
}

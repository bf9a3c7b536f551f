//! The arguments of one call, whose number and types have been checked.
//!
//! What is asked for and is not there is nil, zero or empty; that happens only where Go has a nil map or
//! slice.

use std::sync::Arc;

use crate::govalue::{Map, Text, Value};

const NIL: &Value = &Value::Nil;

/// One argument, whatever it is.
pub(super) fn value(arguments: &[Value], index: usize) -> &Value {
    arguments.get(index).unwrap_or(NIL)
}

/// A `string`.
pub(super) fn bytes(arguments: &[Value], index: usize) -> &[u8] {
    match value(arguments, index) {
        Value::Text(text) => text,
        _ => &[],
    }
}

/// A `string`, to be given back as it is.
pub(super) fn text(arguments: &[Value], index: usize) -> Text {
    match value(arguments, index) {
        Value::Text(text) => text.clone(),
        _ => Text::default(),
    }
}

/// An `int` or an `int64`.
pub(super) fn int(arguments: &[Value], index: usize) -> i64 {
    match value(arguments, index) {
        Value::Int(number) | Value::Int64(number) => *number,
        _ => 0,
    }
}

/// A `bool`.
pub(super) fn truth(arguments: &[Value], index: usize) -> bool {
    matches!(value(arguments, index), Value::Bool(true))
}

/// A `map[string]interface {}`; `None` when it is nil.
pub(super) fn map(arguments: &[Value], index: usize) -> Option<&Map> {
    match value(arguments, index) {
        Value::Map(map) if !map.is_nil() => Some(map),
        _ => None,
    }
}

/// All from one on.
pub(super) fn from(arguments: &[Value], index: usize) -> &[Value] {
    arguments.get(index..).unwrap_or_default()
}

/// The items of any slice; `None` for what is none.
pub(super) fn items(value: &Value) -> Option<Items<'_>> {
    match value {
        Value::List(list) => Some(Items::Values(list)),
        Value::Bytes(bytes) => Some(Items::Bytes(bytes)),
        _ => None,
    }
}

/// The items of a slice.
pub(super) enum Items<'a> {
    /// Of anything but bytes.
    Values(&'a [Value]),
    /// Of `[]uint8`.
    Bytes(&'a Arc<[u8]>),
}

impl Items<'_> {
    /// How many they are.
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Values(items) => items.len(),
            Self::Bytes(bytes) => bytes.len(),
        }
    }

    /// One of them.
    pub(super) fn get(&self, index: usize) -> Option<Value> {
        match self {
            Self::Values(items) => items.get(index).cloned(),
            Self::Bytes(bytes) => bytes.get(index).copied().map(Value::Uint8),
        }
    }

    /// Adds all of them to others.
    pub(super) fn extend(&self, others: &mut Vec<Value>) {
        match self {
            Self::Values(items) => others.extend_from_slice(items),
            Self::Bytes(bytes) => others.extend(bytes.iter().copied().map(Value::Uint8)),
        }
    }

    /// As values of their own.
    pub(super) fn to_vec(&self) -> Vec<Value> {
        let mut items = Vec::with_capacity(self.len());
        self.extend(&mut items);
        items
    }
}

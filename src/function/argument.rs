//! The arguments of one call, taken out as the type that a function wants.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use minijinja::Value;
use minijinja::value::ValueKind;

use super::{Error, Function, tree};

/// The arguments of one call. Their number has been checked before a function sees them.
#[derive(Debug)]
pub struct Arguments<'a> {
    function: &'a Function,
    values: &'a [Value],
}

/// A value for an argument that is not there.
static NOTHING: Value = Value::UNDEFINED;

impl<'a> Arguments<'a> {
    pub(super) fn new(function: &'a Function, values: &'a [Value]) -> Self {
        Self { function, values }
    }

    /// All of them.
    pub(super) fn all(&self) -> &'a [Value] {
        self.values
    }

    /// All from this one on.
    pub(super) fn rest(&self, from: usize) -> &'a [Value] {
        self.values.get(from..).unwrap_or_default()
    }

    /// One of them, as it is.
    pub(super) fn value(&self, index: usize) -> &'a Value {
        self.values.get(index).unwrap_or(&NOTHING)
    }

    /// A string. Numbers are not taken for strings: a port is no name.
    pub(super) fn text(&self, index: usize) -> Result<&'a str, Error> {
        self.value(index)
            .as_str()
            .ok_or_else(|| self.wrong_kind(index, "a string"))
    }

    /// The bytes of a string or of a binary file.
    pub(super) fn bytes(&self, index: usize) -> Result<&'a [u8], Error> {
        self.value(index)
            .as_bytes()
            .ok_or_else(|| self.wrong_kind(index, "a string"))
    }

    /// A whole number.
    pub(super) fn integer(&self, index: usize) -> Result<i64, Error> {
        let value = self.value(index);
        let is_number = value.kind() == ValueKind::Number;
        Some(value)
            .filter(|_| is_number)
            .and_then(Value::as_i64)
            .ok_or_else(|| self.wrong_kind(index, "a whole number"))
    }

    /// `true` or `false`, nothing that only looks like it.
    pub(super) fn truth(&self, index: usize) -> Result<bool, Error> {
        let value = self.value(index);
        if value.kind() == ValueKind::Bool {
            Ok(value.is_true())
        } else {
            Err(self.wrong_kind(index, "true or false"))
        }
    }

    /// The items of a list.
    pub(super) fn list(&self, index: usize) -> Result<Vec<Value>, Error> {
        let value = self.value(index);
        match value.kind() {
            ValueKind::Seq | ValueKind::Iterable => value.try_iter().ok().map(Iterator::collect),
            _ => None,
        }
        .ok_or_else(|| self.wrong_kind(index, "a list"))
    }

    /// The entries of a map.
    pub(super) fn map(&self, index: usize) -> Result<Cow<'a, BTreeMap<Arc<str>, Value>>, Error> {
        tree::entries_of(self.value(index)).ok_or_else(|| self.wrong_kind(index, "a map"))
    }

    /// The error of an argument of the wrong type.
    pub(super) fn wrong_kind(&self, index: usize, expected: &'static str) -> Error {
        let name = self.function.usage.split(", ").nth(index);
        Error::Kind {
            usage: self.function.shown(),
            argument: name.map_or_else(
                || format!("argument {}", index + 1),
                |name| name.trim_end_matches('…').to_owned(),
            ),
            expected,
            given: kind_of(self.value(index)),
        }
    }

    /// The error of an argument that cannot be used.
    pub(super) fn unusable(&self, reason: impl Into<String>) -> Error {
        Error::Unusable {
            usage: self.function.shown(),
            reason: reason.into(),
        }
    }

    /// A value as text, as templates print it.
    pub(super) fn shown<'v>(&self, value: &'v Value) -> Result<Cow<'v, str>, Error> {
        tree::text_of(value).map_err(|reason| self.unusable(reason))
    }

    /// One of them as plain data.
    pub(super) fn json(&self, index: usize) -> Result<serde_json::Value, Error> {
        tree::to_json(self.value(index)).map_err(|reason| self.unusable(reason))
    }
}

/// The type of a value, with its article.
fn kind_of(value: &Value) -> &'static str {
    match value.kind() {
        ValueKind::Undefined => "something undefined",
        ValueKind::None => "null",
        ValueKind::Bool => "true or false",
        ValueKind::Number if value.is_integer() => "a whole number",
        ValueKind::Number => "a number",
        ValueKind::String => "a string",
        ValueKind::Bytes => "binary data",
        ValueKind::Seq | ValueKind::Iterable => "a list",
        ValueKind::Map => "a map",
        _ => "something else",
    }
}

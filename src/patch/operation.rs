//! One operation of a patch, and several in order.

use std::fmt;

use json_patch::jsonptr::{Pointer, PointerBuf};
use serde_json::{Value, json};

/// What an operation does at its path. Its `Debug` leaves out the value, which may be a secret.
#[derive(Clone, PartialEq)]
pub enum Verb {
    /// Sets a key, replacing what is there, or inserts into a list.
    Add(Value),
    /// Takes a key or an item away.
    Remove,
    /// Changes nothing, and fails the patch when another value is there.
    Test(Value),
}

impl fmt::Debug for Verb {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Add(_) => "add",
            Self::Remove => "remove",
            Self::Test(_) => "test",
        })
    }
}

/// One operation. Its `Display` is the verb and the path, never the value.
#[derive(Debug, Clone, PartialEq)]
pub struct Operation {
    /// What to do.
    pub verb: Verb,
    /// Where: a JSON pointer (RFC 6901) whose first part is the key of a module or `global`.
    /// Indexes may be negative, `-` is the end of a list.
    pub path: PointerBuf,
}

impl Operation {
    /// The operation as a hook writes it.
    pub fn to_value(&self) -> Value {
        let path = self.path.as_str();
        match &self.verb {
            Verb::Add(value) => json!({"op": "add", "path": path, "value": value}),
            Verb::Remove => json!({"op": "remove", "path": path}),
            Verb::Test(value) => json!({"op": "test", "path": path, "value": value}),
        }
    }

    /// The parts of the path, unescaped.
    pub fn segments(&self) -> Vec<String> {
        segments(&self.path)
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{:?} {}", self.verb, self.path)
    }
}

/// Operations on values, in the order in which a hook wrote them.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ValuesPatch(pub Vec<Operation>);

impl ValuesPatch {
    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

pub(super) fn segments(path: &Pointer) -> Vec<String> {
    path.tokens()
        .map(|token| token.decoded().into_owned())
        .collect()
}

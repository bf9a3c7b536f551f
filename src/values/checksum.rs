//! A checksum of values: equal if and only if the values are equal.

use std::fmt;

use serde_json::Value;

/// A sha256 over the values' JSON with sorted keys; numbers count by value, `20.0` is `20`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Checksum([u8; 32]);

impl Checksum {
    /// The checksum of a value.
    pub fn of(value: &Value) -> Self {
        let _ = value;
        todo!()
    }
}

impl fmt::Display for Checksum {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(out, "{byte:02x}"))
    }
}

impl fmt::Debug for Checksum {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, out)
    }
}

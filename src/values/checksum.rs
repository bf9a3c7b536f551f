//! A checksum of values: equal if and only if the values are equal.

use std::fmt;

use serde_json::Value;
use sha2::{Digest, Sha256};

use super::number;

/// A sha256 over the values' JSON with sorted keys; numbers count by value, `20.0` is `20`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Checksum([u8; 32]);

impl Checksum {
    /// The checksum of a value.
    pub fn of(value: &Value) -> Self {
        let mut text = String::new();
        canonical(value, &mut text);
        Self(Sha256::digest(text.as_bytes()).into())
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

/// Compact JSON. Keys are sorted here, whatever order the map type keeps.
fn canonical(value: &Value, out: &mut String) {
    match value {
        Value::Null | Value::Bool(_) | Value::String(_) => out.push_str(&value.to_string()),
        Value::Number(number) => {
            let whole = number::whole(number);
            out.push_str(&whole.as_ref().unwrap_or(number).to_string());
        }
        Value::Array(items) => {
            out.push('[');
            for item in items {
                canonical(item, out);
                out.push(',');
            }
            out.push(']');
        }
        Value::Object(map) => {
            let mut entries: Vec<(&String, &Value)> = map.iter().collect();
            entries.sort_unstable_by_key(|(key, _)| *key);
            out.push('{');
            for (key, value) in entries {
                out.push_str(&Value::from(key.as_str()).to_string());
                out.push(':');
                canonical(value, out);
                out.push(',');
            }
            out.push('}');
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::values::sample::any_value;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn checksum_tells_values_apart_and_nothing_else() {
        let same = |one: Value, other: Value| Checksum::of(&one) == Checksum::of(&other);
        assert!(same(json!({"a": 20.0, "b": 1}), json!({"b": 1, "a": 20})));
        assert!(same(json!(-0.0), json!(0)));
        assert!(same(json!(1e15), json!(1_000_000_000_000_000_i64)));
        assert!(!same(json!("1"), json!(1)));
        assert!(!same(json!([1, 2]), json!([2, 1])));
        assert!(!same(json!([[1], 2]), json!([[1, 2]])));
        assert!(!same(json!({"a": null}), json!({})));
        assert!(!same(
            json!(9_007_199_254_740_993_i64),
            json!(9_007_199_254_740_992_i64)
        ));
        assert!(!same(json!(0.1), json!(0.2)));
    }

    #[test]
    fn checksum_is_written_in_hex() {
        let text = Checksum::of(&json!(null)).to_string();
        assert_eq!(
            text,
            "74234e98afe7498fb5daf1f36ac2d78acc339464f950703b8c019892f982b90b"
        );
    }

    proptest! {
        #[test]
        fn checksums_are_equal_exactly_when_values_are(one in any_value(), other in any_value()) {
            prop_assert_eq!(Checksum::of(&one) == Checksum::of(&other), one == other);
            let read_back: Value = serde_json::from_str(&one.to_string()).unwrap();
            prop_assert_eq!(Checksum::of(&one), Checksum::of(&read_back));
        }
    }
}

//! One layer laid over another.

use serde_json::Value;
use serde_json::map::Entry;

use super::DEEPEST;

/// Lays `upper` over `lower`: maps merge key by key, everything else (lists, scalars, null)
/// replaces.
///
/// Below the depth that a [`Store`](super::Store) takes, maps replace as well, so that no depth can
/// exhaust the stack.
pub fn merge(lower: &mut Value, upper: Value) {
    lay(lower, upper, 0);
}

fn lay(lower: &mut Value, upper: Value, depth: usize) {
    match (lower, upper) {
        (Value::Object(lower), Value::Object(upper)) if depth < DEEPEST => {
            for (key, value) in upper {
                match lower.entry(key) {
                    Entry::Vacant(entry) => {
                        entry.insert(value);
                    }
                    Entry::Occupied(mut entry) => lay(entry.get_mut(), value, depth + 1),
                }
            }
        }
        (lower, upper) => *lower = upper,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::values::sample::{any_map, any_value};
    use proptest::prelude::*;
    use serde_json::json;

    fn merged(lower: &Value, upper: &Value) -> Value {
        let mut result = lower.clone();
        merge(&mut result, upper.clone());
        result
    }

    #[test]
    fn maps_merge_and_everything_else_replaces() {
        for (lower, upper, expected) in [
            (json!({"a": 1}), json!({"b": 2}), json!({"a": 1, "b": 2})),
            (
                json!({"a": {"x": 1, "y": 2}}),
                json!({"a": {"y": 3}}),
                json!({"a": {"x": 1, "y": 3}}),
            ),
            (json!({"a": [1, 2]}), json!({"a": [3]}), json!({"a": [3]})),
            (
                json!({"a": [{"x": 1}]}),
                json!({"a": [{"y": 2}]}),
                json!({"a": [{"y": 2}]}),
            ),
            (
                json!({"a": {"x": 1}}),
                json!({"a": null}),
                json!({"a": null}),
            ),
            (json!({"a": {"x": 1}}), json!({"a": 5}), json!({"a": 5})),
            (
                json!({"a": 5}),
                json!({"a": {"x": 1}}),
                json!({"a": {"x": 1}}),
            ),
            (
                json!({"a": {"x": 1}}),
                json!({"a": {}}),
                json!({"a": {"x": 1}}),
            ),
            (json!({"a": 1}), json!({}), json!({"a": 1})),
            (json!({"a": 1}), json!({"a": "1"}), json!({"a": "1"})),
        ] {
            assert_eq!(merged(&lower, &upper), expected, "{lower} {upper}");
        }
    }

    #[test]
    fn no_depth_exhausts_the_stack() {
        let mut deep = json!({"end": 1});
        for _ in 0..600 {
            deep = json!({"a": deep});
        }
        assert_eq!(merged(&deep, &deep), deep);
    }

    proptest! {
        #[test]
        fn last_layer_wins(lower in any_map(), upper in any_map()) {
            let result = merged(&lower, &upper);
            prop_assert_eq!(&merged(&result, &upper), &result);
            for (key, value) in upper.as_object().unwrap() {
                if !value.is_object() {
                    prop_assert_eq!(&result[key], value);
                }
            }
        }

        // Only for maps all the way: a scalar between two maps hides the lower one.
        #[test]
        fn merge_is_associative_for_maps(
            one in any_map(), two in any_map(), three in any_map()
        ) {
            let only_maps = |value: &Value| strip_scalars(value);
            let (one, two, three) = (only_maps(&one), only_maps(&two), only_maps(&three));
            let left = merged(&merged(&one, &two), &three);
            let right = merged(&one, &merged(&two, &three));
            prop_assert_eq!(left, right);
        }

        #[test]
        fn empty_map_is_neutral(value in any_map(), other in any_value()) {
            prop_assert_eq!(&merged(&value, &json!({})), &value);
            prop_assert_eq!(&merged(&json!({}), &value), &value);
            prop_assert_eq!(merged(&json!(1), &other), other);
        }
    }

    /// The maps of a value and its empty leaves, as `{"key": {…}}`.
    fn strip_scalars(value: &Value) -> Value {
        match value {
            Value::Object(map) => map
                .iter()
                .map(|(key, value)| (key.clone(), strip_scalars(value)))
                .collect::<serde_json::Map<_, _>>()
                .into(),
            _ => json!({}),
        }
    }
}

//! Operations applied to a document.
//!
//! The operation itself is done by the `json-patch` crate. What hooks are used to beyond RFC 6902,
//! negative indexes and indexes with leading zeros, is first resolved to plain indexes; on the way
//! every reason for a refusal gets its own words.

use json_patch::jsonptr::{Pointer, PointerBuf, Token};
use json_patch::{AddOperation, PatchOperation, RemoveOperation, TestOperation};
use serde_json::Value;

use super::operation::{Operation, ValuesPatch, Verb};
use super::{Error, operation};

/// What stands in the way of an operation.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// A key of the path, or the key to remove, is not there.
    #[error("{path} does not exist")]
    Missing {
        /// The shortest part of the path that is not there.
        path: String,
    },
    /// The path goes through a scalar.
    #[error("{path} is {found}, which holds no keys")]
    NotContainer {
        /// The part of the path that is a scalar.
        path: String,
        /// What is there, without its value: `a string`.
        found: &'static str,
    },
    /// The path names an item that the list does not have.
    #[error("{index:?} is not a place in the list {path}, which has {length} items")]
    Index {
        /// The list.
        path: String,
        /// The part of the path that should be an index.
        index: String,
        /// How many items the list has.
        length: usize,
    },
    /// A `test` found another value.
    #[error("the value there is not the tested one")]
    TestFailed,
    /// The path is empty, and the whole document cannot be removed.
    #[error("the whole document cannot be removed")]
    Root,
}

impl ValuesPatch {
    /// The document after all operations, or the first operation that does not fit it.
    pub fn apply(&self, document: &Value) -> Result<Value, Error> {
        let mut changed = document.clone();
        for operation in &self.0 {
            apply(operation, &mut changed).map_err(|cause| Error::Apply {
                operation: operation.to_string(),
                cause,
            })?;
        }
        Ok(changed)
    }
}

/// Applies one operation; the document is unchanged when it is refused.
pub(super) fn apply(operation: &Operation, document: &mut Value) -> Result<(), Refusal> {
    let path = resolve(operation, document)?;
    let step = match &operation.verb {
        Verb::Add(value) => PatchOperation::Add(AddOperation {
            path,
            value: value.clone(),
        }),
        Verb::Remove => PatchOperation::Remove(RemoveOperation { path }),
        Verb::Test(value) => PatchOperation::Test(TestOperation {
            path,
            value: value.clone(),
        }),
    };
    json_patch::patch(document, &[step]).map_err(|error| match error.kind {
        json_patch::PatchErrorKind::TestFailed => Refusal::TestFailed,
        // Everything else was found by `resolve`, with better words.
        _ => Refusal::Missing {
            path: operation.path.to_string(),
        },
    })
}

/// The path with plain indexes, or why it leads nowhere in this document.
fn resolve(operation: &Operation, document: &Value) -> Result<PointerBuf, Refusal> {
    let parts = operation::segments(&operation.path);
    if parts.is_empty() {
        return match operation.verb {
            Verb::Remove => Err(Refusal::Root),
            Verb::Add(_) | Verb::Test(_) => Ok(PointerBuf::root()),
        };
    }
    let inserts = matches!(operation.verb, Verb::Add(_));
    let mut resolved = PointerBuf::root();
    let mut here = document;
    for (position, part) in parts.iter().enumerate() {
        let inserts_here = inserts && position + 1 == parts.len();
        let (token, next) = descend(here, part, inserts_here, &resolved)?;
        resolved.push_back(Token::new(token));
        match next {
            Some(next) => here = next,
            None => break,
        }
    }
    Ok(resolved)
}

/// One step down: the plain token, and what is there unless an insertion creates it.
fn descend<'a>(
    here: &'a Value,
    part: &str,
    inserts: bool,
    so_far: &Pointer,
) -> Result<(String, Option<&'a Value>), Refusal> {
    let missing = || {
        let mut path = so_far.to_buf();
        path.push_back(Token::new(part));
        Refusal::Missing {
            path: path.to_string(),
        }
    };
    match here {
        Value::Object(map) if inserts => Ok((part.to_owned(), map.get(part))),
        Value::Object(map) => Ok((part.to_owned(), Some(map.get(part).ok_or_else(missing)?))),
        Value::Array(list) if inserts => Ok((insertion(list, part, so_far)?.to_string(), None)),
        Value::Array(list) => {
            let index = item(list, part, so_far)?;
            Ok((index.to_string(), list.get(index)))
        }
        // A null parent reads as absent, as it does in the Go library.
        Value::Null => Err(missing()),
        Value::Bool(_) | Value::Number(_) | Value::String(_) => Err(Refusal::NotContainer {
            path: so_far.to_string(),
            found: match here {
                Value::Bool(_) => "a boolean",
                Value::Number(_) => "a number",
                _ => "a string",
            },
        }),
    }
}

/// Where an insertion goes: from 0 to the length; -1 is the end, as in the Go library.
fn insertion(list: &[Value], part: &str, so_far: &Pointer) -> Result<usize, Refusal> {
    if part == "-" {
        return Ok(list.len());
    }
    index(part, list.len() + 1).ok_or_else(|| no_such_index(list, part, so_far))
}

/// An item that exists; -1 is the last one.
fn item(list: &[Value], part: &str, so_far: &Pointer) -> Result<usize, Refusal> {
    index(part, list.len()).ok_or_else(|| no_such_index(list, part, so_far))
}

fn index(part: &str, places: usize) -> Option<usize> {
    let given: i64 = part.parse().ok()?;
    let places = i64::try_from(places).ok()?;
    let wanted = if given < 0 { given + places } else { given };
    (0..places)
        .contains(&wanted)
        .then(|| usize::try_from(wanted).ok())
        .flatten()
}

fn no_such_index(list: &[Value], part: &str, so_far: &Pointer) -> Refusal {
    Refusal::Index {
        path: so_far.to_string(),
        index: part.to_owned(),
        length: list.len(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::name::ValuesKey;
    use crate::report::chain;

    fn patch(text: &str) -> ValuesPatch {
        let scope = ValuesKey::parse("m").unwrap();
        super::super::parse(text, &scope).unwrap().values
    }

    fn after(document: &Value, operations: &str) -> Result<Value, String> {
        patch(operations)
            .apply(document)
            .map_err(|error| chain(&error))
    }

    #[test]
    #[rustfmt::skip]
    fn operations_change_maps_and_lists() {
        let document = json!({"m": {"a": {"b": 1}, "list": [1, 2, 3], "x/y": 0, "null": null}});
        for (operation, path, value, place, expected) in [
            ("add", "/m/c", json!(2), "/m/c", Some(json!(2))),
            ("add", "/m/a", json!(2), "/m/a", Some(json!(2))),
            ("add", "/m/a/b", json!({"c": 1}), "/m/a/b/c", Some(json!(1))),
            ("add", "/m/null", json!(1), "/m/null", Some(json!(1))),
            ("add", "/m/x~1y", json!(1), "/m/x~1y", Some(json!(1))),
            ("add", "/m", json!({}), "/m", Some(json!({}))),
            ("add", "/m/list/-", json!(9), "/m/list", Some(json!([1, 2, 3, 9]))),
            ("add", "/m/list/0", json!(9), "/m/list", Some(json!([9, 1, 2, 3]))),
            ("add", "/m/list/3", json!(9), "/m/list", Some(json!([1, 2, 3, 9]))),
            ("add", "/m/list/-1", json!(9), "/m/list", Some(json!([1, 2, 3, 9]))),
            ("add", "/m/list/-2", json!(9), "/m/list", Some(json!([1, 2, 9, 3]))),
            ("remove", "/m/list/-1", json!(null), "/m/list", Some(json!([1, 2]))),
            ("remove", "/m/list/01", json!(null), "/m/list", Some(json!([1, 3]))),
            ("remove", "/m/null", json!(null), "/m/null", None),
            ("remove", "/m/a", json!(null), "/m/a", None),
            ("test", "/m/list/-1", json!(3), "/m/list", Some(json!([1, 2, 3]))),
        ] {
            let text = json!({"op": operation, "path": path, "value": value}).to_string();
            let result = after(&document, &text);
            let found = result.as_ref().map(|result| result.pointer(place));
            assert_eq!(found, Ok(expected.as_ref()), "{text}");
        }
    }

    #[test]
    #[rustfmt::skip]
    fn refusals_name_the_operation_and_what_is_in_its_way() {
        let document = json!({"m": {"a": "secret", "list": [1], "null": null}});
        for (operation, path, expected) in [
            ("remove", "/m/b", "/m/b does not exist"),
            ("remove", "/m/b/c/d", "/m/b does not exist"),
            ("add", "/m/b/c/d", "/m/b does not exist"),
            ("add", "/m/null/x", "/m/null/x does not exist"),
            ("add", "/m/a/x", "/m/a is a string, which holds no keys"),
            ("remove", "/m/a/x/y", "/m/a is a string, which holds no keys"),
            ("add", "/m/list/2", "\"2\" is not a place in the list /m/list, which has 1 items"),
            ("add", "/m/list/-3", "\"-3\" is not a place in the list /m/list, which has 1 items"),
            ("add", "/m/list/x", "\"x\" is not a place in the list /m/list, which has 1 items"),
            ("remove", "/m/list/1", "\"1\" is not a place in the list /m/list, which has 1 items"),
            ("remove", "/m/list/-", "\"-\" is not a place in the list /m/list, which has 1 items"),
            ("test", "/m/a", "the value there is not the tested one"),
        ] {
            let text = json!({"op": operation, "path": path, "value": 1}).to_string();
            let expected = format!("applying \"{operation} {path}\": {expected}");
            assert_eq!(after(&document, &text), Err(expected));
        }
    }

    #[test]
    fn operations_see_what_those_before_them_did() {
        let document = json!({"m": {}});
        let text = r#"{"op":"add","path":"/m/a","value":{}} {"op":"add","path":"/m/a/b","value":[]}
            {"op":"add","path":"/m/a/b/-","value":1} {"op":"test","path":"/m/a/b","value":[1]}"#;
        assert_eq!(after(&document, text), Ok(json!({"m": {"a": {"b": [1]}}})));
    }
}

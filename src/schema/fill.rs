//! Defaults: what they fill, and which one filled a place.

use serde_json::Value;

use super::shape::{Items, Shape};
use crate::yaml::{Data, Node, Place};

/// Sets the defaults of absent keys, in `value` and below. A default of null fills nothing.
pub(super) fn fill(shape: &Shape, value: &mut Value) {
    match value {
        Value::Object(map) => {
            for (key, property) in &shape.map.properties {
                if let Some(default) = default_of(property)
                    && !map.contains_key(key)
                {
                    map.insert(key.clone(), default.to_value());
                }
                if let Some(value) = map.get_mut(key) {
                    fill(property, value);
                }
            }
        }
        Value::Array(items) => {
            if let Items::Each(shape) = &shape.list.items {
                items.iter_mut().for_each(|item| fill(shape, item));
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Walks down as [`fill`] does and tells in which default it ends. Lists are not entered: a list is
/// one leaf.
pub(super) fn default_place<'a>(
    root: &'a Shape,
    base: &Value,
    path: &[&str],
) -> Option<(&'a str, Place)> {
    let mut shape = root;
    let mut present = Some(base);
    let mut default: Option<(&str, &Node)> = None;
    for key in path {
        shape = shape.map.properties.get(*key)?;
        present = present.and_then(|value| value.get(*key));
        default = default.and_then(|(file, node)| Some((file, &node.entry(key)?.node)));
        if present.is_none() && default.is_none() {
            default = Some((&shape.file, default_of(shape)?));
        }
    }
    default.map(|(file, node)| (file, node.place))
}

fn default_of(shape: &Shape) -> Option<&Node> {
    let default = shape.default.as_ref()?;
    (default.data != Data::Scalar(Value::Null)).then_some(default)
}

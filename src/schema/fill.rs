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
                for item in items {
                    fill(shape, item);
                }
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
    let mut shape = Some(root);
    let mut present = Some(base);
    let mut default: Option<(&str, &Node)> = None;
    for key in path {
        shape = shape.and_then(|shape| shape.map.properties.get(*key).map(AsRef::as_ref));
        present = present.and_then(|value| value.get(*key));
        default = default.and_then(|(file, node)| Some((file, &node.entry(key)?.node)));
        if present.is_none() && default.is_none() {
            default = Some((&shape?.file, default_of(shape?)?));
        }
    }
    default.map(|(file, node)| (file, node.place))
}

fn default_of(shape: &Shape) -> Option<&Node> {
    let default = shape.default.as_ref()?;
    (default.data != Data::Scalar(Value::Null)).then_some(default)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::{Schema, SchemaFile, Schemas};

    fn schema(text: &str) -> Schema {
        let file = "config-values.yaml";
        let schemas = Schemas::read(Some(SchemaFile { file, text }), None).unwrap();
        schemas.config.unwrap()
    }

    const NESTED: &str = "
properties:
  scalar: {type: integer, default: 1}
  nothing: {type: string, default: null}
  closed:
    type: object
    properties: {x: {default: 1}}
  opened:
    type: object
    default: {}
    properties:
      x: {default: 1}
      deep: {default: {z: 3}, properties: {y: {default: 2}}}
  list:
    type: array
    items: {type: object, properties: {x: {default: 1}}}
  tuple: {type: array, items: [{properties: {x: {default: 1}}}]}
  other:
    additionalProperties: {properties: {x: {default: 1}}}
    patternProperties: {'^p': {properties: {x: {default: 1}}}}
    allOf: [{properties: {x: {default: 1}}}]
";

    #[test]
    fn defaults_fill_absent_keys_of_properties_and_items() {
        let opened = json!({"x": 1, "deep": {"y": 2, "z": 3}});
        for (value, expected) in [
            (json!({}), json!({"scalar": 1, "opened": opened})),
            (
                json!({"scalar": null}),
                json!({"scalar": null, "opened": opened}),
            ),
            (
                json!({"scalar": 5, "opened": null}),
                json!({"scalar": 5, "opened": null}),
            ),
            (
                json!({"closed": {}}),
                json!({"closed": {"x": 1}, "scalar": 1, "opened": opened}),
            ),
            (
                json!({"opened": {"x": 9, "deep": {}}}),
                json!({"opened": {"x": 9, "deep": {"y": 2}}, "scalar": 1}),
            ),
            (
                json!({"list": [{}, {"x": 2}, 3], "tuple": [{}]}),
                json!({"list": [{"x": 1}, {"x": 2}, 3], "tuple": [{}], "scalar": 1, "opened": opened}),
            ),
            (
                json!({"other": {"a": {}, "p": {}}}),
                json!({"other": {"a": {}, "p": {}}, "scalar": 1, "opened": opened}),
            ),
        ] {
            let mut filled = value.clone();
            schema(NESTED).fill(&mut filled);
            assert_eq!(filled, expected, "{value}");
            let once = filled.clone();
            schema(NESTED).fill(&mut filled);
            assert_eq!(filled, once, "a second time changes nothing: {value}");
        }
    }

    #[test]
    fn each_default_knows_its_line() {
        let schema = schema(NESTED);
        for (base, path, line) in [
            (json!({}), &["scalar"][..], Some(3)),
            (json!({"scalar": 1}), &["scalar"], None),
            (json!({}), &["opened"], Some(10)),
            (json!({}), &["opened", "x"], Some(12)),
            (json!({}), &["opened", "deep", "z"], Some(13)),
            (json!({}), &["opened", "deep", "y"], Some(13)),
            (json!({"closed": {}}), &["closed", "x"], Some(7)),
            (json!({}), &["closed", "x"], None),
            (json!({}), &["nothing"], None),
            (json!({}), &["unknown"], None),
        ] {
            let place = schema
                .default_place(&base, path)
                .map(|(_, place)| place.line);
            assert_eq!(place, line, "{base} {path:?}");
        }
    }
}

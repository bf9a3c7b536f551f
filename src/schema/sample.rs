//! Values made up by a schema, where nobody has set them yet.

use serde_json::{Map, Value, json};

use super::shape::{Items, Shape, Type};

/// Lists and texts are made no longer than this.
const LONGEST: u64 = 64;
/// Shapes that refer to themselves are followed no deeper.
const DEEPEST: usize = 16;

/// Makes up what is absent and declared: keys that `config` does not know are set by hooks, and those
/// that are required have to be set by people.
pub(super) fn fill(shape: &Shape, config: Option<&Shape>, value: &mut Value) {
    fill_to(shape, config, value, DEEPEST);
}

fn fill_to(shape: &Shape, config: Option<&Shape>, value: &mut Value, left: usize) {
    let (Value::Object(map), Some(left)) = (value, left.checked_sub(1)) else {
        return;
    };
    for (key, property) in &shape.map.properties {
        let known = config.and_then(|config| config.map.properties.get(key));
        let rules = [Some(shape), config].into_iter().flatten();
        let is_required = rules
            .map(|shape| &shape.map)
            .any(|map| map.required.contains(key) || map.required_for_helm.contains(key));
        match map.get_mut(key) {
            Some(value) => fill_to(property, known.map(AsRef::as_ref), value, left),
            None if is_required || known.is_none() => {
                map.insert(key.clone(), make(property, left));
            }
            None => {}
        }
    }
}

fn make(shape: &Shape, left: usize) -> Value {
    let default = shape.default.as_ref().map(crate::yaml::Node::to_value);
    let allowed = shape.allowed.as_ref().and_then(|allowed| allowed.first());
    let mut value = match (default, allowed) {
        (Some(default), _) => default,
        (None, Some(allowed)) => allowed.clone(),
        (None, None) => plain(shape, left),
    };
    fill_to(shape, None, &mut value, left);
    value
}

fn plain(shape: &Shape, left: usize) -> Value {
    match shape.types.first() {
        Some(Type::Map) => json!({}),
        Some(Type::List) => list(shape, left),
        Some(Type::Text) => text(shape),
        Some(Type::Number | Type::Integer) => {
            let least = shape.number.least.as_ref();
            least.map_or_else(|| json!(1), |bound| Value::Number(bound.number.clone()))
        }
        Some(Type::Boolean) => json!(false),
        Some(Type::Null) => Value::Null,
        None if !shape.map.properties.is_empty() => Value::Object(Map::new()),
        None => json!("sample"),
    }
}

fn list(shape: &Shape, left: usize) -> Value {
    let count = shape.list.fewest.unwrap_or_default().min(LONGEST);
    let item = |_| match (&shape.list.items, left.checked_sub(1)) {
        (Items::Each(shape), Some(left)) => make(shape, left),
        _ => json!("sample"),
    };
    (0..count).map(item).collect()
}

fn text(shape: &Shape) -> Value {
    let shortest = shape.text.shortest.unwrap_or_default().min(LONGEST);
    let mut text = "sample".to_owned();
    while text.len() < usize::try_from(shortest).unwrap_or_default() {
        text.push('x');
    }
    json!(text)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::{SchemaFile, Schemas};

    const CONFIG: &str = "
type: object
required: [host]
properties:
  host: {type: string, minLength: 8}
  replicas: {type: integer}
  ingress: {type: object, required: [class], properties: {class: {enum: [nginx, traefik]}, tls: {type: boolean}}}
";
    const VALUES: &str = "
x-extend: {schema: config-values.yaml}
properties:
  internal:
    type: object
    properties:
      ca: {type: string}
      ports: {type: array, minItems: 1, items: {type: integer, minimum: 1024}}
      names: {type: array, items: {type: string}}
      mode: {default: fast}
";

    #[test]
    fn what_hooks_and_people_have_to_set_is_made_up() {
        let file = |file, text| Some(SchemaFile { file, text });
        let schemas = Schemas::read(file("c", CONFIG), file("v", VALUES)).unwrap();
        let internal = json!({"ca": "sample", "ports": [1024], "names": [], "mode": "fast"});
        for (values, expected) in [
            (json!({}), json!({"host": "samplexx", "internal": internal})),
            (
                json!({"host": "a.b", "ingress": {}, "internal": {"ca": "x", "mode": 1}}),
                json!({"host": "a.b", "ingress": {"class": "nginx"},
                    "internal": {"ca": "x", "mode": 1, "ports": [1024], "names": []}}),
            ),
        ] {
            assert_eq!(schemas.sample(&values), expected, "{values}");
        }
        assert_eq!(Schemas::default().sample(&json!({"a": 1})), json!({"a": 1}));
        let schemas = Schemas::read(file("c", CONFIG), None).unwrap();
        assert_eq!(schemas.sample(&json!({})), json!({"host": "samplexx"}));
    }
}

//! How one object would change, as text; what is secret stays secret.

use serde_json::{Value, json};
use similar::TextDiff;

use crate::object::sha256_hex;
use crate::yaml;

/// Replaces the values of a Secret by a mark that changes when the value changes.
pub fn mask_secret(object: &mut Value) {
    if object["kind"] != "Secret" {
        return;
    }
    for part in ["data", "stringData"] {
        let Some(Value::Object(data)) = object.get_mut(part) else {
            continue;
        };
        for value in data.values_mut() {
            *value = json!(mark(value));
        }
    }
    let annotations = object
        .pointer_mut("/metadata/annotations")
        .and_then(Value::as_object_mut);
    if let Some(annotations) = annotations {
        // kubectl keeps the whole object, values included, in this one.
        annotations.remove("kubectl.kubernetes.io/last-applied-configuration");
    }
}

/// Two bytes of a hash: enough to see that a value changed, too little to guess it by.
fn mark(value: &Value) -> String {
    format!("[secret {}]", sha256_hex(&value.to_string(), 2))
}

/// A unified diff of two objects as YAML; empty when they are equal.
pub fn unified(name: &str, before: Option<&Value>, after: Option<&Value>) -> String {
    let text = |object: Option<&Value>| {
        object.map_or_else(String::new, |object| {
            let mut object = object.clone();
            mask_secret(&mut object);
            yaml::write(&object)
        })
    };
    let (before_text, after_text) = (text(before), text(after));
    if before_text == after_text {
        return String::new();
    }
    let name_of = |side: Option<&Value>| if side.is_some() { name } else { "/dev/null" };
    TextDiff::from_lines(&before_text, &after_text)
        .unified_diff()
        .context_radius(3)
        .header(name_of(before), name_of(after))
        .to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_secret_shows_that_it_changed_and_not_what() {
        let secret =
            |value: &str| json!({"apiVersion": "v1", "kind": "Secret", "data": {"key": value}});
        let text = unified("Secret a", Some(&secret("b2xk")), Some(&secret("bmV3")));
        assert!(
            text.contains("-  key: '[secret ") && text.contains("+  key: '[secret "),
            "{text}"
        );
        assert!(!text.contains("b2xk") && !text.contains("bmV3"), "{text}");
    }

    #[test]
    fn equal_objects_have_no_diff() {
        let object = json!({"a": 1});
        assert_eq!(unified("x", Some(&object), Some(&object)), "");
    }
}

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

/// The masked form of a value, with the marks of [`mask_secret`] in place of what is hidden: so a
/// change of it shows. `masked` is the value as its schemas mask it.
pub fn mark_hidden(value: &Value, masked: &Value) -> Value {
    match (value, masked) {
        (Value::Object(fields), Value::Object(shown)) => {
            let marked = shown.iter().map(|(key, shown)| {
                let value = fields.get(key).unwrap_or(&Value::Null);
                (key.clone(), mark_hidden(value, shown))
            });
            Value::Object(marked.collect())
        }
        (Value::Array(items), Value::Array(shown)) if items.len() == shown.len() => {
            let marked = items.iter().zip(shown);
            marked
                .map(|(item, shown)| mark_hidden(item, shown))
                .collect()
        }
        (value, masked) if value == masked => masked.clone(),
        (value, _) => json!(mark(value)),
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
    fn hidden_values_are_marked_where_they_are() {
        let value = json!({"a": 1, "key": "top", "list": [{"key": "deep"}], "map": {"x": 1}});
        let hidden = json!("[secret]");
        let masked = json!({"a": 1, "key": hidden, "list": [{"key": hidden}], "map": hidden});
        let marked = mark_hidden(&value, &masked);
        let told = marked.to_string();
        assert!(!told.contains("top") && !told.contains("deep"), "{told}");
        assert_eq!(marked["a"], 1);
        for place in ["/key", "/list/0/key", "/map"] {
            let text = marked.pointer(place).and_then(Value::as_str).unwrap();
            assert!(text.starts_with("[secret "), "{place}: {text}");
        }
    }

    #[test]
    fn equal_objects_have_no_diff() {
        let object = json!({"a": 1});
        assert_eq!(unified("x", Some(&object), Some(&object)), "");
    }
}

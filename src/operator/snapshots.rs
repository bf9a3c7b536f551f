//! Snapshots of hooks as people see them, in the original's shape. What Secrets hold is masked.

use serde_json::{Map, Value, json};

use crate::diff::mask_secret;
use crate::house::{SnapshotOf, ToldEvents};
use crate::secret::{SECRET, Secrets};
use crate::watch::{Item, Shared};

/// `{hook: {binding: {snapshot: […], operations: {…}}}}`.
pub(super) fn shown(bindings: &[SnapshotOf], watches: &Shared, secrets: &Secrets) -> Value {
    let mut hooks = Map::new();
    for of in bindings {
        let items = watches.snapshot(of.monitor).items;
        let snapshot: Vec<Value> = items.iter().map(|item| item_value(item)).collect();
        let count = snapshot.len();
        let told = |told: ToldEvents| {
            json!({
                "count": count, "added": told.added, "modified": told.modified,
                "deleted": told.deleted, "cleaned": 0,
            })
        };
        let value = json!({
            "snapshot": snapshot,
            "operations": {
                "sinceStart": told(of.since_start), "sinceLastExecution": told(of.since_run),
            },
        });
        let hook = hooks.entry(of.hook.as_str()).or_insert_with(|| json!({}));
        hook[of.binding.as_str()] = value;
    }
    let mut shown = Value::Object(hooks);
    // Values that are secret may have found their way into any object.
    secrets.mask_json(&mut shown);
    shown
}

/// The same of one hook: `{binding: {snapshot: […], operations: {…}}}`.
pub(super) fn of_hook(bindings: &[SnapshotOf], watches: &Shared, secrets: &Secrets) -> Value {
    let shown = shown(bindings, watches, secrets);
    let hook = shown.as_object().and_then(|hooks| hooks.values().next());
    hook.cloned().unwrap_or_else(|| json!({}))
}

/// An object as a binding context has it, without what is secret.
fn item_value(item: &Item) -> Value {
    let read = |text: &Option<Box<str>>| {
        let text = text.as_deref()?;
        serde_json::from_str::<Value>(text).ok()
    };
    let (object, result) = (read(&item.object), read(&item.filter_result));
    let mut value = Map::new();
    if let Some(mut object) = object {
        mask_secret(&mut object);
        value.insert("object".to_owned(), object);
    }
    if let Some(mut result) = result {
        if item.kind == "Secret" {
            mask_result(&mut result, item);
        }
        value.insert("filterResult".to_owned(), result);
    }
    Value::Object(value)
}

/// Nothing tells what a filter took from a Secret, so all but its own name is masked.
fn mask_result(result: &mut Value, item: &Item) {
    match result {
        Value::Null | Value::Bool(_) => {}
        Value::Array(items) => items.iter_mut().for_each(|value| mask_result(value, item)),
        Value::Object(fields) => fields
            .values_mut()
            .for_each(|value| mask_result(value, item)),
        Value::String(text) => {
            let is_known = *text == item.name || Some(text.as_str()) == item.namespace.as_deref();
            if !is_known {
                SECRET.clone_into(text);
            }
        }
        Value::Number(_) => *result = json!(SECRET),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(kind: &str, object: Option<&Value>, result: Option<&Value>) -> Item {
        let text = |value: &Value| value.to_string().into_boxed_str();
        Item {
            api_version: "v1".to_owned(),
            kind: kind.to_owned(),
            namespace: Some("shop".to_owned()),
            name: "a".to_owned(),
            object: object.map(text),
            filter_result: result.map(text),
        }
    }

    #[test]
    fn nothing_of_a_secret_is_shown_but_its_name() {
        let object = json!({"kind": "Secret", "data": {"key": "dG9wcw=="}, "type": "Opaque"});
        let result = json!({"name": "a", "in": "shop", "list": ["tops", 1, true, null]});
        let value = item_value(&item("Secret", Some(&object), Some(&result)));
        assert_eq!(
            value["filterResult"],
            json!({"name": "a", "in": "shop", "list": ["[secret]", "[secret]", true, null]})
        );
        assert_eq!(value["object"]["type"], "Opaque");
        assert!(!value.to_string().contains("dG9wcw=="), "{value}");
    }

    #[test]
    fn other_objects_are_shown_as_they_are() {
        let object = json!({"kind": "ConfigMap", "data": {"key": "b"}});
        let value = item_value(&item("ConfigMap", Some(&object), Some(&json!("c"))));
        assert_eq!(value, json!({"object": object, "filterResult": "c"}));
    }
}

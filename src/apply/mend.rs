//! What Helm accepts must apply: reads what server-side apply refuses, and mends the object.
//!
//! Helm creates objects with fields that the schema does not know (the server drops them) and with
//! list items of equal keys. Server-side apply refuses both, naming the field; the field is dropped,
//! or all but the last of the equal items, and the author is told.

use std::sync::LazyLock;

use regex::Regex;
use serde_json::Value;

use crate::diff;

/// `.spec.template.spec.foo: field not declared in schema`
static UNKNOWN: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"(\.[^\s:]+(?:\[[^\]]*\][^\s:]*)*): field not declared in schema").ok()
});
/// `.spec.containers[name="a"].env: duplicate entries for key [name="B"]`
static DUPLICATE: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"(\.[^\s:]+(?:\[[^\]]*\][^\s:]*)*): duplicate entries for key (\[[^\]]*\])").ok()
});

/// Mends what a refusal names; answers what was done, empty when nothing could be.
pub(super) fn mend(object: &mut Value, refusal: &str) -> Vec<String> {
    let mut done = Vec::new();
    for found in UNKNOWN
        .iter()
        .flat_map(|pattern| pattern.captures_iter(refusal))
    {
        let field = &found[1];
        if diff::remove_at(object, field) {
            done.push(format!(
                "{field} is not a field of this kind and was left out"
            ));
        }
    }
    for found in DUPLICATE
        .iter()
        .flat_map(|pattern| pattern.captures_iter(refusal))
    {
        let (list, key) = (&found[1], &found[2]);
        let dropped = drop_all_but_last(object, list, key);
        if dropped > 0 {
            done.push(format!(
                "{list} has {} items {key}; the last one was taken",
                dropped + 1
            ));
        }
    }
    done
}

fn drop_all_but_last(object: &mut Value, list: &str, key: &str) -> usize {
    let item = format!("{list}{key}");
    let Some(last) = diff::find_last(object, &item) else {
        return 0;
    };
    let before = diff::count(object, list);
    if !diff::remove_at(object, &item) {
        return 0;
    }
    diff::push(object, list, last);
    before.saturating_sub(diff::count(object, list))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn unknown_fields_are_left_out_and_named() {
        let mut object = json!({"spec": {"replicas": 1, "foo": 1, "template": {"spec": {
            "containers": [{"name": "web", "bar": {"x": 1}}]}}}});
        let refusal = "failed to create typed patch object (a/b; apps/v1, Kind=Deployment): errors:\n  \
             .spec.foo: field not declared in schema\n  \
             .spec.template.spec.containers[name=\"web\"].bar: field not declared in schema";
        assert_eq!(mend(&mut object, refusal).len(), 2);
        assert_eq!(
            object,
            json!({"spec": {"replicas": 1, "template": {"spec": {"containers": [{"name": "web"}]}}}})
        );
    }

    #[test]
    fn of_items_with_equal_keys_the_last_is_taken() {
        let mut object = json!({"spec": {"containers": [{"name": "web", "env": [
            {"name": "A", "value": "1"}, {"name": "B"}, {"name": "A", "value": "2"}]}]}});
        let refusal = "failed to create typed patch object (a/b; v1, Kind=Pod): \
             .spec.containers[name=\"web\"].env: duplicate entries for key [name=\"A\"]";
        let done = mend(&mut object, refusal);
        assert_eq!(
            done,
            [".spec.containers[name=\"web\"].env has 2 items [name=\"A\"]; the last one was taken"]
        );
        let env = &object["spec"]["containers"][0]["env"];
        assert_eq!(*env, json!([{"name": "B"}, {"name": "A", "value": "2"}]));
    }

    #[test]
    fn other_refusals_change_nothing() {
        let mut object = json!({"spec": {}});
        assert!(mend(&mut object, "quota exceeded").is_empty());
    }
}

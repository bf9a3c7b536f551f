//! Taking over what a Helm release wrote.
//!
//! The writer of a release stays in `managedFields` beside us, as the owner of everything that it
//! ever sent; a field that both own stays when we drop it. So its entry is united with ours, and the
//! next apply removes what the chart does not have.

use serde_json::{Value, json};

use crate::object::Writer;

/// The field by which the writer of a release is known.
const MARK: &str = "f:meta.helm.sh/release-name";

/// Whether a release's writer owns the object beside us.
pub(super) fn has_former_writer(writers: &[Writer], our_manager: &str) -> bool {
    writers.iter().any(|writer| {
        writer.manager != our_manager
            && !writer.applied
            && writer.subresource.is_empty()
            && writer.fields.contains(MARK)
    })
}

/// The merge patch that unites the entry of the release's writer with ours; `None` when there is
/// nothing to unite.
pub(super) fn absorb(object: &Value, our_manager: &str) -> Option<Value> {
    let entries = object["metadata"]["managedFields"].as_array()?;
    let is_ours = |entry: &&Value| {
        entry["manager"] == our_manager
            && entry["operation"] == "Apply"
            && entry["subresource"].is_null()
    };
    let mut ours = entries.iter().find(is_ours)?.clone();
    let is_former = |entry: &&Value| {
        entry["operation"] == "Update"
            && entry["subresource"].is_null()
            && entry["apiVersion"] == ours["apiVersion"]
            && entry["fieldsV1"].to_string().contains(MARK)
    };
    let (former, others): (Vec<&Value>, Vec<&Value>) = entries
        .iter()
        .filter(|entry| !is_ours(entry))
        .partition(is_former);
    if former.is_empty() {
        return None;
    }
    for entry in former {
        unite(&mut ours["fieldsV1"], &entry["fieldsV1"]);
    }
    let mut entries: Vec<Value> = others.into_iter().cloned().collect();
    entries.push(ours);
    Some(json!({"metadata": {
        "resourceVersion": object["metadata"]["resourceVersion"],
        "managedFields": entries,
    }}))
}

/// Puts the fields of one tree into another.
fn unite(into: &mut Value, from: &Value) {
    let (Value::Object(into), Value::Object(from)) = (into, from) else {
        return;
    };
    for (key, below) in from {
        unite(into.entry(key).or_insert_with(|| json!({})), below);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(manager: &str, operation: &str, fields: &Value) -> Value {
        json!({"manager": manager, "operation": operation, "apiVersion": "v1", "fieldsV1": fields})
    }

    fn annotations() -> Value {
        json!({"f:annotations": {MARK: {}}})
    }

    #[test]
    fn the_releases_writer_is_united_with_ours_and_others_stay() {
        let helm = json!({"f:metadata": annotations(), "f:data": {"f:old": {}}});
        let ours = json!({"f:metadata": annotations(), "f:data": {"f:new": {}}});
        let jane = entry("jane", "Update", &json!({"f:data": {"f:hers": {}}}));
        let object = json!({"metadata": {"resourceVersion": "7", "managedFields": [
            entry("helm", "Update", &helm), jane, entry("us", "Apply", &ours),
        ]}});
        let both = json!({"f:metadata": annotations(), "f:data": {"f:old": {}, "f:new": {}}});
        let expected = json!({"metadata": {"resourceVersion": "7", "managedFields": [
            jane, entry("us", "Apply", &both),
        ]}});
        assert_eq!(absorb(&object, "us"), Some(expected));
    }

    #[test]
    fn without_a_release_there_is_nothing_to_unite() {
        let ours = entry("us", "Apply", &json!({"f:metadata": annotations()}));
        let jane = entry("jane", "Update", &json!({"f:data": {"f:hers": {}}}));
        let object = json!({"metadata": {"managedFields": [ours, jane]}});
        assert_eq!(absorb(&object, "us"), None);
    }
}

//! The custom resource definition of `Module`.

use serde_json::{Value, json};

use crate::object::{APPLYSET_IS_PARENT_TYPE, GROUP};

/// The name of the definition.
pub(super) const NAME: &str = "modules.addon-operator.io";

/// The definition as it is applied.
pub(super) fn definition() -> Value {
    json!({
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": NAME, "labels": {APPLYSET_IS_PARENT_TYPE: "true"}},
        "spec": {
            "group": GROUP,
            "scope": "Namespaced",
            "names": {
                "kind": "Module", "listKind": "ModuleList", "plural": "modules", "singular": "module",
            },
            "versions": [{
                "name": "v1alpha1",
                "served": true,
                "storage": true,
                "subresources": {"status": {}},
                "additionalPrinterColumns": columns(),
                "schema": {"openAPIV3Schema": {
                    "type": "object",
                    "description":
                        "What a module of addon-operator has in the cluster. Written by the operator alone.",
                    "properties": {"status": status()},
                }},
            }],
        },
    })
}

fn columns() -> Value {
    let column = |name: &str, kind: &str, path: &str, priority: u8| json!({"name": name, "type": kind, "jsonPath": path, "priority": priority});
    json!([
        column("State", "string", ".status.state", 0),
        column("Objects", "integer", ".status.objectCount", 0),
        column("Reason", "string", ".status.reason", 0),
        column("Age", "date", ".metadata.creationTimestamp", 0),
        column("Weight", "integer", ".status.weight", 1),
        column("Message", "string", ".status.message", 1),
    ])
}

fn status() -> Value {
    let text = json!({"type": "string"});
    let number = json!({"type": "integer"});
    json!({
        "type": "object",
        "properties": {
            "state": text,
            "reason": text,
            "message": text,
            "description": text,
            "weight": number,
            "objectCount": number,
            "valuesChecksum": text,
            "releaseRevision": number,
            "conditions": conditions(&text),
            "objects": {
                "type": "array",
                "x-kubernetes-list-type": "atomic",
                "items": {"type": "object", "properties": {
                    "group": text, "kind": text, "namespace": text, "name": text, "fields": text,
                }},
            },
        },
    })
}

fn conditions(text: &Value) -> Value {
    json!({
        "type": "array",
        "x-kubernetes-list-type": "map",
        "x-kubernetes-list-map-keys": ["type"],
        "items": {
            "type": "object",
            "required": ["type", "status"],
            "properties": {
                "type": text,
                "status": text,
                "reason": text,
                "message": text,
                "lastTransitionTime": {"type": "string", "format": "date-time"},
            },
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The file is for those who install definitions themselves; the operator installs its own.
    #[test]
    fn the_file_in_deploy_is_this_definition() {
        let file =
            std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/crds/modules.yaml");
        let text = crate::yaml::write(&definition());
        if std::env::var_os("ADDON_OPERATOR_UPDATE_DEPLOY").is_some() {
            std::fs::write(&file, &text).unwrap();
        }
        assert_eq!(std::fs::read_to_string(file).unwrap(), text);
    }
}

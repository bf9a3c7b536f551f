//! What a cluster holds of one lane, without what differs from run to run.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use http::Request;
use kube::Client;
use serde_json::{Value, json};

use super::lane::Lane;
use crate::support::{eventually, rest};

const PATIENCE: Duration = Duration::from_mins(1);

/// Collections of a namespace that stories write to.
const KINDS: [&str; 11] = [
    "/api/v1/namespaces/NAMESPACE/configmaps",
    "/api/v1/namespaces/NAMESPACE/secrets",
    "/api/v1/namespaces/NAMESPACE/services",
    "/api/v1/namespaces/NAMESPACE/serviceaccounts",
    "/apis/apps/v1/namespaces/NAMESPACE/deployments",
    "/apis/batch/v1/namespaces/NAMESPACE/jobs",
    "/apis/rbac.authorization.k8s.io/v1/namespaces/NAMESPACE/roles",
    "/apis/rbac.authorization.k8s.io/v1/namespaces/NAMESPACE/rolebindings",
    "/apis/coordination.k8s.io/v1/namespaces/NAMESPACE/leases",
    "/apis/addon-operator.io/v1alpha1/namespaces/NAMESPACE/modules",
    "/apis/LETTERS.example.com/v1/namespaces/NAMESPACE/widgets",
];
/// Collections of the cluster; what is of a lane has its letters in its name.
const SHARED: [&str; 2] = [
    "/apis/rbac.authorization.k8s.io/v1/clusterroles",
    "/apis/apiextensions.k8s.io/v1/customresourcedefinitions",
];
/// They differ between any two runs. Times and addresses are the server's.
const VOLATILE: [&str; 10] = [
    "uid",
    "resourceVersion",
    "creationTimestamp",
    "time",
    "lastTransitionTime",
    "clusterIP",
    "clusterIPs",
    "generation",
    "observedGeneration",
    "createdAt",
];

/// Objects by path.
pub(super) type State = BTreeMap<String, Value>;

/// All objects of a lane, as they are.
pub(super) async fn objects(lane: &Lane) -> State {
    let mut found = State::new();
    for (kinds, is_shared) in [(&KINDS[..], false), (&SHARED[..], true)] {
        for kind in kinds {
            let path = path(lane, kind);
            let Some(list) = rest::get(&lane.client, &path).await else {
                continue;
            };
            for item in list["items"].as_array().into_iter().flatten() {
                let name = item["metadata"]["name"].as_str().unwrap_or_default();
                if !is_shared || name.contains(lane.letters()) {
                    found.insert(format!("{path}/{name}"), item.clone());
                }
            }
        }
    }
    found
}

/// The same, without what differs from run to run; `drawn` are texts that a chart draws.
pub(super) fn comparable(objects: &State, drawn: &BTreeSet<String>) -> State {
    let mut state = objects.clone();
    for object in state.values_mut() {
        mask(object, drawn);
    }
    state
}

fn mask(value: &mut Value, drawn: &BTreeSet<String>) {
    match value {
        Value::Object(map) => {
            for (key, below) in map.iter_mut() {
                if VOLATILE.contains(&key.as_str()) {
                    *below = json!("…");
                } else {
                    mask(below, drawn);
                }
            }
        }
        Value::Array(list) => list.iter_mut().for_each(|below| mask(below, drawn)),
        Value::String(text) if drawn.contains(text) => "drawn".clone_into(text),
        _ => {}
    }
}

/// What differs, one line each.
pub(super) fn differences(expected: &State, found: &State) -> Vec<String> {
    let mut told = Vec::new();
    let paths: BTreeSet<&String> = expected.keys().chain(found.keys()).collect();
    for path in paths {
        match (expected.get(path), found.get(path)) {
            (Some(_), None) => told.push(format!("{path} is not there")),
            (None, Some(object)) => told.push(format!("{path} is left over: {object}")),
            (Some(expected), Some(found)) => compare(path, expected, found, &mut told),
            (None, None) => {}
        }
    }
    told
}

fn compare(place: &str, expected: &Value, found: &Value, told: &mut Vec<String>) {
    match (expected, found) {
        (Value::Object(one), Value::Object(other)) => {
            let keys: BTreeSet<&String> = one.keys().chain(other.keys()).collect();
            for key in keys {
                let [one, other] = [one, other].map(|map| map.get(key).unwrap_or(&Value::Null));
                compare(&format!("{place} .{key}"), one, other, told);
            }
        }
        _ if expected != found => told.push(format!("{place}: {expected} became {found}")),
        _ => {}
    }
}

/// Objects with our labels that no inventory has.
pub(super) fn orphans(objects: &State) -> Vec<String> {
    let modules = || {
        objects
            .iter()
            .filter(|(path, _)| path.contains("/modules/"))
    };
    let label = |object: &Value, key: &str| object["metadata"]["labels"][key].clone();
    let inventories: BTreeMap<String, BTreeSet<String>> = modules()
        .map(|(_, module)| {
            let id = label(module, "applyset.kubernetes.io/id");
            let entries = module["status"]["objects"].as_array().into_iter().flatten();
            let names =
                entries.map(|entry| format!("{}/{}", text(&entry["kind"]), text(&entry["name"])));
            (text(&id), names.collect())
        })
        .collect();
    let mut told = Vec::new();
    for (path, object) in objects {
        let part_of = label(object, "applyset.kubernetes.io/part-of");
        if part_of.is_null() {
            continue;
        }
        let kind = kind_of(path);
        let name = format!("{kind}/{}", text(&object["metadata"]["name"]));
        match inventories.get(&text(&part_of)) {
            Some(names) if names.contains(&name) => {}
            _ => told.push(format!(
                "{path} is in no inventory: {name} of {inventories:?}"
            )),
        }
    }
    told
}

/// Items of lists do not say what they are.
fn kind_of(path: &str) -> &'static str {
    let plural = path.rsplit('/').nth(1).unwrap_or_default();
    match plural {
        "configmaps" => "ConfigMap",
        "secrets" => "Secret",
        "services" => "Service",
        "serviceaccounts" => "ServiceAccount",
        "deployments" => "Deployment",
        "jobs" => "Job",
        "roles" => "Role",
        "rolebindings" => "RoleBinding",
        "clusterroles" => "ClusterRole",
        "widgets" => "Widget",
        _ => "",
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// Removes everything of a lane, and waits until it is gone.
pub(super) async fn clear(lane: &Lane) {
    let events = path(lane, "/api/v1/namespaces/NAMESPACE/events");
    remove(&lane.client, &events).await;
    eventually("the lane is empty", PATIENCE, async || {
        let left = objects(lane).await;
        for path in left.keys() {
            remove(&lane.client, path).await;
        }
        if left.is_empty() {
            Ok(())
        } else {
            Err(format!("{:?}", left.keys()))
        }
    })
    .await;
}

async fn remove(client: &Client, path: &str) {
    let request = Request::delete(path).body(Vec::new()).expect("a request");
    // It may be gone, or on its way.
    let _ = client.request::<Value>(request).await;
}

fn path(lane: &Lane, kind: &str) -> String {
    kind.replace("NAMESPACE", lane.namespace.name())
        .replace("LETTERS", lane.letters())
}

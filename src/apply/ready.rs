//! Whether an object is ready, by the rules of kstatus: what its own status says of itself.

use serde_json::Value;

/// Whether an object does what it is there for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Readiness {
    /// It does, or there is nothing to wait for.
    Ready,
    /// Not yet; why.
    Waiting(String),
    /// It failed and will not become ready by itself; why.
    Failed(String),
}

/// Reads the readiness of one whole object.
pub fn readiness(object: &Value) -> Readiness {
    if !object["metadata"]["deletionTimestamp"].is_null() {
        return waiting("it is being deleted");
    }
    let generation = object["metadata"]["generation"].as_i64();
    let observed = object["status"]["observedGeneration"].as_i64();
    if let (Some(generation), Some(observed)) = (generation, observed)
        && observed < generation
    {
        return waiting("its controller has not seen the latest change");
    }
    let kind = object["kind"].as_str().unwrap_or_default();
    let group = object["apiVersion"]
        .as_str()
        .and_then(|text| text.split_once('/'))
        .map_or("", |(group, _)| group);
    match (group, kind) {
        ("apps", "Deployment") => deployment(object),
        ("apps", "StatefulSet" | "ReplicaSet") => replicas(object, "readyReplicas"),
        ("apps", "DaemonSet") => daemon_set(object),
        ("batch", "Job") => job(object),
        ("", "Pod") => pod(object),
        ("", "PersistentVolumeClaim") => phase(object, "Bound"),
        ("", "Namespace") => phase(object, "Active"),
        ("", "Service") => service(object),
        ("apiextensions.k8s.io", "CustomResourceDefinition") => condition(object, "Established"),
        ("apiregistration.k8s.io", "APIService") => condition(object, "Available"),
        _ => by_conditions(object),
    }
}

fn waiting(why: impl Into<String>) -> Readiness {
    Readiness::Waiting(why.into())
}

fn count(object: &Value, pointer: &str) -> i64 {
    object.pointer(pointer).and_then(Value::as_i64).unwrap_or(0)
}

fn find<'a>(object: &'a Value, kind: &str) -> Option<&'a Value> {
    object["status"]["conditions"]
        .as_array()?
        .iter()
        .find(|condition| condition["type"] == kind)
}

fn message(condition: &Value) -> String {
    let text = |key: &str| condition[key].as_str().unwrap_or_default();
    if text("message").is_empty() {
        text("reason").to_owned()
    } else {
        text("message").to_owned()
    }
}

fn condition(object: &Value, kind: &str) -> Readiness {
    match find(object, kind) {
        Some(found) if found["status"] == "True" => Readiness::Ready,
        Some(found) => waiting(format!("{kind} is not true: {}", message(found))),
        None => waiting(format!("it has no condition {kind} yet")),
    }
}

/// Objects of controllers that keep the conventions: `Ready`, or `Reconciling` and `Stalled`.
fn by_conditions(object: &Value) -> Readiness {
    if let Some(stalled) = find(object, "Stalled").filter(|found| found["status"] == "True") {
        return Readiness::Failed(message(stalled));
    }
    if let Some(reconciling) = find(object, "Reconciling").filter(|found| found["status"] == "True")
    {
        return waiting(message(reconciling));
    }
    match find(object, "Ready") {
        Some(ready) if ready["status"] != "True" => {
            waiting(format!("Ready is not true: {}", message(ready)))
        }
        Some(_) | None => Readiness::Ready,
    }
}

fn deployment(object: &Value) -> Readiness {
    if let Some(progress) =
        find(object, "Progressing").filter(|found| found["reason"] == "ProgressDeadlineExceeded")
    {
        return Readiness::Failed(message(progress));
    }
    let wanted = object
        .pointer("/spec/replicas")
        .and_then(Value::as_i64)
        .unwrap_or(1);
    let updated = count(object, "/status/updatedReplicas");
    let available = count(object, "/status/availableReplicas");
    if object["status"]["observedGeneration"].is_null() {
        waiting("its controller has not seen it")
    } else if updated < wanted {
        waiting(format!("{updated} of {wanted} replicas are updated"))
    } else if count(object, "/status/replicas") > updated {
        waiting("old replicas are still there")
    } else if available < wanted {
        waiting(format!("{available} of {wanted} replicas are available"))
    } else {
        Readiness::Ready
    }
}

fn replicas(object: &Value, ready: &str) -> Readiness {
    let wanted = object
        .pointer("/spec/replicas")
        .and_then(Value::as_i64)
        .unwrap_or(1);
    let ready = object["status"][ready].as_i64().unwrap_or(0);
    if object["status"]["observedGeneration"].is_null() {
        waiting("its controller has not seen it")
    } else if ready < wanted {
        waiting(format!("{ready} of {wanted} replicas are ready"))
    } else {
        Readiness::Ready
    }
}

fn daemon_set(object: &Value) -> Readiness {
    let wanted = count(object, "/status/desiredNumberScheduled");
    let updated = count(object, "/status/updatedNumberScheduled");
    let ready = count(object, "/status/numberReady");
    if object["status"]["observedGeneration"].is_null() {
        waiting("its controller has not seen it")
    } else if updated < wanted || ready < wanted {
        waiting(format!(
            "{} of {wanted} pods are updated and ready",
            updated.min(ready)
        ))
    } else {
        Readiness::Ready
    }
}

fn job(object: &Value) -> Readiness {
    if let Some(failed) = find(object, "Failed").filter(|found| found["status"] == "True") {
        return Readiness::Failed(message(failed));
    }
    match find(object, "Complete") {
        Some(complete) if complete["status"] == "True" => Readiness::Ready,
        Some(_) | None => waiting("it has not completed"),
    }
}

fn pod(object: &Value) -> Readiness {
    match object["status"]["phase"].as_str() {
        Some("Succeeded") => Readiness::Ready,
        Some("Failed") => Readiness::Failed(
            object["status"]["message"]
                .as_str()
                .unwrap_or("it failed")
                .to_owned(),
        ),
        _ => condition(object, "Ready"),
    }
}

fn phase(object: &Value, wanted: &str) -> Readiness {
    match object["status"]["phase"].as_str() {
        Some(phase) if phase == wanted => Readiness::Ready,
        Some(phase) => waiting(format!("its phase is {phase}")),
        None => waiting("it has no phase yet"),
    }
}

fn service(object: &Value) -> Readiness {
    let has_address = object.pointer("/status/loadBalancer/ingress/0").is_some();
    if object
        .pointer("/spec/type")
        .is_some_and(|kind| kind == "LoadBalancer")
        && !has_address
    {
        return waiting("its load balancer has no address yet");
    }
    Readiness::Ready
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn word(readiness: &Readiness) -> &'static str {
        match readiness {
            Readiness::Ready => "Ready",
            Readiness::Waiting(_) => "Waiting",
            Readiness::Failed(_) => "Failed",
        }
    }

    macro_rules! rows {
        ($($name:ident: {$($object:tt)*} => $expected:ident;)*) => {$(
            #[test]
            fn $name() {
                let readiness = readiness(&json!({$($object)*}));
                assert_eq!(word(&readiness), stringify!($expected), "{readiness:?}");
            }
        )*};
    }

    rows! {
        config_map_is_ready: {"apiVersion": "v1", "kind": "ConfigMap"} => Ready;
        unseen_deployment_waits: {"apiVersion": "apps/v1", "kind": "Deployment", "spec": {"replicas": 0}} => Waiting;
        available_deployment_is_ready: {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"generation": 2}, "spec": {"replicas": 2},
            "status": {"observedGeneration": 2, "replicas": 2, "updatedReplicas": 2, "availableReplicas": 2}} => Ready;
        changed_deployment_waits: {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"generation": 3}, "spec": {"replicas": 2},
            "status": {"observedGeneration": 2, "replicas": 2, "updatedReplicas": 2, "availableReplicas": 2}} => Waiting;
        stuck_deployment_failed: {"apiVersion": "apps/v1", "kind": "Deployment", "status": {"observedGeneration": 1,
            "conditions": [{"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded"}]}} => Failed;
        failed_job_failed: {"apiVersion": "batch/v1", "kind": "Job", "status": {"conditions": [{"type": "Failed", "status": "True"}]}} => Failed;
        load_balancer_without_address_waits: {"apiVersion": "v1", "kind": "Service", "spec": {"type": "LoadBalancer"}} => Waiting;
        custom_object_that_is_not_ready_waits: {"apiVersion": "x/v1", "kind": "X", "status": {"conditions": [{"type": "Ready", "status": "False"}]}} => Waiting;
        custom_object_without_conditions_is_ready: {"apiVersion": "x/v1", "kind": "X"} => Ready;
        stalled_object_failed: {"apiVersion": "x/v1", "kind": "X", "status": {"conditions": [{"type": "Stalled", "status": "True", "message": "m"}]}} => Failed;
    }
}

//! The chart and `deploy/`: what the real Helm makes of them, and whether the API server takes it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use kube::Client;
use serde_json::{Value, json};

use crate::support::{self, objects, rest, template};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// The chart.
pub(super) fn chart() -> PathBuf {
    Path::new(ROOT).join("charts/addon-operator")
}

/// The chart with values that it takes; `None` when there is no Helm.
async fn rendered(names: (&str, &str), values: &Value) -> Option<Vec<Value>> {
    let made = template(&chart(), names, values).await?;
    Some(made.unwrap_or_else(|error| panic!("{values}: {error}")))
}

/// Objects by kind and name, in any order.
fn by_name(objects: Vec<Value>) -> BTreeMap<String, Value> {
    let key = |object: &Value| format!("{} {}", object["kind"], object["metadata"]["name"]);
    let pairs = objects.into_iter().map(|object| (key(&object), object));
    pairs.collect()
}

#[tokio::test]
async fn deploy_holds_what_the_chart_makes_by_default() {
    let names = ("addon-operator", "addon-operator");
    let Some(made) = rendered(names, &json!({})).await else {
        return;
    };
    let mut chart = by_name(made);
    for object in chart.values_mut() {
        // What belongs to Helm.
        let labels = object["metadata"]["labels"]
            .as_object_mut()
            .expect("labels");
        labels.remove("app.kubernetes.io/managed-by");
        labels.remove("helm.sh/chart");
        let Some(container) = object.pointer_mut("/spec/template/spec/containers/0/env") else {
            continue;
        };
        let variables = container.as_array_mut().expect("a list");
        variables.retain(|variable| variable["name"] != "HELM_IGNORE_RELEASE");
    }
    let mut files: Vec<PathBuf> = fs::read_dir(Path::new(ROOT).join("deploy"))
        .expect("a folder")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "yaml")
        })
        .collect();
    files.sort();
    let texts = files
        .iter()
        .map(|path| fs::read_to_string(path).expect("a file"));
    let mut deploy: Vec<Value> = texts.flat_map(|text| objects(&text)).collect();
    let namespace = deploy.remove(0);
    assert_eq!(
        namespace["kind"], "Namespace",
        "it comes before all that is in it"
    );
    assert_eq!(namespace["metadata"]["name"], "addon-operator");

    let deploy = by_name(deploy);
    let names = |objects: &BTreeMap<String, Value>| objects.keys().cloned().collect::<Vec<_>>();
    assert_eq!(
        names(&deploy),
        names(&chart),
        "left: deploy/, right: the chart"
    );
    for (name, object) in &deploy {
        assert_eq!(
            object, &chart[name],
            "{name}: left: deploy/, right: the chart"
        );
    }
}

/// Values that together reach every branch of the chart.
fn all_sorts() -> Vec<(&'static str, Value)> {
    let rules = json!([{"apiGroups": ["apps"], "resources": ["deployments"], "verbs": ["*"]}]);
    let monitoring = json!({
        "serviceMonitor": {"enabled": true, "labels": {"release": "prometheus"}},
        "rules": {"enabled": true, "labels": {"release": "prometheus"}},
        "dashboard": {"enabled": true},
    });
    let files = json!({
        "modules/values.yaml": "",
        "modules/020-hello/values.yaml": "helloEnabled: true\n",
        "modules/020-hello/hooks/a.sh": "#!/bin/bash\necho \"a: {{ b }}\"\n",
    });
    let from = json!([{"namespaceSelector": {"matchLabels": {"team": "monitoring"}}}]);
    let egress = json!([{"to": [{"ipBlock": {"cidr": "10.0.0.0/8"}}]}]);
    let pod = json!({
        "image": {"digest": format!("sha256:{}", "0".repeat(64)), "pullSecrets": [{"name": "pull"}]},
        "config": {"global": {"a": [1, "on"]}, "helloEnabled": true},
        "settings": {"LOG_LEVEL": "debug", "ADDON_OPERATOR_HOOK_PROCESSES": 4, "LOG_NO_TIME": true},
        "env": [{"name": "PROXY", "value": "x"}],
        "serviceAccount": {"create": false, "name": "other"},
        "hostNetwork": true,
        "priorityClassName": "system-cluster-critical",
        "nodeSelector": {"role": "system"},
        "tolerations": [{"operator": "Exists"}],
        "affinity": {"nodeAffinity": {}},
        "topologySpreadConstraints": [{"maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "ScheduleAnyway"}],
        "podAnnotations": {"a": "b"}, "podLabels": {"c": "d"},
        "volumes": [{"name": "certs", "secret": {"secretName": "certs"}}],
        "volumeMounts": [{"name": "certs", "mountPath": "/validating-certs"}],
    });
    let claim = json!({"persistentVolumeClaim": {"claimName": "addons"}});
    vec![
        ("the defaults", json!({})),
        ("several", json!({"replicas": 2})),
        (
            "narrowed",
            json!({"rights": {"clusterAdmin": false, "rules": rules}, "replicas": 3}),
        ),
        (
            "no webhooks",
            json!({"webhooks": {"enabled": false}, "rights": {"clusterAdmin": false}}),
        ),
        ("monitoring", json!({"metrics": monitoring})),
        ("files", json!({"modules": {"files": files}})),
        ("a volume", json!({"modules": {"volume": claim}})),
        (
            "an image",
            json!({"modules": {"image": {"reference": "addons:1"}}}),
        ),
        (
            "an image volume",
            json!({"modules": {"image": {"reference": "addons:1", "asVolume": true}}}),
        ),
        ("network", json!({"networkPolicy": {"enabled": true}})),
        (
            "closed network",
            json!({"networkPolicy": {"enabled": true, "metricsFrom": from, "webhooksFrom": from, "egress": egress}}),
        ),
        ("a pod", pod),
    ]
}

#[tokio::test]
async fn the_api_server_knows_every_field_of_the_chart() {
    let Some(server) = support::api_server() else {
        return;
    };
    let client = server.client().await;
    let namespace = server.namespace("chart").await;
    install_monitoring_definitions(&client).await;
    for (what, values) in all_sorts() {
        let names = (namespace.name(), namespace.name());
        let Some(made) = rendered(names, &values).await else {
            return;
        };
        for object in made {
            let path = rest::path_of(&object);
            let checked = rest::check(&client, &path, &object).await;
            checked.unwrap_or_else(|error| panic!("{what}: {path}: {error}\n{object:#}"));
        }
    }

    // And it would not know one that is wrong.
    let wrong = json!({"apiVersion": "v1", "kind": "Service", "spec": {"port": 1},
        "metadata": {"name": "wrong", "namespace": namespace.name()}});
    let refusal = rest::check(&client, &rest::path_of(&wrong), &wrong).await;
    assert!(refusal.expect_err("a refusal").contains("port"));
}

#[tokio::test]
async fn the_pod_keeps_the_strictest_pod_security_standard() {
    let Some(server) = support::api_server() else {
        return;
    };
    let client = server.client().await;
    let namespace = server.namespace("restricted").await;
    let labels =
        json!({"metadata": {"labels": {"pod-security.kubernetes.io/enforce": "restricted"}}});
    let path = format!("/api/v1/namespaces/{}", namespace.name());
    rest::merge(&client, &path, "test", &labels).await;
    let rows = [
        (json!({}), None),
        (
            json!({"modules": {"image": {"reference": "addons:1"}}}),
            None,
        ),
        (
            json!({"modules": {"files": {"modules/values.yaml": ""}}}),
            None,
        ),
        (json!({"hostNetwork": true}), Some("host namespaces")),
        (
            json!({"podSecurityContext": {"runAsNonRoot": false, "runAsUser": 0}}),
            Some("runAsNonRoot"),
        ),
    ];
    for (values, refusal) in rows {
        let Some(made) = rendered((namespace.name(), namespace.name()), &values).await else {
            return;
        };
        let mut all = made.into_iter();
        let deployment = all.find(|object| object["kind"] == "Deployment");
        let template = &deployment.expect("a Deployment")["spec"]["template"];
        let pod = json!({"apiVersion": "v1", "kind": "Pod", "spec": template["spec"],
            "metadata": {"name": "operator", "namespace": namespace.name()}});
        let checked = rest::check(&client, &rest::path_of(&pod), &pod).await;
        match refusal {
            None => drop(checked.unwrap_or_else(|error| panic!("{values}: {error}"))),
            Some(refusal) => {
                let error = checked.expect_err("a refusal");
                assert!(error.contains(refusal), "{values}: {error}");
            }
        }
    }
}

#[tokio::test]
async fn wrong_values_are_refused_by_their_schema() {
    let wrong = [
        (json!({"replica": 2}), "replica"),
        (json!({"replicas": "2"}), "replicas"),
        (json!({"modules": {"file": {}}}), "file"),
        (
            json!({"modules": {"files": {"020-hello/values.yaml": ""}}}),
            "020-hello",
        ),
        (
            json!({"modules": {"files": {"modules/a": ""}, "volume": {"emptyDir": {}}}}),
            "modules",
        ),
        (
            json!({"modules": {"files": {"modules/a": ""}, "image": {"reference": "a"}}}),
            "modules",
        ),
        (
            json!({"modules": {"volume": {"emptyDir": {}}, "image": {"reference": "a"}}}),
            "modules",
        ),
        (json!({"rights": {"clusterAdmin": "no"}}), "clusterAdmin"),
        (json!({"rights": {"rules": [{"apiGroup": ""}]}}), "apiGroup"),
        (json!({"settings": {"log-level": "debug"}}), "log-level"),
        (json!({"image": {"digest": "sha256:1"}}), "digest"),
        (json!({"config": {"my-module": {}}}), "my-module"),
    ];
    for (values, word) in wrong {
        let Some(made) = template(&chart(), ("a", "b"), &values).await else {
            return;
        };
        let error = made.expect_err(&format!("{values} is taken"));
        assert!(error.contains(word), "{values}: {error}");
    }
}

/// The kinds of the Prometheus operator, as far as the chart uses them: the server refuses any other
/// field.
async fn install_monitoring_definitions(client: &Client) {
    let text = json!({"type": "string"});
    let texts = json!({"type": "object", "additionalProperties": text});
    let endpoint = json!({"type": "object", "properties": {
        "port": text, "path": text, "interval": text, "honorLabels": {"type": "boolean"},
    }});
    let monitor = json!({"type": "object", "required": ["selector", "endpoints"], "properties": {
        "selector": {"type": "object", "properties": {"matchLabels": texts}},
        "endpoints": {"type": "array", "items": endpoint},
    }});
    let rule = json!({"type": "object", "required": ["alert", "expr"], "properties": {
        "alert": text, "expr": text, "for": text, "labels": texts, "annotations": texts,
    }});
    let group = json!({"type": "object", "required": ["name"], "properties": {
        "name": text, "rules": {"type": "array", "items": rule},
    }});
    let rules = json!({"type": "object", "properties": {
        "groups": {"type": "array", "items": group},
    }});
    for (kind, spec) in [("ServiceMonitor", monitor), ("PrometheusRule", rules)] {
        let plural = format!("{}s", kind.to_lowercase());
        let name = format!("{plural}.monitoring.coreos.com");
        let schema = json!({"type": "object", "properties": {"spec": spec}});
        let definition = json!({
            "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
            "metadata": {"name": name},
            "spec": {
                "group": "monitoring.coreos.com", "scope": "Namespaced",
                "names": {"kind": kind, "plural": plural, "singular": kind.to_lowercase()},
                "versions": [{"name": "v1", "served": true, "storage": true,
                    "schema": {"openAPIV3Schema": schema}}],
            },
        });
        let path = rest::path_of(&definition);
        rest::apply(client, &path, "test", &definition).await;
        let list = format!("/apis/monitoring.coreos.com/v1/{plural}");
        super::deploy_run::until(client, &list, |found| found.is_some()).await;
    }
}

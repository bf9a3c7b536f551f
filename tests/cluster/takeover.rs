//! The first start on a cluster that the original leaves behind: releases made by the real Helm.

use addon_operator::serve::ModuleState;
use http::Request;
use serde_json::{Value, json};

use super::stage::{Stage, config_map, definition};
use crate::support::{self, Helm, Modules, Operator, rest};

/// A key of the `ConfigMap` `web` that the first chart has and the second drops; and its like.
const FIRST: &str = "---
apiVersion: v1
kind: ConfigMap
metadata:
  name: web
  labels: {heritage: addon-operator, dropped: x}
  annotations: {note: of the chart}
data: {text: a, dropped: x}
";
const SECOND: &str = "---
apiVersion: v1
kind: ConfigMap
metadata:
  name: web
data: {text: a}
";
/// Everything that a server or Helm fills in is left out.
const REST: &str = "---
apiVersion: v1
kind: Secret
metadata: {name: web, labels: {heritage: addon-operator}}
stringData: {password: hunter2}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: web, labels: {heritage: addon-operator}}
---
apiVersion: v1
kind: Service
metadata: {name: web, labels: {heritage: addon-operator}}
spec:
  selector: {app: web}
  ports: [{port: 80}]
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, labels: {heritage: addon-operator}}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      serviceAccountName: web
      containers:
      - name: web
        image: example.com/web:1
        ports: [{containerPort: 80}]
        livenessProbe: {httpGet: {path: /, port: 80}}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: web, labels: {heritage: addon-operator}}
rules: [{apiGroups: [''], resources: [pods], verbs: [get]}]
";
const GONE: &str = "---
apiVersion: v1
kind: ConfigMap
metadata: {name: gone, labels: {heritage: addon-operator}}
";
const KEPT: &str = "---
apiVersion: v1
kind: ConfigMap
metadata:
  name: kept
  labels: {heritage: addon-operator}
  annotations: {helm.sh/resource-policy: keep}
";
/// The objects of the second chart, and the one that is kept.
const OBJECTS: [&str; 7] = [
    "configmaps/web",
    "secrets/web",
    "serviceaccounts/web",
    "services/web",
    "apps/v1/deployments/web",
    "rbac.authorization.k8s.io/v1/roles/web",
    "configmaps/kept",
];

/// The names and versions of the objects in which Helm keeps releases.
async fn releases(stage: &Stage, kind: &str) -> Vec<(Value, Value)> {
    let path = format!("{}?labelSelector=owner%3Dhelm", stage.path(kind));
    let request = Request::get(path).body(Vec::new()).expect("a request");
    let list: Value = stage.client.request(request).await.expect("a list");
    let items = list["items"].as_array().expect("items");
    let parts = |item: &Value| {
        let metadata = &item["metadata"];
        (
            metadata["name"].clone(),
            metadata["resourceVersion"].clone(),
        )
    };
    items.iter().map(parts).collect()
}

async fn versions(stage: &Stage, part: &str) -> Vec<Value> {
    let mut found = Vec::new();
    for object in OBJECTS {
        found.push(stage.get(object).await["metadata"][part].clone());
    }
    found
}

/// Who owns a field of an object.
fn owners(object: &Value, field: &str) -> Vec<String> {
    let entries = object["metadata"]["managedFields"].as_array();
    entries
        .into_iter()
        .flatten()
        .filter(|entry| {
            entry["fieldsV1"]
                .to_string()
                .contains(&format!("\"f:{field}\""))
        })
        .map(|entry| format!("{} {}", entry["manager"], entry["operation"]).replace('"', ""))
        .collect()
}

/// What the chart dropped is gone, and what others set is theirs.
fn check_fields(web: &Value) {
    assert_eq!(
        web["data"],
        json!({"text": "a", "theirs": "1", "of-hook": "1"})
    );
    assert_eq!(web["metadata"]["labels"]["dropped"], Value::Null);
    assert_eq!(web["metadata"]["labels"]["theirs"], "1");
    assert_eq!(web["metadata"]["annotations"]["note"], Value::Null);
    assert_eq!(web["metadata"]["annotations"]["of-hook"], "1");
    assert_eq!(owners(web, "text"), ["addon-operator/web Apply"]);
    assert_eq!(owners(web, "theirs"), ["somebody Update"]);
    assert_eq!(owners(web, "of-hook"), ["addon-operator Update"]);
}

#[tokio::test]
async fn release_is_taken_over_as_it_is() {
    let Some(stage) = Stage::with("takeover", &(SECOND.to_owned() + REST)).await else {
        return;
    };
    let Some(helm) = stage.helm().await else {
        return;
    };
    helm.upgrade("web", &config_map("web", "older")).await;
    let all = [FIRST, REST, GONE, KEPT].concat();
    helm.upgrade("web", &all).await;
    // Somebody, and a hook of the original, which writes under the same name as its Helm.
    let theirs = json!({"data": {"theirs": "1"}, "metadata": {"labels": {"theirs": "1"}}});
    stage.alter("configmaps/web", "somebody", &theirs).await;
    let hooks = json!({"data": {"of-hook": "1"}, "metadata": {"annotations": {"of-hook": "1"}}});
    stage
        .alter("configmaps/web", "addon-operator", &hooks)
        .await;
    let (uids, kept) = (
        versions(&stage, "uid").await,
        stage.get("configmaps/kept").await,
    );
    let deployment = stage.get("apps/v1/deployments/web").await;
    let before = releases(&stage, "secrets").await;
    assert_eq!(before.len(), 2);

    stage.run_well().await.stop().await;

    assert_eq!(versions(&stage, "uid").await, uids, "nothing is made anew");
    check_fields(&stage.get("configmaps/web").await);
    let now = stage.get("apps/v1/deployments/web").await;
    assert_eq!(now["spec"], deployment["spec"], "no pod is restarted");
    assert_eq!(owners(&now, "image"), ["addon-operator/web Apply"]);
    assert_eq!(stage.find("configmaps/gone").await, None);
    assert_eq!(stage.get("configmaps/kept").await, kept);
    assert_eq!(
        releases(&stage, "secrets").await,
        before,
        "read, never written"
    );
    let module = stage.module().await;
    assert_eq!(module["status"]["releaseRevision"], 2);
    assert_eq!(module["status"]["objectCount"], 6);

    let before = versions(&stage, "resourceVersion").await;
    let operator = stage.run_well().await;
    assert_eq!(versions(&stage, "resourceVersion").await, before);
    assert_eq!(stage.module().await, module);
    // What is dropped from now on goes as well: of the list of containers nobody else holds a part.
    let without = REST.replace(
        "        livenessProbe: {httpGet: {path: /, port: 80}}\n",
        "",
    );
    stage.chart("web", &(SECOND.to_owned() + &without));
    let is_gone = |object: &Value| {
        object["spec"]["template"]["spec"]["containers"][0]["livenessProbe"].is_null()
    };
    let what = "the probe is gone";
    stage.until("apps/v1/deployments/web", what, is_gone).await;
    operator.stop().await;
}

#[tokio::test]
async fn taking_over_costs_two_writes_an_object_and_the_next_start_none() {
    let Some(server) = support::private_server().await else {
        return;
    };
    let Some(helm) = Helm::new(server.kubeconfig(), "ops").await else {
        return;
    };
    let client = support::client(server.kubeconfig()).await;
    let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "ops"}});
    rest::create(&client, "/api/v1/namespaces", &namespace).await;
    helm.upgrade("web", &(SECOND.to_owned() + REST)).await;
    let modules = Modules::of(&[("010-web/values.yaml", "webEnabled: true\n")]);
    modules.write("010-web/templates/all.yaml.j2", &(SECOND.to_owned() + REST));

    let mut writes = Vec::new();
    for _ in 0..2 {
        let before = support::server_metrics(&client).await;
        let mut operator = Operator::start(server.kubeconfig(), "ops", modules.path());
        operator.converged().await;
        operator.module_is("web", ModuleState::Applied).await;
        operator.stop().await;
        let after = support::server_metrics(&client).await;
        let mut counts = after.since(&before).writes();
        counts.0.retain(|(_, resource), _| {
            ["modules", "definitions", "events", "apiservices"]
                .iter()
                .all(|others| !resource.contains(others))
        });
        writes.push(counts);
    }
    assert_eq!(writes[0].total(), 12, "{}", writes[0]);
    assert_eq!(writes[1].total(), 0, "{}", writes[1]);
    server.stop().await.expect("an end");
}

#[tokio::test]
async fn takeover_that_is_cut_off_goes_on() {
    let Some(stage) = Stage::with("takeover", &(SECOND.to_owned() + REST)).await else {
        return;
    };
    let Some(helm) = stage.helm().await else {
        return;
    };
    helm.upgrade("web", &[FIRST, REST, GONE, KEPT].concat())
        .await;
    let uids = versions(&stage, "uid").await;
    let spec = stage.get("apps/v1/deployments/web").await["spec"].clone();

    for wait in [60, 80, 100, 120, 140, 170, 200, 250] {
        let operator = stage.start();
        tokio::time::sleep(std::time::Duration::from_millis(wait)).await;
        // As a kill would end it.
        drop(operator);
    }
    stage.run_well().await.stop().await;

    assert_eq!(versions(&stage, "uid").await, uids);
    let web = stage.get("configmaps/web").await;
    assert_eq!(web["data"], json!({"text": "a"}));
    assert_eq!(stage.find("configmaps/gone").await, None);
    assert_eq!(stage.get("apps/v1/deployments/web").await["spec"], spec);
}

#[tokio::test]
async fn release_of_a_failed_upgrade_counts_as_helm_counts_it() {
    let Some(stage) = Stage::with("takeover", SECOND).await else {
        return;
    };
    let Some(helm) = stage.helm().await else {
        return;
    };
    helm.upgrade("web", &[FIRST, GONE].concat()).await;
    let refused = "---\napiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {ports: [{port: 70000}]}\n";
    let failed = helm
        .upgrade_with("web", &(SECOND.to_owned() + refused), &[])
        .await;
    assert!(failed.unwrap_err().contains("70000"));

    stage.run_well().await.stop().await;

    assert_eq!(stage.module().await["status"]["releaseRevision"], 1);
    assert_eq!(
        stage.get("configmaps/web").await["data"],
        json!({"text": "a"})
    );
    assert_eq!(stage.find("configmaps/gone").await, None);
}

#[tokio::test]
async fn releases_in_config_maps_are_read() {
    let Some(stage) = Stage::with("takeover", SECOND).await else {
        return;
    };
    let Some(helm) = stage.helm().await else {
        return;
    };
    let helm = helm.in_config_maps();
    helm.upgrade("web", &[FIRST, GONE].concat()).await;
    assert_eq!(releases(&stage, "configmaps").await.len(), 1);

    let mut operator = stage.start_with(|settings| {
        settings.helm.store = addon_operator::release::Store::ConfigMaps;
    });
    operator.converged().await;
    operator.stop().await;

    assert_eq!(
        stage.get("configmaps/web").await["data"],
        json!({"text": "a"})
    );
    assert_eq!(stage.find("configmaps/gone").await, None);
}

#[tokio::test]
async fn release_that_cannot_be_read_is_told_and_nothing_is_lost() {
    let Some(stage) = Stage::with("takeover", SECOND).await else {
        return;
    };
    let Some(helm) = stage.helm().await else {
        return;
    };
    helm.upgrade("web", &[FIRST, GONE].concat()).await;
    let broken = json!({"data": {"release": "aHVudGVyMg=="}});
    let secret = "secrets/sh.helm.release.v1.web.v1";
    stage.alter(secret, "somebody", &broken).await;

    let mut operator = stage.run_well().await;
    let row = operator.module_is("web", ModuleState::Applied).await;
    assert_eq!(row.reason, "");
    let told = stage.event("ManifestWarning").await;
    let expected = format!(
        "the Helm release in Secret {}/sh.helm.release.v1.web.v1 cannot be read: it is not base64; \
         is it encrypted?; what the chart has dropped of it stays",
        stage.namespace()
    );
    assert_eq!(told, expected);
    assert_eq!(
        stage.get("configmaps/web").await["data"],
        json!({"text": "a"})
    );
    stage.get("configmaps/gone").await;
    operator.stop().await;
}

#[tokio::test]
async fn definition_of_the_original_is_taken_over() {
    let Some(stage) = Stage::with("takeover", &config_map("web", "a")).await else {
        return;
    };
    let wanted = definition(stage.letters());
    let theirs = wanted.replace("type: integer", "type: string");
    let theirs = addon_operator::yaml::read_value(&theirs, addon_operator::yaml::Profile::V2);
    let path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
    let collection = format!("{path}?fieldManager=addon-operator");
    let before = rest::create(&stage.client, &collection, &theirs.unwrap()).await;
    stage.modules.write("010-web/crds/widgets.yaml", &wanted);

    stage.run_well().await.stop().await;

    let path = format!("{path}/widgets.{}.example.com", stage.letters());
    let now = rest::get(&stage.client, &path).await.unwrap();
    assert_eq!(now["metadata"]["uid"], before["metadata"]["uid"]);
    let size = "/spec/versions/0/schema/openAPIV3Schema/properties/spec/properties/size/type";
    assert_eq!(now.pointer(size), Some(&json!("integer")));
    rest::delete(&stage.client, &path).await;
}

//! Hooks that convert objects between the versions of their definition, over TLS.

use std::time::Duration;

use http::Method;
use serde_json::{Value, json};

use super::hook_script::Marks;
use super::scene::PATIENCE;
use super::stage::Stage;
use super::webhook_stage::{Response, send, stage, start};
use crate::support::{eventually, rest};

/// A hook that converts one version up and down: of `Tab`s, whose `spec.path` gets each version that they
/// come through. The spec `poison` cannot be converted.
const CONVERT: &str = r#"#!/usr/bin/env python3
import json, os, sys

if sys.argv[1:] == ["--config"]:
    print("""
configVersion: v1
kubernetesCustomResourceConversion:
- name: up
  crdName: tabs.GROUP
  conversions:
  - {fromVersion: v1, toVersion: v2}
  - {fromVersion: GROUP/v2, toVersion: GROUP/v3}
- name: down
  crdName: tabs.GROUP
  conversions:
  - {fromVersion: v3, toVersion: v2}
  - {fromVersion: v2, toVersion: v1}
""")
    sys.exit()

with open(os.environ["BINDING_CONTEXT_PATH"]) as file:
    [context] = json.load(file)
request = context["review"]["request"]
to = context["toVersion"].split("/")[-1]
answer = {"convertedObjects": []}
for tab in request["objects"]:
    if "poison" in tab["spec"]:
        answer = {"failedMessage": "there is poison in " + tab["metadata"]["name"]}
        break
    tab["apiVersion"] = "GROUP/" + to
    tab["spec"].setdefault("path", []).append(to)
    answer["convertedObjects"].append(tab)
with open("MARK", "a") as file:
    names = [tab["metadata"]["name"] for tab in request["objects"]]
    file.write(f"{context['binding']} {context['fromVersion']} {to} {' '.join(sorted(names))}\n")
with open(os.environ["CONVERSION_RESPONSE_PATH"], "w") as file:
    json.dump(answer, file)
"#;

/// A stage, a group of its own, and what the hook notes.
struct Scene {
    stage: Stage,
    group: String,
    marks: Marks,
}

impl Scene {
    async fn new() -> Option<Self> {
        let stage = stage("convert").await?;
        let group = format!("{}.example.com", stage.letters());
        let marks = Marks::new();
        let script = CONVERT
            .replace("GROUP", &group)
            .replace("MARK", &marks.text("steps"));
        stage.hook("web", "convert.py", &script);
        Some(Self {
            stage,
            group,
            marks,
        })
    }

    fn definition_path(&self) -> String {
        let definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
        format!("{definitions}/tabs.{}", self.group)
    }

    /// Makes the definition with three versions, of which v3 is stored.
    async fn define(&self) {
        let version = |name: &str| {
            json!({
                "name": name, "served": true, "storage": name == "v3",
                "schema": {"openAPIV3Schema": {
                    "type": "object",
                    "properties": {"spec": {"type": "object", "x-kubernetes-preserve-unknown-fields": true}},
                }},
            })
        };
        let definition = json!({
            "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
            "metadata": {"name": format!("tabs.{}", self.group)},
            "spec": {
                "group": self.group, "scope": "Namespaced",
                "names": {"kind": "Tab", "plural": "tabs", "singular": "tab", "listKind": "TabList"},
                "versions": [version("v1"), version("v2"), version("v3")],
            },
        });
        let path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
        rest::create(&self.stage.client, path, &definition).await;
    }

    async fn until_converts(&self) {
        let is_so = |found: &Value| found["spec"]["conversion"]["strategy"] == "Webhook";
        let path = self.definition_path();
        self.stage.until_at(&path, "it converts", is_so).await;
    }

    fn tabs(&self, version: &str) -> String {
        let namespace = self.stage.namespace();
        format!("/apis/{}/{version}/namespaces/{namespace}/tabs", self.group)
    }

    async fn create(&self, version: &str, name: &str, spec: Value) -> Response {
        let object = json!({
            "apiVersion": format!("{}/{version}", self.group), "kind": "Tab",
            "metadata": {"name": name, "labels": {"kept": "yes"}}, "spec": spec,
        });
        send(&self.stage, Method::POST, &self.tabs(version), &object).await
    }

    /// Creates one once the API server knows whom to ask.
    async fn create_at_last(&self, version: &str, name: &str) -> Value {
        eventually("it is created and converted", PATIENCE, async || {
            let made = self.create(version, name, json!({})).await;
            if made.code == 201 && !self.marks.lines("steps").is_empty() {
                return Ok(made.body);
            }
            let path = format!("{}/{name}", self.tabs("v3"));
            if made.code == 201 || made.code == 409 {
                rest::delete(&self.stage.client, &path).await;
            }
            Err(format!("{made:?}"))
        })
        .await
    }

    async fn get(&self, version: &str, name: &str) -> Value {
        let path = format!("{}/{name}", self.tabs(version));
        rest::get(&self.stage.client, &path)
            .await
            .expect("an object")
    }
}

#[tokio::test]
async fn objects_are_converted_over_two_steps_also_of_a_definition_that_comes_late() {
    let Some(scene) = Scene::new().await else {
        return;
    };
    let operator = start(&scene.stage).await;
    scene.define().await;
    scene.until_converts().await;

    let made = scene.create_at_last("v1", "a").await;
    assert_eq!(made["apiVersion"], format!("{}/v1", scene.group));
    // Stored as v3, it came through v2.
    let stored = scene.get("v3", "a").await;
    assert_eq!(stored["spec"]["path"], json!(["v2", "v3"]));
    assert_eq!(stored["metadata"]["labels"], json!({"kept": "yes"}));
    let back = scene.get("v1", "a").await;
    assert_eq!(back["spec"]["path"], json!(["v2", "v3", "v2", "v1"]));
    assert_eq!(back["metadata"]["uid"], stored["metadata"]["uid"]);

    // The API server keeps what it has converted; objects come in no order of ours.
    assert_eq!(scene.create("v3", "b", json!({})).await.code, 201);
    let path = scene.tabs("v2");
    let list = rest::get(&scene.stage.client, &path).await.expect("a list");
    let items = list["items"].as_array().into_iter().flatten();
    let name = |it: &Value| {
        it["metadata"]["name"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    };
    let told = items.map(|it| format!("{} {}", name(it), it["spec"]["path"]));
    let told: Vec<String> = told.collect();
    assert_eq!(told, [r#"a ["v2","v3","v2"]"#, r#"b ["v2"]"#]);
    end(scene, operator).await;
}

#[tokio::test]
async fn conversion_that_a_hook_refuses_is_told_to_the_asker() {
    let Some(scene) = Scene::new().await else {
        return;
    };
    scene.define().await;
    let operator = start(&scene.stage).await;
    scene.until_converts().await;
    scene.create_at_last("v1", "a").await;

    let poison = scene.create("v1", "b", json!({"poison": true})).await;
    assert_eq!(poison.code, 500, "{poison:?}");
    for word in ["conversion webhook for ", "there is poison in b"] {
        assert!(poison.message().contains(word), "{poison:?}");
    }
    let list = operator.ask("/hook/list.json").await;
    let rows = list["hooks"][0]["bindings"].as_array().expect("bindings");
    assert_eq!(rows[0]["type"], "kubernetesCustomResourceConversion");
    let listens_to = format!("tabs.{0}: v1 to v2, {0}/v2 to {0}/v3", scene.group);
    assert_eq!(rows[0]["listensTo"], listens_to);
    end(scene, operator).await;
}

#[tokio::test]
async fn conversion_goes_with_its_hook() {
    let Some(scene) = Scene::new().await else {
        return;
    };
    scene.define().await;
    let operator = start(&scene.stage).await;
    scene.until_converts().await;
    scene.stage.modules.remove("010-web/hooks/convert.py");
    let is_so = |found: &Value| found["spec"]["conversion"]["strategy"] == "None";
    let path = scene.definition_path();
    scene.stage.until_at(&path, "nobody converts", is_so).await;
    end(scene, operator).await;
}

async fn end(scene: Scene, operator: crate::support::Operator) {
    rest::delete(&scene.stage.client, &scene.definition_path()).await;
    tokio::time::timeout(Duration::from_mins(1), operator.stop())
        .await
        .expect("an end");
}

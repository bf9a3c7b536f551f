//! Watches that see less than they should: the module goes on, and hears of the rest when it comes.

use addon_operator::serve::{ModuleRow, ModuleState};
use serde_json::{Value, json};

use super::hook_script::{Marks, config_maps, hook, seen_chart};
use super::stage::{Stage, until_row};
use super::watches::{DEFINITIONS, create_widget, widgets};
use crate::support::rest;

/// A hook that keeps the names of all objects of its first binding in the value `seen`, as they are
/// in its snapshot.
const SEES_NAMES: &str = r#"
python3 - <<'CODE'
import json, os
contexts = json.load(open(os.environ["BINDING_CONTEXT_PATH"]))
last = contexts[-1]
items = [item for items in last["snapshots"].values() for item in items]
names = " ".join(sorted(str(item["filterResult"]) for item in items)) or "none"
patch = {"op": "add", "path": "/web/seen", "value": names}
open(os.environ["VALUES_JSON_PATCH_PATH"], "w").write(json.dumps(patch))
CODE
"#;

/// Without the value that the hook sets the chart is not rendered.
const REQUIRED: &str = "type: object
x-required-for-helm: [seen]
properties: {seen: {type: string}}
";

async fn until_seen(stage: &Stage, names: &str) {
    let is_so = |object: &Value| object["data"]["seen"] == names;
    stage
        .until("configmaps/web", &format!("it sees {names}"), is_so)
        .await;
}

async fn create_note(stage: &Stage, name: &str, number: &str) {
    let object = json!({
        "apiVersion": "v1", "kind": "ConfigMap", "data": {"number": number},
        "metadata": {"name": name, "labels": {"note": "yes"}},
    });
    stage.create("configmaps", &object).await;
}

#[tokio::test]
async fn filter_that_fails_on_one_object_hides_that_object_only() {
    let Some(stage) = Stage::with("bad", &seen_chart("web")).await else {
        return;
    };
    create_note(&stage, "good", "1").await;
    create_note(&stage, "odd", "no number").await;
    let config = config_maps(
        stage.namespace(),
        "  labelSelector: {matchLabels: {note: 'yes'}}
  jqFilter: .data.number | tonumber
  includeSnapshotsFrom: [maps]",
    );
    stage.hook("web", "a.sh", &hook(&config, SEES_NAMES));
    let mut operator = stage.run_well().await;
    until_seen(&stage, "1").await;
    let is_told = |row: &ModuleRow| row.reason == "HookTrouble";
    let row = until_row(&mut operator, "the trouble is told", is_told).await;
    let words = format!("fails on ConfigMap {}/odd", stage.namespace());
    assert!(row.message.contains(&words), "{}", row.message);
    create_note(&stage, "later", "2").await;
    until_seen(&stage, "1 2").await;
    let mended = json!({"data": {"number": "3"}});
    stage.alter("configmaps/odd", "a-person", &mended).await;
    until_seen(&stage, "1 2 3").await;
    until_row(&mut operator, "all is well", |row| row.reason.is_empty()).await;
    operator.stop().await;
}

#[tokio::test]
async fn kind_that_comes_goes_and_comes_back_is_followed() {
    let Some(stage) = Stage::with("bad", &seen_chart("web")).await else {
        return;
    };
    let group = format!("{}.example.com", stage.letters());
    let config = format!(
        "configVersion: v1
kubernetes:
- name: widgets
  apiVersion: {group}/v1
  kind: Widget
  jqFilter: .metadata.name
  includeSnapshotsFrom: [widgets]"
    );
    stage.hook("web", "a.sh", &hook(&config, SEES_NAMES));
    let operator = stage.run_well().await;
    until_seen(&stage, "nothing").await;

    let path = format!("{DEFINITIONS}/widgets.{group}");
    rest::create(&stage.client, DEFINITIONS, &widgets(&group)).await;
    until_seen(&stage, "none").await;
    create_widget(&stage.client, &group, stage.namespace(), "one").await;
    until_seen(&stage, "one").await;

    rest::delete(&stage.client, &path).await;
    until_seen(&stage, "none").await;
    stage.until_gone(&path).await;
    rest::create(&stage.client, DEFINITIONS, &widgets(&group)).await;
    create_widget(&stage.client, &group, stage.namespace(), "two").await;
    until_seen(&stage, "two").await;
    operator.stop().await;
    rest::delete(&stage.client, &path).await;
}

/// A module that cannot be rendered before its hook has heard of a kind is not lost.
#[tokio::test]
async fn module_that_fails_without_a_kind_recovers_when_it_comes() {
    let Some(stage) = Stage::with("bad", &seen_chart("web")).await else {
        return;
    };
    let group = format!("{}.example.com", stage.letters());
    let config = format!(
        "configVersion: v1
kubernetes:
- name: widgets
  apiVersion: {group}/v1
  kind: Widget
  jqFilter: .metadata.name
  includeSnapshotsFrom: [widgets]"
    );
    stage.hook("web", "a.sh", &hook(&config, SEES_NAMES));
    stage.modules.write("010-web/openapi/values.yaml", REQUIRED);
    let (mut operator, row) = stage.run_badly().await;
    assert_eq!(row.reason, "InvalidValues", "{}", row.message);

    rest::create(&stage.client, DEFINITIONS, &widgets(&group)).await;
    operator.module_is("web", ModuleState::Applied).await;
    until_seen(&stage, "none").await;
    operator.stop().await;
    let path = format!("{DEFINITIONS}/widgets.{group}");
    rest::delete(&stage.client, &path).await;
}

/// The same when the hook hears of it by an event, which waits behind the module's run.
#[tokio::test]
async fn module_that_fails_is_mended_by_an_event() {
    let Some(stage) = Stage::with("bad", &seen_chart("web")).await else {
        return;
    };
    let config = config_maps(
        stage.namespace(),
        "  labelSelector: {matchLabels: {note: 'yes'}}
  executeHookOnSynchronization: false
  jqFilter: .data.number
  includeSnapshotsFrom: [maps]",
    );
    stage.hook("web", "a.sh", &hook(&config, SEES_NAMES));
    stage.modules.write("010-web/openapi/values.yaml", REQUIRED);
    let (mut operator, _) = stage.run_badly().await;
    create_note(&stage, "one", "1").await;
    operator.module_is("web", ModuleState::Applied).await;
    until_seen(&stage, "1").await;
    operator.stop().await;
}

#[tokio::test]
async fn namespace_deleted_in_the_middle_of_a_synchronization_is_told_after_it() {
    let Some(stage) = Stage::with("bad", &seen_chart("web")).await else {
        return;
    };
    let doomed = format!("doomed-{}", stage.letters());
    let label = format!("followed-{}", stage.letters());
    let namespace = json!({
        "apiVersion": "v1", "kind": "Namespace", "metadata": {"name": doomed, "labels": {&label: "yes"}},
    });
    rest::create(&stage.client, "/api/v1/namespaces", &namespace).await;
    let maps = format!("/api/v1/namespaces/{doomed}/configmaps");
    for name in ["one", "two"] {
        let object = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}});
        rest::create(&stage.client, &maps, &object).await;
    }
    let marks = Marks::new();
    let config = format!(
        "configVersion: v1
kubernetes:
- name: maps
  apiVersion: v1
  kind: ConfigMap
  jqFilter: .metadata.name
  includeSnapshotsFrom: [maps]
  namespace: {{labelSelector: {{matchLabels: {{{label}: 'yes'}}}}}}"
    );
    let body = format!(
        "{}\n{}\n{SEES_NAMES}",
        marks.note("runs", "$$"),
        marks.await_in_hook("go"),
    );
    stage.hook("web", "a.sh", &hook(&config, &body));
    let mut operator = stage.start();
    marks.until("runs", 1).await;

    end_namespace(&stage, &doomed).await;
    stage.until_gone(&format!("{maps}/one")).await;
    marks.set("go");
    operator.module_is("web", ModuleState::Applied).await;
    until_seen(&stage, "none").await;
    let view = operator.converged().await;
    assert_eq!(view.modules.modules[0].state, ModuleState::Applied);
    operator.stop().await;
}

/// What the controllers do, which are no part of the server: everything inside goes, then it.
async fn end_namespace(stage: &Stage, name: &str) {
    let path = format!("/api/v1/namespaces/{name}");
    rest::delete(&stage.client, &path).await;
    let maps = format!("{path}/configmaps");
    for object in ["one", "two"] {
        rest::delete(&stage.client, &format!("{maps}/{object}")).await;
    }
    let mut namespace = rest::get(&stage.client, &path).await.expect("a namespace");
    namespace["spec"]["finalizers"] = json!([]);
    rest::replace(&stage.client, &format!("{path}/finalize"), &namespace).await;
    stage.until_gone(&path).await;
}

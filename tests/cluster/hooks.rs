//! Hooks at work: what they are told, what they give back, and what follows.

use serde_json::{Value, json};

use super::hook_script::hook;
use super::stage::Stage;

/// A chart with one `ConfigMap` that shows a value of the module.
const CHART: &str = "
apiVersion: v1
kind: ConfigMap
metadata: {name: web}
data: {seen: {{ Values.web.seen | default('nothing') | toJson }}}
";

fn seen(object: &Value) -> &Value {
    &object["data"]["seen"]
}

#[tokio::test]
async fn chart_sees_what_a_hook_patched_before_it() {
    let Some(stage) = Stage::with("hooks", CHART).await else {
        return;
    };
    let patch = r#"echo '{"op":"add","path":"/web/seen","value":"from the hook"}' > $VALUES_JSON_PATCH_PATH"#;
    stage.hook(
        "web",
        "a.sh",
        &hook("{configVersion: v1, beforeHelm: 1}", patch),
    );
    let operator = stage.run_well().await;
    let object = stage.get("configmaps/web").await;
    assert_eq!(seen(&object), "from the hook");
    operator.stop().await;
}

#[tokio::test]
async fn chart_follows_an_event() {
    let Some(stage) = Stage::with("hooks", CHART).await else {
        return;
    };
    let config = format!(
        "configVersion: v1
kubernetes:
- name: notes
  apiVersion: v1
  kind: ConfigMap
  jqFilter: .data.note
  nameSelector: {{matchNames: [note]}}
  namespace: {{nameSelector: {{matchNames: [{}]}}}}",
        stage.namespace()
    );
    let body = r#"
note=$(python3 -c 'import json,os
contexts = json.load(open(os.environ["BINDING_CONTEXT_PATH"]))
last = contexts[-1]
items = last["objects"] if last["type"] == "Synchronization" else [last]
print(items[0]["filterResult"] if items else "none")')
echo "{\"op\":\"add\",\"path\":\"/web/seen\",\"value\":\"$note\"}" > $VALUES_JSON_PATCH_PATH"#;
    stage.hook("web", "a.sh", &hook(&config, body));
    let operator = stage.run_well().await;
    assert_eq!(seen(&stage.get("configmaps/web").await), "none");

    let note = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "note"}, "data": {"note": "hello"}});
    stage.create("configmaps", &note).await;

    let is_there = |object: &Value| seen(object) == "hello";
    stage
        .until("configmaps/web", "it says hello", is_there)
        .await;
    operator.stop().await;
}

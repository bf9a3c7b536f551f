//! Hooks with the shell framework, and what must not be told of what hooks say.

use addon_operator::serve::ModuleState;
use serde_json::json;

use super::hook_script::{Marks, hook};
use super::recorder::a_while;
use super::scene::PATIENCE;
use super::stage::Stage;
use crate::support::eventually;

const CHART: &str = "
apiVersion: v1
kind: ConfigMap
metadata: {name: web}
data: {seen: {{ Values.web.seen | default('nothing') | toJson | toJson }}}
";

/// A hook that copies what it hears of with every kind of function.
fn copier(namespace: &str) -> String {
    format!(
        r#"#!/usr/bin/env bash
source "$FRAMEWORK_DIR/shell_lib.sh"

function __config__() {{
  cat <<'CONFIG'
configVersion: v1
onStartup: 1
kubernetes:
- name: notes
  apiVersion: v1
  kind: ConfigMap
  labelSelector: {{matchLabels: {{copy: "yes"}}}}
  namespace: {{nameSelector: {{matchNames: [{namespace}]}}}}
CONFIG
}}

function __on_startup() {{
  kubernetes::create_if_not_exists_yaml <<'YAML'
apiVersion: v1
kind: ConfigMap
metadata: {{name: log, namespace: {namespace}}}
data: {{started: "yes"}}
YAML
}}

function __on_kubernetes::notes::synchronization() {{
  values::set web.seen "$(context::jq -c '[.objects[].object.metadata.name]')"
}}

function __on_kubernetes::notes::added_or_modified() {{
  local name
  name=$(context::get --required object.metadata.name)
  kubernetes::replace_or_create_json <<<"$(context::jq -c \
    '.object | {{apiVersion, kind, metadata: {{name: "copy-\(.metadata.name)", namespace: .metadata.namespace}}, data}}')"
  kubernetes::patch_jq "{namespace}" configmap/log ".data.\"$name\" = \"seen\""
  if ! values::array_has web.seen "$name"; then
    values::set web.seen "$(values::jq -c --arg name "$name" '.web.seen + [$name]')"
  fi
}}

function __on_kubernetes::notes::deleted() {{
  kubernetes::delete_if_exists::non_blocking "{namespace}" "configmap/copy-$(context::get object.metadata.name)"
  kubernetes::merge_patch "{namespace}" v1 ConfigMap log '{{"data": {{"deleted": "yes"}}}}'
}}

hook::run "$@"
"#
    )
}

#[tokio::test]
async fn hook_with_the_shell_framework_runs_without_an_image() {
    let Some(stage) = Stage::with("framework", CHART).await else {
        return;
    };
    stage.hook("web", "copy.sh", &copier(stage.namespace()));
    let operator = stage.run_well().await;
    assert_eq!(stage.get("configmaps/log").await["data"]["started"], "yes");
    let values = operator.ask("/module/web/values.json").await;
    assert_eq!(values["seen"], json!([]));

    let note = json!({
        "apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {"name": "note.a", "labels": {"copy": "yes"}}, "data": {"text": "hello"},
    });
    stage.create("configmaps", &note).await;
    let is_copied = |object: &serde_json::Value| object["data"]["text"] == "hello";
    stage
        .until("configmaps/copy-note.a", "it is copied", is_copied)
        .await;
    let is_seen = |object: &serde_json::Value| object["data"]["note.a"] == "seen";
    stage.until("configmaps/log", "it is seen", is_seen).await;
    let is_value = |object: &serde_json::Value| object["data"]["seen"] == r#"["note.a"]"#;
    stage.until("configmaps/web", "the values", is_value).await;

    stage.delete("configmaps/note.a").await;
    stage
        .until_gone(&stage.path("configmaps/copy-note.a"))
        .await;
    let is_deleted = |object: &serde_json::Value| object["data"]["deleted"] == "yes";
    stage
        .until("configmaps/log", "it is told", is_deleted)
        .await;
    operator.stop().await;
}

const SCHEMA: &str = "
type: object
properties:
  password: {type: string, x-secret: true}
  internal: {type: object, default: {}, properties: {token: {type: string, x-secret: true}, seen: {type: string}}}
";

#[tokio::test]
async fn secrets_of_values_are_told_nowhere() {
    let Some(stage) = Stage::with("secrets", CHART).await else {
        return;
    };
    let schema = SCHEMA.replace("  internal", "  seen: {type: string}\n  internal");
    stage
        .modules
        .write("010-web/openapi/config-values.yaml", &schema);
    stage.modules.write("010-web/openapi/values.yaml", &schema);
    stage
        .create_config(&json!({"web": "password: hunter-two-22\n"}))
        .await;
    let marks = Marks::new();
    let body = format!(
        r#"echo "login with $(base64 <<< "admin:hunter-two-22")" >&2
echo 'login with hunter-two-22' >&2
echo '{{"op":"add","path":"/web/internal","value":{{"token":"made-by-hook","seen":"yes"}}}}' > $VALUES_JSON_PATCH_PATH
[ -e {} ] || exit 1"#,
        marks.text("good")
    );
    let config = "{configVersion: v1, beforeHelm: 1, schedule: [{crontab: '@every 1s'}]}";
    stage.hook("web", "login.sh", &hook(config, &body));
    let mut operator = stage.start();

    let row = operator.module_is("web", ModuleState::Failed).await;
    let is_told = |module: &serde_json::Value| module.to_string().contains("login with");
    let module = stage.until_module("the failure is told", is_told).await;
    let mut told = vec![format!("{row:?}"), module.to_string()];
    told.push(stage.event("HookFailed").await);
    for page in ["/hook/list.json", "/queue/list.json", "/module/list.json"] {
        told.push(operator.ask(page).await.to_string());
    }
    assert!(told[0].contains("login with [secret]"), "{}", told[0]);
    for text in &told {
        assert!(!text.contains("hunter"), "{text}");
        assert!(
            !text.contains("aHVudGVy") && !text.contains("odW50ZXI"),
            "{text}"
        );
    }

    // What the hook sets is a secret, too, once it has set it.
    marks.set("good");
    operator.module_is("web", ModuleState::Applied).await;
    let patches = eventually("the patch is there", PATIENCE, async || {
        let patches = operator.ask("/module/web/patches.json").await.to_string();
        patches
            .contains("internal")
            .then_some(patches.clone())
            .ok_or(patches)
    })
    .await;
    assert!(patches.contains(r#""seen":"yes""#), "{patches}");
    assert!(patches.contains(r#""token":"[secret]""#), "{patches}");
    a_while().await;
    operator.stop().await;
}

//! What people see of hooks: their list, their snapshots, queues, and what is wrong with them.

use serde_json::{Value, json};

use super::scene::{PATIENCE, Scene, folders, http_get};
use super::stage::{Stage, condition, config_map, until_row};
use crate::support::{Operator, eventually, rest};

/// A hook with this configuration that does this when it runs.
fn hook(config: &str, body: &str) -> String {
    format!(
        "#!/bin/bash\nif [ \"$1\" = --config ]; then cat <<'CONFIG'\n{config}\nCONFIG\nexit 0; fi\n{body}\n"
    )
}

const CHANGES_A_VALUE: &str =
    r#"echo '{"op":"add","path":"/web/seen","value":"yes"}' > $VALUES_JSON_PATCH_PATH"#;

fn notes(stage: &Stage) -> String {
    let namespace = stage.namespace();
    format!(
        "configVersion: v1
beforeHelm: 10
kubernetes:
- {{name: notes, apiVersion: v1, kind: ConfigMap, queue: slow, jqFilter: .data.note,
   nameSelector: {{matchNames: [note]}}, namespace: {{nameSelector: {{matchNames: [{namespace}]}}}}}}
schedule:
- {{name: nightly, crontab: 0 3 * * *}}"
    )
}

/// The row of a hook, once it is as wanted.
async fn hook_row(operator: &Operator, name: &str, is_so: impl Fn(&Value) -> bool) -> Value {
    eventually("the hook is as wanted", PATIENCE, async || {
        let list = operator.ask("/hook/list.json").await;
        let rows = list["hooks"].as_array().expect("rows");
        let row = rows.iter().find(|row| row["name"] == name);
        let row = row.filter(|row| is_so(row));
        row.cloned().ok_or_else(|| format!("{list:#}"))
    })
    .await
}

#[tokio::test]
async fn hook_list_tells_bindings_and_the_latest_run() {
    let Some(stage) = Stage::with("hook-list", &config_map("web", "a")).await else {
        return;
    };
    stage.hook("web", "a.sh", &hook(&notes(&stage), CHANGES_A_VALUE));
    let operator = stage.run_well().await;

    let row = hook_row(&operator, "hooks/a.sh", |row| {
        row["bindings"][2]["state"] == "live" && row["bindings"][1]["state"] == "live"
    })
    .await;

    assert_eq!(row["module"], "web");
    let namespace = stage.namespace();
    assert_eq!(
        row["bindings"],
        json!([
            {"type": "beforeHelm", "name": "beforeHelm", "listensTo": "order 10",
             "queue": "module/web", "state": "live"},
            {"type": "schedule", "name": "nightly", "listensTo": "0 3 * * *",
             "queue": "module/web", "state": "live"},
            {"type": "kubernetes", "name": "notes", "queue": "slow", "state": "live",
             "listensTo": format!("ConfigMap note in namespace {namespace}")},
        ])
    );
    assert_eq!((&row["runs"], &row["failures"]), (&json!(2), &json!(0)));
    let latest = &row["latest"];
    // The first of both runs changed the value.
    assert!(latest["changed"].is_string(), "{row:#}");
    assert!(latest["ended"].is_string() && latest["tookMs"].is_u64());
    let global = operator.ask("/global/list.json").await;
    assert_eq!(global, json!({"globalHooks": []}));
    operator.stop().await;
}

#[tokio::test]
async fn failing_hook_is_told_in_hook_list_and_queue_list() {
    let Some(stage) = Stage::with("hook-fails", &config_map("web", "a")).await else {
        return;
    };
    let body =
        "grep -q '\"Synchronization\"' $BINDING_CONTEXT_PATH || { echo 'no way' >&2; exit 3; }";
    let config = notes(&stage).replace("beforeHelm: 10\n", "");
    stage.hook("web", "a.sh", &hook(&config, body));
    let operator = stage.run_well().await;
    hook_row(&operator, "hooks/a.sh", |row| row["runs"] == 1).await;

    let note = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "note"}, "data": {"note": "hello"}});
    stage.create("configmaps", &note).await;

    let row = hook_row(&operator, "hooks/a.sh", |row| row["failures"] != 0).await;
    let latest = &row["latest"];
    assert_eq!(
        latest["binding"],
        "notes: Added ConfigMap ".to_owned() + stage.namespace() + "/note"
    );
    assert!(
        latest["failure"]
            .as_str()
            .expect("a text")
            .contains("no way"),
        "{row:#}"
    );
    assert_eq!(row["waiting"], 1);
    let queues = eventually("it backs off", PATIENCE, async || {
        let queues = operator.ask("/queue/list.json").await;
        let status = queues["active"][0]["status"].as_str().unwrap_or_default();
        let is_so = status.starts_with("sleep after fail for ");
        is_so.then_some(queues.clone()).ok_or(queues.to_string())
    })
    .await;
    let slow = &queues["active"][0];
    assert_eq!(slow["name"], "slow");
    let description = slow["tasks"][0]["description"].as_str().expect("a text");
    let begin = format!(
        "ModuleHookRun:slow:web:hooks/a.sh:notes: Added ConfigMap {}/note:failures ",
        stage.namespace()
    );
    assert!(description.starts_with(&begin), "{description}");
    assert!(description.contains("no way"), "{description}");
    operator.stop().await;
}

#[tokio::test]
async fn snapshots_are_shown_in_the_originals_shape_and_secrets_are_masked() {
    let Some(stage) = Stage::with("snapshots", &config_map("web", "a")).await else {
        return;
    };
    let namespace = stage.namespace();
    let config = format!(
        "configVersion: v1
kubernetes:
- {{name: keys, apiVersion: v1, kind: Secret, jqFilter: '{{name: .metadata.name, key: .data.key}}',
   namespace: {{nameSelector: {{matchNames: [{namespace}]}}}}}}"
    );
    stage.hook("web", "a.sh", &hook(&config, "true"));
    let secret = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "a"}, "stringData": {"key": "tops3cret"}});
    stage.create("secrets", &secret).await;
    let operator = stage.run_well().await;

    let snapshots = operator.ask("/module/web/snapshots.json").await;

    let binding = &snapshots["hooks/a.sh"]["keys"];
    assert_eq!(
        binding["snapshot"][0]["filterResult"],
        json!({"name": "a", "key": "[secret]"})
    );
    assert_eq!(binding["snapshot"][0]["object"]["metadata"]["name"], "a");
    let none = json!({"count": 1, "added": 0, "modified": 0, "deleted": 0, "cleaned": 0});
    assert_eq!(binding["operations"]["sinceStart"], none);
    let text = snapshots.to_string();
    assert!(
        !text.contains("dG9wczNjcmV0") && !text.contains("tops3cret"),
        "{text}"
    );
    assert_eq!(operator.ask("/global/snapshots.json").await, json!({}));
    operator.stop().await;
}

#[tokio::test]
async fn kind_that_is_awaited_is_told_in_the_modules_row_and_conditions() {
    let Some(stage) = Stage::with("awaited", &config_map("web", "a")).await else {
        return;
    };
    let config = format!(
        "configVersion: v1\nkubernetes:\n- {{name: widgets, apiVersion: {}.example.com/v1, kind: Widget}}",
        stage.letters()
    );
    stage.hook("web", "a.sh", &hook(&config, "true"));
    let mut operator = stage.run_well().await;

    let row = until_row(&mut operator, "the trouble is told", |row| {
        !row.reason.is_empty()
    })
    .await;

    assert_eq!(row.reason, "HookTrouble");
    assert!(
        row.message.starts_with("hooks/a.sh: ") && row.message.contains("Widget"),
        "{}",
        row.message
    );
    let is_told = |module: &Value| condition(module, "HookTrouble")["status"] == "True";
    stage.until_module("the condition is there", is_told).await;
    let listed = hook_row(&operator, "hooks/a.sh", |_| true).await;
    assert_eq!(listed["bindings"][0]["state"], "awaiting");
    operator.stop().await;
}

#[tokio::test]
async fn hook_that_changes_values_after_every_run_is_told_in_the_modules_row() {
    let Some(stage) = Stage::with("endless", &config_map("web", "a")).await else {
        return;
    };
    let body = r#"echo "{\"op\":\"add\",\"path\":\"/web/seen\",\"value\":\"$(date +%N)\"}" > $VALUES_JSON_PATCH_PATH"#;
    stage.hook(
        "web",
        "a.sh",
        &hook("{configVersion: v1, afterHelm: 1}", body),
    );
    let mut operator = stage.run_well().await;

    let row = until_row(&mut operator, "it is told", |row| !row.reason.is_empty()).await;

    assert_eq!(row.reason, "HooksUndoEachOther");
    assert!(
        row.message
            .starts_with("hooks/a.sh changes the values after every run"),
        "{}",
        row.message
    );
    let is_told = |module: &Value| condition(module, "HooksSlowed")["status"] == "True";
    stage.until_module("the condition is there", is_told).await;
    operator.stop().await;
}

#[tokio::test]
async fn metrics_of_hooks_have_the_originals_names() {
    let modules = folders(&["010-web"]);
    let config = "configVersion: v1\nbeforeHelm: 1\nkubernetes:\n- name: notes\n  apiVersion: v1\n  kind: ConfigMap\n  queue: slow\n  nameSelector: {matchNames: [note]}";
    modules.write_script("010-web/hooks/a.sh", &hook(config, "true"));
    let Some(scene) = Scene::start("hook-metrics", modules).await else {
        return;
    };
    let note = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "note"}});
    let path = format!("/api/v1/namespaces/{}/configmaps", scene.namespace);
    rest::create(&scene.client, &path, &note).await;

    let wanted = [
        "binding_count{hook=\"hooks/a.sh\",module=\"web\"} 2",
        "kube_snapshot_objects{binding=\"notes\",hook=\"hooks/a.sh\",kind=\"ConfigMap\",module=\"web\",queue=\"slow\"} ",
        "task_wait_in_queue_seconds_total{binding=\"notes\",hook=\"hooks/a.sh\",module=\"web\",queue=\"slow\"} ",
        "module_hook_success_total{activation=\"\",binding=\"kubernetes\",hook=\"hooks/a.sh\",module=\"web\",queue=\"slow\"} ",
        "module_hook_run_seconds_count{activation=\"OperatorStartup\",binding=\"beforeHelm\",hook=\"hooks/a.sh\",module=\"web\",queue=\"module/web\"} 1",
        "module_hook_run_max_rss_bytes{activation=\"OperatorStartup\",binding=\"beforeHelm\"",
    ];
    eventually("the metrics are there", PATIENCE, async || {
        let (_, text) = http_get(scene.address, "/metrics").await;
        let is_there = |name: &&str| text.contains(&format!("addon_operator_{name}"));
        let missing = wanted.iter().find(|name| !is_there(name));
        missing.map_or(Ok(()), |name| Err(format!("{name} is not in\n{text}")))
    })
    .await;
    scene.operator.stop().await;
}

//! Between the steps of a module's hooks: nothing waits for ever.

use addon_operator::serve::ModuleState;

use super::stage::Stage;

const CHART: &str = "
apiVersion: v1
kind: ConfigMap
metadata: {name: web}
data: {seen: {{ Values.web.seen | default('nothing') | toJson }}}
";

fn hook(config: &str, body: &str) -> String {
    format!("#!/bin/bash\nif [ \"$1\" = --config ]; then echo '{config}'; exit; fi\n{body}\n")
}

fn says(value: &str) -> String {
    format!(
        r#"echo '{{"op":"add","path":"/web/seen","value":"{value}"}}' > $VALUES_JSON_PATCH_PATH"#
    )
}

/// A hook for the `ConfigMap`s of the stage.
fn watching(stage: &Stage, more: &str) -> String {
    let namespace = stage.namespace();
    format!(
        "{{configVersion: v1, kubernetes: [{{kind: ConfigMap, executeHookOnEvent: [], \
         namespace: {{nameSelector: {{matchNames: [{namespace}]}}}}, {more}}}]}}"
    )
}

async fn shows(stage: &Stage, value: &str) {
    let is_shown = |object: &serde_json::Value| object["data"]["seen"] == value;
    stage.until("configmaps/web", value, is_shown).await;
}

#[tokio::test]
async fn synchronization_in_a_queue_of_its_own_is_waited_for() {
    let Some(stage) = Stage::with("hooks", CHART).await else {
        return;
    };
    let config = watching(&stage, "queue: own");
    let body = format!("sleep 0.3; {}", says("synchronized"));
    stage.hook("web", "a.sh", &hook(&config, &body));
    let operator = stage.run_well().await;
    let object = stage.get("configmaps/web").await;
    assert_eq!(object["data"]["seen"], "synchronized");
    operator.stop().await;
}

#[tokio::test]
async fn synchronization_may_fail_where_its_binding_allows_it() {
    let Some(stage) = Stage::with("hooks", CHART).await else {
        return;
    };
    let config = watching(&stage, "allowFailure: true");
    stage.hook("web", "a.sh", &hook(&config, "exit 1"));
    stage.run_well().await.stop().await;
}

#[tokio::test]
async fn failed_hook_is_read_again_when_it_is_mended() {
    let Some(stage) = Stage::with("hooks", CHART).await else {
        return;
    };
    let before = "{configVersion: v1, beforeHelm: 1}";
    stage.hook("web", "a.sh", &hook(before, "exit 1"));
    let (mut operator, _) = stage.run_badly().await;
    // Its mistake was to run before the chart at all.
    let started = "{configVersion: v1, onStartup: 1}";
    stage.hook("web", "a.sh", &hook(started, &says("mended")));
    operator.module_is("web", ModuleState::Applied).await;
    shows(&stage, "mended").await;
    operator.stop().await;
}

#[tokio::test]
async fn failed_hook_that_is_removed_is_in_nobodys_way() {
    let Some(stage) = Stage::with("hooks", CHART).await else {
        return;
    };
    let config = "{configVersion: v1, afterHelm: 1}";
    stage.hook("web", "a.sh", &hook(config, "exit 1"));
    let (mut operator, _) = stage.run_badly().await;
    stage.modules.remove("010-web/hooks/a.sh");
    operator.module_is("web", ModuleState::Applied).await;
    operator.stop().await;
}

#[tokio::test]
async fn running_hook_is_told_when_the_operator_stops() {
    let Some(stage) = Stage::with("hooks", CHART).await else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let (begun, told) = (folder.path().join("begun"), folder.path().join("told"));
    let body = format!(
        "trap 'touch {}; exit 1' TERM; touch {}; while :; do sleep 0.05; done",
        told.display(),
        begun.display()
    );
    let config = "{configVersion: v1, beforeHelm: 1}";
    stage.hook("web", "a.sh", &hook(config, &body));
    let operator = stage.start();
    crate::support::eventually(
        "the hook runs",
        std::time::Duration::from_mins(1),
        async || begun.exists().then_some(()).ok_or_else(String::new),
    )
    .await;
    operator.stop().await;
    assert!(told.exists());
}

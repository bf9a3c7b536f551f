//! Hooks that never come to rest, and hooks that write what wakes the operator.

use std::time::Duration;

use addon_operator::serve::ModuleState;
use serde_json::{Value, json};
use tokio::time::sleep;

use super::hook_script::{Marks, before_helm, config_maps, hook, seen_chart, set_value};
use super::scene::{free_address, http_get};
use super::stage::{Stage, until_row};
use crate::support::{Modules, Operator};

/// A hook on the module's own object that wants a value to be another than its partner wants.
fn undoing(stage: &Stage, marks: &Marks, from: &str, to: &str) -> String {
    let config = config_maps(
        stage.namespace(),
        "  nameSelector: {matchNames: [web]}
  executeHookOnSynchronization: false
  jqFilter: .data.seen",
    );
    let body = format!(
        "{}\nif grep -q '\"filterResult\": *\"{from}\"' $BINDING_CONTEXT_PATH; then {}; fi",
        marks.note("runs", "run"),
        set_value("web", "seen", to)
    );
    hook(&config, &body)
}

/// How often module `web` ran.
async fn runs(address: std::net::SocketAddr) -> u32 {
    let (_, metrics) = http_get(address, "/metrics").await;
    let counts = metrics.lines().filter_map(|line| {
        let (name, count) = line.rsplit_once(' ')?;
        let is_meant = name.starts_with("addon_operator_module_run_seconds_count{")
            && name.contains("module=\"web\"");
        is_meant.then(|| count.parse::<u32>().expect("a number"))
    });
    counts.sum()
}

/// Waits until nothing is to be done any more.
async fn until_idle(operator: &mut Operator) {
    operator
        .until("nothing is to be done", |view| view.converge.tasks == 0)
        .await;
}

#[tokio::test]
async fn hooks_that_undo_each_other_are_noticed_slowed_and_told() {
    let Some(stage) = Stage::with("bad", &seen_chart("web")).await else {
        return;
    };
    let marks = Marks::new();
    stage.hook("web", "a.sh", &undoing(&stage, &marks, "black", "white"));
    stage.hook("web", "b.sh", &undoing(&stage, &marks, "white", "black"));
    let start = before_helm(&format!(
        "[ -e {0} ] || {{ {1}; touch {0}; }}",
        marks.text("begun"),
        set_value("web", "seen", "white")
    ));
    stage.hook("web", "c.sh", &start);
    let address = free_address();
    let mut operator = stage.start_with(|settings| settings.listen = address);
    let message = stage.event("HooksUndoEachOther").await;
    for words in ["hooks/a.sh and hooks/b.sh undo each other", "slowed"] {
        assert!(message.contains(words), "{message}");
    }
    until_idle(&mut operator).await;
    let before = runs(address).await;
    sleep(Duration::from_secs(3)).await;
    let after = runs(address).await;
    assert!(after <= before + 1, "{before} runs, then {after}");
    operator.stop().await;
}

#[tokio::test]
async fn hook_that_changes_values_after_every_run_is_slowed() {
    let Some(stage) = Stage::with("bad", &seen_chart("web")).await else {
        return;
    };
    let marks = Marks::new();
    let body = format!(
        "{}\n{}",
        marks.note("runs", "run"),
        set_value("web", "seen", "$(wc -l < RUNS)").replace("RUNS", &marks.text("runs"))
    );
    stage.hook(
        "web",
        "a.sh",
        &hook("{configVersion: v1, afterHelm: 1}", &body),
    );
    let mut operator = stage.run_well().await;
    let message = stage.event("HooksUndoEachOther").await;
    let words = "hooks/a.sh changes the values after every run";
    assert!(message.contains(words), "{message}");
    until_idle(&mut operator).await;
    let before = marks.lines("runs").len();
    sleep(Duration::from_secs(3)).await;
    let after = marks.lines("runs").len();
    assert!(after <= before + 1, "{before} runs, then {after}");
    operator.stop().await;
}

#[tokio::test]
async fn global_hook_that_changes_values_after_every_converge_is_slowed() {
    let Some(stage) = Stage::with("bad", &seen_chart("web")).await else {
        return;
    };
    let (marks, global) = (Marks::new(), Modules::new());
    let body = format!(
        "{}\n{}",
        marks.note("runs", "run"),
        set_value("global", "count", "$(wc -l < RUNS)").replace("RUNS", &marks.text("runs"))
    );
    global.write_script("a.sh", &hook("{configVersion: v1, afterAll: 1}", &body));
    let path = global.path().to_owned();
    let mut operator = stage.start_with(|settings| settings.folders.global_hooks = path);
    let message = stage.event("HooksUndoEachOther").await;
    let words = "a.sh changes the values after every run";
    assert!(message.contains(words), "{message}");
    until_idle(&mut operator).await;
    let before = marks.lines("runs").len();
    sleep(Duration::from_secs(3)).await;
    let after = marks.lines("runs").len();
    assert!(after <= before + 1, "{before} runs, then {after}");
    assert_eq!(
        operator.module_is("web", ModuleState::Applied).await.reason,
        ""
    );
    operator.stop().await;
}

#[tokio::test]
async fn config_values_of_a_hook_wake_nobody() {
    let Some(stage) = Stage::with("bad", &seen_chart("web")).await else {
        return;
    };
    let patch = set_value("web", "seen", "by hook")
        .replace("VALUES_JSON_PATCH_PATH", "CONFIG_VALUES_JSON_PATCH_PATH");
    stage.hook("web", "a.sh", &before_helm(&patch));
    let address = free_address();
    let mut operator = stage.start_with(|settings| settings.listen = address);
    operator.module_is("web", ModuleState::Applied).await;
    assert_eq!(stage.get("configmaps/web").await["data"]["seen"], "by hook");
    let config = stage.get("configmaps/addon-operator").await;
    assert_eq!(config["data"], json!({"web": "seen: by hook\n"}));
    // The watch has told our own write by the time it tells that of a person.
    let person = json!({"data": {"shop": "a: 1\n"}});
    stage
        .alter("configmaps/addon-operator", "a-person", &person)
        .await;
    sleep(Duration::from_secs(1)).await;
    until_idle(&mut operator).await;
    assert_eq!(runs(address).await, 1);
    operator.stop().await;
}

/// A person changes the section that a hook is about to change: both have their way.
#[tokio::test]
async fn config_values_of_a_hook_and_of_a_person_do_not_undo_each_other() {
    let Some(stage) = Stage::with("bad", &seen_chart("web")).await else {
        return;
    };
    stage
        .create_config(&json!({"web": "size: 1\n", "shop": "a: 1\n"}))
        .await;
    let marks = Marks::new();
    let patch = set_value("web", "seen", "by hook")
        .replace("VALUES_JSON_PATCH_PATH", "CONFIG_VALUES_JSON_PATCH_PATH");
    let body = format!(
        "{patch}\n{}\n{}",
        marks.note("runs", "run"),
        marks.await_in_hook("go")
    );
    stage.hook("web", "a.sh", &before_helm(&body));
    let mut operator = stage.start();
    marks.until("runs", 1).await;
    let person = json!({"data": {"web": "size: 2\n", "shop": "a: 2\n"}});
    stage
        .alter("configmaps/addon-operator", "a-person", &person)
        .await;
    sleep(Duration::from_millis(500)).await;
    marks.set("go");
    let is_both = |object: &Value| {
        let web = object["data"]["web"].as_str().unwrap_or_default();
        web.contains("size: 2") && web.contains("seen: by hook")
    };
    let object = stage
        .until("configmaps/addon-operator", "both are in it", is_both)
        .await;
    assert_eq!(object["data"]["shop"], "a: 2\n");
    until_row(&mut operator, "web is applied", |row| {
        row.state == ModuleState::Applied
    })
    .await;
    until_idle(&mut operator).await;
    let values = operator.ask("/module/web/values.json").await;
    assert_eq!(
        (&values["size"], &values["seen"]),
        (&json!(2), &json!("by hook"))
    );
    operator.stop().await;
}

//! Hooks that fail as allowed, go while they have work to do, or lose their operator.

use std::time::Duration;

use addon_operator::operator::View;
use addon_operator::serve::{ConvergePhase, ModuleRow, ModuleState};
use serde_json::{Value, json};

use super::hook_script::{
    Marks, before_helm, config_maps, hook, seen_chart, set_value, until_dead,
};
use super::scene::{free_address, http_get};
use super::stage::{Stage, until_row};
use crate::support::{Modules, eventually};

const PATIENCE: Duration = Duration::from_secs(20);

fn note(name: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "labels": {"note": "yes"}}})
}

const NOTES: &str = "  labelSelector: {matchLabels: {note: 'yes'}}";

#[tokio::test]
async fn allowed_failure_holds_up_nothing() {
    let Some(stage) = Stage::with("bad", &seen_chart("web")).await else {
        return;
    };
    let marks = Marks::new();
    let config = config_maps(stage.namespace(), &format!("{NOTES}\n  allowFailure: true"));
    let body = format!(
        "{}\n{}\nexit 1",
        marks.note("runs", "run"),
        set_value("web", "seen", "half done")
    );
    stage.hook("web", "a.sh", &hook(&config, &body));
    let address = free_address();
    let mut operator = stage.start_with(|settings| settings.listen = address);
    operator.module_is("web", ModuleState::Applied).await;
    assert_eq!(stage.get("configmaps/web").await["data"]["seen"], "nothing");
    assert_eq!(marks.lines("runs").len(), 1);

    stage.create("configmaps", &note("one")).await;
    marks.until("runs", 2).await;
    eventually("it is counted", PATIENCE, async || {
        let (_, metrics) = http_get(address, "/metrics").await;
        let counts = metrics
            .lines()
            .filter(|line| line.starts_with("addon_operator_module_hook_allowed_errors_total{"))
            .count();
        // Once at the start and once later.
        (counts == 2).then_some(()).ok_or(metrics)
    })
    .await;
    let after = operator
        .until("nothing is to be done", |view| view.converge.tasks == 0)
        .await;
    assert_eq!(after.modules.modules[0].state, ModuleState::Applied);
    assert_eq!(marks.lines("runs").len(), 2, "it is not repeated");
    operator.stop().await;
}

/// The hook fails on an event and is repeated; then its file goes.
#[tokio::test]
async fn removed_hook_takes_its_waiting_task_along() {
    let Some(stage) = Stage::with("bad", &seen_chart("web")).await else {
        return;
    };
    let marks = Marks::new();
    let config = config_maps(stage.namespace(), NOTES);
    let body = format!(
        "{}\ngrep -q Synchronization $BINDING_CONTEXT_PATH",
        marks.note("runs", "run")
    );
    stage.hook("web", "a.sh", &hook(&config, &body));
    let mut operator = stage.run_well().await;
    stage.create("configmaps", &note("one")).await;
    marks.until("runs", 2).await;
    let failing = |row: &ModuleRow| row.reason == "HookFailed";
    let row = until_row(&mut operator, "the failure is shown", failing).await;
    for words in ["hooks/a.sh (maps: Added", "exit code 1"] {
        assert!(row.message.contains(words), "{}", row.message);
    }
    assert_eq!(row.state, ModuleState::Applied);
    assert!(stage.event("HookFailed").await.contains("hooks/a.sh"));

    stage.modules.remove("010-web/hooks/a.sh");
    let chart = seen_chart("web").replace("'nothing'", "'without the hook'");
    stage.chart("web", &chart);
    let is_so = |object: &Value| object["data"]["seen"] == "without the hook";
    stage
        .until("configmaps/web", "the module goes on", is_so)
        .await;
    let after = operator
        .until("nothing is to be done", |view| view.converge.tasks == 0)
        .await;
    assert_eq!(after.modules.modules[0].reason, "");
    operator.stop().await;
}

/// The same while the hook waits in a queue of its own.
#[tokio::test]
async fn mended_hook_is_repeated_with_what_it_was_told() {
    let Some(stage) = Stage::with("bad", &seen_chart("web")).await else {
        return;
    };
    let marks = Marks::new();
    let config = config_maps(stage.namespace(), &format!("{NOTES}\n  queue: notes"));
    let body = format!(
        "{}\ngrep -q Synchronization $BINDING_CONTEXT_PATH",
        marks.note("runs", "run")
    );
    stage.hook("web", "a.sh", &hook(&config, &body));
    let operator = stage.run_well().await;
    stage.create("configmaps", &note("one")).await;
    marks.until("runs", 2).await;

    stage.hook(
        "web",
        "a.sh",
        &hook(&config, &set_value("web", "seen", "mended")),
    );
    let is_so = |object: &Value| object["data"]["seen"] == "mended";
    stage.until("configmaps/web", "it is mended", is_so).await;
    operator.stop().await;
}

/// A hook that fails on an event listens to something else when it is mended.
#[tokio::test]
async fn hook_that_is_bound_otherwise_forgets_what_it_was_told() {
    let Some(stage) = Stage::with("bad", &seen_chart("web")).await else {
        return;
    };
    let marks = Marks::new();
    let config = config_maps(stage.namespace(), NOTES);
    let two = format!(
        "{config}\n{}",
        config.split_once("kubernetes:\n").expect("a list").1
    );
    let two = two.replacen("name: maps", "name: first", 1);
    let body = format!(
        "{}\ngrep -q Synchronization $BINDING_CONTEXT_PATH",
        marks.note("runs", "run")
    );
    stage.hook("web", "a.sh", &hook(&two, &body));
    let mut operator = stage.run_well().await;
    stage.create("configmaps", &note("one")).await;
    marks.until("runs", 2).await;

    let body = format!(
        "{}\n{}",
        marks.note("told", "$(cat $BINDING_CONTEXT_PATH | tr -d '\\n')"),
        set_value("web", "seen", "mended")
    );
    stage.hook("web", "a.sh", &hook(&config, &body));
    let is_so = |object: &Value| object["data"]["seen"] == "mended";
    stage.until("configmaps/web", "it is mended", is_so).await;
    operator
        .until("nothing is to be done", |view| view.converge.tasks == 0)
        .await;
    let told = marks.lines("told");
    assert!(
        told.len() == 1 && told[0].contains("Synchronization"),
        "{told:?}"
    );
    operator.stop().await;
}

/// While the hook before its deletion fails, nothing of a module is deleted.
#[tokio::test]
async fn failing_hook_holds_up_the_deletion_until_it_is_mended() {
    let Some(stage) = Stage::with("bad", &seen_chart("web")).await else {
        return;
    };
    let config = "{configVersion: v1, beforeDeleteHelm: 1}";
    stage.hook("web", "a.sh", &hook(config, "echo not yet >&2; exit 1"));
    let mut operator = stage.run_well().await;
    stage.create_config(&json!({"webEnabled": "false"})).await;
    let row = operator.module_is("web", ModuleState::Failed).await;
    assert_eq!(row.reason, "HookFailed");
    assert!(row.message.contains("not yet"), "{}", row.message);
    assert!(stage.find("configmaps/web").await.is_some());

    stage.hook("web", "a.sh", &hook(config, ""));
    operator.module_is("web", ModuleState::Disabled).await;
    assert_eq!(stage.find("configmaps/web").await, None);
    operator.stop().await;
}

/// Without what a global hook finds out no module can be rendered: all wait, and people are told.
#[tokio::test]
async fn failing_global_hook_holds_up_all_until_it_is_mended() {
    let Some(stage) = Stage::with(
        "bad",
        &seen_chart("web").replace("Values.web", "Values.global"),
    )
    .await
    else {
        return;
    };
    let global = Modules::new();
    let config = "{configVersion: v1, beforeAll: 1}";
    global.write_script("a.sh", &hook(config, "echo no facts >&2; exit 1"));
    let path = global.path().to_owned();
    let mut operator = stage.start_with(|settings| settings.folders.global_hooks = path);
    let has_begun = |view: &View| view.converge.startup == ConvergePhase::InProgress;
    operator.until("converge begins", has_begun).await;
    eventually("the failure is shown", PATIENCE, async || {
        let main = operator.ask("/queue/main.json").await.to_string();
        let is_so = main.contains("a.sh (beforeAll)") && main.contains("no facts");
        is_so.then_some(()).ok_or(main)
    })
    .await;
    assert!(stage.event("HookFailed").await.contains("no facts"));
    let is_told =
        |note: &String| note.contains("no module runs before") && note.contains("no facts");
    operator
        .until("a note tells it", |view| {
            view.modules.notes.iter().any(is_told)
        })
        .await;
    assert_eq!(stage.find("configmaps/web").await, None);

    global.write_script("a.sh", &hook(config, &set_value("global", "seen", "facts")));
    operator.module_is("web", ModuleState::Applied).await;
    assert_eq!(stage.get("configmaps/web").await["data"]["seen"], "facts");
    operator.stop().await;
}

#[tokio::test]
async fn operator_killed_in_the_middle_of_a_hook_ends_in_the_same_state() {
    let Some(stage) = Stage::with("bad", &seen_chart("web")).await else {
        return;
    };
    let marks = Marks::new();
    let patch = set_value("web", "size", "large")
        .replace("VALUES_JSON_PATCH_PATH", "CONFIG_VALUES_JSON_PATCH_PATH");
    let body = format!(
        "{}\n{}\n{patch}\n{}",
        set_value("web", "seen", "done"),
        marks.note("runs", "$$"),
        marks.await_in_hook("go"),
    );
    stage.hook("web", "a.sh", &before_helm(&body));
    let operator = stage.start();
    let process = marks.until("runs", 1).await.remove(0);
    drop(operator);
    until_dead(&process).await;
    assert_eq!(stage.find("configmaps/web").await, None);
    assert_eq!(stage.find("configmaps/addon-operator").await, None);

    marks.set("go");
    let operator = stage.run_well().await;
    assert_eq!(stage.get("configmaps/web").await["data"]["seen"], "done");
    let config = stage.get("configmaps/addon-operator").await;
    assert_eq!(config["data"], json!({"web": "size: large\n"}));
    assert_eq!(marks.lines("runs").len(), 2);
    operator.stop().await;
}

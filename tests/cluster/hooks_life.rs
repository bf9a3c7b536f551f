//! The life of hooks: the order of their runs, from the start to the deletion, and folders that change.

use serde_json::{Value, json};

use addon_operator::serve::ModuleState;

use super::recorder::{Recorder, a_while};
use super::stage::{Stage, config_map};
use crate::support::{Modules, Operator};

/// A chart with one `ConfigMap` that shows values.
pub(super) const CHART: &str = "
apiVersion: v1
kind: ConfigMap
metadata: {name: web}
data:
  own: {{ Values.web.own | default('none') | toJson }}
  global: {{ Values.global.shared | default('none') | toJson }}
";

/// A binding for the `ConfigMap`s of a namespace with the label `seen`.
pub(super) fn seen(stage: &Stage, more: &str) -> String {
    format!(
        "kubernetes:
- name: seen
  apiVersion: v1
  kind: ConfigMap
  labelSelector: {{matchLabels: {{seen: \"yes\"}}}}
  namespace: {{nameSelector: {{matchNames: [{}]}}}}
  {more}",
        stage.namespace()
    )
}

/// Makes a `ConfigMap` with the label `seen`.
pub(super) async fn create_seen(stage: &Stage, name: &str) {
    stage
        .create_config_map(&json!({"name": name, "labels": {"seen": "yes"}}), "hello")
        .await;
}

/// An operator with global hooks.
pub(super) fn start_with_globals(stage: &Stage, globals: &Modules) -> Operator {
    stage.start_with(|settings| {
        globals
            .path()
            .clone_into(&mut settings.folders.global_hooks);
    })
}

#[tokio::test]
async fn module_lives_and_dies_with_its_hooks() {
    let Some(stage) = Stage::with("life", CHART).await else {
        return;
    };
    let recorder = Recorder::new();
    let both = "onStartup: 1\nbeforeHelm: 2\nafterHelm: 2\nbeforeDeleteHelm: 2\nafterDeleteHelm: 2";
    let config = format!("{both}\n{}", seen(&stage, ""));
    let body = "
if kinds[0] == 'Event': patch('/web/own', contexts[-1]['object']['metadata']['name'])";
    stage.hook("web", "a.py", &recorder.hook("a", &config, body));
    let other =
        "onStartup: 0\nbeforeHelm: 1\nafterHelm: 3\nbeforeDeleteHelm: 1\nafterDeleteHelm: 3";
    stage.hook("web", "b.py", &recorder.hook("b", other, ""));
    create_seen(&stage, "first").await;
    let start = [
        "b onStartup",
        "a onStartup",
        "a seen Synchronization",
        "b beforeHelm",
        "a beforeHelm",
        "a afterHelm",
        "b afterHelm",
    ];
    let mut operator = stage.run_well().await;
    assert_eq!(recorder.tale(), start);

    create_seen(&stage, "second").await;
    let is_there = |object: &Value| object["data"]["own"] == "second";
    stage.until("configmaps/web", "the patch", is_there).await;
    operator.module_is("web", ModuleState::Applied).await;

    stage.create_config(&json!({"webEnabled": "false"})).await;
    operator.module_is("web", ModuleState::Disabled).await;
    let tale = recorder.tale();
    let end = [
        "b beforeDeleteHelm",
        "a beforeDeleteHelm",
        "a afterDeleteHelm",
        "b afterDeleteHelm",
    ];
    assert_eq!(tale[tale.len() - 4..], end);
    assert!(stage.find("configmaps/web").await.is_none());

    // Its bindings have ended, its patches are forgotten; then everything is as at first.
    recorder.clear();
    create_seen(&stage, "third").await;
    a_while().await;
    assert!(recorder.tale().is_empty(), "{:?}", recorder.tale());
    let change = json!({"data": {"webEnabled": "true"}});
    stage
        .alter("configmaps/addon-operator", "test", &change)
        .await;
    operator.module_is("web", ModuleState::Applied).await;
    assert_eq!(recorder.tale(), start);
    let contexts = recorder.contexts("a");
    let all = contexts
        .iter()
        .find(|context| context["type"] == "Synchronization");
    assert_eq!(all.unwrap()["objects"].as_array().map(Vec::len), Some(3));
    assert_eq!(stage.get("configmaps/web").await["data"]["own"], "none");
    operator.stop().await;
}

#[tokio::test]
async fn global_hooks_run_around_converge_and_after_the_last_recovery() {
    let Some(stage) = Stage::with("around", CHART).await else {
        return;
    };
    let (recorder, globals) = (Recorder::new(), Modules::new());
    let config = "onStartup: 1\nbeforeAll: 2\nafterAll: 1";
    globals.write_script("a.py", &recorder.hook("a", config, ""));
    let config = "beforeAll: 1\nafterAll: 2";
    globals.write_script("b.py", &recorder.hook("b", config, ""));
    let body = "if not os.path.exists(FOLDER + '/mended'): sys.exit('not yet')";
    stage.hook("web", "w.py", &recorder.hook("w", "beforeHelm: 1", body));
    let mut operator = start_with_globals(&stage, &globals);
    operator.module_is("web", ModuleState::Failed).await;
    let count = |tale: &[String], run: &str| tale.iter().filter(|line| *line == run).count();
    let tale = recorder
        .until("afterAll", |tale| count(tale, "b afterAll") == 1)
        .await;
    assert_eq!(tale[..3], ["a onStartup", "b beforeAll", "a beforeAll"]);
    assert_eq!(count(&tale, "a afterAll"), 1);

    recorder.open("mended");
    operator.module_is("web", ModuleState::Applied).await;
    let tale = recorder
        .until("afterAll again", |tale| count(tale, "b afterAll") == 2)
        .await;
    let end = tale.len() - 3;
    assert_eq!(tale[end..], ["w beforeHelm", "a afterAll", "b afterAll"]);
    assert_eq!(count(&tale, "a beforeAll"), 1);
    operator.stop().await;
}

#[tokio::test]
async fn schedules_fire_after_the_first_converge() {
    let Some(stage) = Stage::with("schedule", CHART).await else {
        return;
    };
    let (recorder, globals) = (Recorder::new(), Modules::new());
    let every = "schedule: [{name: tick, crontab: '* * * * * *'}]";
    globals.write_script("g.py", &recorder.hook("g", every, ""));
    stage.hook("web", "a.py", &recorder.hook("a", every, ""));
    let body = "wait_for(FOLDER + '/go')";
    stage.chart("slow", &config_map("slow", "x"));
    stage.hook("slow", "s.py", &recorder.hook("s", "beforeHelm: 1", body));
    let mut operator = start_with_globals(&stage, &globals);
    operator.module_is("web", ModuleState::Applied).await;
    tokio::time::sleep(std::time::Duration::from_millis(1200)).await;
    assert_eq!(recorder.tale(), ["s beforeHelm"]);
    recorder.open("go");
    recorder.sees("g tick Schedule").await;
    recorder.sees("a tick Schedule").await;
    operator.stop().await;
}

#[tokio::test]
async fn hooks_that_change_take_effect_without_a_restart() {
    let Some(stage) = Stage::with("edit", CHART).await else {
        return;
    };
    let (recorder, globals) = (Recorder::new(), Modules::new());
    stage.hook("web", "same.py", &recorder.hook("same", "onStartup: 1", ""));
    stage.hook("web", "old.py", &recorder.hook("old", "beforeHelm: 1", ""));
    globals.write_script("same.py", &recorder.hook("g-same", "onStartup: 1", ""));
    let mut operator = start_with_globals(&stage, &globals);
    operator.converged().await;
    let mut tale = recorder.tale();
    tale.sort();
    assert_eq!(
        tale,
        ["g-same onStartup", "old beforeHelm", "same onStartup"]
    );

    // Added to a module, changed, removed.
    recorder.clear();
    let config = seen(&stage, "");
    stage.hook("web", "new.py", &recorder.hook("new", &config, ""));
    recorder.sees("new seen Synchronization").await;
    create_seen(&stage, "first").await;
    recorder.sees("new seen Added first").await;
    let body = "if kinds[0] == 'Event': patch('/web/own', 'changed')";
    let changed = recorder.hook("changed", &config, body);
    stage.hook("web", "new.py", &changed);
    recorder.sees("changed seen Synchronization").await;
    create_seen(&stage, "second").await;
    let is_there = |object: &Value| object["data"]["own"] == "changed";
    stage.until("configmaps/web", "the patch", is_there).await;
    stage.modules.remove("010-web/hooks/old.py");
    stage.modules.remove("010-web/hooks/new.py");
    stage.hook("web", "last.py", &recorder.hook("last", "afterHelm: 1", ""));
    recorder.sees("last afterHelm").await;
    recorder.clear();
    create_seen(&stage, "third").await;

    // The same for global hooks.
    globals.write_script(
        "new.py",
        &recorder.hook("g", "onStartup: 1\nafterAll: 1", ""),
    );
    recorder.sees("g afterAll").await;
    globals.write_script("new.py", &recorder.hook("h", "beforeAll: 1", ""));
    let has_ended = |tale: &[String]| {
        let begin = tale.iter().position(|run| run == "h beforeAll");
        begin.is_some_and(|begin| tale[begin..].contains(&"last afterHelm".to_owned()))
    };
    recorder.until("that converge ends", has_ended).await;
    recorder.clear();
    globals.remove("new.py");
    recorder.sees("last afterHelm").await;
    a_while().await;
    assert_eq!(recorder.tale(), ["last afterHelm"]);
    operator.stop().await;
}

//! What hooks are given, what they give back, and what follows from it.

use addon_operator::serve::ModuleState;
use serde_json::{Value, json};

use super::hooks_life::{CHART, create_seen, seen, start_with_globals};
use super::recorder::{Recorder, a_while};
use super::scene::{free_address, http_get};
use super::stage::{Stage, config_map};
use crate::support::Modules;

#[tokio::test]
async fn values_changed_after_the_chart_are_one_more_run() {
    let Some(stage) = Stage::with("after", CHART).await else {
        return;
    };
    let recorder = Recorder::new();
    let body = "
if 'afterHelm' in bindings: patch('/web/own', 'after')
if kinds[0] == 'Event': patch('/web/own', contexts[-1]['object']['metadata']['name'])";
    let config = format!("beforeHelm: 1\nafterHelm: 1\n{}", seen(&stage, ""));
    stage.hook("web", "a.py", &recorder.hook("a", &config, body));
    let mut operator = stage.run_well().await;
    let is_after = |object: &Value| object["data"]["own"] == "after";
    stage
        .until("configmaps/web", "the second run", is_after)
        .await;
    operator.module_is("web", ModuleState::Applied).await;
    a_while().await;
    let twice = ["a beforeHelm", "a afterHelm"].repeat(2);
    assert_eq!(recorder.tale()[1..], twice);

    // An event changes it, afterHelm changes it back: three runs, and then there is nothing to do.
    recorder.clear();
    create_seen(&stage, "event").await;
    recorder.until("two runs", |tale| tale.len() >= 5).await;
    a_while().await;
    assert_eq!(recorder.tale()[1..], twice);
    operator.stop().await;
}

#[tokio::test]
async fn global_values_reach_every_module_and_switch_modules() {
    let Some(stage) = Stage::with("global", CHART).await else {
        return;
    };
    let (recorder, globals) = (Recorder::new(), Modules::new());
    stage.chart(
        "db",
        &config_map(
            "db",
            "{{ Values.global.shared | default('none') | toJson }}",
        ),
    );
    let config = format!("beforeAll: 1\n{}", seen(&stage, ""));
    let body = "
name = contexts[-1].get('object', {}).get('metadata', {}).get('name', '')
def switch(value): give('VALUES_JSON_PATCH_PATH', {'op': 'add', 'path': '/dbEnabled', 'value': value})
if 'beforeAll' in bindings and not read('VALUES_PATH')['global'].get('shared'): patch('/global/shared', 'first')
if name == 'off': switch(False)
elif name == 'on': switch(True)
elif name: patch('/global/shared', name)";
    globals.write_script("g.py", &recorder.hook("g", &config, body));
    let mut operator = start_with_globals(&stage, &globals);
    operator.converged().await;
    let says =
        |key: &'static str, text: &'static str| move |object: &Value| object["data"][key] == text;
    assert!(says("global", "first")(&stage.get("configmaps/web").await));
    assert!(says("text", "first")(&stage.get("configmaps/db").await));

    create_seen(&stage, "second").await;
    stage
        .until("configmaps/web", "second", says("global", "second"))
        .await;
    stage
        .until("configmaps/db", "second", says("text", "second"))
        .await;

    create_seen(&stage, "off").await;
    stage.until_gone(&stage.path("configmaps/db")).await;
    operator.module_is("db", ModuleState::Disabled).await;
    create_seen(&stage, "on").await;
    stage
        .until("configmaps/db", "it is back", says("text", "second"))
        .await;
    operator.stop().await;
}

#[tokio::test]
async fn config_values_of_a_hook_are_written_and_wake_nobody() {
    let Some(stage) = Stage::with("config", CHART).await else {
        return;
    };
    let recorder = Recorder::new();
    let config = format!("beforeHelm: 1\n{}", seen(&stage, ""));
    let body = "
if kinds[0] == 'Event':
    give('CONFIG_VALUES_JSON_PATCH_PATH', {'op': 'add', 'path': '/web/own', 'value': contexts[-1]['object']['metadata']['name']})
record(config=read('CONFIG_VALUES_PATH'))";
    stage.hook("web", "a.py", &recorder.hook("a", &config, body));
    stage
        .create_config(&json!({"web": "own: people\nother: 1\n"}))
        .await;
    let operator = stage.run_well().await;
    assert_eq!(stage.get("configmaps/web").await["data"]["own"], "people");
    let given = recorder
        .all()
        .into_iter()
        .find_map(|record| record.get("config").cloned());
    assert_eq!(
        given,
        Some(json!({"global": {}, "web": {"own": "people", "other": 1}}))
    );

    create_seen(&stage, "hook").await;
    let says = |object: &Value| object["data"]["own"] == "hook";
    stage.until("configmaps/web", "hook", says).await;
    let written = stage.get("configmaps/addon-operator").await;
    assert_eq!(written["data"], json!({"web": "other: 1\nown: hook\n"}));
    a_while().await;
    assert_eq!(recorder.count("a beforeHelm"), 2);
    operator.stop().await;
}

#[tokio::test]
async fn objects_and_metrics_are_as_the_hook_asked() {
    let Some(stage) = Stage::with("objects", CHART).await else {
        return;
    };
    let recorder = Recorder::new();
    let config = seen(&stage, "");
    let namespace = stage.namespace();
    let body = format!(
        "
if kinds[0] == 'Event':
    of = {{'apiVersion': 'v1', 'kind': 'ConfigMap', 'namespace': '{namespace}'}}
    give('KUBERNETES_PATCH_PATH',
        {{'operation': 'Create', 'object': {{'apiVersion': 'v1', 'kind': 'ConfigMap', 'metadata': {{'name': 'made', 'namespace': '{namespace}'}}}}}},
        {{'operation': 'MergePatch', **of, 'name': 'merged', 'mergePatch': {{'data': {{'more': 'x'}}}}}},
        {{'operation': 'DeleteInBackground', **of, 'name': 'deleted'}})
    give('METRICS_PATH', {{'name': 'my_runs', 'action': 'add', 'value': 2, 'labels': {{'x': 'y'}}}})"
    );
    stage.hook("web", "a.py", &recorder.hook("a", &config, &body));
    for name in ["merged", "deleted"] {
        stage
            .create_config_map(&json!({"name": name}), "text")
            .await;
    }
    let address = free_address();
    let mut operator = stage.start_with(|settings| settings.listen = address);
    operator.module_is("web", ModuleState::Applied).await;
    create_seen(&stage, "go").await;
    stage.until_gone(&stage.path("configmaps/deleted")).await;
    assert!(stage.find("configmaps/made").await.is_some());
    let data = stage.get("configmaps/merged").await["data"].clone();
    assert_eq!(data, json!({"text": "text", "more": "x"}));
    let line = "my_runs{hook=\"hooks/a.py\",module=\"web\",x=\"y\"} 2";
    crate::support::eventually(line, super::scene::PATIENCE, async || {
        let (_, text) = http_get(address, "/metrics/hooks").await;
        text.lines()
            .any(|found| found == line)
            .then_some(())
            .ok_or(text)
    })
    .await;
    operator.stop().await;
}

/// Tells the files, and what is in them.
const FILES: &str = "
names = ['CONFIG_VALUES_PATH', 'VALUES_PATH', 'BINDING_CONTEXT_PATH', 'CONFIG_VALUES_JSON_PATCH_PATH', 'VALUES_JSON_PATCH_PATH', 'METRICS_PATH', 'KUBERNETES_PATCH_PATH']
folder = os.path.dirname(os.environ['VALUES_PATH'])
record(cwd=os.getcwd(), arguments=sys.argv[1:], folder=folder, folder_mode=oct(os.stat(folder).st_mode & 0o777),
    files={name: os.path.basename(os.environ[name]) for name in names},
    modes=sorted({oct(os.stat(os.environ[name]).st_mode & 0o777) for name in names}),
    group=os.getpgid(0) == os.getpid(), values=read('VALUES_PATH'), config=read('CONFIG_VALUES_PATH'))";

#[tokio::test]
async fn hook_is_given_the_files_of_the_contract() {
    let Some(stage) = Stage::with("files", CHART).await else {
        return;
    };
    let (recorder, globals) = (Recorder::new(), Modules::new());
    stage.hook(
        "web",
        "sub/a_b.py",
        &recorder.hook("a", "onStartup: 1", FILES),
    );
    globals.write_script("g.py", &recorder.hook("g", "onStartup: 1", FILES));
    stage.modules.write(
        "010-web/values.yaml",
        "webEnabled: true\nweb: {own: static}\n",
    );
    stage
        .create_config(&json!({"web": "size: 3\n", "global": "shared: us\n"}))
        .await;
    let mut operator = start_with_globals(&stage, &globals);
    operator.module_is("web", ModuleState::Applied).await;
    let all = recorder.all();
    let record = |hook: &str| {
        let mut records = all.iter();
        let found = records.find(|record| record["hook"] == hook && record["cwd"].is_string());
        found
            .unwrap_or_else(|| panic!("no record of {hook}"))
            .clone()
    };
    let (module, global) = (record("a"), record("g"));
    assert_eq!(
        module["files"],
        json!({
            "CONFIG_VALUES_PATH": "web.module-config-values.json",
            "VALUES_PATH": "web.module-values.json",
            "BINDING_CONTEXT_PATH": "web.module-hook-hooks-sub-a-b-py-binding-context.json",
            "CONFIG_VALUES_JSON_PATCH_PATH": "hooks-sub-a-b-py.module-hook-config-values.json-patch",
            "VALUES_JSON_PATCH_PATH": "hooks-sub-a-b-py.module-hook-values.json-patch",
            "METRICS_PATH": "hooks-sub-a-b-py.module-hook-metrics.json",
            "KUBERNETES_PATCH_PATH": "hooks-sub-a-b-py-object-patch",
        })
    );
    assert_eq!(global["files"]["VALUES_PATH"], "global.module-values.json");
    for record in [&module, &global] {
        assert_eq!(record["folder_mode"], "0o700");
        assert_eq!(record["modes"], json!(["0o600"]));
        assert_eq!(record["arguments"], json!([]));
        let folder = record["folder"].as_str().unwrap();
        assert!(std::fs::metadata(folder).is_err(), "{folder} is there");
    }
    let ours = std::env::current_dir().unwrap();
    assert_eq!(module["cwd"].as_str(), ours.to_str());
    assert_eq!(
        module["config"],
        json!({"global": {"shared": "us"}, "web": {"size": 3}})
    );
    assert_eq!(module["values"]["web"], json!({"own": "static", "size": 3}));
    assert_eq!(module["values"]["global"]["shared"], "us");
    assert_eq!(global["config"], json!({"global": {"shared": "us"}}));
    assert!(global["values"].get("web").is_none());
    operator.stop().await;
}

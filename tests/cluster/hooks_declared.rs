//! Hooks that are declared: their values and objects, on a real API server.

use addon_operator::serve::ModuleState;
use futures::stream::{self, StreamExt as _};
use kube::Client;
use serde_json::{Value, json};

use super::recorder::Recorder;
use super::stage::{Stage, config_map, definition, until_row, widget};
use crate::support::{self, Modules, Operator, eventually, rest};

/// A `ConfigMap` that a hook is told of.
fn source(name: &str, text: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {"name": name, "labels": {"source": "yes"}}, "data": {"text": text},
    })
}

/// The bindings of a hook that is told of such.
fn bindings(stage: &Stage) -> String {
    format!(
        "configVersion: v1
kubernetes:
- name: sources
  apiVersion: v1
  kind: ConfigMap
  labelSelector: {{matchLabels: {{source: \"yes\"}}}}
  namespace: {{nameSelector: {{matchNames: [{}]}}}}
  keepFullObjectsInMemory: false
  jqFilter: '{{name: .metadata.name, text: .data.text}}'
",
        stage.namespace()
    )
}

/// One copy of each, with `prefix` before its name.
fn copies(prefix: &str) -> String {
    format!(
        "objects: |
  {{% for item in snapshots.sources %}}
  ---
  apiVersion: v1
  kind: ConfigMap
  metadata: {{name: {prefix}-{{{{ item.filterResult.name }}}}}}
  data: {{text: {{{{ item.filterResult.text | quote }}}}}}
  {{% endfor %}}
"
    )
}

fn declare(stage: &Stage, hook: &str, text: &str) {
    stage
        .modules
        .write(&format!("010-web/hooks/{hook}.hook.yaml"), text);
}

const CHART: &str = "---
apiVersion: v1
kind: ConfigMap
metadata: {name: chart}
data: {names: {{ Values.web.names | default([]) | join(',') | quote }}}
";

fn text(object: &Value) -> &str {
    object["data"]["text"].as_str().unwrap_or_default()
}

fn names(object: &Value) -> &str {
    object["data"]["names"].as_str().unwrap_or_default()
}

/// The resource versions of all `ConfigMaps` and of the `Module`.
async fn versions(stage: &Stage) -> Value {
    let list = stage.get("configmaps").await;
    let items = list["items"].as_array().unwrap();
    let of = |object: &Value| {
        json!([
            object["metadata"]["name"],
            object["metadata"]["resourceVersion"]
        ])
    };
    let mut versions: Vec<Value> = items.iter().map(of).collect();
    versions.push(of(&stage.module().await));
    json!(versions)
}

#[tokio::test]
async fn values_and_objects_follow_what_is_watched() {
    let Some(stage) = Stage::with("declared", CHART).await else {
        return;
    };
    let values = "values:\n  web.names: '[.snapshots.sources[].filterResult.name]'\n";
    declare(
        &stage,
        "copy",
        &(bindings(&stage) + values + &copies("copy")),
    );
    stage.create("configmaps", &source("a", "one")).await;
    let operator = stage.run_well().await;
    let copy = stage.get("configmaps/copy-a").await;
    assert_eq!(text(&copy), "one");
    assert_eq!(names(&stage.get("configmaps/chart").await), "a");
    // It is an object of the module like any other.
    let chart = stage.get("configmaps/chart").await;
    assert_eq!(copy["metadata"]["labels"], chart["metadata"]["labels"]);
    let manager = |object: &Value| object["metadata"]["managedFields"][0]["manager"].clone();
    assert_eq!(manager(&copy), "addon-operator/web");
    let declared_by = &copy["metadata"]["annotations"]["addon-operator.io/hook"];
    assert_eq!(declared_by, "hooks/copy.hook.yaml");

    // One more, another text, one less.
    stage.create("configmaps", &source("b", "two")).await;
    stage
        .until("configmaps/copy-b", "two", |copy| text(copy) == "two")
        .await;
    stage
        .until("configmaps/chart", "both", |chart| names(chart) == "a,b")
        .await;
    let change = json!({"data": {"text": "three"}});
    stage.alter("configmaps/a", "somebody", &change).await;
    stage
        .until("configmaps/copy-a", "three", |copy| text(copy) == "three")
        .await;
    stage.delete("configmaps/a").await;
    stage.until_gone(&stage.path("configmaps/copy-a")).await;
    stage
        .until("configmaps/chart", "one", |chart| names(chart) == "b")
        .await;

    // Drift is corrected.
    stage.delete("configmaps/copy-b").await;
    stage
        .until("configmaps/copy-b", "back", |copy| text(copy) == "two")
        .await;
    stage.alter("configmaps/copy-b", "somebody", &change).await;
    stage
        .until("configmaps/copy-b", "put right", |copy| text(copy) == "two")
        .await;

    let list = operator.ask("/hook/list.json").await;
    let rows = list["hooks"].as_array().unwrap();
    assert_eq!(rows[0]["name"], "hooks/copy.hook.yaml", "{list}");
    operator.stop().await;
}

#[tokio::test]
async fn a_restart_writes_nothing() {
    let Some(stage) = Stage::with("declared-restart", CHART).await else {
        return;
    };
    let values = "values:\n  web.names: '[.snapshots.sources[].filterResult.name]'\n";
    declare(
        &stage,
        "copy",
        &(bindings(&stage) + values + &copies("copy")),
    );
    for name in ["a", "b", "c"] {
        stage.create("configmaps", &source(name, name)).await;
    }
    let operator = stage.run_well().await;
    let applied = |module: &Value| module["status"].to_string().contains("copy-c");
    stage.until_module("all are remembered", applied).await;
    operator.stop().await;
    let before = versions(&stage).await;
    let operator = stage.run_well().await;
    operator.stop().await;
    assert_eq!(versions(&stage).await, before);
}

#[tokio::test]
async fn a_change_applies_the_difference_alone() {
    let Some(stage) = Stage::with("declared-alone", CHART).await else {
        return;
    };
    let recorder = Recorder::new();
    let other = recorder.hook("other", "beforeHelm: 1\nafterHelm: 1\n", "");
    stage.hook("web", "other.py", &other);
    declare(&stage, "copy", &(bindings(&stage) + &copies("copy")));
    stage.create("configmaps", &source("a", "one")).await;
    stage.create("configmaps", &source("b", "two")).await;
    let operator = stage.run_well().await;
    let (runs, before) = (recorder.all().len(), stage.get("configmaps/copy-b").await);
    let change = json!({"data": {"text": "three"}});
    stage.alter("configmaps/a", "somebody", &change).await;
    stage
        .until("configmaps/copy-a", "three", |copy| text(copy) == "three")
        .await;
    operator.stop().await;
    assert_eq!(recorder.all().len(), runs, "no other hook ran");
    let after = stage.get("configmaps/copy-b").await;
    assert_eq!(before["metadata"], after["metadata"]);
}

#[tokio::test]
async fn a_template_that_fails_on_one_object_leaves_all_as_they_are() {
    let Some(stage) = Stage::with("declared-bad", CHART).await else {
        return;
    };
    let template = copies("copy").replace("text | quote", "text | b64dec | quote");
    declare(&stage, "copy", &(bindings(&stage) + &template));
    stage.create("configmaps", &source("a", "YQ==")).await;
    let operator = stage.run_well().await;
    assert_eq!(text(&stage.get("configmaps/copy-a").await), "a");
    stage.create("configmaps", &source("b", "?")).await;
    let message = stage.event("HookFailed").await;
    assert!(
        message.contains("010-web/hooks/copy.hook.yaml:16:44: b64dec"),
        "{message}"
    );
    stage.delete("configmaps/a").await;
    stage
        .alter(
            "configmaps/b",
            "somebody",
            &json!({"data": {"text": "Yg=="}}),
        )
        .await;
    stage
        .until("configmaps/copy-b", "b", |copy| text(copy) == "b")
        .await;
    stage.until_gone(&stage.path("configmaps/copy-a")).await;
    operator.stop().await;
}

#[tokio::test]
async fn what_a_failing_hook_declared_stays_over_a_restart() {
    let Some(stage) = Stage::with("declared-stays", CHART).await else {
        return;
    };
    let template = copies("copy").replace("text | quote", "text | b64dec | quote");
    declare(&stage, "copy", &(bindings(&stage) + &template));
    stage.create("configmaps", &source("a", "YQ==")).await;
    stage.run_well().await.stop().await;
    let before = stage.get("configmaps/copy-a").await;
    stage
        .alter("configmaps/a", "somebody", &json!({"data": {"text": "?"}}))
        .await;
    let (mut operator, row) = stage.run_badly().await;
    assert_eq!(row.reason, "HookFailed");
    let after = stage.get("configmaps/copy-a").await;
    assert_eq!(after["metadata"], before["metadata"]);
    stage.delete("configmaps/a").await;
    operator.module_is("web", ModuleState::Applied).await;
    stage.until_gone(&stage.path("configmaps/copy-a")).await;
    operator.stop().await;
}

#[tokio::test]
async fn one_object_of_two_is_a_mistake() {
    let Some(stage) = Stage::with("declared-two", CHART).await else {
        return;
    };
    stage.create("configmaps", &source("a", "one")).await;
    declare(&stage, "one", &(bindings(&stage) + &copies("copy")));
    let mut operator = stage.run_well().await;
    declare(&stage, "two", &(bindings(&stage) + &copies("copy")));
    let row = operator.module_is("web", ModuleState::Failed).await;
    assert_eq!(row.reason, "InvalidObjects");
    let told = format!(
        "010-web/hooks/two.hook.yaml: ConfigMap {}/copy-a is declared by 010-web/hooks/one.hook.yaml as well",
        stage.namespace()
    );
    assert!(row.message.contains(&told), "{}", row.message);
    assert_eq!(text(&stage.get("configmaps/copy-a").await), "one");
    stage.modules.remove("010-web/hooks/two.hook.yaml");
    operator.module_is("web", ModuleState::Applied).await;

    // The chart has it as well.
    stage.chart("web", &format!("{CHART}{}", config_map("copy-a", "mine")));
    let told = format!(
        "ConfigMap {}/copy-a is in the chart as well, in ",
        stage.namespace()
    );
    until_row(&mut operator, "the chart", |row| {
        row.message.contains(&told)
    })
    .await;
    assert_eq!(text(&stage.get("configmaps/copy-a").await), "one");

    // Left to the chart, it is handed over as it is.
    let before = stage.get("configmaps/copy-a").await;
    declare(&stage, "one", &(bindings(&stage) + &copies("other")));
    stage
        .until("configmaps/copy-a", "the chart's", |copy| {
            text(copy) == "mine"
        })
        .await;
    let after = stage.get("configmaps/copy-a").await;
    assert_eq!(after["metadata"]["uid"], before["metadata"]["uid"]);
    assert!(
        after["metadata"]["annotations"]
            .get("addon-operator.io/hook")
            .is_none()
    );
    stage
        .until("configmaps/other-a", "the hook's", |copy| {
            text(copy) == "one"
        })
        .await;
    operator.stop().await;
}

#[tokio::test]
async fn values_that_do_not_fit_the_schema_change_nothing() {
    let Some(stage) = Stage::with("declared-schema", CHART).await else {
        return;
    };
    let schema =
        "type: object\nproperties:\n  names: {type: array, maxItems: 1, items: {type: string}}\n";
    stage
        .modules
        .write("010-web/openapi/config-values.yaml", schema);
    let extended = "type: object\nx-extend: {schema: config-values.yaml}\n";
    stage.modules.write("010-web/openapi/values.yaml", extended);
    let values = "values:\n  web.names: '[.snapshots.sources[].filterResult.name] | if . == [] then null else . end'\n";
    declare(
        &stage,
        "copy",
        &(bindings(&stage) + values + &copies("copy")),
    );
    stage.create("configmaps", &source("a", "one")).await;
    let operator = stage.run_well().await;
    stage.create("configmaps", &source("b", "two")).await;
    let message = stage.event("HookFailed").await;
    assert!(message.contains("web.names"), "{message}");
    assert!(stage.find("configmaps/copy-b").await.is_none());
    assert_eq!(names(&stage.get("configmaps/chart").await), "a");
    stage.delete("configmaps/a").await;
    stage
        .until("configmaps/copy-b", "two", |copy| text(copy) == "two")
        .await;
    stage
        .until("configmaps/chart", "b", |chart| names(chart) == "b")
        .await;
    // Nothing gives the value back to what people say.
    stage
        .create_config(&json!({"web": "names: [mine]\n"}))
        .await;
    stage.delete("configmaps/b").await;
    stage
        .until("configmaps/chart", "mine", |chart| names(chart) == "mine")
        .await;
    operator.stop().await;
}

#[tokio::test]
async fn objects_go_with_their_hook_and_with_their_module() {
    let Some(stage) = Stage::with("declared-goes", CHART).await else {
        return;
    };
    stage.create("configmaps", &source("a", "one")).await;
    let values = "values:\n  web.names: '[\"hook\"]'\n";
    declare(
        &stage,
        "copy",
        &(bindings(&stage) + values + &copies("copy")),
    );
    declare(&stage, "other", &(bindings(&stage) + &copies("other")));
    let mut operator = stage.run_well().await;
    assert_eq!(names(&stage.get("configmaps/chart").await), "hook");
    stage.modules.remove("010-web/hooks/copy.hook.yaml");
    stage.until_gone(&stage.path("configmaps/copy-a")).await;
    stage
        .until("configmaps/chart", "no names", |chart| {
            names(chart).is_empty()
        })
        .await;
    assert_eq!(text(&stage.get("configmaps/other-a").await), "one");
    stage.create_config(&json!({"webEnabled": "false"})).await;
    operator.module_is("web", ModuleState::Disabled).await;
    assert!(stage.find("configmaps/other-a").await.is_none());
    operator.stop().await;
}

/// Nothing is pruned by ignorance: what a hook cannot see yet does not say that it is not there.
#[tokio::test]
async fn what_a_hook_declared_stays_while_a_kind_is_not_there() {
    let Some(stage) = Stage::with("declared-kind", CHART).await else {
        return;
    };
    let letters = stage.letters().to_owned();
    let crds = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
    let yaml = |text: &str| -> Value {
        let text = text.trim_start_matches("---\n");
        addon_operator::yaml::read_value(text, addon_operator::yaml::Profile::V2).unwrap()
    };
    rest::create(&stage.client, crds, &yaml(&definition(&letters))).await;
    let hook = format!(
        "configVersion: v1
kubernetes:
- {{name: sources, apiVersion: {letters}.example.com/v1, kind: Widget,
   jqFilter: '{{name: .metadata.name, text: \"w\"}}'}}
"
    );
    declare(&stage, "copy", &(hook + &copies("copy")));
    let mut operator = stage.run_well().await;
    let widgets = stage.path(&format!("{letters}.example.com/v1/widgets"));
    eventually(
        "a widget is made",
        std::time::Duration::from_secs(20),
        async || {
            let request = http::Request::post(&widgets).header("content-type", "application/json");
            let request = request.body(yaml(&widget(&letters, "a")).to_string().into_bytes());
            let made = stage.client.request::<Value>(request.unwrap()).await;
            made.map(drop).map_err(|error| error.to_string())
        },
    )
    .await;
    stage
        .until("configmaps/copy-a", "w", |copy| text(copy) == "w")
        .await;
    let remembered = |module: &Value| module["status"].to_string().contains("copy-a");
    stage.until_module("it is remembered", remembered).await;
    operator.stop().await;

    // The kind goes while nobody looks, and comes back.
    let before = stage.get("configmaps/copy-a").await;
    let crd = format!("{crds}/widgets.{letters}.example.com");
    rest::delete(&stage.client, &crd).await;
    stage.until_gone(&crd).await;
    operator = stage.run_well().await;
    let after = stage.get("configmaps/copy-a").await;
    assert_eq!(after["metadata"], before["metadata"]);
    let module = stage.module().await;
    assert!(module["status"].to_string().contains("copy-a"), "{module}");
    rest::create(&stage.client, crds, &yaml(&definition(&letters))).await;
    // Now it is known that there is none.
    stage.until_gone(&stage.path("configmaps/copy-a")).await;
    operator.stop().await;
}

#[tokio::test]
async fn a_global_hook_sets_values_and_has_no_objects() {
    let Some(stage) = Stage::with(
        "declared-global",
        &CHART.replace("Values.web", "Values.global"),
    )
    .await
    else {
        return;
    };
    let folder = tempfile::TempDir::new().unwrap();
    let path = folder.path().join("names.hook.yaml");
    let values = "values:\n  global.names: '[.snapshots.sources[].filterResult.name]'\n  webEnabled: 'true'\n";
    std::fs::write(&path, bindings(&stage) + values).unwrap();
    stage
        .modules
        .write("010-web/values.yaml", "webEnabled: false\n");
    stage.create("configmaps", &source("a", "one")).await;
    let global_hooks = folder.path().to_owned();
    let mut operator = stage.start_with(|settings| settings.folders.global_hooks = global_hooks);
    operator.module_is("web", ModuleState::Applied).await;
    stage
        .until("configmaps/chart", "a", |chart| names(chart) == "a")
        .await;
    stage.create("configmaps", &source("b", "two")).await;
    stage
        .until("configmaps/chart", "both", |chart| names(chart) == "a,b")
        .await;
    operator.stop().await;
}

async fn put(client: &Client, namespaces: usize, label: &Value) {
    let many = stream::iter(0..namespaces).map(|number| async move {
        let path = format!("/api/v1/namespaces/n{number}");
        let change = json!({"metadata": {"labels": {"addon-operator.io/egress": label}}});
        rest::merge(client, &path, "test", &change).await;
    });
    many.buffer_unordered(16).collect::<Vec<()>>().await;
}

/// A server of its own: they stay until its end.
#[tokio::test]
async fn a_thousand_namespaces_come_and_go() {
    const MANY: usize = 1000;
    let Some(server) = support::private_server().await else {
        return;
    };
    let client = support::client(server.kubeconfig()).await;
    let modules = Modules::new();
    let shipped =
        std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("modules/072-namespace-egress");
    std::os::unix::fs::symlink(shipped, modules.path().join("072-namespace-egress")).unwrap();
    let namespace =
        |name: &str| json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}});
    rest::create(&client, "/api/v1/namespaces", &namespace("ops")).await;
    let mut operator = Operator::start(server.kubeconfig(), "ops", modules.path());
    operator.converged().await;
    let client = &client;
    let made = stream::iter(0..MANY).map(|number| async move {
        let name = format!("n{number}");
        rest::create(client, "/api/v1/namespaces", &namespace(&name)).await;
    });
    made.buffer_unordered(16).collect::<Vec<()>>().await;
    let policies = async |wanted: usize| {
        eventually(
            "as many policies",
            std::time::Duration::from_mins(2),
            async || {
                let list = rest::get(client, "/apis/networking.k8s.io/v1/networkpolicies").await;
                let count = list.unwrap()["items"].as_array().unwrap().len();
                if count == wanted {
                    Ok(())
                } else {
                    Err(count.to_string())
                }
            },
        )
        .await;
    };
    put(client, MANY, &json!("deny")).await;
    policies(MANY).await;
    put(client, MANY / 2, &Value::Null).await;
    policies(MANY - MANY / 2).await;
    operator.stop().await;
    let mut operator = Operator::start(server.kubeconfig(), "ops", modules.path());
    operator.converged().await;
    operator
        .module_is("namespace-egress", ModuleState::Applied)
        .await;
    policies(MANY - MANY / 2).await;
    operator.stop().await;
    server.stop().await.expect("an end");
}

//! `hook config` and `hook run` on a cluster: what they show is so, and nothing is written.

use std::path::Path;
use std::process::{Command, Stdio};

use kube::Client;
use serde_json::{Value, json};

use super::hook_script::hook;
use crate::support::{self, Modules, rest, server_metrics};

const CONFIG: &str = "
configVersion: v1
beforeHelm: 10
schedule: [{name: tick, crontab: '@hourly', includeSnapshotsFrom: [maps]}]
kubernetes:
- name: maps
  kind: cm
  namespace: {nameSelector: {matchNames: [shop]}}
  labelSelector: {matchLabels: {seen: 'yes'}}
  jqFilter: .data.a
- {name: spaces, kind: Namespace, namespace: {nameSelector: {matchNames: [shop]}}, jqFilter: .metadata.name}
- {name: widgets, kind: Widget}
- {name: failing, kind: Namespace, nameSelector: {matchNames: [shop]}, jqFilter: .metadata.name.x}
";

/// The same without what cannot be seen.
const GOOD: &str = "
configVersion: v1
beforeHelm: 10
kubernetes:
- name: maps
  kind: cm
  namespace: {nameSelector: {matchNames: [shop]}}
  labelSelector: {matchLabels: {seen: 'yes'}}
  jqFilter: .data.a
";

/// Every operation, on what is there and on what is not.
const OPERATIONS: &str = r#"
{"operation": "Create", "object": {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "new", "namespace": "shop"}}}
{"operation": "MergePatch", "kind": "ConfigMap", "namespace": "shop", "name": "new", "mergePatch": {"data": {"a": "b"}}}
{"operation": "CreateOrUpdate", "object": {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "one", "namespace": "shop"}, "data": {"a": "2"}}}
{"operation": "CreateIfNotExists", "object": {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "two", "namespace": "shop"}}}
{"operation": "Create", "object": {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "two", "namespace": "shop"}}}
{"operation": "MergePatch", "kind": "Secret", "namespace": "shop", "name": "key", "mergePatch": {"data": {"key": "bmV3"}}}
{"operation": "JSONPatch", "kind": "Namespace", "name": "shop", "jsonPatch": [{"op": "add", "path": "/metadata/labels/a", "value": "b"}]}
{"operation": "JQPatch", "kind": "Namespace", "name": "default", "jqFilter": "."}
{"operation": "MergePatch", "apiVersion": "apps/v1", "kind": "Deployment", "namespace": "shop", "name": "web", "subresource": "scale", "mergePatch": {"spec": {"replicas": 7}}}
{"operation": "MergePatch", "apiVersion": "apps/v1", "kind": "Deployment", "namespace": "shop", "name": "web", "subresource": "status", "mergePatch": {"status": {"replicas": 3}}}
{"operation": "Delete", "kind": "ConfigMap", "namespace": "shop", "name": "three"}
{"operation": "DeleteInBackground", "kind": "ConfigMap", "namespace": "shop", "name": "four"}
{"operation": "DeleteNonCascading", "apiVersion": "apps/v1", "kind": "Deployment", "namespace": "shop", "name": "api"}
{"operation": "Delete", "kind": "ConfigMap", "namespace": "shop", "name": "nowhere"}
{"operation": "MergePatch", "kind": "ConfigMap", "namespace": "shop", "name": "nowhere", "ignoreMissingObject": true, "mergePatch": {"data": {"a": "b"}}}
{"operation": "CreateOrUpdate", "object": {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "Bad_Name"}}}
{"operation": "Delete", "kind": "Gadget", "name": "x"}
{"operation": "Create", "object": {"apiVersion": "v1", "kind": "Secret", "metadata": {"generateName": "made-", "namespace": "shop"}, "stringData": {"key": "hunter2"}}}
"#;

/// What becomes of each of them.
const ACTIONS: [&str; 18] = [
    "create", "asked", "change", "nothing", "refuse", "change", "change", "nothing", "change",
    "change", "remove", "remove", "remove", "nothing", "nothing", "refuse", "refuse", "create",
];

fn config_map(name: &str, labels: &Value) -> Value {
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "labels": labels},
        "data": {"a": "1"}})
}

fn deployment(name: &str) -> Value {
    let labels = json!({"app": name});
    json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name}, "spec": {
        "replicas": 1, "selector": {"matchLabels": labels},
        "template": {"metadata": {"labels": labels},
            "spec": {"containers": [{"name": "web", "image": "web"}]}},
    }})
}

/// A namespace `shop` with some objects.
async fn furnish(client: &Client) {
    let shop = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop", "labels": {"x": "y"}}});
    rest::create(client, "/api/v1/namespaces", &shop).await;
    let (maps, secrets) = (
        "/api/v1/namespaces/shop/configmaps",
        "/api/v1/namespaces/shop/secrets",
    );
    for (name, labels) in [
        ("one", json!({"seen": "yes"})),
        ("two", json!({"seen": "yes"})),
        ("three", json!({})),
        ("four", json!({})),
    ] {
        rest::create(client, maps, &config_map(name, &labels)).await;
    }
    let secret = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "key"}, "data": {"key": "b2xk"}});
    rest::create(client, secrets, &secret).await;
    let values = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "addon-operator"},
        "data": {"web": "size: 4\n"}});
    rest::create(client, maps, &values).await;
    for name in ["web", "api"] {
        let path = "/apis/apps/v1/namespaces/shop/deployments";
        rest::create(client, path, &deployment(name)).await;
    }
}

/// The program with a kubeconfig: exit code, stdout, stderr.
fn author(kubeconfig: &Path, modules: &Modules, typed: &[&str]) -> (Option<i32>, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_addon-operator"));
    command
        .args(typed)
        .arg("--kube-config")
        .arg(kubeconfig)
        .env_clear()
        .env("ADDON_OPERATOR_MODULES_DIR", modules.path())
        .env("ADDON_OPERATOR_NAMESPACE", "shop")
        .stdin(Stdio::null());
    let output = command.output().expect("the program");
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    (
        output.status.code(),
        text(output.stdout),
        text(output.stderr),
    )
}

fn web(config: &str, body: &str) -> Modules {
    let modules = Modules::of(&[("010-web/values.yaml", "webEnabled: true\nweb: {size: 1}\n")]);
    modules.write_script("010-web/hooks/a.sh", &hook(config, body));
    modules
}

fn json(told: &(Option<i32>, String, String)) -> Value {
    serde_json::from_str(&told.1).unwrap_or_else(|error| panic!("{error}: {told:?}"))
}

#[tokio::test]
async fn a_hook_is_tried_out_and_nothing_is_written() {
    let Some(server) = support::private_server().await else {
        return;
    };
    let kubeconfig = server.kubeconfig().to_owned();
    let client = support::client(&kubeconfig).await;
    furnish(&client).await;
    let before = server_metrics(&client).await;

    let modules = web(CONFIG, "");
    let file = modules
        .path()
        .join("010-web/hooks/a.sh")
        .display()
        .to_string();
    let sheet = json(&author(
        &kubeconfig,
        &modules,
        &["hook", "config", &file, "-o", "json"],
    ));
    sees_the_cluster(&sheet);

    let body =
        format!("cat > $KUBERNETES_PATCH_PATH <<'PATCH'\n{OPERATIONS}\nPATCH\ncat $VALUES_PATH");
    let modules = web(GOOD, &body);
    let typed = ["hook", "run", "web/a.sh", "--binding", "maps", "-o", "json"];
    let told = author(&kubeconfig, &modules, &typed);
    assert_eq!(told.0, Some(1), "two operations are refused");
    assert!(told.2.contains(r#""web":{"size":4}"#), "{}", told.2);
    foretells(&json(&told));

    tells_real_contexts(&kubeconfig, &modules);
    evaluates_declared_hooks(&kubeconfig, &modules);

    let asked = server_metrics(&client).await.since(&before);
    assert_eq!(asked.writes().to_string(), "");
    let found = rest::get(&client, "/api/v1/namespaces/shop/configmaps/one").await;
    assert_eq!(found.expect("it")["data"]["a"], "1");
    server.stop().await.expect("an end");
}

/// What `hook config` says of each binding.
fn sees_the_cluster(sheet: &Value) {
    let row = |name: &str| {
        let rows = sheet["bindings"].as_array().into_iter().flatten();
        let mut found = rows.filter(|row| row["name"] == name);
        found.next().expect(name)["cluster"].clone()
    };
    assert_eq!(
        row("maps"),
        json!({"kind": "ConfigMap", "apiVersion": "v1", "objects": 2})
    );
    assert_eq!(
        row("spaces")["troubles"],
        json!(["its objects live in no namespace: `namespace` has no effect"])
    );
    let widgets = row("widgets")["troubles"][0].to_string();
    assert!(widgets.contains("has no kind Widget"), "{widgets}");
    let failing = row("failing")["troubles"][0].to_string();
    assert!(failing.contains("fails on Namespace shop"), "{failing}");
}

/// What each operation would do.
fn foretells(report: &Value) {
    let objects = report["objects"].as_array().expect("a list");
    let actions: Vec<&str> = objects
        .iter()
        .filter_map(|object| object["action"].as_str())
        .collect();
    assert_eq!(actions, ACTIONS, "{report:#}");
    let text = |number: usize| objects[number - 1]["text"].as_str().expect("a text");
    assert_eq!(
        text(3),
        "--- v1 ConfigMap shop/one\n+++ v1 ConfigMap shop/one\n@@ -1,9 +1,7 @@\n apiVersion: v1\n data:\n\
         -  a: \"1\"\n+  a: \"2\"\n kind: ConfigMap\n metadata:\n-  labels:\n-    seen: \"yes\"\n   \
         name: one\n   namespace: shop\n"
    );
    assert!(
        text(4).contains("left v1 ConfigMap shop/two, which is there"),
        "{}",
        text(4)
    );
    assert!(text(5).contains("already exists"), "{}", text(5));
    assert!(text(7).contains("+    a: b\n"), "{}", text(7));
    assert!(
        text(9).contains("-  replicas: 1\n+  replicas: 7\n"),
        "{}",
        text(9)
    );
    assert!(text(10).contains("+  replicas: 3\n"), "{}", text(10));
    assert!(
        text(11).starts_with("--- v1 ConfigMap shop/three\n+++ /dev/null\n"),
        "{}",
        text(11)
    );
    assert!(text(16).contains("Bad_Name"), "{}", text(16));
    assert!(text(17).contains("no kind Gadget"), "{}", text(17));
    let warning = objects[1]["warnings"][0].as_str().expect("a warning");
    assert!(
        warning.starts_with("operation 1 is about this object too"),
        "{warning}"
    );
    let told = report.to_string();
    for secret in ["b2xk", "bmV3", "hunter2", "aHVudGVyMg"] {
        assert!(!told.contains(secret), "{secret}");
    }
}

/// Contexts with the objects of the cluster.
fn tells_real_contexts(kubeconfig: &Path, modules: &Modules) {
    let print = |more: &[&str]| {
        let typed = [&["hook", "run", "web/a.sh", "--print-context"], more].concat();
        let told = author(kubeconfig, modules, &typed);
        (told.0 == Some(0)).then(|| json(&told)).ok_or(told.2)
    };
    let all = print(&["--binding", "maps"]).unwrap();
    let names: Vec<&Value> = all[0]["objects"]
        .as_array()
        .unwrap()
        .iter()
        .map(|object| &object["object"]["metadata"]["name"])
        .collect();
    assert_eq!(names, ["one", "two"]);
    assert_eq!(all[0]["objects"][0]["filterResult"], "1");
    let before = print(&["--binding", "beforeHelm"]).unwrap();
    assert_eq!(before[0]["snapshots"]["maps"], all[0]["objects"]);
    let event = print(&["--event", "modified", "shop/two"]).unwrap();
    assert_eq!(
        (
            &event[0]["watchEvent"],
            &event[0]["object"]["metadata"]["name"]
        ),
        (&json!("Modified"), &json!("two"))
    );
    let missing = print(&["--event", "Added", "shop/three"]).unwrap_err();
    assert_eq!(
        missing,
        "error: --event: maps sees no object shop/three; it sees shop/one, shop/two\n"
    );
}

/// One object is there, and the other is not.
const DECLARED: &str = "configVersion: v1
kubernetes:
- {name: maps, kind: ConfigMap, labelSelector: {matchLabels: {seen: 'yes'}}, jqFilter: .metadata.name}
values: {web.names: '[.snapshots.maps[].filterResult]'}
objects: |
  {% for name in ['three', 'new'] %}
  ---
  apiVersion: v1
  kind: ConfigMap
  metadata: {name: {{ name }}, namespace: shop}
  data: {all: {{ Values.web.names | join(' ') | quote }}}
  {% endfor %}
";

fn evaluates_declared_hooks(kubeconfig: &Path, modules: &Modules) {
    modules.write("010-web/hooks/b.hook.yaml", DECLARED);
    let typed = ["hook", "run", "web/b.hook.yaml", "-o", "json"];
    let told = author(kubeconfig, modules, &typed);
    assert_eq!(told.0, Some(0), "{}", told.2);
    let report = json(&told);
    let values = report["values"]["diff"].as_str().expect("a diff");
    assert!(values.contains("+  - one\n+  - two\n"), "{values}");
    let objects = report["objects"].as_array().expect("a list");
    let actions: Vec<&Value> = objects.iter().map(|object| &object["action"]).collect();
    assert_eq!(actions, ["change", "create"]);
    let text = objects[0]["text"].as_str().expect("a text");
    assert!(text.contains("+  all: one two\n"), "{text}");
}

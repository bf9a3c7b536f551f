//! What the published examples of shell-operator do, with hooks of our own in their style: pods,
//! namespaces, crontabs, custom resources, limits, copies of secrets, hooks from a `ConfigMap` volume.

use std::fs;
use std::os::unix::fs::symlink;
use std::time::Duration;

use serde_json::{Value, json};

use super::hook_script::{Marks, hook};
use super::recorder::{Recorder, a_while};
use super::shell::Shell;
use super::stage;
use crate::support::{eventually, rest};

const PATIENCE: Duration = Duration::from_secs(40);

/// Python that prints one line for each event: `Added ConfigMap a`.
const TELL: &str = r#"
for context in contexts:
    if context.get("type") == "Event":
        found = context["object"]
        print(context["watchEvent"], found["kind"], found["metadata"]["name"])
    else:
        print(context["binding"], context.get("type", ""))
"#;

#[tokio::test]
async fn pods_are_told_as_they_come() {
    let Some(mut shell) = Shell::new("alone").await else {
        return;
    };
    let records = Recorder::new();
    let config = format!(
        "kubernetes:\n- apiVersion: v1\n  kind: Pod\n  executeHookOnEvent: [Added]\n  \
         namespace: {{nameSelector: {{matchNames: [{}]}}}}",
        shell.namespace()
    );
    let script = records.hook("pods", &config, TELL);
    shell.hooks.write_script("pods-hook.sh", &script);
    shell.start().await;
    shell.prints("kubernetes Synchronization").await;
    let pods = format!("/api/v1/namespaces/{}/pods", shell.namespace());
    let containers = json!([{"name": "a", "image": "a"}]);
    for name in ["one", "two"] {
        let pod = json!({"metadata": {"name": name}, "spec": {"containers": containers}});
        rest::create(&shell.client, &pods, &pod).await;
        shell.prints(&format!("Added Pod {name}")).await;
    }
    assert_eq!(shell.stop().await, Some(0));
}

#[tokio::test]
async fn namespaces_are_told_by_two_bindings_one_after_another() {
    let Some(mut shell) = Shell::new("alone").await else {
        return;
    };
    let marks = Marks::new();
    // As the example does, it looks at the first context alone when that is a Synchronization.
    let config = r#"{"configVersion": "v1", "kubernetes": [
  {"name": "OnCreateDeleteNamespace", "apiVersion": "v1", "kind": "namespace", "executeHookOnEvent": ["Added", "Deleted"]},
  {"name": "OnModifiedNamespace", "apiVersion": "v1", "kind": "ns", "executeHookOnEvent": ["Modified"], "jqFilter": ".metadata.labels"}]}"#;
    let python = r#"python3 - <<'END'
import json, os
contexts = json.load(open(os.environ["BINDING_CONTEXT_PATH"]))
if contexts[0]["type"] == "Synchronization":
    print("Got Synchronization event for", contexts[0]["binding"], len(contexts))
else:
    for context in contexts:
        print(context["binding"], context["watchEvent"], context["object"]["metadata"]["name"])
END"#;
    let script = hook(config, &format!("{python}\n{}", marks.note("runs", "run")));
    shell.hooks.write_script("namespace-hook.sh", &script);
    shell.start().await;
    for binding in ["OnCreateDeleteNamespace", "OnModifiedNamespace"] {
        let line = format!("Got Synchronization event for {binding} 1");
        shell.prints(&line).await;
    }
    let name = format!("alone-{}-new", shell.letters());
    let namespace = json!({"metadata": {"name": name}});
    rest::create(&shell.client, "/api/v1/namespaces", &namespace).await;
    let added = format!("OnCreateDeleteNamespace Added {name}");
    shell.prints(&added).await;
    let change = json!({"metadata": {"labels": {"team": "a"}}});
    let path = format!("/api/v1/namespaces/{name}");
    rest::merge(&shell.client, &path, "jane", &change).await;
    let modified = format!("OnModifiedNamespace Modified {name}");
    shell.prints(&modified).await;
    rest::delete(&shell.client, &path).await;
}

#[tokio::test]
async fn crontabs_of_five_and_six_fields_fire() {
    let Some(mut shell) = Shell::new("alone").await else {
        return;
    };
    let marks = Marks::new();
    let body = format!("cat $BINDING_CONTEXT_PATH >> {}", marks.text("told"));
    let config = r#"{"configVersion": "v1", "schedule": [
  {"name": "every second", "crontab": "*/1 * * * * *"},
  {"name": "every 5 min", "crontab": "*/5 * * * *", "queue": "later"}]}"#;
    shell.hooks.write_script("crontab.sh", &hook(config, &body));
    shell.start().await;
    let fires = async || {
        let told = fs::read_to_string(marks.path("told")).unwrap_or_default();
        let count = told.matches("every second").count();
        if count >= 3 { Ok(told) } else { Err(told) }
    };
    let told = eventually("it fires three times", PATIENCE, fires).await;
    let end = told.find(']').expect("a list");
    let first: Value = serde_json::from_str(&told[..=end]).expect("JSON");
    assert_eq!(
        first,
        json!([{"binding": "every second", "type": "Schedule"}])
    );
}

#[tokio::test]
async fn resources_are_awaited_and_found_by_their_short_name() {
    let Some(mut shell) = Shell::new("alone").await else {
        return;
    };
    let letters = shell.letters().to_owned();
    let group = format!("{letters}.example.com");
    let marks = Marks::new();
    let config = format!(
        "configVersion: v1\nsettings: {{executionMinInterval: 2s, executionBurst: 2}}\n\
         kubernetes: [{{name: crontabs, apiVersion: {group}/v1, kind: wd, executeHookOnSynchronization: false}}]"
    );
    let body = format!(
        "{}\ngrep -o '\"name\": *\"x[0-9]*\"' $BINDING_CONTEXT_PATH | sort -u >> {}",
        marks.note("runs", "$(date +%s.%N)"),
        marks.text("seen")
    );
    shell.hooks.write_script("rate.sh", &hook(&config, &body));
    shell.start().await;
    let list = shell.ask(&["hook", "list"]);
    assert!(list.contains("awaiting"), "{list}");
    let definition = stage::definition(&letters).replace(
        "listKind: WidgetList",
        "listKind: WidgetList, shortNames: [wd]",
    );
    let definition = definition_json(&definition);
    let definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
    rest::create(&shell.client, definitions, &definition).await;
    eventually("the kind is watched", PATIENCE, async || {
        let list = shell.ask(&["hook", "list"]);
        if list.contains("live") {
            Ok(())
        } else {
            Err(list)
        }
    })
    .await;
    let widgets = format!("/apis/{group}/v1/namespaces/{}/widgets", shell.namespace());
    for number in 0..20 {
        let widget = json!({
            "apiVersion": format!("{group}/v1"), "kind": "Widget",
            "metadata": {"name": format!("x{number}")}, "spec": {"size": number},
        });
        rest::create(&shell.client, &widgets, &widget).await;
    }
    check_rate(&marks).await;
}

/// Twenty objects are told, by two runs at once and then one in two seconds.
async fn check_rate(marks: &Marks) {
    let all = async || {
        let mut names = marks.lines("seen");
        names.sort();
        names.dedup();
        if names.len() == 20 {
            Ok(())
        } else {
            Err(format!("{names:?}"))
        }
    };
    eventually("all are told", PATIENCE, all).await;
    let runs: Vec<f64> = marks
        .lines("runs")
        .iter()
        .map(|time| time.parse().expect("seconds"))
        .collect();
    assert!(runs.len() < 8, "{runs:?}");
    if let [first, _, third, ..] = runs[..] {
        assert!(third - first > 1.5, "{runs:?}");
    }
}

/// The same as JSON.
fn definition_json(yaml: &str) -> Value {
    let text = yaml.trim_start_matches("---\n");
    let node = addon_operator::yaml::read(text, addon_operator::yaml::Profile::V2);
    node.expect("YAML").to_value()
}

/// Copies secrets with a label into all namespaces with another label, without any client.
const COPIER: &str = r#"
snapshots = contexts[-1]["snapshots"]
namespaces = {item["filterResult"] for item in snapshots["namespaces"]}
secrets = {item["filterResult"]["name"]: item["filterResult"]["data"] for item in snapshots["secrets"]}
for namespace in sorted(namespaces):
    for name, data in sorted(secrets.items()):
        give("KUBERNETES_PATCH_PATH", {"operation": "CreateOrUpdate", "object": {
            "apiVersion": "v1", "kind": "Secret", "data": data,
            "metadata": {"name": name, "namespace": namespace, "labels": {"copy": "yes"}}}})
for item in snapshots["copies"]:
    copy = item["filterResult"]
    if copy["name"] not in secrets:
        give("KUBERNETES_PATCH_PATH", {"operation": "DeleteInBackground", "apiVersion": "v1", "kind": "Secret", **copy})
give("METRICS_PATH", {"name": "secret_copies", "action": "set", "value": len(namespaces) * len(secrets)})
"#;

#[tokio::test]
async fn secrets_are_copied_and_removed_again() {
    let Some(mut shell) = Shell::new("alone").await else {
        return;
    };
    let (home, label) = (shell.namespace().to_owned(), shell.letters().to_owned());
    let target = format!("alone-{label}-copy");
    let namespace = json!({"metadata": {"name": target, "labels": {"copies": label}}});
    rest::create(&shell.client, "/api/v1/namespaces", &namespace).await;
    let config = format!(
        "kubernetes:
- {{name: secrets, group: main, kind: secret, keepFullObjectsInMemory: false, labelSelector: {{matchLabels: {{secret-copier: 'yes'}}}},
   namespace: {{nameSelector: {{matchNames: [{home}]}}}}, jqFilter: '{{name: .metadata.name, data}}'}}
- {{name: namespaces, group: main, kind: Namespace, keepFullObjectsInMemory: false, labelSelector: {{matchLabels: {{copies: {label}}}}}, jqFilter: .metadata.name}}
- {{name: copies, group: main, kind: Secret, keepFullObjectsInMemory: false, labelSelector: {{matchLabels: {{copy: 'yes'}}}},
   namespace: {{labelSelector: {{matchLabels: {{copies: {label}}}}}}}, jqFilter: '{{name: .metadata.name, namespace: .metadata.namespace}}'}}
schedule: [{{crontab: '0 3 * * *', group: main, allowFailure: true}}]"
    );
    let records = Recorder::new();
    let script = records.hook("copier", &config, COPIER);
    shell.hooks.write_script("copier/sync_secret", &script);
    shell.start().await;
    let secrets = |namespace: &str| format!("/api/v1/namespaces/{namespace}/secrets");
    let secret = json!({"metadata": {"name": "registry", "labels": {"secret-copier": "yes"}}, "data": {"key": "YQ=="}});
    rest::create(&shell.client, &secrets(&home), &secret).await;
    let copy = format!("{}/registry", secrets(&target));
    eventually("the copy is there", PATIENCE, async || {
        let found = rest::get(&shell.client, &copy).await;
        found.ok_or_else(|| shell.log())
    })
    .await;
    let original = format!("{}/registry", secrets(&home));
    rest::merge(
        &shell.client,
        &original,
        "jane",
        &json!({"data": {"key": "Yg=="}}),
    )
    .await;
    eventually("the copy is as the original", PATIENCE, async || {
        let found = rest::get(&shell.client, &copy).await.unwrap_or_default();
        if found["data"]["key"] == "Yg==" {
            Ok(())
        } else {
            Err(found.to_string())
        }
    })
    .await;
    let page = shell.page("/metrics/hooks").expect("a page");
    let line = "secret_copies{hook=\"copier/sync_secret\"} 1";
    assert!(page.contains(line), "{page}");
    // What a Secret holds is not shown.
    let snapshot = shell.ask(&["hook", "snapshot", "copier/sync_secret"]);
    assert!(snapshot.contains("registry"), "{snapshot}");
    assert!(!snapshot.contains("Yg=="), "{snapshot}");
    rest::delete(&shell.client, &original).await;
    gone(&shell, &copy).await;
    rest::delete(&shell.client, &format!("/api/v1/namespaces/{target}")).await;
}

/// Waits until an object is gone.
async fn gone(shell: &Shell, path: &str) {
    eventually("it is gone", PATIENCE, async || {
        match rest::get(&shell.client, path).await {
            None => Ok(()),
            Some(found) => Err(found.to_string()),
        }
    })
    .await;
}

/// Writes a `ConfigMap` volume with one hook as the kubelet does, or turns it to another edition.
fn volume(shell: &Shell, edition: &str, script: &str) {
    let folder = format!("..{edition}");
    let name = "namespace-hook.sh";
    shell
        .hooks
        .write_script(&format!("{folder}/{name}"), script);
    let root = shell.hooks.path();
    symlink(&folder, root.join("..data_tmp")).expect("a link");
    fs::rename(root.join("..data_tmp"), root.join("..data")).expect("a turn");
    let link = root.join(name);
    if !link.exists() {
        symlink(format!("..data/{name}"), link).expect("a link");
    }
}

#[tokio::test]
async fn hooks_of_a_config_map_volume_run_and_change_with_it() {
    let Some(mut shell) = Shell::new("alone").await else {
        return;
    };
    let script = |word: &str| {
        hook(
            "{configVersion: v1, onStartup: 1}",
            &format!("echo it is {word}"),
        )
    };
    volume(&shell, "2026_01", &script("old"));
    shell.start().await;
    shell.prints("it is old").await;
    let names: Value =
        serde_json::from_str(&shell.ask(&["hook", "list", "-o", "json"])).expect("JSON");
    assert_eq!(names, json!(["namespace-hook.sh"]));
    volume(&shell, "2026_02", &script("new"));
    shell.prints("it is new").await;
    a_while().await;
    let printed = shell.printed();
    assert_eq!(printed, ["it is old", "it is new"]);
}

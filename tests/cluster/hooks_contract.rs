//! Rows of the hooks' contract that only a running operator can show.

use std::time::Duration;

use addon_operator::operator::Settings;
use addon_operator::serve::ModuleState;
use serde_json::{Value, json};

use super::hook_script::{before_helm, make_config_map};
use super::hooks_life::{CHART, create_seen, seen};
use super::recorder::Recorder;
use super::scene::{PATIENCE, free_address, http_get};
use super::stage::Stage;
use crate::support::{Operator, eventually};

/// A configuration of the first form.
const FIRST_FORM: &str = "onKubernetesEvent:
- name: maps
  kind: configmap
  event: [add, update, delete]
  namespaceSelector: {matchNames: [NS]}
  selector: {matchLabels: {seen: 'yes'}}
  jqFilter: .data";

/// Waits until there are so many runs of hooks in the queues.
async fn until_queued(operator: &Operator, count: usize) {
    eventually("all are heard of", PATIENCE, async || {
        let text = operator.ask("/queue/list.json").await.to_string();
        let found = text.matches("ModuleHookRun").count();
        (found == count).then_some(()).ok_or(text)
    })
    .await;
}

#[tokio::test]
async fn hook_of_the_first_form_is_told_one_thing_at_a_time() {
    let Some(stage) = Stage::with("first", CHART).await else {
        return;
    };
    let recorder = Recorder::new();
    let namespace = stage.namespace();
    let config = FIRST_FORM.replace("NS", namespace);
    let script = recorder.hook("a", &config, "wait_for(f'{FOLDER}/go')");
    let script = script.replace("configVersion: v1\n", "");
    stage.hook("web", "a.py", &script);
    create_seen(&stage, "before").await;
    let operator = stage.run_well().await;
    assert_eq!(
        recorder.all(),
        Vec::<Value>::new(),
        "there is no Synchronization"
    );

    create_seen(&stage, "one").await;
    eventually("the first run", PATIENCE, async || {
        (recorder.all().len() == 1)
            .then_some(())
            .ok_or("not yet".to_owned())
    })
    .await;
    // These wait behind it.
    create_seen(&stage, "two").await;
    let text = json!({"data": {"text": "other"}});
    stage.alter("configmaps/one", "test", &text).await;
    stage.delete("configmaps/before").await;
    create_seen(&stage, "three").await;
    until_queued(&operator, 5).await;
    recorder.open("go");

    let runs = eventually("all runs", PATIENCE, async || {
        let runs = recorder.all();
        if runs.len() == 5 {
            Ok(runs)
        } else {
            Err(format!("{runs:#?}"))
        }
    })
    .await;
    let contexts: Vec<&Value> = runs.iter().map(|run| &run["contexts"]).collect();
    let told = |event: &str, name: &str| {
        json!([{
            "binding": "maps", "resourceEvent": event, "resourceKind": "ConfigMap",
            "resourceName": name, "resourceNamespace": namespace,
        }])
    };
    let expected = [
        told("add", "one"),
        told("add", "two"),
        told("update", "one"),
        told("delete", "before"),
        told("add", "three"),
    ];
    assert_eq!(contexts, expected.iter().collect::<Vec<_>>());
    operator.stop().await;
}

#[tokio::test]
async fn patch_of_a_status_is_done_although_the_hook_failed() {
    let Some(stage) = Stage::with("survives", CHART).await else {
        return;
    };
    let recorder = Recorder::new();
    let (namespace, go) = (stage.namespace(), recorder.file("go"));
    let labels = json!({"app": "x"});
    let deployment = json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "x"},
        "spec": {"selector": {"matchLabels": labels}, "template": {"metadata": {"labels": labels},
            "spec": {"containers": [{"name": "x", "image": "x"}]}}},
    });
    let collection = "apps/v1/deployments";
    stage.create(collection, &deployment).await;
    let patch = json!({
        "operation": "MergePatch", "kind": "Deployment", "namespace": namespace, "name": "x",
        "subresource": "status", "ignoreHookError": true,
        "mergePatch": {"status": {"observedGeneration": 42}},
    });
    let body = format!(
        "echo '{patch}' >> $KUBERNETES_PATCH_PATH\n{}\n[ -e {} ] || {{ echo not yet >&2; exit 1; }}",
        make_config_map(namespace, "made"),
        go.display(),
    );
    stage.hook("web", "a.sh", &before_helm(&body));
    let (mut operator, failed) = stage.run_badly().await;
    assert_eq!(failed.reason, "HookFailed");
    assert!(
        failed.message.ends_with("exit code 1: not yet"),
        "{}",
        failed.message
    );
    let patched = |object: &Value| object["status"]["observedGeneration"] == 42;
    stage
        .until(&format!("{collection}/x"), "its status", patched)
        .await;
    assert_eq!(
        stage.find("configmaps/made").await,
        None,
        "all else is not done"
    );

    recorder.open("go");
    operator.module_is("web", ModuleState::Applied).await;
    assert!(stage.find("configmaps/made").await.is_some());
    operator.stop().await;
}

#[tokio::test]
async fn object_patches_have_a_deadline_of_their_own() {
    let Some(stage) = Stage::with("late", CHART).await else {
        return;
    };
    let body = make_config_map(stage.namespace(), "made");
    stage.hook("web", "a.sh", &before_helm(&body));
    let mut operator = stage.start_with(|settings| {
        settings.object_patcher.timeout = Some(Duration::from_nanos(1));
    });
    let row = operator.module_is("web", ModuleState::Failed).await;
    assert_eq!(row.reason, "ObjectPatchFailed", "{}", row.message);
    operator.stop().await;
}

/// Runs a hook for two objects, one after another; it sets a metric without a group for each. Answers
/// the lines of that metric, and whatever else the page has.
async fn metrics_of_two_runs(change: fn(&mut Settings)) -> Option<(Vec<String>, String)> {
    let stage = Stage::with("groups", CHART).await?;
    let recorder = Recorder::new();
    let body = "
for context in contexts:
    if context['type'] == 'Event':
        give('METRICS_PATH', {'name': 'mine', 'set': 1, 'labels': {'of': context['object']['metadata']['name']}})";
    stage.hook("web", "a.py", &recorder.hook("a", &seen(&stage, ""), body));
    let address = free_address();
    let mut operator = stage.start_with(|settings| {
        settings.listen = address;
        change(settings);
    });
    operator.module_is("web", ModuleState::Applied).await;
    let mut page = String::new();
    for name in ["one", "two"] {
        create_seen(&stage, name).await;
        recorder.sees(&format!("a seen Added {name}")).await;
        let told = format!("of=\"{name}\"");
        page = eventually(&told, PATIENCE, async || {
            let (_, page) = http_get(address, "/metrics/hooks").await;
            let is_there = page.contains(&told) || page.contains("dropped_total{");
            if is_there { Ok(page) } else { Err(page) }
        })
        .await;
    }
    operator.stop().await;
    let mine = page.lines().filter(|line| line.starts_with("mine{"));
    Some((mine.map(str::to_owned).collect(), page))
}

#[tokio::test]
async fn metrics_without_a_group_stay_unless_a_setting_says_otherwise() {
    let series = |name: &str| format!("mine{{hook=\"hooks/a.py\",module=\"web\",of=\"{name}\"}} 1");
    let Some((stays, _)) = metrics_of_two_runs(|_| {}).await else {
        return;
    };
    assert_eq!(stays, [series("one"), series("two")]);
    let grouped = metrics_of_two_runs(|settings| settings.hook_metrics.default_group = true);
    let (expires, _) = grouped.await.expect("a server");
    assert_eq!(expires, [series("two")]);
    let bounded = metrics_of_two_runs(|settings| settings.hook_metrics.series = 1);
    let (kept, page) = bounded.await.expect("a server");
    assert_eq!(kept, [series("one")]);
    let dropped = "addon_operator_metric_dropped_total{metric=\"mine\"} 1";
    assert!(page.contains(dropped), "{page}");
}

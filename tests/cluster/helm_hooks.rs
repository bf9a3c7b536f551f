//! Helm hooks of charts, and what a chart is told of its release.

use addon_operator::serve::ModuleState;
use serde_json::{Value, json};

use super::stage::Stage;
use crate::support::rest;

const OBJECT: &str = "---
apiVersion: v1
kind: ConfigMap
metadata: {name: web}
data:
  text: '{{ Values.web.text | default('a') }}'
  release: '{{ Release.Revision }} {{ Release.IsInstall }} {{ Release.IsUpgrade }}'
";

fn job(name: &str, annotations: &str) -> String {
    format!(
        "---
apiVersion: batch/v1
kind: Job
metadata:
  name: {name}
  annotations: {{{annotations}}}
spec:
  backoffLimit: 0
  template:
    spec:
      restartPolicy: Never
      containers: [{{name: a, image: example.com/a}}]
"
    )
}

fn hook_map(name: &str, annotations: &str) -> String {
    format!(
        "---
apiVersion: v1
kind: ConfigMap
metadata:
  name: {name}
  annotations: {{{annotations}}}
"
    )
}

/// Ends a Job as its controller would.
async fn end_job(stage: &Stage, name: &str, is_well: bool) {
    let job = stage
        .until(&format!("batch/v1/jobs/{name}"), "it is created", |job| {
            job["metadata"]["deletionTimestamp"].is_null() && job["status"]["conditions"].is_null()
        })
        .await;
    let at = "2026-01-01T00:00:00Z";
    let condition = |kind: &str| {
        json!({"type": kind, "status": "True", "reason": "Test", "message": "as the test says",
            "lastTransitionTime": at, "lastProbeTime": at})
    };
    let status = if is_well {
        let conditions = [condition("SuccessCriteriaMet"), condition("Complete")];
        json!({"startTime": at, "completionTime": at, "succeeded": 1, "conditions": conditions,
            "uncountedTerminatedPods": {}})
    } else {
        let conditions = [condition("FailureTarget"), condition("Failed")];
        json!({"startTime": at, "failed": 1, "conditions": conditions, "uncountedTerminatedPods": {}})
    };
    let path = stage.path(&format!("batch/v1/jobs/{name}/status"));
    let uid = job["metadata"]["uid"].clone();
    let change = json!({"metadata": {"uid": uid}, "status": status});
    rest::merge(&stage.client, &path, "controller", &change).await;
}

fn release(object: &Value) -> String {
    object["data"]["release"]
        .as_str()
        .unwrap_or_default()
        .to_owned()
}

#[tokio::test]
async fn hooks_run_around_an_installation_and_its_upgrades() {
    let install = job(
        "before",
        "helm.sh/hook: 'pre-install,pre-upgrade', helm.sh/hook-weight: '5'",
    ) + &hook_map(
        "first",
        "helm.sh/hook: pre-install, helm.sh/hook-weight: '-5'",
    ) + &hook_map("after", "helm.sh/hook: post-install")
        + &hook_map("upgraded", "helm.sh/hook: post-upgrade")
        + &hook_map("tested", "helm.sh/hook: test");
    let Some(stage) = Stage::with("hooks", &(OBJECT.to_owned() + &install)).await else {
        return;
    };
    let mut operator = stage.start();
    let first = stage
        .until("configmaps/first", "it is created", |_| true)
        .await;
    stage
        .until("batch/v1/jobs/before", "it is created", |_| true)
        .await;
    assert_eq!(
        stage.find("configmaps/web").await,
        None,
        "the Job is before it"
    );
    end_job(&stage, "before", true).await;
    operator.module_is("web", ModuleState::Applied).await;
    assert_eq!(release(&stage.get("configmaps/web").await), "1 true false");
    stage.get("configmaps/after").await;
    assert_eq!(stage.find("configmaps/upgraded").await, None);
    assert_eq!(stage.find("configmaps/tested").await, None);
    let hooks_of = |object: &Value| object["metadata"]["labels"].clone();
    assert_eq!(hooks_of(&first), Value::Null, "a hook is no member");

    // A restart brings nothing, and runs nothing.
    let before = stage.get("batch/v1/jobs/before").await;
    operator.stop().await;
    let mut operator = stage.run_well().await;
    assert_eq!(
        stage.get("batch/v1/jobs/before").await["metadata"],
        before["metadata"]
    );
    assert_eq!(release(&stage.get("configmaps/web").await), "1 true false");

    // Something else is an upgrade: the Job of before makes way for a new one.
    stage.create_config(&json!({"web": "text: b"})).await;
    stage
        .until("batch/v1/jobs/before", "it is another", |job| {
            job["metadata"]["uid"] != before["metadata"]["uid"]
        })
        .await;
    end_job(&stage, "before", true).await;
    stage
        .until("configmaps/web", "it is upgraded", |web| {
            release(web) == "2 false true" && web["data"]["text"] == "b"
        })
        .await;
    stage
        .until("configmaps/upgraded", "it is created", |_| true)
        .await;
    operator.module_is("web", ModuleState::Applied).await;
}

#[tokio::test]
async fn hook_that_fails_holds_the_objects_back_and_tells_why() {
    let failing = job(
        "before",
        "helm.sh/hook: pre-install, helm.sh/hook-delete-policy: 'before-hook-creation,hook-failed'",
    );
    let Some(stage) = Stage::with("hooks", &(OBJECT.to_owned() + &failing)).await else {
        return;
    };
    let mut operator = stage.start();
    end_job(&stage, "before", false).await;
    let row = operator.module_is("web", ModuleState::Failed).await;
    assert_eq!(row.reason, "HelmHookFailed");
    let message = format!(
        "Helm hook Job {}/before (pre-install) from templates/all.yaml.j2 (rendered line 9): as the test says",
        stage.namespace()
    );
    assert!(row.message.contains(&message), "{}", row.message);
    assert_eq!(stage.find("configmaps/web").await, None);
    // The next try makes a new one, and it is an installation still.
    end_job(&stage, "before", true).await;
    operator.module_is("web", ModuleState::Applied).await;
    assert_eq!(release(&stage.get("configmaps/web").await), "1 true false");
}

#[tokio::test]
async fn hooks_of_the_deletion_run_although_the_folder_is_gone() {
    let deletion =
        job("leave", "helm.sh/hook: pre-delete") + &hook_map("left", "helm.sh/hook: post-delete");
    let Some(stage) = Stage::with("hooks", &(OBJECT.to_owned() + &deletion)).await else {
        return;
    };
    let mut operator = stage.run_well().await;
    assert_eq!(stage.find("batch/v1/jobs/leave").await, None);
    stage.modules.remove("010-web");
    stage
        .modules
        .write("020-other/values.yaml", "otherEnabled: false\n");
    let web = stage.until("batch/v1/jobs/leave", "it is created", |_| true);
    web.await;
    stage.get("configmaps/web").await;
    end_job(&stage, "leave", true).await;
    stage.until_gone(&stage.path("configmaps/web")).await;
    stage
        .until("configmaps/left", "it is created", |_| true)
        .await;
    let kept = stage.path("secrets/addon-operator.release.web");
    stage.until_gone(&kept).await;
    operator
        .until("web is forgotten", |view| {
            view.modules.modules.iter().all(|row| row.name != "web")
        })
        .await;
}

#[tokio::test]
async fn module_without_hooks_and_draws_keeps_nothing() {
    let plain = "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: web}\n";
    let Some(stage) = Stage::with("hooks", plain).await else {
        return;
    };
    stage.run_well().await;
    assert_eq!(stage.find("secrets/addon-operator.release.web").await, None);
}

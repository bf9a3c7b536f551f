//! Releases of modules that are disabled or gone, and what is seen of a takeover beforehand.

use std::process::{Command, Stdio};

use addon_operator::serve::ModuleState;
use serde_json::Value;

use super::stage::{Stage, config_map};
use crate::support::eventually;

const PATIENCE: std::time::Duration = std::time::Duration::from_secs(20);

async fn until_gone(stage: &Stage, object: &str) {
    stage.until_gone(&stage.path(object)).await;
}

#[tokio::test]
async fn release_of_a_module_that_is_gone_is_removed_and_those_of_people_stay() {
    let Some(stage) = Stage::with("takeover", &config_map("web", "a")).await else {
        return;
    };
    let Some(helm) = stage.helm().await else {
        return;
    };
    let kept = "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: kept, annotations: {helm.sh/resource-policy: keep}}\n";
    helm.upgrade("web", &config_map("web", "a")).await;
    helm.upgrade("old", &(config_map("old", "a") + kept)).await;
    helm.upgrade("itself", &config_map("itself", "a")).await;
    let people = config_map("people", "a");
    helm.upgrade_with("people", &people, &[]).await.unwrap();

    let mut operator = stage.start_with(|settings| {
        settings.helm.ignore_release = Some("itself".to_owned());
    });
    operator.converged().await;
    until_gone(&stage, "configmaps/old").await;
    operator
        .until("it is forgotten", |view| view.modules.modules.len() == 1)
        .await;
    operator.stop().await;

    for name in ["web", "kept", "itself", "people"] {
        stage.get(&format!("configmaps/{name}")).await;
    }
    let release = stage.get("secrets/sh.helm.release.v1.old.v1").await;
    assert_eq!(release["metadata"]["labels"]["status"], "deployed");
    assert_eq!(
        stage.find("addon-operator.io/v1alpha1/modules/old").await,
        None
    );
}

#[tokio::test]
async fn release_of_a_disabled_module_is_removed_once_with_its_delete_hooks() {
    let Some(stage) = Stage::with("takeover", &config_map("web", "a")).await else {
        return;
    };
    let Some(helm) = stage.helm().await else {
        return;
    };
    helm.upgrade("shop", &config_map("shop", "a")).await;
    stage.chart("shop", &config_map("shop", "a"));
    stage
        .modules
        .write("010-shop/values.yaml", "shopEnabled: false\n");
    let file = stage.modules.path().join("told");
    let hook = format!(
        "#!/bin/bash\nif [[ $1 == --config ]]; then echo '{{configVersion: v1, afterDeleteHelm: 1}}'\n\
         else echo once >> {}\nfi\n",
        file.display()
    );
    stage.hook("shop", "told.sh", &hook);

    for _ in 0..2 {
        let mut operator = stage.run().await;
        operator.module_is("shop", ModuleState::Disabled).await;
        until_gone(&stage, "configmaps/shop").await;
        operator.stop().await;
    }

    assert_eq!(std::fs::read_to_string(file).unwrap(), "once\n");
    let shop = stage.get("addon-operator.io/v1alpha1/modules/shop").await;
    assert_eq!(shop["status"]["releaseRevision"], 1);
}

#[tokio::test]
async fn releases_of_many_modules_that_are_gone_are_held() {
    let Some(stage) = Stage::with("takeover", &config_map("web", "a")).await else {
        return;
    };
    let Some(helm) = stage.helm().await else {
        return;
    };
    for name in ["one", "two", "three"] {
        helm.upgrade(name, &config_map(name, "a")).await;
    }

    let mut operator = stage.run_well().await;
    let view = operator
        .until("they are held", |view| !view.modules.notes.is_empty())
        .await;
    let told = view.modules.notes.join("\n");
    // The one that stays counts as soon as it is decided about.
    let is_told = |of: &str| told.contains(&format!("3 of {of} modules vanished at once"));
    assert!(is_told("3") || is_told("4"), "{told}");
    for name in ["one", "two", "three"] {
        stage.get(&format!("configmaps/{name}")).await;
    }
    operator.stop().await;
}

#[tokio::test]
async fn module_that_the_original_left_alone_is_left_alone() {
    let Some(stage) = Stage::with("takeover", &config_map("web", "b")).await else {
        return;
    };
    let Some(helm) = stage.helm().await else {
        return;
    };
    let paused = "moduleChecksum=1,maintenance.deckhouse.io/no-resource-reconciliation=true";
    let manifests = config_map("web", "a");
    let labels = ["--labels", paused];
    helm.upgrade_with("web", &manifests, &labels).await.unwrap();
    let before = stage.get("configmaps/web").await;
    stage
        .create_config(&serde_json::json!({"webMaintenance": "NoResourceReconciliation"}))
        .await;

    let mut operator = stage.run().await;
    operator.module_is("web", ModuleState::Maintenance).await;
    operator.stop().await;

    assert_eq!(stage.get("configmaps/web").await, before);
}

/// What `diff --all` prints, and its exit code.
async fn diff(stage: &Stage) -> (Option<i32>, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_addon-operator"));
    command
        .args(["diff", "--all", "--offline", "-o", "json"])
        .args(["--namespace", stage.namespace()])
        .arg("--modules-dir")
        .arg(stage.modules.path())
        .arg("--kube-config")
        .arg(stage.kubeconfig())
        .env_clear()
        .stdin(Stdio::null());
    let output = tokio::task::spawn_blocking(move || command.output().unwrap());
    let output = output.await.unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    let found = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.code() != Some(2), "{told}");
    (output.status.code(), found)
}

fn rows(text: &str) -> Vec<String> {
    let found: Vec<Value> = serde_json::from_str(text).unwrap();
    let word = |row: &Value, key: &str| row[key].as_str().unwrap().to_owned();
    found
        .iter()
        .map(|row| {
            ["module", "action", "object"]
                .map(|key| word(row, key))
                .join(" ")
        })
        .collect()
}

const DEPLOYMENT: &str = "---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - {name: web, image: example.com/web, livenessProbe: {httpGet: {path: /, port: 80}}}
";
const DROPS: &str =
    "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: drops}\ndata: {dropped: x, stays: x}\n";
const KEPT: &str = "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: kept, annotations: {helm.sh/resource-policy: keep}}\n";

/// A release, and a chart that differs from it in every way; `None` without Helm.
async fn set_up_for_diff() -> Option<Stage> {
    let stage = Stage::new("takeover").await?;
    let helm = stage.helm().await?;
    let (same, gone) = (config_map("same", "a"), config_map("gone", "a"));
    let all = [&same, &gone, DROPS, KEPT, DEPLOYMENT].concat();
    let all = all.replace(
        "metadata: {name",
        "metadata: {labels: {heritage: addon-operator}, name",
    );
    helm.upgrade("web", &all).await;
    helm.upgrade("old", &config_map("old", "a")).await;
    let probe = ", livenessProbe: {httpGet: {path: /, port: 80}}";
    let wanted = [&same, &config_map("new", "a"), DROPS, DEPLOYMENT].concat();
    let wanted = wanted.replace("dropped: x, ", "").replace(probe, "");
    stage.chart("web", &wanted);
    Some(stage)
}

/// The lines of a diff that differ.
fn changed(text: &Value) -> Vec<String> {
    let lines = text.as_str().unwrap().lines();
    let lines = lines.filter(|line| line.starts_with(['+', '-']));
    let lines = lines.filter(|line| !line.starts_with("+++") && !line.starts_with("---"));
    lines.map(str::to_owned).collect()
}

#[tokio::test]
async fn diff_shows_a_takeover_before_it_happens() {
    let Some(stage) = set_up_for_diff().await else {
        return;
    };
    let name = stage.namespace();

    let (code, text) = diff(&stage).await;

    assert_eq!(code, Some(1));
    let expected = [
        format!("web change ConfigMap {name}/drops"),
        format!("web create ConfigMap {name}/new"),
        format!("web adopt ConfigMap {name}/same"),
        format!("web change Deployment {name}/web"),
        format!("web remove ConfigMap {name}/gone"),
        format!("web keep ConfigMap {name}/kept"),
        format!("old remove ConfigMap {name}/old"),
    ];
    assert_eq!(rows(&text), expected);
    let found: Vec<Value> = serde_json::from_str(&text).unwrap();
    assert_eq!(changed(&found[0]["text"]), ["-  dropped: x"]);
    let probe = changed(&found[3]["text"]);
    assert_eq!(probe[0], "-        livenessProbe:");
    let is_of_probe = |line: &String| line.starts_with("-        ");
    assert!(probe.iter().all(is_of_probe), "{probe:#?}");

    let operator = stage.run_well().await;
    until_gone(&stage, "configmaps/old").await;
    operator.stop().await;
    eventually("nothing would change", PATIENCE, async || {
        match diff(&stage).await {
            (Some(0), _) => Ok(()),
            (_, text) => Err(text),
        }
    })
    .await;
}

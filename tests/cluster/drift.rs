//! What others do to our objects, and what becomes of it.

use serde_json::{Value, json};

use super::stage::{Stage, condition, config_map, until_row};

/// A Deployment with these replicas and image.
fn deployment(replicas: u32, image: &str) -> String {
    format!(
        "
apiVersion: apps/v1
kind: Deployment
metadata: {{name: web}}
spec:
  replicas: {replicas}
  selector: {{matchLabels: {{app: web}}}}
  template:
    metadata: {{labels: {{app: web}}}}
    spec:
      containers: [{{name: web, image: {image}}}]
"
    )
}

const IGNORE_REPLICAS: &str =
    "ignoreDifferences: [{kind: Deployment, group: apps, fields: [.spec.replicas]}]\n";

fn version(object: &Value) -> &str {
    object["metadata"]["resourceVersion"].as_str().unwrap()
}

fn image(deployment: &Value) -> &Value {
    &deployment["spec"]["template"]["spec"]["containers"][0]["image"]
}

#[tokio::test]
async fn altered_field_is_set_again_and_told() {
    let Some(stage) = Stage::with("drift", &config_map("web", "ours")).await else {
        return;
    };
    let operator = stage.run_well().await;

    let theirs = json!({"data": {"text": "theirs"}});
    stage.alter("configmaps/web", "jane", &theirs).await;

    let is_ours = |object: &Value| object["data"]["text"] == "ours";
    stage
        .until("configmaps/web", "it is ours again", is_ours)
        .await;
    let told = stage.event("DriftCorrected").await;
    let name = stage.namespace();
    assert_eq!(
        told,
        format!("ConfigMap {name}/web was altered: .data.text by \"jane\"; it was put right")
    );
    operator.stop().await;
}

#[tokio::test]
async fn object_whose_label_was_removed_gets_it_again() {
    let Some(stage) = Stage::with("drift", &config_map("web", "ours")).await else {
        return;
    };
    let operator = stage.run_well().await;

    let unlabelled = json!({"metadata": {"labels": {"addon-operator.io/operator": null}}});
    let altered = stage.alter("configmaps/web", "jane", &unlabelled).await;

    let is_marked = |object: &Value| {
        object["metadata"]["labels"]["addon-operator.io/operator"] == stage.namespace()
    };
    let again = stage
        .until("configmaps/web", "the label is back", is_marked)
        .await;
    assert_eq!(again["metadata"]["uid"], altered["metadata"]["uid"]);
    let told = stage.event("DriftCorrected").await;
    assert!(told.contains("web was altered"), "{told}");
    operator.stop().await;
}

#[tokio::test]
async fn recreate_makes_deleted_objects_again_and_leaves_altered_ones() {
    let both = config_map("web", "ours") + &config_map("other", "ours");
    let Some(stage) = Stage::with("drift", &both).await else {
        return;
    };
    stage.definition("drift: recreate\n");
    let mut operator = stage.run_well().await;

    let theirs = json!({"data": {"text": "theirs"}});
    stage.alter("configmaps/web", "jane", &theirs).await;
    stage.delete("configmaps/other").await;

    stage
        .until("configmaps/other", "it is back", |_| true)
        .await;
    until_row(&mut operator, "drift is told", |row| {
        row.reason == "Drifted"
    })
    .await;
    assert_eq!(stage.get("configmaps/web").await["data"]["text"], "theirs");
    operator.stop().await;
}

#[tokio::test]
async fn report_tells_drift_and_changes_nothing() {
    let both = config_map("web", "ours") + &config_map("other", "ours");
    let Some(stage) = Stage::with("drift", &both).await else {
        return;
    };
    stage.definition("drift: report\n");
    let operator = stage.run_well().await;

    let theirs = json!({"data": {"text": "theirs"}});
    stage.alter("configmaps/web", "jane", &theirs).await;
    stage.delete("configmaps/other").await;

    let is_told = |module: &Value| {
        let told = condition(module, "Drifted")["message"]
            .as_str()
            .unwrap_or_default();
        told.contains("web was altered") && told.contains("other was deleted")
    };
    stage.until_module("both are told", is_told).await;
    assert_eq!(stage.get("configmaps/web").await["data"]["text"], "theirs");
    assert!(stage.find("configmaps/other").await.is_none());
    operator.stop().await;
}

#[tokio::test]
async fn drift_that_was_told_is_told_no_more_when_it_is_undone() {
    let Some(stage) = Stage::with("drift", &config_map("web", "ours")).await else {
        return;
    };
    stage.definition("drift: report\n");
    let operator = stage.run_well().await;
    stage.delete("configmaps/web").await;
    let is_told = |module: &Value| condition(module, "Drifted")["status"] == "True";
    stage.until_module("it is told", is_told).await;

    stage.chart("web", &config_map("other", "ours"));

    let is_gone = |module: &Value| condition(module, "Drifted").is_null();
    stage.until_module("nothing is told", is_gone).await;
    operator.stop().await;
}

#[tokio::test]
async fn ignored_field_stays_with_the_one_who_took_it() {
    let Some(stage) = Stage::with("drift", &deployment(1, "web:1")).await else {
        return;
    };
    stage.definition(IGNORE_REPLICAS);
    let operator = stage.run_well().await;

    let scaled = json!({"spec": {"replicas": 5}});
    stage
        .alter("apps/v1/deployments/web/scale", "autoscaler", &scaled)
        .await;
    stage.chart("web", &deployment(1, "web:2"));

    let is_new = |object: &Value| image(object) == "web:2";
    let web = stage
        .until("apps/v1/deployments/web", "the image is new", is_new)
        .await;
    assert_eq!(web["spec"]["replicas"], 5);
    assert_eq!(stage.events("DriftCorrected").await, Vec::<String>::new());
    operator.stop().await;
}

#[tokio::test]
async fn ignored_field_stays_when_others_are_corrected_and_across_a_restart() {
    let Some(stage) = Stage::with("drift", &deployment(1, "web:1")).await else {
        return;
    };
    stage.definition(IGNORE_REPLICAS);
    let operator = stage.run_well().await;
    let path = "apps/v1/deployments/web";

    stage
        .alter(path, "autoscaler", &json!({"spec": {"replicas": 5}}))
        .await;
    operator.stop().await;
    let operator = stage.run_well().await;
    let image_of_jane = json!([{"op": "replace", "path": "/spec/template/spec/containers/0/image", "value": "web:9"}]);
    stage.alter_json(path, "jane", &image_of_jane).await;

    let is_ours = |object: &Value| image(object) == "web:1";
    let web = stage.until(path, "the image is ours", is_ours).await;
    assert_eq!(web["spec"]["replicas"], 5);
    operator.stop().await;
}

#[tokio::test]
async fn field_that_is_not_ignored_is_taken_back_from_an_autoscaler() {
    let Some(stage) = Stage::with("drift", &deployment(1, "web:1")).await else {
        return;
    };
    let operator = stage.run_well().await;

    let scaled = json!({"spec": {"replicas": 5}});
    stage
        .alter("apps/v1/deployments/web/scale", "autoscaler", &scaled)
        .await;

    let is_ours = |object: &Value| object["spec"]["replicas"] == 1;
    stage
        .until("apps/v1/deployments/web", "one replica", is_ours)
        .await;
    operator.stop().await;
}

#[tokio::test]
async fn field_that_is_taken_three_times_is_contested_and_left() {
    let Some(stage) = Stage::with("drift", &config_map("web", "ours")).await else {
        return;
    };
    let operator = stage.run_well().await;

    for turn in 1..=3 {
        let theirs = json!({"data": {"text": format!("theirs {turn}")}});
        stage.alter("configmaps/web", "jane", &theirs).await;
        let is_ours = |object: &Value| object["data"]["text"] == "ours";
        stage
            .until("configmaps/web", "it is ours again", is_ours)
            .await;
    }

    let is_contested = |module: &Value| condition(module, "Contested")["status"] == "True";
    let module = stage.until_module("it is contested", is_contested).await;
    assert_eq!(module["status"]["reason"], "Contested");
    let told = stage.event("Contested").await;
    assert!(
        told.contains(".data.text is set by \"jane\" again and again"),
        "{told}"
    );

    let left = json!({"data": {"text": "theirs 4"}});
    stage.alter("configmaps/web", "jane", &left).await;
    // Another object of the module shows that the operator had its turn.
    stage.chart(
        "web",
        &(config_map("web", "ours") + &config_map("bell", "rung")),
    );
    stage
        .until("configmaps/bell", "the module ran", |_| true)
        .await;
    assert_eq!(
        stage.get("configmaps/web").await["data"]["text"],
        "theirs 4"
    );
    operator.stop().await;
}

#[tokio::test]
async fn drift_while_the_operator_was_down_is_corrected_at_start() {
    let both = config_map("web", "ours") + &config_map("other", "ours");
    let Some(stage) = Stage::with("drift", &both).await else {
        return;
    };
    stage.run_well().await.stop().await;

    let theirs = json!({"data": {"text": "theirs"}});
    stage.alter("configmaps/web", "jane", &theirs).await;
    stage.delete("configmaps/other").await;
    let operator = stage.run_well().await;

    assert_eq!(stage.get("configmaps/web").await["data"]["text"], "ours");
    assert_eq!(stage.get("configmaps/other").await["data"]["text"], "ours");
    operator.stop().await;
}

#[tokio::test]
async fn additions_of_others_are_no_drift() {
    let both = deployment(1, "web:1") + &config_map("bell", "ours");
    let Some(stage) = Stage::with("drift", &both).await else {
        return;
    };
    let operator = stage.run_well().await;
    let path = "apps/v1/deployments/web";

    let label = json!({"metadata": {"labels": {"theirs": "1"}, "annotations": {"theirs": "1"}}});
    stage.alter(path, "jane", &label).await;
    let status = json!({"status": {"replicas": 1, "observedGeneration": 1}});
    stage
        .alter("apps/v1/deployments/web/status", "controller", &status)
        .await;
    let before = stage.get(path).await;
    // The correction of another object shows that the operator had its turn.
    let theirs = json!({"data": {"text": "theirs"}});
    stage.alter("configmaps/bell", "jane", &theirs).await;
    let is_ours = |object: &Value| object["data"]["text"] == "ours";
    stage
        .until("configmaps/bell", "the module ran", is_ours)
        .await;

    assert_eq!(version(&stage.get(path).await), version(&before));
    operator.stop().await;
}

#[tokio::test]
async fn maintenance_marks_once_and_then_leaves_alone() {
    let Some(stage) = Stage::with("drift", &config_map("web", "ours")).await else {
        return;
    };
    stage.chart("bell", &config_map("bell", "ours"));
    let operator = stage.run_well().await;
    let mark = "maintenance.deckhouse.io/no-resource-reconciliation";
    let is_marked = |object: &Value| !object["metadata"]["labels"][mark].is_null();
    let is_ours = |object: &Value| object["data"]["text"] == "ours";
    let theirs = json!({"data": {"text": "theirs"}});

    stage
        .create_config(&json!({"webMaintenance": "NoResourceReconciliation"}))
        .await;
    stage
        .until("configmaps/web", "it is marked", is_marked)
        .await;
    let is_paused = |module: &Value| module["status"]["state"] == "Maintenance";
    stage.until_module("it is told", is_paused).await;
    stage.alter("configmaps/web", "jane", &theirs).await;
    stage.alter("configmaps/bell", "jane", &theirs).await;
    stage
        .until("configmaps/bell", "the other module goes on", is_ours)
        .await;
    assert_eq!(stage.get("configmaps/web").await["data"]["text"], "theirs");

    stage
        .alter(
            "configmaps/addon-operator",
            "jane",
            &json!({"data": {"webMaintenance": null}}),
        )
        .await;
    let web = stage
        .until("configmaps/web", "it is ours again", is_ours)
        .await;
    assert!(!is_marked(&web), "{web}");
    operator.stop().await;
}

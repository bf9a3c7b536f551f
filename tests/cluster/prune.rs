//! What becomes of objects that a chart does not have any more.

use serde_json::{Value, json};

use super::stage::{Stage, condition, config_map, definition, widget};
use crate::support::rest;

const KEPT: &str = "
apiVersion: v1
kind: Secret
metadata: {name: kept, annotations: {helm.sh/resource-policy: keep}}
stringData: {a: b}
";

const CLAIM: &str = "
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: data}
spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
";

fn namespace(name: &str) -> String {
    format!("---\napiVersion: v1\nkind: Namespace\nmetadata: {{name: {name}}}\n")
}

fn kinds(module: &Value) -> &Value {
    &module["metadata"]["annotations"]["applyset.kubernetes.io/contains-group-kinds"]
}

fn kept(module: &Value) -> &str {
    condition(module, "Kept")["message"]
        .as_str()
        .unwrap_or_default()
}

fn is_going(object: &Value) -> bool {
    !object["metadata"]["deletionTimestamp"].is_null()
}

#[tokio::test]
async fn object_that_a_chart_drops_goes_and_the_inventory_narrows() {
    let both =
        config_map("web", "a") + "---\napiVersion: v1\nkind: Secret\nmetadata: {name: dropped}\n";
    let Some(stage) = Stage::with("prune", &both).await else {
        return;
    };
    let operator = stage.run_well().await;
    assert_eq!(kinds(&stage.module().await), "ConfigMap,Secret");

    stage.chart("web", &config_map("web", "a"));

    stage.until_gone(&stage.path("secrets/dropped")).await;
    stage
        .until_module("it is narrow", |module| kinds(module) == "ConfigMap")
        .await;
    operator.stop().await;
}

#[tokio::test]
async fn object_with_keep_policy_stays_and_loses_our_marks() {
    let Some(stage) = Stage::with("prune", &(config_map("web", "a") + "---" + KEPT)).await else {
        return;
    };
    let operator = stage.run_well().await;

    stage.chart("web", &config_map("web", "a"));

    stage
        .until_module("it is narrow", |module| kinds(module) == "ConfigMap")
        .await;
    let kept = stage.get("secrets/kept").await;
    let labels = kept["metadata"]["labels"].to_string();
    for mark in ["addon-operator.io", "applyset"] {
        assert!(!labels.contains(mark), "{labels}");
    }
    let annotations = kept["metadata"]["annotations"].to_string();
    assert_eq!(annotations, r#"{"helm.sh/resource-policy":"keep"}"#);
    assert_eq!(kept["data"], json!({"a": "Yg=="}));
    operator.stop().await;
}

#[tokio::test]
async fn object_with_keep_policy_outlives_its_module() {
    let Some(stage) = Stage::with("prune", &(config_map("web", "a") + "---" + KEPT)).await else {
        return;
    };
    let operator = stage.run_well().await;

    stage.create_config(&json!({"webEnabled": "false"})).await;

    stage.until_gone(&stage.path("configmaps/web")).await;
    let is_free = |kept: &Value| !kept["metadata"]["labels"].to_string().contains("applyset");
    stage.until("secrets/kept", "it is free", is_free).await;
    operator.stop().await;
}

#[tokio::test]
async fn kept_object_is_taken_in_again_when_its_chart_has_it_again() {
    let both = config_map("web", "a") + "---" + KEPT;
    let Some(stage) = Stage::with("prune", &both).await else {
        return;
    };
    let operator = stage.run_well().await;
    stage.chart("web", &config_map("web", "a"));
    let is_ours = |kept: &Value| kept["metadata"]["labels"]["addon-operator.io/module"] == "web";
    stage
        .until("secrets/kept", "it is free", |kept| !is_ours(kept))
        .await;

    stage.chart("web", &both);

    stage.until("secrets/kept", "it is ours", is_ours).await;
    operator.stop().await;
}

#[tokio::test]
async fn namespace_with_objects_of_others_stays_and_is_told_once() {
    let Some(stage) = Stage::new("prune").await else {
        return;
    };
    let shop = format!("shop-{}", stage.letters());
    stage.chart("web", &(namespace(&shop) + &config_map("web", "a")));
    let operator = stage.run_well().await;
    let theirs = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "theirs"}});
    rest::create(
        &stage.client,
        &format!("/api/v1/namespaces/{shop}/secrets"),
        &theirs,
    )
    .await;

    stage.chart("web", &config_map("web", "a"));
    let module = stage
        .until_module("it is told", |module| !kept(module).is_empty())
        .await;
    let expected =
        format!("Namespace {shop} stays: it holds objects of others, Secret theirs for one");
    assert!(kept(&module).starts_with(&expected), "{}", kept(&module));
    assert_eq!(kinds(&module), "ConfigMap,Namespace");

    // Two more runs, one of them after a restart, tell nothing new.
    stage.chart("web", &config_map("web", "b"));
    stage
        .until("configmaps/web", "it ran", |web| web["data"]["text"] == "b")
        .await;
    operator.stop().await;
    stage.run_well().await.stop().await;
    assert_eq!(stage.events("ObjectKept").await.len(), 1);
    let namespace = rest::get(&stage.client, &format!("/api/v1/namespaces/{shop}")).await;
    assert!(!is_going(&namespace.unwrap()));
}

#[tokio::test]
async fn namespace_that_is_kept_goes_when_its_module_opts_in() {
    let Some(stage) = Stage::new("prune").await else {
        return;
    };
    let shop = format!("shop-{}", stage.letters());
    stage.chart("web", &(namespace(&shop) + &config_map("web", "a")));
    let operator = stage.run_well().await;
    let theirs = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "theirs"}});
    rest::create(
        &stage.client,
        &format!("/api/v1/namespaces/{shop}/secrets"),
        &theirs,
    )
    .await;
    stage.chart("web", &config_map("web", "a"));
    stage
        .until_module("it stays", |module| !kept(module).is_empty())
        .await;

    stage.definition("prune: {namespaces: true}\n");

    let path = format!("/api/v1/namespaces/{shop}");
    stage.until_at(&path, "it goes", is_going).await;
    stage
        .until_module("nothing is kept", |module| kept(module).is_empty())
        .await;
    operator.stop().await;
}

#[tokio::test]
async fn namespace_that_holds_nothing_of_others_goes() {
    let Some(stage) = Stage::new("prune").await else {
        return;
    };
    let shop = format!("shop-{}", stage.letters());
    stage.chart(
        "web",
        &(namespace(&shop) + &config_map(&format!("in, namespace: {shop}"), "a")),
    );
    let operator = stage.run_well().await;

    stage.chart("web", "");

    stage
        .until_at(&format!("/api/v1/namespaces/{shop}"), "it goes", is_going)
        .await;
    operator.stop().await;
}

#[tokio::test]
async fn claim_stays_unless_its_module_opts_in() {
    let Some(stage) = Stage::with("prune", CLAIM).await else {
        return;
    };
    let operator = stage.run_well().await;

    stage.chart("web", "");
    let module = stage
        .until_module("it is told", |module| !kept(module).is_empty())
        .await;
    let expected = format!(
        "PersistentVolumeClaim {}/data stays: it holds data; prune.persistentVolumeClaims: true removes it",
        stage.namespace()
    );
    assert_eq!(kept(&module), expected);
    let claim = "persistentvolumeclaims/data";
    assert!(!is_going(&stage.get(claim).await));

    stage.definition("prune: {persistentVolumeClaims: true}\n");
    stage.until(claim, "it goes", is_going).await;
    // The controller that protects claims in use.
    stage
        .alter(
            claim,
            "controller",
            &json!({"metadata": {"finalizers": null}}),
        )
        .await;
    stage
        .until_module("nothing is kept", |module| kept(module).is_empty())
        .await;
    operator.stop().await;
}

#[tokio::test]
async fn definition_with_instances_stays_unless_its_module_opts_in() {
    let Some(stage) = Stage::new("prune").await else {
        return;
    };
    let letters = stage.letters().to_owned();
    stage.chart("web", &definition(&letters));
    let operator = stage.run_well().await;
    let theirs = json!({
        "apiVersion": format!("{letters}.example.com/v1"), "kind": "Widget", "metadata": {"name": "theirs"},
    });
    let widgets = stage.path(&format!("{letters}.example.com/v1/widgets"));
    rest::create(&stage.client, &widgets, &theirs).await;

    stage.chart("web", &config_map("web", "a"));
    let module = stage
        .until_module("it is told", |module| !kept(module).is_empty())
        .await;
    assert!(
        kept(&module).contains("it still has instances, theirs for one"),
        "{}",
        kept(&module)
    );
    assert!(
        stage
            .find(&format!("{letters}.example.com/v1/widgets/theirs"))
            .await
            .is_some()
    );

    stage.definition("prune: {crds: true}\n");
    stage.until_gone(&definition_path(&letters)).await;
    operator.stop().await;
}

fn definition_path(letters: &str) -> String {
    format!("/apis/apiextensions.k8s.io/v1/customresourcedefinitions/widgets.{letters}.example.com")
}

#[tokio::test]
async fn definition_goes_with_the_last_instance_of_its_own_module() {
    let Some(stage) = Stage::new("prune").await else {
        return;
    };
    let letters = stage.letters().to_owned();
    stage.chart("web", &(definition(&letters) + &widget(&letters, "ours")));
    let operator = stage.run_well().await;

    stage.chart("web", "");

    stage.until_gone(&definition_path(&letters)).await;
    operator.stop().await;
}

#[tokio::test]
async fn definition_of_crds_is_never_pruned() {
    let Some(stage) = Stage::new("prune").await else {
        return;
    };
    let letters = stage.letters().to_owned();
    stage
        .modules
        .write("010-web/crds/widgets.yaml", &definition(&letters));
    stage.chart("web", &config_map("web", "a"));
    stage.chart("other", &config_map("other", "a"));
    let operator = stage.run_well().await;

    stage.modules.remove("010-web/crds");
    stage.chart("web", &config_map("web", "b"));
    stage
        .until("configmaps/web", "it ran", |web| web["data"]["text"] == "b")
        .await;
    stage.create_config(&json!({"webEnabled": "false"})).await;
    stage.until_gone(&stage.path("configmaps/web")).await;

    let found = rest::get(&stage.client, &definition_path(&letters)).await;
    assert!(!is_going(&found.unwrap()));
    operator.stop().await;
}

#[tokio::test]
async fn object_that_a_finalizer_holds_is_told_and_awaited() {
    let held = "
apiVersion: v1
kind: ConfigMap
metadata: {name: held, finalizers: [example.com/held]}
";
    let Some(stage) = Stage::with("prune", &(config_map("web", "a") + "---" + held)).await else {
        return;
    };
    stage.definition("timeouts: {delete: 1s}\n");
    let operator = stage.run_well().await;

    stage.chart("web", &config_map("web", "a"));
    let is_told = |module: &Value| module["status"]["reason"] == "PruneFailed";
    let module = stage.until_module("it is told", is_told).await;
    let message = module["status"]["message"].as_str().unwrap();
    let expected = format!(
        "waiting for deleted objects to go: ConfigMap {}/held",
        stage.namespace()
    );
    assert!(message.starts_with(&expected), "{message}");

    stage
        .alter(
            "configmaps/held",
            "controller",
            &json!({"metadata": {"finalizers": null}}),
        )
        .await;
    stage
        .until_module("it is well", |module| {
            module["status"]["state"] == "Applied"
        })
        .await;
    assert!(stage.find("configmaps/held").await.is_none());
    operator.stop().await;
}

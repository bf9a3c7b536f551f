//! Whose an object is: the inventory, and what happens when somebody else has it.

use addon_operator::serve::ModuleState;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::stage::{Stage, config_map, until_row};
use crate::support::rest;

const KINDS: &str = "applyset.kubernetes.io/contains-group-kinds";
const NAMESPACES: &str = "applyset.kubernetes.io/additional-namespaces";

fn annotation<'a>(object: &'a Value, key: &str) -> &'a Value {
    &object["metadata"]["annotations"][key]
}

fn label<'a>(object: &'a Value, key: &str) -> &'a Value {
    &object["metadata"]["labels"][key]
}

#[tokio::test]
async fn module_object_is_the_parent_of_an_apply_set() {
    let Some(stage) = Stage::new("owner").await else {
        return;
    };
    let name = stage.namespace().to_owned();
    let shop = format!("shop-{}", stage.letters());
    let namespace = format!("---\napiVersion: v1\nkind: Namespace\nmetadata: {{name: {shop}}}\n");
    stage.chart(
        "web",
        &(namespace + &config_map(&format!("web, namespace: {shop}"), "a")),
    );
    let operator = stage.run_well().await;

    let parent = stage.module().await;
    let identity = format!("web.{name}.Module.addon-operator.io");
    let id = format!(
        "applyset-{}-v1",
        base64_url(&Sha256::digest(identity.as_bytes()))
    );
    assert_eq!(label(&parent, "applyset.kubernetes.io/id"), &json!(id));
    assert_eq!(annotation(&parent, KINDS), "ConfigMap,Namespace");
    assert_eq!(annotation(&parent, NAMESPACES), &json!(shop));
    let tooling = annotation(&parent, "applyset.kubernetes.io/tooling");
    assert!(
        tooling.as_str().unwrap().starts_with("addon-operator/v"),
        "{tooling}"
    );

    let member = rest::get(
        &stage.client,
        &format!("/api/v1/namespaces/{shop}/configmaps/web"),
    )
    .await;
    let member = member.unwrap();
    assert_eq!(label(&member, "applyset.kubernetes.io/part-of"), &json!(id));
    assert_eq!(label(&member, "heritage"), "addon-operator");
    let definition =
        "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/modules.addon-operator.io";
    let definition = rest::get(&stage.client, definition).await.unwrap();
    assert_eq!(
        label(&definition, "applyset.kubernetes.io/is-parent-type"),
        "true"
    );
    operator.stop().await;
}

fn base64_url(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes)
}

#[tokio::test]
async fn inventory_is_wide_before_an_object_of_a_new_kind_is_refused() {
    let Some(stage) = Stage::with("owner", &config_map("web", "a")).await else {
        return;
    };
    let mut operator = stage.run_well().await;
    assert_eq!(annotation(&stage.module().await, KINDS), "ConfigMap");

    let refused = "---\napiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {ports: [{port: 70000}]}\n";
    stage.chart("web", &(config_map("web", "a") + refused));
    operator.module_is("web", ModuleState::Failed).await;

    assert_eq!(
        annotation(&stage.module().await, KINDS),
        "ConfigMap,Service"
    );
    operator.stop().await;
}

#[tokio::test]
async fn module_object_is_made_again_with_its_inventory() {
    let Some(stage) = Stage::with("owner", &config_map("web", "a")).await else {
        return;
    };
    let operator = stage.run_well().await;
    let before = stage
        .until_module("it has a status", |module| {
            module["status"]["objectCount"] == 1
        })
        .await;
    let member = stage.get("configmaps/web").await;

    stage.delete("addon-operator.io/v1alpha1/modules/web").await;

    let is_new = |module: &Value| {
        module["metadata"]["uid"] != before["metadata"]["uid"]
            && module["status"]["objectCount"] == 1
    };
    let again = stage.until_module("it is there again", is_new).await;
    assert_eq!(again["metadata"]["labels"], before["metadata"]["labels"]);
    assert_eq!(
        again["metadata"]["annotations"],
        before["metadata"]["annotations"]
    );
    assert_eq!(again["status"]["objects"], before["status"]["objects"]);
    let now = stage.get("configmaps/web").await;
    assert_eq!(
        now["metadata"]["resourceVersion"],
        member["metadata"]["resourceVersion"]
    );
    operator.stop().await;
}

#[tokio::test]
async fn module_object_that_was_deleted_while_the_operator_was_down_costs_no_object() {
    let Some(stage) = Stage::with("owner", &config_map("web", "a")).await else {
        return;
    };
    stage.run_well().await.stop().await;
    let member = stage.get("configmaps/web").await;

    stage.delete("addon-operator.io/v1alpha1/modules/web").await;
    let operator = stage.run_well().await;

    assert_eq!(annotation(&stage.module().await, KINDS), "ConfigMap");
    let now = stage.get("configmaps/web").await;
    assert_eq!(now["metadata"]["uid"], member["metadata"]["uid"]);
    operator.stop().await;
}

#[tokio::test]
async fn conflict_names_object_field_manager_and_file() {
    let Some(stage) = Stage::with("owner", &config_map("web", "ours")).await else {
        return;
    };
    stage
        .create_config_map(&json!({"name": "web"}), "theirs")
        .await;

    let (mut operator, row) = stage.run_badly().await;

    assert_eq!(row.reason, "Conflict");
    let name = stage.namespace();
    let expected = format!(
        "applying ConfigMap {name}/web: .data.text belongs to \"somebody\"; set takeOwnership: true \
         in the module's module.yaml to take it over, or take the field out of templates/all.yaml.j2"
    );
    assert!(row.message.starts_with(&expected), "{}", row.message);
    assert_eq!(stage.get("configmaps/web").await["data"]["text"], "theirs");

    stage.definition("takeOwnership: true\n");
    operator.module_is("web", ModuleState::Applied).await;
    assert_eq!(stage.get("configmaps/web").await["data"]["text"], "ours");
    operator.stop().await;
}

#[tokio::test]
async fn object_of_others_with_equal_values_is_adopted() {
    let Some(stage) = Stage::with("owner", &config_map("web", "same")).await else {
        return;
    };
    let theirs = stage
        .create_config_map(&json!({"name": "web"}), "same")
        .await;

    let operator = stage.run_well().await;

    let web = stage.get("configmaps/web").await;
    assert_eq!(web["metadata"]["uid"], theirs["metadata"]["uid"]);
    assert_eq!(label(&web, "addon-operator.io/module"), "web");
    operator.stop().await;
}

#[tokio::test]
async fn object_of_another_module_is_refused_with_its_name() {
    let Some(stage) = Stage::with("owner", &config_map("shared", "a")).await else {
        return;
    };
    let mut operator = stage.run_well().await;

    stage.chart("shop", &config_map("shared", "a"));

    let row = operator.module_is("shop", ModuleState::Failed).await;
    assert_eq!(row.reason, "ForeignObject");
    let expected = format!(
        "applying ConfigMap {}/shared: it belongs to module web;",
        stage.namespace()
    );
    assert!(row.message.starts_with(&expected), "{}", row.message);
    let shared = stage.get("configmaps/shared").await;
    assert_eq!(label(&shared, "addon-operator.io/module"), "web");
    operator.stop().await;
}

#[tokio::test]
async fn object_moves_to_another_module_once_the_first_drops_it() {
    let Some(stage) = Stage::with(
        "owner",
        &(config_map("web", "a") + &config_map("shared", "a")),
    )
    .await
    else {
        return;
    };
    let mut operator = stage.run_well().await;
    stage.chart("shop", &config_map("shared", "a"));
    operator.module_is("shop", ModuleState::Failed).await;

    stage.chart("web", &config_map("web", "a"));

    operator.module_is("shop", ModuleState::Applied).await;
    let shared = stage.get("configmaps/shared").await;
    assert_eq!(label(&shared, "addon-operator.io/module"), "shop");
    operator.stop().await;
}

#[tokio::test]
async fn object_of_another_operator_is_refused_with_its_namespace() {
    let Some(stage) = Stage::new("owner").await else {
        return;
    };
    let Some(other) = Stage::new("owner").await else {
        return;
    };
    let shared = config_map(&format!("shared, namespace: {}", other.namespace()), "a");
    other.chart("shop", &shared);
    other.run().await.stop().await;
    stage.chart("web", &shared);

    let (operator, row) = stage.run_badly().await;

    let expected = format!(
        "it belongs to module shop of the operator in namespace {};",
        other.namespace()
    );
    assert!(row.message.contains(&expected), "{}", row.message);
    operator.stop().await;
}

fn of_release(release: &str, namespace: &str) -> Value {
    json!({
        "name": "web",
        "labels": {"app.kubernetes.io/managed-by": "Helm"},
        "annotations": {"meta.helm.sh/release-name": release, "meta.helm.sh/release-namespace": namespace},
    })
}

#[tokio::test]
async fn object_of_a_foreign_release_is_refused_with_its_name() {
    let Some(stage) = Stage::with("owner", &config_map("web", "ours")).await else {
        return;
    };
    stage
        .create_config_map(&of_release("shop", "sales"), "theirs")
        .await;

    let (mut operator, row) = stage.run_badly().await;

    assert_eq!(row.reason, "ForeignObject");
    assert!(
        row.message
            .contains("it belongs to Helm release sales/shop;"),
        "{}",
        row.message
    );
    assert_eq!(stage.get("configmaps/web").await["data"]["text"], "theirs");

    stage.definition("takeOwnership: true\n");
    operator.module_is("web", ModuleState::Applied).await;
    assert_eq!(
        annotation(
            &stage.get("configmaps/web").await,
            "meta.helm.sh/release-name"
        ),
        "web"
    );
    operator.stop().await;
}

#[tokio::test]
async fn object_of_the_modules_own_release_is_taken_over() {
    let Some(stage) = Stage::with("owner", &config_map("web", "ours")).await else {
        return;
    };
    let own = of_release("web", stage.namespace());
    let theirs = stage.create_config_map(&own, "theirs").await;

    let operator = stage.run_well().await;

    let web = stage.get("configmaps/web").await;
    assert_eq!(web["data"]["text"], "ours");
    assert_eq!(web["metadata"]["uid"], theirs["metadata"]["uid"]);
    operator.stop().await;
}

#[tokio::test]
async fn key_of_the_former_release_that_the_chart_drops_goes() {
    let Some(stage) = Stage::with("owner", &config_map("web", "ours")).await else {
        return;
    };
    let mut theirs = json!({
        "apiVersion": "v1", "kind": "ConfigMap", "metadata": of_release("web", stage.namespace()),
        "data": {"text": "theirs", "dropped": "x"},
    });
    theirs["metadata"]["labels"]["heritage"] = json!("addon-operator");
    let path = format!("{}?fieldManager=helm", stage.path("configmaps"));
    rest::create(&stage.client, &path, &theirs).await;

    let operator = stage.run_well().await;

    let web = stage.get("configmaps/web").await;
    assert_eq!(web["data"], json!({"text": "ours"}));
    operator.stop().await;
}

#[tokio::test]
async fn failed_module_recovers_when_the_other_owner_gives_way() {
    let Some(stage) = Stage::with("owner", &config_map("web", "ours")).await else {
        return;
    };
    stage
        .create_config_map(&json!({"name": "web"}), "theirs")
        .await;
    let (mut operator, _) = stage.run_badly().await;

    stage.delete("configmaps/web").await;

    until_row(&mut operator, "it is applied", |row| {
        row.state == ModuleState::Applied
    })
    .await;
    assert_eq!(stage.get("configmaps/web").await["data"]["text"], "ours");
    operator.stop().await;
}

//! What a chart says, and what the API server makes of it.

use addon_operator::serve::ModuleState;
use serde_json::{Value, json};

use super::stage::{Stage, config_map, definition, until_row, widget};
use crate::support::rest;

/// A `ConfigMap` that the server lets nobody change.
fn immutable(text: &str) -> String {
    format!("{}immutable: true\n", config_map("fixed", text))
}

fn pod(containers: &str) -> String {
    format!(
        "---\napiVersion: v1\nkind: Pod\nmetadata: {{name: web}}\nspec: {{containers: [{containers}]}}\n"
    )
}

#[tokio::test]
async fn namespace_definition_and_instance_of_one_chart_come_in_one_run() {
    let Some(stage) = Stage::new("apply").await else {
        return;
    };
    let letters = stage.letters().to_owned();
    let namespace =
        format!("---\napiVersion: v1\nkind: Namespace\nmetadata: {{name: shop-{letters}}}\n");
    let instance = widget(&letters, &format!("one, namespace: shop-{letters}"));
    stage.chart("web", &(instance + &definition(&letters) + &namespace));

    let operator = stage.run_well().await;

    let path = format!("/apis/{letters}.example.com/v1/namespaces/shop-{letters}/widgets/one");
    let one = rest::get(&stage.client, &path).await.unwrap();
    assert_eq!(one["spec"]["size"], 1);
    assert_eq!(stage.events("ApplyFailed").await, Vec::<String>::new());
    operator.stop().await;
}

#[tokio::test]
async fn definitions_of_crds_are_installed_before_the_chart_and_awaited() {
    let Some(stage) = Stage::new("apply").await else {
        return;
    };
    let letters = stage.letters().to_owned();
    stage
        .modules
        .write("010-web/crds/widgets.yaml", &definition(&letters));
    stage.chart("web", &widget(&letters, "one"));

    let operator = stage.run_well().await;

    stage
        .get(&format!("{letters}.example.com/v1/widgets/one"))
        .await;
    let path = format!(
        "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/widgets.{letters}.example.com"
    );
    let found = rest::get(&stage.client, &path).await.unwrap();
    assert_eq!(found["metadata"]["labels"]["heritage"], "addon-operator");
    assert!(found["metadata"]["labels"]["applyset.kubernetes.io/part-of"].is_null());
    assert_eq!(stage.events("ApplyFailed").await, Vec::<String>::new());
    operator.stop().await;
}

#[tokio::test]
async fn key_that_is_dropped_from_string_data_goes() {
    let secret = |keys: &str| {
        format!("apiVersion: v1\nkind: Secret\nmetadata: {{name: web}}\nstringData: {{{keys}}}\n")
    };
    let Some(stage) = Stage::with("apply", &secret("a: b, c: d")).await else {
        return;
    };
    let operator = stage.run_well().await;
    assert_eq!(
        stage.get("secrets/web").await["data"],
        json!({"a": "Yg==", "c": "ZA=="})
    );

    stage.chart("web", &secret("a: b"));

    let is_less = |secret: &Value| secret["data"] == json!({"a": "Yg=="});
    stage.until("secrets/web", "the key is gone", is_less).await;
    operator.stop().await;
}

#[tokio::test]
async fn status_and_empty_creation_time_in_a_manifest_do_no_harm() {
    let budget = "
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: web, creationTimestamp: null}
spec: {minAvailable: 1, selector: {matchLabels: {a: b}}}
status: {currentHealthy: 5}
";
    let Some(stage) = Stage::with("apply", budget).await else {
        return;
    };

    let operator = stage.run_well().await;

    let web = stage.get("policy/v1/poddisruptionbudgets/web").await;
    assert_ne!(web["status"]["currentHealthy"], 5);
    operator.stop().await;
}

#[tokio::test]
async fn unknown_field_is_left_out_with_a_warning() {
    let service = "
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selectr: {a: b}, ports: [{port: 80, prot: TCP}]}
";
    let Some(stage) = Stage::with("apply", service).await else {
        return;
    };

    let operator = stage.run_well().await;

    assert_eq!(
        stage.get("services/web").await["spec"]["ports"][0]["port"],
        80
    );
    stage.event("ManifestWarning").await;
    let told = stage.events("ManifestWarning").await.join("\n");
    let name = stage.namespace();
    for field in [
        ".spec.selectr",
        ".spec.ports[port=80,protocol=\"TCP\"].prot",
    ] {
        let expected =
            format!("Service {name}/web: {field} is not a field of this kind and was left out");
        assert!(told.contains(&expected), "{told}");
    }
    operator.stop().await;
}

#[tokio::test]
async fn of_environment_variables_with_one_name_the_last_wins() {
    let Some(stage) = Stage::new("apply").await else {
        return;
    };
    let env = "{name: A, value: first}, {name: B, value: b}, {name: A, value: last}";
    stage.chart(
        "web",
        &pod(&format!("{{name: web, image: web, env: [{env}]}}")),
    );

    let operator = stage.run_well().await;

    let web = stage.get("pods/web").await;
    let expected = json!([{"name": "B", "value": "b"}, {"name": "A", "value": "last"}]);
    assert_eq!(web["spec"]["containers"][0]["env"], expected);
    let told = stage.event("ManifestWarning").await;
    assert!(
        told.contains("env has 2 items [name=\"A\"]; the last one was taken"),
        "{told}"
    );
    operator.stop().await;
}

#[tokio::test]
async fn mended_object_is_settled() {
    let odd = config_map("web", "a") + "unknown: 1\n";
    let Some(stage) = Stage::with("apply", &odd).await else {
        return;
    };
    stage.run_well().await.stop().await;
    let before = stage.get("configmaps/web").await;

    stage.run_well().await.stop().await;

    assert_eq!(stage.get("configmaps/web").await, before);
    assert_eq!(stage.events("ManifestWarning").await.len(), 1);
}

#[tokio::test]
async fn same_object_twice_is_one_with_a_warning_when_equal() {
    let Some(stage) = Stage::with("apply", &config_map("web", "a").repeat(2)).await else {
        return;
    };

    let operator = stage.run_well().await;

    stage.get("configmaps/web").await;
    let told = stage.event("ManifestWarning").await;
    assert!(
        told.contains("ConfigMap") && told.contains("web is rendered twice"),
        "{told}"
    );
    operator.stop().await;
}

#[tokio::test]
async fn same_object_twice_is_an_error_with_both_places_when_unequal() {
    let Some(stage) = Stage::with("apply", &config_map("web", "a")).await else {
        return;
    };
    stage
        .modules
        .write("010-web/templates/more.yaml.j2", &config_map("web", "b"));

    let (operator, row) = stage.run_badly().await;

    assert_eq!(row.reason, "InvalidObjects");
    for part in [
        "rendered twice",
        "templates/all.yaml.j2",
        "templates/more.yaml.j2",
    ] {
        assert!(row.message.contains(part), "{}", row.message);
    }
    assert!(stage.find("configmaps/web").await.is_none());
    operator.stop().await;
}

#[tokio::test]
async fn immutable_field_is_an_error_that_names_it() {
    let Some(stage) = Stage::with("apply", &immutable("a")).await else {
        return;
    };
    let mut operator = stage.run_well().await;

    stage.chart("web", &immutable("b"));

    let row = operator.module_is("web", ModuleState::Failed).await;
    assert_eq!(row.reason, "ImmutableField");
    let expected = format!(
        "applying ConfigMap {}/fixed: data cannot be changed",
        stage.namespace()
    );
    assert!(row.message.starts_with(&expected), "{}", row.message);
    assert!(
        row.message.contains("templates/all.yaml.j2"),
        "{}",
        row.message
    );
    operator.stop().await;
}

/// Waits for the deletion of the old object and ends it, as the garbage collector would.
async fn collect_garbage(stage: &Stage) {
    let is_going = |object: &Value| !object["metadata"]["deletionTimestamp"].is_null();
    stage
        .until("configmaps/fixed", "it is being deleted", is_going)
        .await;
    let free = json!({"metadata": {"finalizers": null}});
    stage.alter("configmaps/fixed", "collector", &free).await;
}

#[tokio::test]
async fn immutable_field_is_changed_by_a_new_object_where_the_module_says_so() {
    let Some(stage) = Stage::with("apply", &immutable("a")).await else {
        return;
    };
    stage.definition("recreate: true\n");
    let operator = stage.run_well().await;

    stage.chart("web", &immutable("b"));
    collect_garbage(&stage).await;

    let is_new = |object: &Value| object["data"]["text"] == "b";
    stage.until("configmaps/fixed", "it is new", is_new).await;
    operator.stop().await;
}

#[tokio::test]
async fn immutable_field_is_changed_by_a_new_object_where_the_object_says_so() {
    let annotated = |text: &str| {
        immutable(text).replace(
            "{name: fixed}",
            "{name: fixed, annotations: {addon-operator.io/recreate: 'true'}}",
        )
    };
    let Some(stage) = Stage::with("apply", &annotated("a")).await else {
        return;
    };
    let operator = stage.run_well().await;

    stage.chart("web", &annotated("b"));
    collect_garbage(&stage).await;

    let is_new = |object: &Value| object["data"]["text"] == "b";
    stage.until("configmaps/fixed", "it is new", is_new).await;
    operator.stop().await;
}

#[tokio::test]
async fn refused_object_is_named_with_its_file_and_other_modules_go_on() {
    let refused = "---\napiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {ports: [{port: 70000}]}\n";
    let Some(stage) = Stage::with("apply", &(refused.to_owned() + &config_map("web", "a"))).await
    else {
        return;
    };
    stage.chart("other", &config_map("other", "a"));

    let (mut operator, row) = stage.run_badly().await;

    assert_eq!(row.reason, "ApplyFailed");
    let expected = format!(
        "applying Service {}/web from templates/all.yaml.j2",
        stage.namespace()
    );
    assert!(row.message.starts_with(&expected), "{}", row.message);
    assert!(
        row.message
            .contains("spec.ports[0].port: Invalid value: 70000"),
        "{}",
        row.message
    );
    operator.module_is("other", ModuleState::Applied).await;
    stage.get("configmaps/web").await;
    operator.stop().await;
}

#[tokio::test]
async fn refused_object_heals_with_its_chart() {
    let service = |port: u32| {
        format!(
            "apiVersion: v1\nkind: Service\nmetadata: {{name: web}}\nspec: {{ports: [{{port: {port}}}]}}\n"
        )
    };
    let Some(stage) = Stage::with("apply", &service(70000)).await else {
        return;
    };
    let (mut operator, _) = stage.run_badly().await;

    stage.chart("web", &service(80));

    operator.module_is("web", ModuleState::Applied).await;
    stage.get("services/web").await;
    operator.stop().await;
}

#[tokio::test]
async fn unknown_kind_is_told_and_heals_when_its_definition_comes() {
    let Some(stage) = Stage::new("apply").await else {
        return;
    };
    let letters = stage.letters().to_owned();
    stage.chart("web", &widget(&letters, "one"));

    let (mut operator, row) = stage.run_badly().await;
    let expected = format!("the cluster has no kind Widget in {letters}.example.com/v1");
    for part in [expected.as_str(), "templates/all.yaml.j2", "crds/"] {
        assert!(row.message.contains(part), "{part}: {}", row.message);
    }

    stage.chart("definitions", &definition(&letters));
    operator.module_is("web", ModuleState::Applied).await;
    stage
        .get(&format!("{letters}.example.com/v1/widgets/one"))
        .await;
    operator.stop().await;
}

#[tokio::test]
async fn kind_in_an_older_version_is_told_with_the_one_that_is_served() {
    let old = "apiVersion: policy/v1beta1\nkind: PodDisruptionBudget\nmetadata: {name: web}\n";
    let Some(stage) = Stage::with("apply", old).await else {
        return;
    };

    let (operator, row) = stage.run_badly().await;

    assert!(
        row.message
            .contains("no kind PodDisruptionBudget in policy/v1beta1"),
        "{}",
        row.message
    );
    assert!(
        row.message.contains("policy/v1;")
            || row.message.contains("policy/v1\n")
            || row.message.ends_with("policy/v1"),
        "{}",
        row.message
    );
    operator.stop().await;
}

#[tokio::test]
async fn object_that_is_being_deleted_is_made_again_when_it_is_gone() {
    let held = "
apiVersion: v1
kind: ConfigMap
metadata: {name: held, finalizers: [example.com/held]}
data: {text: ours}
";
    let Some(stage) = Stage::with("apply", held).await else {
        return;
    };
    let mut operator = stage.run_well().await;
    let before = stage.get("configmaps/held").await;

    stage.delete("configmaps/held").await;
    stage
        .alter(
            "configmaps/held",
            "controller",
            &json!({"metadata": {"finalizers": null}}),
        )
        .await;

    let is_new = |object: &Value| object["metadata"]["uid"] != before["metadata"]["uid"];
    stage.until("configmaps/held", "it is new", is_new).await;
    until_row(&mut operator, "it is well", |row| row.reason.is_empty()).await;
    operator.stop().await;
}

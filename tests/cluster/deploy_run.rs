//! The operator as it is installed: by `kubectl` from `deploy/`, by Helm from the chart, with the rights of
//! its service account and no others.

use std::path::Path;
use std::time::Duration;

use kube::Client;
use serde_json::{Value, json};
use tokio::process::Command;

use super::deploy_chart::chart;
use super::deploy_pod::Pod;
use crate::support::{self, Helm, Modules, eventually, rest};

const PATIENCE: Duration = Duration::from_secs(40);
const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// Waits until what is at `path` is as wanted.
pub(super) async fn until(
    client: &Client,
    path: &str,
    is_so: impl Fn(Option<&Value>) -> bool,
) -> Option<Value> {
    eventually(path, PATIENCE, async || {
        let found = rest::get(client, path).await;
        if is_so(found.as_ref()) {
            Ok(found)
        } else {
            Err(format!("{found:#?}"))
        }
    })
    .await
}

async fn state_is(client: &Client, path: &str, state: &str) -> Value {
    let is_so =
        |found: Option<&Value>| found.is_some_and(|found| found["status"]["state"] == state);
    until(client, path, is_so).await.expect("a Module")
}

#[tokio::test]
async fn deploy_is_applied_by_one_command_and_converges() {
    let Some(server) = support::private_server().await else {
        return;
    };
    let Some(program) = support::kubectl().await else {
        return;
    };
    let kubectl = async |arguments: &[&str]| {
        let done = Command::new(&program)
            .args(arguments)
            .env("KUBECONFIG", server.kubeconfig())
            .current_dir(ROOT)
            .output()
            .await
            .expect("kubectl");
        let told = String::from_utf8_lossy(&[done.stdout, done.stderr].concat()).into_owned();
        assert!(done.status.success(), "{arguments:?}: {told}");
        told
    };
    kubectl(&["apply", "--server-side", "-f", "deploy/"]).await;
    let client = support::client(server.kubeconfig()).await;
    let path = "/apis/apps/v1/namespaces/addon-operator/deployments/addon-operator";

    let pod = Pod::start(&client, server.kubeconfig(), path, Path::new(ROOT)).await;
    pod.ready().await;
    let modules = "/apis/addon-operator.io/v1alpha1/namespaces/addon-operator/modules";
    let list = rest::get(&client, modules).await.expect("a list");
    let items = list["items"].as_array().expect("items");
    assert_eq!(items.len(), 6, "{list:#}");
    for module in items {
        let name = module["metadata"]["name"].as_str().expect("a name");
        state_is(&client, &format!("{modules}/{name}"), "Applied").await;
    }
    let sandbox = rest::get(&client, "/api/v1/namespaces/sandbox").await;
    assert!(sandbox.is_some(), "the modules make namespaces");
    let shown = pod.exec(&["module", "list"]);
    assert!(
        shown.contains("priority-classes") && shown.contains("Applied"),
        "{shown}"
    );
    assert!(
        pod.page("/metrics")
            .expect("metrics")
            .contains("addon_operator_tasks_queue_length")
    );
    assert!(
        !pod.log().to_lowercase().contains("forbidden"),
        "{}",
        pod.log()
    );
    assert!(!pod.log().contains("no effect"), "{}", pod.log());

    // What people set stays when the files are applied again, as for an upgrade.
    let config = "/api/v1/namespaces/addon-operator/configmaps/addon-operator";
    let edit = json!({"data": {"storageGuardEnabled": "false"}});
    rest::merge(&client, config, "kubectl-edit", &edit).await;
    state_is(&client, &format!("{modules}/storage-guard"), "Disabled").await;
    kubectl(&["apply", "--server-side", "-f", "deploy/"]).await;
    let kept = rest::get(&client, config).await.expect("a ConfigMap");
    assert_eq!(kept["data"], edit["data"]);

    // A pod is ended in order, and nothing of the modules goes with the operator.
    assert_eq!(pod.stop(), Some(0));
    kubectl(&["delete", "--wait=false", "-f", "deploy/4-deployment.yaml"]).await;
    assert!(
        rest::get(&client, "/api/v1/namespaces/sandbox")
            .await
            .is_some()
    );
    server.stop().await.expect("an end");
}

/// A module with a chart of two kinds, a hook that watches a third, and one that the API server asks.
fn shop(namespace: &str) -> Vec<(&'static str, String)> {
    let hook = format!(
        "#!/bin/bash
if [[ $1 == --config ]]; then
  echo '{{configVersion: v1, kubernetes: [{{name: secrets, kind: Secret, group: main, jqFilter: .metadata.name,
    namespace: {{nameSelector: {{matchNames: [{namespace}]}}}}, labelSelector: {{matchLabels: {{shop: key}}}}}}]}}'
  exit
fi
keys=$(jq '.[-1].snapshots.secrets | length' $BINDING_CONTEXT_PATH)
echo '{{\"op\": \"add\", \"path\": \"/shop/keys\", \"value\": '$keys'}}' > $VALUES_JSON_PATCH_PATH
"
    );
    let judge = format!(
        "#!/bin/bash
if [[ $1 == --config ]]; then
  echo '{{configVersion: v1, kubernetesValidating: [{{name: maps.shop.example.com,
    namespace: {{labelSelector: {{matchLabels: {{kubernetes.io/metadata.name: {namespace}}}}}}},
    labelSelector: {{matchLabels: {{shop: closed}}}},
    rules: [{{apiGroups: [\"\"], apiVersions: [v1], operations: [CREATE], resources: [configmaps], scope: Namespaced}}]}}]}}'
  exit
fi
echo '{{\"allowed\": false, \"message\": \"the shop is closed\"}}' > $VALIDATING_RESPONSE_PATH
"
    );
    let chart = "apiVersion: v1
kind: ConfigMap
metadata: {name: shop}
data: {keys: {{ Values.shop.keys | default(0) | quote }}, size: {{ Values.shop.size | quote }}}
---
apiVersion: v1
kind: Service
metadata: {name: shop}
spec: {ports: [{port: 80}]}
";
    vec![
        (
            "modules/020-shop/values.yaml",
            "shopEnabled: true\nshop: {size: 1}\n".to_owned(),
        ),
        ("modules/020-shop/templates/all.yaml.j2", chart.to_owned()),
        ("modules/020-shop/hooks/keys.sh", hook),
        ("modules/020-shop/hooks/judge.sh", judge),
    ]
}

/// What the module `shop` takes, as RUNNING.md says it.
fn rights() -> Value {
    let chart = ["get", "list", "watch", "create", "patch", "delete"];
    json!([
        {"apiGroups": [""], "resources": ["configmaps", "services"], "verbs": chart},
        {"apiGroups": [""], "resources": ["secrets"], "verbs": ["get", "list", "watch"]},
    ])
}

#[tokio::test]
async fn chart_runs_with_narrowed_rights_and_tells_which_one_is_missing() {
    let Some(server) = support::api_server() else {
        return;
    };
    let (client, namespace) = (server.client().await, server.namespace("narrow").await);
    let name = namespace.name();
    let Some(helm) = Helm::new(server.kubeconfig(), name).await else {
        return;
    };
    let release = Release {
        helm,
        name: name.to_owned(),
    };
    let files: serde_json::Map<String, Value> = shop(name)
        .into_iter()
        .map(|(path, text)| (path.to_owned(), json!(text)))
        .collect();
    let mut values = json!({
        "rights": {"clusterAdmin": false, "rules": rights()},
        "modules": {"files": files},
        "config": {"shop": {"size": 2}},
    });
    release.upgrade(&values).await;

    // All that is needed, and nothing else.
    let path = |kind: &str, object: &str| format!("/api/v1/namespaces/{name}/{kind}/{object}");
    let deployment = format!("/apis/apps/v1/namespaces/{name}/deployments/{name}-addon-operator");
    let nothing = Modules::new();
    let pod = Pod::start(&client, server.kubeconfig(), &deployment, nothing.path()).await;
    pod.ready().await;
    let module = format!("/apis/addon-operator.io/v1alpha1/namespaces/{name}/modules/shop");
    state_is(&client, &module, "Applied").await;
    let made = rest::get(&client, &path("configmaps", "shop"))
        .await
        .expect("a ConfigMap");
    assert_eq!(made["data"], json!({"keys": "0", "size": "2"}));
    let secret = json!({"metadata": {"name": "key", "labels": {"shop": "key"}}});
    rest::create(
        &client,
        &format!("/api/v1/namespaces/{name}/secrets"),
        &secret,
    )
    .await;
    let is_one = |map: Option<&Value>| map.is_some_and(|map| map["data"]["keys"] == "1");
    until(&client, &path("configmaps", "shop"), is_one).await;
    // Drift is seen, and the API server asks the hook.
    rest::delete(&client, &path("services", "shop")).await;
    until(&client, &path("services", "shop"), |found| found.is_some()).await;
    let closed = json!({"apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {"name": "closed", "namespace": name, "labels": {"shop": "closed"}}});
    let refused = eventually("the hook is asked", PATIENCE, async || {
        match rest::check(&client, &path("configmaps", "closed"), &closed).await {
            Err(refusal) if refusal.contains("the shop is closed") => Ok(refusal),
            other => Err(format!("{other:?}\n{}", pod.log())),
        }
    });
    refused.await;
    let log = pod.log();
    assert!(
        !log.contains("forbidden") && !log.contains("no right"),
        "{log}"
    );
    assert!(!log.contains("\"level\":\"error\""), "{log}");
    assert_eq!(pod.stop(), Some(0));

    // Without the right to Services the module says so, and what it has stays.
    values["rights"]["rules"][0]["resources"] = json!(["configmaps"]);
    release.upgrade(&values).await;
    rest::delete(&client, &path("services", "shop")).await;
    let pod = Pod::start(&client, server.kubeconfig(), &deployment, nothing.path()).await;
    let failed = state_is(&client, &module, "Failed").await;
    let message = failed["status"]["message"].as_str().expect("a message");
    assert!(
        message.contains("no right to list and watch the Service"),
        "{message}"
    );
    assert!(
        rest::get(&client, &path("configmaps", "shop"))
            .await
            .is_some()
    );

    // The right comes, and nobody starts anything again.
    values["rights"]["rules"] = rights();
    release.upgrade(&values).await;
    state_is(&client, &module, "Applied").await;
    assert_eq!(pod.stop(), Some(0));
}

#[tokio::test]
async fn chart_follows_an_upgrade_and_leaves_modules_when_it_goes() {
    let Some(server) = support::api_server() else {
        return;
    };
    let (client, namespace) = (server.client().await, server.namespace("helm").await);
    let name = namespace.name();
    let Some(helm) = Helm::new(server.kubeconfig(), name).await else {
        return;
    };
    let release = Release {
        helm,
        name: name.to_owned(),
    };
    let image = Modules::of(&[
        (
            "modules/020-shop/values.yaml",
            "shopEnabled: true\nshop: {size: 1}\n",
        ),
        (
            "modules/020-shop/templates/all.yaml.j2",
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: shop}\ndata: {size: {{ Values.shop.size | quote }}}\n",
        ),
    ]);
    let values = json!({"modules": {"image": {"reference": "addons:1"}}});
    release.upgrade(&values).await;
    let deployment = format!("/apis/apps/v1/namespaces/{name}/deployments/{name}-addon-operator");
    let config = format!("/api/v1/namespaces/{name}/configmaps/{name}-addon-operator");
    let made = format!("/api/v1/namespaces/{name}/configmaps/shop");
    let size = |size: &'static str| {
        move |found: Option<&Value>| found.is_some_and(|found| found["data"]["size"] == size)
    };

    // As cluster-admin, with modules that an image brings.
    let pod = Pod::start(&client, server.kubeconfig(), &deployment, image.path()).await;
    pod.ready().await;
    until(&client, &made, size("1")).await;

    // An edit of a person outlives an upgrade, which sets another section.
    rest::merge(
        &client,
        &config,
        "kubectl-edit",
        &json!({"data": {"shop": "size: 2"}}),
    )
    .await;
    until(&client, &made, size("2")).await;
    let mut more = values.clone();
    more["config"] = json!({"global": {"a": 1}});
    release.upgrade(&more).await;
    let both = rest::get(&client, &config).await.expect("a ConfigMap");
    assert_eq!(both["data"], json!({"shop": "size: 2", "global": "a: 1\n"}));

    // The release of the operator is not a module's, and when it goes, modules stay.
    let log = pod.log();
    assert!(!log.contains("a Helm release was"), "{log}");
    release
        .helm
        .run(&["uninstall", name])
        .await
        .expect("an end");
    assert!(rest::get(&client, &deployment).await.is_none());
    assert_eq!(pod.stop(), Some(0));
    assert!(rest::get(&client, &made).await.is_some());
}

/// The release that installs the operator.
struct Release {
    helm: Helm,
    name: String,
}

impl Release {
    /// Installs or upgrades it.
    async fn upgrade(&self, values: &Value) {
        let file = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(file.path(), values.to_string()).expect("a file");
        let (chart, file) = (chart(), file.path().to_str().expect("a path").to_owned());
        let chart = chart.to_str().expect("a path");
        let arguments = ["upgrade", "--install", &self.name, chart, "--values", &file];
        let done = self.helm.run(&arguments).await;
        done.unwrap_or_else(|error| panic!("helm upgrade: {error}"));
    }
}

//! The operator as it is installed: by `kubectl` from `deploy/`, by Helm from the chart, with the rights of
//! its service account and no others.

use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::time::Duration;

use addon_operator::control_plane::ControlPlane;
use addon_operator::yaml::{self, Profile};
use kube::Client;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::process::Command;

use super::deploy_chart::chart;
use super::deploy_pod::Pod;
use crate::support::{self, Helm, Modules, Namespace, eventually, rest, template};

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

/// A cluster in which `deploy/` is applied.
struct Deployed {
    server: ControlPlane,
    kubectl: PathBuf,
    client: Client,
}

impl Deployed {
    const MODULES: &str = "/apis/addon-operator.io/v1alpha1/namespaces/addon-operator/modules";
    const CONFIG: &str = "/api/v1/namespaces/addon-operator/configmaps/addon-operator";

    /// `None` when there is no server; then the test is skipped.
    async fn new() -> Option<Self> {
        let server = support::private_server().await?;
        let deployed = Self {
            kubectl: support::kubectl().await?,
            client: support::client(server.kubeconfig()).await,
            server,
        };
        let apply = ["apply", "--server-side", "-f", "deploy/"];
        deployed.run(&apply).await;
        Some(deployed)
    }

    /// Runs kubectl.
    async fn run(&self, arguments: &[&str]) {
        let done = Command::new(&self.kubectl)
            .args(arguments)
            .env("KUBECONFIG", self.server.kubeconfig())
            .current_dir(ROOT)
            .output()
            .await
            .expect("kubectl");
        let told = String::from_utf8_lossy(&done.stderr);
        assert!(done.status.success(), "{arguments:?}: {told}");
    }

    /// The pod with the modules of this repository in its image, when all of them are applied.
    async fn pod(&self) -> Pod {
        let path = "/apis/apps/v1/namespaces/addon-operator/deployments/addon-operator";
        let kubeconfig = self.server.kubeconfig();
        let pod = Pod::start(
            "operator",
            (&self.client, kubeconfig),
            path,
            Path::new(ROOT),
        )
        .await;
        pod.ready().await;
        let has_all = |list: Option<&Value>| {
            let items = list.and_then(|list| list["items"].as_array());
            let is_applied = |module: &Value| module["status"]["state"] == "Applied";
            items.is_some_and(|items| items.len() == 6 && items.iter().all(is_applied))
        };
        until(&self.client, Self::MODULES, has_all).await;
        pod
    }
}

#[tokio::test]
async fn deploy_is_applied_by_one_command_and_converges() {
    let Some(deployed) = Deployed::new().await else {
        return;
    };
    let client = &deployed.client;
    let pod = deployed.pod().await;
    let sandbox = rest::get(client, "/api/v1/namespaces/sandbox").await;
    assert!(sandbox.is_some(), "the modules make namespaces");
    let shown = pod.exec(&["module", "list"]);
    assert!(
        shown.contains("priority-classes") && shown.contains("Applied"),
        "{shown}"
    );
    let metrics = pod.page("/metrics").expect("metrics");
    assert!(
        metrics.contains("addon_operator_tasks_queue_length"),
        "{metrics}"
    );
    assert!(is_quiet(&pod.log()), "{}", pod.log());

    // What people set stays when the files are applied again, as for an upgrade.
    let edit = json!({"data": {"storageGuardEnabled": "false"}});
    rest::merge(client, Deployed::CONFIG, "kubectl-edit", &edit).await;
    let guard = format!("{}/storage-guard", Deployed::MODULES);
    state_is(client, &guard, "Disabled").await;
    let apply = ["apply", "--server-side", "-f", "deploy/"];
    deployed.run(&apply).await;
    let kept = rest::get(client, Deployed::CONFIG).await;
    assert_eq!(kept.expect("a ConfigMap")["data"], edit["data"]);

    // A pod is ended in order, and nothing of the modules goes with the operator.
    pod.stop();
    let delete = ["delete", "--wait=false", "-f", "deploy/4-deployment.yaml"];
    deployed.run(&delete).await;
    let sandbox = rest::get(client, "/api/v1/namespaces/sandbox").await;
    assert!(sandbox.is_some());
    deployed.server.stop().await.expect("an end");
}

/// Nothing was forbidden, and no setting was in vain.
fn is_quiet(log: &str) -> bool {
    let bad = ["forbidden", "no right", "no effect", "\"level\":\"error\""];
    !bad.iter().any(|bad| log.contains(bad))
}

/// `deploy/rights.sh` looks at an operator that may do everything; with what it tells, and without that,
/// the same modules converge.
#[tokio::test]
async fn rights_that_are_told_are_enough() {
    let Some(deployed) = Deployed::new().await else {
        return;
    };
    let client = &deployed.client;
    let pod = deployed.pod().await;
    let folder = TempDir::new().expect("a folder");
    symlink(&deployed.kubectl, folder.path().join("kubectl")).expect("a link");
    let told = pod.script(
        "deploy/rights.sh",
        (folder.path(), deployed.server.kubeconfig()),
    );
    let values = yaml::read_value(&told, Profile::V2).expect("YAML");
    let rules = values["rights"]["rules"].to_string();
    for kind in [
        "priorityclasses",
        "namespaces",
        "nodes",
        "storageclasses",
        "secrets",
    ] {
        assert!(rules.contains(kind), "{kind}: {told}");
    }
    pod.stop();

    let names = ("addon-operator", "addon-operator");
    let Some(made) = template(&chart(), names, &values).await else {
        return;
    };
    let made = made.expect("objects").into_iter();
    for object in made.filter(|object| object["apiVersion"] == "rbac.authorization.k8s.io/v1") {
        rest::apply(client, &rest::path_of(&object), "test", &object).await;
    }
    let all = "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings/addon-operator-admin";
    rest::delete(client, all).await;
    // And something is to be done.
    let class = "/apis/scheduling.k8s.io/v1/priorityclasses/batch";
    rest::delete(client, class).await;
    let pod = deployed.pod().await;
    until(client, class, |found| found.is_some()).await;
    assert!(is_quiet(&pod.log()), "{}", pod.log());
    pod.stop();
    deployed.server.stop().await.expect("an end");
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

/// A release of the chart with narrowed rights.
struct Narrowed {
    client: Client,
    namespace: Namespace,
    kubeconfig: &'static Path,
    release: Release,
    values: Value,
}

impl Narrowed {
    async fn new(prefix: &str) -> Option<Self> {
        let server = support::api_server()?;
        let namespace = server.namespace(prefix).await;
        let name = namespace.name().to_owned();
        let helm = Helm::new(server.kubeconfig(), &name).await?;
        let files = shop(&name).into_iter();
        let files: serde_json::Map<String, Value> = files
            .map(|(path, text)| (path.to_owned(), json!(text)))
            .collect();
        let narrowed = Self {
            client: server.client().await,
            namespace,
            kubeconfig: server.kubeconfig(),
            release: Release { helm, name },
            values: json!({
                "rights": {"clusterAdmin": false, "rules": rights()},
                "modules": {"files": files},
                "config": {"shop": {"size": 2}},
            }),
        };
        narrowed.release.upgrade(&narrowed.values).await;
        Some(narrowed)
    }

    async fn pod(&self, pod: &str) -> Pod {
        let name = self.namespace.name();
        let path = format!("/apis/apps/v1/namespaces/{name}/deployments/{name}-addon-operator");
        let nothing = Modules::new();
        Pod::start(pod, (&self.client, self.kubeconfig), &path, nothing.path()).await
    }

    /// Where an object of the core is.
    fn path(&self, kind: &str, object: &str) -> String {
        format!(
            "/api/v1/namespaces/{}/{kind}/{object}",
            self.namespace.name()
        )
    }

    /// Waits until the module is in a state.
    async fn shop_is(&self, state: &str) -> Value {
        let name = self.namespace.name();
        let root = format!("/apis/addon-operator.io/v1alpha1/namespaces/{name}");
        state_is(&self.client, &format!("{root}/modules/shop"), state).await
    }
}

#[tokio::test]
async fn chart_runs_with_narrowed_rights() {
    let Some(narrowed) = Narrowed::new("narrow").await else {
        return;
    };
    let client = &narrowed.client;
    let pod = narrowed.pod("operator").await;
    pod.ready().await;
    narrowed.shop_is("Applied").await;
    let map = narrowed.path("configmaps", "shop");
    let made = rest::get(client, &map).await.expect("a ConfigMap");
    assert_eq!(made["data"], json!({"keys": "0", "size": "2"}));

    // A hook hears what it watches, drift is seen, and the API server asks the other hook.
    let secret = json!({"metadata": {"name": "key", "labels": {"shop": "key"}}});
    let secrets = narrowed.path("secrets", "");
    rest::create(client, secrets.trim_end_matches('/'), &secret).await;
    let is_one = |map: Option<&Value>| map.is_some_and(|map| map["data"]["keys"] == "1");
    until(client, &map, is_one).await;
    let service = narrowed.path("services", "shop");
    rest::delete(client, &service).await;
    until(client, &service, |found| found.is_some()).await;
    let closed = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {
        "name": "closed", "namespace": narrowed.namespace.name(), "labels": {"shop": "closed"},
    }});
    let refused = eventually("the hook is asked", PATIENCE, async || {
        match rest::check(client, &rest::path_of(&closed), &closed).await {
            Err(refusal) if refusal.contains("the shop is closed") => Ok(()),
            other => Err(format!("{other:?}\n{}", pod.log())),
        }
    });
    refused.await;
    assert!(is_quiet(&pod.log()), "{}", pod.log());
    pod.stop();
}

#[tokio::test]
async fn missing_right_is_told_and_heard_of_when_it_comes() {
    let Some(mut narrowed) = Narrowed::new("missing").await else {
        return;
    };
    narrowed.values["rights"]["rules"][0]["resources"] = json!(["configmaps"]);
    narrowed.release.upgrade(&narrowed.values).await;
    let pod = narrowed.pod("operator").await;
    let failed = narrowed.shop_is("Failed").await;
    let message = failed["status"]["message"].as_str().expect("a message");
    assert!(
        message.contains("no right to list and watch the Service"),
        "{message}"
    );
    pod.ready().await;

    // Nobody starts anything again.
    narrowed.values["rights"]["rules"] = rights();
    narrowed.release.upgrade(&narrowed.values).await;
    narrowed.shop_is("Applied").await;
    let service = narrowed.path("services", "shop");
    assert!(rest::get(&narrowed.client, &service).await.is_some());
    pod.stop();
}

#[tokio::test]
async fn of_two_pods_one_leads_and_hands_over_when_it_is_ended() {
    let Some(mut narrowed) = Narrowed::new("several").await else {
        return;
    };
    narrowed.values["replicas"] = json!(2);
    narrowed.release.upgrade(&narrowed.values).await;
    let leases = "/apis/coordination.k8s.io/v1/namespaces";
    let name = narrowed.namespace.name();
    let lease = format!("{leases}/{name}/leases/addon-operator-leader-election");
    let held_by = |pod: &'static str| {
        move |lease: Option<&Value>| {
            let holder = lease.and_then(|lease| lease["spec"]["holderIdentity"].as_str());
            holder.is_some_and(|holder| holder.starts_with(pod))
        }
    };
    let first = narrowed.pod("first").await;
    first.ready().await;
    until(&narrowed.client, &lease, held_by("first.")).await;
    narrowed.shop_is("Applied").await;
    let second = narrowed.pod("second").await;
    second.ready().await;

    first.stop();
    until(&narrowed.client, &lease, held_by("second.")).await;
    let service = narrowed.path("services", "shop");
    rest::delete(&narrowed.client, &service).await;
    until(&narrowed.client, &service, |found| found.is_some()).await;
    assert!(is_quiet(&second.log()), "{}", second.log());
    second.stop();
}

/// A module whose `ConfigMap` shows one of its values.
const SIZED: [(&str, &str); 2] = [
    (
        "modules/020-shop/values.yaml",
        "shopEnabled: true\nshop: {size: 1}\n",
    ),
    (
        "modules/020-shop/templates/all.yaml.j2",
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: shop}\ndata: {size: {{ Values.shop.size | quote }}}\n",
    ),
];

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
    let image = Modules::of(&SIZED);
    let values = json!({"modules": {"image": {"reference": "addons:1"}}});
    release.upgrade(&values).await;
    let deployment = format!("/apis/apps/v1/namespaces/{name}/deployments/{name}-addon-operator");
    let config = format!("/api/v1/namespaces/{name}/configmaps/{name}-addon-operator");
    let made = format!("/api/v1/namespaces/{name}/configmaps/shop");
    let size = |size: &'static str| {
        move |found: Option<&Value>| found.is_some_and(|found| found["data"]["size"] == size)
    };

    // As cluster-admin, with modules that an image brings.
    let pod = Pod::start(
        "operator",
        (&client, server.kubeconfig()),
        &deployment,
        image.path(),
    )
    .await;
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
    pod.stop();
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

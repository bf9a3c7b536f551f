//! The modules of this repository that have hooks, on a real API server.
//!
//! Each module is in one test alone: they watch the whole cluster, which tests share.

use std::os::unix::fs::symlink;
use std::path::PathBuf;

use addon_operator::serve::ModuleState;
use http::Request;
use kube::Client;
use serde_json::{Value, json};

use super::scene::{PATIENCE, Scene};
use crate::support::{self, Modules, Operator, eventually, rest};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// A modules directory with modules of this repository, as links.
fn shipped(folders: &[&str]) -> Modules {
    let modules = Modules::new();
    for folder in folders {
        let target = root().join("modules").join(folder);
        symlink(target, modules.path().join(folder)).unwrap();
    }
    modules
}

/// Waits until an object is as wanted.
async fn object_is(client: &Client, path: &str, what: &str, is_so: impl Fn(&Value) -> bool) {
    eventually(what, PATIENCE, async || {
        match rest::get(client, path).await {
            Some(object) if is_so(&object) => Ok(()),
            Some(object) => Err(object.to_string()),
            None => Err("it is not there".to_owned()),
        }
    })
    .await;
}

async fn object_is_gone(client: &Client, path: &str) {
    eventually("it is gone", PATIENCE, async || {
        match rest::get(client, path).await {
            None => Ok(()),
            Some(object) => Err(object["metadata"].to_string()),
        }
    })
    .await;
}

async fn label(client: &Client, path: &str, key: &str, value: Value) {
    let change = json!({"metadata": {"labels": {key: value}}});
    rest::merge(client, path, "test", &change).await;
}

fn pull_secret(name: &str, data: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/dockerconfigjson",
        "metadata": {"name": name}, "stringData": {".dockerconfigjson": data},
    })
}

/// Whether that is what a Secret holds, in base64.
fn holds(secret: &Value, encoded: &str) -> bool {
    secret["data"][".dockerconfigjson"] == encoded
}

/// Two pull secrets, as text and in base64.
const OLD: (&str, &str) = ("{\"auths\":{}}", "eyJhdXRocyI6e319");
const NEW: (&str, &str) = ("{\"auths\":{\"new\":{}}}", "eyJhdXRocyI6eyJuZXciOnt9fX0=");
const ASKS: &str = "addon-operator.io/registry-secret";
const EGRESS: &str = "addon-operator.io/egress";

#[tokio::test]
async fn pull_secret_is_where_it_is_asked_for() {
    let modules = shipped(&["071-registry-secret"]);
    let Some(mut scene) = Scene::begin("pull", modules).await else {
        return;
    };
    let client = scene.client.clone();
    let shop = scene.server.namespace("pull-shop").await;
    let lab = scene.server.namespace("pull-lab").await;
    let (home, shop, lab) = (scene.namespace.clone(), shop.name(), lab.name());
    let secrets = |namespace: &str| format!("/api/v1/namespaces/{namespace}/secrets");
    let secret = |namespace: &str| format!("{}/registry", secrets(namespace));
    let namespace = |name: &str| format!("/api/v1/namespaces/{name}");
    scene.operator.converged().await;
    let theirs = pull_secret("registry", NEW.0);
    let theirs = rest::create(&client, &secrets(lab), &theirs).await;

    // Asked for, and allowed by the values.
    rest::create(&client, &secrets(&home), &pull_secret("registry", OLD.0)).await;
    for name in [shop, lab] {
        label(&client, &namespace(name), ASKS, json!("true")).await;
    }
    let source = format!("source: {{namespace: {home}}}\n");
    scene.config(json!({"registrySecret": source})).await;
    object_is(&client, &secret(shop), "a copy", |copy| holds(copy, OLD.1)).await;

    // The source changes; the copy is altered, and deleted.
    let change = json!({"stringData": {".dockerconfigjson": NEW.0}});
    rest::merge(&client, &secret(&home), "test", &change).await;
    object_is(&client, &secret(shop), "the new one", |copy| {
        holds(copy, NEW.1)
    })
    .await;
    let change = json!({"stringData": {".dockerconfigjson": OLD.0}});
    rest::merge(&client, &secret(shop), "test", &change).await;
    object_is(&client, &secret(shop), "put right", |copy| {
        holds(copy, NEW.1)
    })
    .await;
    rest::delete(&client, &secret(shop)).await;
    object_is(&client, &secret(shop), "back", |copy| holds(copy, NEW.1)).await;

    // Not asked for any more; asked for again, and the module is switched off.
    label(&client, &namespace(shop), ASKS, Value::Null).await;
    object_is_gone(&client, &secret(shop)).await;
    label(&client, &namespace(shop), ASKS, json!("true")).await;
    object_is(&client, &secret(shop), "a copy again", |copy| {
        holds(copy, NEW.1)
    })
    .await;
    scene
        .config(json!({"registrySecretEnabled": "false"}))
        .await;
    object_is_gone(&client, &secret(shop)).await;

    // The secret of others never changed, and the source is there.
    let now = rest::get(&client, &secret(lab)).await.unwrap();
    assert_eq!(
        now["metadata"]["resourceVersion"],
        theirs["metadata"]["resourceVersion"]
    );
    assert!(rest::get(&client, &secret(&home)).await.is_some());
    scene.operator.stop().await;
}

#[tokio::test]
async fn egress_policy_follows_the_label() {
    let modules = shipped(&["072-namespace-egress"]);
    let Some(mut scene) = Scene::begin("egress", modules).await else {
        return;
    };
    let client = scene.client.clone();
    let shop = scene.server.namespace("egress-shop").await;
    let namespace = format!("/api/v1/namespaces/{}", shop.name());
    let policies = format!("/apis/networking.k8s.io/v1/namespaces/{}", shop.name());
    let policy = format!("{policies}/networkpolicies/egress");
    let rules = |policy: &Value| policy["spec"]["egress"].as_array().map_or(0, Vec::len);
    scene.operator.converged().await;

    label(&client, &namespace, EGRESS, json!("dns-only")).await;
    object_is(&client, &policy, "one rule", |policy| rules(policy) == 1).await;
    label(&client, &namespace, EGRESS, json!("within")).await;
    object_is(&client, &policy, "two rules", |policy| rules(policy) == 2).await;
    rest::delete(&client, &policy).await;
    object_is(&client, &policy, "it is back", |policy| rules(policy) == 2).await;

    // After a restart the hook is heard before the chart: the policy is not even written.
    let before = rest::get(&client, &policy).await.unwrap();
    scene.operator.stop().await;
    let (kubeconfig, folder) = (scene.server.kubeconfig(), scene.modules.path());
    scene.operator = Operator::start(kubeconfig, &scene.namespace, folder);
    scene.operator.converged().await;
    let after = rest::get(&client, &policy).await.unwrap();
    assert_eq!(after["metadata"], before["metadata"]);

    label(&client, &namespace, EGRESS, json!("no-such")).await;
    object_is(&client, &policy, "no rules", |policy| rules(policy) == 0).await;
    label(&client, &namespace, EGRESS, Value::Null).await;
    object_is_gone(&client, &policy).await;
    scene.operator.stop().await;
}

#[tokio::test]
async fn taints_follow_the_labels_of_nodes() {
    let modules = shipped(&["073-node-taints"]);
    let Some(scene) = Scene::begin("taints", modules).await else {
        return;
    };
    let client = scene.client.clone();
    let name = &scene.namespace;
    let path = format!("/api/v1/nodes/{name}");
    let theirs = json!({"key": "example.com/theirs", "effect": "NoExecute"});
    let node = json!({
        "apiVersion": "v1", "kind": "Node",
        "metadata": {"name": name, "labels": {"taints.addon-operator.io/a": "x.NoSchedule"}},
        "spec": {"taints": [theirs]},
    });
    rest::create(&client, "/api/v1/nodes", &node).await;
    let ours = json!({"key": "taints.addon-operator.io/a", "value": "x", "effect": "NoSchedule"});

    // The server adds one of its own to a node that is not ready.
    object_is(&client, &path, "one of each", |node| {
        let taints = node["spec"]["taints"].as_array().unwrap();
        taints.len() == 3 && taints[0] == theirs && taints[2] == ours
    })
    .await;
    let change = json!({"spec": {"taints": [theirs]}});
    rest::merge(&client, &path, "test", &change).await;
    let both = json!([theirs, ours]);
    object_is(&client, &path, "back", |node| {
        node["spec"]["taints"] == both
    })
    .await;
    label(&client, &path, "taints.addon-operator.io/a", Value::Null).await;
    let left = json!([theirs]);
    object_is(&client, &path, "theirs", |node| {
        node["spec"]["taints"] == left
    })
    .await;
    rest::delete(&client, &path).await;
    scene.operator.stop().await;
}

/// Tries to claim a volume of a class; why that was refused, if it was.
async fn claim(client: &Client, class: &str) -> Option<String> {
    let object = json!({
        "apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "data"},
        "spec": {"accessModes": ["ReadWriteOnce"], "storageClassName": class,
            "resources": {"requests": {"storage": "1Gi"}}},
    });
    let path = "/api/v1/namespaces/ops/persistentvolumeclaims?dryRun=All";
    let request = Request::post(path).header("content-type", "application/json");
    let request = request.body(object.to_string().into_bytes()).unwrap();
    let answer = client.request::<Value>(request).await;
    answer.err().map(|error| error.to_string())
}

async fn is_refused(client: &Client, class: &str, words: &str) {
    eventually("the claim is refused", PATIENCE, async || {
        match claim(client, class).await {
            Some(why) if why.contains(words) => Ok(()),
            other => Err(format!("{other:?}")),
        }
    })
    .await;
}

/// Facts of the cluster go from a global hook through the values into a policy. A server of its own,
/// since the policy counts for all who use the server.
#[tokio::test]
async fn claims_are_checked_against_the_classes_that_there_are() {
    let Some(server) = support::private_server().await else {
        return;
    };
    let client = support::client(server.kubeconfig()).await;
    let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "ops"}});
    rest::create(&client, "/api/v1/namespaces", &namespace).await;
    let config = json!({
        "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "addon-operator"},
        "data": {"storageGuard": "action: Deny\n"},
    });
    rest::create(&client, "/api/v1/namespaces/ops/configmaps", &config).await;
    let zone = json!({
        "apiVersion": "v1", "kind": "Node",
        "metadata": {"name": "one", "labels": {"topology.kubernetes.io/zone": "eu-1a"}},
    });
    rest::create(&client, "/api/v1/nodes", &zone).await;
    let modules = shipped(&["075-storage-guard"]);
    let kubeconfig = server.kubeconfig();
    let mut operator = Operator::start_with(kubeconfig, "ops", modules.path(), |settings| {
        settings.folders.global_hooks = root().join("global-hooks");
    });
    operator.converged().await;
    operator
        .module_is("storage-guard", ModuleState::Applied)
        .await;
    let global = operator.ask("/global/values.json").await;
    assert_eq!(global["discovery"]["zones"], json!(["eu-1a"]), "{global}");

    is_refused(
        &client,
        "fast",
        "there is no StorageClass fast; there are: none",
    )
    .await;
    let class = json!({
        "apiVersion": "storage.k8s.io/v1", "kind": "StorageClass", "metadata": {"name": "fast"},
        "provisioner": "example.com/none",
    });
    rest::create(&client, "/apis/storage.k8s.io/v1/storageclasses", &class).await;
    eventually("the claim is taken", PATIENCE, async || {
        claim(&client, "fast").await.map_or(Ok(()), Err)
    })
    .await;
    is_refused(
        &client,
        "slow",
        "there is no StorageClass slow; there are: fast",
    )
    .await;
    operator.stop().await;
    server.stop().await.expect("an end");
}

/// What docs/HOOKS.md says at its beginning, step by step.
#[tokio::test]
async fn the_first_steps_of_the_hooks_page_work() {
    let page = std::fs::read_to_string(root().join("docs/HOOKS.md")).unwrap();
    let block = |kind: &str| {
        let (_, rest) = page.split_once(&format!("```{kind}\n")).unwrap();
        rest.split_once("```").unwrap().0.to_owned()
    };
    let modules = Modules::of(&[
        ("020-hello/values.yaml", "helloEnabled: true\n"),
        ("020-hello/templates/hello.yaml.j2", &block("yaml template")),
    ]);
    let Some(mut scene) = Scene::begin("hello", modules).await else {
        return;
    };
    let client = scene.client.clone();
    scene.operator.converged().await;
    scene
        .modules
        .write_script("020-hello/hooks/namespaces.py", &block("python hook"));

    let namespace = format!("/api/v1/namespaces/{}", scene.namespace);
    label(&client, &namespace, "team", json!("shop")).await;
    let path = format!("{namespace}/configmaps/hello");
    let names = |object: &Value| {
        object["data"]["namespaces"]
            .as_str()
            .unwrap_or("")
            .to_owned()
    };
    object_is(&client, &path, "it is named", |object| {
        names(object).contains(&scene.namespace)
    })
    .await;
    label(&client, &namespace, "team", Value::Null).await;
    object_is(&client, &path, "nothing is named", |object| {
        !names(object).contains(&scene.namespace)
    })
    .await;
    scene.operator.stop().await;
}

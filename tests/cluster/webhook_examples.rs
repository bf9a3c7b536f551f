//! The hooks of HOOKS.md that the API server asks, as a reader would take them.

use http::{Method, Request};
use kube::Client;
use kube::client::Body;
use serde_json::{Value, json};

use super::scene::PATIENCE;
use super::webhook_stage::serve;
use crate::support::{self, Modules, Operator, eventually, rest};

const DOCUMENT: &str = include_str!("../../docs/HOOKS.md");

const NAMESPACES: &str = "/api/v1/namespaces";

/// The only block of a kind.
fn block(kind: &str) -> &'static str {
    let (_, rest) = DOCUMENT.split_once(&format!("```{kind}\n")).expect(kind);
    rest.split_once("\n```").expect("an end").0
}

/// Creates an object; answers the code and the body.
async fn create(client: &Client, path: &str, object: &Value) -> (u16, Value) {
    let request = Request::builder()
        .method(Method::POST)
        .uri(path)
        .header("content-type", "application/json")
        .body(Body::from(object.to_string().into_bytes()));
    let response = client.send(request.expect("a request")).await;
    let response = response.expect("a response");
    let code = response.status().as_u16();
    let body = response.into_body().collect_bytes().await.expect("a body");
    (code, serde_json::from_slice(&body).unwrap_or_default())
}

fn namespace(name: &str, labels: &Value) -> Value {
    json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}})
}

fn deployment(name: &str, image: &str) -> Value {
    let labels = json!({"app": "a"});
    let spec = json!({"containers": [{"name": "a", "image": image}]});
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name},
        "spec": {
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": spec},
        },
    })
}

/// `tabs.stable.example.com` in two versions, of which v2 is stored.
fn definition() -> Value {
    let version = |name: &str| {
        json!({
            "name": name, "served": true, "storage": name == "v2",
            "schema": {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": true}},
        })
    };
    json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": "tabs.stable.example.com"},
        "spec": {
            "group": "stable.example.com", "scope": "Cluster",
            "names": {"kind": "Tab", "plural": "tabs"},
            "versions": [version("v1"), version("v2")],
        },
    })
}

#[tokio::test]
async fn hooks_of_the_documents_are_asked_and_answer() {
    let Some(server) = support::private_server().await else {
        return;
    };
    let client = support::client(server.kubeconfig()).await;
    furnish(&client).await;
    let modules = Modules::of(&[("010-hello/values.yaml", "helloEnabled: true\n")]);
    for (file, kind) in [
        ("a.py", "python admission hook"),
        ("b.sh", "bash admission hook"),
        ("c.py", "python conversion hook"),
    ] {
        modules.write_script(&format!("010-hello/hooks/{file}"), block(kind));
    }
    let change = serve("ops");
    let mut operator = Operator::start_with(server.kubeconfig(), "ops", modules.path(), change);
    operator.converged().await;

    namespaces_are_labelled(&client).await;
    images_say_their_version(&client).await;
    tabs_are_converted(&client).await;
    operator.stop().await;
    server.stop().await.expect("an end");
}

async fn furnish(client: &Client) {
    rest::create(client, NAMESPACES, &namespace("ops", &json!({}))).await;
    let shop = namespace("shop", &json!({"team": "shop"}));
    rest::create(client, NAMESPACES, &shop).await;
    let definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
    rest::create(client, definitions, &definition()).await;
}

async fn namespaces_are_labelled(client: &Client) {
    let mut count = 0;
    eventually("a namespace is labelled", PATIENCE, async || {
        count += 1;
        let object = namespace(&format!("try-{count}"), &json!({}));
        let (code, made) = create(client, NAMESPACES, &object).await;
        match (code, made["metadata"]["labels"]["team"].as_str()) {
            (201, Some("none")) => Ok(()),
            other => Err(format!("{other:?} {made}")),
        }
    })
    .await;
}

async fn images_say_their_version(client: &Client) {
    let made = async |namespace: &str, name: &str, image: &str| {
        let path = format!("/apis/apps/v1/namespaces/{namespace}/deployments");
        create(client, &path, &deployment(name, image)).await
    };
    let (code, refused) = made("shop", "bad", "web").await;
    assert_eq!(code, 403);
    assert_eq!(
        refused["message"],
        "admission webhook \"versions.example.com\" denied the request: say a version: web"
    );
    assert_eq!(made("shop", "good", "web:1").await.0, 201);
    assert_eq!(made("ops", "bad", "web").await.0, 201);
}

async fn tabs_are_converted(client: &Client) {
    let tab = json!({
        "apiVersion": "stable.example.com/v1", "kind": "Tab", "metadata": {"name": "a"}, "spec": {"host": "x"},
    });
    let tabs = |version: &str| format!("/apis/stable.example.com/{version}/tabs");
    let stored = format!("{}/a", tabs("v2"));
    eventually("a tab is converted", PATIENCE, async || {
        let (code, made) = create(client, &tabs("v1"), &tab).await;
        let found = rest::get(client, &stored).await;
        let hosts = found.map(|found| found["spec"]["hosts"].clone());
        if hosts == Some(json!(["x"])) {
            return Ok(());
        }
        if code == 201 {
            rest::delete(client, &stored).await;
        }
        Err(format!("{made} {hosts:?}"))
    })
    .await;
}

//! Module folders in, cluster state out: the main story.

use std::time::Duration;

use addon_operator::serve::ModuleState;
use serde_json::json;

use crate::support::{self, Modules, Operator, eventually, rest, row};

const PATIENCE: Duration = Duration::from_secs(30);

const WEB: &[(&str, &str)] = &[
    (
        "010-web/values.yaml",
        "webEnabled: true\nweb:\n  text: hello\n",
    ),
    (
        "010-web/templates/all.yaml.j2",
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web}\ndata:\n  text: {{ Values.web.text }}\n",
    ),
    (
        "020-shop/values.yaml",
        "shopEnabled: true\nshop: {size: 1}\n",
    ),
    (
        "020-shop/templates/all.yaml.j2",
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: shop}\ndata:\n  size: {{ Values.shop.size | quote }}\n",
    ),
];

#[tokio::test]
async fn modules_converge_and_follow_the_config_map() {
    let Some(server) = support::api_server() else {
        return;
    };
    let client = server.client().await;
    let namespace = server.namespace("converge").await;
    let modules = Modules::of(WEB);
    let mut operator = Operator::start(server.kubeconfig(), namespace.name(), modules.path());

    let view = operator.converged().await;
    assert!(
        view.modules
            .modules
            .iter()
            .all(|row| row.state == ModuleState::Applied),
        "{view:#?}"
    );
    let path = |name: &str| format!("/api/v1/namespaces/{}/configmaps/{name}", namespace.name());
    let web = rest::get(&client, &path("web")).await.expect("a ConfigMap");
    assert_eq!(web["data"]["text"], "hello");
    let shop = rest::get(&client, &path("shop"))
        .await
        .expect("a ConfigMap");

    let edit = json!({
        "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "addon-operator"},
        "data": {"web": "text: changed\n"},
    });
    rest::create(
        &client,
        &format!("/api/v1/namespaces/{}/configmaps", namespace.name()),
        &edit,
    )
    .await;
    eventually("the text is changed", PATIENCE, async || {
        let web = rest::get(&client, &path("web")).await.expect("a ConfigMap");
        if web["data"]["text"] == "changed" {
            Ok(())
        } else {
            Err(web.to_string())
        }
    })
    .await;
    let untouched = rest::get(&client, &path("shop"))
        .await
        .expect("a ConfigMap");
    assert_eq!(
        untouched["metadata"]["resourceVersion"],
        shop["metadata"]["resourceVersion"]
    );
    operator.stop().await;
}

#[tokio::test]
async fn restart_with_nothing_changed_writes_nothing() {
    let Some(server) = support::private_server().await else {
        return;
    };
    let client = support::client(server.kubeconfig()).await;
    let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "ops"}});
    rest::create(&client, "/api/v1/namespaces", &namespace).await;
    let modules = Modules::of(WEB);
    let mut first = Operator::start(server.kubeconfig(), "ops", modules.path());
    first.converged().await;
    first.stop().await;

    let before = support::server_metrics(&client).await;
    let mut second = Operator::start(server.kubeconfig(), "ops", modules.path());
    let view = second.converged().await;
    assert_eq!(row(&view, "web").expect("a row").objects, 1);
    second.stop().await;
    let after = support::server_metrics(&client).await;

    let writes = after.since(&before).writes();
    assert_eq!(writes.total(), 0, "{writes}");
    server.stop().await.expect("an end");
}

#[tokio::test]
async fn deleted_and_altered_objects_are_put_right() {
    let Some(server) = support::api_server() else {
        return;
    };
    let client = server.client().await;
    let namespace = server.namespace("drift").await;
    let modules = Modules::of(WEB);
    let mut operator = Operator::start(server.kubeconfig(), namespace.name(), modules.path());
    operator.converged().await;
    let path = format!("/api/v1/namespaces/{}/configmaps/web", namespace.name());

    rest::delete(&client, &path).await;
    eventually("the object is back", PATIENCE, async || {
        rest::get(&client, &path)
            .await
            .map(|_| ())
            .ok_or_else(|| "it is not there".to_owned())
    })
    .await;

    rest::merge(
        &client,
        &path,
        "somebody",
        &json!({"data": {"text": "mine"}}),
    )
    .await;
    eventually("the text is back", PATIENCE, async || {
        let web = rest::get(&client, &path).await.ok_or("it is not there")?;
        if web["data"]["text"] == "hello" {
            Ok(())
        } else {
            Err(web["data"].to_string())
        }
    })
    .await;
    operator.stop().await;
}

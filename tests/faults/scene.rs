//! An operator behind the proxy, and somebody who goes on with their work while the two cannot talk.

use std::time::{Duration, Instant};

use addon_operator::operator::Settings;
use addon_operator::serve::ModuleState;
use kube::Client;
use serde_json::{Value, json};

use crate::support::proxy::Proxy;
use crate::support::{self, ApiServer, Modules, Namespace, Operator, eventually, rest};

/// Longer than any recovery, on a machine that does other things as well.
const PATIENCE: Duration = Duration::from_secs(100);

/// Its number comes from a person, its names from the hook.
const WEB: &str = "---
apiVersion: v1
kind: ConfigMap
metadata: {name: web}
data: {number: '{{ Values.web.number }}', seen: '{{ Values.web.seen }}'}
---
apiVersion: v1
kind: Secret
metadata: {name: web}
stringData: {number: '{{ Values.web.number }}'}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {ports: [{port: 80}]}
";
/// It has nothing to do with the other one, and needs no values.
const SHOP: &str = "---
apiVersion: v1
kind: ConfigMap
metadata: {name: shop}
data: {text: a}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: shop}
";
/// It tells the names of the objects that it sees.
const HOOK: &str = r#"#!/bin/bash
if [ "$1" = --config ]; then
  echo '{configVersion: v1, kubernetes: [{name: seen, kind: ConfigMap, group: all, jqFilter: .metadata.name, labelSelector: {matchLabels: {seen: "yes"}}, namespace: {nameSelector: {matchNames: [NAMESPACE]}}}]}'
  exit
fi
names=$(grep -o '"filterResult": *"[^"]*"' "$BINDING_CONTEXT_PATH" | cut -d'"' -f4 | sort -u | tr '\n' ' ')
echo "{\"op\": \"add\", \"path\": \"/web/seen\", \"value\": \"${names% }\"}" > "$VALUES_JSON_PATCH_PATH"
"#;

/// A namespace, two modules, and a proxy before the server.
pub(super) struct Scene {
    pub(super) proxy: Proxy,
    /// Not through the proxy.
    pub(super) client: Client,
    pub(super) modules: Modules,
    namespace: Namespace,
    /// What it suffers from, when one of several fails.
    fault: String,
}

impl Scene {
    /// `None` when there is no server; then the test is skipped.
    pub(super) async fn new(prefix: &str) -> Option<Self> {
        let server: &'static ApiServer = support::api_server()?;
        let scene = Self {
            proxy: Proxy::new(server.kubeconfig()).await,
            client: server.client().await,
            modules: Modules::of(&[
                (
                    "010-web/values.yaml",
                    "webEnabled: true\nweb: {number: 0, seen: ''}\n",
                ),
                ("010-web/templates/all.yaml.j2", WEB),
                ("020-shop/values.yaml", "shopEnabled: true\n"),
                ("020-shop/templates/all.yaml.j2", SHOP),
            ]),
            namespace: server.namespace(prefix).await,
            fault: prefix.to_owned(),
        };
        let hook = HOOK.replace("NAMESPACE", scene.namespace());
        scene.modules.write_script("010-web/hooks/seen.sh", &hook);
        let config = json!({"metadata": {"name": "addon-operator"}, "data": {"web": "number: 0"}});
        scene.create("configmaps", &config).await;
        Some(scene)
    }

    /// One whose operator has converged.
    pub(super) async fn running(prefix: &str) -> Option<(Self, Operator)> {
        let scene = Self::new(prefix).await?;
        let mut operator = scene.start();
        operator.converged().await;
        scene.settled("0", "").await;
        Some((scene, operator))
    }

    /// The same, for this fault.
    pub(super) fn of(mut self, fault: &str) -> Self {
        fault.clone_into(&mut self.fault);
        self
    }

    pub(super) fn namespace(&self) -> &str {
        self.namespace.name()
    }

    pub(super) fn start(&self) -> Operator {
        self.start_with(|_| {})
    }

    pub(super) fn start_with(&self, change: impl FnOnce(&mut Settings)) -> Operator {
        let kubeconfig = self.proxy.kubeconfig();
        Operator::start_with(kubeconfig, self.namespace(), self.modules.path(), change)
    }

    /// The path of an object of the core group: `configmaps/web`.
    pub(super) fn path(&self, object: &str) -> String {
        format!("/api/v1/namespaces/{}/{object}", self.namespace())
    }

    pub(super) async fn get(&self, object: &str) -> Option<Value> {
        rest::get(&self.client, &self.path(object)).await
    }

    pub(super) async fn create(&self, collection: &str, object: &Value) {
        rest::create(&self.client, &self.path(collection), object).await;
    }

    /// A person sets the number.
    pub(super) async fn edit(&self, number: &str) {
        let change = json!({"data": {"web": format!("number: {number}")}});
        let path = self.path("configmaps/addon-operator");
        rest::merge(&self.client, &path, "jane", &change).await;
    }

    /// An object comes that the hook sees.
    pub(super) async fn add_seen(&self, name: &str) {
        let object = json!({"metadata": {"name": name, "labels": {"seen": "yes"}}});
        self.create("configmaps", &object).await;
    }

    /// One of each: an edit, an object for the hook, one of ours deleted and one altered.
    pub(super) async fn disturb(&self, number: &str, name: &str) {
        self.edit(number).await;
        self.add_seen(name).await;
        rest::delete(&self.client, &self.path("serviceaccounts/shop")).await;
        let change = json!({"data": {"text": "b"}});
        // Against one and the same writer it would give in after a while.
        let writer = format!("joe-{number}");
        rest::merge(
            &self.client,
            &self.path("configmaps/shop"),
            &writer,
            &change,
        )
        .await;
    }

    /// Waits until everything follows from the number and the names that the hook sees.
    pub(super) async fn settled(&self, number: &str, seen: &str) {
        eventually(
            &format!("{}: all is as wanted", self.fault),
            PATIENCE,
            async || {
                let web = self.get("configmaps/web").await.unwrap_or_default();
                let secret = self.get("secrets/web").await.unwrap_or_default();
                let service = self.get("services/web").await.unwrap_or_default();
                let shop = self.get("configmaps/shop").await.unwrap_or_default();
                let account = self.get("serviceaccounts/shop").await;
                let is_so = web["data"] == json!({"number": number, "seen": seen})
                    && secret["data"]["number"] == json!(base64(number))
                    && service["spec"]["ports"][0]["port"] == 80
                    && shop["data"]["text"] == "a"
                    && account.is_some();
                let states = [web["data"].to_string(), shop["data"].to_string()];
                is_so.then_some(()).ok_or_else(|| states.join(" "))
            },
        )
        .await;
    }

    /// The same; answers how long that took since `since`, and wants both modules well.
    pub(super) async fn recovered(
        &self,
        operator: &mut Operator,
        since: Instant,
        (number, seen): (&str, &str),
    ) -> Duration {
        self.settled(number, seen).await;
        let took = since.elapsed();
        for module in ["web", "shop"] {
            operator.module_is(module, ModuleState::Applied).await;
        }
        took
    }
}

fn base64(text: &str) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(text)
}

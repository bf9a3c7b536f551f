//! One operator, its module folders and its namespace: what most tests begin with.

use std::path::Path;
use std::time::Duration;

use addon_operator::operator::Settings;
use addon_operator::serve::{ModuleRow, ModuleState};
use http::Request;
use kube::Client;
use serde_json::{Value, json};

use crate::support::{self, ApiServer, Helm, Modules, Namespace, Operator, eventually, rest, row};

const PATIENCE: Duration = Duration::from_secs(20);

/// A namespace on the shared server, and an empty modules directory.
pub(super) struct Stage {
    pub(super) client: Client,
    pub(super) modules: Modules,
    server: &'static ApiServer,
    namespace: Namespace,
}

impl Stage {
    /// `None` when there is no server; then the test is skipped.
    pub(super) async fn new(prefix: &str) -> Option<Self> {
        let server = support::api_server()?;
        Some(Self {
            client: server.client().await,
            modules: Modules::new(),
            server,
            namespace: server.namespace(prefix).await,
        })
    }

    /// The same, with one enabled module `web` whose chart is `manifests`.
    pub(super) async fn with(prefix: &str, manifests: &str) -> Option<Self> {
        let stage = Self::new(prefix).await?;
        stage.chart("web", manifests);
        Some(stage)
    }

    /// Writes the chart of an enabled module; its template is the text as it is.
    pub(super) fn chart(&self, module: &str, manifests: &str) {
        let file = |name: &str| format!("010-{module}/{name}");
        self.modules
            .write(&file("values.yaml"), &format!("{module}Enabled: true\n"));
        self.modules
            .write(&file("templates/all.yaml.j2"), manifests);
    }

    /// Writes a hook of a module.
    pub(super) fn hook(&self, module: &str, name: &str, script: &str) {
        let path = format!("010-{module}/hooks/{name}");
        self.modules.write_script(&path, script);
    }

    /// Makes an object in the namespace, as somebody else.
    pub(super) async fn create(&self, collection: &str, object: &Value) -> Value {
        rest::create(&self.client, &self.path(collection), object).await
    }

    /// Writes the `module.yaml` of `web`.
    pub(super) fn definition(&self, text: &str) {
        self.modules.write("010-web/module.yaml", text);
    }

    /// Starts an operator.
    pub(super) fn start(&self) -> Operator {
        self.start_with(|_| {})
    }

    /// The same, with settings changed.
    pub(super) fn start_with(&self, change: impl FnOnce(&mut Settings)) -> Operator {
        let kubeconfig = self.server.kubeconfig();
        Operator::start_with(kubeconfig, self.namespace(), self.modules.path(), change)
    }

    /// The real Helm in the operator's namespace, as the original would have it; `None` when it cannot
    /// be had.
    pub(super) async fn helm(&self) -> Option<Helm> {
        Helm::new(self.server.kubeconfig(), self.namespace()).await
    }

    /// The kubeconfig.
    pub(super) fn kubeconfig(&self) -> &Path {
        self.server.kubeconfig()
    }

    /// A namespace more.
    pub(super) async fn other_namespace(&self, prefix: &str) -> Namespace {
        self.server.namespace(prefix).await
    }

    /// Starts an operator and waits for its first converge.
    pub(super) async fn run(&self) -> Operator {
        let mut operator = self.start();
        operator.converged().await;
        operator
    }

    /// The same, and wants `web` applied.
    pub(super) async fn run_well(&self) -> Operator {
        let mut operator = self.run().await;
        operator.module_is("web", ModuleState::Applied).await;
        operator
    }

    /// Runs until `web` has failed; answers its row.
    pub(super) async fn run_badly(&self) -> (Operator, ModuleRow) {
        let mut operator = self.start();
        let row = operator.module_is("web", ModuleState::Failed).await;
        (operator, row)
    }

    pub(super) fn namespace(&self) -> &str {
        self.namespace.name()
    }

    /// Letters that no other test has, for names of the whole cluster.
    pub(super) fn letters(&self) -> &str {
        let name = self.namespace.name();
        name.rsplit_once('-').map_or(name, |(_, letters)| letters)
    }

    /// The path of an object of the namespace: `configmaps/web`, `apps/v1/deployments/web`.
    pub(super) fn path(&self, object: &str) -> String {
        let namespace = self.namespace();
        match object.matches('/').count() {
            0 | 1 => format!("/api/v1/namespaces/{namespace}/{object}"),
            _ => {
                let mut parts = object.splitn(3, '/');
                let mut part = || parts.next().expect("group/version/resource");
                let (group, version, rest) = (part(), part(), part());
                format!("/apis/{group}/{version}/namespaces/{namespace}/{rest}")
            }
        }
    }

    /// An object of the namespace, as for [`path`](Self::path).
    pub(super) async fn find(&self, object: &str) -> Option<Value> {
        rest::get(&self.client, &self.path(object)).await
    }

    /// The same, which must be there.
    pub(super) async fn get(&self, object: &str) -> Value {
        let found = self.find(object).await;
        found.unwrap_or_else(|| panic!("{object} is not there"))
    }

    /// Changes an object as another field manager.
    pub(super) async fn alter(&self, object: &str, manager: &str, patch: &Value) -> Value {
        rest::merge(&self.client, &self.path(object), manager, patch).await
    }

    /// The same by a JSON patch, which can reach into lists.
    pub(super) async fn alter_json(&self, object: &str, manager: &str, patch: &Value) -> Value {
        rest::json_patch(&self.client, &self.path(object), manager, patch).await
    }

    /// Creates the `ConfigMap` with the operator's values.
    pub(super) async fn create_config(&self, data: &Value) {
        let object = json!({
            "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "addon-operator"},
            "data": data,
        });
        rest::create(&self.client, &self.path("configmaps"), &object).await;
    }

    pub(super) async fn delete(&self, object: &str) {
        rest::delete(&self.client, &self.path(object)).await;
    }

    /// Creates a `ConfigMap` as another field manager would.
    pub(super) async fn create_config_map(&self, metadata: &Value, text: &str) -> Value {
        let object = json!({
            "apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"text": text},
        });
        let path = format!("{}?fieldManager=somebody", self.path("configmaps"));
        rest::create(&self.client, &path, &object).await
    }

    /// Waits until an object is as wanted.
    pub(super) async fn until(
        &self,
        object: &str,
        what: &str,
        is_so: impl Fn(&Value) -> bool,
    ) -> Value {
        self.until_at(&self.path(object), what, is_so).await
    }

    /// The same; `path` is whole.
    pub(super) async fn until_at(
        &self,
        path: &str,
        what: &str,
        is_so: impl Fn(&Value) -> bool,
    ) -> Value {
        eventually(what, PATIENCE, async || {
            let found = rest::get(&self.client, path).await;
            let found = found.ok_or_else(|| format!("{path} is not there"))?;
            if is_so(&found) {
                Ok(found)
            } else {
                Err(found.to_string())
            }
        })
        .await
    }

    /// Waits until an object is gone; `path` is whole.
    pub(super) async fn until_gone(&self, path: &str) {
        eventually("it is gone", PATIENCE, async || {
            match rest::get(&self.client, path).await {
                None => Ok(()),
                Some(found) => Err(found.to_string()),
            }
        })
        .await;
    }

    /// The `Module` object of `web`.
    pub(super) async fn module(&self) -> Value {
        self.get("addon-operator.io/v1alpha1/modules/web").await
    }

    /// Waits until the `Module` object of `web` is as wanted.
    pub(super) async fn until_module(&self, what: &str, is_so: impl Fn(&Value) -> bool) -> Value {
        let object = "addon-operator.io/v1alpha1/modules/web";
        self.until(object, what, is_so).await
    }

    /// The messages of the events of the namespace that have a reason.
    pub(super) async fn events(&self, reason: &str) -> Vec<String> {
        let request = Request::get(self.path("events"))
            .body(Vec::new())
            .expect("a request");
        let list: Value = self.client.request(request).await.expect("events");
        let events = list["items"].as_array().into_iter().flatten();
        events
            .filter(|event| event["reason"] == reason)
            .map(|event| event["message"].as_str().unwrap_or_default().to_owned())
            .collect()
    }

    /// Waits for the first event with a reason; answers its message.
    pub(super) async fn event(&self, reason: &str) -> String {
        eventually(reason, PATIENCE, async || {
            let events = self.events(reason).await;
            events.into_iter().next().ok_or_else(|| "none".to_owned())
        })
        .await
    }
}

/// Waits until the row of `web` is as wanted.
pub(super) async fn until_row(
    operator: &mut Operator,
    what: &str,
    is_so: impl Fn(&ModuleRow) -> bool,
) -> ModuleRow {
    let view = operator
        .until(what, |view| row(view, "web").is_some_and(&is_so))
        .await;
    row(&view, "web").expect("a row").clone()
}

/// A `ConfigMap` as YAML, with one key `text`.
pub(super) fn config_map(name: &str, text: &str) -> String {
    format!(
        "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}}}\ndata: {{text: {text}}}\n"
    )
}

/// The condition of a `Module` object.
pub(super) fn condition<'a>(module: &'a Value, kind: &str) -> &'a Value {
    let conditions = module["status"]["conditions"].as_array();
    let found = conditions
        .into_iter()
        .flatten()
        .find(|condition| condition["type"] == kind);
    found.unwrap_or(&Value::Null)
}

/// A namespaced `Widget` of the group `LETTERS.example.com`, as a definition in YAML.
pub(super) fn definition(letters: &str) -> String {
    format!(
        "---
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {{name: widgets.{letters}.example.com}}
spec:
  group: {letters}.example.com
  scope: Namespaced
  names: {{kind: Widget, plural: widgets, singular: widget, listKind: WidgetList}}
  versions:
  - name: v1
    served: true
    storage: true
    schema: {{openAPIV3Schema: {{type: object, properties: {{spec: {{type: object, properties: {{size: {{type: integer}}}}}}}}}}}}
"
    )
}

/// One instance of it.
pub(super) fn widget(letters: &str, name: &str) -> String {
    format!(
        "---\napiVersion: {letters}.example.com/v1\nkind: Widget\nmetadata: {{name: {name}}}\nspec: {{size: 1}}\n"
    )
}

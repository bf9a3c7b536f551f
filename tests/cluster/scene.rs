//! An operator on module folders, in a namespace of its own: what most stories begin with.

use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::time::Duration;

use addon_operator::operator::{Settings, View};
use addon_operator::serve;
use kube::Client;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::support::{self, ApiServer, Modules, Operator, eventually, rest};

/// Generous: two slow cores may run several servers and compilers at once.
pub(super) const PATIENCE: Duration = Duration::from_secs(60);

/// A running operator and what it works on.
pub(super) struct Scene {
    pub(super) client: Client,
    pub(super) namespace: String,
    pub(super) modules: Modules,
    pub(super) operator: Operator,
    pub(super) server: &'static ApiServer,
    pub(super) address: SocketAddr,
}

/// The files of a module that is enabled and makes one `ConfigMap` with its name and `text`.
pub(super) fn simple(folder: &str) -> Vec<(String, String)> {
    let name = folder.trim_start_matches(|letter: char| letter.is_ascii_digit() || letter == '-');
    let values = format!("{name}Enabled: true\n{name}:\n  text: hello\n");
    vec![
        (format!("{folder}/values.yaml"), values),
        (format!("{folder}/templates/all.yaml.j2"), template(name)),
    ]
}

/// The chart of such a module.
pub(super) fn template(name: &str) -> String {
    format!(
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {name}\ndata:\n  \
         text: {{{{ Values.{name}.text | quote }}}}\n"
    )
}

/// The folders of several such modules.
pub(super) fn folders(names: &[&str]) -> Modules {
    let modules = Modules::new();
    for name in names {
        write(&modules, &simple(name));
    }
    modules
}

/// Writes files into the modules directory.
pub(super) fn write(modules: &Modules, files: &[(String, String)]) {
    for (path, text) in files {
        modules.write(path, text);
    }
}

impl Scene {
    /// Without an operator yet.
    async fn set(
        prefix: &str,
        modules: Modules,
        config: Option<Value>,
        change: impl FnOnce(&mut Settings),
    ) -> Option<Self> {
        let server = support::api_server()?;
        let client = server.client().await;
        // Our own server is thrown away whole; in a foreign one the namespace stays until then.
        let namespace = server.namespace(prefix).await.name().to_owned();
        if let Some(data) = config {
            set_config(&client, &namespace, &data).await;
        }
        let address = free_address();
        let with_address = |settings: &mut Settings| {
            settings.listen = address;
            change(settings);
        };
        let operator = Operator::start_with(
            server.kubeconfig(),
            &namespace,
            modules.path(),
            with_address,
        );
        Some(Self {
            client,
            namespace,
            modules,
            operator,
            server,
            address,
        })
    }

    /// An operator that has just begun.
    pub(super) async fn begin(prefix: &str, modules: Modules) -> Option<Self> {
        Self::set(prefix, modules, None, |_| {}).await
    }

    /// An operator that has just begun, on a cluster with this data in the `ConfigMap`.
    pub(super) async fn begin_with_config(
        prefix: &str,
        modules: Modules,
        data: Value,
    ) -> Option<Self> {
        Self::set(prefix, modules, Some(data), |_| {}).await
    }

    /// An operator that has just begun, with settings changed.
    pub(super) async fn begin_with(
        prefix: &str,
        modules: Modules,
        change: impl FnOnce(&mut Settings),
    ) -> Option<Self> {
        Self::set(prefix, modules, None, change).await
    }

    /// An operator after its first converge.
    pub(super) async fn start(prefix: &str, modules: Modules) -> Option<Self> {
        let mut scene = Self::begin(prefix, modules).await?;
        scene.operator.converged().await;
        Some(scene)
    }

    /// Where a `ConfigMap` of the namespace is.
    pub(super) fn path(&self, name: &str) -> String {
        format!("/api/v1/namespaces/{}/configmaps/{name}", self.namespace)
    }

    /// A `ConfigMap`.
    pub(super) async fn object(&self, name: &str) -> Option<Value> {
        rest::get(&self.client, &self.path(name)).await
    }

    /// The version of a `ConfigMap` that is there.
    pub(super) async fn version(&self, name: &str) -> Value {
        self.object(name).await.expect("a ConfigMap")["metadata"]["resourceVersion"].clone()
    }

    /// Waits until a `ConfigMap` is there with this `text`.
    pub(super) async fn says(&self, name: &str, text: &str) {
        eventually(&format!("{name} says {text}"), PATIENCE, async || {
            let object = self.object(name).await.ok_or("it is not there")?;
            let said = object["data"]["text"].as_str().unwrap_or_default();
            (said == text).then_some(()).ok_or(said.to_owned())
        })
        .await;
    }

    /// Waits until a `ConfigMap` is gone.
    pub(super) async fn loses(&self, name: &str) {
        eventually(&format!("{name} is gone"), PATIENCE, async || {
            match self.object(name).await {
                None => Ok(()),
                Some(object) => Err(object.to_string()),
            }
        })
        .await;
    }

    /// Sets the data of the operator's `ConfigMap`; keys that are not named here go.
    pub(super) async fn config(&self, data: Value) {
        set_config(&self.client, &self.namespace, &data).await;
    }

    /// Waits until `module list` has a note with all these words; answers it.
    pub(super) async fn notes(&mut self, words: &[&str]) -> String {
        let has = |note: &str| words.iter().all(|word| note.contains(word));
        let is_so = |view: &View| view.modules.notes.iter().any(|note| has(note));
        let view = self
            .operator
            .until(&format!("a note says {words:?}"), is_so)
            .await;
        let mut notes = view.modules.notes.into_iter();
        notes.find(|note| has(note)).expect("a note")
    }

    /// Waits until there are no notes.
    pub(super) async fn no_notes(&mut self) {
        let is_so = |view: &View| view.modules.notes.is_empty();
        self.operator.until("there are no notes", is_so).await;
    }

    /// Waits until the `Module` object's status is as wanted; answers it.
    pub(super) async fn status(&self, module: &str, is_so: impl Fn(&Value) -> bool) -> Value {
        let path = format!(
            "/apis/addon-operator.io/v1alpha1/namespaces/{}/modules/{module}",
            self.namespace
        );
        eventually(&format!("the status of {module}"), PATIENCE, async || {
            let object = rest::get(&self.client, &path)
                .await
                .ok_or("it is not there")?;
            let status = object["status"].clone();
            is_so(&status)
                .then_some(status.clone())
                .ok_or(status.to_string())
        })
        .await
    }

    /// Waits for an event with this reason; answers its message.
    pub(super) async fn event(&self, reason: &str) -> String {
        eventually(&format!("an event {reason}"), PATIENCE, async || {
            let events = self.events().await;
            let found = events.iter().find(|(of, _)| of == reason);
            found
                .map(|(_, message)| message.clone())
                .ok_or(format!("{events:?}"))
        })
        .await
    }

    /// Reasons and messages of all events.
    pub(super) async fn events(&self) -> Vec<(String, String)> {
        let path = format!("/api/v1/namespaces/{}/events", self.namespace);
        let list = rest::get(&self.client, &path).await.expect("a list");
        let text = |event: &Value, key: &str| event[key].as_str().unwrap_or_default().to_owned();
        let events = list["items"].as_array().cloned().unwrap_or_default();
        let pair = |event: &Value| (text(event, "reason"), text(event, "message"));
        events.iter().map(pair).collect()
    }

    /// The value of a metric; 0 when it is not there.
    pub(super) async fn metric(&self, name_and_labels: &str) -> f64 {
        let (_, text) = http_get(self.address, "/metrics").await;
        let mut lines = text.lines().filter_map(|line| line.rsplit_once(' '));
        let found = lines.find(|(name, _)| *name == name_and_labels);
        found.map_or(0.0, |(_, value)| value.parse().expect("a number"))
    }

    /// How often a module ran.
    pub(super) async fn runs(&self, module: &str) -> f64 {
        let count = |activation: &str| {
            format!(
                "addon_operator_module_run_seconds_count{{activation={activation:?},module={module:?}}}"
            )
        };
        self.metric(&count("OperatorStartup")).await + self.metric(&count("")).await
    }

    /// The text of a page of the debug socket.
    pub(super) async fn page(&self, page: &str) -> String {
        let client = serve::Client::new(self.operator.socket());
        client.fetch(page, &[]).await.expect("an answer")
    }

    /// Says `module purge NAME`.
    pub(super) async fn purge(&self, module: &str) -> Result<String, serve::Error> {
        let client = serve::Client::new(self.operator.socket());
        client.post(&format!("/module/{module}/purge"), &[]).await
    }
}

async fn set_config(client: &Client, namespace: &str, data: &Value) {
    let object = json!({
        "apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {"name": "addon-operator", "namespace": namespace}, "data": data,
    });
    let path = format!("/api/v1/namespaces/{namespace}/configmaps/addon-operator");
    rest::apply(client, &path, "a-person", &object).await;
}

/// A port that was free a moment ago.
pub(super) fn free_address() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("an address")
}

/// Status code and body of a page.
pub(super) async fn http_get(address: SocketAddr, path: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(address).await.expect("a connection");
    let request = format!("GET {path} HTTP/1.0\r\nHost: operator\r\n\r\n");
    stream
        .write_all(request.as_bytes())
        .await
        .expect("a request");
    let mut text = String::new();
    stream.read_to_string(&mut text).await.expect("an answer");
    let (head, body) = text.split_once("\r\n\r\n").expect("head and body");
    let code = head.split(' ').nth(1).expect("a code");
    (code.parse().expect("a number"), body.to_owned())
}

/// Gives a folder another name.
pub(super) fn rename(modules: &Path, from: &str, to: &str) {
    std::fs::rename(modules.join(from), modules.join(to)).expect("another name");
}

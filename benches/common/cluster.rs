//! The API server of the run, namespaces in it, and what can be seen there.

use std::env;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use addon_operator::apply::MODULE_RESOURCE;
use addon_operator::cluster::{self, Client, Resource};
use addon_operator::control_plane::{self, ControlPlane};
use addon_operator::watch::{Event, Scope, follow};
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::rest;
use crate::workload::COLLECTIONS;

/// Far more than anything here takes.
const PATIENCE: Duration = Duration::from_mins(3);

/// The servers, and two clients: the one that is measured, and a plain one.
pub(crate) struct Cluster {
    pub(crate) control_plane: ControlPlane,
    pub(crate) client: Client,
    pub(crate) plain: kube::Client,
}

impl Cluster {
    /// Starts the servers; builds them when they are not there.
    pub(crate) async fn start() -> Self {
        let assets = env::var_os("KUBEBUILDER_ASSETS").map(PathBuf::from);
        let mut tell = |step| eprintln!("{step:?}");
        let binaries = control_plane::binaries(&cache(), assets.as_deref(), &mut tell).await;
        let binaries = binaries.expect("servers");
        let control_plane = control_plane::start(&binaries, None, &mut tell).await;
        let control_plane = control_plane.expect("an API server");
        let kubeconfig = control_plane.kubeconfig().to_owned();
        let client = connect(&kubeconfig).await;
        let file = kube::config::Kubeconfig::read_from(kubeconfig).expect("a kubeconfig");
        let options = kube::config::KubeConfigOptions::default();
        let config = kube::Config::from_custom_kubeconfig(file, &options).await;
        let plain = kube::Client::try_from(config.expect("a kubeconfig")).expect("a client");
        Self {
            control_plane,
            client,
            plain,
        }
    }

    pub(crate) async fn make_namespace(&self, name: &str) {
        let object = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}});
        rest::create(&self.plain, "/api/v1/namespaces", &object).await;
    }

    /// Deletes what a round made, so that the next one does not list it.
    pub(crate) async fn empty_namespace(&self, name: &str) {
        let modules = ["apis/addon-operator.io/v1alpha1|modules"];
        for collection in COLLECTIONS.iter().chain(&modules) {
            let (root, plural) = collection.split_once('|').expect("two parts");
            let path = format!("/{root}/namespaces/{name}/{plural}");
            rest::delete(&self.plain, &path).await;
        }
    }
}

/// A client as the operator has one; the first request opens its connection.
pub(crate) async fn connect(kubeconfig: &Path) -> Client {
    let settings = cluster::Settings {
        kubeconfig: Some(kubeconfig.to_owned()),
        writes_in_flight: 64,
        ..cluster::Settings::default()
    };
    cluster::connect(&settings).await.expect("a client")
}

fn cache() -> PathBuf {
    let folder = |variable: &str| env::var_os(variable).map(PathBuf::from);
    folder("ADDON_OPERATOR_CACHE_DIR")
        .or_else(|| Some(folder("HOME")?.join(".cache/addon-operator")))
        .unwrap_or_else(|| env::temp_dir().join("addon-operator"))
}

/// A state of an object, and when it was seen.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) at: Instant,
    pub(crate) name: String,
    /// `None` when it was removed.
    pub(crate) object: Option<Value>,
}

/// A watch of one kind in one namespace; it ends when dropped.
pub(crate) struct Eye {
    seen: mpsc::UnboundedReceiver<Seen>,
    _worker: JoinSet<()>,
}

impl Eye {
    /// Watches `Module` objects.
    pub(crate) async fn on_modules(client: &Client, namespace: &str) -> Self {
        Self::on(client, &MODULE_RESOURCE, namespace, false).await
    }

    /// Watches `ConfigMaps`, whole.
    pub(crate) async fn on_config_maps(client: &Client, namespace: &str) -> Self {
        let resource = Resource::known("", "v1", "ConfigMap", "configmaps", true);
        Self::on(client, &resource, namespace, true).await
    }

    async fn on(client: &Client, resource: &Resource, namespace: &str, whole: bool) -> Self {
        let scope = Scope {
            resource: resource.clone(),
            namespace: Some(namespace.to_owned()),
            labels: String::new(),
            fields: String::new(),
            whole,
        };
        let (tell, mut seen) = mpsc::unbounded_channel();
        let client = client.clone();
        let mut worker = JoinSet::new();
        worker.spawn(async move {
            follow(&client, &scope, |event| {
                let (text, removed) = match event {
                    Event::Changed(text) => (text, false),
                    Event::Removed(text) => (text, true),
                    Event::Synchronized => ("{}", false),
                    Event::Begin | Event::Watching | Event::Listed(_) | Event::Broken(_) => return,
                };
                let at = Instant::now();
                let object: Value = serde_json::from_str(text).expect("JSON");
                let name = object["metadata"]["name"].as_str().unwrap_or_default();
                // Nobody listens any more when the run ends.
                let _ = tell.send(Seen {
                    at,
                    name: name.to_owned(),
                    object: (!removed).then_some(object),
                });
            })
            .await;
        });
        // The mark that the list is complete.
        seen.recv().await.expect("a worker that lives");
        Self {
            seen,
            _worker: worker,
        }
    }

    /// The next event.
    pub(crate) async fn next(&mut self) -> Seen {
        let seen = timeout(PATIENCE, self.seen.recv()).await;
        seen.expect("an event in time")
            .expect("a worker that lives")
    }

    /// The next event within `patience`.
    pub(crate) async fn next_within(&mut self, patience: Duration) -> Option<Seen> {
        timeout(patience, self.seen.recv()).await.ok().flatten()
    }

    /// The first event that is as wanted.
    pub(crate) async fn until(&mut self, is_wanted: impl Fn(&Seen) -> bool) -> Seen {
        loop {
            let seen = self.next().await;
            if is_wanted(&seen) {
                return seen;
            }
        }
    }
}

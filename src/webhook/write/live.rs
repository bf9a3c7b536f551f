//! What the cluster has of what we write, as it changes.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::{Value, json};
use tokio::sync::Notify;
use tokio::task::{AbortHandle, JoinSet};

use crate::binding::AdmissionKind;
use crate::cluster::{Client, Resource};
use crate::object::WEBHOOKS_LABEL;
use crate::report;
use crate::watch::{Event, Scope, follow};

/// What is followed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Stream {
    /// The configurations of one kind.
    Configurations(AdmissionKind),
    /// The definitions that have our label.
    Labelled,
    /// One definition.
    Definition(String),
}

/// The objects of one stream, by name.
#[derive(Debug, Default)]
pub(super) struct Objects {
    pub(super) by_name: BTreeMap<String, Value>,
    /// What the list in progress has not named yet.
    unseen: BTreeSet<String>,
    /// Whether all of them are known.
    is_known: bool,
    /// Why it is forbidden to know them.
    forbidden: Option<String>,
}

/// All streams; cheap to clone.
#[derive(Clone)]
pub(super) struct Live {
    shared: Arc<Shared>,
}

struct Shared {
    /// The name of our configurations.
    name: String,
    streams: Mutex<BTreeMap<Stream, Objects>>,
    changed: Notify,
}

/// The streams that are followed; dropping it ends them.
#[derive(Default)]
pub(super) struct Following {
    running: JoinSet<()>,
    handles: BTreeMap<Stream, AbortHandle>,
}

impl Objects {
    /// Takes in an object; answers whether it is another than before.
    fn take(&mut self, object: Option<(String, Value)>) -> bool {
        let Some((name, object)) = object else {
            return false;
        };
        self.unseen.remove(&name);
        // What was written here may be heard of late: after a second write, the first.
        let known = self.by_name.get(&name).and_then(version);
        if known.is_some_and(|known| version(&object).is_some_and(|heard| heard < known)) {
            return false;
        }
        self.by_name.insert(name, object.clone()) != Some(object)
    }
}

/// Versions are numbers in every API server that there is; of others, every one is new.
fn version(object: &Value) -> Option<u64> {
    object["metadata"]["resourceVersion"].as_str()?.parse().ok()
}

impl Following {
    /// Follows these, and no others.
    pub(super) fn set(
        &mut self,
        streams: BTreeSet<Stream>,
        client: &Client,
        namespace: &str,
        live: &Live,
    ) {
        self.handles.retain(|stream, handle| {
            let stays = streams.contains(stream);
            if !stays {
                handle.abort();
                live.streams().remove(stream);
            }
            stays
        });
        for stream in streams {
            if self.handles.contains_key(&stream) {
                continue;
            }
            live.streams().insert(stream.clone(), Objects::default());
            let (client, live, scope) = (client.clone(), live.clone(), stream.scope(namespace));
            let of = stream.clone();
            let handle = self.running.spawn(async move {
                follow(&client, &scope, |event| live.hear(&of, &event)).await;
            });
            self.handles.insert(stream, handle);
        }
    }
}

impl Stream {
    fn scope(&self, namespace: &str) -> Scope {
        let (labels, fields) = match self {
            Self::Configurations(_) => (String::new(), String::new()),
            Self::Labelled => (format!("{WEBHOOKS_LABEL}={namespace}"), String::new()),
            Self::Definition(name) => (String::new(), format!("metadata.name={name}")),
        };
        Scope {
            resource: self.resource(),
            namespace: None,
            labels,
            fields,
            whole: *self != Self::Labelled,
        }
    }

    pub(super) fn resource(&self) -> Resource {
        let registration = |kind, plural| {
            Resource::known("admissionregistration.k8s.io", "v1", kind, plural, false)
        };
        match self {
            Self::Configurations(AdmissionKind::Validating) => registration(
                "ValidatingWebhookConfiguration",
                "validatingwebhookconfigurations",
            ),
            Self::Configurations(AdmissionKind::Mutating) => registration(
                "MutatingWebhookConfiguration",
                "mutatingwebhookconfigurations",
            ),
            Self::Labelled | Self::Definition(_) => Resource::known(
                "apiextensions.k8s.io",
                "v1",
                "CustomResourceDefinition",
                "customresourcedefinitions",
                false,
            ),
        }
    }

    /// What is kept of an object: of a definition, little; of configurations, those that may be ours,
    /// which have this name or our label.
    fn kept(&self, object: Value, name: &str) -> Option<Value> {
        let label = &object["metadata"]["labels"][WEBHOOKS_LABEL];
        match self {
            Self::Configurations(_) => {
                let may_be_ours = object["metadata"]["name"] == name || label.is_string();
                may_be_ours.then_some(object)
            }
            Self::Labelled | Self::Definition(_) => Some(json!({
                "metadata": {
                    "name": object["metadata"]["name"],
                    "resourceVersion": object["metadata"]["resourceVersion"],
                    "labels": {WEBHOOKS_LABEL: label},
                },
                "spec": {"conversion": object["spec"]["conversion"]},
            })),
        }
    }
}

impl Live {
    /// Nothing is followed yet; our configurations have this name.
    pub(super) fn new(name: String) -> Self {
        let shared = Shared {
            name,
            streams: Mutex::default(),
            changed: Notify::new(),
        };
        Self {
            shared: Arc::new(shared),
        }
    }

    /// Waits until something changed.
    pub(super) async fn changed(&self) {
        self.shared.changed.notified().await;
    }

    /// The objects of a stream; `None` while they are not known.
    pub(super) fn objects(&self, stream: &Stream) -> Option<BTreeMap<String, Value>> {
        let streams = self.streams();
        let objects = streams.get(stream)?;
        objects.is_known.then(|| objects.by_name.clone())
    }

    /// Why it is forbidden to know what there is.
    pub(super) fn forbidden(&self) -> Option<String> {
        let streams = self.streams();
        streams
            .values()
            .find_map(|objects| objects.forbidden.clone())
    }

    /// Takes in what a write left.
    pub(super) fn put(&self, stream: &Stream, name: &str, object: Option<Value>) {
        let object = object.and_then(|object| stream.kept(object, &self.shared.name));
        if let Some(objects) = self.streams().get_mut(stream) {
            match object {
                Some(object) => objects.by_name.insert(name.to_owned(), object),
                None => objects.by_name.remove(name),
            };
        }
    }

    fn hear(&self, stream: &Stream, event: &Event<'_>) {
        let mut streams = self.streams();
        let Some(objects) = streams.get_mut(stream) else {
            return;
        };
        match event {
            Event::Begin => objects.unseen = objects.by_name.keys().cloned().collect(),
            Event::Watching => {}
            // A list is looked at as a whole.
            Event::Listed(text) => {
                objects.take(self.read(stream, text));
            }
            Event::Changed(text) => {
                if !objects.take(self.read(stream, text)) {
                    return;
                }
            }
            Event::Removed(text) => {
                let removed = self.read(stream, text);
                if removed.is_none_or(|(name, _)| objects.by_name.remove(&name).is_none()) {
                    return;
                }
            }
            Event::Synchronized => {
                objects.is_known = true;
                objects.forbidden = None;
                for name in std::mem::take(&mut objects.unseen) {
                    objects.by_name.remove(&name);
                }
            }
            Event::Broken(error) => {
                let is_forbidden = matches!(error.code(), 401 | 403);
                let error = report::chain(*error);
                objects.forbidden = is_forbidden.then(|| error.clone());
                tracing::debug!(target: "webhook", error, ?stream, "what we write cannot be watched for now");
            }
        }
        let is_news = !matches!(event, Event::Begin | Event::Watching | Event::Listed(_));
        drop(streams);
        if is_news {
            self.shared.changed.notify_one();
        }
    }

    fn read(&self, stream: &Stream, text: &str) -> Option<(String, Value)> {
        let object: Value = serde_json::from_str(text).ok()?;
        let name = object["metadata"]["name"].as_str()?.to_owned();
        Some((name, stream.kept(object, &self.shared.name)?))
    }

    fn streams(&self) -> MutexGuard<'_, BTreeMap<Stream, Objects>> {
        let streams = self.shared.streams.lock();
        streams.unwrap_or_else(PoisonError::into_inner)
    }
}

//! Workers that follow the `ConfigMap` and the `Module` objects.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::Value;
use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;

use crate::apply::MODULE_RESOURCE;
use crate::cluster::Client;
use crate::config_values::{config_map_resource, data};
use crate::object::OPERATOR_LABEL;
use crate::watch::{Event, Scope, follow};

/// The data of the `ConfigMap`; the outer `None`: not known yet, the inner: there is none.
pub(super) type ConfigData = Option<Option<BTreeMap<String, String>>>;

/// Follows the `ConfigMap` and tells its latest data.
pub(super) async fn follow_config(
    (client, namespace, stop): (Client, String, CancellationToken),
    name: String,
    tell: watch::Sender<ConfigData>,
) {
    let scope = Scope {
        resource: config_map_resource(),
        namespace: Some(namespace),
        labels: String::new(),
        fields: format!("metadata.name={name}"),
        whole: true,
    };
    let mut listed = None;
    let hear = |event: Event<'_>| match event {
        Event::Begin => listed = None,
        Event::Watching => {}
        Event::Listed(text) => listed = Some(read(text)),
        Event::Synchronized => {
            let _ = tell.send_replace(Some(listed.take()));
        }
        Event::Changed(text) => {
            let _ = tell.send_replace(Some(Some(read(text))));
        }
        Event::Removed(_) => {
            let _ = tell.send_replace(Some(None));
        }
        Event::Broken(error) => {
            let error = crate::report::chain(error);
            tracing::error!(target: "config_values", error, "the ConfigMap cannot be watched for now");
        }
    };
    tokio::select! {
        () = stop.cancelled() => {}
        () = follow(&client, &scope, hear) => {}
    }
}

fn read(text: &str) -> BTreeMap<String, String> {
    serde_json::from_str::<Value>(text)
        .map(|object| data(&object))
        .unwrap_or_default()
}

/// The latest state of each `Module` object that changed since the last time asked.
#[derive(Clone, Default)]
pub(super) struct ModuleObjects {
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Default)]
struct State {
    changes: BTreeMap<String, Option<Value>>,
    /// What the list in progress has not named yet.
    known: BTreeMap<String, bool>,
    synchronized: bool,
}

impl ModuleObjects {
    /// The worker.
    pub(super) async fn follow(self, client: Client, namespace: String, stop: CancellationToken) {
        let scope = Scope {
            resource: MODULE_RESOURCE.clone(),
            namespace: Some(namespace.clone()),
            labels: format!("{OPERATOR_LABEL}={namespace}"),
            fields: String::new(),
            whole: true,
        };
        let hear = |event: Event<'_>| {
            self.hear(&event);
            self.shared.changed.notify_one();
        };
        tokio::select! {
            () = stop.cancelled() => {}
            () = follow(&client, &scope, hear) => {}
        }
    }

    fn hear(&self, event: &Event<'_>) {
        let mut state = self
            .shared
            .state
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        match event {
            Event::Begin => state.known.values_mut().for_each(|seen| *seen = false),
            Event::Watching => {}
            Event::Listed(text) | Event::Changed(text) => {
                let Ok(object) = serde_json::from_str::<Value>(text) else {
                    return;
                };
                let name = object["metadata"]["name"]
                    .as_str()
                    .unwrap_or_default()
                    .to_owned();
                state.known.insert(name.clone(), true);
                state.changes.insert(name, Some(object));
            }
            Event::Removed(text) => {
                let Ok(object) = serde_json::from_str::<Value>(text) else {
                    return;
                };
                let name = object["metadata"]["name"]
                    .as_str()
                    .unwrap_or_default()
                    .to_owned();
                state.known.remove(&name);
                state.changes.insert(name, None);
            }
            Event::Synchronized => {
                state.synchronized = true;
                let gone: Vec<String> = state
                    .known
                    .iter()
                    .filter(|(_, seen)| !**seen)
                    .map(|(name, _)| name.clone())
                    .collect();
                for name in gone {
                    state.known.remove(&name);
                    state.changes.insert(name, None);
                }
            }
            Event::Broken(error) => {
                let error = crate::report::chain(*error);
                tracing::error!(target: "status", error, "Module objects cannot be watched for now");
            }
        }
    }

    /// Waits for a change; answers the changes and whether all objects are known.
    pub(super) async fn changed(&self) -> (BTreeMap<String, Option<Value>>, bool) {
        self.shared.changed.notified().await;
        let mut state = self
            .shared
            .state
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        (std::mem::take(&mut state.changes), state.synchronized)
    }
}

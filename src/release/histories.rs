//! Where histories are kept: one Secret a module, in the operator's namespace, for modules that need
//! one.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde::Deserialize;
use serde_json::json;
use tokio::sync::OnceCell;

use super::error::Error;
use super::history::History;
use crate::cluster::{self, Apply, Client, Propagation, Resource, Target};
use crate::name::ModuleName;

/// The label that names the module, and finds all of them.
const LABEL: &str = "addon-operator.io/release";
const TYPE: &str = "addon-operator.io/release.v1";
const KEY: &str = "history";
const MANAGER: &str = "addon-operator";

/// The histories in the operator's namespace. Which there are is asked once, since nobody else writes
/// them while we run. Cheap to clone.
#[derive(Clone)]
pub struct Histories {
    inner: Arc<Inner>,
}

struct Inner {
    client: Client,
    namespace: String,
    names: OnceCell<Mutex<BTreeSet<String>>>,
}

impl Histories {
    /// Those in `namespace`.
    pub fn new(client: Client, namespace: &str) -> Self {
        Self {
            inner: Arc::new(Inner {
                client,
                namespace: namespace.to_owned(),
                names: OnceCell::new(),
            }),
        }
    }

    /// The history of a module; `None` when it has none.
    pub async fn fetch(&self, module: &ModuleName) -> Result<Option<History>, Error> {
        let names = self.names().await?;
        if !locked(names).contains(module.as_str()) {
            return Ok(None);
        }
        let (resource, name) = (secrets(), object_name(module));
        let target = self.target(&resource, &name);
        let object = target.to_string();
        let fetched = self.inner.client.fetch(target).await;
        let Some(stored) = fetched.map_err(|source| Error::Fetch {
            object: object.clone(),
            source,
        })?
        else {
            return Ok(None);
        };
        let text = stored["data"][KEY].as_str().unwrap_or_default();
        let packed = STANDARD.decode(text).map_err(|_| "it is not base64");
        let history = packed.and_then(|packed| History::unpack(&packed));
        history
            .map(Some)
            .map_err(|why| Error::History { object, why })
    }

    /// Writes the history of a module.
    pub async fn write(&self, module: &ModuleName, history: &History) -> Result<(), Error> {
        let names = self.names().await?;
        let (resource, name) = (secrets(), object_name(module));
        let target = self.target(&resource, &name);
        let body = json!({
            "apiVersion": "v1",
            "kind": "Secret",
            "type": TYPE,
            "metadata": {
                "name": name,
                "namespace": self.inner.namespace,
                "labels": { LABEL: module.as_str() },
            },
            "data": { KEY: STANDARD.encode(history.pack()) },
        });
        let how = Apply {
            manager: MANAGER,
            force: true,
            dry_run: false,
        };
        let applied = self
            .inner
            .client
            .apply(target, Bytes::from(body.to_string()), how);
        applied.await.map_err(|source| Error::Keep {
            object: target.to_string(),
            source,
        })?;
        locked(names).insert(module.to_string());
        Ok(())
    }

    /// Removes the history of a module.
    pub async fn remove(&self, module: &ModuleName) -> Result<(), Error> {
        let names = self.names().await?;
        if !locked(names).contains(module.as_str()) {
            return Ok(());
        }
        let (resource, name) = (secrets(), object_name(module));
        let target = self.target(&resource, &name);
        let deleted = self
            .inner
            .client
            .delete(target, None, Propagation::Background);
        deleted.await.map_err(|source| Error::Keep {
            object: target.to_string(),
            source,
        })?;
        locked(names).remove(module.as_str());
        Ok(())
    }

    fn target<'a>(&'a self, resource: &'a Resource, name: &'a str) -> Target<'a> {
        Target {
            resource,
            namespace: Some(&self.inner.namespace),
            name,
        }
    }

    async fn names(&self) -> Result<&Mutex<BTreeSet<String>>, Error> {
        self.inner.names.get_or_try_init(|| self.ask()).await
    }

    async fn ask(&self) -> Result<Mutex<BTreeSet<String>>, Error> {
        let Inner {
            client, namespace, ..
        } = &*self.inner;
        let path = format!(
            "{}?labelSelector={}",
            secrets().collection(Some(namespace)),
            LABEL.replace('/', "%2F")
        );
        let deed = "listing the histories of releases";
        let failed = |source| Error::List {
            namespace: namespace.clone(),
            source,
        };
        let body = client
            .fetch_page(deed, &path, false)
            .await
            .map_err(failed)?;
        let list: List = serde_json::from_slice(&body).map_err(|source| {
            failed(cluster::Error::ReadAnswer {
                deed: deed.to_owned(),
                source,
            })
        })?;
        let items = list.items.into_iter().flatten();
        let names = items.filter_map(|item| item.metadata.labels?.release);
        Ok(Mutex::new(names.collect()))
    }
}

#[derive(Deserialize)]
struct List {
    /// The server says null for none.
    #[serde(default)]
    items: Option<Vec<Item>>,
}

#[derive(Deserialize)]
struct Item {
    metadata: Metadata,
}

#[derive(Deserialize)]
struct Metadata {
    #[serde(default)]
    labels: Option<Labels>,
}

#[derive(Deserialize)]
struct Labels {
    #[serde(default, rename = "addon-operator.io/release")]
    release: Option<String>,
}

fn secrets() -> Resource {
    Resource::known("", "v1", "Secret", "secrets", true)
}

fn object_name(module: &ModuleName) -> String {
    format!("addon-operator.release.{module}")
}

fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

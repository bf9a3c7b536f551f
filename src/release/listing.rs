//! Which releases there are, and one of them with its objects.

use std::collections::BTreeMap;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use tokio::sync::OnceCell;

use super::content::{self, Former};
use super::error::Error;
use crate::cluster::{self, Client, Resource, Target};
use crate::name::ModuleName;
use crate::object::ObjectRef;

/// The type of Helm's Secrets.
const TYPE: &str = "helm.sh/release.v1";
/// The label by which the original knows whether a release is as it was rendered.
const CHECKSUM: &str = "moduleChecksum";
/// The label of a release that the original leaves alone.
const PAUSED: &str = "maintenance.deckhouse.io/no-resource-reconciliation";
/// Releases that say what is there: the deployed one of each name, or the last that failed.
const SELECTOR: &str = "owner%3Dhelm%2Cstatus%20in%20%28deployed%2Cfailed%29";
const PAGE: usize = 500;

/// Where Helm keeps its releases: `HELM_DRIVER`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Store {
    /// In Secrets.
    #[default]
    Secrets,
    /// In `ConfigMap`s.
    ConfigMaps,
    /// In a place that is not read: a database.
    Elsewhere,
    /// There are none: no modules are run.
    Nowhere,
}

impl Store {
    fn resource(self) -> Option<Resource> {
        match self {
            Self::Secrets => Some(Resource::known("", "v1", "Secret", "secrets", true)),
            Self::ConfigMaps => Some(Resource::known("", "v1", "ConfigMap", "configmaps", true)),
            Self::Elsewhere | Self::Nowhere => None,
        }
    }
}

/// The newest revision of one release that says what is in the cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Its number.
    pub revision: u32,
    /// Whether an addon-operator made it, and not a person.
    pub is_of_operator: bool,
    /// Whether the original left its objects alone, since a person paused the module.
    pub is_paused: bool,
    is_deployed: bool,
}

/// The releases by the module that each is named for.
pub type Listing = Arc<BTreeMap<ModuleName, Listed>>;

/// The releases in the operator's namespace; listed once, since nobody else is to write them while
/// we run. Cheap to clone.
#[derive(Clone)]
pub struct Releases {
    inner: Arc<Inner>,
}

struct Inner {
    client: Client,
    namespace: String,
    store: Store,
    /// The release that installed the operator itself.
    ignored: Option<String>,
    listing: OnceCell<Listing>,
}

impl Releases {
    /// Those in `namespace`, but the one that is `ignored`.
    pub fn new(client: Client, namespace: &str, store: Store, ignored: Option<String>) -> Self {
        Self {
            inner: Arc::new(Inner {
                client,
                namespace: namespace.to_owned(),
                store,
                ignored,
                listing: OnceCell::new(),
            }),
        }
    }

    /// All of them. Who may not list them is told so, and goes on without.
    pub async fn list(&self) -> Result<Listing, Error> {
        let listing = self.inner.listing.get_or_try_init(|| self.ask()).await?;
        Ok(listing.clone())
    }

    /// What a release has; `None` when there is none, or when it is known to be taken over already.
    pub async fn former(
        &self,
        module: &ModuleName,
        taken_over: Option<u32>,
    ) -> Result<Option<Former>, Error> {
        let listing = self.list().await?;
        let Some(listed) = listing.get(module) else {
            return Ok(None);
        };
        if taken_over == Some(listed.revision) {
            return Ok(None);
        }
        self.fetch(module, listed.revision).await
    }

    async fn ask(&self) -> Result<Listing, Error> {
        let Inner {
            namespace, store, ..
        } = &*self.inner;
        if *store == Store::Nowhere {
            return Ok(Listing::default());
        }
        let Some(resource) = store.resource() else {
            tracing::warn!(target: "release", "HELM_DRIVER names a store that is not read: objects that charts have dropped since are not found");
            return Ok(Listing::default());
        };
        let mut items = Vec::new();
        let mut next = String::new();
        loop {
            let path = format!(
                "{}?labelSelector={SELECTOR}&limit={PAGE}{next}",
                resource.collection(Some(namespace))
            );
            let page = match self.page(&path).await {
                Ok(page) => page,
                Err(source) if source.code() == 403 => {
                    let error = crate::report::chain(&source);
                    tracing::warn!(target: "release", error, "releases of Helm may not be listed: objects that charts have dropped since are not found");
                    return Ok(Listing::default());
                }
                Err(source) => {
                    let namespace = namespace.clone();
                    return Err(Error::List { namespace, source });
                }
            };
            items.extend(page.items.into_iter().flatten());
            if page.metadata.next.is_empty() {
                break;
            }
            next = format!("&continue={}", page.metadata.next);
        }
        let listing = newest(&items, self.inner.ignored.as_deref());
        if !listing.is_empty() {
            tracing::info!(target: "release", releases = listing.len(), "releases of Helm are there");
        }
        Ok(Arc::new(listing))
    }

    async fn page(&self, path: &str) -> Result<Page, cluster::Error> {
        let deed = "listing releases of Helm";
        let body = self.inner.client.fetch_page(deed, path, false).await?;
        serde_json::from_slice(&body).map_err(|source| cluster::Error::ReadAnswer {
            deed: deed.to_owned(),
            source,
        })
    }

    async fn fetch(&self, module: &ModuleName, revision: u32) -> Result<Option<Former>, Error> {
        let Inner {
            client, namespace, ..
        } = &*self.inner;
        let Some(resource) = self.inner.store.resource() else {
            return Ok(None);
        };
        let name = object_name(module.as_str(), revision);
        let target = Target {
            resource: &resource,
            namespace: Some(namespace),
            name: &name,
        };
        let object = target.to_string();
        let failed = |source| Error::Fetch {
            object: object.clone(),
            source,
        };
        let Some(stored) = client.fetch(target).await.map_err(failed)? else {
            return Ok(None);
        };
        let refuse = |why| Error::Content {
            object: object.clone(),
            why,
        };
        let text = stored["data"]["release"].as_str().unwrap_or_default();
        let packed = match self.inner.store {
            Store::Secrets if stored["type"] != TYPE => {
                return Err(refuse("the Secret is not of Helm's type"));
            }
            Store::Secrets => STANDARD
                .decode(text)
                .map_err(|_| refuse("it is not base64"))?,
            _ => text.as_bytes().to_vec(),
        };
        let manifests = content::read(&packed, module.as_str(), revision).map_err(refuse)?;
        let mut objects = BTreeMap::new();
        for manifest in manifests {
            let preferred = client.preferred(&manifest.group_kind()).await;
            // A kind that is not served any more has no objects.
            let Some(kind) = preferred.map_err(failed)? else {
                continue;
            };
            let own = manifest.namespace().unwrap_or(namespace).to_owned();
            let reference = ObjectRef {
                namespace: kind.namespaced.then_some(own),
                ..manifest.reference()
            };
            objects.insert(reference, manifest.object);
        }
        Ok(Some(Former { revision, objects }))
    }
}

#[derive(Deserialize)]
struct Page {
    #[serde(default)]
    metadata: PageMetadata,
    /// The server says null for none.
    #[serde(default)]
    items: Option<Vec<Item>>,
}

#[derive(Default, Deserialize)]
struct PageMetadata {
    #[serde(default, rename = "continue")]
    next: String,
}

#[derive(Deserialize)]
struct Item {
    metadata: ItemMetadata,
}

#[derive(Deserialize)]
struct ItemMetadata {
    name: String,
    #[serde(default)]
    labels: BTreeMap<String, String>,
}

/// Helm's name for the object that holds a revision.
fn object_name(release: &str, revision: u32) -> String {
    format!("sh.helm.release.v1.{release}.v{revision}")
}

/// The newest deployed revision of each release, as Helm's next upgrade would take it for what is
/// there; without one the newest that failed.
fn newest(items: &[Item], ignored: Option<&str>) -> BTreeMap<ModuleName, Listed> {
    let mut newest: BTreeMap<ModuleName, Listed> = BTreeMap::new();
    for Item { metadata } in items {
        let label = |key: &str| metadata.labels.get(key).map_or("", String::as_str);
        let (Ok(module), Ok(revision)) =
            (ModuleName::parse(label("name")), label("version").parse())
        else {
            continue;
        };
        let is_helms = metadata.name == object_name(module.as_str(), revision);
        if !is_helms || ignored == Some(module.as_str()) {
            continue;
        }
        let found = Listed {
            revision,
            is_of_operator: !label(CHECKSUM).is_empty(),
            is_paused: label(PAUSED) == "true",
            is_deployed: label("status") == "deployed",
        };
        let rank = |listed: &Listed| (listed.is_deployed, listed.revision);
        let known = newest.get(&module);
        if known.is_none_or(|known| rank(known) < rank(&found)) {
            newest.insert(module, found);
        }
    }
    newest
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `NAME REVISION STATUS [moduleChecksum]`, as labels and name of a Secret.
    fn item(row: &str) -> Item {
        let words: Vec<&str> = row.split(' ').collect();
        let labels = [
            ("name", words[0]),
            ("version", words[1]),
            ("status", words[2]),
        ];
        let mut labels: BTreeMap<String, String> = labels
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .into();
        for more in &words[3..] {
            let value = if *more == PAUSED { "true" } else { "1b2c" };
            labels.insert((*more).to_owned(), value.to_owned());
        }
        Item {
            metadata: ItemMetadata {
                name: object_name(words[0], words[1].parse().unwrap()),
                labels,
            },
        }
    }

    #[test]
    fn newest_deployed_revision_says_what_is_there() {
        let rows = [
            "web 2 failed",
            "web 9 deployed moduleChecksum",
            "web 10 failed moduleChecksum",
            "web 8 deployed",
            "shop 3 failed",
            "shop 4 failed",
            "operator 1 deployed",
            "Not_a_module 1 deployed",
            "plain 1 deployed moduleChecksum maintenance.deckhouse.io/no-resource-reconciliation",
        ];
        let mut items: Vec<Item> = rows.map(item).into();
        let mut stranger = item("other 1 deployed moduleChecksum");
        stranger.metadata.name = "other".to_owned();
        items.push(stranger);
        let found = newest(&items, Some("operator"));
        let told: Vec<String> = found
            .iter()
            .map(|(name, listed)| {
                let Listed {
                    revision,
                    is_of_operator,
                    is_paused,
                    ..
                } = listed;
                format!("{name} {revision} {is_of_operator} {is_paused}")
            })
            .collect();
        assert_eq!(
            told,
            [
                "plain 1 true true",
                "shop 4 false false",
                "web 9 true false"
            ]
        );
    }
}

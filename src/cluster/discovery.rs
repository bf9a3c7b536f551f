//! Kind → resource: what the API server serves, asked once and asked again when a kind is missing.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, PoisonError, RwLock};

use serde::Deserialize;
use tokio::sync::Mutex;

use super::call::Client;
use super::error::Error;
use crate::object::GroupKind;

const AGGREGATED: &str =
    "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json";

/// One resource of the API: enough to make its paths.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Resource {
    /// Group; empty for the core group.
    pub group: String,
    /// Version.
    pub version: String,
    /// Kind.
    pub kind: String,
    /// The plural name in paths.
    pub plural: String,
    /// Whether its objects live in namespaces.
    pub namespaced: bool,
    /// Whether it can be listed and watched.
    pub watchable: bool,
}

impl Resource {
    /// A resource known without asking.
    pub fn known(group: &str, version: &str, kind: &str, plural: &str, namespaced: bool) -> Self {
        Self {
            group: group.to_owned(),
            version: version.to_owned(),
            kind: kind.to_owned(),
            plural: plural.to_owned(),
            namespaced,
            watchable: true,
        }
    }

    /// `apps/v1`, `v1`.
    pub fn api_version(&self) -> String {
        if self.group.is_empty() {
            self.version.clone()
        } else {
            format!("{}/{}", self.group, self.version)
        }
    }

    /// Kind and group.
    pub fn group_kind(&self) -> GroupKind {
        GroupKind::new(&self.group, &self.kind)
    }

    /// The path of all its objects, or of those of one namespace.
    pub fn collection(&self, namespace: Option<&str>) -> String {
        let root = if self.group.is_empty() {
            "/api"
        } else {
            "/apis"
        };
        let api_version = self.api_version();
        match namespace.filter(|_| self.namespaced) {
            Some(namespace) => format!(
                "{root}/{api_version}/namespaces/{namespace}/{}",
                self.plural
            ),
            None => format!("{root}/{api_version}/{}", self.plural),
        }
    }

    /// The path of one object.
    pub fn path(&self, namespace: Option<&str>, name: &str) -> String {
        format!("{}/{name}", self.collection(namespace))
    }
}

/// The version of the API server.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ServerVersion {
    /// `v1.36.3`.
    pub git_version: String,
    /// `1`.
    #[serde(default)]
    pub major: String,
    /// `36`.
    #[serde(default)]
    pub minor: String,
}

/// What the server serves, as last asked.
#[derive(Debug, Default)]
struct Served {
    /// By group and kind; the preferred version first.
    resources: BTreeMap<GroupKind, Vec<Resource>>,
    /// By any name of a kind in small letters: those that have it, the preferred group first.
    names: BTreeMap<String, Vec<GroupKind>>,
    /// `group/version` and `group/version/Kind`, sorted.
    api_versions: Arc<Vec<String>>,
}

/// The cache of a client.
#[derive(Default)]
pub(super) struct Discovery {
    served: RwLock<Option<Arc<Served>>>,
    /// One asks; the others wait for its answer.
    asking: Mutex<()>,
}

#[derive(Deserialize)]
struct GroupList {
    #[serde(default)]
    items: Vec<Group>,
}

#[derive(Deserialize)]
struct Group {
    metadata: GroupName,
    #[serde(default)]
    versions: Vec<Version>,
}

#[derive(Deserialize)]
struct GroupName {
    #[serde(default)]
    name: String,
}

#[derive(Deserialize)]
struct Version {
    version: String,
    #[serde(default)]
    resources: Vec<Served1>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Served1 {
    resource: String,
    #[serde(default)]
    singular_resource: String,
    #[serde(default)]
    short_names: Vec<String>,
    response_kind: ResponseKind,
    scope: String,
    #[serde(default)]
    verbs: Vec<String>,
}

#[derive(Deserialize)]
struct ResponseKind {
    #[serde(default)]
    kind: String,
}

impl Client {
    /// The version of the API server.
    pub async fn fetch_version(&self) -> Result<ServerVersion, Error> {
        let deed = "asking the API server for its version";
        self.read_json(deed, "/version").await
    }

    /// The resource of a kind, asked again once when it is not known yet.
    pub async fn resource(&self, api_version: &str, kind: &str) -> Result<Resource, Error> {
        let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
        let wanted = GroupKind::new(group, kind);
        let find = |served: &Served| {
            served
                .resources
                .get(&wanted)?
                .iter()
                .find(|found| found.version == version)
                .cloned()
        };
        let before = self.served().await?;
        if let Some(found) = find(&before) {
            return Ok(found);
        }
        let now = self.refresh(&before).await?;
        find(&now).ok_or_else(|| unknown(&now, &wanted, api_version))
    }

    /// The resource of a kind in any of its names (kind, plural, singular, short; capitals do not
    /// count), in one version or in the preferred one; as last asked.
    pub async fn find_kind(
        &self,
        api_version: Option<&str>,
        name: &str,
    ) -> Result<Resource, Error> {
        let served = self.served().await?;
        if let Some(found) = served.find(api_version, name) {
            return Ok(found.clone());
        }
        let group = api_version
            .and_then(|version| version.split_once('/'))
            .map_or("", |(group, _)| group);
        let words = api_version.unwrap_or("any API group");
        Err(unknown(&served, &GroupKind::new(group, name), words))
    }

    /// The preferred resource of a kind, whatever its version; `None` when it is not served.
    pub async fn preferred(&self, kind: &GroupKind) -> Result<Option<Resource>, Error> {
        let find = |served: &Served| served.resources.get(kind)?.first().cloned();
        let before = self.served().await?;
        if let Some(found) = find(&before) {
            return Ok(Some(found));
        }
        Ok(find(&*self.refresh(&before).await?))
    }

    /// The resource of a kind as people call it: by any of its names, whatever its capitals, and by
    /// an empty API version where the preferred one will do. Asked again once when it is not known
    /// yet.
    pub async fn named(&self, api_version: &str, name: &str) -> Result<Resource, Error> {
        let before = self.served().await?;
        let wanted = Some(api_version).filter(|version| !version.is_empty());
        if let Some(found) = before.find(wanted, name) {
            return Ok(found.clone());
        }
        let now = self.refresh(&before).await?;
        now.find(wanted, name).cloned().ok_or_else(|| {
            let (group, _) = api_version.split_once('/').unwrap_or_default();
            let shown = if api_version.is_empty() {
                "any group"
            } else {
                api_version
            };
            unknown(&now, &GroupKind::new(group, name), shown)
        })
    }

    /// Every resource that can be listed, in its preferred version.
    pub async fn watchable_resources(&self) -> Result<Vec<Resource>, Error> {
        let served = self.served().await?;
        let first = served
            .resources
            .values()
            .filter_map(|versions| versions.first());
        Ok(first
            .filter(|found| found.namespaced && found.watchable)
            .cloned()
            .collect())
    }

    /// What templates see as `Capabilities.APIVersions`: `group/version` and `group/version/Kind`.
    pub async fn api_versions(&self) -> Result<Arc<Vec<String>>, Error> {
        Ok(self.served().await?.api_versions.clone())
    }

    /// Forgets what is served: the next question asks the server.
    pub fn forget_resources(&self) {
        *self
            .discovery()
            .served
            .write()
            .unwrap_or_else(PoisonError::into_inner) = None;
    }

    async fn served(&self) -> Result<Arc<Served>, Error> {
        if let Some(served) = self.cached() {
            return Ok(served);
        }
        let _one = self.discovery().asking.lock().await;
        match self.cached() {
            Some(served) => Ok(served),
            None => self.ask().await,
        }
    }

    /// Asks again, unless somebody did since `before` was read.
    async fn refresh(&self, before: &Arc<Served>) -> Result<Arc<Served>, Error> {
        let _one = self.discovery().asking.lock().await;
        match self.cached() {
            Some(served) if !Arc::ptr_eq(&served, before) => Ok(served),
            _ => self.ask().await,
        }
    }

    fn cached(&self) -> Option<Arc<Served>> {
        self.discovery()
            .served
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    async fn ask(&self) -> Result<Arc<Served>, Error> {
        let deed = "asking the API server which kinds it serves";
        let (core, groups) = futures::try_join!(
            self.read_as::<GroupList>(deed, "/api", AGGREGATED),
            self.read_as::<GroupList>(deed, "/apis", AGGREGATED),
        )?;
        let served = Arc::new(Served::from_groups(
            core.items.into_iter().chain(groups.items),
        ));
        *self
            .discovery()
            .served
            .write()
            .unwrap_or_else(PoisonError::into_inner) = Some(served.clone());
        Ok(served)
    }
}

impl Served {
    fn from_groups(groups: impl Iterator<Item = Group>) -> Self {
        let mut served = Self::default();
        let mut api_versions = Vec::new();
        for group in groups {
            for version in group.versions {
                let mut named = false;
                for found in version.resources {
                    let aliases = found.names();
                    let resource = Resource {
                        group: group.metadata.name.clone(),
                        version: version.version.clone(),
                        kind: found.response_kind.kind,
                        plural: found.resource,
                        namespaced: found.scope == "Namespaced",
                        watchable: ["list", "watch"]
                            .iter()
                            .all(|verb| found.verbs.iter().any(|known| known == verb)),
                    };
                    if !std::mem::replace(&mut named, true) {
                        api_versions.push(resource.api_version());
                    }
                    api_versions.push(format!("{}/{}", resource.api_version(), resource.kind));
                    served.name(aliases, &resource);
                    served
                        .resources
                        .entry(resource.group_kind())
                        .or_default()
                        .push(resource);
                }
            }
        }
        api_versions.sort();
        api_versions.dedup();
        served.api_versions = Arc::new(api_versions);
        served
    }
}

impl Served1 {
    /// All names of the kind, in small letters.
    fn names(&self) -> BTreeSet<String> {
        let names = [
            &self.response_kind.kind,
            &self.resource,
            &self.singular_resource,
        ];
        let names = names.into_iter().chain(&self.short_names);
        names
            .filter(|name| !name.is_empty())
            .map(|name| name.to_lowercase())
            .collect()
    }
}

impl Served {
    fn name(&mut self, names: BTreeSet<String>, resource: &Resource) {
        for name in names {
            let kinds = self.names.entry(name).or_default();
            let kind = resource.group_kind();
            if !kinds.contains(&kind) {
                kinds.push(kind);
            }
        }
    }

    /// The kind of this name in a version, or in the preferred version of the first group that has
    /// it: a kind itself goes before what is only called so, and what can be watched before what
    /// cannot.
    fn find(&self, api_version: Option<&str>, name: &str) -> Option<&Resource> {
        let name = name.to_lowercase();
        let kinds = self.names.get(&name)?;
        let versions = kinds.iter().filter_map(|kind| self.resources.get(kind));
        let found = versions.filter_map(|versions| match api_version {
            Some(wanted) => versions.iter().find(|found| found.api_version() == wanted),
            None => versions.first(),
        });
        found.min_by_key(|found| (!found.watchable, found.kind.to_lowercase() != name))
    }
}

/// Says what is served instead: another version of the kind, or the kind in another group.
fn unknown(served: &Served, wanted: &GroupKind, api_version: &str) -> Error {
    let same_group = served.resources.get(wanted).into_iter().flatten();
    let same_kind = served
        .resources
        .iter()
        .filter(|(found, _)| found.kind.eq_ignore_ascii_case(&wanted.kind))
        .flat_map(|(_, versions)| versions);
    let mut others: Vec<String> = same_group
        .chain(same_kind)
        .map(|found| format!("{} in {}", found.kind, found.api_version()))
        .collect();
    others.sort();
    others.dedup();
    let hint = if others.is_empty() {
        "; install its CRD first: put it under the module's crds/, or let the module require the one \
         that has it"
            .to_owned()
    } else {
        format!("; it has {}", others.join(", "))
    };
    Error::UnknownKind {
        kind: wanted.kind.clone(),
        api_version: api_version.to_owned(),
        hint,
    }
}

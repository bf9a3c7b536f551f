//! What charts ask of the world while they render: the cluster, the time, randomness, and what they
//! drew before.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::runtime::Handle;

use super::error::Error;
use crate::cluster::{self, Client, Resource, Target};
use crate::name::ModuleName;
use crate::release::{Histories, History};
use crate::render::{DrawKey, Lookup, Outside};
use crate::report::chain;

/// A page of a list that a chart looks up.
const PAGE: usize = 500;
/// More pages than any chart can mean.
const PAGES: usize = 200;
/// How long a render may take: many times what the largest chart takes with a slow API server.
const LONGEST: Duration = Duration::from_mins(1);

/// The world of a chart that is rendered for a cluster.
pub(super) struct Cluster {
    client: Client,
    histories: Histories,
    module: ModuleName,
    handle: Handle,
    /// What was drawn before: given, or read when the first draw asks.
    before: OnceLock<History>,
    drawn: Mutex<BTreeMap<DrawKey, Value>>,
    /// Why the history could not be read.
    failure: Mutex<Option<Error>>,
    looked_up: AtomicBool,
    begun: Instant,
    /// Objects that will be there.
    coming: Vec<Coming>,
    /// What was looked up and is not there.
    missed: Mutex<Vec<Coming>>,
}

/// An object that is looked up before it is applied.
#[derive(Debug, Clone)]
pub(super) struct Coming {
    pub(super) api_version: String,
    pub(super) kind: String,
    pub(super) namespace: String,
    pub(super) name: String,
    pub(super) object: Value,
}

impl Coming {
    fn is(&self, of: &Lookup<'_>) -> bool {
        let own = (
            &*self.api_version,
            &*self.kind,
            &*self.namespace,
            &*self.name,
        );
        own == (of.api_version, of.kind, of.namespace, of.name)
    }
}

/// What a render asked for.
pub(super) struct Heard {
    /// What it drew, or was given again.
    pub(super) drawn: BTreeMap<DrawKey, Value>,
    /// Whether it looked into the cluster: then it may come out otherwise next time.
    pub(super) looked_up: bool,
    /// What it looked up by name and did not find.
    pub(super) missed: Vec<Coming>,
    /// What was known of the history.
    pub(super) before: Option<History>,
}

impl Cluster {
    /// For one render of a module, on a thread that may block. `before` is what is known of its history.
    pub(super) fn new(
        (client, histories): (Client, Histories),
        module: &ModuleName,
        before: Option<History>,
    ) -> Self {
        Self {
            client,
            histories,
            module: module.clone(),
            handle: Handle::current(),
            before: before.map_or_else(OnceLock::new, OnceLock::from),
            drawn: Mutex::default(),
            failure: Mutex::default(),
            looked_up: AtomicBool::new(false),
            begun: Instant::now(),
            coming: Vec::new(),
            missed: Mutex::default(),
        }
    }

    /// The same, where these objects are found although they are not there yet.
    pub(super) fn with(mut self, coming: Vec<Coming>) -> Self {
        self.coming = coming;
        self
    }

    /// What was asked for; `Err` when what was drawn before could not be read.
    pub(super) fn hear(&self) -> Result<Heard, Error> {
        if let Some(failure) = locked(&self.failure).take() {
            return Err(failure);
        }
        Ok(Heard {
            missed: std::mem::take(&mut *locked(&self.missed)),
            before: self.before.get().cloned(),
            drawn: std::mem::take(&mut *locked(&self.drawn)),
            looked_up: self.looked_up.load(Ordering::Relaxed),
        })
    }

    fn before(&self) -> &History {
        self.before.get_or_init(|| {
            let fetched = self.handle.block_on(self.histories.fetch(&self.module));
            match fetched {
                Ok(history) => history.unwrap_or_default(),
                // Drawing anew what is kept would lose it: the render fails when it is through.
                Err(source) => {
                    *locked(&self.failure) = Some(Error::ReadRelease { source });
                    History::default()
                }
            }
        })
    }
}

/// What is in the cluster, as `lookup` of Helm tells it: an object, or all of a kind.
///
/// # Errors
///
/// Why it could not be asked for, in the words of Helm.
pub async fn look_up(client: &Client, of: &Lookup<'_>) -> Result<Option<Value>, String> {
    let resource = match client.resource(of.api_version, of.kind).await {
        Ok(resource) => resource,
        Err(error @ cluster::Error::UnknownKind { .. }) => return unknown(client, of, error).await,
        Err(error) => return Err(in_helms_words(&error)),
    };
    let namespace = Some(of.namespace).filter(|name| resource.namespaced && !name.is_empty());
    if of.name.is_empty() {
        return list(client, &resource, namespace).await.map(Some);
    }
    let target = Target {
        resource: &resource,
        namespace,
        name: of.name,
    };
    client
        .fetch(target)
        .await
        .map_err(|error| in_helms_words(&error))
}

/// As in Helm nothing is found of a kind that is not in a version, while a version that is not
/// there is an error.
async fn unknown(
    client: &Client,
    of: &Lookup<'_>,
    error: cluster::Error,
) -> Result<Option<Value>, String> {
    let versions = client.api_versions().await;
    let versions = versions.map_err(|error| in_helms_words(&error))?;
    if versions.iter().any(|version| version == of.api_version) {
        return Ok(None);
    }
    let Lookup {
        api_version, kind, ..
    } = of;
    Err(format!(
        "unable to get apiresource from unstructured: {api_version}, Kind={kind}: {error}"
    ))
}

/// All objects of a kind, as a list of Kubernetes.
async fn list(
    client: &Client,
    resource: &Resource,
    namespace: Option<&str>,
) -> Result<Value, String> {
    let (mut items, mut next) = (Vec::new(), String::new());
    let deed = format!("listing {}", resource.plural);
    for _ in 0..PAGES {
        let path = format!("{}?limit={PAGE}{next}", resource.collection(namespace));
        let page = client.fetch_page(&deed, &path, true).await;
        let body = page.map_err(|error| in_helms_words(&error))?;
        let mut list: Value = serde_json::from_slice(&body).map_err(|error| error.to_string())?;
        if let Value::Array(more) = list["items"].take() {
            items.extend(more.into_iter().map(|item| with_kind(item, resource)));
        }
        let token = list["metadata"]["continue"].as_str().unwrap_or_default();
        if token.is_empty() {
            list["items"] = json!(items);
            return Ok(list);
        }
        next = format!("&continue={token}");
    }
    Err(format!(
        "there are more than {} {}",
        PAGES * PAGE,
        resource.plural
    ))
}

/// The server's own sentence, as Helm tells it.
fn in_helms_words(error: &cluster::Error) -> String {
    let refusal = error.refusal();
    refusal.map_or_else(|| chain(error), |refusal| refusal.message.clone())
}

/// The server does not repeat in every item of a list what it is.
fn with_kind(mut item: Value, resource: &Resource) -> Value {
    if let Value::Object(fields) = &mut item {
        let known = [
            ("apiVersion", resource.api_version()),
            ("kind", resource.kind.clone()),
        ];
        for (field, value) in known {
            fields.entry(field).or_insert_with(|| json!(value));
        }
    }
    item
}

impl Outside for Cluster {
    fn now(&self) -> i128 {
        Timestamp::now().as_nanosecond()
    }

    fn fill_random(&self, bytes: &mut [u8]) {
        fill_random(bytes);
    }

    fn lookup(&self, of: &Lookup<'_>) -> Result<Option<Value>, String> {
        self.looked_up.store(true, Ordering::Relaxed);
        let found = self.handle.block_on(look_up(&self.client, of))?;
        if found.is_some() || of.name.is_empty() {
            return Ok(found);
        }
        if let Some(coming) = self.coming.iter().find(|coming| coming.is(of)) {
            return Ok(Some(coming.object.clone()));
        }
        locked(&self.missed).push(Coming {
            api_version: of.api_version.to_owned(),
            kind: of.kind.to_owned(),
            namespace: of.namespace.to_owned(),
            name: of.name.to_owned(),
            object: Value::Null,
        });
        Ok(None)
    }

    /// Helm asks for none either, unless it is told to.
    fn resolve_host(&self, _: &str) -> String {
        String::new()
    }

    fn is_late(&self) -> bool {
        self.begun.elapsed() > LONGEST
    }

    fn recall(&self, key: &DrawKey) -> Option<Value> {
        let found = self.before().drawn(key).cloned()?;
        locked(&self.drawn).insert(key.clone(), found.clone());
        Some(found)
    }

    fn keep(&self, key: DrawKey, value: Value) {
        locked(&self.drawn).insert(key, value);
    }
}

/// The world of a chart that is rendered without a cluster: nothing is found, and nothing is kept.
#[derive(Debug)]
pub struct Alone {
    begun: Instant,
}

impl Alone {
    /// For one render.
    pub fn new() -> Self {
        let begun = Instant::now();
        Self { begun }
    }
}

impl Default for Alone {
    fn default() -> Self {
        Self::new()
    }
}

impl Outside for Alone {
    fn now(&self) -> i128 {
        Timestamp::now().as_nanosecond()
    }

    fn fill_random(&self, bytes: &mut [u8]) {
        fill_random(bytes);
    }

    fn lookup(&self, _: &Lookup<'_>) -> Result<Option<Value>, String> {
        Ok(None)
    }

    fn resolve_host(&self, _: &str) -> String {
        String::new()
    }

    fn is_late(&self) -> bool {
        self.begun.elapsed() > LONGEST
    }

    fn recall(&self, _: &DrawKey) -> Option<Value> {
        None
    }

    fn keep(&self, _: DrawKey, _: Value) {}
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The kernel's random bytes. It answers up to 256 bytes whole, and fails only when a signal comes in
/// between.
fn fill_random(bytes: &mut [u8]) {
    for part in bytes.chunks_mut(256) {
        while rustix::rand::getrandom(&mut *part, rustix::rand::GetRandomFlags::empty()).is_err() {}
    }
}

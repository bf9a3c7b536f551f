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
use crate::cluster::{Client, Resource, Target};
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
}

/// What a render asked for.
pub(super) struct Heard {
    /// What it drew, or was given again.
    pub(super) drawn: BTreeMap<DrawKey, Value>,
    /// Whether it looked into the cluster: then it may come out otherwise next time.
    pub(super) looked_up: bool,
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
        }
    }

    /// What was asked for; `Err` when what was drawn before could not be read.
    pub(super) fn hear(&self) -> Result<Heard, Error> {
        if let Some(failure) = locked(&self.failure).take() {
            return Err(failure);
        }
        Ok(Heard {
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

    async fn look(&self, of: &Lookup<'_>) -> Result<Option<Value>, String> {
        let resource = self.client.resource(of.api_version, of.kind).await;
        let resource = resource.map_err(|error| chain(&error))?;
        let namespace = Some(of.namespace).filter(|name| resource.namespaced && !name.is_empty());
        if of.name.is_empty() {
            return self.list(&resource, namespace).await.map(Some);
        }
        let target = Target {
            resource: &resource,
            namespace,
            name: of.name,
        };
        self.client
            .fetch(target)
            .await
            .map_err(|error| chain(&error))
    }

    /// All objects of a kind, as a list of Kubernetes.
    async fn list(&self, resource: &Resource, namespace: Option<&str>) -> Result<Value, String> {
        let (mut items, mut next) = (Vec::new(), String::new());
        let deed = format!("listing {}", resource.plural);
        for _ in 0..PAGES {
            let path = format!("{}?limit={PAGE}{next}", resource.collection(namespace));
            let page = self.client.fetch_page(&deed, &path, true).await;
            let body = page.map_err(|error| chain(&error))?;
            let mut list: Value =
                serde_json::from_slice(&body).map_err(|error| error.to_string())?;
            if let Value::Array(more) = list["items"].take() {
                items.extend(more);
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
        self.handle.block_on(self.look(of))
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

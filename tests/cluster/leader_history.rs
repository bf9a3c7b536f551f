//! Replicas that are stopped, killed and told to end at random, and what the API server stored meanwhile.

use std::collections::BTreeMap;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use futures::TryStreamExt as _;
use kube::api::WatchEvent;
use serde_json::Value;
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::replicas::{Replica, Replicas, send};
use crate::support::rest;

/// What became of two objects, in the order in which the API server stored it.
#[derive(Clone, Default)]
struct History {
    /// Versions, with who held the Lease from then on.
    holders: Arc<Mutex<BTreeMap<u64, String>>>,
    /// Versions, with who wrote the object of the module.
    writers: Arc<Mutex<BTreeMap<u64, String>>>,
}

impl History {
    /// Writes down what becomes of an object, for ever.
    async fn follow(
        into: Arc<Mutex<BTreeMap<u64, String>>>,
        client: kube::Client,
        (path, field): (String, &'static str),
    ) {
        loop {
            if let Some(object) = rest::get(&client, &path).await {
                note(&into, &object, field);
                break;
            }
            sleep(Duration::from_millis(10)).await;
        }
        let (collection, name) = path.rsplit_once('/').unwrap();
        let mut version = into.lock().unwrap().keys().next_back().copied().unwrap();
        loop {
            let watch = format!(
                "{collection}?watch=true&fieldSelector=metadata.name={name}&resourceVersion={version}"
            );
            let request = http::Request::get(&watch).body(Vec::new()).unwrap();
            let events = client.request_events::<Value>(request).await.unwrap();
            let mut events = std::pin::pin!(events);
            while let Ok(Some(event)) = events.try_next().await {
                if let WatchEvent::Modified(object) = event {
                    version = note(&into, &object, field);
                }
            }
        }
    }

    /// Follows all of it, from now on.
    fn begin(&self, replicas: &Replicas) -> JoinSet<()> {
        let mut following = JoinSet::new();
        let base =
            |group: &str, of: &str| format!("{group}/namespaces/{}/{of}", replicas.namespace());
        let lease = "leases/addon-operator-leader-election";
        let lease = base("/apis/coordination.k8s.io/v1", lease);
        let web = base("/api/v1", "configmaps/web");
        for (into, of) in [
            (&self.holders, (lease, "/spec/holderIdentity")),
            (&self.writers, (web, "/data/who")),
        ] {
            let (into, client) = (into.clone(), replicas.client.clone());
            following.spawn(Self::follow(into, client, of));
        }
        following
    }

    /// Who led, one after another.
    fn leaders(&self) -> Vec<String> {
        let holders = self.holders.lock().unwrap();
        let holders = holders.values().filter(|who| !who.is_empty());
        let mut leaders: Vec<String> = holders.cloned().collect();
        leaders.dedup();
        leaders
    }

    /// Writes of somebody who did not hold the Lease at that moment.
    fn trespasses(&self) -> Vec<String> {
        let (holders, writers) = (self.holders.lock().unwrap(), self.writers.lock().unwrap());
        let held_by = |version: u64| {
            holders
                .range(..version)
                .next_back()
                .map(|(_, who)| who.as_str())
        };
        let is_one = |(version, who): &(&u64, &String)| held_by(**version) != Some(who.as_str());
        let trespasses = writers.iter().filter(is_one);
        trespasses
            .map(|(version, who)| {
                format!("{who} wrote in version {version}: {:?}", held_by(*version))
            })
            .collect()
    }
}

/// Notes who an object names; answers its version.
fn note(into: &Mutex<BTreeMap<u64, String>>, object: &Value, field: &str) -> u64 {
    let version = object["metadata"]["resourceVersion"].as_str().unwrap();
    let version = version.parse().unwrap();
    let who = object
        .pointer(field)
        .and_then(Value::as_str)
        .unwrap_or_default();
    // `a` for `a.127-0-0-2.ns.pod`.
    let who = who.split('.').next().unwrap_or_default().to_owned();
    into.lock().unwrap().insert(version, who);
    version
}

/// Numbers that follow from a seed.
struct Chance(u64);

impl Chance {
    fn below(&mut self, most: u64) -> u64 {
        let next = self.0.wrapping_mul(6_364_136_223_846_793_005);
        self.0 = next.wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % most
    }
}

/// Three replicas that fail over in seconds.
fn three(replicas: &Replicas) -> [Replica; 3] {
    [("a", 2), ("b", 3), ("c", 4)].map(|(name, number)| {
        let mut replica = replicas.replica(name, number);
        for (variable, value) in [
            ("LEASE_DURATION", "4s"),
            ("LEASE_RENEW_DEADLINE", "2500ms"),
            ("LEASE_RETRY_PERIOD", "500ms"),
        ] {
            replica.set(&format!("ADDON_OPERATOR_{variable}"), value);
        }
        replica.start();
        replica
    })
}

/// Does something to a replica; it may be stopped for longer than it may lead, its guard with it.
async fn harm(replica: &mut Replica, chance: &mut Chance) {
    match chance.below(4) {
        0 => replica.signal("TERM"),
        1 => replica.signal("KILL"),
        _ => {
            let guard = replica.find_guard().filter(|_| chance.below(2) == 0);
            if let Some(guard) = guard {
                send("STOP", guard);
            }
            replica.signal("STOP");
            sleep(Duration::from_millis(chance.below(7000))).await;
            replica.signal("CONT");
            if let Some(guard) = guard.filter(|_| replica.find_guard() == guard) {
                send("CONT", guard);
            }
        }
    }
}

#[tokio::test]
async fn nobody_ever_writes_who_does_not_hold_the_lease() {
    let Some(replicas) = Replicas::new("chaos").await else {
        return;
    };
    let seed = RandomState::new().hash_one(());
    let mut chance = Chance(seed);
    let mut all = three(&replicas);
    let history = History::default();
    let _following = history.begin(&replicas);
    let _pump = replicas.pump(Duration::from_millis(20));

    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(45) {
        sleep(Duration::from_millis(chance.below(2500))).await;
        // As the kubelet does it.
        for replica in &mut all {
            if replica.has_ended() {
                replica.start();
            }
        }
        // The one that leads more often than the others.
        let leader = history.leaders().pop().filter(|_| chance.below(4) > 0);
        let leader = all
            .iter()
            .position(|replica| Some(&replica.name) == leader.as_ref());
        let index = leader.unwrap_or_else(|| usize::try_from(chance.below(3)).unwrap());
        harm(&mut all[index], &mut chance).await;
    }
    sleep(Duration::from_secs(1)).await;

    let writes = history.writers.lock().unwrap().len();
    let leaders = history.leaders();
    eprintln!(
        "seed {seed}: {writes} writes of {} leaders in turn",
        leaders.len()
    );
    assert_eq!(history.trespasses(), Vec::<String>::new(), "seed {seed}");
    assert!(
        writes > 100 && leaders.len() > 2,
        "seed {seed}: {writes} writes of {leaders:?}"
    );
}

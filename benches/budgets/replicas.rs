//! Two replicas, of which one leads: how soon it writes, and how soon the other one goes on.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::time::sleep;

use crate::cluster::{Cluster, Eye};
use crate::figures::{Figures, Which};
use crate::floor::Pair;
use crate::process::Process;
use crate::rest;
use crate::table::{Row, Unit};
use crate::workload::{Size, Weights};

const FIRST: &str = "two replicas: start to first write";
const TERM: &str = "two replicas: SIGTERM of the leader → an edit made then has its effect";
const KILL: &str = "two replicas: kill -9 of the leader → an edit made then has its effect";
const PAIR: &str = "floor: two writes, each seen by a watch (replicas)";
const SIZE: Size = Size {
    modules: 29,
    objects: 249,
};
/// Far more than a follower needs to be prepared.
const PREPARED: Duration = Duration::from_secs(2);

/// Measures so many rounds; a leader is killed in the first one alone, as its Lease lasts for 15 seconds.
pub(crate) async fn measure(cluster: &Cluster, rounds: usize, figures: &mut Figures) {
    let folders = SIZE.write(Weights::Equal);
    bring_definition(cluster);
    for round in 0..rounds {
        eprintln!("replicas, round {} of {rounds}", round + 1);
        let namespace = &format!("replicas-{round}");
        cluster.make_namespace(namespace).await;
        let mut pair = Pair::begin(cluster, namespace).await;
        figures.add(PAIR, pair.write(cluster).await);
        let mut eye = Eye::on_modules(&cluster.client, namespace).await;
        let mut pods = [
            start(cluster, namespace, folders.path(), "a"),
            start(cluster, namespace, folders.path(), "b"),
        ];
        let started = pods[0].started;
        let first = eye.next().await.at;
        figures.add(FIRST, first.duration_since(started).as_secs_f64());
        // One of both leads; it is the one that holds the Lease.
        if holder(cluster, namespace).await.starts_with('b') {
            pods.reverse();
        }
        let [leader, other] = pods;
        leader.told("converge is done");
        sleep(PREPARED).await;
        let signals: &[(Signal, &str)] = &[(Signal::TERM, TERM), (Signal::KILL, KILL)];
        let signals = if round == 0 { signals } else { &signals[..1] };
        let (mut leader, mut other) = (leader, other);
        for (index, (signal, name)) in signals.iter().enumerate() {
            let took = hand_over(cluster, namespace, &leader, (*signal, index)).await;
            figures.add(name, took);
            let ended = std::mem::replace(&mut leader, other);
            drop(ended);
            other = start(cluster, namespace, folders.path(), &format!("c{index}"));
            sleep(PREPARED).await;
        }
        other.stop();
        leader.stop();
        cluster.empty_namespace(namespace).await;
    }
}

/// An operator without modules: it brings the definition of `Module`.
fn bring_definition(cluster: &Cluster) {
    let nothing = TempDir::new().expect("a folder");
    fs::create_dir(nothing.path().join("modules")).expect("a folder");
    let kubeconfig = cluster.control_plane.kubeconfig();
    let operator = Process::start(kubeconfig, "default", nothing.path(), &[]);
    operator.told("converge is done");
    operator.stop();
}

fn start(cluster: &Cluster, namespace: &str, folders: &Path, pod: &str) -> Process {
    let kubeconfig = cluster.control_plane.kubeconfig();
    let variables = [("ADDON_OPERATOR_HA", "true"), ("ADDON_OPERATOR_POD", pod)];
    Process::start_with(kubeconfig, namespace, folders, (&[], &variables))
}

async fn holder(cluster: &Cluster, namespace: &str) -> String {
    let path = format!(
        "/apis/coordination.k8s.io/v1/namespaces/{namespace}/leases/addon-operator-leader-election"
    );
    let lease = rest::get(&cluster.plain, &path).await.expect("a Lease");
    let holder = lease["spec"]["holderIdentity"].as_str();
    holder.expect("a holder").to_owned()
}

/// Ends the leader and edits the `ConfigMap`; answers the seconds until another one has brought that.
async fn hand_over(
    cluster: &Cluster,
    namespace: &str,
    leader: &Process,
    (signal, number): (Signal, usize),
) -> f64 {
    let mut eye = Eye::on_config_maps(&cluster.client, namespace).await;
    let name = SIZE.names().remove(0);
    let text = format!("hand-over {number}");
    let config = json!({
        "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "addon-operator"},
        "data": {Size::key(&name): format!("text: {text}\n")},
    });
    let path = format!("/api/v1/namespaces/{namespace}/configmaps/addon-operator");
    let begun = Instant::now();
    leader.send(signal);
    rest::apply(&cluster.plain, &path, "person", &config).await;
    let is_it = |object: &Value| object["data"]["text"] == *text;
    let seen = eye.until(|seen| seen.name == name && seen.object.as_ref().is_some_and(is_it));
    seen.await.at.duration_since(begun).as_secs_f64()
}

/// The rows of the table.
pub(crate) fn rows(figures: &Figures) -> Vec<Row> {
    let row = |name: &str| Row::of(figures, name, Which::Median, Unit::Milliseconds);
    vec![
        row(FIRST).beside(figures, PAIR).at_most(0.3),
        row(TERM).beside(figures, PAIR),
        row(KILL),
    ]
}

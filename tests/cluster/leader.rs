//! Who leads, and how it goes over to another replica.

use std::time::{Duration, Instant};

use addon_operator::leader::Terms;
use addon_operator::operator::{Replica as ReplicaSettings, Settings};
use jiff::SignedDuration;
use serde_json::{Value, json};
use tokio::time::sleep;

use super::replicas::{PATIENCE, Replicas};
use super::stage::{Stage, config_map};
use crate::support::{eventually, private_server, rest, server_metrics};

const LEASES: &str = "/apis/coordination.k8s.io/v1/namespaces";

/// How long it takes from now until `who` writes.
async fn until_written(replicas: &Replicas, who: &str) -> Duration {
    let begun = Instant::now();
    let written = replicas.follow();
    written.first(who).await.saturating_duration_since(begun)
}

#[tokio::test]
async fn leader_that_is_told_to_end_hands_over_at_once() {
    let Some(replicas) = Replicas::new("leader").await else {
        return;
    };
    let (mut a, mut b) = (replicas.replica("a", 2), replicas.replica("b", 3));
    a.lead().await;
    b.follow().await;
    let lease = replicas.lease().await.unwrap();
    assert_eq!(lease["spec"]["holderIdentity"], json!(a.identity()));
    assert_eq!(lease["spec"]["leaseDurationSeconds"], 15);

    a.signal("TERM");
    let took = until_written(&replicas, "b").await;

    eprintln!("hand-over on SIGTERM, idle: {took:?}");
    assert!(took < Duration::from_secs(10), "{took:?}");
    assert_eq!(a.ended().await, Some(0));
    let lease = replicas.lease().await.unwrap();
    assert_eq!(lease["spec"]["holderIdentity"], json!(b.identity()));
    assert_eq!(lease["spec"]["leaseTransitions"], 1);
}

#[tokio::test]
async fn hooks_in_flight_end_before_another_leads() {
    let Some(replicas) = Replicas::new("leader").await else {
        return;
    };
    let (mut a, mut b) = (replicas.replica("a", 2), replicas.replica("b", 3));
    // It hears SIGTERM, and goes on all the same.
    let beats = a.path("beats");
    let hook = format!(
        "#!/bin/bash\nif [ \"$1\" = --config ]; then\n  echo '{{configVersion: v1, onStartup: 1}}'\n  exit\nfi\n\
         trap '' TERM\nwhile true; do date +%s.%N >> {}; sleep 0.05; done\n",
        beats.display()
    );
    a.modules
        .write("020-busy/values.yaml", "busyEnabled: true\n");
    a.modules.write_script("020-busy/hooks/busy", &hook);
    a.start();
    let is_running = async || beats.exists().then_some(()).ok_or_else(|| a.log());
    eventually("the hook runs", PATIENCE, is_running).await;
    b.follow().await;

    let told = Instant::now();
    a.signal("TERM");
    assert_eq!(a.ended().await, Some(0));
    let ended = told.elapsed();
    let beaten = std::fs::metadata(&beats).unwrap().len();
    let took = until_written(&replicas, "b").await + ended;

    eprintln!(
        "hand-over on SIGTERM with a hook that does not listen: ended {ended:?}, written {took:?}"
    );
    assert!(ended < Duration::from_secs(8), "{ended:?}");
    assert_eq!(
        std::fs::metadata(&beats).unwrap().len(),
        beaten,
        "the hook is dead"
    );
}

#[tokio::test]
async fn leader_that_dies_is_replaced_when_its_lease_is_over() {
    let Some(replicas) = Replicas::new("leader").await else {
        return;
    };
    let (mut a, mut b) = (replicas.replica("a", 2), replicas.replica("b", 3));
    a.lead().await;
    b.follow().await;

    a.kill();
    let took = until_written(&replicas, "b").await;

    eprintln!("takeover after kill -9: {took:?}");
    let expected = Duration::from_secs(12)..Duration::from_secs(25);
    assert!(expected.contains(&took), "{took:?}");
}

#[tokio::test]
async fn container_that_is_restarted_takes_its_own_lease_up_and_writes_nothing_else() {
    let Some(server) = private_server().await else {
        return;
    };
    let client = crate::support::client(server.kubeconfig()).await;
    let of = (server.kubeconfig().to_owned(), "default".to_owned());
    let mut a =
        super::replicas::Replica::new(of, "a", (std::net::Ipv4Addr::LOCALHOST, free_port()));
    a.lead().await;
    a.kill();
    let before = (server_metrics(&client).await, Instant::now());

    a.lead().await;
    let took = before.1.elapsed();

    eprintln!("restart of the same container, to ready: {took:?}");
    let writes = server_metrics(&client).await.since(&before.0).writes();
    let of_lease = |resource: &str| resource == "coordination.k8s.io/leases";
    let mut others = writes.0.keys().filter(|(_, resource)| !of_lease(resource));
    assert_eq!(others.next(), None, "{writes}");
    let lease = super::replicas::lease(&client, "default").await.unwrap();
    assert_eq!(lease["spec"]["leaseTransitions"], 0);
    server.stop().await.unwrap();
}

fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

/// The settings of a replica of this name, whose calendar is ahead.
fn replica(name: &str, namespace: &str, ahead: SignedDuration) -> impl FnOnce(&mut Settings) {
    let replica = ReplicaSettings {
        pod: name.to_owned(),
        address: [127, 0, 0, 1].into(),
        namespace: namespace.to_owned(),
        ahead,
    };
    move |settings| {
        // It would end this process.
        settings.folders.guard = None;
        settings.replica = Some(replica);
        settings.terms = Terms {
            lease: Duration::from_secs(6),
            renew_deadline: Duration::from_secs(4),
            retry_period: Duration::from_secs(1),
        };
    }
}

async fn holder(stage: &Stage) -> String {
    let lease = super::replicas::lease(&stage.client, stage.namespace()).await;
    let lease = lease.expect("a Lease");
    let holder = lease["spec"]["holderIdentity"].as_str();
    holder.unwrap_or_default().to_owned()
}

#[tokio::test]
async fn clocks_that_are_set_wrong_change_nothing() {
    let Some(stage) = Stage::with("leader", &config_map("web", "a")).await else {
        return;
    };
    // The follower's calendar is an hour ahead: the Lease would be over for long. Then the other way.
    for (leader, follower) in [(0, 3600), (3600, -3600)] {
        let ahead = SignedDuration::from_secs;
        let mut first = stage.start_with(replica("a", stage.namespace(), ahead(leader)));
        first.converged().await;
        let second = stage.start_with(replica("b", stage.namespace(), ahead(follower)));
        for _ in 0..26 {
            sleep(Duration::from_millis(500)).await;
            assert!(
                holder(&stage).await.starts_with("a."),
                "{leader} {follower}"
            );
        }
        first.stop().await;
        let is_second = async || match holder(&stage).await {
            holder if holder.starts_with("b.") => Ok(()),
            holder => Err(holder),
        };
        eventually("the other one leads", PATIENCE, is_second).await;
        second.stop().await;
    }
}

#[tokio::test]
async fn lease_of_the_original_is_respected_for_as_long_as_it_says() {
    let Some(replicas) = Replicas::new("leader").await else {
        return;
    };
    let collection = format!("{LEASES}/{}/leases", replicas.namespace());
    // As client-go writes it.
    let lease = json!({
        "metadata": {"name": "addon-operator-leader-election"},
        "spec": {
            "holderIdentity": "go.10-0-0-1.ns.pod", "leaseDurationSeconds": 35, "leaseTransitions": 7,
            "acquireTime": "2026-01-02T03:04:05.000000Z", "renewTime": "2026-01-02T03:04:05.000000Z",
        },
    });
    rest::create(&replicas.client, &collection, &lease).await;
    let mut a = replicas.replica("a", 2);
    a.follow().await;
    let told: Value = serde_json::from_str(&a.ask(&["leader", "-o", "json"])).unwrap();
    assert_eq!(told["leader"], "go.10-0-0-1.ns.pod");
    sleep(Duration::from_secs(18)).await;
    let seen = replicas.lease().await.unwrap();
    assert_eq!(
        seen["spec"], lease["spec"],
        "by its own duration it would be over"
    );

    // As client-go gives it back.
    let path = format!("{collection}/addon-operator-leader-election");
    let given_back = json!({"spec": {"holderIdentity": "", "leaseDurationSeconds": 1}});
    rest::merge(&replicas.client, &path, "go", &given_back).await;

    a.is_ready("Startup converge").await;
    let took = until_written(&replicas, "a").await;
    assert!(took < Duration::from_secs(10), "{took:?}");
    let lease = replicas.lease().await.unwrap();
    assert_eq!(lease["spec"]["holderIdentity"], json!(a.identity()));
    assert_eq!(lease["spec"]["leaseTransitions"], 8);
}

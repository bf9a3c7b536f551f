//! Leaders that are stopped, cut off, or doubled: two never write.

use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use serde_json::json;
use tokio::time::sleep;

use super::replicas::{PATIENCE, Replica, Replicas, send};
use crate::support::{eventually, private_server, rest};

/// A busy leader and a follower.
async fn busy(prefix: &str) -> Option<(Replicas, Replica, Replica)> {
    let replicas = Replicas::new(prefix).await?;
    let (mut a, mut b) = (replicas.replica("a", 2), replicas.replica("b", 3));
    a.lead().await;
    b.follow().await;
    Some((replicas, a, b))
}

/// A hook of the global ones that writes down when it runs, for ever.
fn beating(path: &std::path::Path) -> String {
    format!(
        "#!/bin/bash\nif [ \"$1\" = --config ]; then\n  echo '{{configVersion: v1, onStartup: 1}}'\n  exit\nfi\n\
         while true; do date +%s.%N >> {}; sleep 0.02; done\n",
        path.display()
    )
}

#[tokio::test]
async fn leader_that_is_stopped_is_ended_with_its_hooks_before_another_leads() {
    let Some(replicas) = Replicas::new("stopped").await else {
        return;
    };
    let (mut a, mut b) = (replicas.replica("a", 2), replicas.replica("b", 3));
    let beats = a.path("beats");
    a.modules
        .write("020-busy/values.yaml", "busyEnabled: true\n");
    a.modules
        .write_script("020-busy/hooks/busy", &beating(&beats));
    a.start();
    let runs = async || beats.exists().then_some(()).ok_or_else(|| a.log());
    eventually("the hook runs", PATIENCE, runs).await;
    b.follow().await;
    let (_pump, written) = (replicas.pump(Duration::from_millis(100)), replicas.follow());
    written.first("a").await;

    a.signal("STOP");
    let stopped = Instant::now();
    let led = written.first("b").await;

    // The hook was not stopped, and would have gone on.
    let last = std::fs::metadata(&beats).unwrap().modified().unwrap();
    let rest = last.elapsed().unwrap().saturating_sub(led.elapsed());
    assert!(
        rest > Duration::ZERO,
        "the hook lived when the other one wrote"
    );
    assert_eq!(a.ended().await, None, "its guard killed it");
    let took = led - stopped;
    eprintln!("takeover from a stopped leader: {took:?}; its hook was dead {rest:?} before");
    let expected = Duration::from_secs(12)..Duration::from_secs(25);
    assert!(expected.contains(&took), "{took:?}");
    assert_eq!(written.writers(), ["a", "b"]);
}

#[tokio::test]
async fn leader_that_wakes_when_another_leads_writes_nothing_and_ends() {
    let Some((replicas, mut a, _b)) = busy("stopped").await else {
        return;
    };
    let (_pump, written) = (replicas.pump(Duration::from_millis(20)), replicas.follow());
    written.first("a").await;

    // Its guard sleeps, too: nobody ends it, as in a container where it is process 1.
    let guard = a.guard();
    send("STOP", guard);
    a.signal("STOP");
    written.first("b").await;
    let before = written.count("b");
    a.signal("CONT");

    // It has hundreds of edits to catch up with.
    assert_eq!(a.ended().await, Some(0));
    send("CONT", guard);
    let goes_on = async || match written.count("b") {
        now if now > before + 50 => Ok(()),
        now => Err(format!("{before}, then {now}")),
    };
    eventually("the other one goes on", PATIENCE, goes_on).await;
    assert_eq!(written.writers(), ["a", "b"]);
    let log = a.log();
    assert!(log.contains("this replica leads no longer"), "{log}");
}

#[tokio::test]
async fn leader_that_is_stopped_again_and_again_for_a_while_goes_on_or_ends() {
    let Some((replicas, mut a, _b)) = busy("stopped").await else {
        return;
    };
    let (_pump, written) = (replicas.pump(Duration::from_millis(10)), replicas.follow());
    written.first("a").await;

    // Stopped at any point of what it does, for less than its leadership lasts.
    for round in 0..40_u64 {
        a.signal("STOP");
        sleep(Duration::from_millis(20 + round * 37 % 190)).await;
        a.signal("CONT");
        sleep(Duration::from_millis(10 + round * 53 % 170)).await;
    }

    let before = written.count("a");
    let goes_on = async || match written.count("a") {
        now if now > before => Ok(()),
        now => Err(now.to_string()),
    };
    eventually("it goes on", PATIENCE, goes_on).await;
    assert_eq!(written.writers(), ["a"]);
}

#[tokio::test]
async fn leader_without_an_api_server_ends_and_the_follower_leads_when_it_is_back() {
    let Some(mut server) = private_server().await else {
        return;
    };
    let port = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap().port()
    };
    let of = || (server.kubeconfig().to_owned(), "default".to_owned());
    let mut a = Replica::new(of(), "a", (Ipv4Addr::new(127, 0, 0, 2), port));
    let mut b = Replica::new(of(), "b", (Ipv4Addr::new(127, 0, 0, 3), port));
    a.lead().await;
    b.follow().await;

    server.stop_api_server().await.unwrap();
    let gone = Instant::now();
    assert_eq!(a.ended().await, Some(0));
    let ended = gone.elapsed();
    let most = Duration::from_secs(14);
    assert!(ended < most, "it wrote for {ended:?}");
    // As the kubelet does it.
    a.start();
    sleep(Duration::from_secs(5)).await;
    server.start_api_server().await.unwrap();

    let back = Instant::now();
    let client = crate::support::client(server.kubeconfig()).await;
    let who = eventually("somebody leads", PATIENCE, async || {
        let lease = super::replicas::lease(&client, "default").await;
        let holder = lease.map(|lease| lease["spec"]["holderIdentity"].clone());
        let path = "/api/v1/namespaces/default/configmaps/web";
        let web = rest::get(&client, path).await;
        let who = web.map(|web| web["data"]["who"].clone());
        match (holder, who) {
            (Some(holder), Some(who)) if holder == json!(b.identity()) && who == "b" => Ok("b"),
            // It may be faster than the one that waited.
            (Some(holder), _) if holder == json!(a.identity()) => Ok("a"),
            seen => Err(format!("{seen:?}")),
        }
    })
    .await;
    eprintln!(
        "API server gone: ended after {ended:?}; back: {who} leads after {:?}",
        back.elapsed()
    );
    server.stop().await.unwrap();
}

#[tokio::test]
async fn process_whose_name_another_one_takes_writes_nothing_more() {
    let Some((replicas, mut a, _b)) = busy("doubled").await else {
        return;
    };
    // The same pod, started twice: the Lease is its own.
    let twin = replicas.replica("a", 2);
    let mut command = twin.command();
    let command = command
        .env("ADDON_OPERATOR_LISTEN_PORT", "0")
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null());
    let mut process = command.spawn().unwrap();

    assert_eq!(a.ended().await, Some(0));

    let log = a.log();
    assert!(log.contains("another process with the same name"), "{log}");
    process.kill().unwrap();
    process.wait().unwrap();
    drop(twin);
}

//! An API server that has forgotten what was, or does not know yet what is.

use std::time::Instant;

use super::scene::Scene;
use super::{Deed, survived};
use crate::support::proxy::{Answer, Asked};

fn is_list(asked: &Asked) -> bool {
    asked.method == "GET" && asked.path.contains("limit=") && !asked.is_watch()
}

/// All watches end, and lists are answered as they were before: the server behind the new connection is
/// one that lags behind.
#[tokio::test]
async fn stale_lists_undo_nothing_and_what_follows_is_seen() {
    let Some(scene) = Scene::new("stale").await else {
        return;
    };
    scene.proxy.plan(|asked| {
        if is_list(asked) {
            Deed::PassAndRemember
        } else {
            Deed::Pass
        }
    });
    let mut operator = scene.start();
    operator.converged().await;
    scene.settled("0", "").await;
    scene.disturb("1", "one").await;
    scene.settled("1", "one").await;
    let web = scene.get("configmaps/web").await.unwrap();

    // Four watches that break make a list necessary; a list of the past is what comes.
    let end = Instant::now() + std::time::Duration::from_secs(5);
    scene.proxy.plan(move |asked| match asked {
        _ if Instant::now() > end => Deed::Pass,
        asked if asked.is_watch() => Deed::Answer(Answer::watch_error(410, "Expired")),
        asked if is_list(asked) => Deed::Repeat,
        _ => Deed::Pass,
    });
    scene.proxy.forget();
    scene.proxy.cut();
    scene
        .proxy
        .until("lists of the past", |noted| {
            noted.iter().filter(|noted| is_list(&noted.asked)).count() > 3
        })
        .await;
    tokio::time::sleep_until(end.into()).await;
    let asked = scene.proxy.noted().len();
    assert!(asked < 500, "{asked} requests in 5 s");
    let took = scene.recovered(&mut operator, end, ("1", "one")).await;
    let after = scene.get("configmaps/web").await.unwrap();
    assert_eq!(
        after["metadata"]["uid"], web["metadata"]["uid"],
        "it was never removed"
    );
    scene.disturb("2", "two").await;
    scene.recovered(&mut operator, end, ("2", "one two")).await;
    survived("lists as they were in the past for 5 s", took);
    operator.stop().await;
}

/// As after a compaction of etcd: as an answer, and within a watch.
#[tokio::test]
async fn watch_that_is_gone_begins_with_a_list_again() {
    let mut longest = std::time::Duration::ZERO;
    for answer in [
        Answer::refusal(410, "Expired"),
        Answer::watch_error(410, "Expired"),
    ] {
        let Some((scene, mut operator)) = Scene::running("expired").await else {
            return;
        };
        scene.proxy.forget();
        let seen = std::sync::Mutex::new(std::collections::BTreeSet::new());
        // Each watch once: what changed meanwhile is in the list alone.
        scene.proxy.plan(move |asked| {
            let path = asked
                .path
                .split("resourceVersion")
                .next()
                .unwrap()
                .to_owned();
            let is_first = asked.is_watch() && seen.lock().unwrap().insert(path);
            if is_first {
                Deed::Answer(answer.clone())
            } else {
                Deed::Pass
            }
        });
        scene.proxy.close();
        scene.disturb("1", "one").await;
        scene.proxy.open();
        let back = Instant::now();
        let took = scene.recovered(&mut operator, back, ("1", "one")).await;
        let gone = scene.proxy.noted();
        let gone = gone.iter().filter(|noted| noted.asked.is_watch()).count();
        assert!(gone > 3, "{gone}");
        longest = longest.max(took);
        operator.stop().await;
    }
    survived("410 Gone for every watch", longest);
}

/// A list in pages whose continuation expires between two of them.
#[tokio::test]
async fn list_whose_next_page_is_gone_begins_anew() {
    let Some(scene) = Scene::new("pages").await else {
        return;
    };
    for number in 0..130 {
        let name = format!("page-{number:03}");
        scene.add_seen(&name).await;
    }
    let expired = std::sync::atomic::AtomicUsize::new(0);
    let begun = Instant::now();
    scene.proxy.plan(move |asked| {
        let is_next = asked.path.contains("continue=");
        if is_next && expired.fetch_add(1, std::sync::atomic::Ordering::Relaxed) < 2 {
            Deed::Answer(Answer::refusal(410, "Expired"))
        } else {
            Deed::Pass
        }
    });
    let mut operator = scene.start();
    let names: Vec<String> = (0..130).map(|number| format!("page-{number:03}")).collect();
    operator.converged().await;
    let took = scene
        .recovered(&mut operator, begun, ("0", &names.join(" ")))
        .await;
    assert!(scene.proxy.count("GET", "continue=") > 2);
    survived("410 Gone between two pages of a list, twice", took);
    operator.stop().await;
}

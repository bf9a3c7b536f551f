//! An API server that is away, cut off or silent.

use std::time::{Duration, Instant};

use tokio::time::sleep;

use super::scene::Scene;
use super::survived;

#[tokio::test]
async fn server_that_is_away_at_the_start_is_waited_for() {
    let Some(scene) = Scene::new("away").await else {
        return;
    };
    scene.proxy.close();
    let mut operator = scene.start();
    // Longer than all tries of one call; then the start itself goes on trying.
    sleep(Duration::from_secs(8)).await;
    scene.proxy.open();
    let back = Instant::now();
    operator.converged().await;
    let took = scene.recovered(&mut operator, back, ("0", "")).await;
    survived("API server away at start", took);
    operator.stop().await;
}

/// A real minute: pauses of watches, of tasks and of connections all grow to their longest in it.
#[tokio::test]
async fn what_happened_while_the_server_was_gone_for_a_minute_is_caught_up_with() {
    let Some((scene, mut operator)) = Scene::running("gone").await else {
        return;
    };
    scene.proxy.close();
    sleep(Duration::from_secs(5)).await;
    scene.disturb("1", "one").await;
    sleep(Duration::from_secs(55)).await;
    scene.proxy.open();
    let took = scene
        .recovered(&mut operator, Instant::now(), ("1", "one"))
        .await;
    survived("API server gone for a minute", took);
    operator.stop().await;
}

#[tokio::test]
async fn outage_in_the_middle_of_an_apply_is_over_with_it() {
    let Some((scene, mut operator)) = Scene::running("middle").await else {
        return;
    };
    scene.proxy.forget();
    scene.proxy.plan(|asked| match asked.write {
        Some(2..) => super::Deed::Cut,
        _ => super::Deed::Pass,
    });
    scene.disturb("1", "one").await;
    scene
        .proxy
        .until("a second write", |noted| {
            noted.iter().any(|noted| noted.asked.write == Some(2))
        })
        .await;
    scene.proxy.close();
    sleep(Duration::from_secs(5)).await;
    scene.proxy.pass();
    scene.proxy.open();
    let took = scene
        .recovered(&mut operator, Instant::now(), ("1", "one"))
        .await;
    survived("API server gone in the middle of an apply", took);
    operator.stop().await;
}

#[tokio::test]
async fn every_watch_that_is_cut_is_opened_again_and_misses_nothing() {
    let Some((scene, mut operator)) = Scene::running("cut").await else {
        return;
    };
    let mut longest = Duration::ZERO;
    let mut names: Vec<String> = Vec::new();
    for round in 1..=4_u32 {
        let (number, name) = (round.to_string(), format!("at-{round}"));
        // The watches alone, and the connections with all that is under way.
        if round % 2 == 0 {
            scene.proxy.cut();
        } else {
            scene.proxy.cut_watches();
        }
        let cut = Instant::now();
        scene.disturb(&number, &name).await;
        names.push(name);
        let took = scene
            .recovered(&mut operator, cut, (&number, &names.join(" ")))
            .await;
        longest = longest.max(took);
    }
    survived("every watch cut, four times", longest);
    operator.stop().await;
}

/// As a machine that loses its power: nobody says that the connection is gone.
#[tokio::test]
async fn server_that_falls_silent_is_noticed() {
    let Some((scene, mut operator)) = Scene::running("silent").await else {
        return;
    };
    scene.proxy.be_silent(true);
    scene.disturb("1", "one").await;
    // Pings are sent after 15 s and awaited for 10 s: the old connections are given up by now.
    sleep(Duration::from_secs(30)).await;
    scene.proxy.cut();
    scene.proxy.be_silent(false);
    let took = scene
        .recovered(&mut operator, Instant::now(), ("1", "one"))
        .await;
    survived("API server silent for half a minute", took);
    operator.stop().await;
}

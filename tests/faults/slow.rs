//! An API server that takes its time.

use std::time::{Duration, Instant};

use super::scene::Scene;
use super::{Deed, survived};
use crate::support::proxy::Asked;

/// All comes to what is wanted while the server takes its time so, and after it.
async fn is_slow_but_right(
    name: &str,
    fault: &str,
    plan: impl Fn(&Asked) -> Deed + Send + Sync + 'static,
) {
    let Some(scene) = Scene::new(name).await else {
        return;
    };
    scene.proxy.plan(plan);
    let mut operator = scene.start();
    operator.converged().await;
    scene.settled("0", "").await;
    scene.disturb("1", "one").await;
    scene.settled("1", "one").await;
    scene.proxy.pass();
    let took = scene
        .recovered(&mut operator, Instant::now(), ("1", "one"))
        .await;
    survived(fault, took);
    operator.stop().await;
}

#[tokio::test]
async fn slow_server_makes_all_slow_and_nothing_wrong() {
    is_slow_but_right("slow", "every answer 0.7 s late", |asked| {
        if asked.is_watch() {
            Deed::Pass
        } else {
            Deed::PassAfter(Duration::from_millis(700))
        }
    })
    .await;
}

#[tokio::test]
async fn answers_that_trickle_in_are_read_to_their_end() {
    let fault = "every answer, watches too, in pieces of 512 bytes";
    is_slow_but_right("trickle", fault, |_| {
        Deed::PassSlowly(Duration::from_millis(3))
    })
    .await;
}

/// Nothing waits for ever: a call has a deadline, and its task comes again.
#[tokio::test]
async fn write_that_is_never_answered_is_given_up_and_made_again() {
    let Some((scene, mut operator)) = Scene::running("hang").await else {
        return;
    };
    scene.proxy.forget();
    scene.proxy.plan(|asked| match asked.write {
        Some(1) => Deed::Hang,
        Some(2) => Deed::PassAndHang,
        _ => Deed::Pass,
    });
    let begun = Instant::now();
    scene.disturb("1", "one").await;
    let took = scene.recovered(&mut operator, begun, ("1", "one")).await;
    survived("two writes never answered (from their begin)", took);
    operator.stop().await;
}

//! An API server that answers otherwise than it should, in the middle of an apply.

use std::time::{Duration, Instant};

use futures::future::join_all;

use super::scene::Scene;
use super::{Deed, survived};
use crate::support::proxy::Answer;

/// How long the server answers so.
const FAULT: Duration = Duration::from_secs(4);

/// What becomes of every write but the first of a round, for a while.
fn cases() -> Vec<(&'static str, Deed)> {
    let too_many = Answer::refusal(429, "TooManyRequests");
    let internal = Answer::refusal(500, "InternalError");
    let unavailable = Answer::refusal(503, "ServiceUnavailable");
    let timed_out = Answer::refusal(504, "Timeout");
    vec![
        ("429 without Retry-After", Deed::Answer(too_many)),
        (
            "500 in the middle of an apply",
            Deed::Answer(internal.clone()),
        ),
        ("500, yet carried out", Deed::PassAndAnswer(internal)),
        (
            "503 in the middle of an apply",
            Deed::Answer(unavailable.clone()),
        ),
        ("503, yet carried out", Deed::PassAndAnswer(unavailable)),
        (
            "503 of what stands before the server",
            Deed::Answer(Answer::gateway(503)),
        ),
        (
            "504 in the middle of an apply",
            Deed::Answer(Answer::gateway(504)),
        ),
        ("504, yet carried out", Deed::PassAndAnswer(timed_out)),
        ("connection cut by every write", Deed::Cut),
        ("connection cut after every write", Deed::PassAndCut),
        ("answers that break off", Deed::PassAndCutAfter(100)),
    ]
}

/// All at once, each with an operator of its own: they mostly wait.
#[tokio::test]
async fn wrong_answers_in_the_middle_of_an_apply_pass() {
    let survivals = cases()
        .into_iter()
        .map(|(fault, deed)| survives(fault, deed));
    join_all(survivals).await;
}

async fn survives(fault: &str, deed: Deed) {
    let Some((scene, mut operator)) = Scene::running("answer").await else {
        return;
    };
    let scene = scene.of(fault);
    scene.proxy.forget();
    let end = Instant::now() + FAULT;
    scene.proxy.plan(move |asked| match asked.write {
        Some(2..) if Instant::now() < end => deed.clone(),
        _ => Deed::Pass,
    });
    scene.disturb("1", "one").await;
    tokio::time::sleep_until(end.into()).await;
    let writes = scene.proxy.writes();
    let harmed = writes.iter().filter(|noted| noted.at < end).count();
    assert!(harmed > 1, "{fault}: {writes:#?}");
    let took = scene.recovered(&mut operator, end, ("1", "one")).await;
    survived(&format!("{fault}, for 4 s"), took);
    operator.stop().await;
}

#[tokio::test]
async fn server_that_says_when_to_come_again_is_not_asked_before() {
    let Some((scene, mut operator)) = Scene::running("later").await else {
        return;
    };
    scene.proxy.forget();
    scene.proxy.plan(|asked| match asked.write {
        Some(1) => Deed::Answer(Answer::refusal(429, "TooManyRequests").retry_after(3)),
        _ => Deed::Pass,
    });
    scene.edit("1").await;
    scene
        .proxy
        .until("the write is repeated", |noted| {
            let first = noted.iter().find(|noted| noted.asked.write == Some(1));
            first.is_some_and(|first| {
                let same = noted
                    .iter()
                    .filter(|noted| noted.asked.path == first.asked.path);
                same.filter(|noted| noted.asked.write.is_some()).count() > 1
            })
        })
        .await;
    let writes = scene.proxy.writes();
    let mut same = writes
        .iter()
        .filter(|noted| noted.asked.path == writes[0].asked.path);
    let (first, second) = (same.next().unwrap(), same.next().unwrap());
    let waited = second.at - first.at;
    assert!(waited >= Duration::from_millis(2950), "{waited:?}");
    let end = first.at + Duration::from_secs(3);
    let took = scene.recovered(&mut operator, end, ("1", "")).await;
    survived("429 with Retry-After: 3", took);
    operator.stop().await;
}

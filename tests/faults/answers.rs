//! An API server that answers otherwise than it should, in the middle of an apply.

use std::time::{Duration, Instant};

use super::scene::Scene;
use super::{Deed, survived};
use crate::support::proxy::Answer;

/// How long the server answers so.
const FAULT: Duration = Duration::from_secs(4);

/// Every write but the first of a round is answered so for a while; then all is as wanted.
async fn survives(fault: &str, deed: Deed) {
    let Some((scene, mut operator)) = Scene::running("answer").await else {
        return;
    };
    scene.proxy.forget();
    let end = Instant::now() + FAULT;
    scene.proxy.plan(move |asked| match asked.write {
        Some(2..) if Instant::now() < end => deed.clone(),
        _ => Deed::Pass,
    });
    scene.disturb("1", "one").await;
    tokio::time::sleep_until(end.into()).await;
    let harmed = scene
        .proxy
        .writes()
        .iter()
        .filter(|noted| noted.at < end)
        .count();
    assert!(harmed > 1, "{:#?}", scene.proxy.writes());
    let took = scene.recovered(&mut operator, end, ("1", "one")).await;
    survived(fault, took);
    operator.stop().await;
}

#[tokio::test]
async fn too_many_requests_are_made_later() {
    let refused = Answer::refusal(429, "TooManyRequests");
    survives("429 without Retry-After for 4 s", Deed::Answer(refused)).await;
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

#[tokio::test]
async fn internal_error_in_the_middle_of_an_apply_passes() {
    let refused = Answer::refusal(500, "InternalError");
    survives(
        "500 for 4 s in the middle of an apply",
        Deed::Answer(refused),
    )
    .await;
}

#[tokio::test]
async fn internal_error_after_the_write_was_carried_out_passes() {
    let refused = Answer::refusal(500, "InternalError");
    survives("500 for 4 s, yet carried out", Deed::PassAndAnswer(refused)).await;
}

#[tokio::test]
async fn unavailable_server_in_the_middle_of_an_apply_is_waited_for() {
    let refused = Answer::gateway(503);
    survives(
        "503 for 4 s in the middle of an apply",
        Deed::Answer(refused),
    )
    .await;
}

#[tokio::test]
async fn server_unavailable_after_the_write_was_carried_out_is_waited_for() {
    let refused = Answer::refusal(503, "ServiceUnavailable");
    survives("503 for 4 s, yet carried out", Deed::PassAndAnswer(refused)).await;
}

#[tokio::test]
async fn gateway_that_gives_up_in_the_middle_of_an_apply_is_asked_again() {
    survives(
        "504 for 4 s in the middle of an apply",
        Deed::Answer(Answer::gateway(504)),
    )
    .await;
}

#[tokio::test]
async fn gateway_that_gives_up_on_what_is_carried_out_is_asked_again() {
    let refused = Answer::refusal(504, "Timeout");
    survives("504 for 4 s, yet carried out", Deed::PassAndAnswer(refused)).await;
}

#[tokio::test]
async fn connections_cut_with_every_write_are_made_again() {
    survives("connection cut by every write for 4 s", Deed::Cut).await;
}

#[tokio::test]
async fn connections_cut_after_every_write_are_made_again() {
    survives("connection cut after every write for 4 s", Deed::PassAndCut).await;
}

#[tokio::test]
async fn answers_that_break_off_are_asked_for_again() {
    survives("answers broken off for 4 s", Deed::PassAndCutAfter(100)).await;
}

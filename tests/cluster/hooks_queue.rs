//! Queues of hooks: what runs beside what, and what waits for what.

use serde_json::Value;

use addon_operator::serve::ModuleState;

use super::hooks_life::{CHART, create_seen, seen};
use super::recorder::{Recorder, a_while};
use super::stage::{Stage, config_map};

/// Says when the run begins and ends, and takes a moment.
const SLOW: &str = "record(begin=1); time.sleep(0.3); record(end=1)";

/// How many of these runs were at work at once, at most. A hook is in the middle of its run between
/// `begin` and `end`.
fn at_once(recorder: &Recorder, hooks: &[&str]) -> i32 {
    let (mut now, mut most) = (0, 0);
    let all = recorder.all();
    let is_meant = |record: &&Value| hooks.iter().any(|hook| record["hook"] == *hook);
    for record in all.iter().filter(is_meant) {
        if record["begin"].is_number() {
            now += 1;
        } else if record["end"].is_number() {
            now -= 1;
        }
        most = most.max(now);
    }
    most
}

#[tokio::test]
async fn named_queue_runs_one_after_another_beside_the_main_queues() {
    let Some(stage) = Stage::with("named", CHART).await else {
        return;
    };
    let recorder = Recorder::new();
    stage.chart("db", &config_map("db", "x"));
    let named = seen(
        &stage,
        "queue: shared\n  executeHookOnSynchronization: false",
    );
    let wait = "record(begin=1); wait_for(FOLDER + '/go'); record(end=1)";
    stage.hook("web", "a.py", &recorder.hook("web-slow", &named, wait));
    stage.hook("db", "a.py", &recorder.hook("db-slow", &named, wait));
    let main = seen(&stage, "executeHookOnSynchronization: false");
    stage.hook("web", "b.py", &recorder.hook("web-main", &main, ""));
    stage.hook("db", "b.py", &recorder.hook("db-main", &main, ""));
    let operator = stage.run_well().await;
    create_seen(&stage, "one").await;
    recorder.sees("web-main seen Added one").await;
    recorder.sees("db-main seen Added one").await;
    let is_slow = |line: &&String| line.contains("slow");
    let one = |tale: &[String]| tale.iter().filter(is_slow).count() == 1;
    recorder.until("one of the two runs", one).await;
    a_while().await;
    assert!(one(&recorder.tale()), "{:?}", recorder.tale());
    recorder.open("go");
    recorder.sees("web-slow seen Added one").await;
    recorder.sees("db-slow seen Added one").await;
    let ended = |all: &[Value]| all.iter().filter(|record| record["end"] == 1).count() == 2;
    recorder.until("both end", |_| ended(&recorder.all())).await;
    assert_eq!(at_once(&recorder, &["web-slow", "db-slow"]), 1);
    operator.stop().await;
}

#[tokio::test]
async fn chart_waits_for_a_synchronization_in_a_named_queue() {
    let Some(stage) = Stage::with("sync", CHART).await else {
        return;
    };
    let recorder = Recorder::new();
    let body = "wait_for(FOLDER + '/go')\npatch('/web/own', 'from the queue')";
    let config = seen(&stage, "queue: slow");
    stage.hook("web", "a.py", &recorder.hook("a", &config, body));
    stage.hook("web", "b.py", &recorder.hook("b", "beforeHelm: 1", ""));
    stage.chart("other", &config_map("other", "x"));
    let body = "wait_for(FOLDER + '/later')";
    let config = seen(&stage, "queue: other\n  waitForSynchronization: false");
    stage.hook("other", "o.py", &recorder.hook("o", &config, body));
    let mut operator = stage.start();
    operator.module_is("other", ModuleState::Applied).await;
    recorder.sees("a seen Synchronization").await;
    a_while().await;
    assert!(stage.find("configmaps/web").await.is_none());
    assert_eq!(recorder.count("b beforeHelm"), 0);
    recorder.open("go");
    operator.module_is("web", ModuleState::Applied).await;
    let object = stage.get("configmaps/web").await;
    assert_eq!(object["data"]["own"], "from the queue");
    // What the Synchronization changed is in the first run.
    a_while().await;
    assert_eq!(recorder.count("b beforeHelm"), 1);
    recorder.open("later");
    operator.stop().await;
}

#[tokio::test]
async fn hooks_of_main_queues_share_a_limit() {
    let Some(stage) = Stage::with("limit", CHART).await else {
        return;
    };
    let recorder = Recorder::new();
    for module in ["web", "one", "two"] {
        stage.chart(module, &config_map(module, "x"));
        let script = recorder.hook(module, "beforeHelm: 1", SLOW);
        stage.hook(module, "a.py", &script);
    }
    let named = "schedule: [{name: tick, crontab: '* * * * * *', queue: own}]";
    let body = "record(begin=1); wait_for(FOLDER + '/go')";
    stage.hook("one", "n.py", &recorder.hook("named", named, body));
    let main = seen(&stage, "executeHookOnSynchronization: false");
    stage.hook("two", "m.py", &recorder.hook("main", &main, ""));
    let mut operator = stage.start_with(|settings| settings.limits.hook_processes = 1);
    operator.converged().await;
    assert_eq!(at_once(&recorder, &["web", "one", "two"]), 1);
    // Named queues do not count.
    recorder.sees("named tick Schedule").await;
    create_seen(&stage, "event").await;
    recorder.sees("main seen Added event").await;
    recorder.open("go");
    operator.stop().await;
}

//! What follows from what: facts are played to a house without a cluster, and what it starts is
//! compared.

mod calls;
mod follow;
mod laws;
mod model;
mod play;
mod standalone;

use std::time::Duration;

use play::{GLOBAL, Play, key, name};

use crate::queue::QueueName;
use crate::schedule::Crontab;
use crate::serve::ModuleState;

const PODS: &str = "kubernetes: [{name: pods, kind: Pod}]";
const QUEUED: &str = "kubernetes: [{name: pods, kind: Pod, queue: slow}]";
const EVERY: &str = "schedule: [{name: tick, crontab: '* * * * * *'}]";

/// One module `web` with these hooks, not begun.
fn web(hooks: &[(&str, &str)]) -> Play {
    let mut play = Play::new();
    play.module("web", 10, true);
    play.hooks("web", hooks);
    play
}

fn named(queue: &str) -> QueueName {
    QueueName::Named(queue.to_owned())
}

fn fire(play: &mut Play) {
    let now = play.now;
    let crontabs: Vec<Crontab> = play.house.crontabs().into_iter().collect();
    play.house.take_schedule(&crontabs, now);
}

#[test]
fn steps_of_a_module_have_their_order() {
    let all = format!("onStartup: 1\nbeforeHelm: 2\nafterHelm: 2\n{PODS}");
    let mut play = web(&[
        ("b", &all),
        ("a", "onStartup: 5\nbeforeHelm: 1\nafterHelm: 3"),
    ]);
    play.discover();
    play.settle();
    assert_eq!(
        play.tale(),
        [
            "global read",
            "decide",
            "web read",
            "web b: onStartup",
            "web a: onStartup",
            "web b: all pods",
            "web a: beforeHelm",
            "web b: beforeHelm",
            "web run",
            "web b: afterHelm",
            "web a: afterHelm",
        ]
    );
    assert_eq!(play.state("web"), ModuleState::Applied);
}

#[test]
fn steps_of_converge_have_their_order() {
    let mut play = web(&[("w", "afterHelm: 1")]);
    let all = format!("onStartup: 1\nbeforeAll: 2\nafterAll: 2\n{PODS}");
    play.hooks(GLOBAL, &[("b", &all), ("a", "beforeAll: 1\nafterAll: 1")]);
    play.discover();
    play.settle();
    assert_eq!(
        play.tale(),
        [
            "global read",
            "global b: onStartup",
            "global b: all pods",
            "global a: beforeAll",
            "global b: beforeAll",
            "decide",
            "web read",
            "web run",
            "web w: afterHelm",
            "global a: afterAll",
            "global b: afterAll",
        ]
    );
}

#[test]
fn steps_of_a_deletion_have_their_order_and_the_next_start_is_anew() {
    let all = format!("onStartup: 1\nbeforeDeleteHelm: 1\nafterDeleteHelm: 1\n{PODS}");
    let mut play = web(&[("a", &all)]);
    play.patch("a", r#"{"op":"add","path":"/web/x","value":1}"#);
    play.open();
    let before = play.monitor("web", "a");
    play.module("web", 10, false);
    play.discover();
    play.settle();
    assert_eq!(
        play.tale(),
        [
            "decide",
            "web a: beforeDeleteHelm",
            "web delete",
            "web a: afterDeleteHelm",
        ]
    );
    assert!(play.house.monitors().is_empty());
    assert_eq!(play.state("web"), ModuleState::Disabled);

    play.module("web", 10, true);
    play.discover();
    play.settle();
    assert_eq!(
        play.tale(),
        [
            "decide",
            "web read",
            "web a: onStartup",
            "web a: all pods",
            "web run"
        ]
    );
    assert_ne!(play.monitor("web", "a"), before);
    let patched = play.house.residents[&name("web")].store.as_ref().unwrap();
    assert_eq!(*patched.snapshot().values, serde_json::json!({}));
}

#[test]
fn failed_step_is_repeated_with_what_prepares_the_work() {
    for (failing, again) in [
        (
            "start",
            vec![
                "web start: onStartup",
                "web one: beforeHelm",
                "web two: beforeHelm",
                "web run",
                "web post: afterHelm",
            ],
        ),
        (
            "two",
            vec![
                "web one: beforeHelm",
                "web two: beforeHelm",
                "web run",
                "web post: afterHelm",
            ],
        ),
        (
            "post",
            vec![
                "web one: beforeHelm",
                "web two: beforeHelm",
                "web run",
                "web post: afterHelm",
            ],
        ),
    ] {
        let mut play = web(&[
            ("one", "beforeHelm: 1"),
            ("post", "afterHelm: 1"),
            ("start", "onStartup: 1"),
            ("two", "beforeHelm: 2"),
        ]);
        play.failing.insert(failing.to_owned());
        play.open();
        assert_eq!(play.state("web"), ModuleState::Failed, "{failing}");
        assert!(play.row("web").message.contains(failing), "{failing}");
        play.failing.clear();
        play.pass(Duration::from_secs(1));
        play.settle();
        assert_eq!(play.tale(), again, "{failing}");
    }
}

#[test]
fn values_changed_after_the_work_are_one_more_run() {
    let mut play = web(&[("a", "afterHelm: 1")]);
    play.patch("a", r#"{"op":"add","path":"/web/x","value":1}"#);
    play.patch("a", r#"{"op":"add","path":"/web/x","value":1}"#);
    play.discover();
    play.settle();
    let tale = play.tale();
    let twice = ["web run", "web a: afterHelm", "web run", "web a: afterHelm"];
    assert_eq!(tale[3..], twice);
}

#[test]
fn hook_that_changes_values_after_every_run_is_slowed() {
    let mut play = web(&[("a", "afterHelm: 1")]);
    for number in 0..100 {
        let patch = format!(r#"{{"op":"add","path":"/web/x","value":{number}}}"#);
        play.patch("a", &patch);
    }
    play.open();
    assert_eq!(play.patches["a"].len(), 95);
    let wake = play.house.wake_at().unwrap();
    assert_eq!(wake - play.now, Duration::from_secs(10));
    play.pass(Duration::from_secs(10));
    play.settle();
    assert_eq!(play.patches["a"].len(), 94);
}

#[test]
fn events_before_the_synchronization_are_held() {
    let mut play = web(&[("a", &format!("{PODS}\nonStartup: 1"))]);
    play.failing.insert("a".to_owned());
    play.open();
    // Seen by the snapshot.
    play.event("web", "a");
    play.failing.clear();
    play.pass(Duration::from_secs(1));
    while play.tale().last().map(String::as_str) != Some("web a: all pods") {
        play.start();
        if play.running.iter().all(|running| !matches!(&running.job.work, super::Work::Hook(call) if !call.monitors.is_empty() && call.contexts[0].binding == "pods")) {
            play.end(0);
        }
    }
    // After the snapshot, while the hook runs.
    play.event("web", "a");
    play.settle();
    assert_eq!(play.tale(), ["web run", "web a: pods 2"]);
}

#[test]
fn event_that_the_snapshot_held_is_not_told_when_it_comes_late() {
    let mut play = web(&[("a", PODS)]);
    play.lists = false;
    play.open();
    play.list();
    let monitor = play.monitor("web", "a");
    play.emit(monitor);
    play.settle();
    play.deliver();
    play.settle();
    assert_eq!(play.tale(), ["web a: all pods", "web run"]);
}

#[test]
fn module_waits_until_its_bindings_are_listed() {
    let mut play = web(&[("a", PODS)]);
    play.lists = false;
    play.open();
    assert_eq!(play.state("web"), ModuleState::Running);
    assert!(!play.house.is_converged());
    play.list();
    play.settle();
    assert_eq!(play.tale(), ["web a: all pods", "web run"]);
    assert!(play.house.is_converged());
}

#[test]
fn kind_that_comes_late_is_synchronized_then() {
    let mut play = web(&[("a", PODS)]);
    play.lists = false;
    play.discover();
    play.settle();
    let trouble = crate::watch::Trouble::Unserved {
        message: "there is no kind Pod".to_owned(),
    };
    let monitor = play.monitor("web", "a");
    let news = crate::watch::News::Trouble { monitor, trouble };
    play.house
        .take_news(news, (play.now, jiff::Timestamp::UNIX_EPOCH));
    play.tale();
    play.settle();
    assert_eq!(play.tale(), ["web run"], "it is not waited for");
    play.list();
    play.settle();
    assert_eq!(play.tale(), ["web a: all pods"]);
    play.event("web", "a");
    play.settle();
    assert_eq!(play.tale(), ["web a: pods 1"]);
}

#[test]
fn chart_waits_for_synchronizations_in_named_queues() {
    for (waits, expected) in [
        ("", vec!["web a: all pods", "web run"]),
        (
            ", waitForSynchronization: false",
            vec!["web run", "web a: all pods"],
        ),
    ] {
        let config = format!("kubernetes: [{{name: pods, kind: Pod, queue: slow{waits}}}]");
        let mut play = web(&[("a", &config)]);
        play.discover();
        loop {
            play.start();
            let other = |running: &play::Running| running.job.queue != named("slow");
            let Some(index) = play.running.iter().position(other) else {
                break;
            };
            play.end(index);
        }
        let is_there = play.story.iter().any(|line| line == "web run");
        assert_eq!(is_there, !waits.is_empty());
        play.settle();
        let mut tale = play.tale();
        tale.retain(|line| expected.contains(&line.as_str()));
        tale.sort();
        let mut expected = expected;
        expected.sort_unstable();
        assert_eq!(tale, expected, "each once");
    }
}

#[test]
fn values_of_a_synchronization_are_in_the_first_run() {
    for config in [PODS, QUEUED] {
        let mut play = web(&[("a", config)]);
        play.patch("a", r#"{"op":"add","path":"/web/x","value":1}"#);
        play.discover();
        play.settle();
        let tale = play.tale();
        assert_eq!(tale[3..], ["web a: all pods", "web run"], "{config}");
    }
}

#[test]
fn values_changed_by_an_event_are_a_run() {
    let mut play = web(&[("a", PODS)]);
    play.open();
    for (value, expected) in [
        (1, vec!["web a: pods 1", "web run"]),
        (1, vec!["web a: pods 2"]),
        (2, vec!["web a: pods 3", "web run"]),
    ] {
        play.patch(
            "a",
            &format!(r#"{{"op":"add","path":"/web/x","value":{value}}}"#),
        );
        play.event("web", "a");
        play.settle();
        assert_eq!(play.tale(), expected);
    }
}

#[test]
fn global_values_changed_by_an_event_are_a_converge() {
    let mut play = web(&[("w", "beforeHelm: 1")]);
    play.hooks(GLOBAL, &[("g", PODS)]);
    play.open();
    play.patch("g", r#"{"op":"add","path":"/global/x","value":1}"#);
    play.event(GLOBAL, "g");
    play.settle();
    assert_eq!(
        play.tale(),
        ["global g: pods 1", "decide", "web w: beforeHelm", "web run"]
    );
}

#[test]
fn global_hook_switches_modules() {
    let mut play = web(&[("w", "afterDeleteHelm: 1\nbeforeHelm: 1")]);
    play.hooks(GLOBAL, &[("g", PODS)]);
    play.open();
    for (patch, expected) in [
        (
            r#"{"op":"add","path":"/webEnabled","value":false}"#,
            vec![
                "global g: pods 1",
                "decide",
                "web delete",
                "web w: afterDeleteHelm",
            ],
        ),
        (
            r#"{"op":"add","path":"/webEnabled","value":true}"#,
            vec![
                "global g: pods 2",
                "decide",
                "web read",
                "web w: beforeHelm",
                "web run",
            ],
        ),
    ] {
        play.patch("g", patch);
        play.event(GLOBAL, "g");
        play.settle();
        assert_eq!(play.tale(), expected);
    }
}

#[test]
fn what_is_told_to_one_hook_in_one_queue_is_one_run() {
    let both = "kubernetes: [{name: pods, kind: Pod}, {name: slow, kind: Pod, queue: slow}]";
    let mut play = web(&[("a", both), ("b", PODS)]);
    play.module("db", 10, true);
    play.hooks("db", &[("a", both)]);
    play.open();
    let slow = |module: &str, play: &Play| {
        play.house
            .set(Some(&name(module)))
            .unwrap()
            .monitors_of("a")[1]
    };
    let (web_slow, db_slow) = (slow("web", &play), slow("db", &play));
    for _ in 0..2 {
        play.event("web", "a");
    }
    play.event("web", "b");
    play.event("web", "a");
    play.event("db", "a");
    for monitor in [web_slow, web_slow, db_slow] {
        play.emit(monitor);
    }
    play.deliver();
    play.settle();
    let mut tale = play.tale();
    tale.sort();
    assert_eq!(
        tale,
        [
            "db a: pods 5",
            "db a: slow 8",
            "web a: pods 1, pods 2",
            "web a: pods 4",
            "web a: slow 6, slow 7",
            "web b: pods 3",
        ]
    );
}

#[test]
fn events_of_the_first_form_are_never_combined() {
    let first = "onKubernetesEvent: [{name: pods, kind: pod, event: [add, update, delete]}]";
    let mut play = web(&[("a", first), ("b", PODS)]);
    play.open();
    for _ in 0..150 {
        play.event("web", "a");
    }
    play.settle();
    let expected: Vec<String> = (1..=150)
        .map(|event| format!("web a: pods {event}"))
        .collect();
    assert_eq!(play.tale(), expected);
}

#[test]
fn overlong_queue_is_compacted_without_loss() {
    let mut play = web(&[("a", PODS), ("b", PODS)]);
    play.open();
    for _ in 0..5_000 {
        play.event("web", "a");
        play.event("web", "b");
    }
    let queue = "module/web".to_owned();
    assert_eq!(play.waiting(), [(queue, 101)]);
    play.settle();
    assert_eq!(play.told.len(), 10_000);
}

#[test]
fn named_queue_is_shared_and_main_queues_go_on() {
    let config = format!("{QUEUED}\n{EVERY}");
    let mut play = web(&[("a", &config)]);
    play.module("db", 10, true);
    play.hooks("db", &[("a", &config)]);
    play.open();
    play.event("web", "a");
    play.event("db", "a");
    fire(&mut play);
    play.start();
    let mut tale = play.tale();
    tale.sort();
    assert_eq!(
        tale,
        [
            "db a: schedule tick",
            "web a: pods 1",
            "web a: schedule tick"
        ]
    );
    play.end_in(&named("slow"));
    play.start();
    assert_eq!(play.tale(), ["db a: pods 2"]);
}

#[test]
fn schedules_fire_after_the_first_converge() {
    let mut play = web(&[("a", EVERY)]);
    play.module("db", 20, true);
    play.hooks("db", &[("fails", "beforeHelm: 1")]);
    play.discover();
    while !play.house.is_converged() {
        assert!(play.house.crontabs().is_empty());
        play.start();
        play.end(0);
    }
    play.settle();
    play.tale();
    assert_eq!(play.house.crontabs().len(), 1);
    fire(&mut play);
    play.settle();
    assert_eq!(play.tale(), ["web a: schedule tick"]);
}

#[test]
fn hook_runs_no_faster_than_its_settings_say() {
    let limits = "settings: {executionMinInterval: 3s, executionBurst: 2}";
    let mut play = web(&[("a", &format!("{limits}\n{PODS}")), ("b", PODS)]);
    play.open();
    play.pass(Duration::from_mins(1));
    for expected in [vec!["web a: pods 1"], vec!["web a: pods 2"], vec![]] {
        play.event("web", "a");
        play.settle();
        assert_eq!(play.tale(), expected);
    }
    assert_eq!(
        play.house.wake_at().unwrap() - play.now,
        Duration::from_secs(3)
    );
    play.event("web", "a");
    play.pass(Duration::from_secs(3));
    play.settle();
    assert_eq!(play.tale(), ["web a: pods 3, pods 4"]);
}

#[test]
fn module_that_is_switched_off_gives_up_its_chain() {
    let hooks = [
        ("a", "beforeHelm: 1"),
        ("b", "beforeHelm: 2\nafterDeleteHelm: 1\nonStartup: 1"),
    ];
    let mut play = web(&hooks);
    play.discover();
    while play.story.last().map(String::as_str) != Some("web a: beforeHelm") {
        play.start();
        if play.story.last().map(String::as_str) != Some("web a: beforeHelm") {
            play.end(0);
        }
    }
    play.module("web", 10, false);
    play.discover();
    play.tale();
    play.start();
    play.end_in(&QueueName::Main);
    play.settle();
    let tale = play.tale();
    assert_eq!(tale, ["decide", "web delete", "web b: afterDeleteHelm"]);
    play.module("web", 10, true);
    play.discover();
    play.settle();
    let tale = play.tale();
    assert_eq!(
        tale,
        [
            "decide",
            "web read",
            "web b: onStartup",
            "web a: beforeHelm",
            "web b: beforeHelm",
            "web run"
        ]
    );
}

#[test]
fn chain_that_was_given_up_in_its_back_off_begins_anew() {
    let mut play = web(&[("a", "beforeHelm: 1"), ("b", "beforeHelm: 2")]);
    play.failing.insert("b".to_owned());
    play.open();
    for enabled in [false, true] {
        play.module("web", 10, enabled);
        play.discover();
        play.settle();
    }
    let tale = play.tale();
    let expected = [
        "decide",
        "decide",
        "web read",
        "web a: beforeHelm",
        "web b: beforeHelm",
    ];
    assert_eq!(tale, expected);
}

#[test]
fn delete_hooks_run_once_while_others_converge() {
    let mut play = web(&[("a", "beforeDeleteHelm: 1\nonStartup: 1")]);
    play.open();
    play.module("web", 10, false);
    play.discover();
    while play.story.last().map(String::as_str) != Some("web a: beforeDeleteHelm") {
        play.start();
        if play.story.last().map(String::as_str) == Some("decide") {
            play.end(0);
        }
    }
    play.module("db", 10, true);
    play.discover();
    play.settle();
    let of_web = play
        .tale()
        .into_iter()
        .filter(|line| line.starts_with("web"));
    let of_web: Vec<String> = of_web.collect();
    assert_eq!(of_web, ["web a: beforeDeleteHelm", "web delete"]);
}

#[test]
fn run_that_outlives_its_module_changes_nothing() {
    let mut play = web(&[("a", QUEUED)]);
    play.open();
    play.patch("a", r#"{"op":"add","path":"/web/x","value":1}"#);
    play.event("web", "a");
    play.start();
    for enabled in [false, true] {
        play.module("web", 10, enabled);
        play.discover();
        loop {
            play.start();
            let other = |running: &play::Running| running.job.queue != named("slow");
            let Some(index) = play.running.iter().position(other) else {
                break;
            };
            play.end(index);
        }
    }
    play.settle();
    let store = play.house.residents[&name("web")].store.as_ref().unwrap();
    assert_eq!(*store.snapshot().values, serde_json::json!({}));
    assert_eq!(store.scope(), &key("web"));
}

#[test]
fn hooks_that_stay_equal_keep_what_they_have() {
    let startup = format!("onStartup: 1\n{PODS}");
    let mut play = web(&[("a", &startup), ("b", &startup), ("c", EVERY)]);
    play.open();
    let before = play.monitor("web", "a");
    let changed = format!("onStartup: 2\n{PODS}");
    play.hooks(
        "web",
        &[("a", &startup), ("b", &changed), ("d", "beforeHelm: 1")],
    );
    play.discover();
    play.settle();
    assert_eq!(
        play.tale(),
        [
            "decide",
            "web read",
            "web b: onStartup",
            "web b: all pods",
            "web d: beforeHelm",
            "web run"
        ]
    );
    assert_eq!(play.monitor("web", "a"), before);
    assert!(play.house.crontabs().is_empty());
}

#[test]
fn global_hooks_that_change_take_effect() {
    let mut play = Play::new();
    play.module("web", 10, true);
    play.hooks(GLOBAL, &[("a", "onStartup: 1"), ("b", EVERY)]);
    play.open();
    play.hooks(
        GLOBAL,
        &[("a", "onStartup: 1"), ("c", "onStartup: 1\nafterAll: 1")],
    );
    play.discover();
    play.settle();
    assert_eq!(
        play.tale(),
        [
            "global read",
            "global c: onStartup",
            "decide",
            "web run",
            "global c: afterAll"
        ]
    );
    assert!(play.house.crontabs().is_empty());
}

#[test]
fn hook_that_was_mended_is_read_again_although_its_task_backs_off() {
    let mut play = web(&[("a", "beforeHelm: 1")]);
    play.failing.insert("a".to_owned());
    play.open();
    play.hooks("web", &[("b", "beforeHelm: 1")]);
    play.discover();
    play.settle();
    assert_eq!(
        play.tale(),
        ["decide", "web read", "web b: beforeHelm", "web run"]
    );
}

#[test]
fn hook_that_was_mended_is_read_again_although_its_module_waits_for_it() {
    let mut play = web(&[("a", QUEUED)]);
    play.failing.insert("a".to_owned());
    play.open();
    assert_eq!(play.state("web"), ModuleState::Running);
    play.hooks("web", &[("b", "beforeHelm: 1")]);
    play.discover();
    play.settle();
    let tale = play.tale();
    assert!(tale.contains(&"web b: beforeHelm".to_owned()), "{tale:?}");
    assert_eq!(play.state("web"), ModuleState::Applied);
    play.settle_wholly();
    assert!(play.tale().is_empty(), "the old run is not repeated");
}

#[test]
fn failure_that_is_allowed_goes_on() {
    let allowed = "kubernetes: [{name: pods, kind: Pod, allowFailure: true}]";
    let mut play = web(&[("a", allowed)]);
    play.failing.insert("a".to_owned());
    play.open();
    assert_eq!(play.state("web"), ModuleState::Applied);
    play.event("web", "a");
    play.settle();
    assert_eq!(play.tale(), ["web a: pods 1"]);
    assert!(play.waiting().is_empty());
}

#[test]
fn hooks_after_converge_run_once_more_when_the_last_failure_has_recovered() {
    let mut play = web(&[("a", "beforeHelm: 1")]);
    play.module("db", 10, true);
    play.hooks("db", &[("b", "beforeHelm: 1")]);
    play.hooks(GLOBAL, &[("g", "afterAll: 1")]);
    play.failing.extend(["a".to_owned(), "b".to_owned()]);
    play.discover();
    play.settle();
    let count = |play: &mut Play| {
        let tale = play.tale();
        tale.iter()
            .filter(|line| *line == "global g: afterAll")
            .count()
    };
    assert_eq!(count(&mut play), 1);
    for (mended, expected) in [("a", 0), ("b", 1)] {
        play.failing.remove(mended);
        play.pass(Duration::from_secs(40));
        play.settle();
        assert_eq!(count(&mut play), expected, "{mended}");
    }
}

#[test]
fn values_changed_after_all_are_one_more_converge_although_a_hook_failed() {
    let mut play = Play::new();
    play.module("web", 10, true);
    play.hooks(GLOBAL, &[("a", "afterAll: 1"), ("b", "afterAll: 2")]);
    play.patch("a", r#"{"op":"add","path":"/global/x","value":1}"#);
    play.failing.insert("b".to_owned());
    play.open();
    play.failing.clear();
    play.pass(Duration::from_secs(1));
    play.settle();
    assert_eq!(
        play.tale(),
        [
            "global b: afterAll",
            "decide",
            "web run",
            "global a: afterAll",
            "global b: afterAll"
        ]
    );
}

//! A replica that follows, and what it begins with when it leads.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::super::Notice;
use super::play::{GLOBAL, Play};
use super::{EVERY, PODS};
use crate::serve::{ModuleState, Query, Refusal};
use crate::watch::MonitorId;

/// What the leader says of a module.
fn object(module: &str, enabled: bool) -> Value {
    let state = if enabled { "Applied" } else { "Disabled" };
    let is_enabled = if enabled { "True" } else { "False" };
    json!({
        "metadata": {"name": module},
        "status": {
            "state": state,
            "conditions": [{"type": "Enabled", "status": is_enabled, "reason": "Decided", "lastTransitionTime": "x"}],
        },
    })
}

fn sees(play: &mut Play, module: &str, enabled: bool) {
    play.house
        .take_module_object(module, Some(&object(module, enabled)));
}

/// A follower of a leader that has enabled `web` and not `off`; all of them have hooks.
fn follower() -> Play {
    let all = format!("onStartup: 1\nbeforeDeleteHelm: 1\n{PODS}\n{EVERY}");
    let mut play = Play::following();
    play.module("web", 10, true);
    play.module("off", 20, true);
    for place in [GLOBAL, "web", "off"] {
        let all = if place == GLOBAL {
            format!("onStartup: 1\n{PODS}")
        } else {
            all.clone()
        };
        play.hooks(place, &[("a", &all)]);
    }
    play.discover();
    sees(&mut play, "web", true);
    sees(&mut play, "off", false);
    play
}

fn monitors(play: &Play) -> Vec<MonitorId> {
    play.house
        .monitors()
        .iter()
        .map(|monitor| monitor.id)
        .collect()
}

#[test]
fn follower_reads_hooks_of_what_the_leader_has_enabled_and_starts_nothing() {
    let mut play = follower();
    assert!(!play.house.is_prepared());
    play.settle();
    assert_eq!(play.tale(), ["global read", "web read"]);
    play.settle();
    assert!(play.house.is_prepared());
    assert_eq!(monitors(&play).len(), 2, "they are watched");
    assert!(play.house.crontabs().is_empty());

    play.event("web", "a");
    play.discover();
    play.settle_wholly();
    assert_eq!(play.tale(), Vec::<String>::new());
    assert_eq!(play.state("web"), ModuleState::Applied);
    assert_eq!(play.state("off"), ModuleState::Disabled);
}

#[test]
fn follower_tells_and_writes_nothing() {
    let mut play = follower();
    play.module("web", 30, true);
    play.house.take_config(
        Some(&[("web".to_owned(), "not: [usable".to_owned())].into()),
        &[],
        Timestamp::UNIX_EPOCH,
    );
    let told = |play: &mut Play| {
        let notices = play.house.take_notices().into_iter();
        let told = notices.filter(|notice| !matches!(notice, Notice::Count(_)));
        told.map(|notice| format!("{notice:?}")).collect::<Vec<_>>()
    };
    assert_eq!(told(&mut play), Vec::<String>::new());
    play.settle();
    play.discover();
    assert_eq!(told(&mut play), Vec::<String>::new());
}

#[test]
fn one_that_begins_to_lead_does_not_read_again_and_is_told_all_anew() {
    let mut play = follower();
    play.settle();
    play.settle();
    let watched = monitors(&play);
    // What happens now is in the snapshot of the first run.
    play.event("web", "a");
    let seen = play.sequence;
    play.tale();

    play.lead();
    assert_eq!(monitors(&play), watched, "what is watched stays watched");
    play.settle_wholly();

    assert_eq!(
        play.tale(),
        [
            "global a: onStartup",
            "global a: all pods",
            "decide",
            "web a: onStartup",
            "web a: all pods",
            "web run",
            "off read",
            "off a: onStartup",
            "off a: all pods",
            "off run",
        ]
    );
    let monitor = play.monitor("web", "a");
    assert_eq!(play.synchronized[&monitor], [seen]);
    play.event("web", "a");
    play.settle();
    assert_eq!(play.tale(), [format!("web a: pods {}", seen + 1)]);
}

#[test]
fn hooks_that_were_read_for_nothing_go_without_a_run() {
    let mut play = follower();
    play.settle();
    // What the leader had enabled is not to be there any more.
    play.module("web", 10, false);
    play.module("off", 20, false);
    play.tale();

    play.lead();
    play.settle_wholly();

    assert_eq!(
        play.tale(),
        ["global a: onStartup", "global a: all pods", "decide"]
    );
    assert_eq!(monitors(&play).len(), 1, "of the global hook");
    assert_eq!(play.state("web"), ModuleState::Disabled);
}

#[test]
fn hooks_go_and_come_as_the_leader_says() {
    let mut play = follower();
    play.settle();
    sees(&mut play, "web", false);
    play.settle();
    assert_eq!(monitors(&play).len(), 1);
    sees(&mut play, "off", true);
    play.tale();
    play.settle();
    assert_eq!(play.tale(), ["off read"]);
    play.house.take_module_object("off", None);
    play.settle();
    assert_eq!(monitors(&play).len(), 1);
}

#[test]
fn hooks_that_changed_are_read_again() {
    let mut play = follower();
    play.settle();
    play.tale();
    play.hooks("web", &[("b", PODS)]);
    play.discover();
    play.settle();
    assert_eq!(play.tale(), ["web read"]);
    play.lead();
    play.settle_wholly();
    assert!(!play.tale().contains(&"web read".to_owned()));
}

#[test]
fn questions_that_only_the_leader_can_answer_are_not_answered() {
    let mut play = follower();
    play.house.set_leader("ao-1.10-0-0-1.ops.pod");
    let now = play.now;
    let module = || "web".to_owned();
    for query in [
        Query::GlobalValues,
        Query::ModulePatches { module: module() },
        Query::ModulePurge { module: module() },
    ] {
        let answer = play.house.answer(&query, now);
        let expected = "this replica follows; ask the one that leads: ao-1.10-0-0-1.ops.pod";
        assert_eq!(answer, Some(Err(Refusal::Failed(expected.to_owned()))));
    }
    let list = play.house.answer(&Query::ModuleList, now).unwrap().unwrap();
    let notes = list["notes"][0].as_str().unwrap();
    assert!(
        notes.starts_with("this replica follows; ao-1.10-0-0-1.ops.pod leads"),
        "{notes}"
    );
    play.lead();
    assert!(matches!(
        play.house.answer(&Query::GlobalValues, now),
        Some(Ok(_))
    ));
    assert!(play.house.module_list().notes.is_empty());
}

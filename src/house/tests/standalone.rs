//! A shell-operator is played.

use std::time::{Duration, Instant};

use jiff::Timestamp;

use super::play::{GLOBAL, Play};
use super::{EVERY, PODS, fire};
use crate::serve::Query;
use crate::watch::{News, Trouble};

fn shell(hooks: &[(&str, &str)]) -> Play {
    let mut play = Play::standalone();
    play.hooks(GLOBAL, hooks);
    play
}

fn ask(play: &mut Play, query: &Query) -> serde_json::Value {
    play.house.answer(query, Instant::now()).unwrap().unwrap()
}

#[test]
fn steps_have_the_order_of_the_original() {
    let both = "kubernetes: [{name: pods, kind: Pod}, {name: nodes, kind: Node}]";
    let grouped = "kubernetes: [{name: x, kind: Pod, group: g}, {name: y, kind: Node}, {name: z, kind: Pod, group: g}]";
    let mut play = shell(&[
        ("a", &format!("onStartup: 20\n{both}")),
        ("b", &format!("onStartup: 10\n{EVERY}")),
        ("c", grouped),
    ]);
    play.discover();
    play.settle();
    assert_eq!(
        play.tale(),
        [
            "global read",
            "global b: onStartup",
            "global a: onStartup",
            // One at a time, since a hook may look at the first alone; a group is one.
            "global a: all pods",
            "global a: all nodes",
            "global c: all x, all z",
            "global c: all y",
            "decide",
        ]
    );
    assert!(play.house.is_converged());
    fire(&mut play);
    play.event(GLOBAL, "a");
    play.settle();
    assert_eq!(play.tale(), ["global b: schedule tick", "global a: pods 1"]);
}

#[test]
fn synchronizations_in_a_named_queue_are_told_one_by_one() {
    let both = "kubernetes: [{name: pods, kind: Pod, queue: slow}, {name: nodes, kind: Node, queue: slow}]";
    let mut play = shell(&[("a", both)]);
    play.discover();
    play.settle();
    let runs = play.tale();
    let told = |run: &str| runs.iter().filter(|line| *line == run).count();
    assert_eq!(told("global a: all pods"), 1, "{runs:?}");
    assert_eq!(told("global a: all nodes"), 1, "{runs:?}");
}

#[test]
fn what_may_not_be_listed_holds_up_no_other_hook() {
    let mut play = shell(&[("a", PODS), ("b", PODS), ("c", "onStartup: 1")]);
    play.lists = false;
    play.discover();
    play.settle();
    assert_eq!(play.tale(), ["global read", "global c: onStartup"]);
    let (forbidden, fine) = (play.monitor(GLOBAL, "a"), play.monitor(GLOBAL, "b"));
    let trouble = Trouble::Forbidden {
        right: "list pods".to_owned(),
        message: "no".to_owned(),
    };
    let listed = |monitor| News::Listed { monitor };
    play.news.push_back(News::Trouble {
        monitor: forbidden,
        trouble,
    });
    play.news.push_back(listed(fine));
    play.deliver();
    play.settle();
    assert_eq!(play.tale(), ["global b: all pods", "decide"]);
    assert!(play.house.is_converged());
    // The right is granted.
    play.news.push_back(News::Recovered { monitor: forbidden });
    play.news.push_back(listed(forbidden));
    play.deliver();
    play.settle();
    assert_eq!(play.tale(), ["global a: all pods"]);
}

#[test]
fn broken_hook_stops_no_other_and_is_asked_until_it_is_mended() {
    let mut play = shell(&[("a", PODS), ("b", "onStartup: 1"), ("c", EVERY)]);
    play.broken.insert("b".to_owned());
    play.discover();
    play.settle();
    assert_eq!(play.tale(), ["global read", "global a: all pods", "decide"]);
    assert!(play.house.is_converged());
    assert_eq!(play.waiting(), [("broken hooks".to_owned(), 1)]);
    fire(&mut play);
    play.settle();
    assert_eq!(play.tale(), ["global c: schedule tick"]);
    let list = ask(&mut play, &Query::HookList { details: true });
    assert_eq!(list["hooks"][2]["name"], "b");
    assert_eq!(list["hooks"][2]["broken"], "is broken");
    let names = ask(&mut play, &Query::HookList { details: false });
    assert_eq!(names, serde_json::json!(["a", "c"]));
    for _ in 0..3 {
        play.pass(Duration::from_secs(40));
        play.settle();
        assert_eq!(play.tale(), ["global read"]);
    }
    // Those that answered are not asked again.
    assert_eq!(play.asked, [0, 2, 2, 2]);
    play.broken.clear();
    play.pass(Duration::from_secs(40));
    play.settle();
    assert_eq!(
        play.tale(),
        ["global read", "global b: onStartup", "decide"]
    );
    assert_eq!(play.waiting(), []);
}

#[test]
fn hook_that_is_edited_is_read_at_once() {
    let mut play = shell(&[("a", PODS), ("b", "onStartup: 1")]);
    play.broken.insert("b".to_owned());
    play.open();
    play.broken.clear();
    play.hooks(GLOBAL, &[("a", PODS), ("b", "onStartup: 2")]);
    play.discover();
    play.settle();
    assert_eq!(
        play.tale(),
        ["global read", "global b: onStartup", "decide"]
    );
    play.settle_wholly();
    assert_eq!(play.tale(), Vec::<String>::new());
}

#[test]
fn tasks_have_the_names_of_the_original() {
    let mut play = shell(&[("a", "onStartup: 1"), ("b", PODS)]);
    play.failing.insert("a".to_owned());
    play.discover();
    play.settle();
    let queues = ask(&mut play, &Query::QueueMain);
    let task = queues["tasks"][0]["description"].as_str().unwrap();
    let wanted = "StartHooks:main:OperatorStartup:failures 1:hook a (onStartup): a fails";
    assert_eq!(task, wanted);
    play.failing.clear();
    play.settle_wholly();
    play.failing.insert("b".to_owned());
    play.event(GLOBAL, "b");
    play.settle();
    let queues = ask(&mut play, &Query::QueueMain);
    let task = queues["tasks"][0]["description"].as_str().unwrap();
    assert!(
        task.starts_with("HookRun:main:b:pods: Modified Pod 1:failures 1:"),
        "{task}"
    );
    // Nothing of it is written into the cluster but by hooks.
    let notices = play.house.take_notices();
    let is_status = |notice: &crate::house::Notice| {
        matches!(
            notice,
            crate::house::Notice::Status { .. } | crate::house::Notice::Remove(_)
        )
    };
    assert!(!notices.iter().any(is_status));
    assert_eq!(play.house.config_mistakes().map(ToString::to_string), None);
    play.house.tick(play.now, Timestamp::UNIX_EPOCH);
}

//! What the API server asks: who runs, when, and what it is answered.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::play::{GLOBAL, Play, name};
use crate::admission::{Address, Converted, Denial, Route, Verdict};
use crate::binding::AdmissionKind;
use crate::house::CalledHook;
use crate::patch;
use crate::task::{Error, HookRan, Replied};

const LIMITS: &str = "kubernetesValidating: [{name: limits.example.com, timeoutSeconds: 5}]";
const IGNORING: &str =
    "kubernetesValidating: [{name: limits.example.com, timeoutSeconds: 5, failurePolicy: Ignore}]";

/// The path of the webhook `limits.example.com` of a hook.
fn path(module: &str, hook: &str) -> String {
    let address = Address {
        place: (module != GLOBAL).then(|| name(module)),
        hook: hook.to_owned(),
        kind: AdmissionKind::Validating,
        binding: "limits.example.com".to_owned(),
    };
    address.path()
}

fn review() -> Vec<u8> {
    let review = json!({
        "apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview",
        "request": {"uid": "u", "operation": "CREATE", "kind": {"kind": "Pod"}, "name": "a"},
    });
    review.to_string().into_bytes()
}

fn conversion_review(version: &str) -> Vec<u8> {
    let object = json!({"apiVersion": format!("example.com/{version}"), "kind": "Tab", "metadata": {"name": "a"}});
    let review = json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "ConversionReview",
        "request": {"uid": "u", "desiredAPIVersion": "example.com/v3", "objects": [object]},
    });
    review.to_string().into_bytes()
}

fn allowed() -> HookRan {
    HookRan {
        replied: Replied::Verdict(Verdict::default()),
        ..HookRan::default()
    }
}

fn failed() -> HookRan {
    HookRan {
        error: Some(Error::Held("it died".to_owned())),
        ..HookRan::default()
    }
}

impl Play {
    /// A question about a Pod for the hook of a module.
    fn ask(&mut self, module: &str, hook: &str) -> u64 {
        let now = self.now;
        self.house
            .take_call(&path(module, hook), &review(), now)
            .unwrap()
    }

    fn started(&mut self) -> Vec<CalledHook> {
        let now = self.now;
        self.house.start_calls(now)
    }

    fn end_call(&mut self, id: u64, ran: HookRan) {
        let times = (self.now, Timestamp::UNIX_EPOCH);
        self.house.call_ended(id, Ok(ran), times);
        self.house.take_notices();
    }

    /// The answers in short: `1: 500 text`, `1: allowed`, `1: denied 403 text`.
    fn answers(&mut self) -> Vec<String> {
        let answers = self.house.take_answers().into_iter();
        let told = answers.map(|(id, answered)| {
            if answered.code != 200 {
                let text = String::from_utf8(answered.body).unwrap();
                return format!("{id}: {} {text}", answered.code);
            }
            let review: Value = serde_json::from_slice(&answered.body).unwrap();
            let response = &review["response"];
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            if let Some(result) = response.get("result") {
                let (status, message) = (text(&result["status"]), text(&result["message"]));
                return format!("{id}: {status} {message}").trim_end().to_owned();
            }
            let told = if response["allowed"] == true {
                format!("{id}: allowed {}", text(&response["warnings"][0]))
            } else {
                let status = &response["status"];
                let message = text(&status["message"]);
                format!("{id}: denied {} {message}", status["code"])
            };
            told.trim_end().to_owned()
        });
        told.collect()
    }
}

fn with(hooks: &[(&str, &str)]) -> Play {
    let mut play = Play::new();
    play.module("web", 10, true);
    play.hooks("web", hooks);
    play
}

fn ids(started: &[CalledHook]) -> Vec<u64> {
    started.iter().map(|called| called.id).collect()
}

#[test]
fn calls_run_at_once_beside_each_other_and_beside_the_queue() {
    let mut play = with(&[(
        "a",
        &format!("{LIMITS}\nschedule: [{{crontab: '* * * * * *'}}]"),
    )]);
    play.open();
    let crontabs: Vec<_> = play.house.crontabs().into_iter().collect();
    let now = play.now;
    play.house.take_schedule(&crontabs, now);
    play.start();
    assert_eq!(play.running.len(), 1);

    let (first, second) = (play.ask("web", "a"), play.ask("web", "a"));
    assert_eq!(ids(&play.started()), [first, second]);
    assert_eq!(play.answers(), [""; 0]);
    play.end_call(second, allowed());
    let denial = Denial {
        code: 403,
        message: "no".to_owned(),
    };
    let denied = Verdict {
        denial: Some(denial),
        ..Verdict::default()
    };
    let denied = HookRan {
        replied: Replied::Verdict(denied),
        ..HookRan::default()
    };
    play.end_call(first, denied);
    assert_eq!(play.answers(), ["2: allowed", "1: denied 403 no"]);
    assert!(play.house.wake_at().is_none_or(|wake| wake > play.now));
}

#[test]
fn hook_is_told_the_request_and_its_snapshots_once_they_are_listed() {
    let config = "kubernetes: [{name: pods, kind: Pod}]
kubernetesValidating: [{name: limits.example.com, includeSnapshotsFrom: [pods]}]";
    let mut play = with(&[("a", config)]);
    play.lists = false;
    play.discover();
    while play.house.set(Some(&name("web"))).unwrap().hooks.is_empty() {
        play.start();
        if !play.running.is_empty() {
            play.end(0);
        }
    }
    let id = play.ask("web", "a");
    assert_eq!(ids(&play.started()), [0; 0]);
    play.list();
    let started = play.started();
    assert_eq!(ids(&started), [id]);
    let context = &started[0].call.contexts[0];
    assert_eq!(context.binding, "limits.example.com");
    assert_eq!(started[0].call.monitors.len(), 1);
}

#[test]
fn calls_wait_while_their_hook_is_read_and_no_longer() {
    let mut play = Play::new();
    play.module("first", 10, true);
    play.hooks("first", &[("f", "beforeHelm: 1")]);
    play.module("web", 20, true);
    play.hooks("web", &[("a", LIMITS)]);
    play.hooks(GLOBAL, &[("g", LIMITS)]);
    // Nothing is known yet.
    let early = [
        play.ask("web", "a"),
        play.ask(GLOBAL, "g"),
        play.ask("gone", "a"),
    ];
    assert_eq!(ids(&play.started()), [0; 0]);
    play.discover();
    play.start();
    assert_eq!(ids(&play.started()), [0; 0]);
    assert_eq!(play.answers(), ["3: 500 there is no module gone"]);
    // The global hooks are read; the modules are not decided.
    play.end(0);
    assert_eq!(ids(&play.started()), [early[1]]);
    // The module waits for the first attempt of another.
    for _ in 0..2 {
        play.start();
        play.end(0);
    }
    play.start();
    play.started();
    assert_eq!(
        play.answers(),
        ["1: 500 the hooks of module web are not read yet"]
    );
    play.settle();
    let late = play.ask("web", "a");
    assert_eq!(ids(&play.started()), [late]);
    let now = play.now;
    let unknown = play
        .house
        .take_call(&path("web", "b"), &review(), now)
        .unwrap();
    play.started();
    assert_eq!(
        play.answers(),
        [format!("{unknown}: 500 there is no such hook any more")]
    );
    let nowhere = play
        .house
        .take_call("/validate/nobody", &review(), now)
        .unwrap_err();
    assert_eq!(nowhere.body, b"there is no hook at /validate/nobody");
    let garbage = play
        .house
        .take_call(&path("web", "a"), b"{", now)
        .unwrap_err();
    assert_eq!(garbage.code, 400);
}

#[test]
fn settings_of_a_hook_hold_its_calls_back() {
    let config = format!("{LIMITS}\nsettings: {{executionMinInterval: 2s, executionBurst: 1}}");
    let mut play = with(&[("a", &config)]);
    play.open();
    let calls = [0; 3].map(|_| play.ask("web", "a"));
    assert_eq!(ids(&play.started()), [calls[0]]);
    let wake = play.house.wake_at().unwrap();
    assert_eq!(wake - play.now, Duration::from_secs(2));
    play.pass(Duration::from_secs(2));
    assert_eq!(ids(&play.started()), [calls[1]]);
    assert!(play.house.wake_at().unwrap() > play.now);
    // The third has its turn before the API server stops waiting, at 4.5 s.
    play.pass(Duration::from_secs(2));
    assert_eq!(ids(&play.started()), [calls[2]]);
}

#[test]
fn no_more_processes_run_than_the_limit() {
    let mut play = with(&[("a", LIMITS)]);
    play.open();
    let calls: Vec<u64> = (0..20).map(|_| play.ask("web", "a")).collect();
    assert_eq!(ids(&play.started()), calls[..16]);
    assert!(play.house.wake_at().unwrap() > play.now);
    play.end_call(calls[3], allowed());
    assert_eq!(ids(&play.started()), [calls[16]]);
}

#[test]
fn failure_is_answered_by_the_policy_and_told() {
    for (config, answer) in [
        (LIMITS, "1: denied 500 hook web/a: it died"),
        (
            IGNORING,
            "1: allowed hook web/a: it died; failurePolicy is Ignore",
        ),
    ] {
        let mut play = with(&[("a", config)]);
        play.open();
        let id = play.ask("web", "a");
        assert_eq!(play.started().len(), 1);
        play.end_call(id, failed());
        assert_eq!(play.answers(), [answer]);
        let list = play.house.hook_list();
        let latest = list.hooks[0].latest.as_ref().unwrap();
        assert_eq!(latest.failure.as_deref(), Some("it died"));
        assert_eq!(latest.binding, "limits.example.com: CREATE Pod a");
    }
}

#[test]
fn late_calls_are_answered_in_time() {
    for (config, answer) in [
        (
            LIMITS,
            "1: denied 500 hook web/a did not answer in time (timeoutSeconds: 5)",
        ),
        (
            IGNORING,
            "1: allowed hook web/a did not answer in time (timeoutSeconds: 5); failurePolicy is Ignore",
        ),
    ] {
        let limited = format!("{config}\nsettings: {{executionMinInterval: 1m}}");
        let mut play = with(&[("a", &limited)]);
        play.open();
        let running = play.ask("web", "a");
        play.ask("web", "a");
        assert_eq!(ids(&play.started()), [running]);
        assert_eq!(
            play.house.wake_at().unwrap() - play.now,
            Duration::from_millis(4500)
        );
        play.pass(Duration::from_millis(4499));
        assert_eq!(play.answers(), [""; 0]);
        play.pass(Duration::from_millis(1));
        let waited = "2: 500 no hook was run within 5 s: a runs no faster than its settings say";
        assert_eq!(play.answers(), [answer, waited]);
        // What it does to its end is told, and answered no more.
        play.end_call(running, failed());
        assert_eq!(play.answers(), [""; 0]);
        assert_eq!(play.house.hook_list().hooks[0].failures, 1);
        assert_eq!(play.house.wake_at(), None);
    }
}

#[test]
fn asker_that_is_gone_is_answered_no_more() {
    let mut play = with(&[(
        "a",
        &format!("{LIMITS}\nsettings: {{executionMinInterval: 2s}}"),
    )]);
    play.open();
    let (first, second) = (play.ask("web", "a"), play.ask("web", "a"));
    assert_eq!(ids(&play.started()), [first]);
    play.house.give_up_call(first);
    play.house.give_up_call(second);
    play.pass(Duration::from_secs(4));
    assert_eq!(ids(&play.started()), [0; 0]);
    play.end_call(first, allowed());
    assert_eq!(play.answers(), [""; 0]);
}

#[test]
fn values_of_a_call_make_the_module_run() {
    let mut play = with(&[("a", LIMITS)]);
    play.open();
    let id = play.ask("web", "a");
    let call = play.started().remove(0).call;
    let text = r#"{"op":"add","path":"/web/seen","value":1}"#;
    let ran = HookRan {
        values: patch::parse(text, call.store.scope()).unwrap(),
        ..allowed()
    };
    play.end_call(id, ran);
    assert_eq!(play.answers(), ["1: allowed"]);
    play.settle();
    assert_eq!(play.tale(), ["web run"]);
}

#[test]
fn webhooks_go_with_their_module_and_come_with_it() {
    let mut play = with(&[("a", LIMITS)]);
    play.hooks(GLOBAL, &[("g", LIMITS)]);
    play.open();
    let names = |play: &Play| {
        let wanted = play.house.wanted_webhooks();
        let names = wanted.validating.iter().map(|it| it.name.clone());
        names.collect::<Vec<_>>()
    };
    assert_eq!(
        names(&play),
        ["limits.example.com", "web-a.limits.example.com"]
    );
    let version = play.house.bindings_version();
    let running = play.ask("web", "a");
    assert_eq!(ids(&play.started()), [running]);

    play.module("web", 10, false);
    play.discover();
    play.settle();
    assert_eq!(names(&play), ["limits.example.com"]);
    assert_ne!(play.house.bindings_version(), version);
    play.end_call(running, allowed());
    let late = play.ask("web", "a");
    play.started();
    assert_eq!(
        play.answers(),
        [
            format!("{running}: 500 module web was switched off"),
            format!("{late}: 500 module web is not enabled"),
        ]
    );

    play.module("web", 10, true);
    play.discover();
    play.settle();
    assert_eq!(
        names(&play),
        ["limits.example.com", "web-a.limits.example.com"]
    );
    play.hooks(GLOBAL, &[("g", "beforeAll: 1")]);
    play.discover();
    play.settle();
    assert_eq!(names(&play), ["limits.example.com"]);
}

#[test]
fn all_hooks_are_known_when_every_enabled_module_has_read_its_own() {
    let mut play = with(&[("a", LIMITS)]);
    play.module("off", 20, false);
    play.discover();
    while !play.house.is_converged() {
        assert!(!play.house.knows_all_hooks());
        play.start();
        if !play.running.is_empty() {
            play.end(0);
        }
    }
    assert!(play.house.knows_all_hooks());
    play.module("late", 30, true);
    play.hooks("late", &[("b", LIMITS)]);
    play.discover();
    // The new module is decided, and its hooks are not read.
    play.start();
    play.end(0);
    assert!(!play.house.knows_all_hooks());
    play.settle();
    assert!(play.house.knows_all_hooks());
}

#[test]
fn conversion_goes_from_hook_to_hook() {
    let step = |from: &str, to: &str| {
        format!(
            "kubernetesCustomResourceConversion: [{{name: x, crdName: tabs.example.com, conversions: [{{fromVersion: {from}, toVersion: {to}}}]}}]"
        )
    };
    let mut play = with(&[("a", &step("v2", "v3"))]);
    play.hooks(GLOBAL, &[("g", &step("v1", "v2"))]);
    play.open();
    assert!(
        play.house
            .wanted_webhooks()
            .conversions
            .contains_key("tabs.example.com")
    );
    let path = Route::conversion("tabs.example.com");
    let now = play.now;
    let id = play
        .house
        .take_call(&path, &conversion_review("v1"), now)
        .unwrap();
    let mut hooks = Vec::new();
    for version in ["v2", "v3"] {
        let started = play.started();
        assert_eq!(ids(&started), [id]);
        hooks.push(started[0].call.hook.file.name.clone());
        let object = json!({"apiVersion": format!("example.com/{version}"), "kind": "Tab", "metadata": {"name": "a"}});
        let ran = HookRan {
            replied: Replied::Converted(Converted::Objects(vec![object])),
            ..HookRan::default()
        };
        play.end_call(id, ran);
    }
    assert_eq!(hooks, ["g", "a"]);
    assert_eq!(ids(&play.started()), [0; 0]);
    assert_eq!(play.answers(), ["1: Success"]);
}

#[test]
fn conversion_that_fails_is_told() {
    let config = "kubernetesCustomResourceConversion: [{name: x, crdName: tabs.example.com, conversions: [{fromVersion: v2, toVersion: v3}]}]";
    let mut play = with(&[("a", config)]);
    play.open();
    let path = Route::conversion("tabs.example.com");
    let rows: [(HookRan, &str); 3] = [
        (failed(), "Failed hook web/a: it died"),
        (
            HookRan {
                replied: Replied::Converted(Converted::Failed("no way".to_owned())),
                ..HookRan::default()
            },
            "Failed no way",
        ),
        (
            HookRan {
                replied: Replied::Converted(Converted::Objects(Vec::new())),
                ..HookRan::default()
            },
            "Failed hook web/a: gave back 0 objects of 1",
        ),
    ];
    for (ran, answer) in rows {
        let now = play.now;
        let id = play
            .house
            .take_call(&path, &conversion_review("v2"), now)
            .unwrap();
        assert_eq!(ids(&play.started()), [id]);
        play.end_call(id, ran);
        assert_eq!(play.answers(), [format!("{id}: {answer}")]);
    }
    let now = play.now;
    let id = play
        .house
        .take_call(&path, &conversion_review("v9"), now)
        .unwrap();
    play.started();
    let answer = format!("{id}: Failed no hook converts tabs.example.com from v9 to v3");
    assert_eq!(play.answers(), [answer]);
}

#[test]
fn call_for_nobody_is_answered_although_all_are_busy() {
    let mut play = with(&[("a", LIMITS)]);
    play.open();
    for _ in 0..16 {
        play.ask("web", "a");
    }
    assert_eq!(play.started().len(), 16);
    play.module("web", 10, false);
    play.discover();
    play.settle_wholly();
    play.answers();
    let id = play.ask("web", "a");
    play.started();
    assert_eq!(
        play.answers(),
        [format!("{id}: 500 module web is not enabled")]
    );
}

#[test]
fn call_that_may_run_and_finds_all_busy_keeps_nobody_awake() {
    let limited = format!("{LIMITS}\nsettings: {{executionMinInterval: 1s}}");
    let mut play = with(&[("a", LIMITS), ("b", &limited)]);
    play.open();
    play.ask("web", "b");
    play.ask("web", "b");
    assert_eq!(
        play.started().len(),
        1,
        "the second has to wait for a second"
    );
    for _ in 0..15 {
        play.ask("web", "a");
    }
    assert_eq!(play.started().len(), 15);
    play.pass(Duration::from_secs(1));
    assert!(play.started().is_empty());
    let wake = play.house.calls_wake_at().unwrap();
    assert!(wake > play.now, "it would wake at once, again and again");
}

proptest! {
    /// Whatever happens, every call is answered once, in time, unless its asker went away; no more hooks
    /// run than the limit; and nothing that waits keeps the house awake.
    #[test]
    fn every_call_is_answered_once_and_in_time(steps in prop::collection::vec((0..8_u8, 0..40_usize, 0..3000_u64), 1..80)) {
        let limited = format!("{LIMITS}\nsettings: {{executionMinInterval: 1s, executionBurst: 2}}");
        let mut play = with(&[("a", LIMITS), ("b", &limited)]);
        play.open();
        let (mut open, mut running, mut answered) = (BTreeMap::new(), Vec::new(), Vec::new());
        for (what, which, millis) in steps {
            match what {
                0..=2 => {
                    let hook = if which % 2 == 0 { "a" } else { "b" };
                    let id = play.ask("web", hook);
                    open.insert(id, play.now);
                }
                3 | 4 if !running.is_empty() => {
                    let id = running.remove(which % running.len());
                    play.end_call(id, if millis % 2 == 0 { allowed() } else { failed() });
                }
                5 if !open.is_empty() => {
                    let id = *open.keys().nth(which % open.len()).unwrap();
                    play.house.give_up_call(id);
                    open.remove(&id);
                }
                6 => {
                    play.module("web", 10, which % 2 == 0);
                    play.discover();
                    play.settle_wholly();
                }
                _ => play.pass(Duration::from_millis(millis)),
            }
            running.extend(ids(&play.started()));
            prop_assert!(running.len() <= 16);
            for answer in play.answers() {
                let id: u64 = answer.split(':').next().unwrap().parse().unwrap();
                prop_assert!(!answered.contains(&id), "{}", answer);
                answered.push(id);
                open.remove(&id);
            }
            for asked in open.values() {
                prop_assert!(play.now - *asked < Duration::from_millis(4500));
            }
            let wake = play.house.calls_wake_at();
            prop_assert!(wake.is_none_or(|wake| wake > play.now), "it would wake at once, again and again");
        }
        play.pass(Duration::from_millis(4500));
        for answer in play.answers() {
            open.remove(&answer.split(':').next().unwrap().parse().unwrap());
        }
        prop_assert!(open.is_empty(), "{:?}", open);
    }
}

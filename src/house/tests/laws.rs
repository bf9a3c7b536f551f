//! Whatever happens, in whatever order.

use std::collections::BTreeSet;
use std::time::Duration;

use proptest::prelude::*;

use super::play::{GLOBAL, Play};
use super::{PODS, fire, name};
use crate::schedule::Crontab;
use crate::serve::ModuleState;
use crate::watch::MonitorId;

/// The places of hooks.
const PLACES: [&str; 3] = [GLOBAL, "web", "db"];
/// What their hooks may listen to.
const CONFIGS: [&str; 6] = [
    PODS,
    "kubernetes: [{name: pods, kind: Pod, queue: slow}]",
    "kubernetes: [{name: pods, kind: Pod, queue: slow, waitForSynchronization: false}]\nonStartup: 1",
    "kubernetes: [{name: pods, kind: Pod}, {name: others, kind: Pod, queue: slow}]",
    "schedule: [{name: tick, crontab: '* * * * * *', queue: slow}]",
    "kubernetes: [{name: pods, kind: Pod, executeHookOnSynchronization: false}]",
];

#[derive(Debug, Clone)]
enum Fact {
    /// Something happens to an object.
    Event(usize),
    /// The house hears what the watches told.
    Deliver,
    /// Lists are complete.
    List,
    Schedule,
    /// A job ends.
    End(usize),
    /// Whether a hook fails changes.
    Break(usize),
    /// Whether a module is enabled changes.
    Switch(usize),
    /// The hooks of a place become others.
    Edit(usize, usize, usize),
    /// A hook changes values in its next run.
    Patch(usize, u8),
    Pass(u64),
}

fn fact() -> impl Strategy<Value = Fact> {
    prop_oneof![
        4 => (0..8_usize).prop_map(Fact::Event),
        3 => Just(Fact::Deliver),
        2 => Just(Fact::List),
        1 => Just(Fact::Schedule),
        12 => (0..4_usize).prop_map(Fact::End),
        1 => (0..6_usize).prop_map(Fact::Break),
        1 => (1..3_usize).prop_map(Fact::Switch),
        1 => (0..3_usize, 0..6_usize, 0..6_usize).prop_map(|(place, a, b)| Fact::Edit(place, a, b)),
        1 => (0..6_usize, 0..3_u8).prop_map(|(hook, value)| Fact::Patch(hook, value)),
        2 => (0..40_u64).prop_map(Fact::Pass),
    ]
}

/// The hooks of a place; the lifecycle bindings are always there.
fn hooks(play: &mut Play, place: usize, configs: [usize; 2]) {
    let lifecycle = if place == 0 {
        "beforeAll: 1\nafterAll: 1"
    } else {
        "beforeHelm: 1\nafterHelm: 1\nbeforeDeleteHelm: 1"
    };
    let names = hook_names(place);
    let texts = configs.map(|config| format!("{}\n{lifecycle}", CONFIGS[config]));
    let hooks: Vec<(&str, &str)> = names
        .iter()
        .zip(&texts)
        .map(|(name, text)| (name.as_str(), text.as_str()))
        .collect();
    play.hooks(PLACES[place], &hooks);
}

fn hook_names(place: usize) -> [String; 2] {
    ["a", "b"].map(|hook| format!("{hook}{place}"))
}

fn hook_name(index: usize) -> String {
    hook_names(index / 2)[index % 2].clone()
}

fn play_out(
    play: &mut Play,
    fact: &Fact,
    enabled: &mut [bool; 3],
    emitted: &mut Vec<(MonitorId, u64)>,
) {
    match fact {
        Fact::Event(index) => {
            let listed: Vec<MonitorId> = play.house.monitors().iter().map(|it| it.id).collect();
            let listed: Vec<MonitorId> = listed
                .into_iter()
                .filter(|id| play.listed.contains(id))
                .collect();
            if !listed.is_empty() {
                let monitor = listed[index % listed.len()];
                let event = play.emit(monitor);
                emitted.push((monitor, event));
            }
        }
        Fact::Deliver => play.deliver(),
        Fact::List => play.list(),
        Fact::Schedule => fire(play),
        Fact::End(index) => {
            if !play.running.is_empty() {
                play.end(index % play.running.len());
            }
        }
        Fact::Break(hook) => {
            let hook = hook_name(*hook);
            if !play.failing.remove(&hook) {
                play.failing.insert(hook);
            }
        }
        Fact::Switch(module) => {
            enabled[*module] = !enabled[*module];
            let weight = 10 * u32::try_from(*module).unwrap();
            play.module(PLACES[*module], weight, enabled[*module]);
            play.discover();
        }
        Fact::Edit(place, one, other) => {
            hooks(play, *place, [*one, *other]);
            play.discover();
        }
        Fact::Patch(hook, value) => {
            let key = ["global", "web", "db"][hook / 2];
            let patch = format!(r#"{{"op":"add","path":"/{key}/x","value":{value}}}"#);
            play.patch(&hook_name(*hook), &patch);
        }
        Fact::Pass(seconds) => play.pass(Duration::from_secs(*seconds)),
    }
    play.start();
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    /// No two runs of one queue at once (the play checks that), nothing lost, nothing told twice, and
    /// everything comes to its end when failures stop.
    #[test]
    fn everything_is_told_once_and_ends(
        begin in prop::array::uniform6(0..6_usize),
        facts in prop::collection::vec(fact(), 1..120),
    ) {
        let mut play = Play::new();
        play.lists = false;
        let mut enabled = [true; 3];
        let mut emitted = Vec::new();
        for place in 0..3 {
            hooks(&mut play, place, [begin[2 * place], begin[2 * place + 1]]);
        }
        for (module, weight) in [("web", 10), ("db", 20)] {
            play.module(module, weight, true);
        }
        play.discover();
        play.start();
        for fact in &facts {
            play_out(&mut play, fact, &mut enabled, &mut emitted);
        }

        play.failing.clear();
        play.lists = true;
        play.settle_wholly();
        prop_assert!(play.running.is_empty());
        prop_assert!(play.house.is_converged());
        for (module, place) in [("web", 1), ("db", 2)] {
            let expected = if enabled[place] { ModuleState::Applied } else { ModuleState::Disabled };
            prop_assert_eq!(play.state(module), expected);
            let has_hooks = play.house.set(Some(&name(module))).is_some_and(super::super::HookSet::is_active);
            prop_assert!(enabled[place] || !has_hooks);
        }
        check_told(&play, &emitted)?;
        let bound = play.house.crontabs();
        let expected: BTreeSet<Crontab> = play
            .house
            .sets()
            .flat_map(|(_, set)| set.hooks.values())
            .flat_map(|hook| hook.config.schedules.iter().map(|schedule| schedule.crontab.clone()))
            .collect();
        prop_assert_eq!(bound, expected);
    }
}

/// Every event of a binding that is still there was told once: by a Synchronization that came after
/// it, or by itself.
fn check_told(play: &Play, emitted: &[(MonitorId, u64)]) -> Result<(), TestCaseError> {
    let live: BTreeSet<MonitorId> = play.house.monitors().iter().map(|it| it.id).collect();
    for (monitor, event) in emitted.iter().filter(|(monitor, _)| live.contains(monitor)) {
        let synchronized = play.synchronized.get(monitor);
        let snapshots = synchronized.map_or(0, Vec::len);
        prop_assert!(
            snapshots <= 1,
            "{:?} was synchronized {} times",
            monitor,
            snapshots
        );
        let in_snapshot = synchronized.is_some_and(|all| all.iter().any(|seen| event <= seen));
        let told = play
            .told
            .iter()
            .filter(|told| **told == (*monitor, *event))
            .count();
        prop_assert_eq!(
            told + usize::from(in_snapshot),
            1,
            "event {} of {:?}: {:?}",
            event,
            monitor,
            &play.story
        );
    }
    Ok(())
}

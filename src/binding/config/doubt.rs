//! What is allowed, and surely not meant.

use crate::binding::{HookConfig, KubernetesBinding, Lifecycle};

use super::sheet::Spot;

/// Warns of bindings that do not do what they seem to, when nothing else is wrong.
pub(super) fn look((kubernetes, schedules): (&[Spot<'_>], &[Spot<'_>]), config: &HookConfig) {
    let all_read = kubernetes.len() == config.kubernetes.len()
        && schedules.len() == config.schedules.len()
        && kubernetes
            .iter()
            .chain(schedules)
            .all(|spot| spot.sheet.mistakes.borrow().is_empty());
    if !all_read {
        return;
    }
    for (index, (spot, binding)) in kubernetes.iter().zip(&config.kubernetes).enumerate() {
        if is_deaf(binding) && !is_read(config, index) {
            spot.warn(
                "nothing ever comes of it: it runs the hook for no event and no Synchronization, \
                 and no other binding includes its snapshot",
            );
        }
        if is_hidden(config, index) {
            let name = &binding.name;
            spot.warn(format!(
                "a binding before it is named {name:?} too, and of the two only that one's snapshot \
                 is told; give each a `name` of its own"
            ));
        }
        warn_of_both_lists(spot);
    }
    for (spot, binding) in schedules.iter().zip(&config.schedules) {
        let fields: Vec<&str> = binding.crontab.text().split_whitespace().collect();
        if fields == ["*"; 6] {
            spot.warn(
                "fires every second: of six fields the first is the second; \
                 five fire every minute, and `@every 1s` says it plainly",
            );
        }
    }
}

/// Whether it never runs the hook itself.
fn is_deaf(binding: &KubernetesBinding) -> bool {
    binding.events.is_empty() && !binding.on_synchronization
}

/// Whether a run for another binding is told its snapshot.
fn is_read(config: &HookConfig, index: usize) -> bool {
    let Some(name) = config.kubernetes.get(index).map(|binding| &binding.name) else {
        return false;
    };
    let runs =
        |(other, binding): &(usize, &KubernetesBinding)| *other != index && !is_deaf(binding);
    let others = config.kubernetes.iter().enumerate().filter(runs);
    let others = others.map(|(_, binding)| &binding.common.include_snapshots);
    let schedules = config.schedules.iter();
    let schedules = schedules.map(|binding| &binding.common.include_snapshots);
    let mut all = others.chain(schedules).chain(of_calls(config));
    tells_all(config) || all.any(|included| included.contains(name))
}

/// The snapshots that are told when the API server calls.
fn of_calls(config: &HookConfig) -> impl Iterator<Item = &Vec<String>> {
    let admissions = config.admissions.iter();
    let conversions = config.conversions.iter();
    let admissions = admissions.map(|binding| &binding.include_snapshots);
    admissions.chain(conversions.map(|binding| &binding.include_snapshots))
}

/// Whether its snapshot is asked for by a name that an earlier binding has as well.
fn is_hidden(config: &HookConfig, index: usize) -> bool {
    let Some((binding, before)) = config.kubernetes.get(..=index).and_then(<[_]>::split_last)
    else {
        return false;
    };
    let is_asked_for = || {
        let mut all = config.kubernetes.iter();
        all.any(|other| other.common.include_snapshots.contains(&binding.name))
    };
    before.iter().any(|other| other.name == binding.name) && (tells_all(config) || is_asked_for())
}

/// Whether there is a lifecycle binding that is told every snapshot.
fn tells_all(config: &HookConfig) -> bool {
    let mut points = config.lifecycle.keys();
    points.any(|point| *point != Lifecycle::OnStartup)
}

fn warn_of_both_lists(spot: &Spot<'_>) {
    let Some(map) = spot.open_map() else { return };
    if map.get("executeHookOnEvent").is_some()
        && let Some(spot) = map.get("watchEvent")
    {
        spot.warn("has no effect beside `executeHookOnEvent`");
    }
}

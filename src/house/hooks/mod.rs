//! The hooks of one place, a module or global: what they are bound to and how far each binding is.
//!
//! | a kubernetes binding is | next |
//! |---|---|
//! | listing | its snapshot is complete: due, or live when it asks for no Synchronization |
//! | due | its Synchronization waits in a queue: queued |
//! | queued | the run succeeded: live; what happened since its snapshot is told |
//! | live | every event is told as it comes |

mod chain;
mod list;
mod swing;
mod telling;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;

pub(super) use chain::{Chain, ChainKind, Step};
pub use list::{SnapshotOf, Told as ToldEvents};
pub(super) use swing::Swing;
pub(super) use telling::Ended;

use crate::binding::{Context, ContextKind, KubernetesBinding, Lifecycle, ScheduleBinding};
use crate::hook::Hook;
use crate::schedule::Crontab;
use crate::task::{Declaration, Declarations, Documents, HooksRead};
use crate::watch::{Item, Monitor, MonitorId, Trouble, WatchEvent};

/// The hooks of one place.
#[derive(Default)]
pub(super) struct HookSet {
    /// The content of the folder that they were read from; `None` when they were not read.
    pub(super) read_of: Option<[u8; 32]>,
    /// By name.
    pub(super) hooks: BTreeMap<String, Arc<Hook>>,
    /// What those of them that are declared say, by name.
    pub(super) declares: BTreeMap<String, Arc<Declaration>>,
    /// The objects that they declared last, by name.
    pub(super) declared: BTreeMap<String, Documents>,
    /// Hooks whose `onStartup` succeeded.
    pub(super) started: BTreeSet<String>,
    /// Kubernetes bindings that are watched.
    pub(super) bound: BTreeMap<MonitorId, Bound>,
    /// What is being done with them in one task.
    pub(super) chain: Option<Chain>,
    /// Whether they were read ahead, and nothing else was done with them.
    pub(super) is_ahead: bool,
    /// The tasks that run them for events and schedules. What a run brings that is not among them
    /// any more, since its module was switched off, does not count.
    pub(super) at_work: BTreeSet<u64>,
    /// The calls that run them, by the same rule.
    pub(super) calls: BTreeSet<u64>,
    /// Whether the first chain came to its end: then schedules fire.
    pub(super) is_live: bool,
    /// The latest run of each hook.
    pub(super) latest: BTreeMap<String, Latest>,
    /// Hooks that failed outside a module's run, until they succeed: why.
    pub(super) failing: BTreeMap<String, String>,
    /// When each hook with limits may run again.
    pub(super) buckets: BTreeMap<String, Bucket>,
    /// Values that hooks change back and forth.
    pub(super) swing: Swing,
    /// Hooks of a shell-operator that cannot be used, and why.
    pub(super) broken: BTreeMap<String, String>,
    /// When those are asked again at the earliest.
    pub(super) ask_at: Option<Instant>,
    /// The content of the folder when they were asked again.
    pub(super) asked_of: Option<[u8; 32]>,
}

/// A kubernetes binding that is watched.
pub(super) struct Bound {
    /// The hook.
    pub(super) hook: String,
    /// Which of its kubernetes bindings.
    pub(super) index: usize,
    /// How far it is.
    pub(super) state: BoundState,
    /// What happened before it was live.
    pub(super) early: Vec<Told>,
    /// What is in the way of watching.
    pub(super) trouble: Option<Trouble>,
    /// Since when it is watched.
    pub(super) since: Instant,
    /// What was told since it is watched.
    pub(super) since_start: list::Told,
    /// What was told since the hook ran.
    pub(super) since_run: list::Told,
}

impl Bound {
    /// Whether its snapshot is not complete.
    pub(super) fn is_listing(&self) -> bool {
        self.state == BoundState::Listing
    }

    /// Whether its Synchronization has not succeeded yet.
    pub(super) fn is_early(&self) -> bool {
        matches!(self.state, BoundState::Due | BoundState::Queued)
    }
}

/// How far a binding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BoundState {
    /// Its snapshot is not complete.
    Listing,
    /// Its Synchronization has to be queued.
    Due,
    /// Its Synchronization waits, or runs.
    Queued,
    /// Events are told, but for those that a snapshot of this sequence held already.
    Live(u64),
}

/// An event of a binding.
pub(super) struct Told {
    /// What happened.
    pub(super) event: WatchEvent,
    /// To what.
    pub(super) item: Arc<Item>,
    /// When, in the order of all changes.
    pub(super) sequence: u64,
}

/// A run of a hook that ended.
#[derive(Debug, Clone)]
pub(super) struct Latest {
    /// When it ended.
    pub(super) ended: Timestamp,
    /// How long it took.
    pub(super) took: Duration,
    /// What it ran for.
    pub(super) binding: String,
    /// What it changed, or why it failed.
    pub(super) outcome: Result<String, String>,
    /// How many runs ended.
    pub(super) runs: u64,
    /// How many failed.
    pub(super) failures: u64,
}

/// Tokens of a hook with `settings.executionMinInterval`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bucket {
    tokens: u32,
    filled: Instant,
}

impl HookSet {
    /// Whether any hook, or what is left of one, needs care when the place goes.
    pub(super) fn is_active(&self) -> bool {
        let is_watched = !self.bound.is_empty() && !self.is_ahead;
        is_watched || self.is_live || !self.started.is_empty()
    }

    /// Takes hooks as they are on disk now. Hooks that are as before keep all that they have; those
    /// that are new or changed begin anew.
    pub(super) fn take(
        &mut self,
        read: HooksRead,
        read_of: [u8; 32],
        now: Instant,
        mut next_id: impl FnMut() -> MonitorId,
    ) {
        self.read_of = Some(read_of);
        self.declares = read.declarations;
        // A hook that changed is believed once it is heard; until then what it said before counts.
        let declares = |name: &String| self.declares.get(name).is_some_and(|it| it.has_objects());
        self.declared.retain(|name, _| declares(name));
        let new: BTreeMap<String, Arc<Hook>> = read
            .hooks
            .into_iter()
            .map(|hook| (hook.file.name.clone(), Arc::new(hook)))
            .collect();
        let is_same = |name: &str| match (self.hooks.get(name), new.get(name)) {
            (Some(old), Some(new)) => {
                old.file.digest == new.file.digest && old.config == new.config
            }
            _ => false,
        };
        let same: BTreeSet<String> = new.keys().filter(|name| is_same(name)).cloned().collect();
        self.bound.retain(|_, bound| same.contains(&bound.hook));
        self.started.retain(|name| same.contains(name));
        self.latest.retain(|name, _| new.contains_key(name));
        self.failing.retain(|name, _| same.contains(name));
        self.buckets.retain(|name, _| same.contains(name));
        for (name, hook) in new.iter().filter(|(name, _)| !same.contains(*name)) {
            for index in 0..hook.config.kubernetes.len() {
                let bound = Bound {
                    hook: name.clone(),
                    index,
                    state: BoundState::Listing,
                    early: Vec::new(),
                    trouble: None,
                    since: now,
                    since_start: list::Told::default(),
                    since_run: list::Told::default(),
                };
                self.bound.insert(next_id(), bound);
            }
        }
        self.hooks = new;
    }

    /// The objects that the hooks declare, as far as they are known.
    pub(super) fn declarations(&self) -> Declarations {
        let names = || {
            let declares = self.declares.iter();
            let with_objects = declares.filter(|(_, declaration)| declaration.has_objects());
            with_objects.map(|(name, _)| name)
        };
        let is_blind = |name: &&String| {
            let mut bound = self.bound.values().filter(|bound| bound.hook == **name);
            bound.any(|bound| bound.trouble.is_some())
        };
        Declarations {
            known: self.declared.clone(),
            unknown: names()
                .filter(|name| !self.declared.contains_key(*name))
                .cloned()
                .collect(),
            blind: names().filter(is_blind).cloned().collect(),
        }
    }

    /// Whether all that a hook watches is known.
    pub(super) fn is_complete(&self, hook: &str) -> bool {
        let mut bound = self.bound.values().filter(|bound| bound.hook == hook);
        bound.all(|bound| bound.state != BoundState::Listing)
    }

    /// Forgets everything but what is on disk, as when a module is switched off.
    pub(super) fn retire(&mut self) {
        let latest = std::mem::take(&mut self.latest);
        *self = Self {
            latest,
            ..Self::default()
        };
    }

    /// What is to be watched.
    pub(super) fn monitors(&self) -> impl Iterator<Item = Monitor> {
        self.bound.iter().filter_map(|(id, bound)| {
            let binding = self.binding(bound)?;
            Some(Monitor {
                id: *id,
                selection: binding.selection.clone(),
                filter: binding.filter.clone(),
                keep_full: binding.keep_full,
                resynchronization: binding.resynchronization,
            })
        })
    }

    /// The crontabs of the hooks, once they fire.
    pub(super) fn crontabs(&self) -> impl Iterator<Item = &Crontab> {
        self.hooks
            .values()
            .filter(|_| self.is_live)
            .flat_map(|hook| &hook.config.schedules)
            .map(|schedule| &schedule.crontab)
    }

    /// The schedule bindings of a crontab.
    pub(super) fn due<'a>(
        &'a self,
        crontab: &'a Crontab,
    ) -> impl Iterator<Item = (&'a str, &'a ScheduleBinding)> {
        self.hooks
            .iter()
            .filter(|_| self.is_live)
            .flat_map(|(name, hook)| {
                let schedules = hook.config.schedules.iter();
                schedules.map(move |schedule| (name.as_str(), schedule))
            })
            .filter(move |(_, schedule)| schedule.crontab == *crontab)
    }

    /// The configuration of a binding.
    pub(super) fn binding(&self, bound: &Bound) -> Option<&KubernetesBinding> {
        let hook = self.hooks.get(&bound.hook)?;
        hook.config.kubernetes.get(bound.index)
    }

    /// The monitors of a hook, in the order of its bindings.
    pub(super) fn monitors_of(&self, hook: &str) -> Vec<MonitorId> {
        let mut monitors: Vec<(usize, MonitorId)> = self
            .bound
            .iter()
            .filter(|(_, bound)| bound.hook == hook)
            .map(|(id, bound)| (bound.index, *id))
            .collect();
        monitors.sort_unstable();
        monitors.into_iter().map(|(_, id)| id).collect()
    }

    /// The hooks with a lifecycle binding, in their order; equals by name.
    pub(super) fn in_order(&self, lifecycle: Lifecycle) -> Vec<&str> {
        let order = |hook: &Hook| hook.config.lifecycle.get(&lifecycle).copied();
        let mut names: Vec<(f64, &str)> = self
            .hooks
            .iter()
            .filter_map(|(name, hook)| Some((order(hook)?, name.as_str())))
            .collect();
        names.sort_by(|left, right| left.0.total_cmp(&right.0).then(left.1.cmp(right.1)));
        names.into_iter().map(|(_, name)| name).collect()
    }

    /// The bindings of a hook whose Synchronization runs in the main queue and is due, as contexts
    /// of one run. A shell-operator tells them one by one, but for those of a group: its hooks may look
    /// at the first context alone.
    pub(super) fn due_in_main(&self, hook: &str) -> (Vec<Context>, BTreeSet<MonitorId>) {
        let due = |bound: &&Bound| {
            bound.hook == hook && matches!(bound.state, BoundState::Due | BoundState::Queued)
        };
        let mut found: Vec<(usize, MonitorId, Context)> = Vec::new();
        for (id, bound) in self.bound.iter().filter(|(_, bound)| due(bound)) {
            let Some(binding) = self.binding(bound) else {
                continue;
            };
            if binding.common.queue.is_none() {
                let context = Context::synchronization(bound.index, binding);
                found.push((bound.index, *id, context));
            }
        }
        found.sort_by_key(|(index, ..)| *index);
        let is_standalone = |chain: &Chain| chain.kind == ChainKind::Standalone;
        if self.chain.as_ref().is_some_and(is_standalone) {
            let first = found
                .first()
                .map(|(index, _, first)| (*index, first.group.clone()));
            found.retain(|(index, _, context)| {
                first.as_ref().is_some_and(|(first, group)| {
                    index == first || (group.is_some() && context.group == *group)
                })
            });
        }
        let ids = found.iter().map(|(_, id, _)| *id).collect();
        (
            found.into_iter().map(|(.., context)| context).collect(),
            ids,
        )
    }

    /// What of a run is still to be told: since it was queued its hook may have changed, or have been
    /// synchronized in another run.
    pub(super) fn still_told(&self, hook: &str, contexts: &[Context]) -> Vec<Context> {
        let Some(config) = self.hooks.get(hook).map(|hook| &hook.config) else {
            return Vec::new();
        };
        let monitors = self.monitors_of(hook);
        let is_early = |index: usize| {
            let bound = monitors.get(index).and_then(|id| self.bound.get(id));
            bound.is_some_and(Bound::is_early)
        };
        let is_bound = |index: usize, name: &str| {
            let binding = config.kubernetes.get(index);
            binding.is_some_and(|binding| binding.name == name)
        };
        let is_told = |context: &&Context| match &context.kind {
            // Nobody waits for an answer that comes late: such runs are in no queue.
            ContextKind::Admission { .. } | ContextKind::Conversion { .. } => false,
            ContextKind::Lifecycle(_) => true,
            ContextKind::Schedule => {
                let mut schedules = config.schedules.iter();
                schedules.any(|schedule| schedule.name == context.binding)
            }
            ContextKind::Synchronization { binding_index } => {
                is_bound(*binding_index, &context.binding) && is_early(*binding_index)
            }
            ContextKind::Event { binding_index, .. } => is_bound(*binding_index, &context.binding),
        };
        contexts.iter().filter(is_told).cloned().collect()
    }

    /// A Synchronization succeeded on a snapshot of this sequence: the binding is live. Answers what
    /// happened since and is to be told.
    pub(super) fn synchronized(&mut self, monitor: MonitorId, sequence: u64) -> Vec<Told> {
        let Some(bound) = self.bound.get_mut(&monitor) else {
            return Vec::new();
        };
        bound.state = BoundState::Live(sequence);
        let mut early = std::mem::take(&mut bound.early);
        early.retain(|told| told.sequence > sequence);
        early
    }

    /// Whether a Synchronization has to be queued.
    pub(super) fn is_any_due(&self) -> bool {
        self.bound
            .values()
            .any(|bound| bound.state == BoundState::Due)
    }

    /// What is wrong with watching, one sentence each.
    pub(super) fn troubles(&self) -> Vec<String> {
        self.bound
            .values()
            .filter_map(|bound| Some(format!("{}: {}", bound.hook, bound.trouble.as_ref()?)))
            .collect()
    }

    /// When a hook may run, if its settings limit that; `None`: now.
    pub(super) fn may_run_at(&self, hook: &str, now: Instant) -> Option<Instant> {
        let rate = self.hooks.get(hook)?.config.rate.as_ref()?;
        let bucket = self
            .buckets
            .get(hook)?
            .filled_up(rate.interval, rate.burst, now);
        (bucket.tokens == 0).then(|| bucket.filled + rate.interval)
    }

    /// A hook runs now.
    pub(super) fn note_run(&mut self, hook: &str, now: Instant) {
        let Some(rate) = self
            .hooks
            .get(hook)
            .and_then(|hook| hook.config.rate.as_ref())
        else {
            return;
        };
        let (interval, burst) = (rate.interval, rate.burst.max(1));
        let full = Bucket {
            tokens: burst,
            filled: now,
        };
        let bucket = self.buckets.entry(hook.to_owned()).or_insert(full);
        *bucket = bucket.filled_up(interval, burst, now);
        bucket.tokens = bucket.tokens.saturating_sub(1);
    }
}

impl Bucket {
    /// The bucket with the tokens that time has brought.
    fn filled_up(self, interval: Duration, burst: u32, now: Instant) -> Self {
        let passed = now.saturating_duration_since(self.filled).as_nanos();
        let new = passed
            .checked_div(interval.as_nanos())
            .unwrap_or(u128::from(burst));
        let new = u32::try_from(new).unwrap_or(u32::MAX);
        let tokens = self.tokens.saturating_add(new).min(burst.max(1));
        let filled = if tokens == burst.max(1) {
            now
        } else {
            self.filled + interval.saturating_mul(new)
        };
        Self { tokens, filled }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A bucket that is full after `burst` times the interval.
    fn full(burst: u32, now: Instant) -> Bucket {
        Bucket {
            tokens: burst,
            filled: now,
        }
    }

    #[test]
    fn tokens_come_one_an_interval_up_to_the_burst() {
        let (interval, now) = (Duration::from_secs(10), Instant::now());
        let mut bucket = full(3, now);
        bucket.tokens = 0;
        for (seconds, tokens) in [(0, 0), (9, 0), (10, 1), (19, 1), (20, 2), (30, 3), (500, 3)] {
            let later = now + Duration::from_secs(seconds);
            assert_eq!(
                bucket.filled_up(interval, 3, later).tokens,
                tokens,
                "{seconds}"
            );
        }
    }

    proptest! {
        /// However often it is asked in between, it gives no more than was full and what has come since.
        #[test]
        fn bucket_gives_what_time_brought(steps in prop::collection::vec(0..40_u64, 1..200), burst in 1..5_u32) {
            let (interval, begin) = (Duration::from_secs(10), Instant::now());
            let (mut bucket, mut now, mut taken) = (full(burst, begin), begin, 0);
            for step in steps {
                now += Duration::from_secs(step);
                bucket = bucket.filled_up(interval, burst, now);
                prop_assert!(bucket.tokens <= burst);
                if bucket.tokens > 0 {
                    bucket.tokens -= 1;
                    taken += 1;
                }
                let come = u64::from(burst) + (now - begin).as_secs() / 10;
                prop_assert!(taken <= come, "{taken} of {come}");
            }
            let at_rest = bucket.filled_up(interval, burst, now + interval * burst);
            prop_assert_eq!(at_rest.tokens, burst, "nothing is lost");
        }
    }
}

//! What watches and crontabs tell → runs of hooks.

use std::collections::BTreeSet;
use std::time::Instant;

use jiff::Timestamp;

use super::hooks::{BoundState, Chain, Told};
use super::steps::{Place, Times};
use super::{Count, House};
use crate::binding::{Common, Context, Version};
use crate::name::ModuleName;
use crate::queue::QueueName;
use crate::schedule::Crontab;
use crate::task::{HookRun, Task};
use crate::watch::{Monitor, MonitorId, News, Trouble};

/// The queue in which a binding of this place runs.
pub(super) fn queue_of(place: Option<&ModuleName>, common: &Common) -> QueueName {
    match (&common.queue, place) {
        (Some(queue), _) => QueueName::Named(queue.clone()),
        (None, Some(module)) => QueueName::Module(module.clone()),
        (None, None) => QueueName::Main,
    }
}

impl House {
    /// Grows when [`monitors`](Self::monitors) or [`crontabs`](Self::crontabs) are others.
    pub fn bindings_version(&self) -> u64 {
        self.bindings_version
    }

    /// Everything that hooks watch.
    pub fn monitors(&self) -> Vec<Monitor> {
        self.sets().flat_map(|(_, set)| set.monitors()).collect()
    }

    /// All crontabs that fire. None does before the first converge is done.
    pub fn crontabs(&self) -> BTreeSet<Crontab> {
        let sets = self.sets().filter(|_| self.converge.startup_done);
        sets.flat_map(|(_, set)| set.crontabs()).cloned().collect()
    }

    /// Takes what the watches tell.
    pub fn take_news(&mut self, news: News, (now, time): Times) {
        let monitor = news.monitor();
        let Some(place) = self.place_of(monitor) else {
            return;
        };
        match news {
            News::Listed { .. } => self.take_listed(place.as_ref(), monitor, now),
            News::Event {
                event,
                item,
                sequence,
                ..
            } => {
                let told = Told {
                    event,
                    item,
                    sequence,
                };
                self.take_event(place.as_ref(), monitor, told, now);
            }
            News::Trouble { trouble, .. } => {
                self.take_trouble(place.as_ref(), monitor, Some(trouble));
                self.report_place(place.as_ref(), time);
            }
            News::Recovered { .. } => {
                self.take_trouble(place.as_ref(), monitor, None);
                self.report_place(place.as_ref(), time);
            }
        }
    }

    /// Takes crontabs whose time has come.
    pub fn take_schedule(&mut self, due: &[Crontab], now: Instant) {
        let mut runs = Vec::new();
        for crontab in due {
            for (place, set) in self.sets() {
                for (hook, schedule) in set.due(crontab) {
                    let run = HookRun {
                        module: place.cloned(),
                        hook: hook.to_owned(),
                        contexts: vec![Context::schedule(schedule)],
                        synchronizes: BTreeSet::new(),
                        allow_failure: schedule.common.allow_failure,
                        since: now,
                    };
                    runs.push((queue_of(place, &schedule.common), run));
                }
            }
        }
        for (queue, run) in runs {
            self.join(queue, run);
        }
    }

    /// Queues a run, joined to one that waits.
    fn join(&mut self, queue: QueueName, run: HookRun) {
        // A hook of the first form looks at one context, whatever the length of its list.
        let set = self.set(run.module.as_ref());
        let hook = set.and_then(|set| set.hooks.get(&run.hook));
        let is_alone = hook.is_some_and(|hook| hook.config.version == Version::V0);
        let task = Task::HookRun(Box::new(run));
        let join = |old: &mut Task, new: &Task| !is_alone && Task::join(old, new);
        self.lines.join(queue, task, join);
    }

    fn place_of(&self, monitor: MonitorId) -> Option<Place> {
        let mut sets = self.sets();
        let (place, _) = sets.find(|(_, set)| set.bound.contains_key(&monitor))?;
        Some(place.cloned())
    }

    fn take_listed(&mut self, place: Option<&ModuleName>, monitor: MonitorId, now: Instant) {
        let Some(set) = self.set_mut(place) else {
            return;
        };
        let asks = set.bound.get(&monitor).and_then(|bound| {
            let binding = set.binding(bound)?;
            let is_v1 = set.hooks.get(&bound.hook)?.config.version == Version::V1;
            Some(binding.on_synchronization && is_v1)
        });
        let (is_between, is_in_chain) = (set.chain.is_none() && set.is_live, set.chain.is_some());
        if let Some(bound) = set.bound.get_mut(&monitor)
            && bound.state == BoundState::Listing
        {
            bound.state = match asks {
                Some(true) => BoundState::Due,
                _ => BoundState::Live(0),
            };
            let hook = bound.hook.clone();
            if let Some(since) = set.listed_since(&hook) {
                let took = now.saturating_duration_since(since);
                self.count(Count::Listed { hook, took });
            }
        }
        if is_between {
            self.queue_late_synchronizations(place, now);
        } else if is_in_chain {
            // It may be what a task that failed has lacked.
            self.lines
                .hurry(|_, task| !matches!(task, Task::HookRun(_)) && task.module() == place);
        }
    }

    fn take_event(
        &mut self,
        place: Option<&ModuleName>,
        monitor: MonitorId,
        told: Told,
        now: Instant,
    ) {
        if self.follows() {
            // The replica that leads tells it; the snapshot has it.
            return;
        }
        let Some(set) = self.set_mut(place) else {
            return;
        };
        let Some(bound) = set.bound.get_mut(&monitor) else {
            return;
        };
        bound.since_start.note(told.event);
        bound.since_run.note(told.event);
        match bound.state {
            BoundState::Live(seen) if told.sequence <= seen => {}
            BoundState::Live(_) => self.tell_hook(place, monitor, vec![told], now),
            BoundState::Listing | BoundState::Due | BoundState::Queued => bound.early.push(told),
        }
    }

    /// Queues a run for events of a binding that it asked for.
    pub(super) fn tell_hook(
        &mut self,
        place: Option<&ModuleName>,
        monitor: MonitorId,
        told: Vec<Told>,
        now: Instant,
    ) {
        let Some(set) = self.set(place) else {
            return;
        };
        let Some(bound) = set.bound.get(&monitor) else {
            return;
        };
        let Some(binding) = set.binding(bound) else {
            return;
        };
        let queue = queue_of(place, &binding.common);
        let run = |told: Told| HookRun {
            module: place.cloned(),
            hook: bound.hook.clone(),
            contexts: vec![Context::event(bound.index, binding, told.event, told.item)],
            synchronizes: BTreeSet::new(),
            allow_failure: binding.common.allow_failure,
            since: now,
        };
        let told = told
            .into_iter()
            .filter(|told| binding.events.contains(&told.event));
        let runs: Vec<HookRun> = told.map(run).collect();
        for run in runs {
            self.join(queue.clone(), run);
        }
    }

    fn report_place(&mut self, place: Option<&ModuleName>, time: Timestamp) {
        if let Some(name) = place {
            self.report(name, time);
        }
    }

    fn take_trouble(
        &mut self,
        place: Option<&ModuleName>,
        monitor: MonitorId,
        trouble: Option<Trouble>,
    ) {
        let Some(set) = self.set_mut(place) else {
            return;
        };
        let Some(bound) = set.bound.get_mut(&monitor) else {
            return;
        };
        let (module, hook) = (place.map_or("global", ModuleName::as_str), &bound.hook);
        match &trouble {
            Some(trouble @ Trouble::Unserved { .. }) => {
                tracing::info!(target: "watch", module, hook, "{trouble}");
            }
            Some(trouble) => tracing::error!(target: "watch", module, hook, "{trouble}"),
            None => tracing::info!(target: "watch", module, hook, "watching goes on"),
        }
        let is_over = trouble.is_none();
        let has_failed = !is_over && bound.is_listing();
        let hook = bound.hook.clone();
        bound.trouble = trouble;
        // What a hook that could not see all no longer wants was left until now.
        if is_over && set.declared.contains_key(&hook) {
            let is_before_work = set.chain.as_ref().is_some_and(Chain::is_before_work);
            if let Some(module) = place.filter(|_| !is_before_work) {
                self.request_apply(module);
            }
        }
        if has_failed {
            self.count(Count::ListFailed { hook });
        }
    }
}

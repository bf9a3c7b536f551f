//! Runs of hooks that ended: what they change, and what follows.

use std::time::Instant;

use super::hooks::{Chain, Ended, Step};
use super::steps::Times;
use super::{Done, House, Notice};
use crate::binding::{ContextKind, Lifecycle};
use crate::name::{ModuleName, ValuesKey};
use crate::queue::QueueName;
use crate::task::{HookRan, HookRun, Task};
use crate::values::{Layer, Store};
use crate::watch::Managed;

/// The type of kubernetes bindings.
const KUBERNETES: &str = "kubernetes";

/// What the end of a run changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Changed {
    /// Values of the hook's place.
    pub(super) values: bool,
    /// Objects that it declares.
    pub(super) objects: bool,
    /// What global hooks say of modules.
    pub(super) flags: bool,
}

impl House {
    /// Takes the end of a step that ran a hook; answers the failure.
    pub(super) fn take_step_hook(
        &mut self,
        task: &Task,
        step: &Step,
        ran: &HookRan,
        times: Times,
    ) -> Option<String> {
        let place = task.module().cloned();
        let (hook, binding, sort) = match step {
            Step::Hook(hook, lifecycle) => (hook, lifecycle.name(), lifecycle.name()),
            Step::Synchronize(hook) => (hook, "Synchronization", KUBERNETES),
            _ => return None,
        };
        let ended = Ended {
            place: place.as_ref(),
            hook,
            summary: self.summary_of(place.as_ref(), binding, ran),
            binding: sort,
            name: self.name_of(place.as_ref(), step, ran),
            queue: place.as_ref().map_or_else(
                || QueueName::Main.to_string(),
                |module| QueueName::Module(module.clone()).to_string(),
            ),
            said: String::new(),
            may_fail: self.allows_failure(place.as_ref(), ran),
        };
        self.tell_metrics(ran);
        let results = if let Some(error) = &ran.error {
            Err((self.told(place.as_ref(), error), error.reason()))
        } else {
            let taken = self.take_results(place.as_ref(), hook, ran, times.0);
            taken.map_err(|why| (why, "InvalidValuesPatch"))
        };
        match results {
            Ok(changed) => {
                self.tell_hook_end(&ended, ran, Ok(changed), times.1);
                self.follow_step(task, step, changed);
                None
            }
            Err((why, _)) if ended.may_fail => {
                self.tell_hook_end(&ended, ran, Err(&why), times.1);
                self.release(ended.place, ran, times.0);
                None
            }
            Err((why, reason)) => {
                let message = format!("hook {hook} ({binding}): {why}");
                match &place {
                    Some(name) => self.conclude_with(name, reason, &message, times.1),
                    None => self.note_failing(None, hook, &message),
                }
                self.tell_hook_end(&ended, ran, Err(&why), times.1);
                Some(message)
            }
        }
    }

    /// The name of the binding that a step ran for, the first of several.
    fn name_of(&self, place: Option<&ModuleName>, step: &Step, ran: &HookRan) -> String {
        if let Step::Hook(_, lifecycle) = step {
            return lifecycle.name().to_owned();
        }
        let first = ran.synchronized.first();
        let binding = first.and_then(|id| {
            let set = self.set(place)?;
            set.binding(set.bound.get(id)?)
        });
        binding.map_or_else(String::new, |binding| binding.name.clone())
    }

    /// What a step ran for: `pods, nodes: Synchronization`, `beforeHelm`.
    fn summary_of(&self, place: Option<&ModuleName>, what: &str, ran: &HookRan) -> String {
        let bound = |id| {
            let set = self.set(place)?;
            let binding = set.binding(set.bound.get(id)?)?;
            Some(binding.name.as_str())
        };
        let names: Vec<&str> = ran.synchronized.iter().filter_map(bound).collect();
        if names.is_empty() {
            what.to_owned()
        } else {
            format!("{}: {what}", names.join(", "))
        }
    }

    /// Whether the bindings that a step synchronizes allow it to fail; the first decides.
    fn allows_failure(&self, place: Option<&ModuleName>, ran: &HookRan) -> bool {
        let (Some(set), Some(first)) = (self.set(place), ran.synchronized.first()) else {
            return false;
        };
        let binding = set.bound.get(first).and_then(|bound| set.binding(bound));
        binding.is_some_and(|binding| binding.common.allow_failure)
    }

    /// What follows from a step's hook that changed something: before the work nothing, since the
    /// work is made from it.
    fn follow_step(&mut self, task: &Task, step: &Step, changed: Changed) {
        self.follow_objects(task.module(), changed);
        let Some(set) = self.set_mut(task.module()) else {
            return;
        };
        if let Step::Hook(hook, lifecycle) = step {
            if *lifecycle == Lifecycle::OnStartup {
                set.started.insert(hook.clone());
            }
            if *lifecycle == Lifecycle::AfterHelm
                && changed.values
                && let Some(chain) = &mut set.chain
            {
                chain.stale_by = Some(hook.clone());
            }
        }
        let is_decided = !matches!(task, Task::ConvergeModules { .. });
        if changed.flags && is_decided {
            self.request_converge("GlobalHookSwitchedModules");
        }
    }

    /// Takes the end of a run that bindings asked for.
    pub(super) fn hook_done(
        &mut self,
        (queue, id, task): (&QueueName, u64, &Task),
        done: Done,
        managed: &Managed,
        times: Times,
    ) {
        let is_awaited = self
            .set_mut(task.module())
            .is_some_and(|set| set.at_work.remove(&id));
        let failure = match (task, done) {
            (Task::HookRun(run), Done::HookRan(ran)) if is_awaited => {
                self.take_hook_run(queue, run, &ran, times)
            }
            (_, Done::Broken(why)) => Some(why),
            _ => None,
        };
        match failure {
            Some(message) => self.fail((queue, id, task), &message, times),
            None => self.lines.done(queue, id),
        }
        self.task_over(task, managed, times.1);
        self.close_converge(times.0);
    }

    fn take_hook_run(
        &mut self,
        queue: &QueueName,
        run: &HookRun,
        ran: &HookRan,
        (now, time): Times,
    ) -> Option<String> {
        let place = run.module.as_ref();
        let ended = Ended {
            place,
            hook: &run.hook,
            summary: run.summary(),
            binding: match run.contexts.first().map(|context| &context.kind) {
                Some(ContextKind::Schedule) => "schedule",
                _ => KUBERNETES,
            },
            name: run
                .contexts
                .first()
                .map_or_else(String::new, |context| context.binding.clone()),
            queue: queue.to_string(),
            said: String::new(),
            may_fail: run.allow_failure,
        };
        self.tell_metrics(ran);
        let results = match &ran.error {
            Some(error) => Err(self.told(place, error)),
            None => self.take_results(place, &run.hook, ran, now),
        };
        match results {
            Ok(changed) => {
                self.tell_hook_end(&ended, ran, Ok(changed), time);
                self.follow_run(run, changed, now);
                None
            }
            Err(why) if run.allow_failure => {
                self.tell_hook_end(&ended, ran, Err(&why), time);
                self.release(place, ran, now);
                None
            }
            Err(why) => {
                self.tell_hook_end(&ended, ran, Err(&why), time);
                let message = format!("hook {} ({}): {why}", run.hook, run.summary());
                self.note_failing(place, &run.hook, &message);
                Some(message)
            }
        }
    }

    /// What follows from values that events changed.
    fn follow_run(&mut self, run: &HookRun, changed: Changed, now: Instant) {
        let place = run.module.as_ref();
        let is_synchronization = !run.synchronizes.is_empty();
        self.follow_objects(place, changed);
        let is_used_anyway = is_synchronization && self.is_before_work(place);
        let changed = Changed {
            values: changed.values && !is_used_anyway,
            ..changed
        };
        self.follow_values((place, &run.hook), changed, now);
    }

    /// What follows from values and flags that a hook changed by itself.
    pub(super) fn follow_values(
        &mut self,
        (place, hook): (Option<&ModuleName>, &str),
        changed: Changed,
        now: Instant,
    ) {
        if changed.flags {
            self.request_converge("GlobalHookSwitchedModules");
        }
        if !changed.values {
            return;
        }
        let checksum = match place {
            None => Some(self.global.snapshot().checksum),
            Some(module) => self
                .residents
                .get(module)
                .and_then(|resident| Some(resident.store.as_ref()?.snapshot().checksum)),
        };
        let undone = place.map_or(self.converge.undone, |_| 0);
        let (Some(checksum), Some(set)) = (checksum, self.set_mut(place)) else {
            return;
        };
        let was_slowed = set.swing.is_slowed();
        if set.swing.note(checksum, hook, now) || set.swing.note_undone(undone, hook, now) {
            if !was_slowed {
                self.tell_swing(place);
            }
            return;
        }
        match place {
            None => self.request_converge("GlobalValuesChanged"),
            Some(module) => self.request_again(module, "HookChangedValues"),
        }
    }

    /// Whether a task of this place is on its way to what it makes from the values.
    pub(super) fn is_before_work(&self, place: Option<&ModuleName>) -> bool {
        let chain = self.set(place).and_then(|set| set.chain.as_ref());
        chain.is_some_and(Chain::is_before_work)
    }

    /// The metrics that a run got as far as; they stay when what comes after them fails.
    pub(super) fn tell_metrics(&mut self, ran: &HookRan) {
        if !ran.metrics.is_empty() {
            self.notices.push(Notice::HookMetrics(ran.metrics.clone()));
        }
    }

    /// Takes what a hook gives back; values are checked against those of now.
    pub(super) fn take_results(
        &mut self,
        place: Option<&ModuleName>,
        hook: &str,
        ran: &HookRan,
        now: Instant,
    ) -> Result<Changed, String> {
        let origin = crate::values::Origin::HookPatch {
            hook: format!("{}/{hook}", place.map_or("global", ModuleName::as_str)),
        };
        let mut values = false;
        if let Some(section) = &ran.section {
            self.take_own_section(place, Layer::from_value(origin.clone(), section))?;
            values = true;
        }
        let patch = &ran.values.values;
        let secrets = self.secrets_of(place);
        if let Some(store) = self.store_mut(place) {
            let refused = |error: crate::values::Error| {
                secrets.mask(&crate::report::chain(&error)).into_owned()
            };
            if !ran.taken_back.is_empty() {
                let taken = store.take_back(&ran.taken_back, &origin);
                values |= taken.map_err(refused)?;
            }
            if !patch.is_empty() {
                values |= store.apply_values_patch(patch, &origin).map_err(refused)?;
            }
        }
        let objects = self.take_declared(place, hook, ran);
        let flags = self.take_flags(ran.values.flags.iter().chain(&ran.config_flags));
        self.release(place, ran, now);
        Ok(Changed {
            values,
            objects,
            flags,
        })
    }

    /// The values of a place.
    pub(super) fn store_mut(&mut self, place: Option<&ModuleName>) -> Option<&mut Store> {
        match place {
            None => Some(&mut self.global),
            Some(module) => self.residents.get_mut(module)?.store.as_mut(),
        }
    }

    /// The section that a hook had written into the `ConfigMap` takes effect here as well.
    fn take_own_section(
        &mut self,
        place: Option<&ModuleName>,
        section: Layer,
    ) -> Result<(), String> {
        let key = place.map_or_else(ValuesKey::global, ModuleName::key);
        self.config.set_section(&key, Some(section.clone()));
        let store = self.store_mut(place);
        let taken = store.map_or(Ok(false), |store| store.set_config(Some(section)));
        taken.map(drop).map_err(|mistakes| mistakes.to_string())
    }

    fn take_flags<'a>(
        &mut self,
        flags: impl Iterator<Item = (&'a ValuesKey, &'a Option<bool>)>,
    ) -> bool {
        let mut changed = false;
        for (key, flag) in flags {
            changed |= match flag {
                Some(enabled) => self.dynamic.insert(key.clone(), *enabled) != Some(*enabled),
                None => self.dynamic.remove(key).is_some(),
            };
        }
        changed
    }

    /// Bindings that were synchronized are told what happened since.
    fn release(&mut self, place: Option<&ModuleName>, ran: &HookRan, now: Instant) {
        for (monitor, sequence) in &ran.seen {
            let Some(set) = self.set_mut(place) else {
                return;
            };
            let is_waiting = set
                .bound
                .get(monitor)
                .is_some_and(|bound| ran.synchronized.contains(monitor) && bound.is_early());
            if is_waiting {
                let told = set.synchronized(*monitor, *sequence);
                self.tell_hook(place, *monitor, told, now);
            }
        }
    }
}

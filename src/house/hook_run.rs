//! Runs of hooks: what the end of each changes.

use std::time::Instant;

use jiff::Timestamp;

use super::hooks::{Chain, Latest, Step};
use super::steps::Times;
use super::{Count, Done, HookEnd, House, Notice};
use crate::binding::{ContextKind, Lifecycle};
use crate::name::{ModuleName, ValuesKey};
use crate::queue::QueueName;
use crate::report;
use crate::status::{About, Event, Kind};
use crate::task::{HookRan, HookRun, Task};
use crate::values::Layer;
use crate::watch::Managed;

/// The type of kubernetes bindings.
const KUBERNETES: &str = "kubernetes";

/// What the end of a run changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Changed {
    /// Values of the hook's place.
    values: bool,
    /// What global hooks say of modules.
    flags: bool,
}

/// A run that ended, for people.
struct Told<'a> {
    place: Option<&'a ModuleName>,
    hook: &'a str,
    summary: String,
    /// The type of the bindings.
    binding: &'static str,
    queue: String,
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
        let told = Told {
            place: place.as_ref(),
            hook,
            summary: binding.to_owned(),
            binding: sort,
            queue: place.as_ref().map_or_else(
                || QueueName::Main.to_string(),
                |module| QueueName::Module(module.clone()).to_string(),
            ),
        };
        let may_fail = matches!(step, Step::Synchronize(_))
            && self
                .set(place.as_ref())
                .is_some_and(|set| set.may_fail(&ran.synchronized));
        let results = match &ran.error {
            Some(error) => Err((report::chain(error), error.reason())),
            None => self
                .take_results(place.as_ref(), hook, ran, times.0)
                .map_err(|why| (why, "InvalidValuesPatch")),
        };
        match results {
            Ok(changed) => {
                self.tell_hook_end(&told, ran, (HookEnd::Succeeded, Some(changed)), times.1);
                self.follow_step(task, step, changed);
                None
            }
            Err((why, _)) if may_fail => {
                self.tell_hook_end(&told, ran, (HookEnd::Allowed, None), times.1);
                self.release(place.as_ref(), ran, times.0);
                tracing::warn!(target: "hook", hook, "the failure is allowed: {why}");
                None
            }
            Err((why, reason)) => {
                let message = format!("hook {hook} ({binding}): {why}");
                self.conclude_hook_failure(place.as_ref(), &message, reason, times.1);
                self.tell_hook_end(&told, ran, (HookEnd::Failed, None), times.1);
                Some(message)
            }
        }
    }

    /// What follows from a step's hook that changed something: before the work nothing, since the
    /// work is made from it.
    fn follow_step(&mut self, task: &Task, step: &Step, changed: Changed) {
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
        let told = Told {
            place,
            hook: &run.hook,
            summary: run.summary(),
            binding: match run.contexts.first().map(|context| &context.kind) {
                Some(ContextKind::Schedule) => "schedule",
                _ => KUBERNETES,
            },
            queue: queue.to_string(),
        };
        let results = match &ran.error {
            Some(error) => Err(report::chain(error)),
            None => self.take_results(place, &run.hook, ran, now),
        };
        match results {
            Ok(changed) => {
                self.tell_hook_end(&told, ran, (HookEnd::Succeeded, Some(changed)), time);
                self.follow_run(place, &run.hook, changed, now);
                None
            }
            Err(why) if run.allow_failure => {
                self.tell_hook_end(&told, ran, (HookEnd::Allowed, None), time);
                self.release(place, ran, now);
                tracing::warn!(target: "hook", hook = run.hook, "the failure is allowed: {why}");
                None
            }
            Err(why) => {
                self.tell_hook_end(&told, ran, (HookEnd::Failed, None), time);
                Some(format!("hook {} ({}): {why}", run.hook, run.summary()))
            }
        }
    }

    /// What follows from values that events changed.
    fn follow_run(
        &mut self,
        place: Option<&ModuleName>,
        hook: &str,
        changed: Changed,
        now: Instant,
    ) {
        let chain = self.set(place).and_then(|set| set.chain.as_ref());
        if chain.is_some_and(Chain::is_before_preparation) {
            // The task that this run is a part of sees it.
            return;
        }
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
        let (Some(checksum), Some(set)) = (checksum, self.set_mut(place)) else {
            return;
        };
        let was_slowed = set.swing.is_slowed();
        if set.swing.note(checksum, hook, now) {
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

    /// Takes what a hook gives back; values are checked against those of now.
    fn take_results(
        &mut self,
        place: Option<&ModuleName>,
        hook: &str,
        ran: &HookRan,
        now: Instant,
    ) -> Result<Changed, String> {
        if !ran.metrics.is_empty() {
            self.notices.push(Notice::HookMetrics(ran.metrics.clone()));
        }
        let origin = crate::values::Origin::HookPatch {
            hook: format!("{}/{hook}", place.map_or("global", ModuleName::as_str)),
        };
        let mut values = false;
        if let Some(section) = &ran.section {
            self.take_own_section(place, Layer::from_value(origin.clone(), section))?;
            values = true;
        }
        let patch = &ran.values.values;
        if !patch.is_empty() {
            let store = match place {
                None => Some(&mut self.global),
                Some(module) => self
                    .residents
                    .get_mut(module)
                    .and_then(|resident| resident.store.as_mut()),
            };
            let taken = store.map(|store| store.apply_values_patch(patch, &origin));
            values |= match taken {
                Some(Ok(changed)) => changed,
                Some(Err(error)) => return Err(report::chain(&error)),
                None => false,
            };
        }
        let flags = self.take_flags(ran.values.flags.iter().chain(&ran.config_flags));
        self.release(place, ran, now);
        Ok(Changed { values, flags })
    }

    /// The section that a hook had written into the `ConfigMap` takes effect here as well.
    fn take_own_section(
        &mut self,
        place: Option<&ModuleName>,
        section: Layer,
    ) -> Result<(), String> {
        let key = place.map_or_else(ValuesKey::global, ModuleName::key);
        self.config.set_section(&key, Some(section.clone()));
        let store = match place {
            None => Some(&mut self.global),
            Some(module) => self
                .residents
                .get_mut(module)
                .and_then(|resident| resident.store.as_mut()),
        };
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

    fn conclude_hook_failure(
        &mut self,
        place: Option<&ModuleName>,
        message: &str,
        reason: &'static str,
        time: Timestamp,
    ) {
        if let Some(name) = place {
            self.conclude_with(name, reason, message, time);
        }
    }

    /// One line for every run, and its record.
    fn tell_hook_end(
        &mut self,
        told: &Told<'_>,
        ran: &HookRan,
        (end, changed): (HookEnd, Option<Changed>),
        time: Timestamp,
    ) {
        let module = told.place.map_or("global", ModuleName::as_str);
        let did = did(ran, changed);
        let (hook, binding, queue) = (told.hook, &told.summary, &told.queue);
        let took_ms = ran.took.as_millis();
        if end == HookEnd::Succeeded {
            tracing::info!(target: "hook", module, hook, binding, queue, %took_ms, changed = did, "hook ran");
        } else {
            let why = ran
                .error
                .as_ref()
                .map_or_else(String::new, |error| report::chain(error));
            tracing::debug!(target: "hook", module, hook, binding, queue, %took_ms, why, "hook failed");
        }
        self.count(Count::HookRun {
            module: told.place.cloned(),
            hook: told.hook.to_owned(),
            binding: told.binding,
            startup: !self.converge.startup_done,
            queue: told.queue.clone(),
            end,
            took: ran.took,
            usage: ran.usage,
        });
        let outcome = match &ran.error {
            None => Ok(did),
            Some(error) => Err(report::chain(error)),
        };
        let Some(set) = self.set_mut(told.place) else {
            return;
        };
        let before = set.latest.get(told.hook);
        let (runs, failures) = before.map_or((0, 0), |before| (before.runs, before.failures));
        let latest = Latest {
            ended: time,
            took: ran.took,
            binding: told.summary.clone(),
            outcome,
            runs: runs + 1,
            failures: failures + u64::from(end != HookEnd::Succeeded),
        };
        set.latest.insert(told.hook.to_owned(), latest);
    }

    /// People hear that hooks change values back and forth.
    pub(super) fn tell_swing(&mut self, place: Option<&ModuleName>) {
        let Some(why) = self.set(place).and_then(|set| set.swing.why()) else {
            return;
        };
        let message = format!("{why}; what follows from it is slowed down");
        let module = place.map_or("global", ModuleName::as_str);
        tracing::error!(target: "hook", module, "{message}");
        let about = match place {
            Some(module) => About::Module(module.clone()),
            None => About::ConfigMap(self.settings.config_map.clone()),
        };
        self.tell(Event {
            about,
            kind: Kind::Warning,
            reason: "HooksUndoEachOther",
            message,
        });
    }

    /// What was slowed goes on.
    pub(super) fn go_on_after_swing(&mut self, now: Instant) {
        let over: Vec<ModuleName> = self
            .residents
            .iter_mut()
            .filter_map(|(name, resident)| resident.hooks.swing.end(now).then(|| name.clone()))
            .collect();
        for name in over {
            self.request_again(&name, "HookChangedValues");
        }
        if self.hooks.swing.end(now) {
            self.request_converge("GlobalValuesChanged");
        }
    }
}

/// What a run changed, in a few words; `nothing` when nothing.
fn did(ran: &HookRan, changed: Option<Changed>) -> String {
    let mut did = Vec::new();
    if changed.is_some_and(|changed| changed.values) {
        did.push("values".to_owned());
    }
    if changed.is_some_and(|changed| changed.flags) {
        did.push("enabled modules".to_owned());
    }
    if ran.section.is_some() {
        did.push("config values".to_owned());
    }
    let written: Vec<&String> = ran
        .objects
        .iter()
        .filter(|done| !done.starts_with("unchanged"))
        .collect();
    match written.as_slice() {
        [] => {}
        [one] => did.push((*one).clone()),
        many => did.push(format!("{} objects", many.len())),
    }
    if did.is_empty() {
        "nothing".to_owned()
    } else {
        did.join(", ")
    }
}

//! What people hear of runs: one line for each, its record, and that hooks undo each other.

use std::time::Instant;

use jiff::Timestamp;

use super::super::hook_run::Changed;
use super::super::steps::Times;
use super::super::{Count, HookEnd, House};
use super::{HookSet, Latest, list};
use crate::name::ModuleName;
use crate::queue::QueueName;
use crate::status::{About, Event, Kind};
use crate::task::{HookRan, HookRun};

/// A run that ended, for people.
pub(in crate::house) struct Ended<'a> {
    /// Whose the hook is.
    pub(in crate::house) place: Option<&'a ModuleName>,
    /// The hook.
    pub(in crate::house) hook: &'a str,
    /// What it ran for.
    pub(in crate::house) summary: String,
    /// The type of the bindings.
    pub(in crate::house) binding: &'static str,
    /// The name of the first of them.
    pub(in crate::house) name: String,
    /// The queue.
    pub(in crate::house) queue: String,
    /// What it answered that people should hear of; empty when nothing.
    pub(in crate::house) said: String,
    /// Whether it may fail.
    pub(in crate::house) may_fail: bool,
}

/// The log line of a run.
struct Line<'a> {
    module: &'a str,
    hook: &'a str,
    binding: &'a str,
    queue: &'a str,
    took_ms: u128,
}

impl Line<'_> {
    /// A run that changed something is news; one that changed nothing is not.
    fn tell_success(&self, changed: &str) {
        let Self {
            module,
            hook,
            binding,
            queue,
            took_ms,
        } = self;
        if changed == NOTHING {
            tracing::debug!(target: "hook", module, hook, binding, queue, %took_ms, changed, "hook ran");
        } else {
            tracing::info!(target: "hook", module, hook, binding, queue, %took_ms, changed, "hook ran");
        }
    }

    /// Why a run failed that may not is said, with when it is repeated, by its task.
    fn tell_failure(&self, why: &str, may_fail: bool) {
        let Self {
            module,
            hook,
            binding,
            queue,
            took_ms,
        } = self;
        if may_fail {
            tracing::warn!(target: "hook", module, hook, binding, queue, %took_ms, why, "hook failed, which is allowed");
        } else {
            tracing::debug!(target: "hook", module, hook, binding, queue, %took_ms, why, "hook failed");
        }
    }
}

/// The word for a run that changed nothing.
const NOTHING: &str = "nothing";

impl House {
    /// One line for every run, and its record.
    pub(in crate::house) fn tell_hook_end(
        &mut self,
        ended: &Ended<'_>,
        ran: &HookRan,
        result: Result<Changed, &str>,
        time: Timestamp,
    ) {
        let outcome = result
            .map(|changed| did(&ended.said, ran, changed))
            .map_err(str::to_owned);
        let line = Line {
            module: ended.place.map_or("global", ModuleName::as_str),
            hook: ended.hook,
            binding: &ended.summary,
            queue: &ended.queue,
            took_ms: ran.took.as_millis(),
        };
        match &outcome {
            Ok(changed) => line.tell_success(changed),
            Err(why) => line.tell_failure(why, ended.may_fail),
        }
        self.count(Count::HookRun {
            module: ended.place.cloned(),
            hook: ended.hook.to_owned(),
            binding: ended.binding,
            name: ended.name.clone(),
            startup: !self.converge.startup_done,
            queue: ended.queue.clone(),
            end: match (&outcome, ended.may_fail) {
                (Ok(_), _) => HookEnd::Succeeded,
                (Err(_), true) => HookEnd::Allowed,
                (Err(_), false) => HookEnd::Failed,
            },
            took: ran.took,
            usage: ran.usage,
        });
        if let Some(set) = self.set_mut(ended.place) {
            set.record(ended, (ran, time), outcome);
        }
    }

    /// A run begins for the first time; later it waits because it failed.
    pub(in crate::house) fn count_wait(&mut self, run: &HookRun, queue: &QueueName, now: Instant) {
        let binding = run.contexts.first().map(|context| context.binding.clone());
        self.count(Count::HookWaited {
            module: run.module.clone(),
            hook: run.hook.clone(),
            binding: binding.unwrap_or_default(),
            queue: queue.to_string(),
            waited: now.saturating_duration_since(run.since),
        });
    }

    /// People hear of a hook that fails on an event, or for all modules; once for one message.
    pub(in crate::house) fn note_failing(
        &mut self,
        place: Option<&ModuleName>,
        hook: &str,
        message: &str,
    ) {
        let Some(set) = self.set_mut(place) else {
            return;
        };
        let before = set.failing.insert(hook.to_owned(), message.to_owned());
        if before.as_deref() != Some(message) {
            self.tell(Event {
                about: self.about(place),
                kind: Kind::Warning,
                reason: "HookFailed",
                message: message.to_owned(),
            });
        }
    }

    /// What events about the hooks of a place are about.
    fn about(&self, place: Option<&ModuleName>) -> About {
        match place {
            Some(module) => About::Module(module.clone()),
            None => About::ConfigMap(self.settings.config_map.clone()),
        }
    }

    /// People hear that hooks change values back and forth.
    pub(in crate::house) fn tell_swing(&mut self, place: Option<&ModuleName>) {
        let Some(why) = self.set(place).and_then(|set| set.swing.why()) else {
            return;
        };
        let message = format!("{why}; what follows from it is slowed down");
        let module = place.map_or("global", ModuleName::as_str);
        tracing::error!(target: "hook", module, "{message}");
        self.tell(Event {
            about: self.about(place),
            kind: Kind::Warning,
            reason: "HooksUndoEachOther",
            message,
        });
    }

    /// What was slowed goes on; what is over for long is forgotten.
    pub(in crate::house) fn go_on_after_swing(&mut self, (now, time): Times) {
        let names: Vec<ModuleName> = self.residents.keys().cloned().collect();
        for name in names {
            let Some(resident) = self.residents.get_mut(&name) else {
                continue;
            };
            if resident.hooks.swing.end(now) {
                self.request_again(&name, "HookChangedValues");
            } else if resident.hooks.swing.forget(now) {
                self.report(&name, time);
            }
        }
        self.hooks.swing.forget(now);
        if self.hooks.swing.end(now) {
            self.request_converge("GlobalValuesChanged");
        }
    }

    /// When a swing goes on or is forgotten.
    pub(in crate::house) fn swing_wakes(&self) -> Option<Instant> {
        self.sets().filter_map(|(_, set)| set.swing.wake_at()).min()
    }
}

impl HookSet {
    fn record(
        &mut self,
        ended: &Ended<'_>,
        (ran, time): (&HookRan, Timestamp),
        outcome: Result<String, String>,
    ) {
        if outcome.is_ok() || ended.may_fail {
            self.failing.remove(ended.hook);
        }
        let before = self.latest.get(ended.hook);
        let (runs, failures) = before.map_or((0, 0), |before| (before.runs, before.failures));
        let latest = Latest {
            ended: time,
            took: ran.took,
            binding: ended.summary.clone(),
            runs: runs + 1,
            failures: failures + u64::from(outcome.is_err()),
            outcome,
        };
        self.latest.insert(ended.hook.to_owned(), latest);
        for bound in self.bound.values_mut() {
            if bound.hook == ended.hook {
                bound.since_run = list::Told::default();
            }
        }
    }
}

/// What a run changed, in a few words; `nothing` when nothing.
fn did(said: &str, ran: &HookRan, changed: Changed) -> String {
    let mut did = Vec::new();
    if !said.is_empty() {
        did.push(said.to_owned());
    }
    if changed.values {
        did.push("values".to_owned());
    }
    if changed.objects {
        did.push("objects".to_owned());
    }
    if changed.flags {
        did.push("enabled modules".to_owned());
    }
    if ran.section.is_some() {
        did.push("config values".to_owned());
    }
    let written: Vec<&String> = ran
        .objects
        .iter()
        // What is as it shall be, or not there, is left.
        .filter(|done| !done.starts_with("left "))
        .collect();
    match written.as_slice() {
        [] => {}
        [one] => did.push((*one).clone()),
        many => did.push(format!("{} objects", many.len())),
    }
    if did.is_empty() {
        NOTHING.to_owned()
    } else {
        did.join(", ")
    }
}

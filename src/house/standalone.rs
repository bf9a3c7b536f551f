//! A shell-operator: the same house without modules, where nothing holds the hooks together. One that
//! cannot be used stops no other, and is asked again until it can.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::hooks::{Bound, HookSet};
use super::{Count, House, Work};
use crate::binding::Place;
use crate::queue::{Hold, QueueName};
use crate::report;
use crate::task::{Error, HooksRead, Task};

/// How long after its first answer a hook that cannot be used is asked again.
const PAUSE: Duration = Duration::from_secs(1);

/// The queue in which they are asked: an answer may take long.
const QUEUE: &str = "broken hooks";

impl House {
    /// Whether this is a shell-operator.
    pub(super) fn is_standalone(&self) -> bool {
        self.settings.global_place == Place::Standalone
    }

    /// Whether the modules directories were read. A shell-operator has none.
    pub(super) fn folders_known(&self) -> bool {
        self.is_standalone() || !self.discovery.dirs.is_empty()
    }

    /// The type of a task, as the original names it.
    pub(super) fn kind_of(&self, task: &Task) -> &'static str {
        match task {
            Task::HookRun(_) if self.is_standalone() => "HookRun",
            Task::ConvergeModules { .. } if self.is_standalone() => "StartHooks",
            task => task.kind(),
        }
    }

    /// Tells which hooks cannot be used, once for each reason.
    pub(super) fn note_broken(&mut self, broken: BTreeMap<String, String>) {
        for (hook, why) in &broken {
            if self.hooks.broken.get(hook) != Some(why) {
                tracing::error!(target: "hook", hook, "{why}");
            }
            self.count(Count::ConfigFailed { hook: hook.clone() });
        }
        self.hooks.broken = broken;
    }

    /// The hooks are started. Those that cannot be used are asked again.
    pub(super) fn ask_broken_again(&mut self, now: Instant) {
        if self.hooks.broken.is_empty() {
            return;
        }
        self.hooks.ask_at = Some(now + PAUSE);
        self.push(QueueName::Named(QUEUE.to_owned()), Task::AskHooks);
    }

    /// What is in the way of asking again.
    pub(super) fn pause_of_asking(&self, now: Instant) -> Option<Hold> {
        let until = self.hooks.ask_at.filter(|at| *at > now)?;
        Some(Hold {
            why: "waits before broken hooks are asked again".to_owned(),
            until: Some(until),
        })
    }

    /// Asks hooks that cannot be used again. Those that can are not.
    pub(super) fn ask_again_work(&mut self) -> Work {
        if self.hooks.broken.is_empty() {
            return Work::Nothing;
        }
        self.hooks.asked_of = self.hooks.read_of;
        self.read_work(None, self.hooks.hooks.values().cloned().collect())
    }

    /// Takes what they answered; the failure when none is mended.
    pub(super) fn take_asked(
        &mut self,
        read: Result<HooksRead, Error>,
        now: Instant,
    ) -> Option<String> {
        let read = match read {
            Ok(read) => read,
            Err(error) => return Some(report::chain(&error)),
        };
        // The hooks may be others by now; then all of them were read, or will be.
        let folder = self.hooks.asked_of.take()?;
        let is_present = self.hooks.read_of == Some(folder) && self.hooks_folder == Some(folder);
        if !is_present || self.hooks.broken.is_empty() {
            return None;
        }
        let is_mended = |hook: &String| !read.broken.contains_key(hook);
        if self.hooks.broken.keys().any(is_mended) {
            self.put_hooks(None, read, folder, now);
            self.request_converge("HooksMended");
            return None;
        }
        let told: Vec<String> = read.broken.values().cloned().collect();
        self.note_broken(read.broken);
        Some(told.join("\n"))
    }
}

impl HookSet {
    /// Whether everything that a hook watches is listed; since when it was waited for.
    pub(super) fn listed_since(&self, hook: &str) -> Option<Instant> {
        let bound = || self.bound.values().filter(|bound| bound.hook == hook);
        if bound().any(Bound::is_listing) {
            return None;
        }
        bound().map(|bound| bound.since).min()
    }
}

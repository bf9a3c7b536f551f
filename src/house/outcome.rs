//! How a task ended → what is known now, and what follows.

use std::collections::BTreeSet;
use std::time::Instant;

use jiff::Timestamp;

use super::{Count, Done, House, Notice};
use crate::apply::{Drift, Outcome};
use crate::diff::Reason;
use crate::module::Progress;
use crate::name::ModuleName;
use crate::object::{ObjectRef, applyset_id};
use crate::queue::QueueName;
use crate::report;
use crate::serve::ModuleState;
use crate::status::{About, Event, Kind};
use crate::task::{self, Decided, Deleted, Error, Ran, Task};
use crate::watch::Managed;

impl House {
    /// Takes in how a task, or a step of it, ended.
    pub fn finished(
        &mut self,
        (queue, id, task): (&QueueName, u64, &Task),
        done: Done,
        managed: &Managed,
        (now, time): (Instant, Timestamp),
    ) {
        let of = (queue, id, task);
        if let Task::ReadHooks { module } = task {
            return self.take_ahead(module.as_ref(), done, now);
        }
        self.hook_slots.remove(&id);
        let failure = match (task, done) {
            (
                Task::ConvergeModules { .. }
                | Task::AfterAll
                | Task::ModuleRun { .. }
                | Task::ModuleDelete { .. },
                done,
            ) => return self.step_done(of, done, managed, (now, time)),
            (Task::HookRun(_), done) => return self.hook_done(of, done, managed, (now, time)),
            (Task::ModuleApply { module }, Done::Ran(ran)) => {
                self.take_apply(module, *ran, (now, time))
            }
            (Task::AskScript { module }, Done::Evaluated(mut decided)) => {
                self.take_answer(module, decided.remove(module), time)
            }
            (Task::AskHooks, Done::HooksRead(read)) => self.take_asked(read, now),
            (Task::AwaitReady { module }, Done::Awaited(ready)) => {
                self.take_ready(module, ready, time)
            }
            (_, Done::Broken(why)) => Some(self.take_panic(task, why, time)),
            _ => None,
        };
        match failure {
            None => self.lines.done(queue, id),
            Some(message) => self.fail(of, &message, (now, time)),
        }
        self.task_over(task, managed, time);
        self.close_converge(now);
    }

    /// A task failed: it backs off.
    pub(super) fn fail(
        &mut self,
        (queue, id, task): (&QueueName, u64, &Task),
        message: &str,
        (now, _): (Instant, Timestamp),
    ) {
        let wait = self
            .lines
            .failed((queue, id), message.to_owned(), now, Task::absorb);
        let again = wait.map_or(0, |wait| wait.as_secs());
        tracing::error!(target: "task", queue = %queue, task = self.kind_of(task), again_in_s = again, "{message}");
    }

    /// A task of a module is over, or backs off.
    pub(super) fn task_over(&mut self, task: &Task, managed: &Managed, time: Timestamp) {
        let Some(module) = task.module().cloned() else {
            return;
        };
        let is_at_work = !matches!(task, Task::AwaitReady { .. } | Task::HookRun(_));
        if let Some(resident) = self.residents.get_mut(&module).filter(|_| is_at_work) {
            resident.begun = None;
        }
        self.report(&module, time);
        self.look_for_drift(&BTreeSet::from([module.as_str().to_owned()]), managed, time);
    }

    fn take_answer(
        &mut self,
        name: &ModuleName,
        decided: Option<Decided>,
        time: Timestamp,
    ) -> Option<String> {
        let decided = decided?;
        if let Err(why) = &decided.decision {
            let why = why.clone();
            if let Some(resident) = self.residents.get_mut(name) {
                resident.enter(ModuleState::Failed, "EnabledScriptFailed", &why, time);
                resident.script_error = Some(why.clone());
                resident.progress = Progress::Failed;
                resident.keeps_last = false;
            }
            self.count(Count::DiscoverFailed);
            return Some(why);
        }
        let before = self
            .residents
            .get(name)
            .is_some_and(|resident| resident.enabled);
        self.take_decision(name, decided, time);
        let after = self
            .residents
            .get(name)
            .is_some_and(|resident| resident.enabled);
        if before == after {
            self.request_run(name, "EnabledScriptAnswered");
        } else {
            self.request_converge("EnabledScriptAnswered");
        }
        None
    }

    /// Takes what a run did in the cluster; answers its failure. What it leads to when it is well is
    /// said when the hooks behind it are through.
    pub(super) fn take_run(
        &mut self,
        name: &ModuleName,
        ran: Ran,
        now: Instant,
        time: Timestamp,
    ) -> Option<String> {
        let startup = !self.converge.startup_done;
        let resident = self.residents.get_mut(name)?;
        let took = resident
            .begun
            .map_or_else(Default::default, |begun| now.duration_since(begun));
        resident.took = Some(took);
        let count = Count::Run {
            module: name.clone(),
            took,
            failed: ran.error.is_some(),
            startup,
        };
        self.notices.push(Notice::Count(count));
        self.take_brought(name, ran, (now, time))
    }

    /// A module's run, with its hooks, came to its end.
    pub(super) fn conclude_success(&mut self, name: &ModuleName, time: Timestamp) {
        let Some(resident) = self.residents.get_mut(name) else {
            return;
        };
        let (state, reason) = if resident.maintenance {
            (ModuleState::Maintenance, "Maintenance")
        } else {
            (ModuleState::Applied, "")
        };
        resident.enter(state, reason, "", time);
        resident.told_failure.clear();
        resident.progress = Progress::Applied;
        if self.names_required_ready().contains(name) {
            let module = name.clone();
            self.push(QueueName::Ready(name.clone()), Task::AwaitReady { module });
        }
    }

    /// Enters the state that a failure leads to; answers its message.
    pub(super) fn conclude(&mut self, name: &ModuleName, error: &Error, time: Timestamp) -> String {
        let message = self.told(Some(name), error);
        self.conclude_with(name, error.reason(), &message, time);
        message
    }

    /// The same for a failure that is told otherwise.
    pub(super) fn conclude_with(
        &mut self,
        name: &ModuleName,
        reason: &'static str,
        message: &str,
        time: Timestamp,
    ) {
        let Some(resident) = self.residents.get_mut(name) else {
            return;
        };
        resident.progress = Progress::Failed;
        // Each try fails anew; people hear of it when it fails otherwise than before.
        let is_news = resident.told_failure != message;
        message.clone_into(&mut resident.told_failure);
        resident.enter(ModuleState::Failed, reason, message, time);
        if is_news {
            self.tell(Event {
                about: About::Module(name.clone()),
                kind: Kind::Warning,
                reason,
                message: message.to_owned(),
            });
        }
    }

    /// Takes whether the objects of a module are ready; answers the failure.
    fn take_ready(
        &mut self,
        name: &ModuleName,
        ready: Result<(), String>,
        time: Timestamp,
    ) -> Option<String> {
        let resident = self.residents.get_mut(name)?;
        let is_applied =
            resident.progress != Progress::Pending && resident.progress != Progress::Failed;
        if !resident.enabled || !is_applied {
            return None;
        }
        let (progress, reason) = match ready {
            Ok(()) => (Progress::Ready, ""),
            Err(_) => (Progress::Unready, "NotReady"),
        };
        let why = ready.err();
        resident.progress = progress;
        if resident.state == ModuleState::Applied {
            resident.enter(
                ModuleState::Applied,
                reason,
                why.as_deref().unwrap_or_default(),
                time,
            );
        }
        why
    }

    /// Warnings that come with a write are told as events; a run that writes nothing, as after a
    /// restart, only logs them.
    pub(super) fn tell_warnings(
        &mut self,
        name: &ModuleName,
        news: Vec<String>,
        outcome: &Outcome,
    ) {
        let has_written = !outcome.created.is_empty() || !outcome.changed.is_empty();
        for message in news {
            tracing::warn!(target: "apply", module = %name, "{message}");
            if has_written {
                self.tell(Event {
                    about: About::Module(name.clone()),
                    kind: Kind::Warning,
                    reason: "ManifestWarning",
                    message,
                });
            }
        }
    }

    /// Takes drift that is told and left; answers whether it is other than before.
    pub(super) fn take_reported(
        &mut self,
        name: &ModuleName,
        reported: &[(ObjectRef, Reason)],
    ) -> bool {
        let Some(resident) = self.residents.get_mut(name) else {
            return false;
        };
        let reported: Vec<String> = reported
            .iter()
            .map(|(object, reason)| told(object, *reason))
            .collect();
        if reported == resident.reported {
            return false;
        }
        for message in &reported {
            if !resident.reported.contains(message) {
                tracing::warn!(target: "apply", module = %name, "{message}; it is left so");
            }
        }
        resident.reported = reported;
        true
    }

    pub(super) fn tell_outcome(&mut self, name: &ModuleName, outcome: &Outcome, now: Instant) {
        let (created, changed) = (outcome.created.len(), outcome.changed.len());
        let (removed, corrected) = (outcome.removed.len(), outcome.corrected.len());
        if created + changed + removed + corrected > 0 {
            tracing::info!(target: "apply", module = %name, created, changed, corrected, removed, "applied");
        }
        // The status remembers what was told, also across a restart.
        let known = self
            .residents
            .get(name)
            .map_or_else(String::new, |resident| resident.status.message_of("Kept"));
        for (object, why) in &outcome.kept {
            let message = format!("{object} stays: {why}");
            if known.contains(&message) {
                continue;
            }
            tracing::warn!(target: "apply", module = %name, "{message}");
            self.tell(Event {
                about: About::Module(name.clone()),
                kind: Kind::Warning,
                reason: "ObjectKept",
                message,
            });
        }
        for drift in &outcome.corrected {
            self.tell_drift(name, drift, now);
        }
    }

    fn tell_drift(&mut self, name: &ModuleName, drift: &Drift, now: Instant) {
        let what = if drift.taken.is_empty() {
            told(&drift.object, drift.reason)
        } else {
            let fields: Vec<String> = drift
                .taken
                .iter()
                .map(|taken| format!("{} by {:?}", taken.field, taken.manager))
                .collect();
            format!("{} was altered: {}", drift.object, fields.join(", "))
        };
        tracing::warn!(target: "apply", module = %name, "{what}; it was put right");
        let namespace = drift.object.namespace.clone().unwrap_or_default();
        self.count(Count::Drift {
            module: name.clone(),
            object: format!("{namespace}/{}/{}", drift.object.kind, drift.object.name),
            absent: drift.reason == Reason::Deleted,
        });
        let about = About::Module(name.clone());
        let message = format!("{what}; it was put right");
        self.tell(Event {
            about: about.clone(),
            kind: Kind::Normal,
            reason: "DriftCorrected",
            message,
        });
        let contested = self
            .residents
            .get_mut(name)
            .and_then(|resident| resident.contest.note(drift, now));
        if let Some(why) = contested {
            tracing::error!(target: "apply", module = %name, "{why}");
            self.tell(Event {
                about,
                kind: Kind::Warning,
                reason: "Contested",
                message: why,
            });
        }
    }

    /// Takes what a deletion did in the cluster; answers its failure.
    pub(super) fn take_deletion(
        &mut self,
        name: &ModuleName,
        deleted: Deleted,
        (now, time): (Instant, Timestamp),
    ) -> Option<String> {
        self.tell_outcome(name, &deleted.outcome, now);
        let resident = self.residents.get_mut(name)?;
        for object in &deleted.outcome.removed {
            resident.known.record.remove(object);
        }
        resident.known.release = deleted.release.or(resident.known.release);
        let error = deleted.error?;
        let message = self.told(Some(name), &error);
        let resident = self.residents.get_mut(name)?;
        resident.enter(ModuleState::Failed, error.reason(), &message, time);
        self.count(Count::DeleteFailed(name.clone()));
        Some(message)
    }

    /// A deletion, with its hooks, came to its end.
    pub(super) fn end_deletion(
        &mut self,
        name: &ModuleName,
        purge: bool,
        (now, time): (Instant, Timestamp),
    ) {
        let Some(resident) = self.residents.get_mut(name) else {
            return;
        };
        let why = resident
            .decision
            .as_ref()
            .map_or_else(String::new, |decision| decision.why.clone());
        resident.forget_objects();
        resident.is_marked = false;
        resident.hooks.retire();
        resident
            .store
            .as_mut()
            .map(crate::values::Store::forget_patches);
        self.lines.drop_waiting(
            |_, task| matches!(task, Task::HookRun(run) if run.module.as_ref() == Some(name)),
        );
        let Some(resident) = self.residents.get_mut(name) else {
            return;
        };
        // Its folder may be there again.
        let is_gone = purge && !self.discovery.names().contains(name);
        if is_gone || resident.module.is_none() {
            self.residents.remove(name);
            self.notices.push(Notice::Remove(name.clone()));
            tracing::info!(target: "module", module = %name, "removed");
            self.weigh_vanished(now);
        } else {
            // The bounds of the inventory go with its objects.
            resident.exists = false;
            resident.status = crate::status::Status::default();
            resident.enter(ModuleState::Disabled, "", &why, time);
            tracing::info!(target: "module", module = %name, "disabled");
            if resident.enabled {
                self.request_run(name, "EnabledAgain");
            }
        }
    }

    pub(super) fn take_panic(&mut self, task: &Task, why: String, time: Timestamp) -> String {
        let message = report::chain(&Error::Broken(why));
        // Whoever only looked whether it is ready looks again; what it looked at is as it was.
        let is_about = |task: &&Task| !matches!(task, Task::AwaitReady { .. });
        let module = Some(task).filter(is_about).and_then(Task::module);
        if let Some(resident) = module.and_then(|module| self.residents.get_mut(module)) {
            resident.progress = Progress::Failed;
            resident.enter(ModuleState::Failed, "Broken", &message, time);
        }
        message
    }

    /// Looks whether the objects of these modules are as they were left; runs those that are not. Answers whether
    /// anything follows.
    pub fn look_for_drift(
        &mut self,
        modules: &BTreeSet<String>,
        managed: &Managed,
        time: Timestamp,
    ) -> bool {
        let mut follows = false;
        for name in modules
            .iter()
            .filter_map(|name| ModuleName::parse(name).ok())
        {
            let Some(resident) = self.residents.get(&name) else {
                continue;
            };
            let Some(module) = resident.module.as_ref().filter(|_| resident.enabled) else {
                continue;
            };
            let is_at_work = resident.begun.is_some() || resident.maintenance;
            // What failed is repeated anyway, and would differ for ever.
            let is_failed = resident.progress == Progress::Failed && !resident.keeps_last;
            if is_at_work || is_failed {
                continue;
            }
            let live = managed.of_module(&name);
            let applyset = applyset_id(&name, &self.settings.namespace);
            let contested = resident.contest.objects();
            let plan = task::look(
                &resident.known,
                &live,
                &applyset,
                &contested,
                &module.definition,
            );
            if !plan.is_empty() {
                self.request_run(&name, "Drift");
                follows = true;
            } else if self.take_reported(&name, &plan.reported) {
                self.report(&name, time);
                follows = true;
            }
        }
        follows
    }
}

fn told(object: &ObjectRef, reason: Reason) -> String {
    match reason {
        Reason::Deleted => format!("{object} was deleted"),
        Reason::Altered => format!("{object} was altered"),
        Reason::New | Reason::Changed | Reason::Unknown => object.to_string(),
    }
}

//! Tasks with hooks, step by step: what the next step does, and what follows from its end.

use std::collections::BTreeMap;
use std::time::Instant;

use jiff::Timestamp;

use super::hooks::{BoundState, Chain, ChainKind, HookSet, Step};
use super::{Done, House, Work};
use crate::binding::{self, Lifecycle};
use crate::name::ModuleName;
use crate::queue::{QueueName, Started};
use crate::serve::ModuleState;
use crate::task::{Error, HookRun, HooksRead, Task};
use crate::watch::{Managed, MonitorId};

/// Whose hooks: a module's, or `None` for the global ones.
pub(super) type Place = Option<ModuleName>;

/// Times as tasks are given them.
pub(super) type Times = (Instant, Timestamp);

impl House {
    /// The hooks of a place.
    pub(super) fn set(&self, place: Option<&ModuleName>) -> Option<&HookSet> {
        match place {
            None => Some(&self.hooks),
            Some(module) => self.residents.get(module).map(|resident| &resident.hooks),
        }
    }

    /// The same, to be changed.
    pub(super) fn set_mut(&mut self, place: Option<&ModuleName>) -> Option<&mut HookSet> {
        match place {
            None => Some(&mut self.hooks),
            Some(module) => {
                let resident = self.residents.get_mut(module);
                resident.map(|resident| &mut resident.hooks)
            }
        }
    }

    /// All hooks, with whose they are.
    pub(super) fn sets(&self) -> impl Iterator<Item = (Option<&ModuleName>, &HookSet)> {
        let modules = self.residents.iter();
        let modules = modules.map(|(name, resident)| (Some(name), &resident.hooks));
        std::iter::once((None, &self.hooks)).chain(modules)
    }

    /// The present content of the folder of hooks; zeroes when there is none.
    pub(super) fn folder_of_hooks(&self, place: Option<&ModuleName>) -> [u8; 32] {
        match place {
            None => self.hooks_folder.unwrap_or_default(),
            Some(module) => {
                let resident = self.residents.get(module);
                let module = resident.and_then(|resident| resident.module.as_ref());
                let hooks = module.and_then(|module| module.hooks.as_ref());
                hooks.map_or([0; 32], |hooks| hooks.digest)
            }
        }
    }

    fn next_step(&self, place: Option<&ModuleName>) -> Step {
        let Some(set) = self.set(place) else {
            return Step::End;
        };
        let Some(chain) = &set.chain else {
            return Step::End;
        };
        let folder = self.folder_of_hooks(place);
        let is_given_up = match chain.kind {
            ChainKind::Run => place
                .and_then(|module| self.residents.get(module))
                .is_none_or(|resident| !resident.enabled),
            // The converge that the change led to is followed by the hooks as they are then.
            ChainKind::AfterAll => set.read_of != Some(folder),
            ChainKind::Delete | ChainKind::Converge | ChainKind::Standalone => false,
        };
        if is_given_up {
            return Step::End;
        }
        chain.next(set, folder)
    }

    /// What running tasks wait for between two steps. Those that are at work are not asked: it may be a thousand.
    pub(super) fn chain_waits(&self, now: Instant) -> BTreeMap<Place, String> {
        let turns = self.lines.ready(now);
        let chains = turns.filter(|(_, task)| task.has_chain());
        let places = chains.map(|(_, task)| task.module());
        places
            .filter(|place| self.set(*place).is_some_and(|set| set.chain.is_some()))
            .filter_map(|place| match self.next_step(place) {
                Step::Wait(why) => Some((place.cloned(), why)),
                Step::Hook(hook, _) | Step::Synchronize(hook) => {
                    let full = self.no_slot_for(place, &hook)?;
                    Some((place.cloned(), full.why))
                }
                _ => None,
            })
            .collect()
    }

    /// The work of the next step of a task; `None` when it waits.
    pub(super) fn step_work(
        &mut self,
        started: &Started<Task>,
        now: Instant,
        time: Timestamp,
    ) -> Option<Work> {
        let task = &started.task;
        let place = task.module().cloned();
        if !started.goes_on {
            if let Task::ModuleDelete { module, .. } = task
                && self.call_off_this_deletion(module)
            {
                return Some(Work::Nothing);
            }
            self.begin_task(task, (now, time));
        }
        let step = self.next_step(place.as_ref());
        let reads = (step == Step::Read).then(|| self.folder_of_hooks(place.as_ref()));
        if let Some(chain) = self
            .set_mut(place.as_ref())
            .and_then(|set| set.chain.as_mut())
        {
            chain.begin(&step);
            chain.running = Some(step.clone());
            chain.reads = reads;
        }
        let work = match &step {
            Step::Wait(_) => {
                self.lines.go_on(&started.queue, started.id);
                return None;
            }
            Step::Hook(hook, _) | Step::Synchronize(hook)
                if self.no_slot_for(place.as_ref(), hook).is_some() =>
            {
                self.lines.put_back(&started.queue, started.id);
                return None;
            }
            Step::Fail(why) => Work::Refuse(why.clone()),
            Step::End => Work::Nothing,
            Step::Read => self.read_work(place.as_ref(), Vec::new()),
            Step::Work => self.main_work(task, time),
            Step::Hook(..) | Step::Synchronize(_) => {
                self.hook_step_work(started, &step, (now, time))
            }
        };
        Some(work)
    }

    fn begin_task(&mut self, task: &Task, (now, time): Times) {
        let kind = match task {
            Task::ConvergeModules { reason } => self.begin_converge(reason, now),
            Task::AfterAll => {
                // When it is repeated, what was changed before counts as well.
                let checksum = self.global.snapshot().checksum;
                self.converge.before_after_all.get_or_insert(checksum);
                ChainKind::AfterAll
            }
            Task::ModuleDelete { .. } => ChainKind::Delete,
            _ => ChainKind::Run,
        };
        if let Some(resident) = task.module().and_then(|name| self.residents.get_mut(name)) {
            resident.begun = Some(now);
            let is_paused = resident.maintenance && resident.is_marked;
            if kind == ChainKind::Run && resident.state != ModuleState::Applied && !is_paused {
                resident.enter(ModuleState::Running, "", "", time);
            }
            if kind == ChainKind::Delete {
                resident.enter(ModuleState::Deleting, "", "", time);
            }
        }
        let folder = self.folder_of_hooks(task.module());
        if matches!(task, Task::ModuleDelete { purge: true, .. }) {
            // Its folder is gone, and its hooks with it.
            if let Some(set) = self.set_mut(task.module()) {
                set.retire();
                set.read_of = Some(folder);
            }
        }
        let Some(set) = self.set_mut(task.module()) else {
            return;
        };
        set.is_ahead = false;
        // Hooks that changed since are read, so that a chain never stands at a hook that is no more.
        let is_kept = |chain: &Chain| chain.kind == kind && set.read_of == Some(folder);
        if !set.chain.as_ref().is_some_and(is_kept) {
            set.chain = Some(Chain::new(kind));
        }
    }

    fn begin_converge(&mut self, reason: &str, now: Instant) -> ChainKind {
        self.converge.begun = Some(now);
        if self.is_standalone() {
            tracing::info!(target: "operator", reason, "starting hooks");
            return ChainKind::Standalone;
        }
        tracing::info!(target: "operator", reason, "converge begins");
        ChainKind::Converge
    }

    fn hook_step_work(&mut self, started: &Started<Task>, step: &Step, (now, time): Times) -> Work {
        let place = started.task.module().cloned();
        let of = (started.queue.to_string(), started.id);
        let Some(set) = self.set(place.as_ref()) else {
            return Work::Nothing;
        };
        let (hook, contexts) = match step {
            Step::Hook(hook, lifecycle) => (hook, vec![binding::Context::lifecycle(*lifecycle)]),
            Step::Synchronize(hook) => (hook, set.due_in_main(hook).0),
            _ => return Work::Nothing,
        };
        if let Some(resident) = place.as_ref().and_then(|name| self.residents.get_mut(name))
            && resident.state == ModuleState::Running
        {
            resident.enter(ModuleState::Running, "", hook, time);
        }
        let call = self.hook_call((place.as_ref(), hook), contexts, of, now);
        call.map_or(Work::Nothing, |call| Work::Hook(Box::new(call)))
    }

    /// A step ended. Answers the failure of the task; the task goes on, or is over.
    pub(super) fn step_done(
        &mut self,
        (queue, id, task): (&QueueName, u64, &Task),
        done: Done,
        managed: &Managed,
        (now, time): Times,
    ) {
        let place = task.module().cloned();
        let running = self
            .set_mut(place.as_ref())
            .and_then(|set| set.chain.as_mut()?.running.take());
        let step = running.unwrap_or(Step::End);
        let failure = self.take_step(task, &step, done, (now, time));
        let chain = self
            .set_mut(place.as_ref())
            .and_then(|set| set.chain.as_mut());
        if let Some(message) = failure {
            if let Some(chain) = chain {
                chain.failed();
            }
            self.fail((queue, id, task), &message, (now, time));
        } else {
            if let Some(chain) = chain {
                chain.succeeded(&step);
            }
            if step != Step::End && self.next_step(place.as_ref()) != Step::End {
                self.lines.go_on(queue, id);
                return;
            }
            self.lines.done(queue, id);
            self.end_chain(task, (now, time));
        }
        self.task_over(task, managed, time);
        self.close_converge(now);
    }

    /// Takes what a step brought; answers its failure.
    fn take_step(&mut self, task: &Task, step: &Step, done: Done, times: Times) -> Option<String> {
        let (now, time) = times;
        let place = task.module().cloned();
        match done {
            Done::Evaluated(decided) => {
                self.take_decisions(decided, now, time);
                None
            }
            Done::Ran(ran) => self.take_run(place.as_ref()?, *ran, now, time),
            Done::Deleted(deleted) => self.take_deletion(place.as_ref()?, *deleted, times),
            Done::HooksRead(read) => self.take_hooks(place.as_ref(), read, times),
            Done::HookRan(ran) => self.take_step_hook(task, step, &ran, times),
            Done::Refused(why) => {
                let error = Error::Held(why);
                Some(self.conclude_failure(place.as_ref(), &error, time))
            }
            Done::Broken(why) => Some(self.take_panic(task, why, time)),
            // A module without hooks has none to read.
            Done::Nothing if *step == Step::Read => {
                self.take_hooks(place.as_ref(), Ok(HooksRead::default()), times)
            }
            Done::Nothing | Done::Awaited(_) => None,
        }
    }

    /// A chain came to its end.
    fn end_chain(&mut self, task: &Task, (now, time): Times) {
        let place = task.module().cloned();
        let Some(chain) = self
            .set_mut(place.as_ref())
            .and_then(|set| set.chain.take())
        else {
            return;
        };
        match (chain.kind, &place) {
            (ChainKind::Run, Some(name)) => self.end_run(name, &chain, (now, time)),
            (ChainKind::Delete, Some(name)) => {
                let purge = matches!(task, Task::ModuleDelete { purge: true, .. });
                self.end_deletion(name, purge, (now, time));
            }
            (ChainKind::Converge, _) => self.hooks.is_live = true,
            (ChainKind::Standalone, _) => {
                self.hooks.is_live = true;
                self.ask_broken_again(now);
            }
            (ChainKind::AfterAll, _) => self.end_after_all(now),
            (ChainKind::Run | ChainKind::Delete, None) => {}
        }
        self.bindings_version += 1;
        if chain.kind != ChainKind::Delete {
            self.queue_late_synchronizations(place.as_ref(), now);
        }
    }

    fn end_run(&mut self, name: &ModuleName, chain: &Chain, (now, time): Times) {
        let is_enabled = self
            .residents
            .get(name)
            .is_some_and(|resident| resident.enabled);
        if !is_enabled {
            // What it did until it was given up goes as well.
            self.request_deletions(time);
            return;
        }
        self.conclude_success(name, time);
        let Some(resident) = self.residents.get_mut(name) else {
            return;
        };
        resident.hooks.is_live = true;
        let Some(hook) = &chain.stale_by else {
            resident.hooks.swing.settle();
            return;
        };
        if resident.hooks.swing.note_repeat(hook, now) {
            self.tell_swing(Some(name));
        } else {
            self.request_run(name, "AfterHelmHooksChangedValues");
        }
    }

    fn end_after_all(&mut self, now: Instant) {
        let before = self.converge.before_after_all.take();
        if before == Some(self.global.snapshot().checksum) {
            self.hooks.swing.settle();
            return;
        }
        let hooks = self.hooks.in_order(Lifecycle::AfterAll).join(", ");
        if self.hooks.swing.note_repeat(&hooks, now) {
            self.tell_swing(None);
        } else {
            self.request_converge("AfterAllHooksChangedGlobalValues");
        }
    }

    /// Puts every Synchronization that is due and belongs into a named queue there, once the
    /// `onStartup` hooks of its place are through.
    pub(super) fn queue_synchronizations(&mut self, now: Instant) {
        let due = self.sets().filter(|(place, set)| {
            let is_begun = || {
                let step = self.next_step(*place);
                !matches!(step, Step::Read | Step::Hook(_, Lifecycle::OnStartup))
            };
            set.chain.is_some() && set.is_any_due() && is_begun()
        });
        let places: Vec<Place> = due.map(|(place, _)| place.cloned()).collect();
        for place in places {
            let is_named = |queue: &QueueName| matches!(queue, QueueName::Named(_));
            self.queue_due(place.as_ref(), now, is_named);
        }
    }

    /// Puts every Synchronization that is due into its queue: the place has come to its end without.
    pub(super) fn queue_late_synchronizations(&mut self, place: Option<&ModuleName>, now: Instant) {
        self.queue_due(place, now, |_| true);
    }

    fn queue_due(
        &mut self,
        place: Option<&ModuleName>,
        now: Instant,
        is_meant: impl Fn(&QueueName) -> bool,
    ) {
        let Some(set) = self.set_mut(place) else {
            return;
        };
        let due = |set: &HookSet, id: MonitorId| {
            let bound = set.bound.get(&id)?;
            let is_due = bound.state == BoundState::Due;
            let binding = set.binding(bound).filter(|_| is_due)?;
            let queue = super::hook_news::queue_of(place, &binding.common);
            let run = HookRun {
                module: place.cloned(),
                hook: bound.hook.clone(),
                contexts: vec![binding::Context::synchronization(bound.index, binding)],
                synchronizes: [id].into(),
                allow_failure: binding.common.allow_failure,
                since: now,
            };
            Some((queue, run))
        };
        let ids: Vec<MonitorId> = set.bound.keys().copied().collect();
        let mut runs = Vec::new();
        for id in ids {
            let Some((queue, run)) = due(set, id).filter(|(queue, _)| is_meant(queue)) else {
                continue;
            };
            if let Some(bound) = set.bound.get_mut(&id) {
                bound.state = BoundState::Queued;
            }
            runs.push((queue, run));
        }
        let is_standalone = self.is_standalone();
        for (queue, run) in runs {
            let is_grouped = run.contexts.iter().any(|context| context.group.is_some());
            // The hook of a shell-operator is told of its bindings one after another.
            let is_joined = !is_standalone || is_grouped;
            let join = |old: &mut Task, new: &Task| is_joined && Task::join(old, new);
            self.lines.join(queue, Task::HookRun(Box::new(run)), join);
        }
    }

    /// A module's task failed for this; answers the message.
    pub(super) fn conclude_failure(
        &mut self,
        place: Option<&ModuleName>,
        error: &Error,
        time: Timestamp,
    ) -> String {
        match place {
            Some(name) => self.conclude(name, error, time),
            None => self.told(None, error),
        }
    }
}

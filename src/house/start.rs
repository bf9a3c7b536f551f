//! Which tasks start now, with all they need.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Instant;

use jiff::Timestamp;

use super::resident::Resident;
use super::{House, Job, Work};
use crate::module::{Order, Progress, Standing, Start, delete_order};
use crate::name::ModuleName;
use crate::queue::{Hold, QueueName, Started};
use crate::report::Mistakes;
use crate::serve::ModuleState;
use crate::task::{Known, ModuleRun, Task, Values};

/// The reason of a module that waits for what cannot come by itself.
pub(super) const BLOCKED: &str = "Blocked";

/// Why no module starts, and none is deleted, while a converge decides.
const UNDECIDED: &str = "waits until it is decided which modules are enabled";

impl House {
    /// Starts every task that may start, and the next steps of those that run. Nothing starts before
    /// the folders, the `ConfigMap` and the `Module` objects are known. A replica that follows only reads
    /// hooks.
    pub fn start(&mut self, now: Instant, time: Timestamp) -> Vec<Job> {
        if self.follows() {
            return self.read_ahead();
        }
        let is_known = self.config_known && self.objects_known && self.hooks_folder.is_some();
        if !is_known || !self.folders_known() {
            return Vec::new();
        }
        let mut jobs = Vec::new();
        self.overtake(now);
        // A task may be over without anything to do; then the next one has its turn.
        loop {
            self.queue_synchronizations(now);
            if self.lines.ready(now).next().is_none() {
                break;
            }
            let started = self.start_ready(now, time);
            let is_over = started.is_empty();
            if is_over && !self.overtake(now) {
                break;
            }
            for started in started {
                jobs.extend(self.job(started, now, time));
            }
        }
        jobs
    }

    /// Lets tasks pass those that wait; answers whether any did.
    fn overtake(&mut self, now: Instant) -> bool {
        self.lines
            .overtake(now, Task::may_pass, Task::may_pass_held)
    }

    fn start_ready(&mut self, now: Instant, time: Timestamp) -> Vec<Started<Task>> {
        // Most turns run hooks alone, and a hook minds no order of modules.
        let is_ordered = |(_, task): (&QueueName, &Task)| {
            matches!(task, Task::ModuleRun { .. } | Task::ModuleDelete { .. })
        };
        let order = if self.lines.ready(now).any(is_ordered) {
            self.order()
        } else {
            Arc::default()
        };
        let converging = self
            .lines
            .any(|_, task| matches!(task, Task::ConvergeModules { .. }));
        let deletions = self.deletions_in_the_way();
        let doubt = self.discovery.doubt();
        let waits = self.chain_waits(now);
        let limits = self.hook_limits(now);
        let full = self.no_hook_slot();
        let pause = self.pause_of_asking(now);
        let declared = full
            .as_ref()
            .map_or_else(BTreeSet::new, |_| self.declared_hooks());
        let started = self.lines.start(now, |turn| match turn.task {
            Task::HookRun(run) => {
                let hook = (run.module.clone(), run.hook.clone());
                let counts = is_limited(turn.queue) && !declared.contains(&hook);
                let full = full.as_ref().filter(|_| counts);
                limits.get(&hook).or(full).cloned()
            }
            Task::AskHooks => pause.clone(),
            task if turn.goes_on => waits.get(&task.module().cloned()).map(Hold::new),
            Task::ConvergeModules { .. }
            | Task::AfterAll
            | Task::ModuleApply { .. }
            | Task::AskScript { .. }
            | Task::AwaitReady { .. }
            | Task::ReadHooks { .. }
            | Task::ModuleDelete { purge: true, .. } => None,
            // What is to be deleted may be enabled again.
            Task::ModuleRun { .. } | Task::ModuleDelete { .. } if converging => {
                Some(Hold::new(UNDECIDED))
            }
            Task::ModuleRun { module, .. } => match order.starts().get(module) {
                Some(Start::Waits(why)) => Some(Hold::new(why)),
                Some(Start::Now) | None => None,
            },
            Task::ModuleDelete { module, .. } => {
                let why = doubt.as_ref().or_else(|| deletions.get(module));
                why.map(Hold::new)
            }
        });
        self.hold_or_release(&order, time);
        started
    }

    /// A module that cannot start is told as waiting. What only people can change is reported, too.
    fn hold_or_release(&mut self, order: &Arc<Order>, time: Timestamp) {
        // Who begins to wait is enabled then, and the order another one.
        if order.starts().is_empty() || Arc::ptr_eq(order, &self.told_order) {
            return;
        }
        self.told_order = order.clone();
        for (name, start) in order.starts() {
            let Some(resident) = self.residents.get_mut(name) else {
                continue;
            };
            let (Start::Waits(why), ModuleState::Waiting) = (start, resident.state) else {
                continue;
            };
            match &resident.requires {
                Some(mistakes) => {
                    let mistakes = mistakes.to_string();
                    resident.enter(ModuleState::Failed, "InvalidModule", &mistakes, time);
                }
                None if order.blocked().contains(name) => {
                    resident.enter(ModuleState::Waiting, BLOCKED, why, time);
                }
                None => resident.enter(ModuleState::Waiting, "Waiting", why, time),
            }
        }
        for name in order.blocked() {
            self.report(name, time);
        }
    }

    /// Deletions run in the reverse of the order of runs.
    fn deletions_in_the_way(&self) -> BTreeMap<ModuleName, String> {
        let deleted: BTreeSet<&ModuleName> = self
            .lines
            .tasks()
            .filter(|task| matches!(task, Task::ModuleDelete { purge: false, .. }))
            .filter_map(Task::module)
            .collect();
        if deleted.is_empty() {
            return BTreeMap::new();
        }
        let standings: BTreeMap<ModuleName, Standing> = self
            .residents
            .iter()
            .filter(|(name, resident)| resident.module.is_some() && deleted.contains(name))
            .filter_map(|(name, resident)| {
                let module = resident.module.as_ref()?;
                let standing = Standing {
                    weight: module.weight,
                    rule: module.definition.order,
                    requires: module.definition.requires.clone(),
                    progress: Progress::Pending,
                };
                Some((name.clone(), standing))
            })
            .collect();
        let mut in_the_way = BTreeMap::new();
        let mut before: Option<(u32, ModuleName)> = None;
        for name in delete_order(&standings, self.settings.order) {
            let Some(standing) = standings.get(&name) else {
                continue;
            };
            if let Some((weight, first)) = &before
                && *weight > standing.weight
                && self
                    .residents
                    .get(first)
                    .is_some_and(|resident| resident.state != ModuleState::Failed)
            {
                in_the_way.insert(name.clone(), format!("waits until {first} is deleted"));
            }
            before = Some((standing.weight, name));
        }
        in_the_way
    }

    /// The job of a task, or of its next step; `None` when the step waits.
    fn job(&mut self, started: Started<Task>, now: Instant, time: Timestamp) -> Option<Job> {
        let work = match &started.task {
            Task::AskScript { module } => Work::Evaluate(self.evaluation_of(module)),
            Task::AwaitReady { module } => self.await_work(module),
            Task::AskHooks => self.ask_again_work(),
            Task::ModuleApply { module } => self.apply_work(module, now),
            Task::ReadHooks { .. } => Work::Nothing,
            Task::HookRun(run)
                if is_limited(&started.queue)
                    && self.no_slot_for(run.module.as_ref(), &run.hook).is_some() =>
            {
                // Others of this turn were faster.
                self.lines.put_back(&started.queue, started.id);
                return None;
            }
            Task::HookRun(run) => {
                if started.failures == 0 {
                    self.count_wait(run, &started.queue, now);
                }
                let of = (started.queue.to_string(), started.id);
                self.hook_work(run, of, now)
            }
            Task::ConvergeModules { .. }
            | Task::AfterAll
            | Task::ModuleRun { .. }
            | Task::ModuleDelete { .. } => self.step_work(&started, now, time)?,
        };
        let is_program = matches!(&work, Work::Hook(call) if call.declared.is_none());
        if is_program && is_limited(&started.queue) {
            self.hook_slots.insert(started.id);
        }
        Some(Job {
            queue: started.queue,
            id: started.id,
            task: started.task,
            work,
        })
    }

    /// Why no hook of a main queue may start now: too many run.
    pub(super) fn no_hook_slot(&self) -> Option<Hold> {
        let most = self.settings.hook_processes.max(1);
        (self.hook_slots.len() >= most)
            .then(|| Hold::new(format!("waits: {most} hooks of main queues run already")))
    }

    /// What a task with a chain is about.
    pub(super) fn main_work(&mut self, task: &Task, time: Timestamp) -> Work {
        match task {
            Task::ConvergeModules { .. } => Work::Evaluate(self.evaluation()),
            Task::ModuleRun { module, .. } => self.run_work(module),
            Task::ModuleDelete { module, .. } => self.delete_work(module, time),
            Task::AfterAll
            | Task::ModuleApply { .. }
            | Task::AskScript { .. }
            | Task::AskHooks
            | Task::ReadHooks { .. }
            | Task::AwaitReady { .. }
            | Task::HookRun(_) => Work::Nothing,
        }
    }

    fn run_work(&mut self, name: &ModuleName) -> Work {
        let resident = self.residents.get(name);
        // Once its objects are marked, a paused module is left alone.
        if resident.is_none_or(|resident| resident.maintenance && resident.is_marked) {
            return Work::Nothing;
        }
        let run = self.module_run(name);
        run.map_or(Work::Nothing, |run| Work::Run(Box::new(run)))
    }

    fn await_work(&self, name: &ModuleName) -> Work {
        let is_required = self.names_required_ready().contains(name);
        let resident = self.residents.get(name);
        match resident.filter(|resident| is_required && resident.enabled) {
            Some(Resident {
                module: Some(module),
                known: Known {
                    whole: Some(whole), ..
                },
                ..
            }) => Work::AwaitReady(module.clone(), whole.clone()),
            _ => Work::Nothing,
        }
    }

    /// The modules that others want to be ready before they start.
    pub(super) fn names_required_ready(&self) -> BTreeSet<ModuleName> {
        self.residents
            .values()
            .filter(|resident| resident.enabled)
            .filter_map(|resident| resident.module.as_ref())
            .flat_map(|module| &module.definition.requires)
            .filter(|requirement| requirement.ready)
            .map(|requirement| requirement.name.clone())
            .collect()
    }

    fn delete_work(&mut self, name: &ModuleName, time: Timestamp) -> Work {
        let Some(resident) = self.residents.get_mut(name) else {
            return Work::Nothing;
        };
        resident.enter(ModuleState::Deleting, "", "", time);
        let has_folder = self.discovery.names().contains(name);
        Work::Delete {
            name: name.clone(),
            parent: resident.bounds(),
            module: resident.module.clone().filter(|_| has_folder),
            release: resident.known.release,
        }
    }

    /// A run of a module as it would be now.
    pub(super) fn module_run(&mut self, name: &ModuleName) -> Option<ModuleRun> {
        let values = self.shown_values(name)?;
        let resident = self.residents.get(name)?;
        let mut mistakes: Mistakes = resident.store.as_ref()?.check_for_helm();
        mistakes.0.extend(resident.section.0.iter().cloned());
        mistakes.0.extend(
            resident
                .requires
                .iter()
                .flat_map(|mistakes| mistakes.0.clone()),
        );
        Some(ModuleRun {
            module: resident.module.clone()?,
            values,
            mistakes,
            declared: resident.hooks.declarations(),
            keeps_rendering: false,
            known: resident.known.clone(),
            contested: resident.contest.objects(),
            maintenance: resident.maintenance,
            redraws: resident.redraws,
        })
    }

    /// The values of a module as its templates see them.
    pub(super) fn shown_values(&mut self, name: &ModuleName) -> Option<Values> {
        let snapshot = self.global.snapshot();
        if self.global_tree.0 != snapshot.checksum {
            self.global_tree = (
                snapshot.checksum,
                crate::render::ValuesTree::new(&snapshot.values),
            );
        }
        let resident = self.residents.get_mut(name)?;
        let (checksum, tree) = resident.tree()?;
        Some(Values {
            global: self.global_tree.1.clone(),
            module: tree,
            plain: resident.store.as_ref()?.snapshot().values,
            checksums: (self.global_tree.0, checksum),
        })
    }
}

/// Whether hooks of this queue count: named queues are exempt.
fn is_limited(queue: &QueueName) -> bool {
    !matches!(queue, QueueName::Named(_))
}

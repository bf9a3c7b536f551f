//! How jobs end: what the world makes of each, and what is seen of that.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use super::super::super::{Done, Job, Work};
use super::cluster::hash_of;
use super::deed::Fate;
use super::laws::{self, Broken};
use super::ledger::Attempt;
use super::stage::{Running, Stage, TIME, number, place_of};
use super::world::{HOOKS, MODULES, World, digest};
use crate::binding::{Context, ContextKind};
use crate::module::{Opinion, Outcome, Script, decide};
use crate::name::ModuleName;
use crate::task::{Decided, Error, Evaluation, HookCall, HookRan, HooksRead, Task};

impl Stage {
    /// A running job ends so.
    pub(super) fn end(&mut self, index: usize, fate: Fate) -> Result<(), Broken> {
        let running = self.running.remove(index);
        self.ledger.tick += 1;
        let fate = self.fate(&running.job, fate);
        self.tell(|| format!("    ends {} {fate:?}", laws::told(&running.job)));
        let done = self.done(&running, fate);
        let decided = match &done {
            Done::Evaluated(decided) => Some(decided.clone()),
            _ => None,
        };
        let failed = is_failure(&running.job, &done);
        let job = &running.job;
        let times = (self.now, TIME);
        let of = (&job.queue, job.id, &job.task);
        self.house.finished(of, done, &self.cluster.managed, times);
        self.see_end(&running, (fate, failed), decided)?;
        let place = place_of(running.job.task.module());
        if self.floods.contains(&place) && matches!(running.job.work, Work::Hook(_)) {
            self.flood(place);
        }
        Ok(())
    }

    /// What a job comes to, with what fails until it is mended.
    fn fate(&self, job: &Job, fate: Fate) -> Fate {
        let faults = &self.world.faults;
        let fails = match &job.work {
            Work::Run(run) => faults.runs[number(&run.module.name)],
            Work::Delete { name, .. } => faults.runs[number(name)],
            Work::Hook(call) => faults.hooks[place_of(call.module.as_ref())][hook_of(call)],
            _ => false,
        };
        if fails && fate == Fate::Well {
            Fate::Fails
        } else {
            fate
        }
    }

    fn done(&mut self, running: &Running, fate: Fate) -> Done {
        if fate == Fate::Breaks {
            return Done::Broken("it panicked".to_owned());
        }
        match &running.job.work {
            Work::Evaluate(evaluation) => Done::Evaluated(self.evaluate(evaluation)),
            Work::Run(run) => {
                let ran = self.cluster.bring(run, fate);
                if ran.error.is_none() {
                    self.ledger.brought[number(&run.module.name)] = Some(hash_of(run));
                }
                Done::Ran(Box::new(ran))
            }
            Work::AwaitReady(module, _) => {
                let is_ready =
                    fate == Fate::Well && !self.world.faults.unready[number(&module.name)];
                Done::Awaited(if is_ready {
                    Ok(())
                } else {
                    Err("it is not ready".to_owned())
                })
            }
            Work::Delete {
                name,
                parent,
                module,
                ..
            } => {
                let of = (parent.as_ref(), module.is_some());
                let deleted = self.cluster.delete(name, of, fate);
                Done::Deleted(Box::new(deleted))
            }
            Work::ReadHooks(folder) if fate == Fate::Well => Done::HooksRead(Ok(HooksRead {
                hooks: self.world.hooks_of(place_of(folder.module.as_ref())),
                ..HooksRead::default()
            })),
            Work::ReadHooks(_) => {
                Done::HooksRead(Err(Error::Held("they cannot be read".to_owned())))
            }
            Work::Hook(call) => Done::HookRan(Box::new(self.ran(call, running, fate))),
            Work::Refuse(why) => Done::Refused(why.clone()),
            Work::Nothing => Done::Nothing,
        }
    }

    /// A job that was cut off had this effect, and nobody heard of it.
    pub(super) fn leave(&mut self, job: Job, is_whole: bool) {
        let fate = if is_whole {
            Fate::Well
        } else {
            Fate::FailsLate
        };
        match job.work {
            Work::Run(run) => drop(self.cluster.bring(&run, fate)),
            Work::Delete {
                name,
                parent,
                module,
                ..
            } => {
                drop(
                    self.cluster
                        .delete(&name, (parent.as_ref(), module.is_some()), fate),
                );
            }
            _ => {}
        }
    }

    fn evaluate(&self, evaluation: &Evaluation) -> BTreeMap<ModuleName, Decided> {
        let asked = evaluation.groups.iter().flatten();
        let decided = asked.map(|asked| {
            let module = &asked.module;
            let own = &asked.values[module.key.as_str()];
            let mut opinions = asked.opinions.clone();
            let mut answer = asked.answer.clone();
            let decision = loop {
                match decide(&opinions, &evaluation.extenders) {
                    Outcome::Decided(decision) => break Ok(decision),
                    Outcome::AskScript => {}
                }
                let of = digest(&json!([asked.values, format!("{:?}", module.digest)]));
                let known = answer.take().filter(|(known, _)| *known == of);
                if known.is_none() && self.world.faults.scripts[number(&module.name)] {
                    break Err("the script fails".to_owned());
                }
                let (_, opinion) = answer.insert(known.unwrap_or_else(|| {
                    let opinion = Opinion {
                        enabled: !World::script_says_no(own),
                        told_by: "enabled".to_owned(),
                    };
                    (of, opinion)
                }));
                opinions.script = Script::Said(opinion.clone());
            };
            (module.name.clone(), Decided { decision, answer })
        });
        decided.collect()
    }

    /// What becomes of a run of a hook.
    fn ran(&mut self, call: &HookCall, running: &Running, fate: Fate) -> HookRan {
        let mut ran = HookRan::default();
        let monitor_of = |context: &Context| match context.kind {
            ContextKind::Synchronization { binding_index }
            | ContextKind::Event { binding_index, .. } => Some(call.monitors[binding_index]),
            _ => None,
        };
        for context in &call.contexts {
            if let (ContextKind::Synchronization { .. }, Some(monitor)) =
                (&context.kind, monitor_of(context))
            {
                ran.seen.insert(monitor, running.sequence);
                ran.synchronized.insert(monitor);
            }
        }
        let is_heard = fate == Fate::Well || may_fail(call);
        if is_heard {
            for monitor in &ran.synchronized {
                let all = self.ledger.synchronized.entry(*monitor).or_default();
                all.push(running.sequence);
            }
            for context in &call.contexts {
                let Some(monitor) = monitor_of(context) else {
                    continue;
                };
                if let ContextKind::Event { item, .. } = &context.kind {
                    let event = item.name.parse().unwrap();
                    *self.ledger.told.entry((monitor, event)).or_default() += 1;
                    if context.group.is_some() {
                        self.see_group(call, running.sequence);
                    }
                }
            }
        }
        if fate != Fate::Well {
            ran.error = Some(Error::Held("the hook fails".to_owned()));
            return ran;
        }
        let (place, hook) = (place_of(call.module.as_ref()), hook_of(call));
        if self.world.grows[place][hook] {
            self.world.wishes[place][hook] += 1;
        }
        let patch = self.patch(place, hook);
        ran.values = crate::patch::parse(&patch, call.store.scope()).unwrap();
        ran
    }

    /// A run of a group saw all until then.
    fn see_group(&mut self, call: &HookCall, sequence: u64) {
        for monitor in &call.monitors {
            let seen = self.ledger.grouped.entry(*monitor).or_default();
            *seen = sequence.max(*seen);
        }
    }

    /// What a hook asks of the values now.
    fn patch(&self, place: usize, hook: usize) -> String {
        let mut patch = String::new();
        let wish = self.world.wishes[place][hook];
        if wish > 0 {
            let key = place
                .checked_sub(1)
                .map_or("global", |module| MODULES[module]);
            let hook = HOOKS[hook];
            patch = format!(r#"{{"op":"add","path":"/{key}/{hook}","value":{wish}}}"#);
        }
        for (module, said) in self.world.says.iter().enumerate() {
            if let (0, 0, Some(flag)) = (place, hook, said) {
                let key = MODULES[module];
                let more = format!(r#"{{"op":"add","path":"/{key}Enabled","value":{flag}}}"#);
                patch += &more;
            }
        }
        patch
    }

    /// What an observer makes of the end of a job.
    fn see_end(
        &mut self,
        running: &Running,
        (fate, failed): (Fate, bool),
        decided: Option<BTreeMap<ModuleName, Decided>>,
    ) -> Result<(), Broken> {
        let job = &running.job;
        if self.house.follows() || matches!(job.task, Task::ReadHooks { .. }) {
            return Ok(());
        }
        if matches!(job.work, Work::ReadHooks(_)) {
            self.ledger.other_hooks(place_of(job.task.module()));
        }
        if let Some(decided) = decided {
            self.see_decisions(&job.task, &decided);
        }
        if let Work::Hook(call) = &job.work
            && fate == Fate::Well
        {
            laws::hook_counts(self, running, call)?;
        }
        let is_over = !self.house.lines.holds(job.id);
        if failed || is_over {
            self.ledger.begun.remove(&job.id);
        }
        let Some(module) = job.task.module().map(number) else {
            return Ok(());
        };
        let attempt = match (&job.task, failed) {
            (Task::ModuleRun { .. }, true) => Some(Attempt::Failed),
            (Task::ModuleRun { .. }, false) if is_over && self.ledger.enabled[module] => {
                Some(Attempt::Applied)
            }
            (Task::AskScript { .. }, true) if fate == Fate::Breaks => Some(Attempt::Failed),
            // Nobody looked whether it is ready: it is as it was.
            (Task::AwaitReady { .. }, true) if fate == Fate::Breaks => None,
            (Task::AwaitReady { .. }, is_unready) => match &job.work {
                Work::AwaitReady(..) if self.has_applied(module) => Some(if is_unready {
                    Attempt::Unready
                } else {
                    Attempt::Ready
                }),
                _ => None,
            },
            _ => None,
        };
        if let Some(attempt) = attempt {
            self.ledger.attempted(module, attempt);
        }
        if failed && matches!(job.task, Task::ModuleRun { .. } | Task::ModuleDelete { .. }) {
            self.ledger.places[module + 1].prepared.clear();
        }
        let is_deletion = matches!(job.task, Task::ModuleDelete { .. });
        if is_over && !failed && is_deletion && self.ledger.is_condemned[module] {
            self.ledger.forget(module);
        }
        self.see_what_is_off();
        Ok(())
    }

    fn has_applied(&self, module: usize) -> bool {
        let attempt = self.ledger.attempts[module];
        self.ledger.enabled[module] && !matches!(attempt, Attempt::Pending | Attempt::Failed)
    }

    fn see_decisions(&mut self, task: &Task, decided: &BTreeMap<ModuleName, Decided>) {
        let mut failed = BTreeSet::new();
        for (module, decided) in decided {
            let module = number(module);
            // It may have been removed meanwhile, or is being removed.
            if self.ledger.known[module].is_none() || self.is_leaving(module) {
                continue;
            }
            match &decided.decision {
                Ok(decision) => self.ledger.decide(module, decision.enabled),
                Err(_) => drop(failed.insert(module)),
            }
        }
        if matches!(task, Task::ConvergeModules { .. }) {
            self.ledger.begin_runs(&failed);
            let runs = (0..MODULES.len()).filter(|module| self.ledger.enabled[*module]);
            self.fresh
                .extend(runs.filter(|module| !failed.contains(module)));
        }
        for module in failed {
            self.ledger.attempts[module] = Attempt::Failed;
        }
    }

    /// A module that is off, with nothing left to do for it, has nothing any more. When it was decided alone, its
    /// deletion follows from the converge that this leads to.
    fn see_what_is_off(&mut self) {
        if laws::is_deciding(self) {
            return;
        }
        for (module, text) in MODULES.iter().enumerate() {
            let is_busy = || {
                self.house
                    .lines
                    .tasks()
                    .any(|task| task.module().is_some_and(|of| of.as_str() == *text))
            };
            let is_clean = self.ledger.places[module + 1].patches.is_empty();
            if !self.ledger.enabled[module] && !is_clean && !is_busy() {
                self.ledger.forget(module);
            }
        }
    }
}

/// The number of a hook.
pub(super) fn hook_of(call: &HookCall) -> usize {
    HOOKS
        .iter()
        .position(|hook| *hook == call.hook.file.name)
        .unwrap()
}

/// Whether a run may fail: its binding says so.
fn may_fail(call: &HookCall) -> bool {
    let is_lifecycle = |context: &Context| matches!(context.kind, ContextKind::Lifecycle(_));
    let mut bindings = call.hook.config.kubernetes.iter();
    let says = bindings.any(|binding| binding.common.allow_failure);
    says && !call.contexts.iter().any(is_lifecycle)
}

/// Whether a job failed, by what is promised of its sort.
fn is_failure(job: &Job, done: &Done) -> bool {
    match done {
        Done::Broken(_) | Done::Refused(_) | Done::Awaited(Err(_)) | Done::HooksRead(Err(_)) => {
            true
        }
        Done::Ran(ran) => ran.error.is_some(),
        Done::Deleted(deleted) => deleted.error.is_some(),
        Done::HookRan(ran) => match &job.work {
            Work::Hook(call) => ran.error.is_some() && !may_fail(call),
            _ => false,
        },
        Done::Evaluated(decided) => {
            matches!(job.task, Task::AskScript { .. })
                && decided.values().any(|it| it.decision.is_err())
        }
        Done::Awaited(Ok(())) | Done::HooksRead(Ok(_)) | Done::Nothing => false,
    }
}

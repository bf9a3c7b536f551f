//! What always holds: when a job begins, when one ends, and between two turns of the loop.

use std::time::Instant;

use super::super::super::{Job, Work};
use super::jobs::hook_of;
use super::ledger::{Attempt, SETTLE};
use super::stage::{Running, Stage, number, place_of};
use super::world::{Faults, Folder, HOOKS, Looks, MODULES};
use crate::binding::ContextKind;
use crate::queue::{QueueName, Standing, TaskView};
use crate::task::{HookCall, Task};

pub(super) const ONCE: &str = "no task runs twice at once";
pub(super) const ORDER: &str = "modules start in their order";
pub(super) const REQUIRES: &str = "a module starts after what it requires";
pub(super) const CONVERGE: &str = "every enabled module converges once faults stop";
pub(super) const LOST: &str = "nothing is lost";
pub(super) const LIMIT: &str = "no more hooks of main queues run than may";
pub(super) const STARVED: &str = "nobody waits for ever while others go on";
pub(super) const IDLE: &str = "what nothing is in the way of runs";
pub(super) const NEWS: &str = "news end the back-off of a run";
pub(super) const OFF: &str = "of a module that is off nothing runs but its deletion";
pub(super) const DELETES: &str = "only what is off, or believed to be gone, is deleted";
pub(super) const VALUES: &str = "a run has the values as they are";
pub(super) const STEPS: &str = "the steps of a task have their order";
pub(super) const FOLLOWS: &str = "a replica that follows starts nothing but the reading of hooks";
pub(super) const NO_CHANGE: &str = "no change, no write";
pub(super) const AT_REST: &str = "at rest nothing wakes, runs or waits";

/// So many jobs begin and end while a run waits at the most: a line for each place and named queue, a dozen steps
/// in each task, and four levels that wait for each other.
const PATIENCE: u64 = 800;

/// In a line of so many tasks each has its turn after all before it, which is fair and takes long.
const LONG: usize = 8;

/// A law that was broken, and how.
#[derive(Debug, Clone)]
pub(super) struct Broken {
    pub(super) law: &'static str,
    pub(super) why: String,
}

pub(super) fn broken(law: &'static str, why: impl Into<String>) -> Broken {
    Broken {
        law,
        why: why.into(),
    }
}

fn must(holds: bool, law: &'static str, why: impl FnOnce() -> String) -> Result<(), Broken> {
    if holds {
        Ok(())
    } else {
        Err(broken(law, why()))
    }
}

/// A job, for people.
pub(super) fn told(job: &Job) -> String {
    let work = match &job.work {
        Work::Evaluate(_) => "decide".to_owned(),
        Work::Run(_) => "run".to_owned(),
        Work::AwaitReady(..) => "await ready".to_owned(),
        Work::Delete { .. } => "delete".to_owned(),
        Work::ReadHooks(_) => "read hooks".to_owned(),
        Work::Hook(call) => {
            let told: Vec<String> = call
                .contexts
                .iter()
                .map(|context| match &context.kind {
                    ContextKind::Event { item, .. } => format!("{} {}", context.binding, item.name),
                    ContextKind::Synchronization { .. } => format!("all {}", context.binding),
                    _ => context.binding.clone(),
                })
                .take(6)
                .collect();
            format!("hook {} ({})", call.hook.file.name, told.join(", "))
        }
        Work::Refuse(why) => format!("refused: {why}"),
        Work::Nothing => "nothing".to_owned(),
    };
    format!("{} #{} {}: {work}", job.queue, job.id, job.task.kind())
}

/// Whether a job may begin now.
pub(super) fn may_begin(stage: &Stage, job: &Job) -> Result<(), Broken> {
    let text = || told(job);
    if stage.house.follows() {
        return must(matches!(job.task, Task::ReadHooks { .. }), FOLLOWS, text);
    }
    must(is_told(stage), IDLE, || {
        format!("{} before all is known", text())
    })?;
    once(stage, job)?;
    limit(stage, job)?;
    off(stage, job)?;
    values(stage, job)?;
    steps(stage, job)?;
    let has_begun = stage.ledger.between.contains(&job.queue.to_string());
    let is_first = !stage.ledger.begun.contains(&job.id) && !has_begun;
    match &job.task {
        Task::ModuleRun { module, .. } if is_first && !matches!(job.work, Work::Nothing) => {
            order(stage, number(module))
        }
        // What was deleted in part is deleted whole.
        Task::ModuleDelete { module, purge }
            if is_first
                && !stage.ledger.is_condemned[number(module)]
                && !matches!(job.work, Work::Nothing) =>
        {
            deletes(stage, number(module), *purge)
        }
        _ => Ok(()),
    }
}

/// Whether the house was told all that it has to know before anything begins.
fn is_told(stage: &Stage) -> bool {
    let house = &stage.house;
    let is_known = house.config_known && house.objects_known && house.hooks_folder.is_some();
    is_known && house.folders_known() && stage.ledger.config.is_some()
}

fn once(stage: &Stage, job: &Job) -> Result<(), Broken> {
    // What a follower began to read goes on when it leads, and counts no more.
    let is_read_ahead = |running: &&Running| matches!(running.job.task, Task::ReadHooks { .. });
    for running in stage
        .running
        .iter()
        .filter(|running| !is_read_ahead(running))
    {
        let (other, why) = (&running.job, || {
            format!("{} while {}", told(job), told(&running.job))
        });
        must(other.queue != job.queue && other.id != job.id, ONCE, why)?;
        let writes = |job: &Job| matches!(job.work, Work::Run(_) | Work::Delete { .. });
        let is_same = other.task.module() == job.task.module();
        must(!(is_same && writes(other) && writes(job)), ONCE, why)?;
        if let (Work::Hook(one), Work::Hook(two)) = (&other.work, &job.work) {
            let is_same = (&one.module, &one.hook.file.name) == (&two.module, &two.hook.file.name);
            let mut bindings = one.contexts.iter().map(|context| &context.binding);
            let is_shared = bindings.any(|binding| {
                two.contexts
                    .iter()
                    .any(|context| context.binding == *binding)
            });
            // A hook that changed while it ran is another.
            let is_old = !std::sync::Arc::ptr_eq(&one.hook, &two.hook);
            must(!(is_same && is_shared) || is_old, ONCE, why)?;
        }
    }
    Ok(())
}

fn is_limited(job: &Job) -> bool {
    matches!(job.work, Work::Hook(_)) && !matches!(job.queue, QueueName::Named(_))
}

fn limit(stage: &Stage, job: &Job) -> Result<(), Broken> {
    let running = stage
        .running
        .iter()
        .filter(|running| is_limited(&running.job))
        .count();
    let most = stage.terms.processes;
    must(!is_limited(job) || running < most, LIMIT, || {
        format!("{} beside {running}", told(job))
    })
}

fn off(stage: &Stage, job: &Job) -> Result<(), Broken> {
    let Some(module) = job.task.module().map(number) else {
        return Ok(());
    };
    let is_nothing = matches!(
        (&job.work, &job.task),
        (Work::Nothing | Work::Refuse(_) | Work::Evaluate(_), _) | (_, Task::ModuleDelete { .. })
    );
    must(is_nothing || stage.ledger.enabled[module], OFF, || {
        told(job)
    })
}

fn values(stage: &Stage, job: &Job) -> Result<(), Broken> {
    let ledger = &stage.ledger;
    match &job.work {
        Work::Run(run) => {
            let (has, wanted) = (
                &*run.values.plain,
                ledger.own_values(number(&run.module.name)),
            );
            must(*has == wanted, VALUES, || {
                format!("{}: {has}, not {wanted}", told(job))
            })
        }
        Work::Hook(call) => {
            let mut has = (*call.store.snapshot().values).clone();
            let wanted = match &call.module {
                None => ledger.global_values(),
                Some(module) => ledger.own_values(number(module)),
            };
            if call.module.is_none()
                && let Some(map) = has.as_object_mut()
            {
                map.remove("enabledModules");
            }
            must(has == wanted, VALUES, || {
                format!("{}: {has}, not {wanted}", told(job))
            })
        }
        _ => Ok(()),
    }
}

/// What is done before comes before, and all of it.
fn steps(stage: &Stage, job: &Job) -> Result<(), Broken> {
    let place = place_of(job.task.module());
    let (before, is_work) = match (&job.task, &job.work) {
        (Task::ModuleRun { .. }, Work::Run(_)) => ("beforeHelm", true),
        (Task::ModuleDelete { .. }, Work::Delete { .. }) => ("beforeDeleteHelm", true),
        (Task::ConvergeModules { .. }, Work::Evaluate(_)) => ("beforeAll", true),
        _ => ("", false),
    };
    if !is_work {
        return Ok(());
    }
    let set = stage.house.set(job.task.module());
    let hooks = set.into_iter().flat_map(|set| &set.hooks);
    for (name, hook) in hooks {
        let mut lifecycle = hook.config.lifecycle.keys();
        let is_bound = lifecycle.any(|lifecycle| lifecycle.name() == before);
        let key = format!("{}/{name}/{before}", job.id);
        let is_done = stage.ledger.places[place].prepared.contains(&key);
        must(!is_bound || is_done, STEPS, || {
            format!("{}: {before} of {name} has not run", told(job))
        })?;
    }
    Ok(())
}

/// Whether a converge waits or decides.
pub(super) fn is_deciding(stage: &Stage) -> bool {
    let lines = &stage.house.lines;
    lines.any(|_, task| matches!(task, Task::ConvergeModules { .. }))
}

fn order(stage: &Stage, module: usize) -> Result<(), Broken> {
    let (ledger, is_strict) = (&stage.ledger, stage.terms.strict);
    let text = MODULES[module];
    must(!is_deciding(stage), ORDER, || {
        format!("{text} starts while it is being decided")
    })?;
    let folder = ledger.known[module].as_ref();
    for (other, ready) in folder.iter().flat_map(|folder| &folder.requires) {
        let has_come = match ledger.attempts[*other] {
            Attempt::Ready => true,
            Attempt::Applied | Attempt::Unready => !ready,
            Attempt::Pending | Attempt::Failed => false,
        };
        let holds = ledger.enabled[*other] && has_come;
        must(holds, REQUIRES, || {
            format!("{text} before {}", MODULES[*other])
        })?;
    }
    let minds = |folder: &Folder| is_strict || !folder.any;
    if !folder.is_some_and(minds) || ledger.leads_to_circle(module) {
        return Ok(());
    }
    let own = ledger.weight(module, is_strict);
    for (other, folder) in ledger.known.iter().enumerate() {
        let counts = folder.as_ref().is_some_and(minds) && ledger.enabled[other];
        if !counts || ledger.leads_to_circle(other) || ledger.weight(other, is_strict) >= own {
            continue;
        }
        let has_settled = match (is_strict, ledger.attempts[other]) {
            (_, Attempt::Applied | Attempt::Ready | Attempt::Unready)
            | (false, Attempt::Failed) => true,
            (true, _) => false,
            (false, Attempt::Pending) => ledger.is_blocked(other),
        };
        must(has_settled, ORDER, || {
            format!("{text} before {}", MODULES[other])
        })?;
    }
    Ok(())
}

fn deletes(stage: &Stage, module: usize, is_purge: bool) -> Result<(), Broken> {
    let (ledger, text) = (&stage.ledger, MODULES[module]);
    if is_purge {
        let is_settled = |since: Instant| (stage.now - since).as_secs() >= SETTLE;
        let is_gone = ledger.gone_since[module].is_some_and(is_settled);
        let is_sound = ledger.directory == Looks::Present;
        let is_believed = ledger.purged[module] || (is_gone && is_sound);
        return must(is_believed, DELETES, || format!("{text} is purged"));
    }
    must(!ledger.enabled[module], DELETES, || {
        format!("{text} is enabled")
    })?;
    must(!is_deciding(stage), DELETES, || {
        format!("{text} is deleted while it is being decided")
    })?;
    must(ledger.directory == Looks::Present, DELETES, || {
        format!("{text} is deleted in doubt")
    })
}

/// A job begins.
pub(super) fn note_begin(stage: &mut Stage, job: &Job) {
    let ledger = &mut stage.ledger;
    let is_first = ledger.begun.insert(job.id);
    if let Task::ModuleDelete { module, purge } = &job.task
        && !matches!(job.work, Work::Nothing)
    {
        let module = number(module);
        ledger.is_condemned[module] = true;
        if is_first && *purge && !ledger.is_there[module] {
            ledger.purge(module);
        }
    }
    if is_limited(job) {
        ledger.slots_given += 1;
    }
    ledger.starving.remove(&job.queue.to_string());
    if let (Task::AfterAll, Work::Hook(call)) = (&job.task, &job.work) {
        let at = ledger.tick;
        ledger.after_all.insert(call.hook.file.name.clone(), at);
    }
}

/// A hook ended well: what it set counts, unless its module was off meanwhile.
pub(super) fn hook_counts(
    stage: &mut Stage,
    running: &Running,
    call: &HookCall,
) -> Result<(), Broken> {
    let (place, hook) = (place_of(call.module.as_ref()), hook_of(call));
    let wish = stage.world.wishes[place][hook];
    let seen = &stage.ledger.places[place];
    let was_off = seen.offs != running.offs || seen.deletions != running.deletions;
    let is_same_turn = seen.turns == running.turns;
    let values = stage
        .house
        .store_mut(call.module.as_ref())
        .map(|store| store.snapshot().values);
    let set = values.and_then(|values| values[HOOKS[hook]].as_u64());
    // What hooks of a deletion set goes with it.
    let is_kept = !was_off && !matches!(running.job.task, Task::ModuleDelete { .. });
    if is_kept && wish > 0 {
        must(set == Some(wish), LOST, || {
            format!(
                "{} sets {wish} and the values have {set:?}",
                told(&running.job)
            )
        })?;
    }
    let seen = &mut stage.ledger.places[place];
    match set {
        Some(set) => drop(seen.patches.insert(hook, set)),
        None => drop(seen.patches.remove(&hook)),
    }
    for context in &call.contexts {
        match &context.kind {
            ContextKind::Lifecycle(lifecycle) => {
                let key = format!("{}/{}/{}", running.job.id, HOOKS[hook], lifecycle.name());
                seen.prepared.insert(key);
            }
            ContextKind::Schedule if is_same_turn => {
                seen.fired.entry(HOOKS[hook].to_owned()).or_default().1 += 1;
            }
            _ => {}
        }
    }
    if place == 0 && hook == 0 {
        for (module, said) in stage.world.says.iter().enumerate() {
            stage.ledger.dynamic[module] = said.or(stage.ledger.dynamic[module]);
        }
    }
    Ok(())
}

fn is_hook(view: &TaskView<'_, Task>) -> bool {
    matches!(view.task, Task::HookRun(_))
}

/// Whether a script waits to be asked behind a run that does not go on.
fn waits_script(line: &[TaskView<'_, Task>]) -> bool {
    let head = line.first();
    let is_run = head.is_some_and(|head| matches!(head.task, Task::ModuleRun { .. }));
    let mut scripts = line
        .iter()
        .filter(|view| matches!(view.task, Task::AskScript { .. }));
    is_run && scripts.any(|view| view.standing == Standing::Waiting)
}

/// Between two turns every head of a queue runs, backs off, or is held by what is so.
pub(super) fn nothing_idles(stage: &mut Stage) -> Result<(), Broken> {
    if stage.house.follows() {
        return Ok(());
    }
    let is_known = is_told(stage);
    let mut waits_for_slot = Vec::new();
    stage.ledger.is_any_pausing = false;
    stage.ledger.between.clear();
    for (queue, tasks) in stage.house.lines.view() {
        let Some(head) = tasks.first() else { continue };
        let is_its = |job: &Job| job.queue == *queue && !matches!(job.task, Task::ReadHooks { .. });
        let runs = stage.running.iter().any(|running| is_its(&running.job));
        let text = || format!("{queue}: {} {:?}", head.task.kind(), head.standing);
        match &head.standing {
            Standing::Running(_) => must(runs, IDLE, text)?,
            Standing::Waiting => must(!is_known, IDLE, text)?,
            Standing::BackingOff(until) => {
                stage.ledger.is_any_pausing = true;
                let wake = stage.house.wake_at();
                let is_woken = wake.is_some_and(|wake| wake <= *until);
                must(*until > stage.now && is_woken, IDLE, text)?;
                let is_run = matches!(head.task, Task::ModuleRun { .. });
                let module = head.task.module().filter(|_| is_run).map(number);
                let is_fresh = module.is_some_and(|module| stage.fresh.contains(&module));
                must(!is_fresh, NEWS, text)?;
                let mut others = tasks.iter().skip(1);
                let first = others.find(|other| is_hook(other) != is_hook(head));
                let may_pass = first.is_some_and(|other| other.standing == Standing::Waiting);
                must(!may_pass && !waits_script(&tasks), IDLE, || {
                    format!("{}: others may pass", text())
                })?;
            }
            Standing::Held(why) => {
                must(holds(stage, head.task, why), IDLE, text)?;
                stage.ledger.is_any_pausing |= why.contains("no faster than its settings say");
                if waits_between(why) {
                    stage.ledger.between.insert(queue.to_string());
                }
                let is_run = !is_hook(head) && !waits_between(why);
                let mut others = tasks.iter().skip(1);
                let first = others.find(|other| is_hook(other));
                let is_passed = first.is_none_or(|other| other.standing != Standing::Waiting);
                must(
                    !is_run || (is_passed && !waits_script(&tasks)),
                    STARVED,
                    || format!("{}: others may pass", text()),
                )?;
                if why.contains("hooks of main queues run already") {
                    waits_for_slot.push(queue.to_string());
                }
            }
        }
    }
    starves(stage, &waits_for_slot)
}

/// Whether a task waits that has begun: for a process, a list, or other hooks.
fn waits_between(why: &str) -> bool {
    let all = [
        "hooks of main queues run already",
        "for the list of",
        "waits for the Synchronization of",
    ];
    all.iter().any(|part| why.contains(part))
}

/// Whether what a task is told to wait for is so.
fn holds(stage: &Stage, task: &Task, why: &str) -> bool {
    let module = task.module().map(number);
    if why.contains("hooks of main queues run already") {
        let running = stage
            .running
            .iter()
            .filter(|running| is_limited(&running.job));
        return running.count() >= stage.terms.processes;
    }
    if why.contains("for the list of") {
        return stage.is_unlisted(place_of(task.module()));
    }
    if why.contains("waits for the Synchronization of") {
        let waited = stage
            .house
            .lines
            .tasks()
            .filter(|other| other.module() == task.module());
        return waited
            .filter(|other| matches!(other, Task::HookRun(_)))
            .count()
            > 0;
    }
    if why.contains("no faster than its settings say") {
        // It is looked at again by itself.
        return stage.house.wake_at().is_some();
    }
    match (task, module) {
        (Task::ModuleRun { .. }, Some(module)) => {
            let (ledger, is_strict) = (&stage.ledger, stage.terms.strict);
            // Who requires itself has no place in the order, and may wait for any.
            let is_unordered = ledger.leads_to_circle(module) && ledger.is_any_unsettled(is_strict);
            order(stage, module).is_err() || ledger.is_stuck(module, is_strict) || is_unordered
        }
        (Task::ModuleDelete { .. }, Some(_)) => {
            let doubt = stage.ledger.directory != Looks::Present || is_deciding(stage);
            let deletions = stage.house.lines.tasks();
            let deletions = deletions.filter(|task| matches!(task, Task::ModuleDelete { .. }));
            doubt || deletions.count() > 1
        }
        _ => false,
    }
}

/// Who waits for a process gets one before others have had theirs again and again.
fn starves(stage: &mut Stage, waiting: &[String]) -> Result<(), Broken> {
    let given = stage.ledger.slots_given;
    stage
        .ledger
        .starving
        .retain(|queue, _| waiting.contains(queue));
    for queue in waiting {
        let since = *stage.ledger.starving.entry(queue.clone()).or_insert(given);
        let most = 3 * (MODULES.len() + 1) + stage.terms.processes;
        must(given - since <= most, STARVED, || {
            format!("{queue} waits while {} others began", given - since)
        })?;
    }
    Ok(())
}

/// Who came later goes first as long as the run before it cannot go on, and no longer. It is not asked in the
/// very turn in which it could.
pub(super) fn passes(stage: &mut Stage, job: &Job) -> Result<(), Broken> {
    let (Task::HookRun(run), QueueName::Module(_)) = (&job.task, &job.queue) else {
        return Ok(());
    };
    let Some(module) = run.module.as_ref().map(number) else {
        return Ok(());
    };
    let view = stage.house.lines.view();
    let mut tasks = view.get(&job.queue).into_iter().flatten();
    let passed = tasks.find(|view| !is_hook(view));
    let may_go_on = passed.is_some_and(|view| {
        let is_run = matches!(view.task, Task::ModuleRun { .. });
        let is_free = matches!(view.standing, Standing::Waiting | Standing::Held(_));
        is_run && is_free && view.id < job.id
    });
    let may_go_on = may_go_on && order(stage, module).is_ok() && stage.ledger.enabled[module];
    let passed = stage.ledger.passed.entry(module).or_default();
    *passed = if may_go_on { *passed + 1 } else { 0 };
    must(*passed <= 1, STARVED, || {
        format!("{} goes before the run", told(job))
    })
}

/// No module waits for its run while so much else is done: what others do with their turns is bounded. What
/// fails, waits for a time, or has a long line before it may keep others waiting.
pub(super) fn all_have_their_turn(stage: &mut Stage) -> Result<(), Broken> {
    let is_sound = stage.world.faults == Faults::default() && stage.troubled.is_empty();
    let is_long = || {
        let mut lengths = stage.house.lines.lengths();
        lengths.any(|(_, length)| length > LONG)
    };
    let is_waited_for = !stage.ledger.is_any_pausing && !is_long();
    let is_free = is_sound && is_waited_for && !stage.house.follows();
    for (module, text) in MODULES.iter().enumerate() {
        let is_its = |task: &Task| matches!(task, Task::ModuleRun { module, .. } if module.as_str() == *text);
        let is_owed = is_free
            && stage.ledger.enabled[module]
            && stage.ledger.attempts[module] == Attempt::Pending
            && !stage.ledger.is_stuck(module, stage.terms.strict)
            && !stage
                .running
                .iter()
                .any(|running| is_its(&running.job.task));
        let tick = stage.ledger.tick;
        let waits_since = &mut stage.ledger.waits_since[module];
        if !is_owed {
            *waits_since = None;
            continue;
        }
        let jobs = tick - *waits_since.get_or_insert(tick);
        must(jobs < PATIENCE, STARVED, || {
            format!("{text} waits for its run while {jobs} jobs began or ended")
        })?;
    }
    Ok(())
}

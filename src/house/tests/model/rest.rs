//! What holds at rest: faults have stopped, everything was told, and time went by.

use std::collections::BTreeSet;
use std::time::Duration;

use super::super::play::name;
use super::deed::Fate;
use super::dice::Dice;
use super::laws::{AT_REST, Broken, CONVERGE, DELETES, LOST, broken};
use super::stage::{Stage, TIME, number};
use super::world::{HOOKS, MODULES};
use crate::serve::{ModuleState, Query};
use crate::task::Task;
use crate::watch::MonitorId;

/// More steps than this are no end.
const STEPS: usize = 20_000;
/// Longer than this nothing has to be waited for: pauses of hooks that undo each other grow to minutes.
const LONGEST: Duration = Duration::from_hours(6);

fn must(holds: bool, law: &'static str, why: impl FnOnce() -> String) -> Result<(), Broken> {
    if holds {
        Ok(())
    } else {
        Err(broken(law, why()))
    }
}

impl Stage {
    /// Faults stop; then all comes to rest, and what must hold then does.
    pub(super) fn come_to_rest(&mut self) -> Result<(), Broken> {
        self.tell(|| "faults stop".to_owned());
        self.floods.clear();
        self.world.heal();
        self.lead();
        self.look();
        self.tell_config();
        self.deliver();
        self.recover();
        self.go_on()?;
        self.drain()?;
        self.look_around()
    }

    fn drain(&mut self) -> Result<(), Broken> {
        let mut dice = Dice::new(self.terms.seed);
        let begin = self.now;
        for _ in 0..STEPS {
            self.list();
            self.go_on()?;
            if !self.running.is_empty() {
                let index = dice.below(self.running.len());
                self.end(index, Fate::Well)?;
            } else if !self.is_quiet() {
                self.deliver();
                self.cluster.write();
                self.tell_objects();
            } else if self.purge_held() {
                self.tell(|| "people purge what is held".to_owned());
            } else if let Some(wake) = self.house.wake_at() {
                let time = wake.saturating_duration_since(self.now);
                must(self.now + time < begin + LONGEST, AT_REST, || self.left())?;
                self.pass(time)?;
            } else {
                return Ok(());
            }
        }
        Err(broken(AT_REST, self.left()))
    }

    fn left(&self) -> String {
        let lengths = self.house.queue_lengths().filter(|(_, length)| *length > 0);
        let lengths: Vec<String> = lengths
            .map(|(queue, length)| format!("{queue}: {length}"))
            .collect();
        format!("no end; left are {}", lengths.join(", "))
    }

    fn is_stuck(&self, module: usize) -> bool {
        self.ledger.enabled[module] && self.ledger.is_stuck(module, self.terms.strict)
    }

    /// Whether no task is left but runs of modules that cannot start before people change something.
    fn is_worked_off(&self) -> bool {
        self.house.lines.tasks().all(|task| {
            let module = task.module().map(number);
            matches!(task, Task::ModuleRun { .. })
                && module.is_some_and(|module| self.is_stuck(module))
        })
    }

    /// People say that what is held is to go; answers whether there was any.
    fn purge_held(&mut self) -> bool {
        let held = self.house.held_names();
        for module in &held {
            self.ledger.purged[number(module)] = true;
            let module = module.to_string();
            drop(self.house.answer(&Query::ModulePurge { module }, self.now));
        }
        !held.is_empty()
    }

    fn look_around(&mut self) -> Result<(), Broken> {
        must(self.is_worked_off(), AT_REST, || self.left())?;
        // In the strict order what is stuck keeps a converge from its end.
        let is_endless =
            self.terms.strict && (0..MODULES.len()).any(|module| self.is_stuck(module));
        let is_done = self.house.is_converged() || is_endless;
        must(is_done, CONVERGE, || "no converge was done".to_owned())?;
        for module in 0..MODULES.len() {
            self.look_at(module)?;
        }
        self.look_at_hooks()?;
        self.look_at_events()?;
        if !is_endless {
            self.look_at_after_all()?;
        }
        self.stay_at_rest()
    }

    fn look_at(&mut self, module: usize) -> Result<(), Broken> {
        let text = MODULES[module];
        let brought = self.cluster.brought(text);
        let list = self.house.module_list();
        let row = list.modules.into_iter().find(|row| row.name == text);
        if self.world.folders[module].is_none() {
            must(row.is_none(), DELETES, || {
                format!("{text} has no folder and is listed: {row:?}")
            })?;
            must(brought.is_none(), DELETES, || {
                format!("{text} has no folder and objects are left")
            })?;
            let object = self.cluster.object(text);
            return must(object.is_none(), DELETES, || {
                format!("{text} has no folder and an object")
            });
        }
        let Some(row) = row else {
            return Err(broken(
                CONVERGE,
                format!("{text} has a folder and is not known"),
            ));
        };
        let told = || format!("{text} is {:?} {}: {}", row.state, row.reason, row.message);
        let wanted = self.ledger.is_wanted(module);
        must(row.enabled == wanted, CONVERGE, || {
            format!("{}; enabled is to be {wanted}", told())
        })?;
        if !wanted {
            must(row.state == ModuleState::Disabled, CONVERGE, told)?;
            return must(brought.is_none(), DELETES, || {
                format!("{text} is off and objects are left")
            });
        }
        if self.is_stuck(module) {
            // It is as it was before it was.
            return Ok(());
        }
        self.look_at_enabled(module, (row.state, told()), brought.as_ref())
    }

    fn look_at_enabled(
        &mut self,
        module: usize,
        (state, told): (ModuleState, String),
        brought: Option<&(String, bool)>,
    ) -> Result<(), Broken> {
        let text = MODULES[module];
        let object = self.cluster.object(text).cloned().unwrap_or_default();
        let shown = object["status"]["state"]
            .as_str()
            .unwrap_or_default()
            .to_owned();
        must(shown == format!("{state:?}"), LOST, || {
            format!("{told}, and its object says {shown:?}")
        })?;
        if self.world.config.maintenance[module] {
            return must(state == ModuleState::Maintenance, CONVERGE, || told);
        }
        must(state == ModuleState::Applied, CONVERGE, || told.clone())?;
        let run = self.house.module_run(&name(text)).unwrap();
        let (hash, values) = (
            super::cluster::hash_of(&run),
            self.ledger.own_values(module),
        );
        must(*run.values.plain == values, LOST, || {
            format!("{text} has {}, not {values}", run.values.plain)
        })?;
        must(run.module.digest == self.digest_of(module), LOST, || {
            format!("{text} is not of its folder")
        })?;
        must(
            self.ledger.brought[module].as_ref() == Some(&hash),
            LOST,
            || format!("{told}, and its last run did not see what is so now"),
        )?;
        must(brought == Some(&(hash, true)), CONVERGE, || {
            format!("{told}, and the cluster has {brought:?}")
        })?;
        let kinds = object["metadata"]["annotations"].to_string();
        must(kinds.contains("ConfigMap"), LOST, || {
            format!("the inventory of {text} is lost: {kinds}")
        })
    }

    fn digest_of(&self, module: usize) -> [u8; 32] {
        let discovery = self.world.discovery();
        let mut modules = discovery.modules.iter();
        modules
            .find(|found| found.name.as_str() == MODULES[module])
            .unwrap()
            .digest
    }

    /// The hooks are those on disk, the values of global ones count, and schedules were heard.
    fn look_at_hooks(&mut self) -> Result<(), Broken> {
        for place in 0..=MODULES.len() {
            let module = place.checked_sub(1);
            let key = module.map(|module| name(MODULES[module]));
            let is_on = module.is_none_or(|module| self.ledger.enabled[module]);
            let is_blocked = module.is_some_and(|module| self.is_stuck(module));
            let set = self.house.set(key.as_ref());
            let names: Vec<&str> = set
                .into_iter()
                .flat_map(|set| set.hooks.keys())
                .map(String::as_str)
                .collect();
            let hooks = HOOKS.iter().enumerate();
            let there = hooks.filter(|(hook, _)| is_on && self.world.hooks[place][*hook].is_some());
            let there: Vec<&str> = there.map(|(_, hook)| *hook).collect();
            must(is_blocked || names == there, LOST, || {
                format!("hooks of place {place}: {names:?}, not {there:?}")
            })?;
            for (hook, (fired, heard)) in &self.ledger.places[place].fired {
                must(fired <= heard, LOST, || {
                    format!("{hook} of place {place} was due {fired} times and ran for {heard}")
                })?;
            }
        }
        let mut global = (*self.house.global.snapshot().values).clone();
        let told = global
            .as_object_mut()
            .and_then(|map| map.remove("enabledModules"));
        let told: BTreeSet<String> =
            serde_json::from_value(told.unwrap_or_default()).unwrap_or_default();
        let enabled = (0..MODULES.len()).filter(|module| self.ledger.enabled[*module]);
        let enabled: BTreeSet<String> = enabled.map(|module| MODULES[module].to_owned()).collect();
        must(told == enabled, LOST, || {
            format!("global.enabledModules are {told:?}, not {enabled:?}")
        })?;
        let wanted = self.ledger.global_values();
        must(global == wanted, LOST, || {
            format!("the global values are {global}, not {wanted}")
        })
    }

    /// Each event of a binding that is still there was told once: by a Synchronization that came after it,
    /// by itself, or by the last of its group.
    fn look_at_events(&self) -> Result<(), Broken> {
        let live: BTreeSet<MonitorId> = self.house.monitors().iter().map(|it| it.id).collect();
        for (monitor, event) in self
            .ledger
            .emitted
            .iter()
            .filter(|(id, _)| live.contains(id))
        {
            let synchronized = self.ledger.synchronized.get(monitor);
            let times = synchronized.map_or(0, Vec::len);
            must(times <= 1, LOST, || {
                format!("{monitor:?} was synchronized {times} times")
            })?;
            let is_in_snapshot =
                synchronized.is_some_and(|all| all.iter().any(|seen| event <= seen));
            let told = self
                .ledger
                .told
                .get(&(*monitor, *event))
                .copied()
                .unwrap_or_default();
            let count = told + usize::from(is_in_snapshot);
            if count == 0 && times == 0 && self.is_unheard(*monitor) {
                continue;
            }
            let is_grouped = self
                .ledger
                .grouped
                .get(monitor)
                .is_some_and(|seen| event <= seen);
            let holds = if is_grouped { count <= 1 } else { count == 1 };
            must(holds, LOST, || {
                format!("event {event} of {monitor:?} was told {count} times")
            })?;
        }
        Ok(())
    }

    /// Whether the hooks of a monitor cannot be told of anything: their module never came to their
    /// Synchronization, and cannot start before people change something.
    fn is_unheard(&self, monitor: MonitorId) -> bool {
        let mut sets = self.house.sets();
        let set = sets.find(|(_, set)| set.bound.contains_key(&monitor));
        let module = set.and_then(|(module, _)| module).map(number);
        module.is_some_and(|module| self.is_stuck(module))
    }

    /// The hooks that follow converge ran after it, and after what had failed then recovered.
    fn look_at_after_all(&self) -> Result<(), Broken> {
        let due = self.ledger.decided_at.max(self.ledger.recovered_at);
        for (hook, _) in self.world.hooks[0]
            .iter()
            .enumerate()
            .filter(|(_, it)| it.is_some())
        {
            let ran = self
                .ledger
                .after_all
                .get(HOOKS[hook])
                .copied()
                .unwrap_or_default();
            must(ran > due, LOST, || {
                format!("afterAll of {} ran at {ran}, due since {due}", HOOKS[hook])
            })?;
        }
        Ok(())
    }

    /// Nothing more happens by itself.
    fn stay_at_rest(&mut self) -> Result<(), Broken> {
        self.now += Duration::from_hours(1);
        self.house.tick(self.now, TIME);
        self.go_on()?;
        let is_quiet = self.running.is_empty() && self.is_quiet() && self.house.wake_at().is_none();
        must(is_quiet && self.is_worked_off(), AT_REST, || self.left())
    }
}

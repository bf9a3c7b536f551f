//! Which modules are enabled, and what follows: runs and deletions.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::hooks::{Chain, ChainKind};
use super::{Count, House};
use crate::binding::Lifecycle;
use crate::module::{Opinion, Opinions, Order, OrderMode, Progress, Script, StandingNow};
use crate::name::ModuleName;
use crate::queue::QueueName;
use crate::serve::ModuleState;
use crate::task::{Asked, Decided, Evaluation, Task};
use crate::values::Store;

impl House {
    /// All modules with their opinions, those of one weight together.
    pub fn evaluation(&self) -> Evaluation {
        let mut groups: BTreeMap<u32, Vec<Asked>> = BTreeMap::new();
        for name in self.residents.keys() {
            if let Some(asked) = self.asked(name) {
                groups.entry(asked.module.weight).or_default().push(asked);
            }
        }
        let groups = groups.into_values().collect();
        Evaluation {
            before: Vec::new(),
            groups,
            extenders: self.settings.extenders.clone(),
        }
    }

    /// One module alone, after its script failed.
    pub(super) fn evaluation_of(&self, name: &ModuleName) -> Evaluation {
        let asked = self.asked(name);
        let weight = asked.as_ref().map_or(0, |asked| asked.module.weight);
        let before = self.residents.iter().filter(|(_, resident)| {
            resident.enabled
                && resident
                    .module
                    .as_ref()
                    .is_some_and(|module| module.weight < weight)
        });
        Evaluation {
            before: before.map(|(name, _)| name.clone()).collect(),
            groups: asked.map(|asked| vec![vec![asked]]).unwrap_or_default(),
            extenders: self.settings.extenders.clone(),
        }
    }

    fn asked(&self, name: &ModuleName) -> Option<Asked> {
        let resident = self.residents.get(name)?;
        let module = resident.module.clone()?;
        let store = resident.store.as_ref()?;
        let key = module.key.as_str();
        let pair = |global: &Value, own: &Value| json!({"global": global, key: own});
        let flag = self
            .config
            .modules
            .get(&module.key)
            .and_then(|section| section.enabled);
        let config_map = flag.map(|enabled| Opinion {
            enabled,
            told_by: format!("ConfigMap {}, key {key}Enabled", self.settings.config_map),
        });
        Some(Asked {
            opinions: Opinions {
                flags: module
                    .flags
                    .iter()
                    .map(crate::module::Flag::to_opinion)
                    .collect(),
                dynamic: self.dynamic.get(&module.key).map(|enabled| Opinion {
                    enabled: *enabled,
                    told_by: "a global hook".to_owned(),
                }),
                config_map,
                script: if module.script.is_some() {
                    Script::Unasked
                } else {
                    Script::Absent
                },
            },
            config_values: pair(self.global.config(), store.config()),
            values: pair(&self.global.snapshot().values, &store.snapshot().values),
            secrets: store.secrets().and(&self.global.secrets()),
            answer: resident.answer.clone(),
            module,
        })
    }

    /// Takes the decisions of a converge: everything enabled runs, everything else is deleted.
    pub fn take_decisions(
        &mut self,
        decided: BTreeMap<ModuleName, Decided>,
        now: Instant,
        time: Timestamp,
    ) {
        self.converge.begun.get_or_insert(now);
        self.converge.undone += 1;
        for (name, decided) in decided {
            self.take_decision(&name, decided, time);
        }
        // A folder may have gone before its module was decided about.
        self.weigh_vanished(now);
        let names: Vec<String> = self
            .enabled_in_order()
            .iter()
            .map(ToString::to_string)
            .collect();
        let injected = json!({ "enabledModules": names });
        if let Err(mistakes) = self.global.set_injected(injected) {
            tracing::error!(target: "values", %mistakes, "global.enabledModules was not set");
        }
        let enabled: Vec<ModuleName> = self.enabled().into_iter().cloned().collect();
        for name in &enabled {
            let Some(resident) = self.residents.get_mut(name) else {
                continue;
            };
            if resident.script_error.is_some() {
                // It waits for its script, and nobody waits for it.
                resident.progress = Progress::Failed;
                resident.keeps_last = false;
                continue;
            }
            resident.progress = Progress::Pending;
            self.call_off_deletion(name);
            self.request_run(name, "Converge");
        }
        self.request_deletions(time);
    }

    /// Takes the decision about one module.
    pub(super) fn take_decision(&mut self, name: &ModuleName, decided: Decided, time: Timestamp) {
        if self.is_leaving(name) {
            // It was asked before its folder was believed to be gone.
            return;
        }
        let Some(resident) = self.residents.get_mut(name) else {
            return;
        };
        resident.answer = decided.answer;
        match decided.decision {
            Ok(decision) => {
                let changed = resident.decision.is_none() || resident.enabled != decision.enabled;
                resident.script_error = None;
                if !decision.enabled && resident.hooks.is_ahead {
                    // They were read for a module that is not to be there after all.
                    resident.hooks.retire();
                }
                resident.enabled = decision.enabled;
                if changed {
                    // Whom the API server shall ask is another matter then.
                    self.bindings_version += 1;
                    tracing::info!(target: "module", module = %name, enabled = decision.enabled, why = decision.why, "decided");
                }
                if decision.enabled && changed {
                    resident.enter(ModuleState::Waiting, "", "", time);
                } else if !decision.enabled {
                    let is_there = resident.has_objects() || resident.hooks.is_active();
                    let (state, why) = if is_there {
                        (ModuleState::Deleting, "")
                    } else {
                        (ModuleState::Disabled, decision.why.as_str())
                    };
                    resident.enter(state, "", why, time);
                }
                resident.decision = Some(decision);
                self.take_section(name);
            }
            Err(why) => {
                tracing::error!(target: "module", module = %name, why, "the enabled script failed");
                // What is in the cluster stays as it is until the script answers.
                resident.enter(ModuleState::Failed, "EnabledScriptFailed", &why, time);
                resident.script_error = Some(why);
                self.count(Count::DiscoverFailed);
                self.request_answer(name);
            }
        }
    }

    /// Deletes what is in the cluster of modules that are not enabled.
    pub(super) fn request_deletions(&mut self, time: Timestamp) {
        let disabled: Vec<ModuleName> = self
            .residents
            .iter()
            .filter(|(_, resident)| !resident.enabled && resident.module.is_some())
            .filter(|(_, resident)| resident.script_error.is_none() && resident.decision.is_some())
            .map(|(name, _)| name.clone())
            .collect();
        for name in disabled {
            let queue = QueueName::Module(name.clone());
            let ready = QueueName::Ready(name.clone());
            self.lines.drop_waiting(|line, task| {
                let is_run = matches!(task, Task::ModuleRun { .. } | Task::AskScript { .. });
                let is_of_hook =
                    matches!(task, Task::HookRun(run) if run.module.as_ref() == Some(&name));
                *line == ready || (*line == queue && is_run) || is_of_hook
            });
            let is_there = self
                .residents
                .get(&name)
                .is_some_and(|resident| resident.has_objects() || resident.hooks.is_active());
            let is_begun = self.lines.is_running(
                |_, task| matches!(task, Task::ModuleDelete { module, .. } if *module == name),
            );
            if is_begun {
                // Its hooks run once.
            } else if is_there {
                self.push(
                    queue,
                    Task::ModuleDelete {
                        module: name.clone(),
                        purge: false,
                    },
                );
            } else {
                self.forget_chain(&name);
                self.show_disabled(&name, time);
                self.report(&name, time);
            }
        }
    }

    /// A module that has nothing in the cluster is not there, whatever became of its last run.
    fn show_disabled(&mut self, name: &ModuleName, time: Timestamp) {
        if let Some(resident) = self.residents.get_mut(name) {
            let why = resident.decision.as_ref();
            let why = why.map_or_else(String::new, |decision| decision.why.clone());
            resident.enter(ModuleState::Disabled, "", &why, time);
        }
    }

    /// A module that is enabled again is not deleted, unless that has begun. While something of it runs,
    /// the deletion is called off when it has its turn.
    fn call_off_deletion(&mut self, name: &ModuleName) {
        let is_deletion =
            |task: &Task| matches!(task, Task::ModuleDelete { module, .. } if module == name);
        let runs = self
            .lines
            .is_running(|_, task| task.module() == Some(name) && task.has_chain());
        let has_begun = self.is_deletion_begun(name);
        if runs || has_begun || !self.lines.any(|_, task| is_deletion(task)) {
            return;
        }
        self.lines.drop_waiting(|_, task| is_deletion(task));
        self.begin_hooks_anew(name);
    }

    /// Calls off the deletion whose turn it is when its module is enabled by now; answers whether it did.
    pub(super) fn call_off_this_deletion(&mut self, name: &ModuleName) -> bool {
        let resident = self.residents.get(name);
        let is_enabled = resident.is_some_and(|resident| resident.enabled);
        let is_called_off = is_enabled && !self.is_deletion_begun(name);
        if is_called_off {
            self.begin_hooks_anew(name);
            self.request_run(name, "EnabledAgain");
        }
        is_called_off
    }

    /// Whether something of a module may be deleted already, or its hooks were told that it will be.
    fn is_deletion_begun(&self, name: &ModuleName) -> bool {
        let chain = self.set(Some(name)).and_then(|set| set.chain.as_ref());
        chain.is_some_and(|chain| chain.kind == ChainKind::Delete)
    }

    /// What happened while a module was off its hooks were not told: they begin anew.
    fn begin_hooks_anew(&mut self, name: &ModuleName) {
        self.lines.drop_waiting(
            |_, task| matches!(task, Task::HookRun(run) if run.module.as_ref() == Some(name)),
        );
        if let Some(resident) = self.residents.get_mut(name) {
            resident.hooks.retire();
        }
        self.bindings_version += 1;
    }

    /// A run that was given up begins anew the next time.
    fn forget_chain(&mut self, name: &ModuleName) {
        let is_running = self
            .lines
            .is_running(|_, task| task.module() == Some(name) && task.has_chain());
        let resident = self.residents.get_mut(name).filter(|_| !is_running);
        if let Some(resident) = resident {
            resident.hooks.retire();
            // Values of hooks go with them, as after a deletion.
            resident.store.as_mut().map(Store::forget_patches);
        }
    }

    /// What the order needs to know of every enabled module.
    fn standings(&self) -> impl Iterator<Item = (&ModuleName, StandingNow<'_>)> {
        self.residents
            .iter()
            .filter(|(_, resident)| resident.enabled)
            .filter_map(|(name, resident)| {
                let module = resident.module.as_ref()?;
                let now = StandingNow {
                    weight: module.weight,
                    rule: module.definition.order,
                    requires: &module.definition.requires,
                    progress: resident.progress,
                };
                Some((name, now))
            })
    }

    /// The order of the enabled modules as they stand now.
    pub(super) fn order(&mut self) -> Arc<Order> {
        if !self.order.is_of(self.standings()) {
            self.order = Arc::new(Order::new(self.standings(), self.settings.order));
        }
        self.order.clone()
    }

    fn enabled_in_order(&self) -> Vec<ModuleName> {
        let standings = self.standings();
        let standings = standings.map(|(name, now)| (name.clone(), now.into()));
        crate::module::start_order(&standings.collect(), OrderMode::Attempted)
    }

    /// Whether converge has come to its end with what just happened.
    pub(super) fn close_converge(&mut self, now: Instant) {
        let Some(begun) = self.converge.begun else {
            self.note_recovery();
            return;
        };
        let is_deciding = self
            .lines
            .any(|_, task| matches!(task, Task::ConvergeModules { .. }));
        if is_deciding || self.order().is_any_pending() {
            return;
        }
        self.converge.begun = None;
        self.converge.undone = 0;
        let startup = !std::mem::replace(&mut self.converge.startup_done, true);
        let took = now.duration_since(begun);
        let took_ms = took.as_millis();
        if self.is_standalone() {
            let hooks = self.hooks.hooks.len();
            tracing::info!(target: "operator", hooks, %took_ms, "hooks are started");
        } else {
            let modules = self.enabled().len();
            tracing::info!(target: "operator", modules, %took_ms, "converge is done");
        }
        self.count(Count::Converged { took, startup });
        self.converge.had_failures = self.has_failures();
        // Schedules fire from now on.
        self.bindings_version += 1;
        self.request_after_all();
    }

    /// The hooks that follow converge run once more when the last failure has recovered.
    fn note_recovery(&mut self) {
        if self.converge.had_failures && !self.has_failures() {
            self.converge.had_failures = false;
            self.request_after_all();
        }
    }

    fn has_failures(&self) -> bool {
        self.residents
            .values()
            .any(|resident| resident.enabled && resident.progress == Progress::Failed)
    }

    fn request_after_all(&mut self) {
        if self.hooks.in_order(Lifecycle::AfterAll).is_empty() {
            return;
        }
        let is_running = self
            .lines
            .is_running(|_, task| matches!(task, Task::AfterAll));
        let is_old = |chain: &mut Chain| chain.kind == ChainKind::AfterAll && !is_running;
        // Those that ran before the last of them failed ran too early.
        self.hooks.chain.take_if(is_old);
        self.push(QueueName::Main, Task::AfterAll);
    }
}

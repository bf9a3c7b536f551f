//! Folders → residents.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use jiff::Timestamp;
use serde_json::Value;

use super::resident::{Resident, global_statics};
use super::{House, Notice};
use crate::apply::Parent;
use crate::module::{Discovery, Known};
use crate::name::ModuleName;
use crate::queue::QueueName;
use crate::report::Mistakes;
use crate::serve::ModuleState;
use crate::status::{About, Event, Kind, Status};
use crate::task::Task;

impl House {
    /// Takes what the modules directories hold now. Modules that changed, came or went take effect;
    /// the others are not touched.
    pub fn take_discovery(&mut self, discovery: Discovery, now: Instant, time: Timestamp) {
        // What a module waits for may be told in other words now.
        self.told_order = Arc::default();
        let mut changed = Vec::new();
        for module in &discovery.modules {
            let resident = self.residents.entry(module.name.clone()).or_default();
            let same = resident
                .module
                .as_ref()
                .is_some_and(|known| known.digest == module.digest);
            if same && resident.broken.is_none() {
                continue;
            }
            match resident.settle(module) {
                Ok(()) => resident.broken = None,
                Err(mistakes) => break_down(resident, &module.name, mistakes, time),
            }
            changed.push(module.name.clone());
        }
        let globals_changed = self.take_globals(&discovery);
        self.take_broken(&discovery, time);
        self.take_requirements(&discovery, &mut changed);
        self.discovery = Arc::new(discovery);
        changed.extend(self.come_back());
        self.spread_warmth();
        for name in &changed {
            self.take_section(name);
        }
        self.take_config_again(time);
        if globals_changed && changed.is_empty() {
            self.request_converge("GlobalValuesChanged");
        }
        if !changed.is_empty() {
            tracing::info!(target: "module", modules = join(&changed), "module folders changed");
            self.request_converge("ModulesChanged");
        }
        self.weigh_vanished(now);
        self.report_all(time);
    }

    /// Takes the content of the folder of the global hooks.
    pub fn take_global_hooks(&mut self, folder: [u8; 32]) {
        let before = self.hooks_folder.replace(folder);
        if before.is_some_and(|before| before != folder) {
            self.request_converge("GlobalHooksChanged");
        }
    }

    /// Takes the global values of the modules directories; answers whether they changed.
    fn take_globals(&mut self, discovery: &Discovery) -> bool {
        let taken = global_statics(discovery).and_then(|statics| {
            self.global
                .reload(statics.layers, self.settings.global_schemas.clone())
        });
        let (changed, mistakes) = match taken {
            Ok(changed) => (changed, self.global.check_static()),
            Err(mistakes) => (false, mistakes),
        };
        if mistakes != self.global_mistakes && !mistakes.0.is_empty() {
            tracing::error!(target: "values", %mistakes, "the global values are not usable");
        }
        self.global_mistakes = mistakes;
        changed
    }

    fn take_broken(&mut self, discovery: &Discovery, time: Timestamp) {
        for broken in &discovery.broken {
            let Some(name) = &broken.name else {
                tracing::error!(target: "module", folder = %broken.folder.display(), mistakes = %broken.mistakes, "a module folder is not usable");
                continue;
            };
            let resident = self.residents.entry(name.clone()).or_default();
            if resident.broken.as_ref() != Some(&broken.mistakes) {
                break_down(resident, name, broken.mistakes.clone(), time);
                let message = broken.mistakes.to_string();
                self.tell(Event {
                    about: About::Module(name.clone()),
                    kind: Kind::Warning,
                    reason: "InvalidModule",
                    message,
                });
            }
        }
    }

    fn take_requirements(&mut self, discovery: &Discovery, changed: &mut Vec<ModuleName>) {
        let mistakes: BTreeMap<&ModuleName, &Mistakes> = discovery
            .requirement_mistakes
            .iter()
            .map(|(name, mistakes)| (name, mistakes))
            .collect();
        for (name, resident) in &mut self.residents {
            let now = mistakes.get(name).map(|mistakes| (*mistakes).clone());
            if resident.requires != now {
                resident.requires = now;
                changed.push(name.clone());
            }
        }
    }

    /// Takes what the cluster remembers of a module; `None` when its `Module` object was deleted. Answers
    /// whether it is news: most of what is told is what we wrote ourselves.
    pub fn take_module_object(&mut self, name: &str, object: Option<&Value>) -> bool {
        let Ok(name) = ModuleName::parse(name) else {
            return false;
        };
        if self.follows() {
            self.see_module_object(&name, object);
            return true;
        }
        let Some(object) = object else {
            return self.lose_module_object(&name);
        };
        let resident = self.residents.entry(name).or_default();
        if resident.exists || resident.begun.is_some() {
            return false;
        }
        resident.exists = true;
        resident.known.parent = Parent::read(object).filter(|parent| !parent.kinds.is_empty());
        resident.status = Status::read(object);
        resident.known.record = resident.status.record();
        resident.known.release = resident.status.release_revision;
        resident.is_marked = resident.status.state == ModuleState::Maintenance;
        if resident.module.is_none() {
            // Nobody may have a folder for it.
            self.ask_guard_at = Some(self.born);
        }
        true
    }

    /// A `Module` object was deleted; answers whether that is news.
    fn lose_module_object(&mut self, name: &ModuleName) -> bool {
        let Some(resident) = self.residents.get_mut(name) else {
            return false;
        };
        let is_at_work = resident.begun.is_some();
        if !std::mem::take(&mut resident.exists) && !is_at_work {
            return false;
        }
        // What runs now does not know. A run writes it again; a deletion has to know it still.
        resident.is_lost = is_at_work;
        resident.lost_bounds = resident.known.parent.take().or(resident.lost_bounds.take());
        resident.status = Status::default();
        if resident.module.is_some() {
            self.request_run(name, "ModuleObjectDeleted");
        } else if resident.has_objects() {
            self.ask_guard_at = Some(self.born);
        } else {
            // Nothing else remembered it.
            self.residents.remove(name);
        }
        true
    }

    /// All `Module` objects that existed at the start were told; answers whether that is news.
    pub fn objects_known(&mut self, now: Instant, time: Timestamp) -> bool {
        let is_news = !std::mem::replace(&mut self.objects_known, true);
        if is_news {
            self.weigh_vanished(now);
            self.report_all(time);
        }
        is_news
    }

    /// Decides about modules whose folder is gone.
    pub(super) fn weigh_vanished(&mut self, now: Instant) {
        if !self.objects_known || self.discovery.dirs.is_empty() || self.follows() {
            return;
        }
        let present = self.discovery.names();
        let mut known: Known = self
            .residents
            .iter()
            .filter(|(name, resident)| {
                let is_something = resident.has_objects() || resident.exists || resident.enabled;
                is_something || !present.contains(name)
            })
            .map(|(name, resident)| (name.clone(), directory(resident)))
            .collect();
        self.purged.retain(|name, _| !present.contains(name));
        known.extend(self.purged.clone());
        let mut verdict = self
            .guard
            .weigh(&known, &self.discovery, now.duration_since(self.born));
        // What is told late of one that people purged brings it to mind again.
        verdict.believed.extend(self.purged.keys().cloned());
        if let Some(held) = &mut verdict.held {
            held.names.retain(|name| !self.purged.contains_key(name));
        }
        verdict.held = verdict.held.filter(|held| !held.names.is_empty());
        if verdict.held.is_none() {
            self.purged.clear();
        }
        self.ask_guard_at = verdict.ask_again_at.map(|at| self.born + at);
        for name in &verdict.believed {
            self.request_purge(name);
        }
        if !verdict.believed.is_empty() {
            // What waited for them, or only for their recovery, waits no more.
            self.close_converge(now);
        }
        if verdict.held != self.held {
            if let Some(held) = &verdict.held {
                let names = join(&held.names.iter().cloned().collect::<Vec<_>>());
                tracing::error!(target: "module", why = held.why, modules = names, "modules vanished and nothing is removed");
                let message = format!(
                    "{}: nothing of {names} is removed; bring the folders back, or say module purge NAME",
                    held.why
                );
                let told = self.held_names();
                for name in held.names.difference(&told) {
                    self.tell(Event {
                        about: About::Module(name.clone()),
                        kind: Kind::Warning,
                        reason: "PurgeHeld",
                        message: message.clone(),
                    });
                }
            } else {
                tracing::info!(target: "module", "no vanished module is held any more");
            }
            self.held = verdict.held;
        }
    }

    /// Removes a module whose folder is gone.
    pub(super) fn request_purge(&mut self, name: &ModuleName) {
        // What runs now may bring its first objects.
        let is_at_work = self.lines.is_running(|_, task| task.module() == Some(name));
        let Some(resident) = self.residents.get_mut(name) else {
            return;
        };
        let was_enabled = std::mem::take(&mut resident.enabled);
        self.bindings_version += 1;
        resident.state = ModuleState::Deleting;
        let is_there = is_at_work || resident.has_objects() || resident.hooks.is_active();
        let queues = [
            QueueName::Module(name.clone()),
            QueueName::Ready(name.clone()),
        ];
        self.lines.drop_waiting(|queue, _| queues.contains(queue));
        let task = Task::ModuleDelete {
            module: name.clone(),
            purge: true,
        };
        if is_there && !self.lines.is_running(|_, running| *running == task) {
            self.push(QueueName::Module(name.clone()), task);
        } else if !is_there {
            self.residents.remove(name);
            // Its status may be about to be written, and its object to come into being with that.
            self.notices.push(Notice::Remove(name.clone()));
        }
        if was_enabled {
            // The others are told which modules are enabled.
            self.request_converge("ModuleRemoved");
        }
    }

    /// Modules whose folder is there again before they were removed: they are decided about anew, and what
    /// is left of their removal waits for that.
    fn come_back(&mut self) -> Vec<ModuleName> {
        let present = self.discovery.names();
        let purged = self.lines.tasks().filter_map(|task| match task {
            Task::ModuleDelete {
                module,
                purge: true,
            } => Some(module),
            _ => None,
        });
        let back = purged.filter(|name| present.contains(name));
        let back: BTreeSet<ModuleName> = back.cloned().collect();
        for name in &back {
            let is_removal =
                |task: &Task| matches!(task, Task::ModuleDelete { module, .. } if module == name);
            let is_running = self.lines.is_running(|_, task| is_removal(task));
            self.lines.drop_waiting(|_, task| is_removal(task));
            if !is_running {
                let task = Task::ModuleDelete {
                    module: name.clone(),
                    purge: false,
                };
                self.push(QueueName::Module(name.clone()), task);
            }
        }
        back.into_iter().collect()
    }

    /// Whether a module is being removed since its folder is gone.
    pub(super) fn is_leaving(&self, name: &ModuleName) -> bool {
        let is_removal = |task: &Task| matches!(task, Task::ModuleDelete { module, purge: true } if module == name);
        self.lines.any(|_, task| is_removal(task)) && !self.discovery.names().contains(name)
    }

    /// The modules directory where a module was last seen.
    pub(super) fn directory_of(&self, name: &ModuleName) -> Option<PathBuf> {
        self.residents.get(name).and_then(directory)
    }

    /// The names of modules whose folder is gone and whose removal is held.
    pub(super) fn held_names(&self) -> BTreeSet<ModuleName> {
        self.held
            .as_ref()
            .map(|held| held.names.clone())
            .unwrap_or_default()
    }
}

fn break_down(resident: &mut Resident, name: &ModuleName, mistakes: Mistakes, time: Timestamp) {
    tracing::error!(target: "module", module = %name, mistakes = %mistakes, "a module folder is not usable");
    if resident.module.is_none() {
        resident.enter(
            ModuleState::Failed,
            "InvalidModule",
            &mistakes.to_string(),
            time,
        );
    }
    resident.broken = Some(mistakes);
}

fn directory(resident: &Resident) -> Option<PathBuf> {
    resident.module.as_ref()?.folder.parent().map(PathBuf::from)
}

pub(super) fn join(names: &[ModuleName]) -> String {
    names
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(", ")
}

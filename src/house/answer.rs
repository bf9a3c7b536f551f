//! Answers for the debug socket that need nothing but what the house knows.

use std::time::Instant;

use serde_json::{Value, json};

use super::House;
use super::hooks::Step;
use super::resident::Resident;
use crate::name::{ModuleName, ValuesKey};
use crate::queue::{QueueName, Standing, TaskView};
use crate::report::Mistakes;
use crate::serve::{
    Answer, ConvergePhase, ConvergeStatus, Explanation, LeafOrigin, Monitor, Query, QueueDump,
    QueueRow, Refusal, ResourceMonitors,
};
use crate::task::{ModuleRun, Task};
use crate::values::{Origin, Store};

impl House {
    /// Answers a question; `None` for those that need the cluster or are not about modules.
    pub fn answer(&mut self, query: &Query, now: Instant) -> Option<Answer> {
        if let Some(refusal) = self.is_for_the_leader(query) {
            return Some(Err(refusal));
        }
        Some(match query {
            Query::GlobalList => document(&self.global_hooks()),
            Query::GlobalValues => Ok(self.global.masked()),
            Query::GlobalConfig => Ok(self.global.mask(self.global.config())),
            Query::GlobalPatches => Ok(self.global.patches()),
            Query::HookList { details: false } if self.is_standalone() => {
                Ok(self.hooks.hooks.keys().map(String::as_str).collect())
            }
            Query::HookList { .. } => document(&self.hook_list()),
            Query::ModuleList => document(&self.module_list()),
            Query::ModuleValues {
                module,
                with_global,
            } => self.values(module, *with_global, Store::masked),
            Query::ModuleConfig {
                module,
                with_global,
            } => self.values(module, *with_global, |store| store.mask(store.config())),
            Query::ModulePatches { module } => self.store(module).map(|(_, store)| store.patches()),
            Query::ModuleResourceMonitor { module } => self.resource_monitors(module.as_deref()),
            Query::ModuleExplain { module, path } => self.explain(module, path.as_deref()),
            Query::ModulePurge { module } => self.purge(module, now),
            Query::ModuleRedraw { module } => self.redraw(module),
            Query::QueueList { show_empty } => {
                document(&QueueDump::new(self.queues(now), *show_empty))
            }
            Query::QueueMain => {
                let main = self
                    .queues(now)
                    .into_iter()
                    .find(|queue| queue.name == "main");
                document(&main.unwrap_or_default())
            }
            Query::ConvergeStatus => Ok(self.converge_status().json()),
            Query::GlobalSnapshots
            | Query::HookSnapshots { .. }
            | Query::ModuleSnapshots { .. }
            | Query::ConfigList
            | Query::ConfigSet { .. }
            | Query::Leader
            | Query::ModuleRender { .. }
            | Query::ModuleDiff { .. } => return None,
        })
    }

    /// Runs as they would be now, of one module or of all that are enabled: for render and diff.
    pub fn runs(&mut self, module: Option<&str>) -> Result<Vec<ModuleRun>, Refusal> {
        let names: Vec<ModuleName> = match module {
            Some(module) => vec![self.known_name(module)?],
            None => self.enabled().into_iter().cloned().collect(),
        };
        Ok(names
            .iter()
            .filter_map(|name| self.module_run(name))
            .collect())
    }

    /// How far converge is.
    pub fn converge_status(&self) -> ConvergeStatus {
        let startup = match (self.converge.startup_done, self.converge.begun) {
            (true, _) => ConvergePhase::Done,
            (false, Some(_)) => ConvergePhase::InProgress,
            (false, None) => ConvergePhase::NotStarted,
        };
        // Waiting for readiness goes on beside converge.
        let tasks = self.lines.tasks();
        let tasks = tasks
            .filter(|task| !matches!(task, Task::AwaitReady { .. }))
            .count();
        ConvergeStatus { startup, tasks }
    }

    /// What is wrong with the folder of a module; `None` for nothing, and for the global values.
    pub fn mistakes_of(&self, module: Option<&ModuleName>) -> Option<&Mistakes> {
        self.residents.get(module?)?.broken.as_ref()
    }

    pub(super) fn known_name(&self, module: &str) -> Result<ModuleName, Refusal> {
        let name =
            ModuleName::parse(module).map_err(|error| Refusal::BadRequest(error.to_string()))?;
        if self.residents.contains_key(&name) {
            return Ok(name);
        }
        let known: Vec<&str> = self.residents.keys().map(ModuleName::as_str).collect();
        Err(Refusal::NotFound(format!(
            "there is no module {name}; there are {}",
            known.join(", ")
        )))
    }

    fn store(&self, module: &str) -> Result<(ValuesKey, &Store), Refusal> {
        if module == "global" {
            return Ok((ValuesKey::global(), &self.global));
        }
        let name = self.known_name(module)?;
        let store = self
            .residents
            .get(&name)
            .and_then(|resident| resident.store.as_ref());
        let store =
            store.ok_or_else(|| Refusal::Failed(format!("module {name} has no usable folder")))?;
        Ok((name.key(), store))
    }

    fn values(&self, module: &str, with_global: bool, read: impl Fn(&Store) -> Value) -> Answer {
        let (key, store) = self.store(module)?;
        if with_global {
            return Ok(json!({"global": read(&self.global), key.as_str(): read(store)}));
        }
        Ok(read(store))
    }

    fn explain(&self, module: &str, path: Option<&str>) -> Answer {
        let (_, store) = self.store(module)?;
        let leaf = |explained: crate::values::Explained| LeafOrigin {
            layer: layer(&explained.origin).to_owned(),
            place: place(&explained.origin, explained.line),
            path: explained.path,
            value: explained.value,
        };
        let leaves: Vec<LeafOrigin> = store.explain(path).into_iter().map(leaf).collect();
        if let (true, Some(path)) = (leaves.is_empty(), path) {
            return Err(Refusal::NotFound(format!(
                "{module} has no value at {path}"
            )));
        }
        document(&Explanation {
            module: module.to_owned(),
            leaves,
        })
    }

    fn resource_monitors(&self, module: Option<&str>) -> Answer {
        let only = module.map(|module| self.known_name(module)).transpose()?;
        let monitor = |resident: &Resident| {
            let object = |object: &crate::object::ObjectRef| {
                format!(
                    "{}/{}/{}",
                    object.namespace.as_deref().unwrap_or_default(),
                    object.kind,
                    object.name
                )
            };
            if resident.known.record.is_empty() {
                return Monitor::None("No monitor".to_owned());
            }
            let mut objects: Vec<String> = resident.known.record.keys().map(object).collect();
            objects.sort();
            Monitor::Objects(objects)
        };
        let monitors: ResourceMonitors = self
            .residents
            .iter()
            .filter(|(name, _)| only.as_ref().is_none_or(|only| only == *name))
            .map(|(name, resident)| (name.to_string(), monitor(resident)))
            .collect();
        document(&monitors)
    }

    fn purge(&mut self, module: &str, now: Instant) -> Answer {
        let name = self.known_name(module)?;
        if self.discovery.names().contains(&name) {
            return Err(Refusal::BadRequest(format!(
                "module {name} has a folder; disable it instead, with {}Enabled: \"false\" in the ConfigMap",
                name.key()
            )));
        }
        if self.held_names().contains(&name) {
            self.purged.insert(name.clone(), self.directory_of(&name));
        }
        self.request_purge(&name);
        self.weigh_vanished(now);
        self.close_converge(now);
        Ok(json!(format!("module {name} is being removed")))
    }

    fn redraw(&mut self, module: &str) -> Answer {
        let name = self.known_name(module)?;
        let is_enabled = |resident: &&mut Resident| resident.enabled;
        let Some(resident) = self.residents.get_mut(&name).filter(is_enabled) else {
            return Err(Refusal::BadRequest(format!("module {name} is not enabled")));
        };
        resident.redraws = true;
        self.request_run(&name, "Redraw");
        Ok(json!(format!(
            "module {name} draws its passwords and keys anew"
        )))
    }

    /// How many tasks each queue holds; main always.
    pub fn queue_lengths(&self) -> impl Iterator<Item = (&QueueName, usize)> {
        let main = self
            .lines
            .lengths()
            .all(|(name, _)| *name != QueueName::Main);
        let main = main.then_some((&QueueName::Main, 0));
        self.lines.lengths().chain(main)
    }

    /// Every module, and whether it is enabled.
    pub fn enabled_flags(&self) -> impl Iterator<Item = (&ModuleName, bool)> {
        let flag = |(name, resident): (_, &Resident)| (name, resident.enabled);
        self.residents.iter().map(flag)
    }

    /// What a running task with hooks is doing.
    fn step_of(&self, task: &Task) -> String {
        let chain = match task {
            task if !task.has_chain() => None,
            task => self
                .set(task.module())
                .and_then(|set| set.chain.as_ref()?.running.as_ref()),
        };
        chain.map_or_else(String::new, Step::told)
    }

    fn queues(&self, now: Instant) -> Vec<QueueRow> {
        let mut rows: Vec<QueueRow> = self
            .lines
            .view()
            .into_iter()
            .map(|(name, tasks)| {
                let descriptions: Vec<String> = tasks
                    .iter()
                    .map(|task| self.description(name, task))
                    .collect();
                let status = tasks.first().map_or_else(String::new, |task| {
                    status(task, &self.step_of(task.task), now)
                });
                QueueRow::new(name.to_string(), status, descriptions)
            })
            .collect();
        if !rows.iter().any(|row| row.name == "main") {
            rows.push(QueueRow::new("main", "", Vec::new()));
        }
        rows
    }

    /// `<Type>:<queue>:<metadata>[:failures N[:message]]`, as the original writes it.
    fn description(&self, queue: &QueueName, view: &TaskView<'_, Task>) -> String {
        let module = view
            .task
            .module()
            .map(|module| format!("{module}:"))
            .unwrap_or_default();
        let mut text = format!(
            "{}:{queue}:{module}{}",
            self.kind_of(view.task),
            view.task.reason()
        );
        if view.failures > 0 {
            text.extend([":failures ", &view.failures.to_string()]);
            if !view.message.is_empty() {
                text.extend([":", view.message.lines().next().unwrap_or_default()]);
            }
        }
        text
    }
}

fn document(document: &impl serde::Serialize) -> Answer {
    serde_json::to_value(document).map_err(|error| Refusal::Failed(error.to_string()))
}

fn layer(origin: &Origin) -> &'static str {
    match origin {
        Origin::StaticFile { .. } => "static values",
        Origin::ConfigMap { .. } => "ConfigMap",
        Origin::SchemaDefault { .. } => "schema default",
        Origin::HookPatch { .. } => "hook patch",
        Origin::Operator => "operator",
    }
}

fn place(origin: &Origin, line: u32) -> String {
    let place = match origin {
        Origin::StaticFile { file } | Origin::SchemaDefault { file } => file.clone(),
        Origin::ConfigMap { name, key } => format!("{name}, key {key}"),
        Origin::HookPatch { hook } => hook.clone(),
        Origin::Operator => String::new(),
    };
    match (line, origin) {
        (0, _) => place,
        (line, Origin::ConfigMap { .. }) => format!("{place}, line {line}"),
        (line, _) => format!("{place}:{line}"),
    }
}

fn status(view: &TaskView<'_, Task>, step: &str, now: Instant) -> String {
    match &view.standing {
        Standing::Waiting => String::new(),
        Standing::Running(since) => {
            let seconds = now.duration_since(*since).as_secs();
            let colon = if step.is_empty() { "" } else { ": " };
            format!("run first task for {seconds}s{colon}{step}")
        }
        Standing::Held(why) => why.clone(),
        Standing::BackingOff(until) => {
            let left = until.saturating_duration_since(now).as_secs();
            let delay = crate::queue::delay(view.failures).as_secs();
            format!("sleep after fail for {delay}s ({left}s left of {delay}s delay)")
        }
    }
}

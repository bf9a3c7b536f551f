//! Hooks as people see them: what each listens to, how far it is, how its latest run went.

use std::collections::BTreeMap;

use super::super::House;
use super::super::hook_news::queue_of;
use super::{Bound, BoundState, HookSet, Latest};
use crate::binding::{Common, HookConfig, Lifecycle};
use crate::hook::Hook;
use crate::name::ModuleName;
use crate::queue::QueueName;
use crate::serve::{BindingRow, BindingState, GlobalHooks, HookList, HookRow, LatestRun, Refusal};
use crate::task::Task;
use crate::watch::{MonitorId, Trouble, WatchEvent};

/// How many events of a binding were told.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Told {
    /// New objects.
    pub added: u64,
    /// Changed objects.
    pub modified: u64,
    /// Objects that are gone.
    pub deleted: u64,
}

impl Told {
    /// One more.
    pub(in crate::house) fn note(&mut self, event: WatchEvent) {
        match event {
            WatchEvent::Added => self.added += 1,
            WatchEvent::Modified => self.modified += 1,
            WatchEvent::Deleted => self.deleted += 1,
        }
    }
}

/// A binding whose snapshot people want to see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SnapshotOf {
    /// The hook.
    pub hook: String,
    /// The binding's name.
    pub binding: String,
    /// Who keeps the snapshot.
    pub monitor: MonitorId,
    /// What was told since it is watched.
    pub since_start: Told,
    /// What was told since the hook's latest run ended.
    pub since_run: Told,
}

impl House {
    /// All hooks.
    pub(in crate::house) fn hook_list(&self) -> HookList {
        let mut waiting: BTreeMap<(Option<&ModuleName>, &str), usize> = BTreeMap::new();
        for task in self.lines.tasks() {
            if let Task::HookRun(run) = task {
                let of = (run.module.as_ref(), run.hook.as_str());
                *waiting.entry(of).or_default() += 1;
            }
        }
        let mut hooks = Vec::new();
        for (place, set) in self.sets() {
            let fires = set.is_live && self.converge.startup_done;
            for (name, hook) in &set.hooks {
                let latest = set.latest.get(name);
                hooks.push(HookRow {
                    module: self.owner(place).to_owned(),
                    name: name.clone(),
                    bindings: set.binding_rows(place, hook, fires),
                    runs: latest.map_or(0, |latest| latest.runs),
                    failures: latest.map_or(0, |latest| latest.failures),
                    waiting: waiting
                        .get(&(place, name.as_str()))
                        .copied()
                        .unwrap_or_default()
                        + self.calls_of(place, name),
                    broken: String::new(),
                    latest: latest.map(Latest::row),
                });
            }
        }
        let broken = self.hooks.broken.iter().map(|(name, why)| HookRow {
            module: self.owner(None).to_owned(),
            name: name.clone(),
            broken: why.clone(),
            ..HookRow::default()
        });
        hooks.extend(broken);
        HookList { hooks }
    }

    /// Whose hooks are, for people.
    fn owner<'a>(&self, place: Option<&'a ModuleName>) -> &'a str {
        let global = if self.is_standalone() { "" } else { "global" };
        place.map_or(global, ModuleName::as_str)
    }

    /// The names of the global hooks, as the original lists them.
    pub(in crate::house) fn global_hooks(&self) -> GlobalHooks {
        GlobalHooks {
            global_hooks: self.hooks.hooks.keys().cloned().collect(),
        }
    }

    /// How many bindings each hook has; the module is empty for global hooks.
    pub fn binding_counts(&self) -> Vec<(&str, &str, usize)> {
        let mut counts = Vec::new();
        for (place, set) in self.sets() {
            let module = place.map_or("", ModuleName::as_str);
            counts.extend(set.hooks.iter().map(|(name, hook)| {
                let config = &hook.config;
                let count = config.lifecycle.len()
                    + config.schedules.len()
                    + config.kubernetes.len()
                    + config.admissions.len()
                    + config.conversions.len();
                (module, name.as_str(), count)
            }));
        }
        counts
    }

    /// All that is watched, with what metrics call it: module, hook, binding, queue, kind.
    pub fn watched(&self) -> Vec<(MonitorId, [String; 5])> {
        let mut watched = Vec::new();
        for (place, set) in self.sets() {
            for (monitor, bound) in &set.bound {
                let Some(binding) = set.binding(bound) else {
                    continue;
                };
                let labels = [
                    place.map_or("", ModuleName::as_str).to_owned(),
                    bound.hook.clone(),
                    binding.name.clone(),
                    queue_of(place, &binding.common).to_string(),
                    binding.selection.kind.clone(),
                ];
                watched.push((*monitor, labels));
            }
        }
        watched
    }

    /// The bindings of a module's hooks, or of the global ones, whose snapshots can be shown.
    ///
    /// *Errors*: there is no such module.
    pub fn snapshots_of(&self, module: Option<&str>) -> Result<Vec<SnapshotOf>, Refusal> {
        let place = module.map(|module| self.known_name(module)).transpose()?;
        let set = self.set(place.as_ref());
        Ok(set.map(HookSet::snapshots).unwrap_or_default())
    }

    /// The same for one hook; that of a module has the module's name before its own.
    ///
    /// *Errors*: there is no such hook.
    pub fn snapshots_of_hook(&self, hook: &str) -> Result<Vec<SnapshotOf>, Refusal> {
        let of_module = || {
            let (module, hook) = hook.split_once('/')?;
            let module = ModuleName::parse(module).ok()?;
            Some((&self.residents.get(&module)?.hooks, hook))
        };
        let found = std::iter::once((&self.hooks, hook)).chain(of_module());
        let mut found = found.filter(|(set, hook)| set.hooks.contains_key(*hook));
        let Some((set, hook)) = found.next() else {
            return Err(Refusal::NotFound(format!(
                "there is no hook {hook}; hook list shows all"
            )));
        };
        let mut snapshots = set.snapshots();
        snapshots.retain(|of| of.hook == hook);
        Ok(snapshots)
    }
}

impl HookSet {
    fn snapshots(&self) -> Vec<SnapshotOf> {
        let shown = |(monitor, bound): (&MonitorId, &Bound)| {
            Some(SnapshotOf {
                hook: bound.hook.clone(),
                binding: self.binding(bound)?.name.clone(),
                monitor: *monitor,
                since_start: bound.since_start,
                since_run: bound.since_run,
            })
        };
        self.bound.iter().filter_map(shown).collect()
    }

    fn binding_rows(
        &self,
        place: Option<&ModuleName>,
        hook: &Hook,
        fires: bool,
    ) -> Vec<BindingRow> {
        let config = &hook.config;
        let queue = |common: &Common| queue_of(place, common).to_string();
        let main = match place {
            Some(module) => QueueName::Module(module.clone()).to_string(),
            None => QueueName::Main.to_string(),
        };
        let lifecycle = config.lifecycle.iter().map(|(point, order)| BindingRow {
            kind: point.name().to_owned(),
            name: point.name().to_owned(),
            listens_to: if order.is_finite() {
                format!("order {order}")
            } else {
                "last".to_owned()
            },
            queue: main.clone(),
            state: match (point, self.started.contains(&hook.file.name)) {
                (Lifecycle::OnStartup, true) => BindingState::Done,
                (Lifecycle::OnStartup, false) => BindingState::Later,
                _ => BindingState::Live,
            },
            why: String::new(),
        });
        let schedules = config.schedules.iter().map(|schedule| BindingRow {
            kind: "schedule".to_owned(),
            name: schedule.name.clone(),
            listens_to: schedule.crontab.text().to_owned(),
            queue: queue(&schedule.common),
            state: if fires {
                BindingState::Live
            } else {
                BindingState::Later
            },
            why: String::new(),
        });
        let bound = |index: usize| {
            let mut all = self.bound.values();
            all.find(|bound| bound.hook == hook.file.name && bound.index == index)
        };
        let kubernetes = config.kubernetes.iter().enumerate();
        let kubernetes = kubernetes.map(|(index, binding)| {
            let bound = bound(index);
            let trouble = bound.and_then(|bound| bound.trouble.as_ref());
            BindingRow {
                kind: "kubernetes".to_owned(),
                name: binding.name.clone(),
                listens_to: binding.selection.to_string(),
                queue: queue(&binding.common),
                state: bound.map_or(BindingState::Later, |bound| bound.state.shown(trouble)),
                why: trouble.map_or_else(String::new, ToString::to_string),
            }
        });
        let called = called_rows(config);
        lifecycle
            .chain(schedules)
            .chain(kubernetes)
            .chain(called)
            .collect()
    }
}

/// Bindings that the API server calls: in no queue.
fn called_rows(config: &HookConfig) -> impl Iterator<Item = BindingRow> {
    let row = |kind: &str, name: &str, listens_to: String| BindingRow {
        kind: kind.to_owned(),
        name: name.to_owned(),
        listens_to,
        queue: String::new(),
        state: BindingState::Live,
        why: String::new(),
    };
    let admissions = config.admissions.iter().map(move |binding| {
        let rules: Vec<String> = binding.rules.iter().map(ToString::to_string).collect();
        row(binding.kind.key(), &binding.name, rules.join("; "))
    });
    let conversions = config.conversions.iter().map(move |binding| {
        let steps = binding.conversions.iter();
        let steps: Vec<String> = steps
            .map(|step| format!("{} to {}", step.from, step.to))
            .collect();
        let listens_to = format!("{}: {}", binding.definition, steps.join(", "));
        row(
            "kubernetesCustomResourceConversion",
            &binding.name,
            listens_to,
        )
    });
    admissions.chain(conversions)
}

impl BoundState {
    fn shown(self, trouble: Option<&Trouble>) -> BindingState {
        match (trouble, self) {
            (Some(Trouble::Unserved { .. }), _) => BindingState::Awaiting,
            (Some(_), _) => BindingState::Troubled,
            (None, Self::Listing) => BindingState::Listing,
            (None, Self::Due | Self::Queued) => BindingState::Synchronizing,
            (None, Self::Live(_)) => BindingState::Live,
        }
    }
}

impl Latest {
    fn row(&self) -> LatestRun {
        LatestRun {
            ended: self.ended.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
            took_ms: u64::try_from(self.took.as_millis()).unwrap_or(u64::MAX),
            binding: self.binding.clone(),
            changed: self.outcome.as_ref().ok().cloned(),
            failure: self.outcome.as_ref().err().cloned(),
        }
    }
}

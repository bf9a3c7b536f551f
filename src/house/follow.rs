//! A replica that follows: it takes in all that happens and starts nothing but the reading of hooks; and
//! how one that begins to lead begins with what was read.
//!
//! | | a replica that follows | one that leads |
//! |---|---|---|
//! | folders, `ConfigMap` | taken in | taken in |
//! | `Module` objects | say what the leader made of each module | are what an earlier life left |
//! | hooks | read, and what they watch is watched; asked by the API server they answer | run |
//! | status, events, objects | – | written |
//!
//! A house that leads is always a new one: it is told all facts anew, so nothing of what a follower
//! believed is left in it. It inherits what cannot be wrong, [`Warmth`].

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use serde_json::Value;

use super::calls::Calls;
use super::hooks::HookSet;
use super::resident::Resident;
use super::steps::Place;
use super::{Done, House, Job};
use crate::apply::Parent;
use crate::name::ModuleName;
use crate::queue::QueueName;
use crate::report;
use crate::serve::{Query, Refusal};
use crate::status::Status;
use crate::task::Task;

/// What is so while another replica leads.
#[derive(Debug, Default)]
pub(super) struct Following {
    /// Who leads; empty when nobody does, or it is not known.
    leader: String,
    /// The hooks that are being read, and the content of their folder.
    reading: BTreeMap<Place, [u8; 32]>,
    /// Hooks that cannot be used as they are.
    unusable: BTreeMap<Place, [u8; 32]>,
}

/// What a house that leads has from the one that followed: hooks as they were read, the watches of what
/// they watch, and what the API server asks.
pub struct Warmth {
    hooks: HookSet,
    modules: BTreeMap<ModuleName, HookSet>,
    calls: Calls,
    next_monitor: u64,
    bindings_version: u64,
}

impl House {
    /// Another replica leads; from the beginning.
    pub fn follow(&mut self) {
        self.following = Some(Following::default());
    }

    /// Who leads, as far as it is known.
    pub fn set_leader(&mut self, leader: &str) {
        if let Some(following) = &mut self.following {
            leader.clone_into(&mut following.leader);
        }
    }

    /// Whether another replica leads.
    pub fn follows(&self) -> bool {
        self.following.is_some()
    }

    /// Whether all is read that this replica needs to answer the API server, and to begin to lead.
    pub fn is_prepared(&self) -> bool {
        let is_known = self.config_known && self.objects_known && self.hooks_folder.is_some();
        let is_listed = |set: &HookSet| {
            // What cannot be watched is not waited for.
            let mut bound = set.bound.values();
            bound.all(|bound| !bound.is_listing() || bound.trouble.is_some())
        };
        let is_any_unread = || self.places().any(|place| self.reads_ahead(place));
        is_known
            && self.folders_known()
            && !is_any_unread()
            && self.sets().all(|(_, set)| is_listed(set))
    }

    /// Whether the hooks of a place are being read, or will be.
    pub(super) fn reads_ahead(&self, place: Option<&ModuleName>) -> bool {
        let folder = self.folder_of_hooks(place);
        let is_read = self
            .set(place)
            .is_some_and(|set| set.read_of == Some(folder));
        let is_unusable = || {
            let following = self.following.as_ref();
            following.is_some_and(|it| it.unusable.get(&place.cloned()) == Some(&folder))
        };
        !is_read && !is_unusable()
    }

    /// The places whose hooks are wanted: the global ones, and modules that the leader has enabled.
    fn places(&self) -> impl Iterator<Item = Option<&ModuleName>> {
        let enabled =
            |(_, resident): &(_, &Resident)| resident.enabled && resident.module.is_some();
        let modules = self.residents.iter().filter(enabled);
        std::iter::once(None).chain(modules.map(|(name, _)| Some(name)))
    }

    /// The hooks that are to be read now, no more places at once than hooks may run.
    pub(super) fn read_ahead(&mut self) -> Vec<Job> {
        if self.hooks_folder.is_none() || !self.folders_known() {
            return Vec::new();
        }
        let reading: BTreeSet<Place> = self
            .following
            .iter()
            .flat_map(|following| following.reading.keys().cloned())
            .collect();
        let free = self
            .settings
            .hook_processes
            .max(1)
            .saturating_sub(reading.len());
        let places: Vec<Place> = self
            .places()
            .filter(|place| self.reads_ahead(*place))
            .map(Option::<&ModuleName>::cloned)
            .filter(|place| !reading.contains(place))
            .take(free)
            .collect();
        let mut jobs = Vec::new();
        for place in places {
            let folder = self.folder_of_hooks(place.as_ref());
            let work = self.read_work(place.as_ref(), Vec::new());
            if let Some(following) = &mut self.following {
                following.reading.insert(place.clone(), folder);
            }
            let queue = place.clone().map_or(QueueName::Main, QueueName::Module);
            jobs.push(Job {
                queue,
                id: 0,
                task: Task::ReadHooks { module: place },
                work,
            });
        }
        jobs
    }

    /// Takes hooks that were read ahead. One that leads by now reads them itself.
    pub(super) fn take_ahead(&mut self, place: Option<&ModuleName>, done: Done, now: Instant) {
        let Some(following) = &mut self.following else {
            return;
        };
        let Some(folder) = following.reading.remove(&place.cloned()) else {
            return;
        };
        let owner = place.map_or("global", ModuleName::as_str);
        let read = match done {
            Done::HooksRead(Ok(read)) => read,
            Done::Nothing => crate::task::HooksRead::default(),
            Done::HooksRead(Err(error)) if error.is_stop() => return,
            failed => {
                let why = match &failed {
                    Done::HooksRead(Err(error)) => report::chain(error),
                    Done::Broken(why) => why.clone(),
                    _ => String::new(),
                };
                tracing::warn!(target: "hook", module = owner, why, "hooks cannot be used");
                following.unusable.insert(place.cloned(), folder);
                return;
            }
        };
        following.unusable.remove(&place.cloned());
        self.put_hooks(place, read, folder, now);
        if let Some(set) = self.set_mut(place) {
            set.is_ahead = true;
        }
    }

    /// Takes what the leader made of a module; `None`: it has removed it.
    pub(super) fn see_module_object(&mut self, name: &ModuleName, object: Option<&Value>) {
        let resident = self.residents.entry(name.clone()).or_default();
        let was_enabled = resident.enabled;
        let status = object.map(Status::read).unwrap_or_default();
        let enabled = |status: &Status| {
            let mut conditions = status.conditions.iter();
            conditions.any(|condition| condition.kind == "Enabled" && condition.status == "True")
        };
        resident.exists = object.is_some();
        resident.enabled = enabled(&status);
        resident.known.parent = object.and_then(Parent::read);
        resident.known.record = status.record();
        resident.known.release = status.release_revision;
        resident.state = status.state;
        resident.reason.clone_from(&status.reason);
        resident.message.clone_from(&status.message);
        resident.status = status;
        if !resident.enabled && was_enabled {
            resident.hooks.retire();
        }
        if resident.enabled != was_enabled {
            self.bindings_version += 1;
        }
        if object.is_none() {
            self.residents
                .retain(|known, resident| known != name || resident.module.is_some());
        }
    }

    /// What a house that leads from now on begins with.
    pub fn take_warmth(&mut self) -> Warmth {
        let mut modules = BTreeMap::new();
        for (name, resident) in &mut self.residents {
            if resident.hooks.is_ahead {
                modules.insert(name.clone(), std::mem::take(&mut resident.hooks));
            }
        }
        Warmth {
            hooks: std::mem::take(&mut self.hooks),
            modules,
            calls: std::mem::take(&mut self.calls),
            next_monitor: self.next_monitor,
            bindings_version: self.bindings_version,
        }
    }

    /// Begins with what was read while this replica followed. The folders are to be told next, before
    /// anybody asks what is watched.
    pub fn inherit(&mut self, warmth: Warmth) {
        self.hooks = warmth.hooks;
        self.warmth = warmth.modules;
        self.calls = warmth.calls;
        self.next_monitor = warmth.next_monitor;
        self.bindings_version = warmth.bindings_version + 1;
    }

    /// Gives modules that are known now the hooks that were read ahead.
    pub(super) fn spread_warmth(&mut self) {
        for (name, hooks) in std::mem::take(&mut self.warmth) {
            let resident = self.residents.get_mut(&name);
            if let Some(resident) = resident.filter(|resident| resident.module.is_some()) {
                resident.hooks = hooks;
            }
        }
    }

    /// What people are told below the modules.
    pub(super) fn note_of_following(&self) -> Option<String> {
        let following = self.following.as_ref()?;
        Some(match following.leader.as_str() {
            "" => "this replica follows, and nobody leads".to_owned(),
            leader => format!(
                "this replica follows; {leader} leads, and this is what it says of the modules"
            ),
        })
    }

    /// Why a question is not answered here: only the one that leads knows what hooks made of values, and
    /// only that one changes anything.
    pub(super) fn is_for_the_leader(&self, query: &Query) -> Option<Refusal> {
        let following = self.following.as_ref()?;
        let is_for_the_leader = matches!(
            query,
            Query::GlobalValues
                | Query::GlobalPatches
                | Query::ModuleValues { .. }
                | Query::ModulePatches { .. }
                | Query::ModuleExplain { .. }
                | Query::ModuleRender { .. }
                | Query::ModuleDiff { .. }
                | Query::ModulePurge { .. }
                | Query::ModuleRedraw { .. }
        );
        let whom = match following.leader.as_str() {
            "" => "and nobody leads now: ask again".to_owned(),
            leader => format!("ask the one that leads: {leader}"),
        };
        is_for_the_leader.then(|| Refusal::Failed(format!("this replica follows; {whom}")))
    }
}

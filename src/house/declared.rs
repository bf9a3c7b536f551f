//! Hooks that are declared: what their runs are given, and how what they declare is brought.
//!
//! A run only replaces in memory what its hook declares. Bringing it is a task of the module's own queue, so
//! that nothing else of the module is written meanwhile.

use std::collections::BTreeSet;
use std::time::Instant;

use super::hook_run::Changed;
use super::hooks::HookSet;
use super::steps::{Place, Times};
use super::{House, Work};
use crate::name::ModuleName;
use crate::queue::{Hold, QueueName};
use crate::task::{DeclaredCall, HookRan, HooksRead, ModuleRun, Ran, Task};
use crate::values::Origin;

impl House {
    /// What a run of a declared hook needs beside; `None` for a program.
    pub(super) fn declared_call(
        &mut self,
        place: Option<&ModuleName>,
        hook: &str,
    ) -> Option<DeclaredCall> {
        let set = self.set(place)?;
        let declaration = set.declares.get(hook)?.clone();
        let (is_complete, before) = (set.is_complete(hook), set.declared.get(hook).cloned());
        let module = place.and_then(|module| self.residents.get(module)?.module.clone());
        let values = place.and_then(|module| self.shown_values(module));
        Some(DeclaredCall {
            declaration,
            is_complete,
            before,
            values,
            module,
        })
    }

    /// All hooks that are declared.
    pub(super) fn declared_hooks(&self) -> BTreeSet<(Place, String)> {
        let declares = |(place, set): (Option<&ModuleName>, &HookSet)| {
            let names = set.declares.keys();
            names
                .map(|hook| (place.cloned(), hook.clone()))
                .collect::<Vec<_>>()
        };
        self.sets().flat_map(declares).collect()
    }

    /// Why a hook of a main queue may not start now. One that is declared is no process.
    pub(super) fn no_slot_for(&self, place: Option<&ModuleName>, hook: &str) -> Option<Hold> {
        let is_declared = self
            .set(place)
            .is_some_and(|set| set.declares.contains_key(hook));
        self.no_hook_slot().filter(|_| !is_declared)
    }

    /// Objects that a hook declares otherwise now are brought, unless a run of the module is about to.
    pub(super) fn follow_objects(&mut self, place: Option<&ModuleName>, changed: Changed) {
        if let Some(module) = place.filter(|_| changed.objects && !self.is_before_work(place)) {
            self.request_apply(module);
        }
    }

    /// Takes what a declared hook wants to be there; answers whether that is other than before.
    pub(super) fn take_declared(
        &mut self,
        place: Option<&ModuleName>,
        hook: &str,
        ran: &HookRan,
    ) -> bool {
        let (Some(documents), Some(set)) = (&ran.declared, self.set_mut(place)) else {
            return false;
        };
        // It may be gone by now.
        if set.declares.contains_key(hook) {
            set.declared.insert(hook.to_owned(), documents.clone());
        }
        true
    }

    /// The values that declared hooks do not set any more, by hook.
    pub(super) fn paths_gone(
        &self,
        place: Option<&ModuleName>,
        new: &HooksRead,
    ) -> Vec<(String, Vec<String>)> {
        let old = self.set(place).into_iter().flat_map(|set| &set.declares);
        let gone = old.map(|(name, old)| {
            let new = new.declarations.get(name);
            let is_set = |path: &&str| new.is_some_and(|new| new.paths().any(|it| it == *path));
            let paths = old.paths().filter(|path| !is_set(path));
            (name.clone(), paths.map(str::to_owned).collect())
        });
        gone.collect()
    }

    /// What is declared no more is as if it had never been; the run that follows uses it.
    pub(super) fn take_back(
        &mut self,
        place: Option<&ModuleName>,
        gone: Vec<(String, Vec<String>)>,
    ) {
        let owner = place.map_or("global", ModuleName::as_str).to_owned();
        for (hook, paths) in gone {
            let origin = Origin::HookPatch {
                hook: format!("{owner}/{hook}"),
            };
            let taken = self
                .store_mut(place)
                .map(|store| store.take_back(&paths, &origin));
            if let Some(Err(error)) = taken {
                let why = self.told(place, &error);
                tracing::warn!(target: "hook", module = owner, hook, why, "its values stay");
            }
        }
    }

    /// Brings what the hooks of a module declare now.
    pub(super) fn request_apply(&mut self, name: &ModuleName) {
        let resident = self.residents.get(name);
        if resident.is_some_and(|resident| resident.enabled && resident.known.whole.is_some()) {
            let module = name.clone();
            self.push(
                QueueName::Module(name.clone()),
                Task::ModuleApply { module },
            );
        }
    }

    /// What declared hooks changed, when there is a rendering to join it with.
    pub(super) fn apply_work(&mut self, name: &ModuleName, now: Instant) -> Work {
        let is_off = self.is_off(Some(name));
        let Some(resident) = self.residents.get_mut(name) else {
            return Work::Nothing;
        };
        let is_paused = resident.maintenance && resident.is_marked;
        if is_off || is_paused || resident.known.whole.is_none() {
            return Work::Nothing;
        }
        resident.begun = Some(now);
        let run = self.module_run(name).map(|run| ModuleRun {
            keeps_rendering: true,
            ..run
        });
        run.map_or(Work::Nothing, |run| Work::Run(Box::new(run)))
    }

    /// Takes how bringing what is declared ended; answers the failure.
    pub(super) fn take_apply(
        &mut self,
        name: &ModuleName,
        ran: Ran,
        times: Times,
    ) -> Option<String> {
        let failure = self.take_brought(name, ran, times);
        if failure.is_none() {
            self.conclude_success(name, times.1);
        }
        failure
    }

    /// Takes what was brought into the cluster; answers the failure.
    pub(super) fn take_brought(
        &mut self,
        name: &ModuleName,
        ran: Ran,
        (now, time): Times,
    ) -> Option<String> {
        let resident = self.residents.get_mut(name)?;
        resident.exists |= ran.outcome.parent.is_some();
        resident.known = ran.known;
        if std::mem::take(&mut resident.is_lost) {
            resident.lost_bounds = resident.known.parent.take();
        } else if resident.known.parent.is_some() {
            resident.lost_bounds = None;
        }
        // Asked again while a run was at it, it is done again.
        resident.redraws &= !(ran.redrew && ran.error.is_none());
        if resident.maintenance && ran.error.is_none() {
            resident.is_marked = true;
        } else if !resident.maintenance {
            resident.is_marked = false;
        }
        // A run that ended before its pruning knows nothing of what stays.
        if ran.error.is_none() {
            resident.kept = ran
                .outcome
                .kept
                .iter()
                .filter(|(object, _)| ran.outcome.members.contains(object))
                .map(|(object, why)| format!("{object} stays: {why}"))
                .collect();
        }
        let news: Vec<String> = ran
            .outcome
            .warnings
            .iter()
            .filter(|warning| !resident.warnings.contains(warning))
            .cloned()
            .collect();
        resident.warnings.clone_from(&ran.outcome.warnings);
        resident.keeps_last = ran.keeps_last;
        self.tell_warnings(name, news, &ran.outcome);
        self.take_reported(name, &ran.reported);
        self.tell_outcome(name, &ran.outcome, now);
        let error = ran.error.as_ref()?;
        Some(self.conclude(name, error, time))
    }
}

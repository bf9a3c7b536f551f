//! The hooks of a place, read from its folder.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Instant;

use super::steps::Times;
use super::{House, Work};
use crate::binding::Place;
use crate::hook::Hook;
use crate::name::ModuleName;
use crate::task::{Error, HookFolder, HooksRead, Task};
use crate::watch::MonitorId;

impl House {
    /// Finds the hooks of a place and asks them what they are bound to.
    pub(super) fn read_work(&self, module: Option<&ModuleName>, asked: Vec<Arc<Hook>>) -> Work {
        let (path, place) = match module {
            None => (
                Some(self.settings.global_hooks.clone()),
                self.settings.global_place,
            ),
            Some(module) => {
                let resident = self.residents.get(module);
                let module = resident.and_then(|resident| resident.module.as_ref());
                let hooks = module.and_then(|module| module.hooks.as_ref());
                (hooks.map(|hooks| hooks.path.clone()), Place::Module)
            }
        };
        let module = module.cloned();
        path.map_or(Work::Nothing, |path| {
            Work::ReadHooks(HookFolder {
                path,
                module,
                place,
                asked,
            })
        })
    }

    /// Takes the hooks of a folder; answers why they cannot be used.
    pub(super) fn take_hooks(
        &mut self,
        place: Option<&ModuleName>,
        read: Result<HooksRead, Error>,
        (now, time): Times,
    ) -> Option<String> {
        let read = match read {
            Ok(read) => read,
            Err(error) => return Some(self.conclude_failure(place, &error, time)),
        };
        let owner = place.map_or("global", ModuleName::as_str);
        for warning in &read.warnings {
            tracing::warn!(target: "hook", module = owner, "{warning}");
        }
        // The folder may have changed while its hooks were asked: then they are read again.
        let reads = self.set(place).and_then(|set| set.chain.as_ref()?.reads);
        self.put_hooks(place, read, reads.unwrap_or_default(), now);
        None
    }

    /// The hooks of a place are these from now on.
    pub(super) fn put_hooks(
        &mut self,
        place: Option<&ModuleName>,
        mut read: HooksRead,
        folder: [u8; 32],
        now: Instant,
    ) {
        self.drop_runs_of_others(place, &read.hooks);
        let mut next = self.next_monitor;
        let id = || {
            next += 1;
            MonitorId(next)
        };
        let gone = self.paths_gone(place, &read);
        let broken = std::mem::take(&mut read.broken);
        if let Some(set) = self.set_mut(place) {
            set.take(read, folder, now, id);
        }
        self.take_back(place, gone);
        self.next_monitor = next;
        self.bindings_version += 1;
        if place.is_none() {
            self.note_broken(broken);
        }
    }

    /// Runs that wait for hooks that are gone, or listen to something else now, mean nothing any more;
    /// the others are repeated at once, since what made them fail may be mended.
    fn drop_runs_of_others(&mut self, place: Option<&ModuleName>, new: &[Hook]) {
        let Some(set) = self.set(place) else {
            return;
        };
        let is_same = |hook: &&Hook| {
            let old = set.hooks.get(&hook.file.name);
            old.is_some_and(|old| old.config == hook.config)
        };
        let same: BTreeSet<String> = new
            .iter()
            .filter(is_same)
            .map(|hook| hook.file.name.clone())
            .collect();
        let of_place = |task: &Task| match task {
            Task::HookRun(run) if run.module.as_ref() == place => Some(same.contains(&run.hook)),
            _ => None,
        };
        self.lines
            .drop_waiting(|_, task| of_place(task) == Some(false));
        self.lines.hurry(|_, task| of_place(task) == Some(true));
    }
}

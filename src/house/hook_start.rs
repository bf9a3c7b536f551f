//! Runs of hooks that start: when, and what each is given.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use super::steps::Place;
use super::{House, Work};
use crate::binding;
use crate::hook::Hook;
use crate::name::ModuleName;
use crate::queue::Hold;
use crate::report;
use crate::secret::Secrets;
use crate::task::{HookCall, HookRun, Reply};
use crate::values::Store;

impl House {
    /// Hooks that their settings hold back for now.
    pub(super) fn hook_limits(&self, now: Instant) -> BTreeMap<(Place, String), Hold> {
        let mut limits = BTreeMap::new();
        for (place, set) in self.sets() {
            for hook in set.buckets.keys() {
                if let Some(until) = set.may_run_at(hook, now) {
                    let why = format!("waits: {hook} runs no faster than its settings say");
                    let hold = Hold {
                        why,
                        until: Some(until),
                    };
                    limits.insert((place.cloned(), hook.clone()), hold);
                }
            }
        }
        limits
    }

    /// The work of a run that its bindings asked for.
    pub(super) fn hook_work(&mut self, run: &HookRun, of: (String, u64), now: Instant) -> Work {
        let place = run.module.as_ref();
        let told = self.set(place).filter(|_| !self.is_off(place));
        let told = told.map_or_else(Vec::new, |set| set.still_told(&run.hook, &run.contexts));
        if told.is_empty() {
            return Work::Nothing;
        }
        let id = of.1;
        let Some(call) = self.hook_call((place, &run.hook), told, of, now) else {
            return Work::Nothing;
        };
        if let Some(set) = self.set_mut(place) {
            set.at_work.insert(id);
        }
        Work::Hook(Box::new(call))
    }

    /// Whether hooks of a place have nothing to say: it is a module that is not to be there.
    pub(super) fn is_off(&self, place: Option<&ModuleName>) -> bool {
        let resident = place.map(|module| self.residents.get(module));
        resident.is_some_and(|resident| resident.is_none_or(|resident| !resident.enabled))
    }

    /// A run as it would be now; `None` when the hook is gone.
    pub(super) fn hook_call(
        &mut self,
        (place, hook): (Option<&ModuleName>, &str),
        contexts: Vec<binding::Context>,
        (queue, task): (String, u64),
        now: Instant,
    ) -> Option<HookCall> {
        let declared = self.declared_call(place, hook);
        let set = self.set_mut(place)?;
        set.note_run(hook, now);
        let (found, monitors) = (set.hooks.get(hook)?.clone(), set.monitors_of(hook));
        let call = self.call_of(place, found)?;
        Some(HookCall {
            contexts,
            monitors,
            declared: declared.map(Box::new),
            queue,
            task,
            ..call
        })
    }

    /// A run of a hook that is told nothing yet, with the values that its place has now; `None` when
    /// the place has none.
    pub fn call_of(&self, place: Option<&ModuleName>, hook: Arc<Hook>) -> Option<HookCall> {
        let (store, global) = match place {
            None => (self.global.clone(), None),
            Some(module) => {
                let store = self.residents.get(module)?.store.clone()?;
                let config = self.global.shared_config();
                (store, Some((self.global.snapshot(), config)))
            }
        };
        Some(HookCall {
            hook,
            module: place.cloned(),
            contexts: Vec::new(),
            monitors: Vec::new(),
            store,
            global,
            secrets: self.secrets_of(place),
            declared: None,
            queue: String::new(),
            task: 0,
            reply: Reply::None,
        })
    }

    /// What must not be told of what hooks of this place say and do: secrets of its values, and of
    /// the global ones.
    pub fn secrets_of(&self, place: Option<&ModuleName>) -> Secrets {
        let resident = place.and_then(|module| self.residents.get(module));
        let store = resident.and_then(|resident| resident.store.as_ref());
        let own = store.map_or_else(Secrets::default, Store::secrets);
        own.and(&self.global.secrets())
    }

    /// An error and its causes, without secrets: hooks, and the API server, say what they were given.
    pub(super) fn told(
        &self,
        place: Option<&ModuleName>,
        error: &(dyn std::error::Error + 'static),
    ) -> String {
        let text = report::chain(error);
        self.secrets_of(place).mask(&text).into_owned()
    }
}

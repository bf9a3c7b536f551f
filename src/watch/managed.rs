//! The objects that are ours, as the cluster has them: one metadata watch per kind, by our label.
//!
//! The store answers three questions: what does a module have (to plan and to prune), what is the
//! state of one object (to find drift), and which modules were touched since the last time asked. A
//! kind is watched from the first module that uses it; memory follows what is managed.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::stream::{FuturesUnordered, StreamExt as _};
use tokio::sync::{Notify, mpsc, watch};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::stream::{Event, Scope, follow};
use crate::cluster::{Client, Resource};
use crate::name::ModuleName;
use crate::object::{GroupKind, Live, OPERATOR_LABEL, ObjectRef};
use crate::report;

/// A kind is named once; more than this many at once wait for the worker.
const KINDS_TO_START: usize = 64;

/// Why the objects of a kind are not known.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Error {
    /// The first list did not come in time.
    #[error("listing the {kind} objects that are ours took more than {seconds} s{reason}")]
    Wait {
        /// The kind.
        kind: GroupKind,
        /// The deadline.
        seconds: u64,
        /// The last failure, `: …`; empty when there was none.
        reason: String,
    },
    /// The server forbids it; waiting does not help.
    #[error("no right to list and watch the {kind} objects that are ours: {message}")]
    Forbidden {
        /// The kind.
        kind: GroupKind,
        /// The server's sentence.
        message: String,
    },
}

/// The store; cheap to clone.
#[derive(Clone)]
pub struct Managed {
    shared: Arc<Shared>,
}

struct Shared {
    client: Client,
    selector: String,
    starts: mpsc::Sender<Resource>,
    started: Mutex<Option<mpsc::Receiver<Resource>>>,
    state: Mutex<State>,
    /// Counts changes, for those who wait for one.
    turns: watch::Sender<u64>,
    touched: Notify,
}

#[derive(Default)]
struct State {
    kinds: BTreeMap<GroupKind, Kind>,
    objects: BTreeMap<String, BTreeMap<ObjectRef, Live>>,
    owners: BTreeMap<ObjectRef, String>,
    touched: BTreeSet<String>,
}

#[derive(Default)]
struct Kind {
    synchronized: bool,
    /// What the list in progress has not named yet.
    unseen: BTreeSet<ObjectRef>,
    broken: Option<String>,
    /// Why the server forbids to read it.
    forbidden: Option<String>,
}

impl Managed {
    /// A store of the objects that carry the label of this operator.
    pub fn new(client: Client, operator: &str) -> Self {
        let (starts, started) = mpsc::channel(KINDS_TO_START);
        Self {
            shared: Arc::new(Shared {
                client,
                selector: format!("{OPERATOR_LABEL}={operator}"),
                starts,
                started: Mutex::new(Some(started)),
                state: Mutex::default(),
                turns: watch::Sender::new(0),
                touched: Notify::new(),
            }),
        }
    }

    /// The worker: follows every kind that is asked for, until cancelled.
    pub async fn run(self, stop: CancellationToken) {
        let started = self
            .shared
            .started
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        let Some(mut started) = started else { return };
        let mut streams = FuturesUnordered::new();
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                Some(resource) = started.recv() => streams.push(self.follow(resource)),
                Some(()) = streams.next() => {}
            }
        }
    }

    async fn follow(&self, resource: Resource) {
        let kind = resource.group_kind();
        let labels = self.shared.selector.clone();
        let scope = Scope {
            resource,
            namespace: None,
            labels,
            fields: String::new(),
            whole: false,
        };
        follow(&self.shared.client, &scope, |event| {
            self.hear(&kind, &event);
        })
        .await;
    }

    /// Waits until all objects of these kinds are known, starting their watches if need be.
    pub async fn know(&self, resources: &[Resource], patience: Duration) -> Result<(), Error> {
        let mut turns = self.shared.turns.subscribe();
        for resource in resources {
            let new = {
                let mut state = self.state();
                let new = !state.kinds.contains_key(&resource.group_kind());
                state.kinds.entry(resource.group_kind()).or_default();
                new
            };
            if new {
                // The worker ends only with the program; then nobody waits for the answer.
                let _ = self.shared.starts.send(resource.clone()).await;
            }
        }
        let unknown = || {
            let state = self.state();
            let is_unknown =
                |kind: &GroupKind| state.kinds.get(kind).is_none_or(|kind| !kind.synchronized);
            resources.iter().map(Resource::group_kind).find(is_unknown)
        };
        let all = turns.wait_for(|_| unknown().is_none() || self.forbidden(resources).is_some());
        // Either way the state says how it ended.
        let _ = timeout(patience, all).await;
        let Some(kind) = unknown() else { return Ok(()) };
        if let Some((kind, message)) = self.forbidden(resources) {
            return Err(Error::Forbidden { kind, message });
        }
        let broken = self
            .state()
            .kinds
            .get(&kind)
            .and_then(|kind| kind.broken.clone());
        let reason = broken.map_or_else(String::new, |broken| format!(": {broken}"));
        Err(Error::Wait {
            kind,
            seconds: patience.as_secs(),
            reason,
        })
    }

    /// A kind that is not known because the server forbids it, with the server's sentence.
    fn forbidden(&self, resources: &[Resource]) -> Option<(GroupKind, String)> {
        let state = self.state();
        let refused = |resource: &Resource| {
            let kind = resource.group_kind();
            let known = state.kinds.get(&kind)?;
            let message = known.forbidden.clone().filter(|_| !known.synchronized)?;
            Some((kind, message))
        };
        resources.iter().find_map(refused)
    }

    /// Takes in what a write of ours answered, before the watch tells it: a plan made right after
    /// must not take the object for missing.
    pub fn learn(&self, live: Live) {
        let kind = live.reference.group_kind();
        self.state().put(&kind, live);
        self.shared.turns.send_modify(|turn| *turn += 1);
    }

    /// What a module has in the cluster.
    pub fn of_module(&self, module: &ModuleName) -> BTreeMap<ObjectRef, Live> {
        self.state()
            .objects
            .get(module.as_str())
            .cloned()
            .unwrap_or_default()
    }

    /// How many objects a module has in the cluster.
    pub fn count(&self, module: &ModuleName) -> usize {
        self.state()
            .objects
            .get(module.as_str())
            .map_or(0, BTreeMap::len)
    }

    /// One object, when it is ours.
    pub fn find(&self, reference: &ObjectRef) -> Option<Live> {
        self.state().known(reference).cloned()
    }

    /// Waits until none of these objects is there any more; `false` when time is over first.
    pub async fn gone(&self, references: &[ObjectRef], patience: Duration) -> bool {
        let mut turns = self.shared.turns.subscribe();
        let all = turns.wait_for(|_| {
            let state = self.state();
            references
                .iter()
                .all(|reference| !state.owners.contains_key(reference))
        });
        timeout(patience, all).await.is_ok()
    }

    /// Waits until the cluster told a state of an object that satisfies `is_enough`.
    pub async fn told(
        &self,
        reference: &ObjectRef,
        patience: Duration,
        is_enough: impl Fn(&Live) -> bool + Sync + Send,
    ) -> bool {
        let mut turns = self.shared.turns.subscribe();
        let told = turns.wait_for(|_| self.find(reference).is_some_and(|live| is_enough(&live)));
        timeout(patience, told).await.is_ok()
    }

    /// Waits for a change, and takes the names of all modules touched since the last time.
    pub async fn touched(&self) -> BTreeSet<String> {
        loop {
            let touched = std::mem::take(&mut self.state().touched);
            if !touched.is_empty() {
                return touched;
            }
            self.shared.touched.notified().await;
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.shared
            .state
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn hear(&self, kind: &GroupKind, event: &Event<'_>) {
        self.state().hear(kind, event);
        // A list is told as a whole, when it is complete: whoever waits would wake for each object.
        if matches!(event, Event::Begin | Event::Listed(_)) {
            return;
        }
        self.shared.turns.send_modify(|turn| *turn += 1);
        self.shared.touched.notify_one();
    }
}

impl State {
    fn hear(&mut self, kind: &GroupKind, event: &Event<'_>) {
        match event {
            Event::Begin => {
                let known = self
                    .owners
                    .keys()
                    .filter(|known| known.group_kind() == *kind);
                let unseen = known.cloned().collect();
                self.kinds.entry(kind.clone()).or_default().unseen = unseen;
            }
            Event::Watching => {}
            Event::Synchronized => {
                let entry = self.kinds.entry(kind.clone()).or_default();
                entry.synchronized = true;
                entry.broken = None;
                entry.forbidden = None;
                for reference in std::mem::take(&mut entry.unseen) {
                    self.remove(&reference);
                }
            }
            Event::Listed(text) | Event::Changed(text) => match Live::read(kind, text) {
                Ok(live) => self.put(kind, live),
                Err(error) => {
                    tracing::warn!(target: "watch", %kind, %error, "an object of ours is not readable");
                }
            },
            Event::Removed(text) => {
                if let Ok(live) = Live::read(kind, text) {
                    self.remove_if_not_newer(&live);
                }
            }
            Event::Broken(error) => {
                let entry = self.kinds.entry(kind.clone()).or_default();
                entry.broken = Some(report::chain(*error));
                let refusal = error.refusal().filter(|refusal| refusal.code == 403);
                entry.forbidden = refusal.map(|refusal| refusal.message.clone());
            }
        }
    }

    /// What is older than the state known already changes nothing.
    fn put(&mut self, kind: &GroupKind, live: Live) {
        if let Some(kind) = self.kinds.get_mut(kind) {
            kind.unseen.remove(&live.reference);
        }
        if self
            .known(&live.reference)
            .is_some_and(|known| known.version > live.version)
        {
            return;
        }
        let module = live.module.clone().unwrap_or_default();
        let before = self.owners.insert(live.reference.clone(), module.clone());
        if let Some(before) = before.filter(|before| *before != module) {
            if let Some(objects) = self.objects.get_mut(&before) {
                objects.remove(&live.reference);
            }
            self.touched.insert(before);
        }
        let objects = self.objects.entry(module.clone()).or_default();
        let same = objects
            .insert(live.reference.clone(), live.clone())
            .is_some_and(|old| {
                Live {
                    version: None,
                    ..old
                } == Live {
                    version: None,
                    ..live
                }
            });
        if !same {
            self.touched.insert(module);
        }
    }

    fn known(&self, reference: &ObjectRef) -> Option<&Live> {
        self.objects
            .get(self.owners.get(reference)?)?
            .get(reference)
    }

    fn remove_if_not_newer(&mut self, live: &Live) {
        if self
            .known(&live.reference)
            .is_none_or(|known| known.version <= live.version)
        {
            self.remove(&live.reference);
        }
    }

    fn remove(&mut self, reference: &ObjectRef) {
        if let Some(module) = self.owners.remove(reference) {
            if let Some(objects) = self.objects.get_mut(&module) {
                objects.remove(reference);
                if objects.is_empty() {
                    self.objects.remove(&module);
                }
            }
            self.touched.insert(module);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(name: &str, module: &str, version: u32) -> String {
        format!(
            r#"{{"metadata":{{"name":"{name}","uid":"u","resourceVersion":"{version}","labels":{{"addon-operator.io/module":"{module}"}}}}}}"#
        )
    }

    fn names(state: &State, module: &str) -> Vec<String> {
        state
            .objects
            .get(module)
            .into_iter()
            .flatten()
            .map(|(key, _)| key.name.clone())
            .collect()
    }

    #[test]
    fn a_new_list_forgets_what_it_does_not_name() {
        let kind = GroupKind::new("", "Namespace");
        let mut state = State::default();
        for text in [object("a", "m", 1), object("b", "m", 1)] {
            state.hear(&kind, &Event::Listed(&text));
        }
        state.hear(&kind, &Event::Begin);
        state.hear(&kind, &Event::Listed(&object("b", "m", 1)));
        state.hear(&kind, &Event::Synchronized);
        assert_eq!(names(&state, "m"), ["b"]);
    }

    #[test]
    fn a_state_that_says_nothing_new_touches_no_module() {
        let kind = GroupKind::new("", "Namespace");
        let mut state = State::default();
        state.hear(&kind, &Event::Changed(&object("a", "m", 1)));
        assert_eq!(std::mem::take(&mut state.touched).len(), 1);
        state.hear(&kind, &Event::Changed(&object("a", "m", 2)));
        assert!(state.touched.is_empty());
    }

    #[test]
    fn what_a_write_answered_outlives_older_events() {
        let kind = GroupKind::new("", "Namespace");
        let mut state = State::default();
        state.put(&kind, Live::read(&kind, &object("a", "m", 9)).unwrap());
        state.hear(&kind, &Event::Removed(&object("a", "m", 5)));
        state.hear(&kind, &Event::Changed(&object("a", "other", 6)));
        assert_eq!(
            (names(&state, "m"), names(&state, "other")),
            (vec!["a".to_owned()], vec![])
        );
        state.hear(&kind, &Event::Removed(&object("a", "m", 10)));
        assert_eq!(names(&state, "m"), Vec::<String>::new());
    }

    #[test]
    fn a_changed_label_moves_the_object_to_the_other_module() {
        let kind = GroupKind::new("", "Namespace");
        let mut state = State::default();
        state.hear(&kind, &Event::Changed(&object("a", "one", 1)));
        state.hear(&kind, &Event::Changed(&object("a", "two", 2)));
        assert_eq!(
            (names(&state, "one"), names(&state, "two")),
            (vec![], vec!["a".to_owned()])
        );
        assert_eq!(state.touched.len(), 2);
    }
}

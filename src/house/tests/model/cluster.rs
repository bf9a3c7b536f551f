//! The cluster: `Module` objects and one object for each module. What is here outlives an operator.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::{Value, json};
use tokio::runtime::Runtime;

use super::super::super::Notice;
use super::super::play::{name, nobody};
use super::deed::Fate;
use super::world::digest;
use crate::apply::{Drift, Parent};
use crate::cluster::Client;
use crate::diff::{self, Desired, Facts, Policy, Reason, Recorded, Taken};
use crate::name::ModuleName;
use crate::object::{
    APPLYSET_CONTAINS_GROUP_KINDS, Live, ObjectRef, OwnedFields, Source, applyset_id,
};
use crate::status::Status;
use crate::task::{Deleted, Error, ModuleRun, Ran, Whole};
use crate::watch::Managed;

/// What the operator's namespace is called.
const NAMESPACE: &str = "ops";

pub(super) struct Cluster {
    pub(super) managed: Managed,
    /// The `Module` objects.
    objects: BTreeMap<String, Value>,
    /// What their watch tells and nobody has heard.
    news: BTreeMap<String, Option<Value>>,
    statuses: BTreeMap<ModuleName, (Status, bool)>,
    removals: BTreeSet<ModuleName>,
    /// Modules whose `Module` object a person deleted, until a run has written it again.
    deleted: BTreeSet<String>,
    version: u64,
}

/// A connection that nobody uses.
fn client() -> Client {
    thread_local! {
        static CLIENT: RefCell<Option<(Runtime, Client)>> = const { RefCell::new(None) };
    }
    CLIENT.with_borrow_mut(|known| {
        let (_, client) = known.get_or_insert_with(|| {
            let runtime = Runtime::new().unwrap();
            let client = runtime.block_on(nobody());
            (runtime, client)
        });
        client.clone()
    })
}

/// The object that a module has.
fn reference(module: &ModuleName) -> ObjectRef {
    ObjectRef {
        group: String::new(),
        kind: "ConfigMap".to_owned(),
        namespace: Some(NAMESPACE.to_owned()),
        name: module.to_string(),
    }
}

/// What a run brings, in one word.
pub(super) fn hash_of(run: &ModuleRun) -> String {
    let (global, own) = run.values.checksums;
    let of = json!([
        format!("{:?}", run.module.digest),
        global.to_string(),
        own.to_string(),
        run.maintenance
    ]);
    String::from_utf8_lossy(&digest(&of)).into_owned()
}

impl Cluster {
    pub(super) fn new() -> Self {
        Self {
            managed: Managed::new(client(), NAMESPACE),
            objects: BTreeMap::new(),
            news: BTreeMap::new(),
            statuses: BTreeMap::new(),
            removals: BTreeSet::new(),
            deleted: BTreeSet::new(),
            version: 1,
        }
    }

    /// What the cluster has of a module: the word of what was brought, and whether others changed it.
    pub(super) fn brought(&self, module: &str) -> Option<(String, bool)> {
        let module = name(module);
        let live = self.find(&module)?;
        let is_ours = live.fields == Some(OwnedFields::of("ours"));
        Some((live.applied_hash.unwrap_or_default(), is_ours))
    }

    /// The `Module` object of a module.
    pub(super) fn object(&self, module: &str) -> Option<&Value> {
        self.objects.get(module)
    }

    /// All `Module` objects, as a list has them; what their watch had to tell is in it.
    pub(super) fn list(&mut self) -> BTreeMap<String, Value> {
        self.news.clear();
        self.objects.clone()
    }

    /// What the watch of `Module` objects tells.
    pub(super) fn take_news(&mut self) -> BTreeMap<String, Option<Value>> {
        std::mem::take(&mut self.news)
    }

    fn change(&mut self, module: &str, object: Option<Value>) {
        match &object {
            Some(object) => drop(self.objects.insert(module.to_owned(), object.clone())),
            None => drop(self.objects.remove(module)),
        }
        self.news.insert(module.to_owned(), object);
    }

    fn bound(&mut self, module: &str, kinds: &str) {
        if !kinds.is_empty() {
            self.deleted.remove(module);
        }
        let mut object = self.objects.get(module).cloned().unwrap_or_default();
        object["metadata"]["name"] = json!(module);
        object["metadata"]["namespace"] = json!(NAMESPACE);
        object["metadata"]["annotations"][APPLYSET_CONTAINS_GROUP_KINDS] = json!(kinds);
        self.change(module, Some(object));
    }

    /// What a run does. It looks at the cluster as that is when it ends.
    pub(super) fn bring(&mut self, run: &ModuleRun, fate: Fate) -> Ran {
        let module = &run.module.name;
        let mut ran = Ran {
            known: run.known.clone(),
            redrew: run.redraws,
            ..Ran::default()
        };
        if fate == Fate::Fails || !run.mistakes.0.is_empty() {
            ran.error = Some(Error::Held("it cannot be brought".to_owned()));
            return ran;
        }
        let desired = Desired {
            reference: reference(module),
            api_version: "v1".to_owned(),
            rank: 1,
            body: bytes::Bytes::new(),
            hash: hash_of(run),
            source: Source::default(),
            recreate: false,
        };
        let parent = Parent::of([reference(module)]);
        if !run
            .known
            .parent
            .as_ref()
            .is_some_and(|known| known.covers(&parent))
        {
            self.bound(module.as_str(), "ConfigMap");
            ran.outcome.parent = Some(parent.clone());
        }
        ran.known.parent = Some(parent);
        self.carry_out(run, &desired, &mut ran);
        if fate == Fate::FailsLate {
            ran.error = Some(Error::Held(
                "something else could not be brought".to_owned(),
            ));
        } else {
            ran.known.whole = Some(Arc::new(Whole::of(vec![desired])));
        }
        ran
    }

    fn carry_out(&mut self, run: &ModuleRun, desired: &Desired, ran: &mut Ran) {
        let module = &run.module.name;
        let applyset = applyset_id(module, NAMESPACE);
        let live = self.managed.of_module(module);
        let facts = Facts {
            live: &live,
            record: &run.known.record,
            applyset: &applyset,
            contested: &run.contested,
            policy: Policy::Correct,
            take_ownership: true,
        };
        let plan = diff::plan(std::slice::from_ref(desired), facts);
        ran.reported.clone_from(&plan.reported);
        for change in &plan.apply {
            self.version += 1;
            self.managed.learn(Live {
                reference: desired.reference.clone(),
                uid: "u".to_owned(),
                version: Some(self.version),
                module: Some(module.to_string()),
                part_of: Some(applyset.clone()),
                applied_hash: Some(desired.hash.clone()),
                declared_by: None,
                keep: false,
                deleting: false,
                fields: Some(OwnedFields::of("ours")),
            });
            let recorded = Recorded {
                fields: OwnedFields::of("ours"),
                version: Some(self.version),
            };
            ran.known.record.insert(desired.reference.clone(), recorded);
            match change.reason {
                Reason::New => ran.outcome.created.push(desired.reference.clone()),
                Reason::Changed | Reason::Unknown => {
                    ran.outcome.changed.push(desired.reference.clone());
                }
                Reason::Altered | Reason::Deleted => ran.outcome.corrected.push(Drift {
                    object: desired.reference.clone(),
                    reason: change.reason,
                    taken: vec![Taken {
                        field: ".data".to_owned(),
                        manager: "other".to_owned(),
                    }],
                }),
            }
        }
    }

    fn find(&self, module: &ModuleName) -> Option<Live> {
        let live = self.managed.find(&reference(module));
        live.filter(|live| live.module.is_some())
    }

    /// An object goes: to the watch it is as if our labels were taken off.
    fn remove(&mut self, live: Live) {
        self.version += 1;
        self.managed.learn(Live {
            version: Some(self.version),
            module: None,
            part_of: None,
            applied_hash: None,
            fields: None,
            ..live
        });
    }

    /// What a deletion does.
    pub(super) fn delete(
        &mut self,
        module: &ModuleName,
        (parent, has_folder): (Option<&Parent>, bool),
        fate: Fate,
    ) -> Deleted {
        let mut deleted = Deleted::default();
        if fate == Fate::Fails {
            deleted.error = Some(Error::Held("it cannot be deleted".to_owned()));
            return deleted;
        }
        let live = self.find(module).filter(|_| parent.is_some());
        if let Some(live) = live {
            deleted.outcome.removed.push(live.reference.clone());
            self.remove(live);
        }
        if fate != Fate::FailsLate && parent.is_some() && has_folder {
            self.bound(module.as_str(), "");
        }
        if fate == Fate::FailsLate {
            deleted.error = Some(Error::Held("not all of it can be deleted".to_owned()));
        }
        deleted
    }

    /// Somebody changes or deletes what a module has.
    pub(super) fn alter(&mut self, module: &str, is_deleted: bool) {
        let Some(live) = self.find(&name(module)) else {
            return;
        };
        if is_deleted {
            self.remove(live);
        } else {
            self.version += 1;
            self.managed.learn(Live {
                version: Some(self.version),
                fields: Some(OwnedFields::of("theirs")),
                ..live
            });
        }
    }

    /// Somebody deletes a `Module` object.
    pub(super) fn delete_object(&mut self, module: &str) {
        if self.objects.contains_key(module) {
            self.change(module, None);
            self.deleted.insert(module.to_owned());
        }
    }

    /// Nobody remembers what a module has whose `Module` object was deleted before the operator ended: who
    /// deleted that removes the rest.
    pub(super) fn clean(&mut self) {
        for module in std::mem::take(&mut self.deleted) {
            self.alter(&module, true);
        }
    }

    /// Puts what is to be written where it waits until it is; answers whether it was for here.
    pub(super) fn put(&mut self, notice: Notice) -> bool {
        match notice {
            Notice::Status {
                module,
                status,
                exists,
            } => {
                self.removals.remove(&module);
                let waits = self.statuses.get(&module);
                let exists = exists && waits.is_none_or(|(_, exists)| *exists);
                self.statuses.insert(module, (*status, exists));
            }
            Notice::Remove(module) => {
                self.statuses.remove(&module);
                self.removals.insert(module);
            }
            Notice::Event(_) => {}
            Notice::Count(_) | Notice::HookMetrics(_) => return false,
        }
        true
    }

    /// Writes what waits.
    pub(super) fn write(&mut self) {
        for (module, (status, _)) in std::mem::take(&mut self.statuses) {
            // One that is there keeps its bounds.
            if !self.objects.contains_key(module.as_str()) {
                self.bound(module.as_str(), "");
            }
            let mut object = self.objects[module.as_str()].clone();
            object["status"] = serde_json::to_value(&status).unwrap();
            self.change(module.as_str(), Some(object));
        }
        for module in std::mem::take(&mut self.removals) {
            if self.objects.contains_key(module.as_str()) {
                self.change(module.as_str(), None);
            }
        }
    }

    /// The operator ends: what waits is written, or lost.
    pub(super) fn end(&mut self, is_written: bool) {
        if is_written {
            self.write();
        }
        self.statuses.clear();
        self.removals.clear();
    }

    /// Whether anything waits to be written or heard.
    pub(super) fn is_quiet(&self) -> bool {
        self.statuses.is_empty() && self.removals.is_empty() && self.news.is_empty()
    }
}

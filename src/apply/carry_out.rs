//! The story of one module: kinds, definitions, ranks, pruning, inventory.

use std::collections::BTreeMap;
use std::time::Duration;

use futures::future::join_all;

use super::definition::await_served;
use super::error::Error;
use super::object::{Done, One};
use super::parent::Parent;
use super::prune::{PruneRules, Pruning};
use super::ready::{Readiness, readiness};
use crate::cluster::{Client, Resource, Target};
use crate::diff::{Change, Desired, Ignore, Owner, Plan, Reason, Record, Recorded, Taken};
use crate::object::{GroupKind, Manifest, ObjectRef};
use crate::release::Former;
use crate::watch::{self, Managed, Scope};

/// Brings plans into the cluster.
#[derive(Clone)]
pub struct Applier {
    /// The API server.
    pub client: Client,
    /// What is ours there.
    pub managed: Managed,
    /// How long an object may take to be served, to be gone, or a kind to be listed.
    pub patience: Duration,
}

/// What is to be done for one module.
#[derive(Debug, Clone, Copy)]
pub struct Work<'a> {
    /// Whose objects.
    pub owner: &'a Owner,
    /// All objects, sorted by rank.
    pub desired: &'a [Desired],
    /// Which of them to apply, which others to remove.
    pub plan: &'a Plan,
    /// Others that stay members: nobody knows now whether they are still wanted.
    pub held: &'a [ObjectRef],
    /// The inventory's bounds as they are in the cluster; `None` when there is no `Module` object.
    pub parent: Option<&'a Parent>,
    /// Fields that are left to others.
    pub ignore: &'a [Ignore],
    /// What may be removed although others use it.
    pub rules: PruneRules,
    /// What the module's Helm release has, until it is taken over.
    pub former: Option<&'a Former>,
}

/// An object that somebody altered or deleted, and that was put right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Drift {
    /// The object.
    pub object: ObjectRef,
    /// Whether it was altered or deleted.
    pub reason: Reason,
    /// Which fields, and who took them; empty when they were removed.
    pub taken: Vec<Taken>,
}

/// What was done.
#[derive(Debug, Default)]
pub struct Outcome {
    /// What was applied now, with what tells its drift.
    pub applied: Record,
    /// Objects that were made.
    pub created: Vec<ObjectRef>,
    /// Objects that were changed.
    pub changed: Vec<ObjectRef>,
    /// Drift that was put right.
    pub corrected: Vec<Drift>,
    /// Objects that were removed.
    pub removed: Vec<ObjectRef>,
    /// Objects that stay although the module does not have them any more, and why.
    pub kept: Vec<(ObjectRef, String)>,
    /// Those of them that are members still: a released one is nobody's.
    pub members: Vec<ObjectRef>,
    /// What the author should know: fields left out, warnings of the server.
    pub warnings: Vec<String>,
    /// What failed.
    pub failures: Vec<Error>,
    /// The inventory's bounds afterwards, when they were written.
    pub parent: Option<Parent>,
}

/// The kinds of a module's objects, as far as the cluster serves them.
#[derive(Debug, Clone, Default)]
pub struct Kinds(BTreeMap<(String, String), Resource>);

impl Kinds {
    /// The resource of a kind.
    pub fn find(&self, api_version: &str, kind: &str) -> Option<&Resource> {
        self.0.get(&(api_version.to_owned(), kind.to_owned()))
    }

    /// All of them.
    pub fn all(&self) -> Vec<Resource> {
        self.0.values().cloned().collect()
    }
}

impl Applier {
    /// Finds the kinds of manifests; those that the cluster does not serve are left out, with the
    /// reason.
    pub async fn kinds(
        &self,
        manifests: &[Manifest],
    ) -> Result<(Kinds, BTreeMap<(String, String), String>), Error> {
        let (mut kinds, mut unknown) = (Kinds::default(), BTreeMap::new());
        for manifest in manifests {
            let key = (
                manifest.api_version().to_owned(),
                manifest.kind().to_owned(),
            );
            if kinds.0.contains_key(&key) || unknown.contains_key(&key) {
                continue;
            }
            match self.client.resource(&key.0, &key.1).await {
                Ok(resource) => {
                    kinds.0.insert(key, resource);
                }
                Err(error @ crate::cluster::Error::UnknownKind { .. }) => {
                    unknown.insert(key, error.to_string());
                }
                Err(source) => return Err(Error::FindKinds { source }),
            }
        }
        Ok((kinds, unknown))
    }

    /// Waits until all objects of these kinds that are ours are known.
    pub async fn know(&self, kinds: &[Resource]) -> Result<(), watch::Error> {
        self.managed.know(kinds, self.patience).await
    }

    /// The resources of the kinds in an inventory; kinds that are not served any more are left out.
    pub async fn resources(
        &self,
        kinds: impl IntoIterator<Item = &GroupKind>,
    ) -> Result<Vec<Resource>, Error> {
        let mut resources = Vec::new();
        for kind in kinds {
            let found = self.client.preferred(kind).await;
            resources.extend(found.map_err(|source| Error::FindKinds { source })?);
        }
        Ok(resources)
    }

    /// Does what the plan says. Nothing is written when the plan is empty and the inventory is
    /// wide enough.
    pub async fn carry_out(&self, work: Work<'_>) -> Outcome {
        let mut outcome = Outcome::default();
        if let Err(error) = self.widen(work, &mut outcome).await {
            outcome.failures.push(error);
            return outcome;
        }
        for rank in ranks(work) {
            self.apply_rank(work, rank, &mut outcome).await;
            if !outcome.failures.is_empty() {
                return outcome;
            }
        }
        if !work.plan.remove.is_empty() {
            self.prune(work, &mut outcome).await;
        } else if work.owner.applyset.is_some() && !work.desired.is_empty() {
            // A life before this one may have ended between the last removal and this.
            let members = self.managed.of_module(&work.owner.module);
            self.narrow(work, members.into_keys(), &mut outcome).await;
        }
        outcome
    }

    /// Widens the inventory before anything lies outside of it.
    async fn widen(&self, work: Work<'_>, outcome: &mut Outcome) -> Result<(), Error> {
        if work.owner.applyset.is_none() {
            return Ok(());
        }
        let wanted = Parent::of(work.desired.iter().map(|desired| desired.reference.clone()));
        let wide = work
            .parent
            .map_or_else(|| wanted.clone(), |parent| parent.union(&wanted));
        let is_wide_enough = work.parent.is_some_and(|parent| parent.covers(&wanted));
        if is_wide_enough || work.desired.is_empty() {
            return Ok(());
        }
        wide.write(
            &self.client,
            &work.owner.module,
            &work.owner.operator_namespace,
        )
        .await?;
        outcome.parent = Some(wide);
        Ok(())
    }

    async fn apply_rank(&self, work: Work<'_>, changes: &[Change], outcome: &mut Outcome) {
        let applied = join_all(changes.iter().map(|change| self.apply_one(work, *change))).await;
        let mut definitions = Vec::new();
        for (change, done) in changes.iter().zip(applied) {
            let Some(desired) = work.desired.get(change.index) else {
                continue;
            };
            match done {
                Ok((resource, done)) => {
                    if desired.reference.kind == "CustomResourceDefinition" {
                        definitions.push((resource, desired.reference.clone()));
                    }
                    outcome.take_in(desired, change.reason, done, &self.managed);
                }
                Err(error) => outcome.failures.push(error),
            }
        }
        if definitions.is_empty() {
            return;
        }
        self.client.forget_resources();
        let served = join_all(definitions.iter().map(|(resource, definition)| {
            await_served(&self.client, resource, definition, self.patience)
        }));
        outcome
            .failures
            .extend(served.await.into_iter().filter_map(Result::err));
    }

    async fn apply_one(&self, work: Work<'_>, change: Change) -> Result<(Resource, Done), Error> {
        let Some(desired) = work.desired.get(change.index) else {
            return Err(Error::AwaitRemoval {
                objects: String::new(),
            });
        };
        let refused = |source| Error::Refused {
            object: desired.reference.clone(),
            origin: desired.source.clone(),
            source,
        };
        let found = self
            .client
            .resource(&desired.api_version, &desired.reference.kind)
            .await;
        let resource = found.map_err(refused)?;
        let one = One {
            client: &self.client,
            managed: &self.managed,
            owner: work.owner,
            desired,
            resource: &resource,
            reason: change.reason,
            force: change.force,
            ignore: work.ignore,
            removal: self.patience,
            former: work
                .former
                .and_then(|former| former.objects.get(&desired.reference)),
        };
        let done = one.apply().await?;
        Ok((resource, done))
    }

    async fn prune(&self, work: Work<'_>, outcome: &mut Outcome) {
        let pruning = Pruning {
            client: &self.client,
            managed: &self.managed,
            owner: work.owner,
            rules: work.rules,
            patience: self.patience,
        };
        let pruned = pruning.prune(&work.plan.remove).await;
        outcome.removed = pruned.removed;
        outcome.kept = pruned.kept;
        outcome.members.clone_from(&pruned.members);
        outcome.failures.extend(pruned.failures);
        self.narrow(work, pruned.members.into_iter(), outcome).await;
    }

    /// Narrows the inventory to what is wanted, held, or stays, when all went well.
    async fn narrow(
        &self,
        work: Work<'_>,
        stays: impl Iterator<Item = ObjectRef>,
        outcome: &mut Outcome,
    ) {
        let wanted = work.desired.iter().map(|desired| desired.reference.clone());
        let held = work.held.iter().cloned();
        let mut narrow = Parent::of(wanted.chain(held).chain(stays));
        narrow
            .namespaces
            .insert(work.owner.operator_namespace.clone());
        let now = outcome.parent.as_ref().or(work.parent);
        let is_narrow = now.is_none_or(|now| narrow.covers(now));
        // An inventory without members is removed or written by whoever removes the module.
        if !outcome.failures.is_empty() || is_narrow || narrow.kinds.is_empty() {
            return;
        }
        let written = narrow.write(
            &self.client,
            &work.owner.module,
            &work.owner.operator_namespace,
        );
        match written.await {
            Ok(()) => outcome.parent = Some(narrow),
            Err(error) => outcome.failures.push(error),
        }
    }

    /// Waits until all these objects are ready; `Err` says which is not, and why.
    pub async fn await_ready(&self, desired: &[Desired], patience: Duration) -> Result<(), String> {
        let waits = desired
            .iter()
            .map(|desired| self.await_one_ready(desired, patience));
        let states = join_all(waits).await;
        states
            .into_iter()
            .collect::<Result<Vec<()>, String>>()
            .map(|_| ())
    }

    async fn await_one_ready(&self, desired: &Desired, patience: Duration) -> Result<(), String> {
        let object = &desired.reference;
        let found = self
            .client
            .resource(&desired.api_version, &object.kind)
            .await;
        let resource = found.map_err(|error| format!("{object}: {error}"))?;
        let target = Target {
            resource: &resource,
            namespace: object.namespace.as_deref(),
            name: &object.name,
        };
        let now = self
            .client
            .fetch(target)
            .await
            .map_err(|error| format!("{object}: {error}"))?;
        let mut last = match now.as_ref().map(readiness) {
            Some(Readiness::Ready) => return Ok(()),
            Some(Readiness::Waiting(why) | Readiness::Failed(why)) => why,
            None => "it is not there".to_owned(),
        };
        let scope = Scope {
            resource: resource.clone(),
            namespace: object.namespace.clone(),
            labels: String::new(),
            fields: format!("metadata.name={}", object.name),
            whole: true,
        };
        let settled = watch::until(&self.client, &scope, patience, |object| {
            match readiness(object) {
                Readiness::Ready => Some(Ok(())),
                Readiness::Failed(why) => Some(Err(why)),
                Readiness::Waiting(why) => {
                    last = why;
                    None
                }
            }
        });
        let settled = settled.await;
        settled
            .unwrap_or(Err(last))
            .map_err(|why| format!("{object} is not ready: {why}"))
    }
}

impl Outcome {
    /// Takes in what another step did; answers its failures.
    pub fn take_in_all(&mut self, other: Self) -> Vec<Error> {
        self.applied.extend(other.applied);
        self.created.extend(other.created);
        self.changed.extend(other.changed);
        self.corrected.extend(other.corrected);
        self.removed.extend(other.removed);
        self.kept.extend(other.kept);
        self.members.extend(other.members);
        self.warnings.extend(other.warnings);
        self.parent = other.parent.or_else(|| self.parent.take());
        other.failures
    }

    fn take_in(&mut self, desired: &Desired, reason: Reason, done: Done, managed: &Managed) {
        let object = &desired.reference;
        self.warnings.extend(done.warnings);
        if let Some(fields) = done.metadata.live.fields.clone() {
            let version = done.metadata.live.version;
            self.applied
                .insert(object.clone(), Recorded { fields, version });
        }
        managed.learn(done.metadata.live);
        match reason {
            Reason::Altered if done.gave_way => {}
            Reason::Altered | Reason::Deleted => {
                // What is not found by our labels may have lost them alone.
                let reason = if done.created {
                    Reason::Deleted
                } else {
                    Reason::Altered
                };
                self.corrected.push(Drift {
                    object: object.clone(),
                    reason,
                    taken: done.taken,
                });
            }
            Reason::New | Reason::Changed | Reason::Unknown if done.created => {
                self.created.push(object.clone());
            }
            Reason::New | Reason::Changed | Reason::Unknown => self.changed.push(object.clone()),
        }
    }
}

/// The changes, cut where the rank rises.
fn ranks(work: Work<'_>) -> impl Iterator<Item = &[Change]> {
    let rank = move |change: &Change| work.desired.get(change.index).map(|desired| desired.rank);
    work.plan
        .apply
        .chunk_by(move |left, right| rank(left) == rank(right))
}

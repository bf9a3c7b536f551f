//! What the module's Helm release has and its chart has not any more: removed as Helm's next upgrade
//! would have removed it.
//!
//! These objects carry none of our labels, so each is looked at first: it must say itself that it is
//! of the module's release, and of no other set.

use std::collections::BTreeSet;

use futures::future::join_all;
use serde_json::Value;

use super::carry_out::{Applier, Outcome};
use super::error::Error;
use super::object::is_of_our_release;
use super::prune::{PruneRules, Pruning};
use crate::cluster::Target;
use crate::diff::{Owner, Removal};
use crate::object::{APPLYSET_PART_OF, HELM_RESOURCE_POLICY, Live, ObjectRef};
use crate::release::Former;

/// Objects of a release that its module has no more.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct LeftOver {
    /// They are removed.
    pub remove: Vec<ObjectRef>,
    /// They stay as they are, since their chart says so.
    pub keep: Vec<ObjectRef>,
    removals: Vec<Removal>,
}

impl Applier {
    /// Finds what is still there of a release and not among the `wanted`.
    pub async fn find_left_over(
        &self,
        owner: &Owner,
        former: &Former,
        wanted: &BTreeSet<&ObjectRef>,
    ) -> Result<LeftOver, Error> {
        let unwanted = former
            .objects
            .iter()
            .filter(|(object, _)| !wanted.contains(object));
        let (objects, manifests): (Vec<&ObjectRef>, Vec<&Value>) = unwanted.unzip();
        let found = join_all(objects.iter().map(|object| self.look_at(owner, object))).await;
        let mut left = LeftOver::default();
        for (manifest, found) in manifests.into_iter().zip(found) {
            let Some(live) = found? else { continue };
            let object = live.reference.clone();
            let policy = &manifest["metadata"]["annotations"][HELM_RESOURCE_POLICY];
            if live.keep || policy == "keep" {
                left.keep.push(object);
            } else {
                left.remove.push(object);
                left.removals.push(Removal::Delete(live));
            }
        }
        Ok(left)
    }

    async fn look_at(&self, owner: &Owner, object: &ObjectRef) -> Result<Option<Live>, Error> {
        let failed = |source| Error::Remove {
            object: object.clone(),
            source,
        };
        let preferred = self.client.preferred(&object.group_kind()).await;
        let Some(resource) = preferred.map_err(failed)? else {
            return Ok(None);
        };
        let target = Target {
            resource: &resource,
            namespace: object.namespace.as_deref(),
            name: &object.name,
        };
        let fetched = self.client.fetch_metadata(target).await.map_err(failed)?;
        let still = fetched.filter(|metadata| {
            is_of_our_release(metadata, owner)
                && !metadata.labels.contains_key(APPLYSET_PART_OF)
                && !metadata.live.deleting
        });
        Ok(still.map(|metadata| metadata.live))
    }

    /// Removes them, under the rules of pruning.
    pub async fn remove_left_over(
        &self,
        owner: &Owner,
        rules: PruneRules,
        left: &LeftOver,
    ) -> Outcome {
        let pruning = Pruning {
            client: &self.client,
            managed: &self.managed,
            owner,
            rules,
            patience: self.patience,
        };
        let pruned = pruning.prune(&left.removals).await;
        let mut outcome = Outcome {
            removed: pruned.removed,
            kept: pruned.kept,
            members: pruned.members,
            failures: pruned.failures,
            ..Outcome::default()
        };
        let why = "its chart says helm.sh/resource-policy: keep";
        let kept = left.keep.iter();
        outcome
            .kept
            .extend(kept.map(|object| (object.clone(), why.to_owned())));
        outcome
    }
}

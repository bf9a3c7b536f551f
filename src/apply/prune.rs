//! Removes what the plan removes, nothing else.
//!
//! Three kinds hold what others put there, and stay, reported, unless their module opts in: a CRD
//! that still has instances, a namespace that still holds objects of others, and any
//! `PersistentVolumeClaim`.

use std::collections::BTreeMap;
use std::time::Duration;

use futures::future::join_all;
use serde::Deserialize;
use serde_json::{Value, json};

use super::error::Error;
use crate::cluster::{Client, Propagation, Resource, Target};
use crate::diff::{Owner, Removal};
use crate::object::{
    APPLIED_HASH, APPLYSET_PART_OF, HELM_RELEASE_NAME, HELM_RELEASE_NAMESPACE, Live, MODULE_LABEL,
    OPERATOR_LABEL, ObjectRef,
};
use crate::render;
use crate::watch::Managed;

/// What a module may remove although others use it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PruneRules {
    /// CRDs that still have instances, which go with them.
    pub definitions: bool,
    /// Namespaces that still hold objects of others.
    pub namespaces: bool,
    /// `PersistentVolumeClaim`s.
    pub claims: bool,
}

/// What pruning did.
#[derive(Debug, Default)]
pub(super) struct Pruned {
    pub(super) removed: Vec<ObjectRef>,
    /// What stays, and why.
    pub(super) kept: Vec<(ObjectRef, String)>,
    /// Those of them that are members still: a released one is nobody's.
    pub(super) members: Vec<ObjectRef>,
    pub(super) failures: Vec<Error>,
}

pub(super) struct Pruning<'a> {
    pub(super) client: &'a Client,
    pub(super) managed: &'a Managed,
    pub(super) owner: &'a Owner,
    pub(super) rules: PruneRules,
    pub(super) patience: Duration,
}

impl Pruning<'_> {
    /// Removes rank by rank, in the reverse of the order in which objects are applied; a rank is
    /// begun when the objects of the one before are gone.
    pub(super) async fn prune(&self, removals: &[Removal]) -> Pruned {
        let mut ranks: BTreeMap<u16, Vec<&Removal>> = BTreeMap::new();
        for removal in removals {
            let kind = &live(removal).reference.kind;
            ranks
                .entry(render::uninstall_rank(kind))
                .or_default()
                .push(removal);
        }
        let mut pruned = Pruned::default();
        for removals in ranks.into_values() {
            let outcomes = join_all(removals.iter().map(|removal| self.one(removal))).await;
            let mut going = Vec::new();
            for (removal, outcome) in removals.iter().zip(outcomes) {
                let reference = live(removal).reference.clone();
                match outcome {
                    Ok(None) if reference.kind == "Namespace" => pruned.removed.push(reference),
                    Ok(None) => going.push(reference),
                    Ok(Some(why)) => {
                        if matches!(removal, Removal::Delete(_)) {
                            pruned.members.push(reference.clone());
                        }
                        pruned.kept.push((reference, why));
                    }
                    Err(error) => pruned.failures.push(error),
                }
            }
            if !going.is_empty() && !self.managed.gone(&going, self.patience).await {
                let still: Vec<String> = going
                    .iter()
                    .filter(|reference| self.managed.find(reference).is_some())
                    .map(ToString::to_string)
                    .collect();
                pruned.failures.push(Error::AwaitRemoval {
                    objects: still.join(", "),
                });
            }
            pruned.removed.extend(going);
            if !pruned.failures.is_empty() {
                return pruned;
            }
        }
        pruned
    }

    /// `None` when the object goes; else why it stays.
    async fn one(&self, removal: &Removal) -> Result<Option<String>, Error> {
        let live = live(removal);
        let reference = &live.reference;
        let failed = |source| Error::Remove {
            object: reference.clone(),
            source,
        };
        let preferred = self
            .client
            .preferred(&reference.group_kind())
            .await
            .map_err(failed)?;
        // A kind that is not served any more has no objects.
        let Some(resource) = preferred else {
            return Ok(None);
        };
        let target = Target {
            resource: &resource,
            namespace: reference.namespace.as_deref(),
            name: &reference.name,
        };
        let why = match removal {
            Removal::Release(_) => Some("its chart says helm.sh/resource-policy: keep".to_owned()),
            Removal::Delete(_) => self.reason_to_keep(reference).await.map_err(failed)?,
        };
        if why.is_some() {
            if matches!(removal, Removal::Release(_)) {
                self.client
                    .merge(target, &without_our_marks())
                    .await
                    .map_err(failed)?;
            }
            return Ok(why);
        }
        let deleted = self
            .client
            .delete(target, Some(&live.uid), Propagation::Background)
            .await;
        match deleted {
            // Another uid: somebody made it anew, without our labels.
            Err(error) if error.is_conflict() => Ok(None),
            deleted => deleted.map(|_| None).map_err(failed),
        }
    }

    async fn reason_to_keep(
        &self,
        object: &ObjectRef,
    ) -> Result<Option<String>, crate::cluster::Error> {
        match (object.group.as_str(), object.kind.as_str()) {
            ("", "PersistentVolumeClaim") if !self.rules.claims => Ok(Some(
                "it holds data; prune.persistentVolumeClaims: true removes it".to_owned(),
            )),
            ("apiextensions.k8s.io", "CustomResourceDefinition") if !self.rules.definitions => {
                self.instances(object).await
            }
            ("", "Namespace") if !self.rules.namespaces => self.strangers(&object.name).await,
            _ => Ok(None),
        }
    }

    async fn instances(
        &self,
        definition: &ObjectRef,
    ) -> Result<Option<String>, crate::cluster::Error> {
        let Some((plural, group)) = definition.name.split_once('.') else {
            return Ok(None);
        };
        let known = self.client.watchable_resources().await?;
        let served = known
            .iter()
            .find(|known| known.group == group && known.plural == plural);
        let Some(resource) = served else {
            return Ok(None);
        };
        let names = self.names(resource, None, "").await?;
        Ok(names.first().map(|name| {
            format!("it still has instances, {name} for one; prune.crds: true removes them as well")
        }))
    }

    async fn strangers(&self, namespace: &str) -> Result<Option<String>, crate::cluster::Error> {
        let not_ours = match &self.owner.applyset {
            Some(applyset) => format!("{APPLYSET_PART_OF}!={applyset}"),
            None => String::new(),
        };
        let kinds = self.client.watchable_resources().await?;
        for resource in kinds
            .iter()
            .filter(|kind| kind.namespaced && !comes_by_itself(kind))
        {
            let names = self.names(resource, Some(namespace), &not_ours).await?;
            let stranger = names
                .iter()
                .find(|name| !is_made_by_the_cluster(resource, name));
            if let Some(name) = stranger {
                return Ok(Some(format!(
                    "it holds objects of others, {} {name} for one; prune.namespaces: true removes \
                     them as well",
                    resource.kind
                )));
            }
        }
        Ok(None)
    }

    /// Some names of a kind, enough to find one that counts.
    async fn names(
        &self,
        resource: &Resource,
        namespace: Option<&str>,
        labels: &str,
    ) -> Result<Vec<String>, crate::cluster::Error> {
        #[derive(Deserialize)]
        struct Page {
            #[serde(default)]
            items: Option<Vec<Item>>,
        }
        #[derive(Deserialize)]
        struct Item {
            metadata: Named,
        }
        #[derive(Deserialize)]
        struct Named {
            name: String,
        }
        let deed = format!("listing {}", resource.plural);
        let labels = labels
            .replace('=', "%3D")
            .replace('/', "%2F")
            .replace('!', "%21");
        let path = format!(
            "{}?limit=20&labelSelector={labels}",
            resource.collection(namespace)
        );
        let body = match self.client.fetch_page(&deed, &path, false).await {
            // Kinds that are listed and cannot be: an aggregated API that is away, or forbidden.
            Err(error) if matches!(error.code(), 403..=405) => return Ok(Vec::new()),
            body => body?,
        };
        let page: Page = serde_json::from_slice(&body)
            .map_err(|source| crate::cluster::Error::ReadAnswer { deed, source })?;
        Ok(page
            .items
            .into_iter()
            .flatten()
            .map(|item| item.metadata.name)
            .collect())
    }
}

fn live(removal: &Removal) -> &Live {
    match removal {
        Removal::Delete(live) | Removal::Release(live) => live,
    }
}

/// Kinds that say nothing about who uses a namespace.
fn comes_by_itself(resource: &Resource) -> bool {
    matches!(
        (resource.group.as_str(), resource.kind.as_str()),
        (_, "Event")
            | ("", "Endpoints")
            | ("discovery.k8s.io", "EndpointSlice")
            | ("coordination.k8s.io", "Lease")
            | ("metrics.k8s.io", _)
    )
}

fn is_made_by_the_cluster(resource: &Resource, name: &str) -> bool {
    matches!(
        (resource.kind.as_str(), name),
        ("ServiceAccount", "default")
            | ("ConfigMap", "kube-root-ca.crt" | "openshift-service-ca.crt")
    )
}

fn without_our_marks() -> Value {
    json!({"metadata": {
        "labels": {APPLYSET_PART_OF: null, OPERATOR_LABEL: null, MODULE_LABEL: null},
        "annotations": {APPLIED_HASH: null, HELM_RELEASE_NAME: null, HELM_RELEASE_NAMESPACE: null},
    }})
}

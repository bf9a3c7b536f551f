//! What would change in the cluster now: dry runs, nothing is written.

use std::collections::BTreeSet;

use futures::future::join_all;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::context::Context;
use super::declared::Whole;
use super::error::Error;
use super::module_run::{ModuleRun, prepare_offline};
use super::takeover;
use crate::apply::{self, HandOver, foreign_owner};
use crate::cluster::{Client, Target};
use crate::diff::{self, Desired, Owner, remove_at};
use crate::name::ModuleName;
use crate::object::{
    APPLIED_HASH, APPLYSET_PART_OF, MODULE_LABEL, Metadata, OPERATOR_LABEL, field_manager,
};
use crate::release::Former;
use crate::report;

/// How one object would change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Difference {
    /// The module.
    pub module: String,
    /// The object, `Deployment shop/web`.
    pub object: String,
    /// `create`, `change`, `remove`; `adopt` when an object of the module's Helm release is taken over
    /// as it is, `keep` when one stays that the chart does not have any more, `hold` when a removal
    /// waits for a person; `refuse` when it would be refused, `unknown` when that cannot be said.
    pub action: String,
    /// A unified diff of the object as YAML, secrets masked; else a sentence.
    pub text: String,
}

/// What is compared.
struct Comparison<'a> {
    client: &'a Client,
    owner: &'a Owner,
    manager: String,
    former: Option<&'a Former>,
    takes_ownership: bool,
}

/// Compares what a module renders to with what is in the cluster.
pub async fn difference(context: &Context, run: &ModuleRun) -> Result<Vec<Difference>, Error> {
    let whole = prepare_offline(context, run).await?;
    let name = &run.module.name;
    let definitions = whole.rendering.definitions.desired.iter();
    let all: Vec<&Desired> = definitions.chain(&whole.prepared.desired).collect();
    let mut warnings = Vec::new();
    let former = takeover::former(context, name, run.known.release, &mut warnings).await?;
    let owner = context.owner(&run.module, run.maintenance);
    let comparison = Comparison {
        client: &context.applier.client,
        owner: &owner,
        manager: field_manager(name),
        former: former.as_ref(),
        takes_ownership: run.module.definition.take_ownership,
    };
    let compared = join_all(all.iter().map(|desired| comparison.compare(desired))).await;
    let mut differences: Vec<Difference> = compared.into_iter().flatten().collect();
    differences.extend(removals(context, run, &whole, &all).await?);
    if let Some(former) = former.as_ref().filter(|_| whole.declared.is_certain()) {
        let wanted = all.iter().map(|desired| &desired.reference).collect();
        differences.extend(left_over(context, &owner, former, &wanted).await?);
    }
    differences.extend(unread(name, warnings));
    Ok(differences)
}

/// What would be removed of the Helm release of a module that is not enabled, or not there. `held`
/// says why nothing is removed before a person says so.
pub async fn deletion_difference(
    context: &Context,
    name: &ModuleName,
    taken_over: Option<u32>,
    held: Option<&str>,
) -> Result<Vec<Difference>, Error> {
    let mut warnings = Vec::new();
    let former = takeover::former(context, name, taken_over, &mut warnings).await?;
    let owner = super::module_delete::owner(context, name);
    let mut differences = unread(name, warnings);
    if let Some(former) = &former {
        differences.extend(left_over(context, &owner, former, &BTreeSet::new()).await?);
    }
    let removed = differences
        .iter_mut()
        .filter(|found| found.action == "remove");
    if let Some(why) = held {
        for found in removed {
            "hold".clone_into(&mut found.action);
            found.text = format!("{why}: module purge {name} would remove it\n");
        }
    }
    Ok(differences)
}

/// A release that cannot be read.
fn unread(module: &ModuleName, warnings: Vec<String>) -> Vec<Difference> {
    let tell = |warning: String| Difference {
        module: module.to_string(),
        object: format!("Helm release {module}"),
        action: "unknown".to_owned(),
        text: warning + "\n",
    };
    warnings.into_iter().map(tell).collect()
}

/// Compares one object with what is in the cluster; `None` when it would not change.
pub(super) async fn compare(
    client: &Client,
    owner: &Owner,
    takes_ownership: bool,
    desired: &Desired,
) -> Option<Difference> {
    let comparison = Comparison {
        client,
        owner,
        manager: field_manager(&owner.module),
        former: None,
        takes_ownership,
    };
    comparison.compare(desired).await
}

impl Comparison<'_> {
    async fn compare(&self, desired: &Desired) -> Option<Difference> {
        let object = desired.reference.to_string();
        let found = self.look(desired, &object).await;
        let (action, text) = found.unwrap_or_else(|error| ("refuse", report::chain(&error)));
        (!text.is_empty()).then(|| Difference {
            module: self.owner.module.to_string(),
            object,
            action: action.to_owned(),
            text,
        })
    }

    /// What would be done, and a diff; empty when nothing would.
    async fn look(
        &self,
        desired: &Desired,
        object: &str,
    ) -> Result<(&'static str, String), crate::cluster::Error> {
        let client = self.client;
        let wanted = desired.value();
        let created = || diff::unified(object, None, Some(&without_noise(wanted.clone())));
        let kind = &desired.reference.kind;
        let Ok(resource) = client.resource(&desired.api_version, kind).await else {
            return Ok(("create", created()));
        };
        let target = Target {
            resource: &resource,
            namespace: desired.reference.namespace.as_deref(),
            name: &desired.reference.name,
        };
        let Some(before) = client.fetch(target).await? else {
            return Ok(("create", created()));
        };
        if let Some(owner) = self.foreign(desired, &before) {
            return Ok(("refuse", format!("it belongs to {owner}")));
        }
        let mut after = client
            .dry_run(target, desired.body.clone(), &self.manager)
            .await?;
        let is_adopted = self.is_adopted(desired, &before);
        if is_adopted {
            let leaving = self.leaving(desired, &before, &wanted);
            let mut is_less = false;
            for field in leaving {
                is_less |= remove_at(&mut after, &field);
            }
            if is_less {
                after["metadata"]["resourceVersion"] =
                    before["metadata"]["resourceVersion"].clone();
                after = client.dry_run_replace(target, &after).await?;
            }
            forget_marks(&mut after);
        }
        let (before, after) = (without_noise(before), without_noise(after));
        let text = diff::unified(object, Some(&before), Some(&after));
        if is_adopted && text.is_empty() {
            return Ok(("adopt", ADOPTED.to_owned()));
        }
        Ok(("change", text))
    }

    fn foreign(&self, desired: &Desired, before: &Value) -> Option<String> {
        let kind = desired.reference.group_kind();
        let metadata = Metadata::read(&kind, &before.to_string()).ok()?;
        foreign_owner(&metadata, self.owner).filter(|_| !self.takes_ownership)
    }

    /// Whether it is of the module's release, and none of ours yet.
    fn is_adopted(&self, desired: &Desired, before: &Value) -> bool {
        let is_ours = !before["metadata"]["labels"][APPLYSET_PART_OF].is_null();
        self.former
            .is_some_and(|former| former.objects.contains_key(&desired.reference))
            && !is_ours
    }

    /// The fields that go since the release's writer does not hold them any more.
    fn leaving(&self, desired: &Desired, before: &Value, wanted: &Value) -> Vec<String> {
        let former = self.former;
        let hand_over = HandOver {
            object: before,
            manager: &self.manager,
            desired: wanted,
            former: former.and_then(|former| former.objects.get(&desired.reference)),
        };
        let planned = hand_over.plan();
        planned.map_or_else(Vec::new, |planned| planned.leaving(&self.manager, wanted))
    }
}

const ADOPTED: &str = "it is taken over as it is: labels and annotations of ours are added\n";

/// What the Helm release has and the module has not.
async fn left_over(
    context: &Context,
    owner: &Owner,
    former: &Former,
    wanted: &BTreeSet<&crate::object::ObjectRef>,
) -> Result<Vec<Difference>, Error> {
    let left = takeover::left_over(context, owner, former, wanted).await?;
    let tell = |action: &str, object: &crate::object::ObjectRef, text: String| Difference {
        module: owner.module.to_string(),
        object: object.to_string(),
        action: action.to_owned(),
        text,
    };
    let removed = left
        .remove
        .iter()
        .map(|object| tell("remove", object, format!("- {object}\n")));
    let why = "its chart says helm.sh/resource-policy: keep\n";
    let kept = left
        .keep
        .iter()
        .map(|object| tell("keep", object, why.to_owned()));
    Ok(removed.chain(kept).collect())
}

/// Members of the set that the module does not have any more.
async fn removals(
    context: &Context,
    run: &ModuleRun,
    whole: &Whole,
    desired: &[&Desired],
) -> Result<Vec<Difference>, Error> {
    let Some(parent) = &run.known.parent else {
        return Ok(Vec::new());
    };
    let applied = |error: apply::Error| Error::Apply(vec![error]);
    let resources = context
        .applier
        .resources(&parent.kinds)
        .await
        .map_err(applied)?;
    context.applier.know(&resources).await?;
    let owner = context.owner(&run.module, run.maintenance);
    let wanted: BTreeSet<_> = desired.iter().map(|desired| &desired.reference).collect();
    let live = context.applier.managed.of_module(&run.module.name);
    let gone = live.values().filter(|live| {
        let is_wanted = wanted.contains(&live.reference) || whole.declared.holds(live);
        live.part_of == owner.applyset && !is_wanted
    });
    Ok(gone
        .map(|live| Difference {
            module: run.module.name.to_string(),
            object: live.reference.to_string(),
            action: "remove".to_owned(),
            text: format!("- {}\n", live.reference),
        })
        .collect())
}

/// Takes our labels off again, which every object of a release gets.
fn forget_marks(object: &mut Value) {
    let labels = object.pointer_mut("/metadata/labels");
    if let Some(labels) = labels.and_then(Value::as_object_mut) {
        for label in [OPERATOR_LABEL, MODULE_LABEL, APPLYSET_PART_OF] {
            labels.remove(label);
        }
    }
}

/// Without what every write changes and nobody asked for.
pub(super) fn without_noise(mut object: Value) -> Value {
    if let Some(map) = object.as_object_mut() {
        map.remove("status");
    }
    if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
        for key in [
            "managedFields",
            "resourceVersion",
            "generation",
            "uid",
            "creationTimestamp",
            "selfLink",
        ] {
            metadata.remove(key);
        }
        if let Some(annotations) = metadata
            .get_mut("annotations")
            .and_then(Value::as_object_mut)
        {
            annotations.remove(APPLIED_HASH);
        }
    }
    object
}

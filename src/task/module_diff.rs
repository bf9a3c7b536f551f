//! What would change in the cluster now: dry runs, nothing is written.

use std::collections::BTreeSet;

use futures::future::join_all;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::context::Context;
use super::error::Error;
use super::module_run::{ModuleRun, prepare_offline};
use crate::apply;
use crate::cluster::Target;
use crate::diff::{self, Desired};
use crate::object::{APPLIED_HASH, field_manager};
use crate::report;

/// How one object would change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Difference {
    /// The module.
    pub module: String,
    /// The object, `Deployment shop/web`.
    pub object: String,
    /// `create`, `change`, `remove`, or `refuse` when the API server would refuse it.
    pub action: String,
    /// A unified diff of the object as YAML, secrets masked; for `refuse` the reason.
    pub text: String,
}

/// Compares what a module renders to with what is in the cluster.
pub async fn difference(context: &Context, run: &ModuleRun) -> Result<Vec<Difference>, Error> {
    let rendering = prepare_offline(context, run).await?;
    let module = run.module.name.to_string();
    let definitions = rendering.definitions.desired.iter();
    let all: Vec<&Desired> = definitions.chain(&rendering.prepared.desired).collect();
    let manager = field_manager(&run.module.name);
    let mut comparisons = Vec::new();
    for desired in &all {
        comparisons.push(compare(context, &module, desired, &manager));
    }
    let compared = join_all(comparisons).await;
    let mut differences: Vec<Difference> = compared.into_iter().flatten().collect();
    differences.extend(removals(context, run, &all, &module).await?);
    Ok(differences)
}

async fn compare(
    context: &Context,
    module: &str,
    desired: &Desired,
    manager: &str,
) -> Option<Difference> {
    let client = &context.applier.client;
    let object = desired.reference.to_string();
    let tell = |action: &str, text: String| {
        Some(Difference {
            module: module.to_owned(),
            object: object.clone(),
            action: action.to_owned(),
            text,
        })
    };
    let wanted = without_noise(desired.value());
    let Ok(resource) = client
        .resource(&desired.api_version, &desired.reference.kind)
        .await
    else {
        return tell("create", diff::unified(&object, None, Some(&wanted)));
    };
    let namespace = desired.reference.namespace.as_deref();
    let target = Target {
        resource: &resource,
        namespace,
        name: &desired.reference.name,
    };
    let before = match client.fetch(target).await {
        Ok(Some(before)) => without_noise(before),
        Ok(None) => return tell("create", diff::unified(&object, None, Some(&wanted))),
        Err(error) => return tell("refuse", report::chain(&error)),
    };
    match client.dry_run(target, desired.body.clone(), manager).await {
        Ok(after) => {
            let text = diff::unified(&object, Some(&before), Some(&without_noise(after)));
            if text.is_empty() {
                None
            } else {
                tell("change", text)
            }
        }
        Err(error) => tell("refuse", report::chain(&error)),
    }
}

/// Members of the set that the module does not have any more.
async fn removals(
    context: &Context,
    run: &ModuleRun,
    desired: &[&Desired],
    module: &str,
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
    let gone = live
        .values()
        .filter(|live| live.part_of == owner.applyset && !wanted.contains(&live.reference));
    Ok(gone
        .map(|live| Difference {
            module: module.to_owned(),
            object: live.reference.to_string(),
            action: "remove".to_owned(),
            text: format!("- {}\n", live.reference),
        })
        .collect())
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

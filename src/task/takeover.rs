//! What the original's Helm release of a module has, and what becomes of it.

use std::collections::BTreeSet;

use super::context::Context;
use super::error::Error;
use crate::apply::{LeftOver, Outcome, PruneRules};
use crate::diff::Owner;
use crate::name::ModuleName;
use crate::object::ObjectRef;
use crate::release::Former;
use crate::report;

/// What the release has, unless it is taken over already. One that cannot be read is told in
/// `warnings`, and left out.
pub(super) async fn former(
    context: &Context,
    module: &ModuleName,
    taken_over: Option<u32>,
    warnings: &mut Vec<String>,
) -> Result<Option<Former>, Error> {
    match context.releases.former(module, taken_over).await {
        Ok(former) => Ok(former),
        Err(source) if source.is_passing() => Err(Error::ReadRelease { source }),
        Err(error) => {
            let error = report::chain(&error);
            warnings.push(format!("{error}; what the chart has dropped of it stays"));
            Ok(None)
        }
    }
}

/// Objects of a release that are not among the `wanted`.
pub(super) async fn left_over(
    context: &Context,
    owner: &Owner,
    former: &Former,
    wanted: &BTreeSet<&ObjectRef>,
) -> Result<LeftOver, Error> {
    let found = context.applier.find_left_over(owner, former, wanted);
    found.await.map_err(|error| Error::Apply(vec![error]))
}

/// Removes what a release has and the module has not.
pub(super) async fn remove_left_over(
    context: &Context,
    owner: &Owner,
    rules: PruneRules,
    (former, wanted): (&Former, &BTreeSet<&ObjectRef>),
) -> Result<Outcome, Error> {
    let left = left_over(context, owner, former, wanted).await?;
    let outcome = context.applier.remove_left_over(owner, rules, &left).await;
    let (module, revision) = (&owner.module, former.revision);
    let (removed, kept) = (outcome.removed.len(), outcome.kept.len());
    if outcome.failures.is_empty() {
        tracing::info!(target: "release", module = %module, revision, removed, kept, "a Helm release was taken over");
    }
    Ok(outcome)
}

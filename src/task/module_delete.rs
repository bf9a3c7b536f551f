//! Removes what a module has in the cluster: by its inventory, never by guessing.

use std::collections::{BTreeMap, BTreeSet};

use super::context::Context;
use super::error::Error;
use super::releasing;
use super::takeover;
use crate::apply::{Outcome, Parent, PruneRules, Work};
use crate::diff::{self, Facts, Owner, Policy, Record};
use crate::module::Module;
use crate::name::ModuleName;
use crate::object::applyset_id;

/// What became of a deletion.
#[derive(Debug, Default)]
pub struct Deleted {
    /// What was done in the cluster.
    pub outcome: Outcome,
    /// The revision of the module's Helm release that was removed with it, or could not be read.
    pub release: Option<u32>,
    /// Why it failed.
    pub error: Option<Error>,
}

/// What is to be removed: its name, its bounds, its folder, the revision of Helm that was taken over.
type Wanted<'a> = (
    &'a ModuleName,
    Option<&'a Parent>,
    Option<&'a Module>,
    Option<u32>,
);

/// Removes all members of a module's set, and what its Helm release has, unless that revision was
/// `taken_over`. `module` is `None` when its folder is gone: then nothing opts in to removing what
/// others use.
pub async fn delete(
    context: &Context,
    name: &ModuleName,
    parent: Option<&Parent>,
    module: Option<&Module>,
    taken_over: Option<u32>,
) -> Deleted {
    let mut deleted = Deleted::default();
    let work = (name, parent, module, taken_over);
    deleted.error = steps(context, work, &mut deleted).await.err();
    deleted
}

async fn steps(
    context: &Context,
    (name, parent, module, taken_over): Wanted<'_>,
    deleted: &mut Deleted,
) -> Result<(), Error> {
    let history = context.histories.fetch(name).await;
    let history = history.map_err(|source| Error::ReadRelease { source })?;
    let patience = module.and_then(|module| module.definition.timeouts.delete);
    let hooks = async |event| match &history {
        Some(history) => {
            let owner = owner(context, name);
            releasing::deletion_hooks(context, &owner, history, event, patience).await
        }
        None => Ok(()),
    };
    hooks("pre-delete").await?;
    members(context, name, parent, module, deleted).await?;
    left_over(context, name, module, taken_over, deleted).await?;
    hooks("post-delete").await?;
    releasing::forget(context, name).await?;
    forget_bounds(context, name, parent.filter(|_| module.is_some())).await
}

/// A module that may come back has an inventory of nothing until then. That of one whose folder is gone
/// goes with its `Module` object.
async fn forget_bounds(
    context: &Context,
    name: &ModuleName,
    parent: Option<&Parent>,
) -> Result<(), Error> {
    if parent.is_none() {
        return Ok(());
    }
    let bounds = Parent::default();
    let written = bounds.write(&context.applier.client, name, &context.namespace);
    written.await.map_err(|error| Error::Apply(vec![error]))
}

/// Removes what a release of the original has. One that people made is theirs.
async fn left_over(
    context: &Context,
    name: &ModuleName,
    module: Option<&Module>,
    taken_over: Option<u32>,
    deleted: &mut Deleted,
) -> Result<(), Error> {
    let listing = context.releases.list().await;
    let listing = listing.map_err(|source| Error::ReadRelease { source })?;
    let Some(listed) = listing.get(name).filter(|listed| listed.is_of_operator) else {
        return Ok(());
    };
    let warnings = &mut deleted.outcome.warnings;
    let former = takeover::former(context, name, taken_over, warnings).await?;
    for warning in warnings {
        tracing::warn!(target: "release", module = %name, "{warning}");
    }
    if let Some(former) = former {
        let owner = owner(context, name);
        let rules = rules(module);
        let of = (&former, &BTreeSet::new());
        let outcome = takeover::remove_left_over(context, &owner, rules, of).await?;
        let failures = deleted.outcome.take_in_all(outcome);
        if !failures.is_empty() {
            return Err(Error::Apply(failures));
        }
    }
    deleted.release = Some(listed.revision);
    Ok(())
}

/// Whose objects they are, when only the name is known.
pub(super) fn owner(context: &Context, name: &ModuleName) -> Owner {
    Owner {
        module: name.clone(),
        operator_namespace: context.namespace.clone(),
        namespace: context.namespace.clone(),
        applyset: Some(applyset_id(name, &context.namespace)),
        extra_labels: BTreeMap::new(),
        recreate: false,
    }
}

fn rules(module: Option<&Module>) -> PruneRules {
    module.map_or_else(PruneRules::default, |module| {
        super::rules::rules(&module.definition)
    })
}

async fn members(
    context: &Context,
    name: &ModuleName,
    parent: Option<&Parent>,
    module: Option<&Module>,
    deleted: &mut Deleted,
) -> Result<(), Error> {
    let Some(parent) = parent else { return Ok(()) };
    let resources = context.applier.resources(&parent.kinds).await;
    let resources = resources.map_err(|error| Error::Apply(vec![error]))?;
    context.applier.know(&resources).await?;
    let applyset = applyset_id(name, &context.namespace);
    let live = context.applier.managed.of_module(name);
    let facts = Facts {
        live: &live,
        record: &Record::new(),
        applyset: &applyset,
        contested: &BTreeSet::new(),
        policy: Policy::Correct,
        take_ownership: false,
    };
    let plan = diff::plan(&[], facts);
    let owner = owner(context, name);
    let work = Work {
        owner: &owner,
        desired: &[],
        plan: &plan,
        held: &[],
        parent: Some(parent),
        ignore: &[],
        rules: rules(module),
        former: None,
    };
    let mut applier = context.applier.clone();
    let patience = module.and_then(|module| module.definition.timeouts.delete);
    applier.patience = patience.unwrap_or(applier.patience);
    let outcome = applier.carry_out(work).await;
    let failures = deleted.outcome.take_in_all(outcome);
    if failures.is_empty() {
        Ok(())
    } else {
        Err(Error::Apply(failures))
    }
}

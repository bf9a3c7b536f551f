//! Removes what a module has in the cluster: by its inventory, never by guessing.

use std::collections::{BTreeMap, BTreeSet};

use super::context::Context;
use super::error::Error;
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
    /// Why it failed.
    pub error: Option<Error>,
}

/// Removes all members of a module's set. `module` is `None` when its folder is gone: then nothing
/// opts in to removing what others use.
pub async fn delete(
    context: &Context,
    name: &ModuleName,
    parent: Option<&Parent>,
    module: Option<&Module>,
) -> Deleted {
    let mut deleted = Deleted::default();
    if let Err(error) = steps(context, name, parent, module, &mut deleted).await {
        deleted.error = Some(error);
    }
    deleted
}

async fn steps(
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
    let owner = Owner {
        module: name.clone(),
        operator_namespace: context.namespace.clone(),
        namespace: context.namespace.clone(),
        applyset: Some(applyset),
        extra_labels: BTreeMap::new(),
        recreate: false,
    };
    let rules = module.map_or_else(PruneRules::default, |module| {
        super::module_run::rules(&module.definition)
    });
    let work = Work {
        owner: &owner,
        desired: &[],
        plan: &plan,
        held: &[],
        parent: Some(parent),
        ignore: &[],
        rules,
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

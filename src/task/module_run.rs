//! One module: values → render, and what its hooks declare → diff → apply → inventory.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::timeout;

use super::context::Context;
use super::declared::{self, Declarations, Whole};
use super::error::Error;
use super::releasing;
use super::rendering::{Rendering, Values, Wanted, render};
use super::rules::{ignored, policy, rules};
use super::takeover;
use crate::apply::{Outcome, Parent, PruneRules, Work};
use crate::diff::{self, Facts, Owner, Plan, Reason, Record};
use crate::module::{Definition, Module};
use crate::object::{Live, ObjectRef};
use crate::release::{Former, History};
use crate::report::{self, Mistakes};

/// How long objects may take to become ready when another module waits for that.
const READY_PATIENCE: Duration = Duration::from_mins(5);

/// What is known of a module from the runs before.
#[derive(Debug, Clone, Default)]
pub struct Known {
    /// Its inventory, with what tells drift.
    pub record: Record,
    /// The bounds of the inventory in the cluster; `None` when there is no `Module` object.
    pub parent: Option<Parent>,
    /// What was brought last: what the chart rendered to, and what the hooks declared.
    pub whole: Option<Arc<Whole>>,
    /// Members that the last run did not remove, since others use them.
    pub kept: BTreeSet<ObjectRef>,
    /// The revision of the module's Helm release that was taken over.
    pub release: Option<u32>,
    /// What is kept of the module's own release; `None` when it is not known, or when there is nothing.
    pub history: Option<Arc<History>>,
    /// The revision whose first hooks ran, while it is not brought whole.
    pub begun: String,
}

/// One run.
#[derive(Debug, Clone)]
pub struct ModuleRun {
    /// The module.
    pub module: Arc<Module>,
    /// Its values.
    pub values: Values,
    /// What is wrong with them.
    pub mistakes: Mistakes,
    /// What its hooks declare.
    pub declared: Declarations,
    /// Whether what the chart rendered to last is used as it is: only declarations changed.
    pub keeps_rendering: bool,
    /// What is known from before.
    pub known: Known,
    /// Objects whose correction is given up for now.
    pub contested: BTreeSet<ObjectRef>,
    /// Whether a person paused the module: its objects are marked once, then left alone.
    pub maintenance: bool,
    /// Whether passwords and keys of the chart are drawn anew.
    pub redraws: bool,
}

/// What became of a run.
#[derive(Debug, Default)]
pub struct Ran {
    /// What was done in the cluster.
    pub outcome: Outcome,
    /// What is known now.
    pub known: Known,
    /// Drift that was told and left.
    pub reported: Vec<(ObjectRef, Reason)>,
    /// Objects that wait until somebody's deletion of them is done.
    pub waiting: Vec<ObjectRef>,
    /// Whether what was rendered last is in the cluster although the run failed: the folder or its
    /// values are broken now.
    pub keeps_last: bool,
    /// Whether passwords and keys were to be drawn anew.
    pub redrew: bool,
    /// Why it failed.
    pub error: Option<Error>,
}

/// Runs a module. Whatever happens, what was done is in the answer.
pub async fn run(context: &Context, run: ModuleRun) -> Ran {
    let limit = run.module.definition.timeouts.apply;
    let mut ran = Ran {
        known: Known {
            kept: BTreeSet::new(),
            ..run.known.clone()
        },
        redrew: run.redraws,
        ..Ran::default()
    };
    let done = match limit {
        Some(limit) => match timeout(limit, steps(context, &run, &mut ran)).await {
            Ok(done) => done,
            Err(_) => Err(Error::Late(limit)),
        },
        None => steps(context, &run, &mut ran).await,
    };
    ran.error = done.err();
    ran
}

/// Waits until the objects of a module are ready; `Err` says which is not, and why.
pub async fn await_ready(context: &Context, module: &Module, whole: &Whole) -> Result<(), String> {
    let patience = module.definition.timeouts.ready.unwrap_or(READY_PATIENCE);
    let desired = &whole.prepared.desired;
    context.applier.await_ready(desired, patience).await
}

async fn steps(context: &Context, run: &ModuleRun, ran: &mut Ran) -> Result<(), Error> {
    let whole = match wanted(context, run, ran).await {
        Ok(whole) => whole,
        Err(error) => {
            if let Some(last) = last_good(run, &error) {
                ran.keeps_last = keep(context, run, ran, &last).await;
            }
            return Err(error);
        }
    };
    if run.keeps_rendering {
        bring(context, run, ran, &whole).await?;
    } else if run.maintenance {
        releasing::remember(context, run, ran, &whole.rendering).await?;
        bring(context, run, ran, &whole).await?;
    } else {
        releasing::begin(context, run, ran, &whole.rendering).await?;
        bring(context, run, ran, &whole).await?;
        releasing::end(context, run, ran, &whole.rendering).await?;
    }
    ran.known.whole = Some(whole);
    Ok(())
}

/// All objects as they are wanted now.
async fn wanted(context: &Context, run: &ModuleRun, ran: &mut Ran) -> Result<Arc<Whole>, Error> {
    let last = run.known.whole.as_ref().filter(|_| run.keeps_rendering);
    let rendering = match last {
        Some(whole) => {
            let warnings = &whole.rendering.prepared.warnings;
            ran.outcome.warnings.extend(warnings.iter().cloned());
            whole.rendering.clone()
        }
        None => rendered(context, run, ran).await?,
    };
    Whole::join(rendering, declared::prepare(context, run).await?)
}

/// Renders what is wanted now, with the definitions of `crds/` brought first.
async fn rendered(
    context: &Context,
    run: &ModuleRun,
    ran: &mut Ran,
) -> Result<Arc<Rendering>, Error> {
    run.mistakes
        .clone()
        .into_result()
        .map_err(Error::CheckValues)?;
    let asked = context.capabilities().await;
    let capabilities = asked.map_err(|source| Error::AskCapabilities { source })?;
    let wanted = Wanted {
        context,
        module: &run.module,
        values: &run.values,
        capabilities,
        maintenance: run.maintenance,
        known: &run.known,
        redraws: run.redraws,
    };
    let rendering = definitions_first(context, run, &wanted, ran).await?;
    ran.outcome
        .warnings
        .extend(rendering.prepared.warnings.iter().cloned());
    Ok(rendering)
}

/// What was rendered last, when people's mistakes are why nothing newer can be. A pause is not
/// broken by it.
fn last_good(run: &ModuleRun, error: &Error) -> Option<Arc<Whole>> {
    let last = run.known.whole.clone()?;
    let is_usable = match error {
        Error::ReadChart { .. }
        | Error::Render(_)
        | Error::CheckValues(_)
        | Error::ReadDefinitions(_) => true,
        // Newer definitions are in place already, and must not be replaced by older ones.
        Error::Prepare(_) => run.keeps_rendering || last.rendering.definitions.desired.is_empty(),
        _ => false,
    };
    (is_usable && !run.maintenance).then_some(last)
}

/// Brings the last good version back where others changed it; answers whether it is there whole.
async fn keep(context: &Context, run: &ModuleRun, ran: &mut Ran, last: &Whole) -> bool {
    let definitions = &last.rendering.definitions.desired;
    let kept = match bring_definitions(context, run, ran, definitions).await {
        Ok(_) => bring(context, run, ran, last).await,
        Err(error) => Err(error),
    };
    if let Err(error) = &kept {
        let error = report::chain(error);
        tracing::error!(target: "apply", module = %run.module.name, error, "keeping the last good version");
    }
    kept.is_ok()
}

/// Makes the cluster as it is wanted.
async fn bring(
    context: &Context,
    run: &ModuleRun,
    ran: &mut Ran,
    whole: &Whole,
) -> Result<(), Error> {
    know_objects(context, run, &whole.prepared.desired).await?;
    let owner = context.owner(&run.module, run.maintenance);
    let mut plan = plan(context, run, &owner, &whole.prepared.desired);
    let held = whole.declared.hold(&mut plan);
    let (name, taken_over) = (&run.module.name, run.known.release);
    let warnings = &mut ran.outcome.warnings;
    let former = if run.keeps_rendering {
        // The run before has seen to it.
        None
    } else {
        takeover::former(context, name, taken_over, warnings).await?
    };
    let plan = (&plan, held.as_slice());
    carry_out(context, run, ran, whole, (&owner, plan, former.as_ref())).await?;
    // What a hook may still want is not left over.
    if let Some(former) = former.filter(|_| whole.declared.is_certain()) {
        take_over(context, run, ran, whole, (&owner, &former)).await?;
    }
    Ok(())
}

/// Removes what the module's Helm release has and the chart has not. While something of it stays
/// since others use it, it is looked at again.
async fn take_over(
    context: &Context,
    run: &ModuleRun,
    ran: &mut Ran,
    whole: &Whole,
    (owner, former): (&Owner, &Former),
) -> Result<(), Error> {
    let wanted = references(whole);
    let rules = rules(&run.module.definition);
    let removed = takeover::remove_left_over(context, owner, rules, (former, &wanted)).await?;
    let is_through = removed.members.is_empty();
    ran.known.kept.extend(removed.members.iter().cloned());
    ran.take_in(removed, &Plan::default())?;
    if is_through {
        ran.known.release = Some(former.revision);
    }
    Ok(())
}

fn references(whole: &Whole) -> BTreeSet<&ObjectRef> {
    let definitions = whole.rendering.definitions.desired.iter();
    let wanted = whole.prepared.desired.iter().chain(definitions);
    wanted.map(|desired| &desired.reference).collect()
}

/// Renders after the definitions of `crds/` are in place, since the chart may use their kinds.
async fn definitions_first(
    context: &Context,
    run: &ModuleRun,
    wanted: &Wanted<'_>,
    ran: &mut Ran,
) -> Result<Arc<Rendering>, Error> {
    let first = render(wanted, run.known.rendering()).await;
    let definitions = match &first {
        Ok(rendering) => rendering.definitions.clone(),
        // The chart's kinds may be the ones that crds/ brings.
        Err(Error::Prepare(_)) => Arc::new(super::rendering::definitions(wanted).await?),
        // The first time it may look for them as well; later what was good goes on.
        Err(Error::Render(_)) if run.known.whole.is_none() && !run.module.crds.is_empty() => {
            Arc::new(super::rendering::own_definitions(wanted).await?)
        }
        Err(_) => return first,
    };
    let is_new = bring_definitions(context, run, ran, &definitions.desired).await?;
    let is_same = !is_new && !matches!(first, Err(Error::Prepare(_)));
    if definitions.desired.is_empty() || is_same {
        first
    } else {
        // Charts ask which kinds there are.
        let asked = context.capabilities().await;
        let capabilities = asked.map_err(|source| Error::AskCapabilities { source })?;
        let wanted = Wanted {
            capabilities,
            ..*wanted
        };
        render(&wanted, run.known.rendering()).await
    }
}

/// Brings the objects of `crds/`; answers whether any was not there as it should be.
async fn bring_definitions(
    context: &Context,
    run: &ModuleRun,
    ran: &mut Ran,
    desired: &[diff::Desired],
) -> Result<bool, Error> {
    if desired.is_empty() {
        return Ok(false);
    }
    let owner = Owner {
        applyset: None,
        ..context.owner(&run.module, run.maintenance)
    };
    let kinds = context
        .applier
        .resources([&diff_kind()])
        .await
        .map_err(|error| Error::Apply(vec![error]))?;
    context.applier.know(&kinds).await?;
    let plan = Plan {
        remove: Vec::new(),
        ..plan(context, run, &owner, desired)
    };
    let is_new = !plan.apply.is_empty();
    let work = Work {
        owner: &owner,
        desired,
        plan: &plan,
        held: &[],
        parent: None,
        ignore: &[],
        rules: PruneRules::default(),
        former: None,
    };
    let outcome = context.applier.carry_out(work).await;
    ran.take_in(outcome, &plan)?;
    Ok(is_new)
}

fn diff_kind() -> crate::object::GroupKind {
    crate::object::GroupKind::new("apiextensions.k8s.io", "CustomResourceDefinition")
}

/// Waits until the objects of all kinds that the module has or had are known.
async fn know_objects(
    context: &Context,
    run: &ModuleRun,
    desired: &[diff::Desired],
) -> Result<(), Error> {
    let wanted = Parent::of(desired.iter().map(|desired| desired.reference.clone()));
    let all = run
        .known
        .parent
        .iter()
        .fold(wanted, |all, parent| all.union(parent));
    let resources = context.applier.resources(&all.kinds).await;
    let resources = resources.map_err(|error| Error::Apply(vec![error]))?;
    Ok(context.applier.know(&resources).await?)
}

fn plan(context: &Context, run: &ModuleRun, owner: &Owner, desired: &[diff::Desired]) -> Plan {
    let live = context.applier.managed.of_module(&run.module.name);
    let facts = Facts {
        live: &live,
        record: &run.known.record,
        applyset: owner.applyset.as_deref().unwrap_or_default(),
        contested: &run.contested,
        policy: policy(&run.module.definition),
        take_ownership: run.module.definition.take_ownership,
    };
    diff::plan(desired, facts)
}

async fn carry_out(
    context: &Context,
    run: &ModuleRun,
    ran: &mut Ran,
    whole: &Whole,
    (owner, (plan, held), former): (&Owner, (&Plan, &[ObjectRef]), Option<&Former>),
) -> Result<(), Error> {
    let definition = &run.module.definition;
    let ignore = ignored(definition);
    let work = Work {
        owner,
        desired: &whole.prepared.desired,
        plan,
        held,
        parent: run.known.parent.as_ref(),
        ignore: &ignore,
        rules: rules(definition),
        former,
    };
    let mut applier = context.applier.clone();
    applier.patience = definition.timeouts.delete.unwrap_or(applier.patience);
    let outcome = applier.carry_out(work).await;
    ran.take_in(outcome, plan)?;
    let mut wanted = references(whole);
    wanted.extend(held);
    ran.known.kept = ran.outcome.members.iter().cloned().collect();
    ran.known.record.retain(|object, _| wanted.contains(object));
    Ok(())
}

impl Known {
    /// What the chart rendered to last.
    pub fn rendering(&self) -> Option<&Arc<Rendering>> {
        self.whole.as_ref().map(|whole| &whole.rendering)
    }

    /// The revision of a release without a history: of Helm's that was taken over, or the first.
    pub(super) fn revision(&self) -> u64 {
        let of_helm = self.release.map(u64::from);
        of_helm.unwrap_or_else(|| u64::from(self.parent.is_some()))
    }
}

impl Ran {
    fn take_in(&mut self, outcome: Outcome, plan: &Plan) -> Result<(), Error> {
        self.known.record.extend(outcome.applied.clone());
        for object in &outcome.removed {
            self.known.record.remove(object);
        }
        if let Some(parent) = &outcome.parent {
            self.known.parent = Some(parent.clone());
        }
        self.known
            .kept
            .extend(outcome.kept.iter().map(|(object, _)| object.clone()));
        self.reported.extend(plan.reported.iter().cloned());
        self.waiting.extend(plan.waiting.iter().cloned());
        let failures = self.outcome.take_in_all(outcome);
        if failures.is_empty() {
            Ok(())
        } else {
            Err(Error::Apply(failures))
        }
    }
}

/// What a run would do now, and which drift it would tell: looked up in memory, nothing is
/// rendered. What the last run kept is not tried again.
pub fn look(
    known: &Known,
    live: &std::collections::BTreeMap<ObjectRef, Live>,
    applyset: &str,
    contested: &BTreeSet<ObjectRef>,
    definition: &Definition,
) -> Plan {
    let Some(whole) = &known.whole else {
        return Plan::default();
    };
    let policy = policy(definition);
    let take_ownership = definition.take_ownership;
    let facts = Facts {
        live,
        record: &known.record,
        applyset,
        contested,
        policy,
        take_ownership,
    };
    let mut plan = diff::plan(&whole.rendering.definitions.desired, facts);
    let mut members = diff::plan(&whole.prepared.desired, facts);
    whole.declared.hold(&mut members);
    plan.apply.extend(members.apply);
    plan.reported.extend(members.reported);
    plan.remove = members.remove;
    plan.remove
        .retain(|removal| !known.kept.contains(removal.reference()));
    plan
}

/// Renders without touching the cluster's state: for `render` and `diff`.
pub async fn prepare_offline(context: &Context, run: &ModuleRun) -> Result<Arc<Whole>, Error> {
    run.mistakes
        .clone()
        .into_result()
        .map_err(Error::CheckValues)?;
    let asked = context.capabilities().await;
    let capabilities = asked.map_err(|source| Error::AskCapabilities { source })?;
    let (module, values, maintenance) = (&run.module, &run.values, run.maintenance);
    let wanted = Wanted {
        context,
        module,
        values,
        capabilities,
        maintenance,
        known: &run.known,
        redraws: run.redraws,
    };
    let rendering = render(&wanted, run.known.rendering()).await?;
    Whole::join(rendering, declared::prepare(context, run).await?)
}

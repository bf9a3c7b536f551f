//! The steps of a release around its objects: what has to be kept is kept first, and Helm hooks run
//! before and after.

use std::time::Duration;

use super::context::Context;
use super::error::Error;
use super::module_run::{ModuleRun, Ran};
use super::rendering::Rendering;
use crate::apply::HookWork;
use crate::diff::Owner;
use crate::name::ModuleName;
use crate::release::History;

/// Before the objects of a revision: what its chart drew is kept, and the hooks before it run.
///
/// A password that was applied and not kept would be drawn anew at the next start.
pub(super) async fn begin(
    context: &Context,
    run: &ModuleRun,
    ran: &mut Ran,
    rendering: &Rendering,
) -> Result<(), Error> {
    let Some(history) = unbrought(ran, rendering) else {
        return Ok(());
    };
    keep(context, run, ran, history.deployed(false)).await?;
    if ran.known.begun == history.run() {
        // The objects failed, not the hooks before them.
        return Ok(());
    }
    hooks(context, run, (rendering, history), "pre").await?;
    ran.known.begun = history.run();
    Ok(())
}

/// After the objects of a revision: the hooks behind it run, and it counts as brought.
pub(super) async fn end(
    context: &Context,
    run: &ModuleRun,
    ran: &mut Ran,
    rendering: &Rendering,
) -> Result<(), Error> {
    let Some(history) = unbrought(ran, rendering) else {
        return Ok(());
    };
    hooks(context, run, (rendering, history), "post").await?;
    keep(context, run, ran, history.deployed(true)).await?;
    ran.known.begun.clear();
    Ok(())
}

/// The hooks of a deletion.
pub(super) async fn deletion_hooks(
    context: &Context,
    owner: &Owner,
    history: &History,
    event: &str,
    patience: Option<Duration>,
) -> Result<(), Error> {
    let owner = Owner {
        namespace: history.namespace.clone(),
        ..owner.clone()
    };
    let work = HookWork {
        owner: &owner,
        hooks: &history.hooks(),
        event,
        run: &format!("delete-{}", history.run()),
        patience: patience.unwrap_or(context.helm_timeout),
    };
    bring(context, work).await
}

/// Forgets a release that is no more.
pub(super) async fn forget(context: &Context, module: &ModuleName) -> Result<(), Error> {
    let removed = context.histories.remove(module).await;
    removed.map_err(|source| Error::KeepRelease { source })
}

/// The revision that a rendering of a chart is, unless the cluster has it whole and what it drew is kept.
fn unbrought<'a>(ran: &Ran, rendering: &'a Rendering) -> Option<&'a History> {
    let history = rendering.history.as_deref()?;
    let kept = ran.known.history.as_deref();
    let is_brought = kept
        .is_some_and(|kept| kept.is_of(history) && kept.is_deployed && kept.has_drawn_as(history));
    (!is_brought).then_some(history)
}

async fn keep(
    context: &Context,
    run: &ModuleRun,
    ran: &mut Ran,
    history: History,
) -> Result<(), Error> {
    if ran.known.history.as_deref() == Some(&history) {
        return Ok(());
    }
    let kept = context.histories.write(&run.module.name, &history).await;
    kept.map_err(|source| Error::KeepRelease { source })?;
    ran.known.history = Some(history.into());
    Ok(())
}

/// The hooks `pre` or `post` a revision.
async fn hooks(
    context: &Context,
    run: &ModuleRun,
    (rendering, history): (&Rendering, &History),
    when: &str,
) -> Result<(), Error> {
    let deed = if history.revision == 1 {
        "install"
    } else {
        "upgrade"
    };
    let patience = run.module.definition.timeouts.ready;
    let work = HookWork {
        owner: &context.owner(&run.module, run.maintenance),
        hooks: &rendering.hooks,
        event: &format!("{when}-{deed}"),
        run: &history.run(),
        patience: patience.unwrap_or(context.helm_timeout),
    };
    bring(context, work).await
}

async fn bring(context: &Context, work: HookWork<'_>) -> Result<(), Error> {
    let ran = context.applier.run_hooks(work).await;
    ran.map(|_| ()).map_err(|error| Error::Apply(vec![error]))
}

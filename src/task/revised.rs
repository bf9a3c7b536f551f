//! A chart rendered as a revision of its module's release.
//!
//! The revision follows from what comes out: as long as that is the same it is the same, so that a
//! chart that shows it comes to rest. A chart that does not speak of it is rendered once.

use std::sync::Arc;

use super::error::Error;
use super::outside::{Cluster, Coming, Heard};
use super::rendering::{CompiledChart, Wanted, release, render_values};
use crate::diff;
use crate::object::sha256_hex;
use crate::release::History;
use crate::render::Rendered;

/// What a chart rendered to.
#[derive(Default)]
pub(super) struct Revised {
    pub(super) rendered: Rendered,
    /// What is to be kept of it.
    pub(super) history: Option<Arc<History>>,
    /// What is kept of it already, as far as that was asked for.
    pub(super) kept: Option<Arc<History>>,
    /// Whether it looked into the cluster.
    pub(super) looked_up: bool,
}

/// Renders a chart as the revision that it is.
pub(super) async fn render(
    wanted: &Wanted<'_>,
    chart: &Arc<CompiledChart>,
) -> Result<Revised, Error> {
    let Some(program) = &chart.program else {
        return Ok(Revised::default());
    };
    let asks = program.asks_release(&wanted.values.plain) || program.asks_release(&chart.defaults);
    let mut before = wanted.known.history.as_deref().cloned();
    if before.is_none() && (asks || wanted.redraws) {
        before = fetch(wanted).await?;
    }
    let mut kept = before.clone();
    if wanted.redraws {
        before = Some(forgotten(wanted, before));
    }
    let used = before
        .as_ref()
        .map_or(wanted.known.revision(), |before| before.revision);
    let used = used.max(1);
    let (rendered, heard) = once(wanted, chart, used, before.clone()).await?;
    if before.is_none() {
        before = fetch(wanted).await?;
        kept.clone_from(&before);
    }
    let has_to_keep = asks || !rendered.hooks.is_empty() || !heard.drawn.is_empty();
    if before.is_none() && !has_to_keep {
        let looked_up = heard.looked_up;
        return Ok(Revised {
            rendered,
            looked_up,
            ..Revised::default()
        });
    }
    let before = before.unwrap_or_else(|| History::of_revision(wanted.known.revision()));
    let revision = before.revision_of(&checksum(&rendered));
    let (rendered, heard) = if asks && revision != used {
        once(wanted, chart, revision, Some(before.clone())).await?
    } else {
        (rendered, heard)
    };
    Ok(Revised {
        history: Some(Arc::new(next(
            wanted,
            &before,
            revision,
            (&rendered, &heard),
        ))),
        kept: kept.map(Arc::new),
        rendered,
        looked_up: heard.looked_up,
    })
}

async fn fetch(wanted: &Wanted<'_>) -> Result<Option<History>, Error> {
    let fetched = wanted.context.histories.fetch(&wanted.module.name).await;
    fetched.map_err(|source| Error::ReadRelease { source })
}

/// The history without what was drawn.
fn forgotten(wanted: &Wanted<'_>, before: Option<History>) -> History {
    let mut before = before.unwrap_or_else(|| History::of_revision(wanted.known.revision()));
    before.forget_drawn();
    before
}

/// Renders. What the chart looked for, did not find and brings itself is found the second time: what
/// is applied is what will come out when it is there.
///
/// A chart reads a password out of its own Secret, draws one where there is none, and tells a Deployment
/// the checksum of either: without this every installation would be followed by a change.
async fn once(
    wanted: &Wanted<'_>,
    chart: &Arc<CompiledChart>,
    revision: u64,
    before: Option<History>,
) -> Result<(Rendered, Heard), Error> {
    let (rendered, heard) = at_once(wanted, chart, revision, (before, Vec::new())).await?;
    let coming = coming(wanted, &rendered, &heard);
    if coming.is_empty() {
        return Ok((rendered, heard));
    }
    let mut before = heard.before.clone();
    if !heard.drawn.is_empty() {
        before.get_or_insert_default().take_drawn(&heard.drawn);
    }
    let again = at_once(wanted, chart, revision, (before, coming)).await;
    match again {
        // A chart that brings something only where it is not there yet means it so.
        Ok((settled, mut more)) if has_same_objects(&settled, &rendered) => {
            let mut drawn = heard.drawn;
            drawn.append(&mut more.drawn);
            more.drawn = drawn;
            Ok((settled, more))
        }
        _ => Ok((rendered, heard)),
    }
}

/// The objects of a render that it looked for and did not find, as they will be there.
fn coming(wanted: &Wanted<'_>, rendered: &Rendered, heard: &Heard) -> Vec<Coming> {
    let own = wanted.context.release_namespace(wanted.module);
    let find = |missed: &Coming| {
        let manifest = rendered.manifests.iter().find(|manifest| {
            let namespace = manifest.object["metadata"]["namespace"].as_str();
            let is_there = namespace.map_or_else(
                || missed.namespace == own || missed.namespace.is_empty(),
                |namespace| missed.namespace == namespace,
            );
            is_there
                && manifest.object["apiVersion"] == *missed.api_version
                && manifest.kind() == missed.kind
                && manifest.name() == missed.name
        })?;
        let object = diff::as_stored(&manifest.object);
        Some(Coming {
            object,
            ..missed.clone()
        })
    };
    heard.missed.iter().filter_map(find).collect()
}

fn has_same_objects(one: &Rendered, other: &Rendered) -> bool {
    let names = |rendered: &Rendered| {
        let hooks = rendered.hooks.iter().map(|hook| &hook.manifest);
        let all = rendered.manifests.iter().chain(hooks);
        let names = all.map(|manifest| {
            let namespace = manifest.object["metadata"]["namespace"].to_string();
            let version = manifest.object["apiVersion"].to_string();
            (
                version,
                manifest.kind().to_owned(),
                namespace,
                manifest.name().to_owned(),
            )
        });
        names.collect::<Vec<_>>()
    };
    names(one) == names(other)
}

/// Renders once, on a thread that may block.
async fn at_once(
    wanted: &Wanted<'_>,
    chart: &Arc<CompiledChart>,
    revision: u64,
    (before, coming): (Option<History>, Vec<Coming>),
) -> Result<(Rendered, Heard), Error> {
    let context = wanted.context;
    let doors = (context.applier.client.clone(), context.histories.clone());
    let outside = Cluster::new(doors, &wanted.module.name, before).with(coming);
    let namespace = context.release_namespace(wanted.module);
    let release = release(wanted.module, namespace, revision);
    let capabilities = wanted.capabilities.clone();
    let (module, chart, values) = (wanted.module.clone(), chart.clone(), wanted.values.clone());
    let rendered = tokio::task::spawn_blocking(move || {
        let input = (release, capabilities);
        let outside = Arc::new(outside);
        let rendered = render_values(&module, &values, input, &chart, outside.clone());
        // Why nothing is known of what was drawn counts before what follows from it.
        let heard = outside.hear()?;
        Ok((rendered?, heard))
    });
    rendered
        .await
        .map_err(|error| Error::Broken(error.to_string()))?
}

/// What is to be kept once this revision is there.
fn next(
    wanted: &Wanted<'_>,
    before: &History,
    revision: u64,
    (rendered, heard): (&Rendered, &Heard),
) -> History {
    let mut after = before.clone();
    after.revision = revision;
    after.rendered = checksum(rendered);
    after.is_deployed = before.is_deployed && before.is_of(&after);
    after.namespace = wanted.context.release_namespace(wanted.module);
    after.take_drawn(&heard.drawn);
    after.take_hooks(&rendered.hooks);
    after
}

/// Of all objects, and of the hooks.
fn checksum(rendered: &Rendered) -> String {
    let hooks = rendered.hooks.iter().map(|hook| &hook.manifest);
    let objects = rendered.manifests.iter().chain(hooks);
    let texts: Vec<String> = objects
        .map(|manifest| manifest.object.to_string())
        .collect();
    sha256_hex(&texts.join("\n"), 32)
}

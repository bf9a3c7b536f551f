//! A chart rendered as a revision of its module's release.
//!
//! The revision follows from what comes out: as long as that is the same it is the same, so that a
//! chart that shows it comes to rest. A chart that does not speak of it is rendered once.

use std::sync::Arc;

use super::error::Error;
use super::outside::{Cluster, Heard};
use super::rendering::{CompiledChart, Wanted, release, render_values};
use crate::object::sha256_hex;
use crate::release::History;
use crate::render::Rendered;

/// What a chart rendered to.
#[derive(Default)]
pub(super) struct Revised {
    pub(super) rendered: Rendered,
    /// What is to be kept of it.
    pub(super) history: Option<Arc<History>>,
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
    if before.is_none() && asks {
        before = fetch(wanted).await?;
    }
    if wanted.redraws {
        before = Some(forgotten(wanted, before).await?);
    }
    let used = before
        .as_ref()
        .map_or(wanted.known.revision(), |before| before.revision);
    let used = used.max(1);
    let (rendered, heard) = once(wanted, chart, used, before.clone()).await?;
    if before.is_none() {
        before = fetch(wanted).await?;
    }
    let has_to_keep = asks || !rendered.hooks.is_empty() || !heard.drawn.is_empty();
    if before.is_none() && !has_to_keep {
        let looked_up = heard.looked_up;
        return Ok(Revised {
            rendered,
            history: None,
            looked_up,
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
        rendered,
        looked_up: heard.looked_up,
    })
}

async fn fetch(wanted: &Wanted<'_>) -> Result<Option<History>, Error> {
    let fetched = wanted.context.histories.fetch(&wanted.module.name).await;
    fetched.map_err(|source| Error::ReadRelease { source })
}

/// The history without what was drawn.
async fn forgotten(wanted: &Wanted<'_>, before: Option<History>) -> Result<History, Error> {
    let before = match before {
        Some(before) => Some(before),
        None => fetch(wanted).await?,
    };
    let mut before = before.unwrap_or_else(|| History::of_revision(wanted.known.revision()));
    before.forget_drawn();
    Ok(before)
}

/// Renders once, on a thread that may block.
async fn once(
    wanted: &Wanted<'_>,
    chart: &Arc<CompiledChart>,
    revision: u64,
    before: Option<History>,
) -> Result<(Rendered, Heard), Error> {
    let context = wanted.context;
    let doors = (context.applier.client.clone(), context.histories.clone());
    let outside = Cluster::new(doors, &wanted.module.name, before);
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

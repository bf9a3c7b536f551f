//! Long answers to people, made beside the loop.

use serde_json::json;

use crate::serve::{Answer, Refusal};
use crate::task::{self, Context};
use crate::{report, yaml};

/// The manifests of these runs, as one text.
pub(super) async fn render(context: &Context, runs: Vec<task::ModuleRun>) -> Answer {
    let mut text = String::new();
    for run in &runs {
        let rendered = task::prepare_offline(context, run).await;
        let whole = rendered.map_err(|error| Refusal::Failed(report::chain(&error)))?;
        let definitions = whole.rendering.definitions.desired.iter();
        for desired in definitions.chain(&whole.prepared.desired) {
            text.push_str("---\n");
            text.push_str(&yaml::write(&desired.value()));
        }
    }
    Ok(json!(text))
}

/// What these runs would change in the cluster.
pub(super) async fn difference(context: &Context, runs: Vec<task::ModuleRun>) -> Answer {
    let mut all = Vec::new();
    for run in &runs {
        let module = &run.module.name;
        let found = task::difference(context, run).await;
        all.extend(
            found
                .map_err(|error| Refusal::Failed(format!("{module}: {}", report::chain(&error))))?,
        );
    }
    serde_json::to_value(all).map_err(|error| Refusal::Failed(error.to_string()))
}

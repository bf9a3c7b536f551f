//! What a hook asked to change, parsed.
//!
//! In: the text of a file that a hook wrote · Out: [`HookPatch`]: operations on values and flags of
//! modules; [`ObjectOperation`]s on the cluster; metrics; documents with operations applied ·
//! Never: knows layers, schemas, where values come from, or a cluster.

mod apply;
mod document;
mod metric;
mod object;
mod operation;
mod parse;
mod stored;

pub use apply::Refusal;
pub use metric::{MetricOperations, parse_metric_operations};
pub use object::{
    Cascade, Existing, ObjectOperation, ObjectPatch, ObjectTarget, check_json_patch,
    parse_object_operations,
};
pub use operation::{Operation, ValuesPatch, Verb};
pub use parse::{HookPatch, parse};
pub use stored::{Stored, StoredPatches};

use crate::report::Mistakes;

/// Why a patch was not taken.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The text is not a patch, or holds operations that are not allowed; all of them are named.
    #[error("reading the operations of a patch")]
    Parse(#[source] Mistakes),
    /// The text does not hold operations on objects, or wrong ones; all mistakes are named.
    #[error("reading the object patches")]
    ReadObjects(#[source] Mistakes),
    /// The text does not hold metrics, or wrong ones; all mistakes are named.
    #[error("reading the metrics")]
    ReadMetrics(#[source] Mistakes),
    /// An operation does not fit the values it was made for.
    #[error("applying {operation:?}")]
    Apply {
        /// The verb and the path: `add /certManager/internal/ca`.
        operation: String,
        /// What stands in the way.
        #[source]
        cause: Refusal,
    },
}

/// The library's words without the place, which the mistake already has.
fn plain(error: &serde_json::Error) -> String {
    let text = error.to_string();
    match text.rfind(" at line ") {
        Some(end) => text.get(..end).unwrap_or(&text).to_owned(),
        None => text,
    }
}

fn number(value: usize) -> u32 {
    u32::try_from(value).unwrap_or(0)
}

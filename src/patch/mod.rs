//! What a hook asked to change, parsed.
//!
//! In: the text of a hook's patch file · Out: [`HookPatch`]: operations on values and flags of
//! modules; documents with operations applied · Never: knows layers, schemas or where values come
//! from.

mod apply;
mod operation;
mod parse;
mod stored;

pub use apply::Refusal;
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

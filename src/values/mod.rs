//! The values store: layers, schemas, patches → values.
//!
//! In: [`Layer`]s (files and `ConfigMap` sections), schemas, patches of hooks · Out: [`Snapshot`]s,
//! mistakes with their places, and where each leaf came from · Never: reads files or a cluster.
//!
//! One [`Store`] holds the values of one scope: of a module, or the global ones. They are kept
//! without their key: the values of `certManager` are what stands below `certManager`. Paths that
//! people see begin with the key (`certManager.ingress.host`).
//!
//! From lowest to highest: static files, defaults of the config schema for keys that are missing,
//! the `ConfigMap` section, defaults of the values schema for keys that are still missing, what the
//! operator itself adds, patches of hooks. Maps merge; everything else replaces, null too: a key
//! that is set to null stays null and is not filled by a default.

mod checksum;
mod layer;
mod merge;
mod store;

pub use checksum::Checksum;
pub use layer::{Layer, Origin, StaticLayers, flag, static_layers};
pub use merge::merge;
pub use store::{Explained, Snapshot, Store};

use crate::patch;
use crate::report::Mistakes;

/// Why a store did not take a change. Nothing of it was stored.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// An operation of the patch does not fit the values.
    #[error("applying the patch of {by}")]
    ApplyPatch {
        /// Who asked for it.
        by: String,
        /// The operation and what stands in its way.
        #[source]
        source: patch::Error,
    },
    /// The values would not fit their schema.
    #[error("checking the values of {scope} after the patch of {by}")]
    CheckValues {
        /// The key of the values.
        scope: String,
        /// Who asked for it.
        by: String,
        /// All mistakes.
        #[source]
        mistakes: Mistakes,
    },
}

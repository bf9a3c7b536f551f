//! What Helm releases of the original say that a module has in the cluster.
//!
//! In: the Secrets (or `ConfigMap`s) in which Helm keeps its releases · Out: which modules have one,
//! and the objects of its newest deployed revision · Never: writes any of them, and never shows what
//! is inside: values and manifests hold secrets.

mod content;
mod error;
mod listing;

pub use content::Former;
pub use error::Error;
pub use listing::{Listed, Listing, Releases, Store};

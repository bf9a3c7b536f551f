//! Releases: those of Helm that the original left, and the history of our own.
//!
//! In: the Secrets (or `ConfigMap`s) in which Helm keeps its releases · Out: which modules have one,
//! and the objects of its newest deployed revision · Never: writes any of them, and never shows what
//! is inside: values and manifests hold secrets.
//!
//! What cannot be found out from the cluster of a module's own release is its [`History`]: the
//! revision, passwords and keys that its chart drew, the hooks of its deletion. Most modules have
//! nothing of these, and no Secret for it.

mod content;
mod error;
mod histories;
mod history;
mod listing;

pub use content::Former;
pub use error::Error;
pub use histories::Histories;
pub use history::History;
pub use listing::{Listed, Listing, Releases, Store};

//! Kubernetes YAML: read with every value's place, written as `kubectl` writes it.
//!
//! *In:* text · *Out:* values that know their line and column, documents, text · *Never:* touches
//! files, panics, or recurses deeper than [`MAX_DEPTH`].
//!
//! Everything that goes to or comes from a cluster, a chart, a values file, a `ConfigMap` or a hook is
//! read and written here, by the rules of the libraries that Kubernetes and Helm use (go-yaml inside
//! `sigs.k8s.io/yaml`): `0644` is 420, `yes` is true in a manifest, a later key replaces an earlier
//! one. General YAML libraries differ from that in ways that change what reaches the cluster.

mod compose;
mod document;
mod error;
mod explain;
mod node;
mod number;
mod parse;
mod resolve;
mod write;

pub use document::{Document, documents};
pub use error::Error;
pub use node::{Data, Entry, Node, Place};
pub use write::write;

use serde_json::Value;

/// How deep collections may nest in what is read.
///
/// go-yaml stops at 10,000. Every reader of a value recurses over it, on stacks of two megabytes,
/// so the limit is what those can bear; no object of Kubernetes comes near it.
pub const MAX_DEPTH: usize = 500;

/// The longest text that is read, in bytes. An object in a cluster cannot have two megabytes.
pub const MAX_TEXT: usize = 16 << 20;

/// Whose rules a text is read by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Profile {
    /// go-yaml v2: manifests, charts and their values. `yes`, `on` and `y` are booleans, also as keys;
    /// the last of equal keys wins; what follows the first document is not looked at, as in Helm.
    V2,
    /// go-yaml v3: values files of modules, sections of the `ConfigMap`, hook configurations, schemas.
    /// `yes`, `on` and `y` are strings; equal keys, and a second document, are errors.
    V3,
}

/// Reads one document. An empty text is null.
///
/// Anchors and merge keys are resolved. A timestamp stays the text that was written, in both profiles.
///
/// Numbers are what Kubernetes makes of them: an integer that fits 64 signed bits stays exact, `1.0` is
/// the integer 1, anything else is a float.
///
/// # Errors
/// The first thing that is wrong, with its place: YAML allows no safe way to go on after it.
pub fn read(text: &str, profile: Profile) -> Result<Node, Error> {
    compose::compose(parse::parse(text, profile)?, profile)
}

/// Reads one document, without the places of its values.
///
/// # Errors
/// As [`read`].
pub fn read_value(text: &str, profile: Profile) -> Result<Value, Error> {
    read(text, profile).map(Node::into_value)
}

#[cfg(test)]
mod tests;

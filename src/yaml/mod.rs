//! Kubernetes YAML: read with every value's place, written as `kubectl` writes it.
//!
//! *In:* text · *Out:* values that know their line and column, documents, text · *Never:* touches
//! files, panics, or recurses deeper than `MAX_DEPTH`.
//!
//! Everything that goes to or comes from a cluster, a chart, a values file, a `ConfigMap` or a hook is
//! read and written here, by the rules of the libraries that Kubernetes and Helm use (go-yaml inside
//! `sigs.k8s.io/yaml`): `0644` is 420, `yes` is true in a manifest, a later key replaces an earlier
//! one. General YAML libraries differ from that in ways that change what reaches the cluster.

mod document;
mod error;
mod node;
mod number;
mod read;
mod resolve;
mod simple;
mod write;

pub use document::{Document, documents};
pub use error::Error;
pub use node::{Data, Entry, Node, Place};
pub use read::{read, read_value};
pub use simple::{Build, read_simple};
pub use write::{Manner, Outer, Writer, sort_keys, write};

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

#[cfg(test)]
mod tests;

//! How reading a release fails. No message repeats anything of its content.

use crate::cluster;

/// A release that could not be read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The releases could not be listed.
    #[error("listing the Helm releases in namespace {namespace}")]
    List {
        /// The operator's namespace.
        namespace: String,
        /// The cause.
        #[source]
        source: cluster::Error,
    },
    /// The object that holds it could not be fetched.
    #[error("reading the Helm release in {object}")]
    Fetch {
        /// `Secret shop/sh.helm.release.v1.web.v3`.
        object: String,
        /// The cause.
        #[source]
        source: cluster::Error,
    },
    /// It is not what Helm writes.
    #[error("the Helm release in {object} cannot be read: {why}")]
    Content {
        /// `Secret shop/sh.helm.release.v1.web.v3`.
        object: String,
        /// What is wrong with it.
        why: &'static str,
    },
}

impl Error {
    /// Whether waiting alone can make it succeed.
    pub fn is_passing(&self) -> bool {
        match self {
            Self::List { source, .. } | Self::Fetch { source, .. } => source.is_passing(),
            Self::Content { .. } => false,
        }
    }
}

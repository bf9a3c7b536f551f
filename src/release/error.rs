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
    /// What a chart drew once is there and cannot be read.
    #[error(
        "the history of the module's release in {object} cannot be read: {why}; bring it back from a \
         backup, or delete it: then passwords and keys of the chart are drawn anew"
    )]
    History {
        /// `Secret ops/addon-operator.release.web`.
        object: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// The history could not be written or removed.
    #[error("keeping the history of the module's release in {object}")]
    Keep {
        /// `Secret ops/addon-operator.release.web`.
        object: String,
        /// The cause.
        #[source]
        source: cluster::Error,
    },
}

impl Error {
    /// Whether waiting alone can make it succeed.
    pub fn is_passing(&self) -> bool {
        match self {
            Self::List { source, .. } | Self::Fetch { source, .. } | Self::Keep { source, .. } => {
                source.is_passing()
            }
            Self::Content { .. } | Self::History { .. } => false,
        }
    }
}

//! How telling people fails.

use crate::cluster;

/// A deed of this room that failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The definition of `Module` could not be brought into the cluster.
    #[error("installing the definition of Module objects")]
    InstallDefinition {
        /// The cause.
        #[source]
        source: cluster::Error,
    },
    /// The definition is not served in time.
    #[error("waiting for Module objects to be served")]
    AwaitDefinition {
        /// The cause.
        #[source]
        source: crate::apply::Error,
    },
    /// The status of a module could not be written.
    #[error("writing the status of module {module}")]
    WriteStatus {
        /// The module.
        module: String,
        /// The cause.
        #[source]
        source: cluster::Error,
    },
    /// The `Module` object could not be removed.
    #[error("removing the Module object of {module}")]
    RemoveModule {
        /// The module.
        module: String,
        /// The cause.
        #[source]
        source: cluster::Error,
    },
}

impl Error {
    /// Whether it can go away by itself.
    pub fn is_passing(&self) -> bool {
        match self {
            Self::InstallDefinition { source }
            | Self::WriteStatus { source, .. }
            | Self::RemoveModule { source, .. } => source.is_passing(),
            Self::AwaitDefinition { source } => source.is_passing(),
        }
    }
}

//! Why an operation of a hook failed.

use crate::cluster;

/// Why an operation failed. The operation and its object are named by the error around it.
#[derive(Debug, thiserror::Error)]
pub enum Stop {
    /// The API server refused, or could not be asked.
    #[error(transparent)]
    Cluster(#[from] cluster::Error),
}

impl Stop {
    /// Whether waiting alone can make it succeed.
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Cluster(error) => error.is_passing(),
        }
    }
}

//! Why an operation of a hook failed.

use crate::cluster::{self, Refusal};
use crate::jq;

/// Why an operation failed. The operation and its object are named by the error around it.
#[derive(Debug, thiserror::Error)]
pub enum Stop {
    /// The API server refused.
    #[error("{}", .0.message)]
    Refused(Box<Refusal>),
    /// The API server could not be asked.
    #[error(transparent)]
    Cluster(cluster::Error),
    /// The kind lives in namespaces, and none is named.
    #[error("a {kind} lives in a namespace: name it")]
    NoNamespace {
        /// The kind.
        kind: String,
    },
    /// The object is there, and has no such part.
    #[error("the object has no subresource {0}")]
    NoSubresource(String),
    /// The filter cannot be applied to the object.
    #[error("the filter fails")]
    Filter(#[source] jq::Error),
    /// The filter does not give one object.
    #[error("the filter gives {0}, one object is expected")]
    FilterResult(String),
    /// Somebody else changed the object each time in between.
    #[error("the object changed in between {0} times in a row")]
    Contested(u32),
    /// The object was deleted, and does not go.
    #[error("deleted, and still there after {seconds} s{reason}")]
    StillThere {
        /// How long it was waited for.
        seconds: u64,
        /// What holds it: empty, or `; its finalizers are …`.
        reason: String,
    },
}

impl Stop {
    /// Whether waiting alone can make it succeed.
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Cluster(error) => error.is_passing(),
            Self::Refused(refusal) => refusal.code == 429 || refusal.code >= 500,
            Self::Contested(_) | Self::StillThere { .. } => true,
            Self::NoNamespace { .. }
            | Self::NoSubresource(_)
            | Self::Filter(_)
            | Self::FilterResult(_) => false,
        }
    }
}

/// The operation says already what was attempted, so of a refusal the server's sentence is enough.
impl From<cluster::Error> for Stop {
    fn from(error: cluster::Error) -> Self {
        match error {
            cluster::Error::Refused { refusal, .. } => Self::Refused(refusal),
            other => Self::Cluster(other),
        }
    }
}

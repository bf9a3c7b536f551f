//! How bringing an object into the cluster fails. Every message names the object, and where it can,
//! the field and who else owns it.

use super::operate::Stop;
use crate::cluster;
use crate::object::{ObjectRef, Source};

/// A deed of this room that failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Fields of the object belong to others.
    #[error(
        "applying {object}: {fields}; set takeOwnership: true in the module's module.yaml to take \
         it over, or take the field out of {origin}"
    )]
    Conflict {
        /// The object.
        object: ObjectRef,
        /// `.spec.replicas belongs to "kubectl-scale"`, joined.
        fields: String,
        /// Where it is rendered.
        origin: Source,
    },
    /// The object belongs to a Helm release, another module or another `ApplySet`.
    #[error(
        "applying {object}: it belongs to {owner}; remove it there, give the one in {origin} another \
         name, or set takeOwnership: true in the module's module.yaml"
    )]
    Foreign {
        /// The object.
        object: ObjectRef,
        /// Whose it is: `Helm release shop/web`, `module web`, `ApplySet …`.
        owner: String,
        /// Where it is rendered.
        origin: Source,
    },
    /// A field cannot be changed.
    #[error(
        "applying {object}: {field} cannot be changed ({message}); set recreate: true in the \
         module's module.yaml, or annotate the object in {origin} with \
         addon-operator.io/recreate: \"true\", to delete and create it anew"
    )]
    Immutable {
        /// The object.
        object: ObjectRef,
        /// The field.
        field: String,
        /// The server's sentence.
        message: String,
        /// Where it is rendered.
        origin: Source,
    },
    /// The API server refuses the object as it is.
    #[error("applying {object} from {origin}")]
    Refused {
        /// The object.
        object: ObjectRef,
        /// Where it is rendered.
        origin: Source,
        /// What the server said.
        #[source]
        source: cluster::Error,
    },
    /// A definition is not served in time.
    #[error("waiting for {object} to be served: {state}")]
    AwaitDefinition {
        /// The definition.
        object: ObjectRef,
        /// What it said last.
        state: String,
    },
    /// An object could not be removed.
    #[error("removing {object}")]
    Remove {
        /// The object.
        object: ObjectRef,
        /// The cause.
        #[source]
        source: cluster::Error,
    },
    /// Objects that were deleted are still there.
    #[error("waiting for deleted objects to go: {objects}; a finalizer may hold them")]
    AwaitRemoval {
        /// Which, joined.
        objects: String,
    },
    /// An operation that a hook asked for failed; the ones after it were tried all the same.
    #[error("operation {number}: {operation}")]
    Operate {
        /// Its number in the hook's file, from 1.
        number: usize,
        /// The operation and its object: `MergePatch apps/v1 Deployment shop/web`.
        operation: String,
        /// The cause.
        #[source]
        source: Stop,
    },
    /// The `Module` object could not be written.
    #[error("writing the inventory of module {module}")]
    WriteParent {
        /// The module.
        module: String,
        /// The cause.
        #[source]
        source: cluster::Error,
    },
    /// A Helm hook of the chart failed.
    #[error("Helm hook {object} ({event}) from {origin}: {why}")]
    HelmHook {
        /// Its object.
        object: ObjectRef,
        /// Why it ran: `pre-install`.
        event: String,
        /// Where it is rendered.
        origin: Source,
        /// What went wrong.
        why: String,
    },
    /// The kinds that the cluster serves could not be asked for.
    #[error("finding the kinds of the module's objects")]
    FindKinds {
        /// The cause.
        #[source]
        source: cluster::Error,
    },
}

impl Error {
    /// Whether waiting alone can make it succeed.
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Refused { source, .. }
            | Self::Remove { source, .. }
            | Self::WriteParent { source, .. }
            | Self::FindKinds { source } => source.is_passing(),
            Self::Operate { source, .. } => source.is_passing(),
            Self::AwaitDefinition { .. } | Self::AwaitRemoval { .. } | Self::HelmHook { .. } => {
                true
            }
            Self::Conflict { .. } | Self::Foreign { .. } | Self::Immutable { .. } => false,
        }
    }
}

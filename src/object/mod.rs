//! What a cluster holds, as plain values.
//!
//! In: nothing · Out: [`ObjectRef`], [`GroupKind`], [`Manifest`] and the words that mark what is
//! ours · Never: talks to a cluster.

mod digest;
mod live;
mod manifest;
mod ownership;
mod reference;

pub use digest::sha256_hex;
pub use live::{Live, Metadata, OwnedFields, Writer};
pub use manifest::{Manifest, Source};
pub use ownership::{
    APPLIED_HASH, APPLYSET_ADDITIONAL_NAMESPACES, APPLYSET_CONTAINS_GROUP_KINDS, APPLYSET_ID,
    APPLYSET_IS_PARENT_TYPE, APPLYSET_PART_OF, APPLYSET_TOOLING, DECLARED_BY, GROUP,
    HELM_RELEASE_NAME, HELM_RELEASE_NAMESPACE, HELM_RESOURCE_POLICY, MODULE_LABEL, OPERATOR_LABEL,
    RECREATE, WEBHOOKS_LABEL, applyset_id, field_manager, hook_field_manager,
};
pub use reference::{GroupKind, ObjectRef};

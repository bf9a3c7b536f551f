//! Labels, annotations and field managers that mark what is ours.
//!
//! Members of a module carry the `ApplySet` label of Kubernetes (KEP-3659), so `kubectl` knows them
//! too, and two labels of our own: one to watch by, one to read by.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

use crate::name::ModuleName;

/// The API group of the `Module` resource, and the prefix of our labels and annotations.
pub const GROUP: &str = "addon-operator.io";

/// Label on every object that an operator applied; its value is the operator's namespace.
pub const OPERATOR_LABEL: &str = "addon-operator.io/operator";
/// Label on every object that an operator applied; its value is the module's name.
pub const MODULE_LABEL: &str = "addon-operator.io/module";
/// Label on webhook configurations, on definitions whose conversion is ours, and on the Secret of their
/// certificate; its value is the operator's namespace.
pub const WEBHOOKS_LABEL: &str = "addon-operator.io/webhooks";
/// Annotation with the sha256 of what was applied, in hex.
pub const APPLIED_HASH: &str = "addon-operator.io/applied-hash";
/// Annotation with the hook that declares the object, `hooks/x.hook.yaml`; absent from a chart's.
pub const DECLARED_BY: &str = "addon-operator.io/hook";
/// Annotation of a chart's author: `"true"` lets the operator delete and create the object anew when
/// an immutable field changes.
pub const RECREATE: &str = "addon-operator.io/recreate";

/// Label of an `ApplySet` parent: the id that its members carry.
pub const APPLYSET_ID: &str = "applyset.kubernetes.io/id";
/// Label of an `ApplySet` member.
pub const APPLYSET_PART_OF: &str = "applyset.kubernetes.io/part-of";
/// Label of a CRD whose objects may be `ApplySet` parents.
pub const APPLYSET_IS_PARENT_TYPE: &str = "applyset.kubernetes.io/is-parent-type";
/// Annotation of a parent: which program owns the set.
pub const APPLYSET_TOOLING: &str = "applyset.kubernetes.io/tooling";
/// Annotation of a parent: the kinds of its members, `Deployment.apps,Service`.
pub const APPLYSET_CONTAINS_GROUP_KINDS: &str = "applyset.kubernetes.io/contains-group-kinds";
/// Annotation of a parent: namespaces of members other than its own.
pub const APPLYSET_ADDITIONAL_NAMESPACES: &str = "applyset.kubernetes.io/additional-namespaces";

/// Annotation by which Helm knows the objects of a release. We set it as the original did, so that
/// an object of a foreign release is a conflict, and a module can be taken over in both directions.
pub const HELM_RELEASE_NAME: &str = "meta.helm.sh/release-name";
/// The namespace of that release.
pub const HELM_RELEASE_NAMESPACE: &str = "meta.helm.sh/release-namespace";
/// Annotation of a chart's author: `keep` leaves the object in the cluster when it is pruned.
pub const HELM_RESOURCE_POLICY: &str = "helm.sh/resource-policy";

/// The field manager of a module's objects: one per module, so that a conflict names the module.
pub fn field_manager(module: &ModuleName) -> String {
    format!("addon-operator/{module}")
}

/// The field manager of what the hooks of a module (`None`: the global hooks) change by patches of
/// their own: apart from the chart's, so that it is seen who wrote what.
pub fn hook_field_manager(module: Option<&ModuleName>) -> String {
    match module {
        Some(module) => format!("addon-operator/hooks/{module}"),
        None => "addon-operator/hooks".to_owned(),
    }
}

/// The `ApplySet` id of a parent `Module` object, as KEP-3659 computes it.
pub fn applyset_id(name: &ModuleName, namespace: &str) -> String {
    let identity = format!("{name}.{namespace}.Module.{GROUP}");
    format!(
        "applyset-{}-v1",
        URL_SAFE_NO_PAD.encode(Sha256::digest(identity.as_bytes()))
    )
}

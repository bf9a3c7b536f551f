//! The `Module` object as parent of the module's `ApplySet`: the inventory's outer bounds.
//!
//! It says which kinds and namespaces the members have. It is written before the first object and
//! widened before others, and narrowed only after pruning, so that whatever happens in between, no
//! member lies outside of it.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use bytes::Bytes;
use serde_json::{Value, json};

use super::error::Error;
use crate::cluster::{Apply, Client, Resource, Target};
use crate::name::ModuleName;
use crate::object::{
    APPLYSET_ADDITIONAL_NAMESPACES, APPLYSET_CONTAINS_GROUP_KINDS, APPLYSET_ID, APPLYSET_TOOLING,
    GROUP, GroupKind, OPERATOR_LABEL, ObjectRef, applyset_id,
};

/// The resource of `Module` objects.
pub static MODULE_RESOURCE: LazyLock<Resource> =
    LazyLock::new(|| Resource::known(GROUP, "v1alpha1", "Module", "modules", true));

const MANAGER: &str = "addon-operator";
const TOOLING: &str = concat!("addon-operator/v", env!("CARGO_PKG_VERSION"));

/// The bounds of a module's members.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Parent {
    /// The kinds of the members.
    pub kinds: BTreeSet<GroupKind>,
    /// The namespaces of the members.
    pub namespaces: BTreeSet<String>,
}

impl Parent {
    /// The bounds of these objects.
    pub fn of(objects: impl IntoIterator<Item = ObjectRef>) -> Self {
        let mut parent = Self::default();
        for object in objects {
            parent.kinds.insert(object.group_kind());
            parent.namespaces.extend(object.namespace);
        }
        parent
    }

    /// Reads the annotations of a `Module` object; `None` when it is no parent yet.
    pub fn read(module: &Value) -> Option<Self> {
        let annotation = |key: &str| module["metadata"]["annotations"][key].as_str();
        let split = |text: &str| -> BTreeSet<String> {
            text.split(',')
                .filter(|part| !part.is_empty())
                .map(str::to_owned)
                .collect()
        };
        let kinds = split(annotation(APPLYSET_CONTAINS_GROUP_KINDS)?);
        let own = module["metadata"]["namespace"].as_str().unwrap_or_default();
        let mut namespaces = split(annotation(APPLYSET_ADDITIONAL_NAMESPACES).unwrap_or_default());
        namespaces.insert(own.to_owned());
        Some(Self {
            kinds: kinds.iter().map(|kind| GroupKind::parse(kind)).collect(),
            namespaces,
        })
    }

    /// Whether everything within `other` is within these bounds.
    pub fn covers(&self, other: &Self) -> bool {
        other.kinds.is_subset(&self.kinds) && other.namespaces.is_subset(&self.namespaces)
    }

    /// Both bounds together.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        Self {
            kinds: self.kinds.union(&other.kinds).cloned().collect(),
            namespaces: self.namespaces.union(&other.namespaces).cloned().collect(),
        }
    }

    /// Writes the `Module` object with these bounds.
    pub async fn write(
        &self,
        client: &Client,
        module: &ModuleName,
        namespace: &str,
    ) -> Result<(), Error> {
        let target = Target {
            resource: &MODULE_RESOURCE,
            namespace: Some(namespace),
            name: module.as_str(),
        };
        let how = Apply {
            manager: MANAGER,
            force: true,
            dry_run: false,
        };
        let body = Bytes::from(self.document(module, namespace).to_string());
        let applied = client.apply(target, body, how).await;
        applied.map(|_| ()).map_err(|source| Error::WriteParent {
            module: module.to_string(),
            source,
        })
    }

    /// Makes the `Module` object of a module that has nothing yet. One that is there is left as it is: it
    /// has the bounds that a run wrote meanwhile.
    pub async fn make(client: &Client, module: &ModuleName, namespace: &str) -> Result<(), Error> {
        let target = Target {
            resource: &MODULE_RESOURCE,
            namespace: Some(namespace),
            name: module.as_str(),
        };
        let object = Self::default().document(module, namespace);
        match client.create_as(target, &object, MANAGER).await {
            Err(source) if !source.is_conflict() => Err(Error::WriteParent {
                module: module.to_string(),
                source,
            }),
            Ok(_) | Err(_) => Ok(()),
        }
    }

    fn document(&self, module: &ModuleName, namespace: &str) -> Value {
        let join = |parts: Vec<String>| parts.join(",");
        let kinds = join(
            self.kinds
                .iter()
                .map(ToString::to_string)
                .collect::<BTreeSet<_>>()
                .into_iter()
                .collect(),
        );
        let others = self
            .namespaces
            .iter()
            .filter(|name| *name != namespace)
            .cloned()
            .collect();
        json!({
            "apiVersion": MODULE_RESOURCE.api_version(),
            "kind": MODULE_RESOURCE.kind,
            "metadata": {
                "name": module.as_str(),
                "namespace": namespace,
                "labels": {
                    APPLYSET_ID: applyset_id(module, namespace),
                    OPERATOR_LABEL: namespace,
                },
                "annotations": {
                    APPLYSET_TOOLING: TOOLING,
                    APPLYSET_CONTAINS_GROUP_KINDS: kinds,
                    APPLYSET_ADDITIONAL_NAMESPACES: join(others),
                },
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back() {
        let parent = Parent {
            kinds: [
                GroupKind::new("apps", "Deployment"),
                GroupKind::new("", "Service"),
            ]
            .into(),
            namespaces: ["ops".to_owned(), "shop".to_owned()].into(),
        };
        let document = parent.document(&ModuleName::parse("web").unwrap(), "ops");
        assert_eq!(Parent::read(&document), Some(parent));
        let annotations = &document["metadata"]["annotations"];
        assert_eq!(
            annotations[APPLYSET_CONTAINS_GROUP_KINDS],
            "Deployment.apps,Service"
        );
        assert_eq!(annotations[APPLYSET_ADDITIONAL_NAMESPACES], "shop");
    }
}

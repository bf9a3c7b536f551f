//! What the cluster says of one object of ours, read from its metadata alone.
//!
//! The raw bytes of a list item or of a watch event are read once and only what deciding needs is
//! kept: some 300 bytes an object, whatever its size.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::digest::sha256_hex;
use super::ownership::{
    APPLIED_HASH, APPLYSET_PART_OF, DECLARED_BY, HELM_RESOURCE_POLICY, MODULE_LABEL,
};
use super::reference::{GroupKind, ObjectRef};
use crate::name::ModuleName;

/// A hash over the fields that our field manager owns of one object.
///
/// Drift shows here alone: when another writer changes or removes a field that we applied, the field
/// leaves our entry of `managedFields`; when others add fields or status, our entry stays as it was.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct OwnedFields(String);

impl OwnedFields {
    /// The hash of the `fieldsV1` of one entry, as the API server wrote it.
    pub fn of(fields: &str) -> Self {
        Self(sha256_hex(fields, 8))
    }
}

/// An object that carries our labels, as the cluster last told it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Live {
    /// Which object.
    pub reference: ObjectRef,
    /// Its unique id: another one means that it was deleted and made anew.
    pub uid: String,
    /// Its resource version; later states have greater numbers. `None` when it is not a number.
    pub version: Option<u64>,
    /// The module that our label names.
    pub module: Option<String>,
    /// The `ApplySet` it is a member of.
    pub part_of: Option<String>,
    /// The sha256 of what was applied, from our annotation.
    pub applied_hash: Option<String>,
    /// The hook that declares it; `None` for what a chart has.
    pub declared_by: Option<String>,
    /// Whether its chart asks to leave it in the cluster when it is pruned.
    pub keep: bool,
    /// Whether it is being deleted and waits for finalizers.
    pub deleting: bool,
    /// What our field manager owns; `None` when it owns nothing.
    pub fields: Option<OwnedFields>,
}

/// Who wrote which fields of one object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Writer {
    /// The field manager.
    pub manager: String,
    /// Whether the fields were applied (server-side apply) or updated.
    pub applied: bool,
    /// `status` and the like; empty for the object itself.
    pub subresource: String,
    /// The fields, as `fieldsV1` JSON.
    pub fields: String,
}

/// Metadata of any object: what a request that touches one object answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Metadata {
    /// The live object.
    pub live: Live,
    /// All its labels.
    pub labels: BTreeMap<String, String>,
    /// Annotations of owners: ours, Helm's and `ApplySet`'s; others are not kept.
    pub annotations: BTreeMap<String, String>,
    /// Everybody who owns fields of it.
    pub writers: Vec<Writer>,
}

#[derive(Deserialize)]
struct RawObject<'a> {
    #[serde(borrow)]
    metadata: RawMetadata<'a>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawMetadata<'a> {
    #[serde(borrow)]
    name: Cow<'a, str>,
    #[serde(borrow, default)]
    namespace: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    uid: Cow<'a, str>,
    #[serde(borrow, default)]
    resource_version: Cow<'a, str>,
    #[serde(default)]
    deletion_timestamp: Option<&'a RawValue>,
    #[serde(borrow, default)]
    labels: BTreeMap<Cow<'a, str>, Cow<'a, str>>,
    #[serde(borrow, default)]
    annotations: BTreeMap<Cow<'a, str>, Cow<'a, str>>,
    #[serde(borrow, default)]
    managed_fields: Vec<RawEntry<'a>>,
}

#[derive(Deserialize)]
struct RawEntry<'a> {
    #[serde(borrow, default)]
    manager: Cow<'a, str>,
    #[serde(borrow, default)]
    operation: Cow<'a, str>,
    #[serde(borrow, default)]
    subresource: Cow<'a, str>,
    #[serde(borrow, default, rename = "fieldsV1")]
    fields: Option<&'a RawValue>,
}

impl Live {
    /// Reads one object as JSON text; its kind is given, since items of a list do not say it.
    pub fn read(kind: &GroupKind, text: &str) -> Result<Self, serde_json::Error> {
        let raw: RawObject<'_> = serde_json::from_str(text)?;
        Ok(Self::from_raw(kind, &raw.metadata))
    }

    fn from_raw(kind: &GroupKind, raw: &RawMetadata<'_>) -> Self {
        let label = |key: &str| raw.labels.get(key).map(|value| value.clone().into_owned());
        let annotation = |key: &str| {
            raw.annotations
                .get(key)
                .map(|value| value.clone().into_owned())
        };
        let module = label(MODULE_LABEL);
        let manager = module
            .as_deref()
            .and_then(|module| ModuleName::parse(module).ok())
            .map(|module| super::ownership::field_manager(&module));
        let fields = raw
            .managed_fields
            .iter()
            .find(|entry| {
                Some(entry.manager.as_ref()) == manager.as_deref()
                    && entry.operation == "Apply"
                    && entry.subresource.is_empty()
            })
            .and_then(|entry| entry.fields)
            .map(|fields| OwnedFields::of(fields.get()));
        Self {
            reference: ObjectRef {
                group: kind.group.clone(),
                kind: kind.kind.clone(),
                namespace: raw
                    .namespace
                    .clone()
                    .map(Cow::into_owned)
                    .filter(|name| !name.is_empty()),
                name: raw.name.clone().into_owned(),
            },
            uid: raw.uid.clone().into_owned(),
            version: raw.resource_version.parse().ok(),
            module,
            part_of: label(APPLYSET_PART_OF),
            applied_hash: annotation(APPLIED_HASH),
            declared_by: annotation(DECLARED_BY),
            keep: annotation(HELM_RESOURCE_POLICY).as_deref() == Some("keep"),
            deleting: raw
                .deletion_timestamp
                .is_some_and(|time| time.get() != "null"),
            fields,
        }
    }
}

impl Metadata {
    /// Reads the metadata of one object from its JSON text.
    pub fn read(kind: &GroupKind, text: &str) -> Result<Self, serde_json::Error> {
        let raw: RawObject<'_> = serde_json::from_str(text)?;
        let raw = &raw.metadata;
        let owned = |(key, value): (&Cow<'_, str>, &Cow<'_, str>)| {
            (key.clone().into_owned(), value.clone().into_owned())
        };
        Ok(Self {
            live: Live::from_raw(kind, raw),
            labels: raw.labels.iter().map(owned).collect(),
            annotations: raw
                .annotations
                .iter()
                .filter(|(key, _)| is_of_an_owner(key))
                .map(owned)
                .collect(),
            writers: raw
                .managed_fields
                .iter()
                .map(|entry| Writer {
                    manager: entry.manager.clone().into_owned(),
                    applied: entry.operation == "Apply",
                    subresource: entry.subresource.clone().into_owned(),
                    fields: entry
                        .fields
                        .map_or_else(String::new, |fields| fields.get().to_owned()),
                })
                .collect(),
        })
    }
}

fn is_of_an_owner(key: &str) -> bool {
    [
        "addon-operator.io/",
        "meta.helm.sh/",
        "helm.sh/",
        "applyset.kubernetes.io/",
    ]
    .iter()
    .any(|prefix| key.starts_with(prefix))
}

#[cfg(test)]
mod tests {
    use super::*;

    const OBJECT: &str = r#"{"metadata":{"name":"web","namespace":"shop","uid":"u1","resourceVersion":"42",
        "labels":{"addon-operator.io/module":"shop","applyset.kubernetes.io/part-of":"applyset-x-v1"},
        "annotations":{"addon-operator.io/applied-hash":"abc","note":"a \"quoted\" text"},
        "managedFields":[
          {"manager":"kubectl","operation":"Update","fieldsV1":{"f:spec":{}}},
          {"manager":"addon-operator/shop","operation":"Apply","fieldsV1":{"f:data":{"f:a":{}}}},
          {"manager":"addon-operator/shop","operation":"Apply","subresource":"status","fieldsV1":{}}]},
        "spec":{"large":[1,2,3]}}"#;

    #[test]
    fn our_entry_alone_is_hashed() {
        let kind = GroupKind::new("apps", "Deployment");
        let live = Live::read(&kind, OBJECT).unwrap();
        assert_eq!(
            live.fields,
            Some(OwnedFields::of(r#"{"f:data":{"f:a":{}}}"#))
        );
        assert_eq!(
            (live.version, live.deleting, live.keep),
            (Some(42), false, false)
        );
        assert_eq!(live.reference.to_string(), "Deployment shop/web");
        assert_eq!(live.applied_hash.as_deref(), Some("abc"));
    }

    #[test]
    fn metadata_names_every_writer() {
        let metadata = Metadata::read(&GroupKind::new("apps", "Deployment"), OBJECT).unwrap();
        let writers: Vec<_> = metadata
            .writers
            .iter()
            .map(|writer| writer.manager.as_str())
            .collect();
        assert_eq!(
            writers,
            ["kubectl", "addon-operator/shop", "addon-operator/shop"]
        );
        assert!(!metadata.annotations.contains_key("note"));
    }

    #[test]
    fn an_object_of_nobody_is_read_as_well() {
        let live = Live::read(&GroupKind::new("", "Node"), r#"{"metadata":{"name":"n"}}"#).unwrap();
        assert_eq!((live.module, live.fields, live.version), (None, None, None));
    }
}

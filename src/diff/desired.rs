//! A manifest made ready to be applied: its place known, what Helm accepts made fit for server-side
//! apply, marked as ours, hashed.
//!
//! What is done to a manifest before it is hashed, so that the hash stands for what is sent:
//! `stringData` is folded into `data` (a key that is dropped from `stringData` would stay for ever),
//! `status`, `managedFields` and an empty `creationTimestamp` are dropped.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde_json::{Map, Value, json};

use crate::name::ModuleName;
use crate::object::{
    APPLIED_HASH, APPLYSET_PART_OF, HELM_RELEASE_NAME, HELM_RELEASE_NAMESPACE, MODULE_LABEL,
    Manifest, OPERATOR_LABEL, ObjectRef, RECREATE, Source, sha256_hex,
};
use crate::render;
use crate::report::{Mistake, Mistakes};

/// Whose objects these are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owner {
    /// The module.
    pub module: ModuleName,
    /// The namespace of the operator: where the `Module` object is, and the value of our label.
    pub operator_namespace: String,
    /// The namespace of objects that name none.
    pub namespace: String,
    /// The id of the module's `ApplySet`; `None` for the module's `crds/`, which are no members.
    pub applyset: Option<String>,
    /// Labels that every object gets, `heritage=addon-operator`.
    pub extra_labels: BTreeMap<String, String>,
    /// Whether an immutable field may be changed by deleting and creating the object.
    pub recreate: bool,
}

/// What is known of a kind: whether its objects live in namespaces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KnownKind {
    /// Whether its objects live in namespaces.
    pub namespaced: bool,
}

/// One object as it is to be in the cluster.
#[derive(Debug, Clone, PartialEq)]
pub struct Desired {
    /// Which object; its namespace is known.
    pub reference: ObjectRef,
    /// `apps/v1`.
    pub api_version: String,
    /// When it is applied: lower ranks first.
    pub rank: u16,
    /// The object with our labels and annotations, as JSON.
    pub body: Bytes,
    /// sha256 in hex over the object without the hash annotation itself.
    pub hash: String,
    /// Where it came from.
    pub source: Source,
    /// Whether it may be deleted and created anew for an immutable field.
    pub recreate: bool,
}

impl Desired {
    /// The object as a value; null never comes out, since the body was written by us.
    pub fn value(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }
}

/// The objects of a module, sorted by rank and name, and what its author should know.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Prepared {
    /// The objects.
    pub desired: Vec<Desired>,
    /// Things that were mended: the same object twice, equal.
    pub warnings: Vec<String>,
}

/// Makes manifests ready. `kind` answers what is known of `(apiVersion, kind)`.
///
/// Every mistake is reported: the same object twice with different content, a kind that is not
/// known, a value that cannot be encoded.
pub fn prepare(
    manifests: Vec<Manifest>,
    owner: &Owner,
    kind: impl Fn(&str, &str) -> Result<KnownKind, String>,
) -> Result<Prepared, Mistakes> {
    let mut mistakes = Vec::new();
    let mut prepared = Prepared::default();
    let mut seen: BTreeMap<ObjectRef, Desired> = BTreeMap::new();
    for manifest in manifests {
        match prepare_one(manifest, owner, &kind) {
            Ok(desired) => match seen.entry(desired.reference.clone()) {
                Entry::Vacant(place) => {
                    place.insert(desired);
                }
                Entry::Occupied(first) if first.get().hash == desired.hash => {
                    prepared.warnings.push(format!(
                        "{} is rendered twice, equal: in {} and in {}",
                        desired.reference,
                        first.get().source,
                        desired.source
                    ));
                }
                Entry::Occupied(first) => mistakes.push(twice(first.get(), &desired)),
            },
            Err(mistake) => mistakes.push(mistake),
        }
    }
    Mistakes(mistakes).into_result()?;
    prepared.desired = seen.into_values().collect();
    prepared
        .desired
        .sort_by(|left, right| (left.rank, &left.reference).cmp(&(right.rank, &right.reference)));
    Ok(prepared)
}

fn twice(first: &Desired, second: &Desired) -> Mistake {
    Mistake::new(
        &second.source.file,
        format!(
            "{} is rendered twice, and differs from {}",
            second.reference, first.source
        ),
    )
    .at(second.source.line, 0)
    .hint("give one of the two another name, or drop it")
}

/// Makes one manifest ready, as [`prepare`] does with each.
pub fn prepare_one(
    manifest: Manifest,
    owner: &Owner,
    kind: &impl Fn(&str, &str) -> Result<KnownKind, String>,
) -> Result<Desired, Mistake> {
    let source = manifest.source.clone();
    let at = |message: String| Mistake::new(&source.file, message).at(source.line, 0);
    let known = kind(manifest.api_version(), manifest.kind())
        .map_err(|why| at(format!("{}: {why}", manifest.reference())))?;
    let mut reference = manifest.reference();
    reference.namespace = known.namespaced.then(|| {
        reference
            .namespace
            .clone()
            .unwrap_or_else(|| owner.namespace.clone())
    });
    let recreate = owner.recreate || manifest.annotation(RECREATE) == Some("true");
    let api_version = manifest.api_version().to_owned();
    let rank = render::install_rank(manifest.kind());
    let mut object = manifest.object;
    normalize(&mut object, reference.namespace.as_deref())
        .map_err(|why| at(format!("{reference}: {why}")))?;
    let hash = stamp(&mut object, owner).map_err(|why| at(format!("{reference}: {why}")))?;
    let body = Bytes::from(object.to_string());
    Ok(Desired {
        reference,
        api_version,
        rank,
        body,
        hash,
        source,
        recreate,
    })
}

/// Makes what Helm accepts fit for server-side apply.
fn normalize(object: &mut Value, namespace: Option<&str>) -> Result<(), String> {
    let is_secret = object["kind"] == "Secret" && object["apiVersion"] == "v1";
    let Some(root) = object.as_object_mut() else {
        return Err("not a map".to_owned());
    };
    root.remove("status");
    let metadata = root.entry("metadata").or_insert_with(|| json!({}));
    let Some(metadata) = metadata.as_object_mut() else {
        return Err("metadata is not a map".to_owned());
    };
    for key in [
        "managedFields",
        "resourceVersion",
        "uid",
        "generation",
        "selfLink",
    ] {
        metadata.remove(key);
    }
    if metadata
        .get("creationTimestamp")
        .is_some_and(Value::is_null)
    {
        metadata.remove("creationTimestamp");
    }
    match namespace {
        Some(namespace) => metadata.insert("namespace".to_owned(), json!(namespace)),
        None => metadata.remove("namespace"),
    };
    if is_secret {
        fold_string_data(root)
    } else {
        Ok(())
    }
}

/// An object as the server keeps it, as far as that is known beforehand: `stringData` in `data`, and a
/// Secret of a type.
pub fn as_stored(object: &Value) -> Value {
    let mut stored = object.clone();
    if stored["kind"] == "Secret"
        && stored["apiVersion"] == "v1"
        && let Some(secret) = stored.as_object_mut()
    {
        secret.entry("type").or_insert_with(|| json!("Opaque"));
        // What is no text is told when it is prepared.
        let _ = fold_string_data(secret);
    }
    stored
}

fn fold_string_data(secret: &mut Map<String, Value>) -> Result<(), String> {
    let Some(plain) = secret.remove("stringData") else {
        return Ok(());
    };
    let Value::Object(plain) = plain else {
        return if plain.is_null() {
            Ok(())
        } else {
            Err("stringData is not a map".to_owned())
        };
    };
    let data = secret.entry("data").or_insert_with(|| json!({}));
    if data.is_null() {
        *data = json!({});
    }
    let Some(data) = data.as_object_mut() else {
        return Err("data is not a map".to_owned());
    };
    for (key, value) in plain {
        let Value::String(text) = value else {
            return Err(format!("stringData.{key} is not a string; quote it"));
        };
        data.insert(key, json!(STANDARD.encode(text)));
    }
    Ok(())
}

/// Marks an object as ours; answers its hash, which is also written into it.
pub fn stamp(object: &mut Value, owner: &Owner) -> Result<String, String> {
    let labels = map_of(object, "labels")?;
    for (key, value) in &owner.extra_labels {
        labels.insert(key.clone(), json!(value));
    }
    labels.insert(OPERATOR_LABEL.to_owned(), json!(owner.operator_namespace));
    labels.insert(MODULE_LABEL.to_owned(), json!(owner.module.as_str()));
    if let Some(applyset) = &owner.applyset {
        labels.insert(APPLYSET_PART_OF.to_owned(), json!(applyset));
    }
    let annotations = map_of(object, "annotations")?;
    annotations.remove(APPLIED_HASH);
    if owner.applyset.is_some() {
        annotations.insert(HELM_RELEASE_NAME.to_owned(), json!(owner.module.as_str()));
        annotations.insert(
            HELM_RELEASE_NAMESPACE.to_owned(),
            json!(owner.operator_namespace),
        );
    }
    let hash = sha256_hex(&object.to_string(), 32);
    map_of(object, "annotations")?.insert(APPLIED_HASH.to_owned(), json!(hash));
    Ok(hash)
}

fn map_of<'a>(object: &'a mut Value, key: &str) -> Result<&'a mut Map<String, Value>, String> {
    let map = object
        .get_mut("metadata")
        .and_then(Value::as_object_mut)
        .map(|metadata| metadata.entry(key).or_insert_with(|| json!({})));
    let Some(map) = map else {
        return Err("metadata is not a map".to_owned());
    };
    if map.is_null() {
        *map = json!({});
    }
    map.as_object_mut()
        .ok_or_else(|| format!("metadata.{key} is not a map"))
}

/// The kind that a `CustomResourceDefinition` among the manifests defines: a chart may hold a CRD
/// and its instances, and the cluster does not know the kind yet.
pub fn kind_defined_here(
    manifests: &[Manifest],
    api_version: &str,
    kind: &str,
) -> Option<KnownKind> {
    let group = api_version.split_once('/')?.0;
    let definition = manifests.iter().find(|manifest| {
        manifest.kind() == "CustomResourceDefinition"
            && manifest
                .object
                .pointer("/spec/group")
                .and_then(Value::as_str)
                == Some(group)
            && manifest
                .object
                .pointer("/spec/names/kind")
                .and_then(Value::as_str)
                == Some(kind)
    })?;
    Some(KnownKind {
        namespaced: definition
            .object
            .pointer("/spec/scope")
            .and_then(Value::as_str)
            == Some("Namespaced"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owner() -> Owner {
        Owner {
            module: ModuleName::parse("shop").unwrap(),
            operator_namespace: "ops".to_owned(),
            namespace: "ops".to_owned(),
            applyset: Some("applyset-x-v1".to_owned()),
            extra_labels: BTreeMap::from([("heritage".to_owned(), "addon-operator".to_owned())]),
            recreate: false,
        }
    }

    fn manifest(object: Value, line: u32) -> Manifest {
        Manifest {
            object,
            source: Source {
                file: "templates/a.yaml.j2".to_owned(),
                line,
            },
        }
    }

    fn kinds(_: &str, kind: &str) -> Result<KnownKind, String> {
        match kind {
            "Gizmo" => Err("no such kind".to_owned()),
            kind => Ok(KnownKind {
                namespaced: kind != "Namespace",
            }),
        }
    }

    fn secret(extra: &Value) -> Value {
        let mut object = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}});
        object
            .as_object_mut()
            .unwrap()
            .extend(extra.as_object().unwrap().clone());
        object
    }

    #[test]
    fn string_data_is_folded_into_data() {
        let object = secret(
            &json!({"data": {"a": "eA=="}, "stringData": {"a": "y", "b": "z"}, "status": {}}),
        );
        let prepared = prepare(vec![manifest(object, 1)], &owner(), kinds).unwrap();
        let object = prepared.desired[0].value();
        assert_eq!(object["data"], json!({"a": "eQ==", "b": "eg=="}));
        assert!(object.get("stringData").is_none() && object.get("status").is_none());
        assert_eq!(object["metadata"]["namespace"], "ops");
    }

    #[test]
    fn equal_twice_is_a_warning_and_unequal_twice_an_error() {
        let (one, two) = (secret(&json!({"type": "a"})), secret(&json!({"type": "b"})));
        let equal = prepare(
            vec![manifest(one.clone(), 1), manifest(one.clone(), 9)],
            &owner(),
            kinds,
        )
        .unwrap();
        assert_eq!((equal.desired.len(), equal.warnings.len()), (1, 1));
        let unequal =
            prepare(vec![manifest(one, 1), manifest(two, 9)], &owner(), kinds).unwrap_err();
        assert_eq!(
            unequal.to_string(),
            "templates/a.yaml.j2:9: Secret ops/s is rendered twice, and differs from \
             templates/a.yaml.j2 (rendered line 1) (give one of the two another name, or drop it)"
        );
    }

    #[test]
    fn every_mistake_of_a_module_is_told() {
        let gizmo = json!({"apiVersion": "x/v1", "kind": "Gizmo", "metadata": {"name": "g"}});
        let labels = secret(&json!({"metadata": {"name": "s", "labels": "no"}}));
        let mistakes = prepare(
            vec![manifest(gizmo, 1), manifest(labels, 5)],
            &owner(),
            kinds,
        )
        .unwrap_err();
        assert_eq!(mistakes.0.len(), 2);
    }

    #[test]
    fn hash_stands_for_the_content_alone() {
        let object = secret(&json!({}));
        let mut stamped = object.clone();
        stamped["metadata"]["annotations"] = json!({APPLIED_HASH: "old"});
        let hash = |object: Value| {
            prepare(vec![manifest(object, 1)], &owner(), kinds)
                .unwrap()
                .desired[0]
                .hash
                .clone()
        };
        assert_eq!(hash(object.clone()), hash(stamped));
        assert_ne!(hash(object), hash(secret(&json!({"type": "a"}))));
    }

    #[test]
    fn a_kind_defined_in_the_same_chart_is_known() {
        let crd = manifest(
            json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
                   "metadata": {"name": "gizmos.x"},
                   "spec": {"group": "x", "scope": "Cluster", "names": {"kind": "Gizmo"}}}),
            1,
        );
        let known = kind_defined_here(&[crd], "x/v1", "Gizmo");
        assert_eq!(known, Some(KnownKind { namespaced: false }));
    }
}

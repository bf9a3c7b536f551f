//! Objects as the server sends them → what is kept of them. Never a tree of everything: maps are
//! opened at the top and in the metadata, all else stays text.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::value::{RawValue, to_raw_value};

use super::store::{Checksum, Kept, checksum};
use crate::cluster::Resource;
use crate::jq::Filter;
use crate::watch::{Item, Monitor};

/// What is kept of each object of a stream.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct View {
    pub(super) filter: Option<Filter>,
    pub(super) keep_full: bool,
}

impl View {
    pub(super) fn of(monitor: &Monitor) -> Self {
        let keep_full = monitor.keep_full;
        Self {
            filter: monitor.filter.clone(),
            keep_full,
        }
    }

    /// Whether it needs whole objects; metadata alone cost the server and us far less.
    pub(super) fn needs_whole(&self) -> bool {
        let is_wide = |filter: &Filter| !reads_metadata_alone(filter.text());
        self.keep_full || self.filter.as_ref().is_some_and(is_wide)
    }
}

/// Whether a filter surely reads nothing but metadata: one path, or an object of such paths
/// (`.metadata.labels`, `{name: .metadata.name, labels: .metadata.labels}`). All else may read more.
fn reads_metadata_alone(filter: &str) -> bool {
    let filter = filter.trim();
    match filter
        .strip_prefix('{')
        .and_then(|rest| rest.strip_suffix('}'))
    {
        Some(fields) => fields.split(',').all(|field| {
            field
                .split_once(':')
                .is_some_and(|(key, path)| is_word(key) && is_metadata_path(path))
        }),
        None => is_metadata_path(filter),
    }
}

fn is_metadata_path(path: &str) -> bool {
    let rest = path.trim().strip_prefix(".metadata");
    rest.is_some_and(|rest| {
        rest.is_empty()
            || rest
                .strip_prefix('.')
                .is_some_and(|keys| keys.split('.').all(is_word))
    })
}

fn is_word(text: &str) -> bool {
    let text = text.trim();
    text.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && text
            .chars()
            .all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
}

/// Where an object is, and which state of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) namespace: Option<String>,
    pub(super) name: String,
    /// Grows with every change; 0 when the server does not count in numbers.
    pub(super) version: u64,
}

/// One object without its `managedFields`.
#[derive(Debug)]
pub(super) struct Object {
    pub(super) name: Place,
    /// Compact JSON, keys sorted at the top and in the metadata.
    text: String,
}

#[derive(Deserialize)]
struct Headed {
    metadata: Head,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Head {
    #[serde(default)]
    namespace: Option<String>,
    name: String,
    #[serde(default)]
    resource_version: String,
}

impl Place {
    /// Reads an object's place and version, nothing else.
    pub(super) fn read(text: &str) -> Result<Self, serde_json::Error> {
        let Headed { metadata } = serde_json::from_str(text)?;
        Ok(Self {
            namespace: metadata.namespace.filter(|namespace| !namespace.is_empty()),
            name: metadata.name,
            version: metadata.resource_version.parse().unwrap_or_default(),
        })
    }

    /// The key of its place: sorts by namespace, then name, since neither has a NUL in it.
    pub(super) fn key(&self) -> Box<str> {
        let namespace = self.namespace.as_deref().unwrap_or_default();
        format!("{namespace}\0{}", self.name).into_boxed_str()
    }
}

impl Object {
    /// Reads an object. The items of a list do not say what they are, and those of a list of
    /// metadata say something else: the resource does.
    pub(super) fn read(text: &str, resource: &Resource) -> Result<Self, serde_json::Error> {
        let name = Place::read(text)?;
        let mut fields: BTreeMap<String, &RawValue> = serde_json::from_str(text)?;
        let mut metadata: BTreeMap<String, &RawValue> = fields
            .get("metadata")
            .map_or(Ok(BTreeMap::new()), |raw| serde_json::from_str(raw.get()))?;
        metadata.remove("managedFields");
        let metadata = to_raw_value(&metadata)?;
        let api_version = to_raw_value(&resource.api_version())?;
        let kind = to_raw_value(&resource.kind)?;
        fields.insert("metadata".to_owned(), &metadata);
        fields.insert("apiVersion".to_owned(), &api_version);
        fields.insert("kind".to_owned(), &kind);
        let text = serde_json::to_string(&fields)?;
        Ok(Self { name, text })
    }

    /// What a view keeps of it.
    ///
    /// The checksum is that of the filter result, or without a filter that of the object, its
    /// `resourceVersion` included: whoever asks for objects as they are hears of every change.
    pub(super) fn project(&self, view: &View, resource: &Resource) -> Result<Kept, String> {
        let filter_result = match &view.filter {
            Some(filter) => Some(
                filter
                    .project(&self.text)
                    .map_err(|error| error.to_string())?,
            ),
            None => None,
        };
        let checksum: Checksum = checksum(filter_result.as_ref().unwrap_or(&self.text));
        let item = Item {
            api_version: resource.api_version(),
            kind: resource.kind.clone(),
            namespace: self.name.namespace.clone(),
            name: self.name.name.clone(),
            object: view.keep_full.then(|| self.text.as_str().into()),
            filter_result: filter_result.map(String::into_boxed_str),
        };
        Ok(Kept {
            item: item.into(),
            checksum,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pods() -> Resource {
        Resource::known("", "v1", "Pod", "pods", true)
    }

    #[test]
    fn managed_fields_go_and_all_else_stays() {
        let text = r#"{"spec":{"b":1.50,"a":"\u00e4"},"metadata":{"name":"web","namespace":"shop","resourceVersion":"7","managedFields":[{"manager":"x"}],"labels":{"z":"1"}}}"#;
        let object = Object::read(text, &pods()).unwrap();
        assert_eq!(
            object.text,
            r#"{"apiVersion":"v1","kind":"Pod","metadata":{"labels":{"z":"1"},"name":"web","namespace":"shop","resourceVersion":"7"},"spec":{"b":1.50,"a":"\u00e4"}}"#
        );
        assert_eq!((object.name.version, &*object.name.key()), (7, "shop\0web"));
    }

    #[test]
    fn listed_and_watched_objects_read_alike() {
        let listed = r#"{"metadata":{"name":"web"},"spec":{}}"#;
        let watched = r#"{"kind":"PartialObjectMetadata","apiVersion":"meta.k8s.io/v1","metadata":{"name":"web"},"spec":{}}"#;
        let read = |text| Object::read(text, &pods()).unwrap().text;
        assert_eq!(read(listed), read(watched));
    }

    #[test]
    fn metadata_are_enough_only_for_filters_that_surely_read_no_more() {
        for narrow in [
            ".metadata",
            " .metadata.labels ",
            "{name: .metadata.name, labels: .metadata.labels}",
        ] {
            assert!(reads_metadata_alone(narrow), "{narrow}");
        }
        for wide in [
            ".",
            "",
            ".metadatas",
            ".metadata | input",
            ".metadata.labels, .spec",
            "{name: .metadata.name, spec}",
            "{name: .metadata.name, phase: .status.phase}",
            "{a: .metadata.name} + {b: .spec}",
            ".metadata.labels[\"a\"]",
            ".metadata as $x | .spec",
        ] {
            assert!(!reads_metadata_alone(wide), "{wide}");
        }
    }

    #[test]
    fn namespace_comes_before_name() {
        let key = |namespace: &str, name: &str| {
            let (namespace, name) = (Some(namespace.to_owned()), name.to_owned());
            Place {
                namespace,
                name,
                version: 0,
            }
            .key()
        };
        assert!(key("a", "x") < key("a-b", "x"));
    }
}

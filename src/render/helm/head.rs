//! What Helm reads of a document: `apiVersion`, `kind`, and the name and annotations in `metadata`.
//!
//! Helm reads it through JSON into a struct: keys match whatever their case, of two that match the
//! bytewise later one counts, numbers and booleans become strings, null changes nothing.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use crate::yaml::{self, Data, Entry, Node, Profile};

/// The head of a document. A field that is not there is empty.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Head {
    pub(super) api_version: String,
    pub(super) kind: String,
    pub(super) name: String,
    pub(super) annotations: BTreeMap<String, String>,
}

/// The type of `metadata`, as Go tells it.
const METADATA: &str = "struct { Name string \"json:\\\"name\\\"\"; \
                        Annotations map[string]string \"json:\\\"annotations\\\"\" }";

/// Reads the head of a document, and the document whole.
///
/// # Errors
///
/// In Helm's words: what is no YAML, or has the wrong type.
pub(super) fn read(text: &str) -> Result<(Head, Node), String> {
    let node = yaml::read(text, Profile::V2)
        .map_err(|error| format!("error converting YAML to JSON: {}", error.as_go_yaml()))?;
    let mut reader = Reader::default();
    reader.read_root(&node);
    match reader.mistake {
        None => Ok((reader.head, node)),
        Some(mistake) => Err(format!(
            "error unmarshaling JSON: while decoding JSON: json: cannot unmarshal {mistake}"
        )),
    }
}

#[derive(Default)]
struct Reader {
    head: Head,
    /// The first value of a wrong type: Go reads on, and tells it in the end.
    mistake: Option<String>,
}

impl Reader {
    fn read_root(&mut self, node: &Node) {
        let Some(entries) = sorted(node) else {
            if !is_null(node) {
                self.refuse(node, "value of type releaseutil.SimpleHead");
            }
            return;
        };
        for entry in entries {
            let field = "struct field SimpleHead";
            if is_key(entry, "apiVersion") {
                let told = format!("{field}.apiVersion of type string");
                if let Some(text) = self.text(&entry.node, &told) {
                    self.head.api_version = text;
                }
            } else if is_key(entry, "kind") {
                let told = format!("{field}.kind of type string");
                if let Some(text) = self.text(&entry.node, &told) {
                    self.head.kind = text;
                }
            } else if is_key(entry, "metadata") {
                self.read_metadata(&entry.node);
            }
        }
    }

    fn read_metadata(&mut self, node: &Node) {
        let Some(entries) = sorted(node) else {
            if is_null(node) {
                self.head.name.clear();
                self.head.annotations.clear();
            } else {
                let told = format!("struct field SimpleHead.metadata of type {METADATA}");
                self.refuse(node, &told);
            }
            return;
        };
        for entry in entries {
            if is_key(entry, "name") {
                let told = "struct field .metadata.name of type string";
                if let Some(text) = self.text(&entry.node, told) {
                    self.head.name = text;
                }
            } else if is_key(entry, "annotations") {
                self.read_annotations(&entry.node);
            }
        }
    }

    fn read_annotations(&mut self, node: &Node) {
        let field = "struct field .metadata.annotations of type";
        let Some(entries) = sorted(node) else {
            if is_null(node) {
                self.head.annotations.clear();
            } else {
                self.refuse(node, &format!("{field} map[string]string"));
            }
            return;
        };
        for entry in entries {
            let text = self.text(&entry.node, &format!("{field} string"));
            let annotations = &mut self.head.annotations;
            annotations.insert(entry.key.clone(), text.unwrap_or_default());
        }
    }

    /// A string; `None` for null, and for what is none, which is then told.
    fn text(&mut self, node: &Node, told: &str) -> Option<String> {
        match &node.data {
            Data::Scalar(Json::Null) => None,
            Data::Scalar(Json::String(text)) => Some(text.clone()),
            Data::Scalar(scalar) => Some(scalar.to_string()),
            Data::Sequence(_) | Data::Mapping(_) => {
                self.refuse(node, told);
                None
            }
        }
    }

    fn refuse(&mut self, node: &Node, told: &str) {
        let kind = match &node.data {
            Data::Sequence(_) => "array",
            Data::Mapping(_) => "object",
            Data::Scalar(Json::String(_)) => "string",
            Data::Scalar(Json::Bool(_)) => "bool",
            Data::Scalar(_) => "number",
        };
        self.mistake
            .get_or_insert_with(|| format!("{kind} into Go {told}"));
    }
}

fn is_null(node: &Node) -> bool {
    matches!(node.data, Data::Scalar(Json::Null))
}

fn is_key(entry: &Entry, name: &str) -> bool {
    entry.key.eq_ignore_ascii_case(name)
}

/// The entries of a map in the order of their keys, which is that of JSON.
fn sorted(node: &Node) -> Option<Vec<&Entry>> {
    let Data::Mapping(entries) = &node.data else {
        return None;
    };
    let mut entries: Vec<&Entry> = entries.iter().collect();
    entries.sort_by(|one, other| one.key.cmp(&other.key));
    Some(entries)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> Result<String, String> {
        let (head, _) = read(text)?;
        let annotations: Vec<_> = head.annotations.iter().collect();
        let (version, kind, name) = (head.api_version, head.kind, head.name);
        Ok(format!("{version}|{kind}|{name}|{annotations:?}"))
    }

    #[test]
    fn heads_are_read_as_helm_reads_them() {
        for (text, expected) in [
            ("# c", "|||[]"),
            ("a: 1", "|||[]"),
            ("apiVersion: v1\nkind: Pod", "v1|Pod||[]"),
            ("KIND: Secret\nmetadata: {NAME: a}", "|Secret|a|[]"),
            ("kind: A\nKind: B", "|A||[]"),
            ("kind: null\nKind: B", "|B||[]"),
            ("kind: 1\napiVersion: true", "true|1||[]"),
            (
                "metadata: {annotations: {b: 0644, a: null, c: yes}}",
                "|||[(\"a\", \"\"), (\"b\", \"420\"), (\"c\", \"true\")]",
            ),
            ("metadata: null", "|||[]"),
        ] {
            assert_eq!(shown(text).as_deref(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn wrong_types_are_told_in_helms_words() {
        let metadata = METADATA;
        let value = "value of type releaseutil.SimpleHead";
        let field = "struct field SimpleHead";
        let inner = "struct field .metadata.annotations of type";
        for (text, expected) in [
            ("- a", format!("array into Go {value}")),
            ("a", format!("string into Go {value}")),
            ("5", format!("number into Go {value}")),
            ("true", format!("bool into Go {value}")),
            (
                "kind: [a]",
                format!("array into Go {field}.kind of type string"),
            ),
            (
                "kind: [a]\napiVersion: {}",
                format!("object into Go {field}.apiVersion of type string"),
            ),
            (
                "metadata: 5",
                format!("number into Go {field}.metadata of type {metadata}"),
            ),
            (
                "metadata: {annotations: a, name: [a]}",
                format!("string into Go {inner} map[string]string"),
            ),
            (
                "metadata: {annotations: {a: [b]}}",
                format!("array into Go {inner} string"),
            ),
        ] {
            let error = shown(text).unwrap_err();
            let told = error.split("cannot unmarshal ").nth(1);
            assert_eq!(told, Some(&*expected), "{text}");
        }
    }

    #[test]
    fn text_that_is_no_yaml_is_told_in_helms_words() {
        for (text, expected) in [
            (
                "a: b: c",
                "yaml: mapping values are not allowed in this context",
            ),
            ("a: .nan", "json: unsupported value: NaN"),
            ("? [a]\n: 1", "yaml: invalid map key: []interface {}{\"a\"}"),
        ] {
            let error = shown(text).unwrap_err();
            assert_eq!(
                error,
                format!("error converting YAML to JSON: {expected}"),
                "{text}"
            );
        }
    }
}

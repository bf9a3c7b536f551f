//! Fields of `Chart.yaml` as Helm reads them: by the names of Go's structs, whatever their case, and
//! with Go's words when a type does not fit.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::report::Mistake;
use crate::yaml::{Data, Error, Node, Place};

use super::Import;
use crate::chart::tree::Tree;

/// One thing that is wrong with a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::chart) struct Problem {
    place: Place,
    path: String,
    message: String,
    hint: String,
    /// As Helm tells it, behind `cannot load Chart.yaml: `.
    helm: String,
}

impl Problem {
    pub(in crate::chart) fn of_yaml(error: &Error) -> Self {
        Self {
            place: error.place,
            path: String::new(),
            message: error.message().to_owned(),
            hint: error.hint().to_owned(),
            helm: format!("error converting YAML to JSON: {}", error.as_go_yaml()),
        }
    }

    /// A text that is no map, where values are wanted.
    pub(in crate::chart) fn no_map(found: &Tree) -> Self {
        let found = match found {
            Tree::Bool(_) => "bool",
            Tree::Float(_) | Tree::Int64(_) => "number",
            Tree::List(_) => "array",
            _ => "string",
        };
        Self {
            place: Place { line: 1, column: 1 },
            path: String::new(),
            message: "expected keys and values".to_owned(),
            hint: String::new(),
            helm: format!(
                "error unmarshaling JSON: while decoding JSON: json: cannot unmarshal {found} into \
                 Go value of type map[string]interface {{}}"
            ),
        }
    }

    /// A value that does not fit a type of Go.
    pub(in crate::chart) fn not_of_type(node: &Node, go_type: &str) -> Self {
        let found = json_type(node);
        let words = format!("json: cannot unmarshal {found} into Go value of type {go_type}");
        Self::of_words(node, "", &words)
    }

    /// What Go's decoder says about a value.
    pub(in crate::chart) fn of_words(node: &Node, path: &str, words: &str) -> Self {
        Self {
            place: node.place,
            path: path.to_owned(),
            message: words.to_owned(),
            hint: String::new(),
            helm: format!("error unmarshaling JSON: while decoding JSON: {words}"),
        }
    }

    /// The problem in Helm's words.
    pub(in crate::chart) fn helm(&self) -> &str {
        &self.helm
    }

    pub(super) fn mistake(self, file: &str) -> Mistake {
        Mistake::new(file, self.message)
            .at(self.place.line, self.place.column)
            .path(self.path)
            .hint(self.hint)
    }
}

/// Takes fields out of one mapping.
pub(super) struct Decoder<'a> {
    node: &'a Node,
    /// The Go struct that the mapping is read into.
    name: &'static str,
    /// The path to it, with a point behind it.
    path: String,
    problems: Vec<Problem>,
}

impl<'a> Decoder<'a> {
    pub(super) fn new(node: &'a Node, name: &'static str) -> Self {
        Self {
            node,
            name,
            path: String::new(),
            problems: Vec::new(),
        }
    }

    /// What was wrong, the first problem first as Go meets them: by key.
    pub(super) fn finish(mut self) -> Result<(), Vec<Problem>> {
        self.problems
            .sort_by(|one, other| one.path.cmp(&other.path));
        if self.problems.is_empty() {
            Ok(())
        } else {
            Err(self.problems)
        }
    }

    /// Whether there are fields at all. `null` has none and is fine.
    pub(super) fn is_mapping(&mut self, go_type: &str) -> bool {
        match &self.node.data {
            Data::Mapping(_) => true,
            Data::Scalar(Value::Null) => false,
            _ => {
                let found = json_type(self.node);
                let words =
                    format!("json: cannot unmarshal {found} into Go value of type {go_type}");
                self.add(self.node, String::new(), "expected keys and values", &words);
                false
            }
        }
    }

    pub(super) fn text(&mut self, key: &str, into: &mut String) {
        for node in self.find(key) {
            match to_text(node) {
                Some(Some(text)) => *into = text,
                Some(None) => {}
                None => self.refuse(node, key, "a string", "string"),
            }
        }
    }

    pub(super) fn flag(&mut self, key: &str, into: &mut bool) {
        for node in self.find(key) {
            match &node.data {
                Data::Scalar(Value::Bool(truth)) => *into = *truth,
                Data::Scalar(Value::Null) => {}
                _ => self.refuse(node, key, "true or false", "bool"),
            }
        }
    }

    pub(super) fn texts(&mut self, key: &str, into: &mut Vec<String>) {
        for node in self.find(key) {
            let Some(items) = self.items(node, key, "a list of strings", "[]string") else {
                into.clear();
                continue;
            };
            into.clear();
            for item in items {
                match to_text(item) {
                    Some(text) => into.push(text.unwrap_or_default()),
                    None => self.refuse(item, key, "a list of strings", "string"),
                }
            }
        }
    }

    pub(super) fn text_map(&mut self, key: &str, into: &mut BTreeMap<String, String>) {
        for node in self.find(key) {
            let entries = match &node.data {
                Data::Mapping(entries) => entries,
                Data::Scalar(Value::Null) => {
                    into.clear();
                    continue;
                }
                _ => {
                    self.refuse(node, key, "keys with strings", "map[string]string");
                    continue;
                }
            };
            for entry in entries {
                match to_text(&entry.node) {
                    Some(text) => {
                        into.insert(entry.key.clone(), text.unwrap_or_default());
                    }
                    None => self.refuse(&entry.node, key, "keys with strings", "string"),
                }
            }
        }
    }

    /// A list of structs; `None` when the key is not there.
    pub(super) fn structs<T>(
        &mut self,
        key: &str,
        name: &'static str,
        read: impl Fn(&mut Decoder<'_>) -> T,
    ) -> Option<Vec<T>> {
        let mut found = None;
        for node in self.find(key) {
            let go_type = format!("[]*chart.{name}");
            let Some(items) = self.items(node, key, "a list", &go_type) else {
                found = None;
                continue;
            };
            let mut read_items = Vec::new();
            for item in items {
                let mut inner = Decoder {
                    node: item,
                    name,
                    path: format!("{}{key}.", self.path),
                    problems: Vec::new(),
                };
                if matches!(item.data, Data::Mapping(_)) {
                    read_items.push(read(&mut inner));
                } else if matches!(item.data, Data::Scalar(Value::Null)) {
                    self.add_null(item, key);
                } else {
                    self.refuse(item, key, "a list of mappings", &format!("chart.{name}"));
                }
                self.problems.append(&mut inner.problems);
            }
            found = Some(read_items);
        }
        found
    }

    pub(super) fn imports(&mut self, key: &str) -> Vec<Import> {
        let mut imports = Vec::new();
        for node in self.find(key) {
            imports.clear();
            for item in self
                .items(node, key, "a list", "[]interface {}")
                .unwrap_or_default()
            {
                imports.push(match &item.data {
                    Data::Scalar(Value::String(name)) => Import::Exports(name.clone()),
                    Data::Mapping(_) => Import::Path {
                        child: printed(item, "child"),
                        parent: printed(item, "parent"),
                    },
                    _ => Import::Other,
                });
            }
        }
        imports
    }

    fn items(
        &mut self,
        node: &'a Node,
        key: &str,
        expected: &str,
        go_type: &str,
    ) -> Option<&'a [Node]> {
        match &node.data {
            Data::Sequence(items) => Some(items),
            Data::Scalar(Value::Null) => None,
            _ => {
                self.refuse(node, key, expected, go_type);
                None
            }
        }
    }

    /// The values of all keys that mean this field, the one that counts last.
    fn find(&self, key: &str) -> Vec<&'a Node> {
        let Data::Mapping(entries) = &self.node.data else {
            return Vec::new();
        };
        let mut found: Vec<_> = entries
            .iter()
            .filter(|entry| entry.key.eq_ignore_ascii_case(key))
            .collect();
        found.sort_by(|one, other| one.key.cmp(&other.key));
        found.into_iter().map(|entry| &entry.node).collect()
    }

    fn refuse(&mut self, node: &Node, key: &str, expected: &str, go_type: &str) {
        let (name, path) = (self.name, format!("{}{key}", self.path));
        let words = format!(
            "json: cannot unmarshal {} into Go struct field {name}.{path} of type {go_type}",
            json_type(node)
        );
        self.add(node, path, &format!("expected {expected}"), &words);
    }

    fn add_null(&mut self, node: &Node, key: &str) {
        let path = format!("{}{key}", self.path);
        self.problems.push(Problem {
            place: node.place,
            path,
            message: "expected a mapping".to_owned(),
            hint: String::new(),
            helm: format!("validation: {key} must not contain empty or null nodes"),
        });
    }

    fn add(&mut self, node: &Node, path: String, message: &str, words: &str) {
        self.problems.push(Problem {
            place: node.place,
            path,
            message: message.to_owned(),
            hint: String::new(),
            helm: format!("error unmarshaling JSON: while decoding JSON: {words}"),
        });
    }
}

/// A scalar as text: `version: 1.10` is the number 1.1 and becomes `1.1`. `Some(None)` for null,
/// `None` for what is no scalar.
#[expect(clippy::option_option, reason = "null leaves a field as it was")]
fn to_text(node: &Node) -> Option<Option<String>> {
    match &node.data {
        Data::Scalar(Value::String(text)) => Some(Some(text.clone())),
        Data::Scalar(Value::Null) => Some(None),
        Data::Scalar(Value::Number(number)) if number.is_f64() => {
            Some(Some(short_float(number.as_f64().unwrap_or_default())))
        }
        Data::Scalar(value) => Some(Some(value.to_string())),
        Data::Sequence(_) | Data::Mapping(_) => None,
    }
}

/// A number as Go prints it with 32 bits: `1.1`, `1.2345679e+08`.
fn short_float(number: f64) -> String {
    #[expect(clippy::cast_possible_truncation, reason = "that is what is asked for")]
    let written = format!("{:e}", number as f32);
    let (digits, exponent) = written.split_once('e').unwrap_or((&written, "0"));
    let power: i32 = exponent.parse().unwrap_or_default();
    if !(-4..6).contains(&power) {
        let sign = if power < 0 { '-' } else { '+' };
        return format!("{digits}e{sign}{:02}", power.abs());
    }
    #[expect(clippy::cast_possible_truncation, reason = "that is what is asked for")]
    let plain = (number as f32).to_string();
    plain
}

/// A field of a mapping as Go's `%v` prints it.
fn printed(node: &Node, key: &str) -> String {
    match node.entry(key).map(|entry| &entry.node.data) {
        Some(Data::Scalar(Value::String(text))) => text.clone(),
        None | Some(Data::Scalar(Value::Null)) => "<nil>".to_owned(),
        Some(Data::Scalar(value)) => value.to_string(),
        Some(Data::Sequence(_) | Data::Mapping(_)) => String::new(),
    }
}

/// What Go calls a value of JSON.
fn json_type(node: &Node) -> &'static str {
    match &node.data {
        Data::Scalar(Value::Bool(_)) => "bool",
        Data::Scalar(Value::Number(_)) => "number",
        Data::Scalar(_) => "string",
        Data::Sequence(_) => "array",
        Data::Mapping(_) => "object",
    }
}

//! Takes typed values out of a document and collects every mistake on the way. Pure.

use std::time::Duration;

use serde_json::Value;

use crate::report::{Mistake, nearest};
use crate::yaml::{Data, Entry, Node, Place};

/// Reads one document of one file. Each question answers with a default where the document is wrong,
/// and remembers the mistake.
pub(super) struct Reader<'a> {
    file: &'a str,
    pub(super) mistakes: Vec<Mistake>,
}

/// A mapping whose keys are known.
pub(super) struct Section<'a> {
    path: String,
    entries: &'a [Entry],
}

impl<'a> Section<'a> {
    /// The path of one of its keys, as people write it.
    pub(super) fn path_of(&self, key: &str) -> String {
        if self.path.is_empty() {
            key.to_owned()
        } else {
            format!("{}.{key}", self.path)
        }
    }

    /// The place of the value of a key; unknown when the key is absent.
    pub(super) fn place_of(&self, key: &str) -> Place {
        self.node(key).map(|node| node.place).unwrap_or_default()
    }

    /// The value of a key; an empty one (`key:`) counts as absent.
    fn node(&self, key: &str) -> Option<&'a Node> {
        self.entries
            .iter()
            .find(|entry| entry.key == key)
            .map(|entry| &entry.node)
            .filter(|node| !matches!(node.data, Data::Scalar(Value::Null)))
    }
}

impl<'a> Reader<'a> {
    pub(super) fn new(file: &'a str) -> Self {
        Self {
            file,
            mistakes: Vec::new(),
        }
    }

    pub(super) fn mistake(&mut self, place: Place, path: String, message: String, hint: String) {
        self.mistakes.push(
            Mistake::new(self.file, message)
                .at(place.line, place.column)
                .path(path)
                .hint(hint),
        );
    }

    /// A mapping that has no keys but `known`; an empty document is an empty mapping.
    pub(super) fn section<'n>(
        &mut self,
        path: String,
        node: &'n Node,
        known: &[&str],
    ) -> Option<Section<'n>> {
        let entries: &[Entry] = match &node.data {
            Data::Mapping(entries) => entries,
            Data::Scalar(Value::Null) => &[],
            other => {
                self.expected("a map", other, node.place, path);
                return None;
            }
        };
        let section = Section { path, entries };
        for entry in entries {
            if !known.contains(&entry.key.as_str()) {
                let hint = match nearest(&entry.key, known.iter().copied()) {
                    Some(meant) => format!("did you mean {meant}?"),
                    None => format!("known are {}", known.join(", ")),
                };
                let message = format!("unknown key {:?}", entry.key);
                self.mistake(entry.place, section.path_of(&entry.key), message, hint);
            }
        }
        Some(section)
    }

    pub(super) fn child<'n>(
        &mut self,
        section: &Section<'n>,
        key: &str,
        known: &[&str],
    ) -> Option<Section<'n>> {
        let node = section.node(key)?;
        self.section(section.path_of(key), node, known)
    }

    /// The elements of a list, each with its path.
    pub(super) fn list<'n>(&mut self, section: &Section<'n>, key: &str) -> Vec<(String, &'n Node)> {
        let Some(node) = section.node(key) else {
            return Vec::new();
        };
        let path = section.path_of(key);
        if let Data::Sequence(nodes) = &node.data {
            let indexed = nodes.iter().enumerate();
            return indexed
                .map(|(index, node)| (format!("{path}[{index}]"), node))
                .collect();
        }
        self.expected("a list", &node.data, node.place, path);
        Vec::new()
    }

    pub(super) fn text(&mut self, section: &Section<'_>, key: &str) -> Option<String> {
        let node = section.node(key)?;
        self.text_of(section.path_of(key), node)
    }

    /// A text that must be there; `place` is of the mapping, for when it is not.
    pub(super) fn required_text(
        &mut self,
        section: &Section<'_>,
        key: &str,
        place: Place,
    ) -> Option<String> {
        if section.node(key).is_none() {
            let message = "expected a text, got nothing".to_owned();
            self.mistake(place, section.path_of(key), message, String::new());
            return None;
        }
        self.text(section, key)
    }

    pub(super) fn text_of(&mut self, path: String, node: &Node) -> Option<String> {
        if let Data::Scalar(Value::String(text)) = &node.data {
            if !text.trim().is_empty() {
                return Some(text.clone());
            }
            let message = "expected a text, got an empty one".to_owned();
            self.mistake(node.place, path, message, String::new());
            return None;
        }
        self.expected("a text", &node.data, node.place, path);
        None
    }

    pub(super) fn flag(&mut self, section: &Section<'_>, key: &str) -> bool {
        let Some(node) = section.node(key) else {
            return false;
        };
        if let Data::Scalar(Value::Bool(flag)) = &node.data {
            return *flag;
        }
        self.expected(
            "true or false",
            &node.data,
            node.place,
            section.path_of(key),
        );
        false
    }

    /// One of a few words; the default when the key is absent or wrong.
    pub(super) fn choice<T: Copy + Default>(
        &mut self,
        section: &Section<'_>,
        key: &str,
        choices: &[(&str, T)],
    ) -> T {
        let Some(node) = section.node(key) else {
            return T::default();
        };
        let words: Vec<&str> = choices.iter().map(|(word, _)| *word).collect();
        if let Data::Scalar(Value::String(text)) = &node.data {
            if let Some((_, chosen)) = choices.iter().find(|(word, _)| word == text) {
                return *chosen;
            }
            let hint = nearest(text, words.iter().copied())
                .map_or_else(String::new, |meant| format!("did you mean {meant}?"));
            let message = format!("expected {}, got {text:?}", words.join(" or "));
            self.mistake(node.place, section.path_of(key), message, hint);
        } else {
            self.expected(
                &words.join(" or "),
                &node.data,
                node.place,
                section.path_of(key),
            );
        }
        T::default()
    }

    /// A duration as Go writes it (`30s`, `1h30m`), more than nothing.
    pub(super) fn duration(&mut self, section: &Section<'_>, key: &str) -> Option<Duration> {
        let node = section.node(key)?;
        let hint = || "write a number with its unit: 500ms, 30s, 5m, 1h30m".to_owned();
        let path = section.path_of(key);
        let Data::Scalar(Value::String(text)) = &node.data else {
            self.expected("a duration", &node.data, node.place, path);
            if let Some(mistake) = self.mistakes.last_mut() {
                mistake.hint = hint();
            }
            return None;
        };
        let duration = text
            .parse::<jiff::SignedDuration>()
            .ok()
            .and_then(|signed| Duration::try_from(signed).ok())
            .filter(|duration| !duration.is_zero());
        if duration.is_none() {
            let message = format!("expected a duration of more than 0s, got {text:?}");
            self.mistake(node.place, path, message, hint());
        }
        duration
    }

    fn expected(&mut self, what: &str, got: &Data, place: Place, path: String) {
        let message = format!("expected {what}, got {}", kind(got));
        self.mistake(place, path, message, String::new());
    }
}

/// What a value is, for people.
fn kind(data: &Data) -> &'static str {
    match data {
        Data::Sequence(_) | Data::Scalar(Value::Array(_)) => "a list",
        Data::Mapping(_) | Data::Scalar(Value::Object(_)) => "a map",
        Data::Scalar(Value::Null) => "nothing",
        Data::Scalar(Value::Bool(_)) => "true or false",
        Data::Scalar(Value::Number(_)) => "a number",
        Data::Scalar(Value::String(_)) => "a text",
    }
}

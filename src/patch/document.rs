//! The documents of a file that a hook wrote, which can say where a value of theirs stands.
//!
//! Values are read fast and without places; a place is looked up when there is a mistake to tell,
//! in the text that the value came from.

use std::cell::OnceCell;

use serde_json::Value;

use crate::report::Mistake;
use crate::yaml::{self, Node, Place, Profile};

/// One document.
pub(super) struct Document<'a> {
    /// Its number in the file, from 1.
    pub(super) number: usize,
    /// What it holds.
    pub(super) value: Value,
    text: &'a str,
    /// Where its text begins in the file.
    start: Place,
    /// The same with places, read when the first mistake is told; `None` for the few texts of JSON
    /// that are not YAML.
    placed: OnceCell<Option<Node>>,
}

impl<'a> Document<'a> {
    fn new(number: usize, value: Value, text: &'a str, start: Place) -> Self {
        let placed = OnceCell::new();
        Self {
            number,
            value,
            text,
            start,
            placed,
        }
    }

    /// The place in the file of the value at a path of keys and indexes or, where there is none, of
    /// the deepest value on the way.
    pub(super) fn place(&self, pointer: &[String]) -> Place {
        let steps: Vec<&str> = pointer.iter().map(String::as_str).collect();
        let read = || yaml::read(self.text, Profile::V2).ok();
        let found = self.placed.get_or_init(read).as_ref();
        let place = found.map_or(Place { line: 1, column: 1 }, |node| {
            node.nearest_place(&steps)
        });
        let column = if place.line == 1 {
            self.start.column - 1
        } else {
            0
        };
        Place {
            line: self.start.line + place.line - 1,
            column: column + place.column,
        }
    }
}

/// What a file holds, and where it cannot be read.
pub(super) struct Documents<'a> {
    pub(super) found: Vec<Document<'a>>,
    pub(super) mistakes: Vec<Mistake>,
}

impl Documents<'_> {
    /// Every entry with its document and its path there: a document is one, or a list of them. A
    /// document of comments, or the word null, is none.
    pub(super) fn each(&self, mut take: impl FnMut(&Document<'_>, Vec<String>, &Value)) {
        for document in &self.found {
            match &document.value {
                Value::Array(items) => {
                    for (index, item) in items.iter().enumerate() {
                        take(document, vec![index.to_string()], item);
                    }
                }
                Value::Null => {}
                item => take(document, Vec::new(), item),
            }
        }
    }
}

/// Reads a stream of JSON values, up to the first that is none.
pub(super) fn read_json(text: &str) -> Documents<'_> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let (mut found, mut mistakes) = (Vec::new(), Vec::new());
    let mut stream = serde_json::Deserializer::from_str(text).into_iter::<Value>();
    let (mut start, mut from) = (Place { line: 1, column: 1 }, 0);
    loop {
        let after_blanks = text.get(from..).map_or(0, |rest| {
            rest.len() - rest.trim_start_matches([' ', '\t', '\r', '\n']).len()
        });
        start = beyond(
            start,
            text.get(from..from + after_blanks).unwrap_or_default(),
        );
        from += after_blanks;
        let number = found.len() + 1;
        match stream.next() {
            None => break,
            Some(Ok(value)) => {
                let end = stream.byte_offset();
                let text = text.get(from..end).unwrap_or_default();
                found.push(Document::new(number, value, text, start));
                start = beyond(start, text);
                from = end;
            }
            Some(Err(error)) => {
                let message = format!("document {number}: not JSON: {}", super::plain(&error));
                let (line, column) = (super::number(error.line()), super::number(error.column()));
                mistakes.push(Mistake::new("", message).at(line, column));
                break;
            }
        }
    }
    Documents { found, mistakes }
}

/// Reads a stream of JSON values or, when it is none, YAML documents by the rules of go-yaml v3.
/// A text that is neither is told as what it looks like.
pub(super) fn read_json_or_yaml(text: &str) -> Documents<'_> {
    let json = read_json(text);
    if json.mistakes.is_empty() {
        return json;
    }
    let yaml = read_yaml(text);
    let is_yaml = yaml.mistakes.is_empty() || !text.trim_start().starts_with(['{', '[']);
    if is_yaml { yaml } else { json }
}

fn read_yaml(text: &str) -> Documents<'_> {
    let (mut found, mut mistakes) = (Vec::new(), Vec::new());
    for (number, document) in (1..).zip(yaml::documents(text)) {
        match yaml::read_value(document.text, Profile::V3) {
            Ok(value) => {
                let start = Place {
                    line: document.line,
                    column: 1,
                };
                found.push(Document::new(number, value, document.text, start));
            }
            Err(error) => {
                let mut mistake = error.to_mistake("");
                mistake.line = document.line + mistake.line.max(1) - 1;
                mistake.message = format!("document {number}: not YAML: {}", mistake.message);
                mistakes.push(mistake);
            }
        }
    }
    Documents { found, mistakes }
}

/// The place behind a text that begins at a place.
fn beyond(start: Place, text: &str) -> Place {
    let last = text.rsplit('\n').next().unwrap_or_default();
    let columns = super::number(last.chars().count());
    let lines = super::number(text.matches('\n').count());
    if lines == 0 {
        Place {
            line: start.line,
            column: start.column + columns,
        }
    } else {
        Place {
            line: start.line + lines,
            column: 1 + columns,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Number, place and text of each document, then the mistakes.
    fn read(text: &str) -> Vec<String> {
        let documents = read_json_or_yaml(text);
        let row = |document: &Document<'_>| {
            let Place { line, column } = document.place(&["a".to_owned()]);
            format!("{} {line}:{column} {}", document.number, document.value)
        };
        let mistakes = documents.mistakes.iter().map(ToString::to_string);
        documents.found.iter().map(row).chain(mistakes).collect()
    }

    #[test]
    fn values_know_their_place_in_either_form() {
        for (text, expected) in [
            ("", &[][..]),
            (
                "{\"a\":1}{\"a\":2}\n\n {\n \"a\":\n 3}",
                &["1 1:6 {\"a\":1}", "2 1:13 {\"a\":2}", "3 5:2 {\"a\":3}"],
            ),
            (
                "a: 1\n---\n# c\n---\n\na:\n  b: 2\n",
                &["1 1:4 {\"a\":1}", "2 7:3 {\"a\":{\"b\":2}}"],
            ),
            (
                "{a: on}\n---\n{\"a\": 0x10,}\n",
                &["1 1:5 {\"a\":\"on\"}", "2 3:7 {\"a\":16}"],
            ),
            ("null 1", &["1 1:1 null", "2 1:6 1"]),
            (
                "{\"b\": 1}\n{\"a\": }",
                &[
                    "1 1:1 {\"b\":1}",
                    "line 2: document 2: not JSON: expected value",
                ],
            ),
            (
                "a: 1\n---\nb\n---\na: [\n---\nc: *x",
                &[
                    "1 1:4 {\"a\":1}",
                    "2 3:1 \"b\"",
                    "line 6: document 3: not YAML: ",
                    "line 7: document 4: not YAML: the alias `*x` has no anchor `&x` before it (quote a text that begins with `*`)",
                ],
            ),
        ] {
            let read = read(text);
            assert_eq!(read.len(), expected.len(), "{read:#?}");
            for (found, expected) in read.iter().zip(expected) {
                assert!(found.starts_with(expected), "{found} is not {expected}");
            }
        }
    }
}

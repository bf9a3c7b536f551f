//! What is wrong with a text, in plain words.

use std::fmt;

use libyaml_safer::{Error as ParserError, ErrorKind};
use serde_json::Value;

use crate::report::Mistake;

use super::read::{Words, explain};
use super::{MAX_DEPTH, MAX_TEXT, Place, number};

/// Why a text cannot be read.
///
/// The text form is `line 3, column 5: what is wrong; what to do`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    /// Where; line 0 when it is about the whole text.
    pub place: Place,
    message: String,
    hint: String,
    original: String,
}

impl Error {
    /// What is wrong, without place and hint.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// What to do about it; may be empty.
    pub fn hint(&self) -> &str {
        &self.hint
    }

    /// The same error in the words of go-yaml, for what must print as Helm prints it:
    /// `yaml: line 4: mapping values are not allowed in this context`.
    pub fn as_go_yaml(&self) -> &str {
        &self.original
    }

    /// The error as a mistake in a file.
    pub fn to_mistake(&self, file: &str) -> Mistake {
        Mistake::new(file, self.message.clone())
            .at(self.place.line, self.place.column)
            .hint(self.hint.clone())
    }
}

/// Errors of the parser, and of the reader's own limits.
impl Error {
    pub(super) fn from_parser(error: &ParserError, text: &str) -> Self {
        let Words {
            place,
            message,
            hint,
        } = explain(error, text);
        Self {
            place,
            message,
            hint,
            original: in_go_words(error, text),
        }
    }

    pub(super) fn too_long() -> Self {
        Self::new(
            Place::default(),
            format!("the text is longer than {MAX_TEXT} bytes"),
            "",
        )
    }

    pub(super) fn too_deep(place: Place) -> Self {
        Self::new(
            place,
            format!("values nest deeper than {MAX_DEPTH} levels"),
            "",
        )
        .original(format!("yaml: exceeded max depth of {MAX_DEPTH}"))
    }

    /// The parser panicked: a text that nobody has met yet.
    pub(super) fn gave_up() -> Self {
        Self::new(
            Place::default(),
            "the parser gave up on this text".to_owned(),
            "please report it",
        )
    }

    pub(super) fn tag_before_comma(place: Place) -> Self {
        Self::new(
            place,
            "a comma stands right behind a tag".to_owned(),
            "put a blank between them, or quote a text that begins with `!`",
        )
        .original("yaml: did not find expected whitespace or line break")
    }

    pub(super) fn version(place: Place) -> Self {
        Self::new(
            place,
            "only YAML 1.1 is understood".to_owned(),
            "leave the `%YAML` line out",
        )
        .original("yaml: found incompatible YAML document")
    }

    pub(super) fn second_document(place: Place) -> Self {
        Self::new(
            place,
            "a second document begins here, where one is expected".to_owned(),
            "remove the line `---` before it",
        )
    }
}

/// Errors of what the text means.
impl Error {
    pub(super) fn unknown_anchor(place: Place, name: &str) -> Self {
        Self::new(
            place,
            format!("the alias `*{name}` has no anchor `&{name}` before it"),
            "quote a text that begins with `*`",
        )
        .original(format!("yaml: unknown anchor '{name}' referenced"))
    }

    pub(super) fn contains_itself(place: Place, name: &str) -> Self {
        Self::new(place, format!("the anchor `&{name}` contains itself"), "")
            .original(format!("yaml: anchor '{name}' value contains itself"))
    }

    pub(super) fn too_many_aliases(place: Place) -> Self {
        Self::new(
            place,
            "aliases make this text too large".to_owned(),
            "write the values out",
        )
        .original("yaml: document contains excessive aliasing")
    }

    pub(super) fn merge(place: Place) -> Self {
        Self::new(
            place,
            "`<<` takes a mapping or a list of mappings".to_owned(),
            "",
        )
        .original("yaml: map merge requires map or sequence of maps as the value")
    }

    pub(super) fn mismatch(place: Place, original: &str) -> Self {
        Self::new(place, original.to_owned(), "").original(format!("yaml: {original}"))
    }

    pub(super) fn not_finite(place: Place, printed: &str) -> Self {
        Self::new(
            place,
            "Kubernetes has no infinite numbers and no `.nan`".to_owned(),
            "quote it if it is a text",
        )
        .original(format!("json: unsupported value: {printed}"))
    }

    pub(super) fn null_key(place: Place, value: &Value) -> Self {
        Self::new(
            place,
            "a key cannot be null".to_owned(),
            "quote it if it is a text",
        )
        .original(format!(
            "unsupported map key of type: %!s(<nil>), key: <nil>, value: {}",
            go_syntax(value)
        ))
    }

    pub(super) fn large_key(place: Place, key: u64, value: &Value) -> Self {
        Self::new(
            place,
            "a number this large cannot be a key".to_owned(),
            "quote it",
        )
        .original(format!(
            "unsupported map key of type: uint64, key: {key:#x}, value: {}",
            go_syntax(value)
        ))
    }

    /// A list or a mapping as key; `is_template` when the text has `{{` there.
    pub(super) fn collection_key(place: Place, is_template: bool, key: &Value) -> Self {
        let hint = if is_template {
            "quote a value that begins with `{{`"
        } else {
            "a key must be a text; quote a value that begins with `{` or `[`"
        };
        Self::new(
            place,
            "a list or a mapping cannot be a key".to_owned(),
            hint,
        )
        .original(format!("yaml: invalid map key: {}", go_syntax(key)))
    }

    pub(super) fn duplicate_key(place: Place, key: &str, first: Place) -> Self {
        Self::new(
            place,
            format!("the key `{key}` is already set at line {}", first.line),
            "keep one of the two",
        )
        .original(format!(
            "yaml: unmarshal errors:\n  line {}: mapping key {key:?} already defined at line {}",
            place.line, first.line
        ))
    }

    fn new(place: Place, message: String, hint: &str) -> Self {
        Self {
            place,
            original: format!("yaml: {message}"),
            message,
            hint: hint.to_owned(),
        }
    }

    fn original(mut self, original: impl Into<String>) -> Self {
        self.original = original.into();
        self
    }
}

/// A value in Go's syntax, as its errors print it.
fn go_syntax(value: &Value) -> String {
    let nested = |value: &Value| match value {
        Value::Null => "interface {}(nil)".to_owned(),
        value => go_syntax(value),
    };
    match value {
        Value::Null => "<nil>".to_owned(),
        Value::Bool(truth) => truth.to_string(),
        Value::Number(number) => number::to_yaml(number),
        Value::String(text) => format!("{text:?}"),
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(nested).collect();
            format!("[]interface {{}}{{{}}}", items.join(", "))
        }
        Value::Object(entries) => {
            let entries: Vec<String> = entries
                .iter()
                .map(|(key, value)| format!("{key:?}:{}", nested(value)))
                .collect();
            format!(
                "map[interface {{}}]interface {{}}{{{}}}",
                entries.join(", ")
            )
        }
    }
}

/// go-yaml counts lines from 0 and adds one for errors of its scanner only.
fn in_go_words(error: &ParserError, text: &str) -> String {
    let problem = error.problem();
    let at = error.problem_mark().map_or(0, |mark| {
        // The line break that was added at the end is not there for go-yaml.
        let is_added =
            problem == "found unexpected end of stream" && mark.index > text.len() as u64;
        mark.line.saturating_sub(u64::from(is_added))
    });
    let line = if at == 0 {
        error.context_mark().map_or(0, |mark| mark.line)
    } else if error.kind() == ErrorKind::Scanner {
        at + 1
    } else {
        at
    };
    if line == 0 {
        format!("yaml: {problem}")
    } else {
        format!("yaml: line {line}: {problem}")
    }
}

impl fmt::Display for Error {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.place.line > 0 {
            write!(
                out,
                "line {}, column {}: ",
                self.place.line, self.place.column
            )?;
        }
        out.write_str(&self.message)?;
        if !self.hint.is_empty() {
            write!(out, "; {}", self.hint)?;
        }
        Ok(())
    }
}

impl std::error::Error for Error {}

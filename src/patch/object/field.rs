//! The fields of one operation, read one by one; what is wrong with each is kept.

use serde_json::{Map, Value};

use super::super::document::Document;
use crate::report::{Mistake, Path, Step};
use crate::yaml::{self, Profile};

/// One operation of a file while it is read.
pub(in crate::patch) struct Fields<'a> {
    document: &'a Document<'a>,
    /// From the document to the operation: empty, or the index in a list.
    prefix: Vec<String>,
    entries: &'a Map<String, Value>,
    number: usize,
    mistakes: &'a mut Vec<Mistake>,
}

/// A value that may have been written as a text in JSON or YAML.
pub(in crate::patch) struct Written<'a> {
    /// The field that holds it.
    pub(in crate::patch) field: &'a str,
    /// What it is.
    pub(in crate::patch) value: Value,
}

impl<'a> Fields<'a> {
    pub(in crate::patch) fn new(
        document: &'a Document<'a>,
        prefix: Vec<String>,
        entries: &'a Map<String, Value>,
        number: usize,
        mistakes: &'a mut Vec<Mistake>,
    ) -> Self {
        Self {
            document,
            prefix,
            entries,
            number,
            mistakes,
        }
    }

    /// A field under its name or, as the original reads JSON, under that name in other capitals.
    /// Null is as good as nothing.
    pub(in crate::patch) fn value(&self, name: &str) -> Option<&'a Value> {
        let entries = self.entries;
        let other = || {
            entries
                .iter()
                .find(|(key, _)| key.eq_ignore_ascii_case(name))
        };
        let found = entries
            .get(name)
            .or_else(|| other().map(|(_, value)| value));
        found.filter(|value| !value.is_null())
    }

    /// A text; `None` when it is not there, empty, or (told) something else.
    pub(in crate::patch) fn text(&mut self, name: &str) -> Option<String> {
        match self.value(name)? {
            Value::String(text) => Some(text.clone()).filter(|text| !text.is_empty()),
            // A name of digits, not quoted: go-yaml takes it for a text.
            Value::Number(number) if !number.is_f64() => Some(number.to_string()),
            other => {
                let message = format!("expected a text, got {}", kind_of(other));
                self.refuse(&[name], &message, "");
                None
            }
        }
    }

    /// A text that must be there; told when it is not.
    pub(in crate::patch) fn required(&mut self, name: &str) -> Option<String> {
        let before = self.mistakes.len();
        let text = self.text(name);
        if text.is_none() && self.mistakes.len() == before {
            self.refuse(&[name], "is missing", "");
        }
        text
    }

    /// A switch under one of its names; off when it is not there.
    pub(in crate::patch) fn flag(&mut self, names: &[&str]) -> bool {
        let mut is_on = false;
        for name in names {
            match self.value(name) {
                None => {}
                Some(Value::Bool(value)) => is_on |= *value,
                Some(other) => {
                    let message = format!("expected true or false, got {}", kind_of(other));
                    let hint = if other.is_string() {
                        "write it without quotes"
                    } else {
                        ""
                    };
                    self.refuse(&[name], &message, hint);
                }
            }
        }
        is_on
    }

    /// A map or a list, or a text in JSON or YAML that holds one. `expected` is for people.
    pub(in crate::patch) fn written(
        &mut self,
        name: &'static str,
        expected: &str,
        fits: fn(&Value) -> bool,
    ) -> Option<Written<'static>> {
        let Some(value) = self.value(name) else {
            self.refuse(&[name], "is missing", &format!("write {expected}"));
            return None;
        };
        let value = match value {
            Value::String(text) => self.read_text(name, text)?,
            other => other.clone(),
        };
        if fits(&value) {
            return Some(Written { field: name, value });
        }
        let message = format!("expected {expected}, got {}", kind_of(&value));
        self.refuse(&[name], &message, "");
        None
    }

    fn read_text(&mut self, name: &str, text: &str) -> Option<Value> {
        let count = yaml::documents(text).len();
        if count > 1 {
            let message = format!("the text holds {count} documents, one is expected");
            self.refuse(&[name], &message, "write one operation for each");
            return None;
        }
        // What JSON knows, go-yaml may not: a tab as a blank.
        if let Ok(value) = serde_json::from_str(text) {
            return Some(value);
        }
        match yaml::read_value(text, Profile::V2) {
            Ok(value) => Some(value),
            Err(error) => {
                let message = format!("the text is neither JSON nor YAML: {error}");
                self.refuse(&[name], &message, "");
                None
            }
        }
    }

    /// How many mistakes the file has so far.
    pub(in crate::patch) fn mistakes(&self) -> usize {
        self.mistakes.len()
    }

    /// Keeps a mistake of the value at a path below the operation.
    pub(in crate::patch) fn refuse(&mut self, path: &[&str], message: &str, hint: &str) {
        let mut pointer = self.prefix.clone();
        pointer.extend(path.iter().map(|step| (*step).to_owned()));
        let place = self.document.place(&pointer);
        let path = Path(path.iter().map(|step| step_of(step)).collect());
        let (number, document) = (self.number, self.document.number);
        let message = format!("operation {number} in document {document}: {message}");
        let mistake = Mistake::new("", message).at(place.line, place.column);
        self.mistakes
            .push(mistake.path(path.to_string()).hint(hint));
    }
}

pub(in crate::patch) fn step_of(step: &str) -> Step {
    step.parse()
        .map_or_else(|_| Step::Key(step.to_owned()), Step::Index)
}

/// What a value is, without telling it.
pub(in crate::patch) fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(text) if text.is_empty() => "an empty text",
        Value::String(_) => "a text",
        Value::Array(items) if items.is_empty() => "an empty list",
        Value::Array(_) => "a list",
        Value::Object(fields) if fields.is_empty() => "an empty map",
        Value::Object(_) => "a map",
    }
}

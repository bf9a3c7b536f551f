//! The response file of a hook, read with all its mistakes.

use serde_json::{Map, Value};

use crate::report::{Mistake, Mistakes, nearest};

/// The variable that names the file of a conversion.
const FILE: &str = "CONVERSION_RESPONSE_PATH";

/// What a hook answers to a conversion.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Converted {
    /// The objects in the new version.
    Objects(Vec<Value>),
    /// It cannot be done; why.
    Failed(String),
}

/// Reads the response file of a conversion: `{"convertedObjects": […]}`, or `{"failedMessage": "…"}`. All
/// mistakes are told, each with what was expected. Answers what of it has no effect as well.
pub fn parse_converted(text: &str) -> Result<(Converted, Vec<Mistake>), Mistakes> {
    let answer = read_map(FILE, text, r#"{"convertedObjects": […]}"#)?;
    let mut reader = Reader {
        file: FILE,
        entries: &answer,
        mistakes: Vec::new(),
    };
    let ignored = reader.unknown(&["failedMessage", "convertedObjects"]);
    let failed = reader.text("failedMessage").filter(|text| !text.is_empty());
    let objects = reader.objects();
    if failed.is_none() && objects.is_none() && reader.mistakes.is_empty() {
        let hint = "or say why it cannot be done, as failedMessage";
        reader.refuse("convertedObjects", "is missing", hint);
    }
    Mistakes(reader.mistakes).into_result()?;
    let converted = match failed {
        Some(why) => Converted::Failed(why),
        None => Converted::Objects(objects.unwrap_or_default()),
    };
    Ok((converted, ignored))
}

/// A file that has to hold one JSON map.
pub(super) fn read_map(
    file: &str,
    text: &str,
    example: &str,
) -> Result<Map<String, Value>, Mistakes> {
    let hint = format!("write one JSON map to the file, such as {example}");
    let refuse = |message: String| Mistakes::from(Mistake::new(file, message).hint(hint.as_str()));
    if text.trim().is_empty() {
        return Err(refuse("is empty: the hook gave no answer".to_owned()));
    }
    let mut documents = serde_json::Deserializer::from_str(text).into_iter::<Value>();
    let first = match documents.next() {
        Some(Ok(first)) => first,
        Some(Err(error)) => {
            let mistake = Mistake::new(file, format!("is not JSON: {error}"));
            return Err(mistake.hint(hint).into());
        }
        None => return Err(refuse("is empty: the hook gave no answer".to_owned())),
    };
    match documents.next() {
        None => {}
        Some(Ok(_)) => return Err(refuse("holds more than one answer".to_owned())),
        Some(Err(error)) => {
            return Err(refuse(format!("has something after the answer: {error}")));
        }
    }
    match first {
        Value::Object(map) => Ok(map),
        other => Err(refuse(format!("expected a map, got {}", kind_of(&other)))),
    }
}

/// The keys of an answer, read one by one; what is wrong with each is kept.
pub(super) struct Reader<'a> {
    pub(super) file: &'static str,
    pub(super) entries: &'a Map<String, Value>,
    pub(super) mistakes: Vec<Mistake>,
}

impl<'a> Reader<'a> {
    /// Keys that mean nothing.
    pub(super) fn unknown(&self, known: &[&str]) -> Vec<Mistake> {
        let is_known = |key: &str| known.iter().any(|it| it.eq_ignore_ascii_case(key));
        let unknown = self.entries.keys().filter(|key| !is_known(key));
        let mistake = |key: &String| {
            let hint = match nearest(key, known.iter().copied()) {
                Some(meant) => format!("did you mean {meant:?}?"),
                None => format!("known are {}", known.join(", ")),
            };
            Mistake::new(self.file, "unknown key").path(key).hint(hint)
        };
        unknown.map(mistake).collect()
    }

    /// A key, also in other capitals, as the original reads JSON. Null is as good as nothing.
    pub(super) fn value(&self, key: &str) -> Option<&'a Value> {
        let exact = self.entries.get(key);
        let other = || {
            let mut entries = self.entries.iter();
            let found = entries.find(|(name, _)| name.eq_ignore_ascii_case(key));
            found.map(|(_, value)| value)
        };
        exact.or_else(other).filter(|value| !value.is_null())
    }

    pub(super) fn refuse(&mut self, path: &str, message: impl Into<String>, hint: &str) {
        let mistake = Mistake::new(self.file, message).path(path).hint(hint);
        self.mistakes.push(mistake);
    }

    pub(super) fn expected(&mut self, path: &str, expected: &str, found: &Value, hint: &str) {
        let message = format!("expected {expected}, got {}", kind_of(found));
        self.refuse(path, message, hint);
    }

    /// A text.
    pub(super) fn text(&mut self, key: &str) -> Option<String> {
        match self.value(key)? {
            Value::String(text) => Some(text.clone()),
            other => {
                self.expected(key, "a text", other, "");
                None
            }
        }
    }

    /// A list of texts.
    pub(super) fn texts(&mut self, key: &str) -> Vec<String> {
        let items = match self.value(key) {
            None => return Vec::new(),
            Some(Value::Array(items)) => items,
            Some(other) => {
                self.expected(key, "a list of texts", other, "");
                return Vec::new();
            }
        };
        let mut texts = Vec::new();
        for (index, item) in items.iter().enumerate() {
            match item {
                Value::String(text) => texts.push(text.clone()),
                other => self.expected(&format!("{key}[{index}]"), "a text", other, ""),
            }
        }
        texts
    }

    fn objects(&mut self) -> Option<Vec<Value>> {
        const KEY: &str = "convertedObjects";
        let items = match self.value(KEY)? {
            Value::Array(items) => items,
            other => {
                self.expected(KEY, "a list of objects", other, "");
                return None;
            }
        };
        for (index, item) in items.iter().enumerate() {
            if !item.is_object() {
                self.expected(&format!("{KEY}[{index}]"), "an object", item, "");
            }
        }
        Some(items.clone())
    }
}

/// What a value is, without telling it.
fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "a map",
    }
}

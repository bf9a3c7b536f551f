//! Texts in quotes, as Go prints them.

use super::json::Json;
use crate::govalue::print::quote;

/// A text in Go's double quotes.
pub(super) fn double_quoted(text: &str) -> String {
    String::from_utf8_lossy(&quote(text.as_bytes())).into_owned()
}

/// A text in single quotes.
pub(super) fn quoted(text: &str) -> String {
    let text = double_quoted(text);
    let inside = text.get(1..text.len() - 1).unwrap_or_default();
    format!("'{}'", inside.replace("\\\"", "\"").replace('\'', "\\'"))
}

/// Texts in single quotes, with commas between them.
pub(super) fn joined(texts: &[&str]) -> String {
    let texts: Vec<_> = texts.iter().map(|text| quoted(text)).collect();
    texts.join(", ")
}

/// A value that is neither list nor map, as enumerations show it.
pub(super) fn shown(json: &Json) -> String {
    match json {
        Json::Null => "<nil>".to_owned(),
        Json::Bool(truth) => truth.to_string(),
        Json::Number(number) => number.printed(),
        Json::Text(text) => quoted(text),
        Json::Array(_) | Json::Object(_) => "value".to_owned(),
    }
}

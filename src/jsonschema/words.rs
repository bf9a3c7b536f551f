//! Texts in quotes, as Go prints them.

use super::json::Json;

/// A text in Go's double quotes.
pub(super) fn double_quoted(text: &str) -> String {
    format!("\"{}\"", escaped(text).replace('"', "\\\""))
}

/// A text in single quotes.
pub(super) fn quoted(text: &str) -> String {
    format!("'{}'", escaped(text).replace('\'', "\\'"))
}

/// Texts in single quotes, with commas between them.
pub(super) fn joined(texts: &[&str]) -> String {
    let texts: Vec<_> = texts.iter().map(|text| quoted(text)).collect();
    texts.join(", ")
}

/// A text with what cannot be printed escaped, and no quotes.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '\\' => out.push_str("\\\\"),
            '\u{7}' => out.push_str("\\a"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{b}' => out.push_str("\\v"),
            letter if letter.is_ascii_control() => {
                out.push_str(&format!("\\x{:02x}", u32::from(letter)));
            }
            letter if letter.is_ascii() || is_printable(letter) => out.push(letter),
            letter if u32::from(letter) < 0x1_0000 => {
                out.push_str(&format!("\\u{:04x}", u32::from(letter)));
            }
            letter => out.push_str(&format!("\\U{:08x}", u32::from(letter))),
        }
    }
    out
}

/// Whether Go prints a letter as it is.
fn is_printable(letter: char) -> bool {
    // A mark that combines is escaped alone and not behind a letter.
    format!("{:?}", format!("a{letter}")).chars().count() == 4
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

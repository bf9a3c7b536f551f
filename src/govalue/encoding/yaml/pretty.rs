//! Values → YAML as go-yaml v3 writes them straight, which is Helm's `toYamlPretty`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::page::{Dialect, Page, write};
use crate::govalue::record::Json;
use crate::govalue::{Error, Map, Record, Text, Value};
use crate::yaml::{Manner, sort_keys};

/// How long a line of binary data is.
const BINARY_LINE: usize = 70;

/// Writes a value; the text ends with a line break. `spend` is told of every few bytes made, and may end it.
///
/// Structs are written by the lower-case names of their fields; what is no UTF-8 as `!!binary`.
///
/// # Errors
///
/// A complex number; a value that contains itself, which never ends in Go; what `spend` says.
pub fn to_yaml_pretty(
    value: &Value,
    spend: &dyn Fn(usize) -> Result<(), Error>,
) -> Result<String, Error> {
    write::<Straight>(value, spend)
}

/// Go-yaml v3, which sees the values as they are.
struct Straight;

impl Dialect for Straight {
    const MANNER: Manner = Manner::V3;

    fn scalar(page: &mut Page<'_, Self>, value: &Value) -> Result<(), Error> {
        match value {
            Value::Float(float) => page.writer.float(*float),
            Value::Complex(..) => {
                return Err(Error::Failed("cannot marshal type: complex128".to_owned()));
            }
            Value::Text(text) => page.text(text),
            Value::Bytes(bytes) if bytes.is_empty() => page.writer.empty_list(),
            Value::Bytes(bytes) => {
                let outer = page.writer.begin_list();
                for byte in bytes.iter() {
                    page.writer.item();
                    page.writer.plain(&byte.to_string());
                }
                page.writer.end(outer);
            }
            _ => {}
        }
        Ok(())
    }

    fn collection(page: &mut Page<'_, Self>, value: &Value) -> Result<(), Error> {
        match value {
            Value::List(list) => page.list(list),
            Value::Map(map) => page.map(map),
            Value::Record(record) => page.record(record),
            _ => Ok(()),
        }
    }

    fn cycle(error: Error) -> Error {
        Error::Limit(error.to_string())
    }
}

impl Page<'_, Straight> {
    fn text(&mut self, text: &Text) {
        match std::str::from_utf8(text) {
            Ok(text) => self.writer.text(text),
            Err(_) => self.writer.binary(&in_lines(text)),
        }
    }

    fn map(&mut self, map: &Map) -> Result<(), Error> {
        let entries = map.entries();
        let keys: Vec<_> = entries.keys().map(|key| key.as_str()).collect();
        let mut sorted: Vec<(&str, &Value)> = keys
            .iter()
            .zip(entries.values())
            .map(|(key, value)| (&**key, value))
            .collect();
        sort_keys(&mut sorted, Manner::V3, |entry| entry.0);
        self.entries(&sorted)
    }

    fn record(&mut self, record: &Record) -> Result<(), Error> {
        if let Json::Made(make) = record.shape().json
            && let Value::Text(text) = make(record)
        {
            // A text that a type makes of itself. Times alone are not quoted, although they look like one.
            if record.shape().type_name == "time.Time" {
                self.writer.plain(&text.as_str());
            } else {
                self.text(&text);
            }
            return Ok(());
        }
        let names = record.shape().fields.iter();
        let names: Vec<String> = names.map(|name| name.to_lowercase()).collect();
        let fields = record.fields();
        let entries: Vec<(&str, &Value)> = names.iter().map(String::as_str).zip(&fields).collect();
        self.entries(&entries)
    }
}

/// Bytes as base64, in lines when one is not enough.
fn in_lines(bytes: &[u8]) -> String {
    let encoded = STANDARD.encode(bytes);
    if encoded.len() < BINARY_LINE {
        return encoded;
    }
    let mut lines = String::with_capacity(encoded.len() * 2);
    for (index, sign) in encoded.chars().enumerate() {
        lines.push(sign);
        if index % BINARY_LINE == BINARY_LINE - 1 {
            lines.push('\n');
        }
    }
    if !lines.ends_with('\n') {
        lines.push('\n');
    }
    lines
}

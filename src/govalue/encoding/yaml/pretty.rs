//! Values → YAML as go-yaml v3 writes them straight, which is Helm's `toYamlPretty`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::super::guard::Guard;
use crate::govalue::record::Json;
use crate::govalue::{Error, Map, Record, Text, Value, grow_stack};
use crate::yaml::{Manner, Writer, sort_keys};

/// How many bytes are written before they are told.
const CHUNK: usize = 64 << 10;

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
    let mut page = Page {
        writer: Writer::new(Manner::V3),
        guard: Guard::default(),
        told: 0,
        spend,
    };
    page.value(value)?;
    let told = page.told;
    let text = page.writer.finish();
    spend(text.len() - told)?;
    Ok(text)
}

struct Page<'a> {
    writer: Writer,
    guard: Guard,
    told: usize,
    spend: &'a dyn Fn(usize) -> Result<(), Error>,
}

impl Page<'_> {
    fn value(&mut self, value: &Value) -> Result<(), Error> {
        match value {
            Value::Nil => self.writer.plain("null"),
            Value::Bool(true) => self.writer.plain("true"),
            Value::Bool(false) => self.writer.plain("false"),
            Value::Int(number) | Value::Int64(number) => self.writer.plain(&number.to_string()),
            Value::Uint8(number) => self.writer.plain(&number.to_string()),
            Value::Uint64(number) => self.writer.plain(&number.to_string()),
            Value::Float(float) => self.writer.float(*float),
            Value::Complex(..) => {
                return Err(Error::Failed("cannot marshal type: complex128".to_owned()));
            }
            Value::Text(text) => self.text(text),
            Value::Bytes(bytes) if bytes.is_empty() => self.writer.empty_list(),
            Value::Bytes(bytes) => {
                let outer = self.writer.begin_list();
                for byte in bytes.iter() {
                    self.writer.item();
                    self.writer.plain(&byte.to_string());
                }
                self.writer.end(outer);
            }
            Value::List(_) | Value::Map(_) | Value::Record(_) => {
                self.guard
                    .enter(value)
                    .map_err(|cycle| Error::Limit(cycle.to_string()))?;
                grow_stack(|| self.collection(value))?;
                self.guard.leave(value);
            }
        }
        let length = self.writer.len();
        if length - self.told > CHUNK {
            (self.spend)(length - self.told)?;
            self.told = length;
        }
        Ok(())
    }

    fn text(&mut self, text: &Text) {
        match std::str::from_utf8(text) {
            Ok(text) => self.writer.text(text),
            Err(_) => self.writer.binary(&in_lines(text)),
        }
    }

    fn collection(&mut self, value: &Value) -> Result<(), Error> {
        match value {
            Value::List(list) if list.is_empty() => self.writer.empty_list(),
            Value::List(list) => {
                let outer = self.writer.begin_list();
                for item in list.iter() {
                    self.writer.item();
                    self.value(item)?;
                }
                self.writer.end(outer);
            }
            Value::Map(map) => self.map(map)?,
            Value::Record(record) => self.record(record)?,
            _ => {}
        }
        Ok(())
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

    fn entries(&mut self, entries: &[(&str, &Value)]) -> Result<(), Error> {
        if entries.is_empty() {
            self.writer.empty_map();
            return Ok(());
        }
        let outer = self.writer.begin_map();
        for (key, value) in entries {
            self.writer.key(key);
            self.value(value)?;
        }
        self.writer.end(outer);
        Ok(())
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

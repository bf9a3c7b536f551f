//! Values → YAML, to the byte as `sigs.k8s.io/yaml` writes it, without its detour through JSON.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::super::guard::Guard;
use super::super::write::{JsonForm, to_json};
use super::detour;
use crate::govalue::record::Json;
use crate::govalue::{Error, Map, Record, Value, grow_stack};
use crate::yaml::{Manner, Writer, sort_keys};

/// How many bytes are written before they are told.
const CHUNK: usize = 64 << 10;

/// Writes a value; the text ends with a line break. `spend` is told of every few bytes made, and may end it.
///
/// # Errors
///
/// What JSON or YAML cannot hold, in the words of Go's libraries; a value that contains itself; what
/// `spend` says.
pub fn to_yaml(value: &Value, spend: &dyn Fn(usize) -> Result<(), Error>) -> Result<String, Error> {
    let mut page = Page {
        writer: Writer::new(Manner::V2),
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
            Value::Float(float) if float.is_finite() => self.writer.float(*float),
            // JSON has none of these: it says so.
            Value::Float(_) | Value::Complex(..) => {
                to_json(value, JsonForm::Compact, &|_| Ok(()))?;
            }
            Value::Text(text) => self.writer.text(&detour::text(text)?),
            Value::Bytes(bytes) => self.writer.text(&STANDARD.encode(bytes)),
            Value::List(_) | Value::Map(_) | Value::Record(_) => {
                self.guard.enter(value)?;
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

    fn collection(&mut self, value: &Value) -> Result<(), Error> {
        match value {
            Value::List(list) if list.is_nil() => self.writer.plain("null"),
            Value::Map(map) if map.is_nil() => self.writer.plain("null"),
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
        let mut keys = Vec::with_capacity(entries.len());
        let mut is_changed = false;
        for (key, value) in entries.iter() {
            let key = detour::key(key)?;
            is_changed |= matches!(key, Cow::Owned(_));
            keys.push((key, value));
        }
        let mut sorted: Vec<(&str, &Value)> =
            keys.iter().map(|(key, value)| (&**key, *value)).collect();
        if is_changed {
            keep_last(&mut sorted);
        }
        self.entries(sorted)
    }

    fn record(&mut self, record: &Record) -> Result<(), Error> {
        record.check_json()?;
        let shape = record.shape();
        let shown: Vec<(&str, Value)> = match shape.json {
            Json::Made(make) => return self.value(&make(record)),
            Json::Fields => shape.fields.iter().copied().zip(record.fields()).collect(),
            Json::Members(members) => members
                .iter()
                .map(|member| (member, record.field(member.field).unwrap_or_default()))
                .filter(|(member, value)| !member.omits_empty || value.is_true())
                .map(|(member, value)| (member.name, value))
                .collect(),
        };
        self.entries(shown.iter().map(|(name, value)| (*name, value)).collect())
    }

    fn entries(&mut self, mut entries: Vec<(&str, &Value)>) -> Result<(), Error> {
        if entries.is_empty() {
            self.writer.empty_map();
            return Ok(());
        }
        sort_keys(&mut entries, Manner::V2, |entry| entry.0);
        let outer = self.writer.begin_map();
        for (key, value) in entries {
            self.writer.key(key);
            self.value(value)?;
        }
        self.writer.end(outer);
        Ok(())
    }
}

/// Leaves the last of equal keys: some were not equal before what is no UTF-8 was replaced.
fn keep_last(entries: &mut Vec<(&str, &Value)>) {
    let mut known = std::collections::BTreeSet::new();
    entries.reverse();
    entries.retain(|(key, _)| known.insert(*key));
    entries.reverse();
}

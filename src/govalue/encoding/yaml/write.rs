//! Values → YAML, to the byte as `sigs.k8s.io/yaml` writes it, without its detour through JSON.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::super::write::{JsonForm, to_json};
use super::detour;
use super::page::{Dialect, Page, write};
use crate::govalue::record::Json;
use crate::govalue::{Error, Map, Record, Value};
use crate::yaml::{Manner, sort_keys};

/// Writes a value; the text ends with a line break. `spend` is told of every few bytes made, and may end it.
///
/// # Errors
///
/// What JSON or YAML cannot hold, in the words of Go's libraries; a value that contains itself; what
/// `spend` says.
pub fn to_yaml(value: &Value, spend: &dyn Fn(usize) -> Result<(), Error>) -> Result<String, Error> {
    write::<Detoured>(value, spend)
}

/// Go-yaml v2, which sees what JSON made of the values.
struct Detoured;

impl Dialect for Detoured {
    const MANNER: Manner = Manner::V2;

    fn scalar(page: &mut Page<'_, Self>, value: &Value) -> Result<(), Error> {
        match value {
            Value::Float(float) if float.is_finite() => page.writer.float(*float),
            Value::Text(text) => page.writer.text(&detour::text(text)?),
            Value::Bytes(bytes) => page.writer.text(&STANDARD.encode(bytes)),
            // JSON has none of these: it says so.
            _ => {
                to_json(value, JsonForm::Compact, &|_| Ok(()))?;
            }
        }
        Ok(())
    }

    fn collection(page: &mut Page<'_, Self>, value: &Value) -> Result<(), Error> {
        match value {
            Value::List(list) if list.is_nil() => page.writer.plain("null"),
            Value::Map(map) if map.is_nil() => page.writer.plain("null"),
            Value::List(list) => page.list(list)?,
            Value::Map(map) => page.map(map)?,
            Value::Record(record) => page.record(record)?,
            _ => {}
        }
        Ok(())
    }

    fn cycle(error: Error) -> Error {
        error
    }
}

impl Page<'_, Detoured> {
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
        sort_keys(&mut sorted, Manner::V2, |entry| entry.0);
        self.entries(&sorted)
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
        let mut sorted: Vec<_> = shown.iter().map(|(name, value)| (*name, value)).collect();
        sort_keys(&mut sorted, Manner::V2, |entry| entry.0);
        self.entries(&sorted)
    }
}

/// Leaves the last of equal keys: some were not equal before what is no UTF-8 was replaced.
fn keep_last(entries: &mut Vec<(&str, &Value)>) {
    let mut known = std::collections::BTreeSet::new();
    entries.reverse();
    entries.retain(|(key, _)| known.insert(*key));
    entries.reverse();
}

//! YAML, as Helm gives it to charts.

use super::{LIST, MAP, mismatch, or_empty};
use crate::govalue::{self, Context, Error, Map, Value};
use crate::sprig::arguments::{bytes, value};

/// Without the line break at the end, also of a block; "" for what YAML cannot hold.
pub(super) fn to_yaml(context: &Context<'_>, arguments: &[Value]) -> Result<Value, Error> {
    or_empty(must_to_yaml(context, arguments))
}

pub(super) fn must_to_yaml(context: &Context<'_>, arguments: &[Value]) -> Result<Value, Error> {
    let spend = |bytes| context.world.spend(bytes);
    govalue::to_yaml(value(arguments, 0), &spend).map(without_break)
}

/// By another library, which gives other indentation.
pub(super) fn to_yaml_pretty(context: &Context<'_>, arguments: &[Value]) -> Result<Value, Error> {
    let spend = |bytes| context.world.spend(bytes);
    govalue::to_yaml_pretty(value(arguments, 0), &spend).map(without_break)
}

fn without_break(mut text: String) -> Value {
    if text.ends_with('\n') {
        text.pop();
    }
    text.into()
}

/// A map; what is wrong is in it, as `Error`.
pub(super) fn from_yaml(context: &Context<'_>, arguments: &[Value]) -> Result<Value, Error> {
    let text = bytes(arguments, 0);
    context.world.spend(text.len())?;
    let error = match read(text) {
        Ok(map @ Value::Map(_)) => return Ok(map),
        Ok(Value::Nil) => return Ok(Value::Map(Map::any())),
        Ok(other) => not_wanted(&other, MAP),
        Err(error) => error,
    };
    let map = Map::any();
    map.insert("Error", error.into());
    Ok(Value::Map(map))
}

/// A list; what is wrong is its only item.
pub(super) fn from_yaml_array(context: &Context<'_>, arguments: &[Value]) -> Result<Value, Error> {
    let text = bytes(arguments, 0);
    context.world.spend(text.len())?;
    Ok(match read(text) {
        Ok(list @ Value::List(_)) => list,
        Ok(Value::Nil) => Vec::new().into(),
        Ok(other) => vec![not_wanted(&other, LIST).into()].into(),
        Err(error) => vec![error.into()].into(),
    })
}

fn read(text: &[u8]) -> Result<Value, String> {
    const FAILURE: &str = "error converting YAML to JSON: ";
    let text = std::str::from_utf8(text).map_err(|error| {
        let rest = text.get(error.valid_up_to()..).unwrap_or_default();
        format!("{FAILURE}yaml: {}", no_utf8(rest))
    })?;
    govalue::from_yaml(text).map_err(|error| format!("{FAILURE}{}", error.as_go_yaml()))
}

/// Why bytes do not begin with a character, in go-yaml's words.
fn no_utf8(bytes: &[u8]) -> &'static str {
    let width = match bytes.first() {
        Some(0xc0..=0xdf) => 2,
        Some(0xe0..=0xef) => 3,
        Some(0xf0..=0xf7) => 4,
        _ => return "invalid leading UTF-8 octet",
    };
    let Some(character) = bytes.get(..width) else {
        return "incomplete UTF-8 octet sequence";
    };
    match character {
        [_, trailing @ ..] if trailing.iter().any(|byte| byte & 0xc0 != 0x80) => {
            "invalid trailing UTF-8 octet"
        }
        [0xc0 | 0xc1, ..] | [0xe0, ..0xa0, ..] | [0xf0, ..0x90, ..] => {
            "invalid length of a UTF-8 sequence"
        }
        _ => "invalid Unicode character",
    }
}

fn not_wanted(value: &Value, wanted: &str) -> String {
    format!(
        "error unmarshaling JSON: while decoding JSON: {}",
        mismatch(value, wanted)
    )
}

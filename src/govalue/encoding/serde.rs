//! Values ⇄ the JSON values of other rooms.

use super::guard::Guard;
use super::read::push_replaced;
use super::write::{JsonForm, to_json};
use crate::govalue::{Error, Map, Text, Value};

/// How many parts a value may have.
const PARTS: usize = 1_000_000;

/// Every number becomes a `float64`, as when Helm reads it.
impl From<&serde_json::Value> for Value {
    fn from(value: &serde_json::Value) -> Self {
        use serde_json::Value as Json;
        match value {
            Json::Null => Self::Nil,
            Json::Bool(truth) => Self::Bool(*truth),
            Json::Number(number) => Self::Float(number.as_f64().unwrap_or_default()),
            Json::String(text) => Self::Text(text.as_str().into()),
            Json::Array(items) => items.iter().map(Self::from).collect::<Vec<_>>().into(),
            Json::Object(entries) => Self::Map(
                entries
                    .iter()
                    .map(|(key, value)| (Text::from(key.as_str()), Self::from(value)))
                    .collect::<Map>(),
            ),
        }
    }
}

/// What JSON makes of a value. Whole floats become integers, and what is no UTF-8 the replacement character.
///
/// # Errors
///
/// As [`to_json`]; and [`Error::Limit`] for more than a million parts, those counted again that are
/// in it more than once.
pub fn to_serde(value: &Value) -> Result<serde_json::Value, Error> {
    convert(value, &mut Guard::default(), &mut 0)
}

fn convert(
    value: &Value,
    guard: &mut Guard,
    parts: &mut usize,
) -> Result<serde_json::Value, Error> {
    use serde_json::Value as Json;
    *parts += 1;
    if *parts > PARTS {
        let why = format!("the value has more than {PARTS} parts");
        return Err(Error::Limit(why));
    }
    let converted = match value {
        Value::Nil => Json::Null,
        Value::Bool(truth) => (*truth).into(),
        Value::Int(number) | Value::Int64(number) => (*number).into(),
        Value::Uint8(number) => (*number).into(),
        Value::Uint64(number) => (*number).into(),
        Value::Float(float) if is_exact(*float) => {
            #[expect(clippy::cast_possible_truncation, reason = "whole, and within 63 bits")]
            let whole = *float as i64;
            whole.into()
        }
        Value::Text(text) => text_of(text).into(),
        Value::List(list) if !list.is_nil() => {
            guard.enter(value)?;
            let items = list.iter().map(|item| convert(item, guard, parts));
            let items: Vec<Json> = items.collect::<Result<_, _>>()?;
            guard.leave(value);
            items.into()
        }
        Value::Map(map) if !map.is_nil() => {
            guard.enter(value)?;
            let mut object = serde_json::Map::new();
            for (key, value) in map.entries().iter() {
                object.insert(text_of(key), convert(value, guard, parts)?);
            }
            guard.leave(value);
            object.into()
        }
        // Structs, bytes, fractions, and what is an error.
        other => {
            let text = to_json(other, JsonForm::Raw, &|_| Ok(()))?;
            serde_json::from_slice(&text).map_err(|error| Error::Failed(error.to_string()))?
        }
    };
    Ok(converted)
}

fn is_exact(float: f64) -> bool {
    float.fract() == 0.0 && float.abs() < 9.0e18
}

fn text_of(text: &Text) -> String {
    if let Ok(text) = std::str::from_utf8(text) {
        return text.to_owned();
    }
    let mut replaced = Vec::with_capacity(text.len());
    push_replaced(&mut replaced, text);
    String::from_utf8(replaced).unwrap_or_default()
}

//! What stands at a key, an index, or between two.

use super::{Cost, Native, Outcome};
use crate::jq::{
    failure::Failure,
    value::{Text, Value, compare, to_index},
};

pub(super) const FUNCTIONS: &[Native] = &[
    Native::new("_index", 2, Cost::None, |meter, [_, value, key, _]| {
        if let (Value::List(list), Value::List(part)) = (&value, &key) {
            meter.charge(list.len() as u64 * part.len().max(1) as u64)?;
        } else if let Value::Text(text) = &value {
            meter.charge(text.len() as u64 / 32)?;
        }
        index(&value, &key)
    }),
    Native::new("_slice", 3, Cost::None, |meter, [_, value, end, start]| {
        let result = slice(&value, &start, &end)?;
        meter.charge(super::length(&result))?;
        Ok(result)
    }),
    Native::new("getpath", 1, Cost::None, |_, [value, path, ..]| {
        get_path(&value, &path)
    }),
    Native::new("has", 1, Cost::None, |_, [value, key, ..]| {
        match (&value, &key) {
            (Value::Null, _) => Ok(Value::Bool(false)),
            (Value::Map(map), Value::Text(key)) => Ok(Value::Bool(map.find(key).is_some())),
            (Value::List(list), key) if to_index(key).is_some() => {
                let place = to_index(key).and_then(|place| usize::try_from(place).ok());
                Ok(Value::Bool(place.is_some_and(|place| place < list.len())))
            }
            _ => Err(Failure::applied_with("has", &[&key], &value)),
        }
    }),
];

/// What stands at a key.
pub(in crate::jq) fn index(value: &Value, key: &Value) -> Outcome {
    match (key, value) {
        (
            Value::Text(_)
            | Value::Int(_)
            | Value::Float(_)
            | Value::Big(_)
            | Value::List(_)
            | Value::Map(_),
            Value::Null,
        ) => Ok(Value::Null),
        (Value::Text(key), Value::Map(map)) => Ok(map.find(key).cloned().unwrap_or(Value::Null)),
        (Value::Text(_), _) => Err(Failure::about("expected an object but got", value)),
        (Value::Int(_) | Value::Float(_) | Value::Big(_), Value::List(_)) => {
            Ok(item_of(value, to_index(key).unwrap_or(0)))
        }
        (Value::Int(_) | Value::Float(_) | Value::Big(_), Value::Text(text)) => {
            Ok(letter(text, to_index(key).unwrap_or(0)))
        }
        (Value::List(part), Value::List(list)) => {
            Ok(Value::list(places(list, part).map(Value::from).collect())?)
        }
        (Value::Map(ends), _) => {
            let (Some(start), Some(end)) = (ends.find("start"), ends.find("end")) else {
                let message = "expected \"start\" and \"end\" for slicing but got";
                return Err(Failure::about(message, key));
            };
            slice(value, start, end)
        }
        (Value::Int(_) | Value::Float(_) | Value::Big(_) | Value::List(_), _) => {
            Err(Failure::about("expected an array but got", value))
        }
        (_, Value::List(_)) => Err(Failure::about(
            "expected a number for indexing an array but got",
            key,
        )),
        (_, Value::Text(_)) => Err(Failure::about(
            "expected a number for indexing a string but got",
            key,
        )),
        _ => Err(Failure::about(
            "expected a string for object key but got",
            key,
        )),
    }
}

/// The value at a place of a list, counted from its end if below 0; null elsewhere.
pub(in crate::jq) fn item_of(value: &Value, place: i64) -> Value {
    let Value::List(list) = value else {
        return Value::Null;
    };
    absolute(place, list.len())
        .and_then(|place| list.get(place..)?.first())
        .cloned()
        .unwrap_or(Value::Null)
}

/// A place counted from the end if below 0; nothing before the beginning.
pub(super) fn absolute(place: i64, length: usize) -> Option<usize> {
    let length = i64::try_from(length).unwrap_or(i64::MAX);
    let place = if place < 0 {
        place.saturating_add(length)
    } else {
        place
    };
    usize::try_from(place).ok()
}

fn letter(text: &str, place: i64) -> Value {
    let count = if place < 0 { text.chars().count() } else { 0 };
    let letter = absolute(place, count).and_then(|place| text.chars().nth(place));
    letter.map_or(Value::Null, |letter| {
        Value::text(letter.encode_utf8(&mut [0; 4]))
    })
}

/// Where a part begins in a list.
pub(super) fn places(list: &[Value], part: &[Value]) -> impl Iterator<Item = usize> {
    let size = part.len().max(1);
    let windows = list.windows(size).enumerate();
    windows
        .filter(move |(_, window)| {
            !part.is_empty()
                && window
                    .iter()
                    .zip(part)
                    .all(|(one, other)| compare(one, other).is_eq())
        })
        .map(|(place, _)| place)
}

fn slice(value: &Value, start: &Value, end: &Value) -> Outcome {
    let (length, message) = match value {
        Value::Null => return Ok(Value::Null),
        Value::List(list) => (
            list.len(),
            "expected a number for indexing an array but got",
        ),
        Value::Text(text) => (
            text.chars().count(),
            "expected a number for indexing a string but got",
        ),
        _ => return Err(Failure::about("expected an array but got", value)),
    };
    let (start, end) = ends(start, end, length).map_err(|wrong| Failure::about(message, &wrong))?;
    match value {
        Value::List(list) => Ok(Value::list(
            list.get(start..end).unwrap_or_default().to_vec(),
        )?),
        Value::Text(text) => {
            let part: String = text.chars().skip(start).take(end - start).collect();
            Ok(Value::Text(Text::from(part)))
        }
        _ => Ok(Value::Null),
    }
}

/// The ends of a slice within a length, the first not behind the second; or what is no number.
pub(super) fn ends(start: &Value, end: &Value, length: usize) -> Result<(usize, usize), Value> {
    let clamp = |value: &Value, least: usize, none: usize| match (value, to_index(value)) {
        (Value::Null, _) => Ok(none),
        (_, Some(place)) => Ok(absolute(place, length)
            .unwrap_or(0)
            .clamp(least, length.max(least))),
        _ => Err(value.clone()),
    };
    let start = clamp(start, 0, 0)?;
    Ok((start, clamp(end, start, length)?))
}

fn get_path(value: &Value, path: &Value) -> Outcome {
    let Value::List(keys) = path else {
        return Err(Failure::applied_with("getpath", &[path], value));
    };
    let mut found = value.clone();
    for key in keys.iter() {
        if !matches!(found, Value::Null | Value::List(_) | Value::Map(_)) {
            return Err(Failure::applied_with("getpath", &[path], value));
        }
        found = index(&found, key).map_err(|failure| failure.within("getpath", &[path], value))?;
    }
    Ok(found)
}

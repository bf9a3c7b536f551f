//! Keys, entries and lengths.

use std::sync::Arc;

use num_bigint::BigInt;

use super::{Cost, Meter, Native, Outcome, arithmetic::add_owned};
use crate::jq::{
    failure::Failure,
    value::{Text, Value, big, compare, to_float},
};

pub(super) const FUNCTIONS: &[Native] = &[
    Native::new("length", 0, Cost::Length, |_, [value, ..]| match &value {
        Value::Null => Ok(Value::Int(0)),
        Value::Text(text) => Ok(Value::from(text.chars().count())),
        Value::List(list) => Ok(Value::from(list.len())),
        Value::Map(map) => Ok(Value::from(map.len())),
        _ => absolute("length", &value),
    }),
    Native::new("abs", 0, Cost::None, |_, [value, ..]| {
        absolute("abs", &value)
    }),
    Native::new(
        "utf8bytelength",
        0,
        Cost::None,
        |_, [value, ..]| match &value {
            Value::Text(text) => Ok(Value::from(text.len())),
            _ => Err(Failure::applied("utf8bytelength", &value)),
        },
    ),
    Native::new("keys", 0, Cost::Length, |_, [value, ..]| match &value {
        Value::List(list) => Ok(Value::list((0..list.len()).map(Value::from).collect())?),
        Value::Map(map) => Ok(Value::list(
            map.iter()
                .map(|entry| Value::Text(entry.0.clone()))
                .collect(),
        )?),
        _ => Err(Failure::applied("keys", &value)),
    }),
    Native::new("to_entries", 0, Cost::Length, |_, [value, ..]| {
        to_entries(&value)
    }),
    Native::new("from_entries", 0, Cost::Length, |_, [value, ..]| {
        from_entries(&value)
    }),
    Native::new("add", 0, Cost::Length, |meter, [value, ..]| {
        sum(meter, value)
    }),
    Native::new("type", 0, Cost::None, |_, [value, ..]| {
        Ok(Value::text(value.type_name()))
    }),
    Native::new("contains", 1, Cost::None, |meter, [value, part, ..]| {
        contains(meter, &value, &part).map(Value::Bool)
    }),
    Native::new("error", 0, Cost::None, |_, [value, ..]| {
        Err(Failure::Raised(value))
    }),
    Native::new("error", 1, Cost::None, |_, [_, value, ..]| {
        Err(Failure::Raised(value))
    }),
    Native::new("halt", 0, Cost::None, |_, _| Err(Failure::Halt(None))),
    Native::new("halt_error", 0, Cost::None, |_, [value, ..]| {
        Err(Failure::Halt(Some(value)))
    }),
    Native::new(
        "halt_error",
        1,
        Cost::None,
        |_, [value, code, ..]| match to_float(&code) {
            Some(_) => Err(Failure::Halt(Some(value))),
            None => Err(Failure::applied("halt_error", &code)),
        },
    ),
    Native::new("_range", 3, Cost::None, |_, [_, from, to, step]| {
        let ends = vec![from, to, step];
        match ends.iter().find(|end| to_float(end).is_none()) {
            Some(wrong) => Err(Failure::applied("range", wrong)),
            None => Ok(Value::list(ends)?),
        }
    }),
];

fn absolute(name: &str, value: &Value) -> Outcome {
    match value {
        Value::Int(number) => Ok(number
            .checked_abs()
            .map_or_else(|| big(-BigInt::from(*number)), Value::Int)),
        Value::Float(number) => Ok(Value::Float(number.abs())),
        Value::Big(number) => Ok(big(number.magnitude().clone().into())),
        _ => Err(Failure::applied(name, value)),
    }
}

fn to_entries(value: &Value) -> Outcome {
    let entry = |key: Value, value: &Value| {
        Value::map(vec![
            (Text::from("key"), key),
            (Text::from("value"), value.clone()),
        ])
    };
    let entries: Result<Vec<_>, _> = match value {
        Value::List(list) => list
            .iter()
            .enumerate()
            .map(|(place, item)| entry(Value::from(place), item))
            .collect(),
        Value::Map(map) => map
            .iter()
            .map(|(key, item)| entry(Value::Text(key.clone()), item))
            .collect(),
        _ => return Err(Failure::applied("to_entries", value)),
    };
    Ok(Value::list(entries?)?)
}

fn from_entries(value: &Value) -> Outcome {
    let Value::List(list) = value else {
        return Err(Failure::applied("from_entries", value));
    };
    let mut entries = Vec::with_capacity(list.len());
    for item in list.iter() {
        let Value::Map(map) = item else {
            return Err(Failure::applied("from_entries", item));
        };
        let keys = ["key", "Key", "name", "Name"]
            .into_iter()
            .filter_map(|name| map.find(name));
        let key = match keys.into_iter().find(|key| key.is_true()) {
            Some(Value::Text(key)) => key.clone(),
            key => {
                let message = "expected a string for object key but got";
                let failure = Failure::about(message, key.unwrap_or(&Value::Null));
                return Err(failure.within("from_entries", &[], value));
            }
        };
        let item = map.find("value").or_else(|| map.find("Value"));
        entries.push((key, item.cloned().unwrap_or(Value::Null)));
    }
    Ok(Value::map(entries)?)
}

fn sum(meter: &mut Meter, value: Value) -> Outcome {
    let items: Vec<Value> = match &value {
        Value::List(list) => list.to_vec(),
        Value::Map(map) => map.iter().map(|entry| entry.1.clone()).collect(),
        _ => return Err(Failure::applied("add", &value)),
    };
    drop(value);
    let mut total = Value::Null;
    let mut text = String::new();
    for item in items {
        meter.charge(super::length(&item))?;
        // Texts are gathered first: adding them one by one would copy them over and over.
        if let Value::Text(part) = &item
            && matches!(total, Value::Null | Value::Text(_))
        {
            if let Value::Text(first) = std::mem::replace(&mut total, Value::text("")) {
                text.push_str(&first);
            }
            meter.reserve(2 * (text.len() + part.len()))?;
            text.push_str(part);
            continue;
        }
        if !text.is_empty() {
            total = Value::from(std::mem::take(&mut text));
        }
        total = add_owned(total, item)?;
    }
    Ok(if text.is_empty() {
        total
    } else {
        Value::from(text)
    })
}

fn contains(meter: &mut Meter, value: &Value, part: &Value) -> Result<bool, Failure> {
    meter.charge(1)?;
    match (value, part) {
        (Value::Text(value), Value::Text(part)) => {
            meter.charge(value.len() as u64 / 32)?;
            Ok(value.contains(part.as_str()))
        }
        (Value::List(value), Value::List(part)) => {
            for wanted in part.iter() {
                let mut found = false;
                for item in value.iter() {
                    if is_in(contains(meter, item, wanted))? {
                        found = true;
                        break;
                    }
                }
                if !found {
                    return Ok(false);
                }
            }
            Ok(true)
        }
        (Value::Map(value), Value::Map(part)) => {
            for (key, wanted) in part.iter() {
                let Some(item) = value.find(key) else {
                    return Ok(false);
                };
                if !is_in(contains(meter, item, wanted))? {
                    return Ok(false);
                }
            }
            Ok(true)
        }
        _ if to_float(value).is_some() && to_float(part).is_some() => {
            Ok(compare(value, part).is_eq())
        }
        (Value::Null, Value::Null) => Ok(true),
        (Value::Bool(value), Value::Bool(part)) if value == part => Ok(true),
        _ => Err(Failure::applied_with("contains", &[part], value)),
    }
}

/// Inside of containers what cannot be compared is not contained.
fn is_in(answer: Result<bool, Failure>) -> Result<bool, Failure> {
    match answer {
        Err(Failure::Message(_)) => Ok(false),
        answer => answer,
    }
}

/// The items of a list or the values of a map.
pub(super) fn items(value: &Value) -> Option<Vec<Value>> {
    match value {
        Value::List(list) => Some(list.to_vec()),
        Value::Map(map) => Some(map.iter().map(|entry| entry.1.clone()).collect()),
        _ => None,
    }
}

/// Puts the items of a list in an order of their own, in place where nobody else holds it.
pub(super) fn reversed(list: Arc<crate::jq::value::List>) -> Outcome {
    let mut list = list;
    Arc::make_mut(&mut list).change(|items| items.reverse())?;
    Ok(Value::List(list))
}

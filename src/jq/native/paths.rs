//! Setting and deleting what paths lead to. A value that nobody else holds is changed in place.

use std::sync::Arc;

use super::{
    Cost, Meter, Native, Outcome,
    index::{absolute, ends},
};
use crate::jq::{
    failure::Failure,
    value::{List, Map, Text, Value, preview, to_index},
};

/// A list is not made longer than this by setting a place beyond its end.
const LONGEST_LIST: i64 = 0x800_0000;

pub(super) const FUNCTIONS: &[Native] = &[
    Native::new("setpath", 2, Cost::None, |meter, [value, path, new, _]| {
        let Value::List(keys) = &path else {
            return Err(Failure::applied_with("setpath", &[&path], &value));
        };
        // The value may be gone when a message needs it.
        let (told, new_told) = (preview(&value), preview(&new));
        update(meter, value, keys, new).map_err(|failure| match failure {
            Failure::Message(cause) => {
                let call = format!("setpath({}; {new_told})", preview(&path));
                Failure::Message(format!("{call} cannot be applied to {told}: {cause}"))
            }
            failure => failure,
        })
    }),
    Native::new("delpaths", 1, Cost::None, |meter, [value, paths, ..]| {
        delete(meter, value, &paths)
    }),
];

fn delete(meter: &mut Meter, value: Value, paths: &Value) -> Outcome {
    let Value::List(list) = paths else {
        return Err(Failure::applied_with("delpaths", &[paths], &value));
    };
    if list.is_empty() {
        return Ok(value);
    }
    let told = preview(&value);
    let wrap = |failure| match failure {
        Failure::Message(cause) => {
            let call = format!("delpaths({})", preview(paths));
            Failure::Message(format!("{call} cannot be applied to {told}: {cause}"))
        }
        failure => failure,
    };
    let mut value = value;
    for path in list.iter() {
        let Value::List(keys) = path else {
            return Err(wrap(Failure::about("expected an array but got", path)));
        };
        value = update(meter, value, keys, Value::Hole).map_err(wrap)?;
    }
    meter.charge(value.bytes() / 64)?;
    without_holes(value)
}

/// The value with what a path leads to set to a new one, or to a hole.
fn update(meter: &mut Meter, value: Value, path: &[Value], new: Value) -> Outcome {
    let Some((key, rest)) = path.split_first() else {
        return Ok(new);
    };
    meter.charge(1)?;
    let deletes = matches!(new, Value::Hole);
    match (key, value) {
        (_, Value::Hole) => Ok(Value::Hole),
        // The reference makes containers of null even where there is nothing to delete.
        (Value::Text(_), Value::Null) if deletes => Ok(Value::map(Vec::new())?),
        (Value::Text(key), Value::Null) => update_map(meter, Arc::new(Map::new()), key, rest, new),
        (Value::Text(key), Value::Map(map)) => update_map(meter, map, key, rest, new),
        (Value::Text(_), value) => Err(Failure::about("expected an object but got", &value)),
        (Value::Int(_) | Value::Float(_) | Value::Big(_), Value::Null) if deletes => {
            Ok(Value::empty_list())
        }
        (Value::Int(_) | Value::Float(_) | Value::Big(_), Value::Null) => {
            update_item(meter, Arc::new(List::new(Vec::new())?), key, rest, new)
        }
        (Value::Int(_) | Value::Float(_) | Value::Big(_), Value::List(list)) => {
            update_item(meter, list, key, rest, new)
        }
        (Value::Map(ends), Value::Null) => {
            let list = Arc::new(List::new(Vec::new())?);
            update_slice(meter, list, ends, rest, new)
        }
        (Value::Map(ends), Value::List(list)) => update_slice(meter, list, ends, rest, new),
        (Value::Int(_) | Value::Float(_) | Value::Big(_) | Value::Map(_), value) => {
            Err(Failure::about("expected an array but got", &value))
        }
        (_, Value::List(_)) => Err(Failure::about(
            "expected a number for indexing an array but got",
            key,
        )),
        _ => Err(Failure::about(
            "expected a string for object key but got",
            key,
        )),
    }
}

fn update_map(
    meter: &mut Meter,
    mut map: Arc<Map>,
    key: &Text,
    rest: &[Value],
    new: Value,
) -> Outcome {
    if matches!(new, Value::Hole) && map.find(key).is_none() {
        return Ok(Value::Map(map));
    }
    if Arc::get_mut(&mut map).is_none() {
        meter.charge(map.len() as u64 / 4)?;
    }
    let entries = Arc::make_mut(&mut map);
    let old = entries.take(key).unwrap_or(Value::Null);
    entries.insert(key.clone(), update(meter, old, rest, new)?)?;
    Ok(Value::Map(map))
}

fn update_item(
    meter: &mut Meter,
    mut list: Arc<List>,
    key: &Value,
    rest: &[Value],
    new: Value,
) -> Outcome {
    let wanted = to_index(key).unwrap_or(0);
    let deletes = matches!(new, Value::Hole);
    let Some(place) = absolute(wanted, list.len()) else {
        if deletes {
            return Ok(Value::List(list));
        }
        let message = format!("array index should not be negative: {wanted}");
        return Err(Failure::Message(message));
    };
    if place >= list.len() {
        if deletes {
            return Ok(Value::List(list));
        }
        if wanted >= LONGEST_LIST {
            return Err(Failure::Message(format!("array index too large: {wanted}")));
        }
        meter.reserve((place - list.len()) * 48)?;
        meter.charge((place - list.len()) as u64)?;
    }
    if Arc::get_mut(&mut list).is_none() {
        meter.charge(list.len() as u64 / 4)?;
    }
    let items = Arc::make_mut(&mut list);
    let old = items.take(place);
    items.put(place, update(meter, old, rest, new)?)?;
    Ok(Value::List(list))
}

fn update_slice(
    meter: &mut Meter,
    mut list: Arc<List>,
    range: &Map,
    rest: &[Value],
    new: Value,
) -> Outcome {
    let (Some(start), Some(end)) = (range.find("start"), range.find("end")) else {
        let message = "expected \"start\" and \"end\" for slicing but got";
        return Err(Failure::about(
            message,
            &Value::Map(Arc::new(range.clone())),
        ));
    };
    // What is no number is no end.
    let [start, end] = [start, end].map(|end| {
        if to_index(end).is_some() {
            end
        } else {
            &Value::Null
        }
    });
    let (start, end) = ends(start, end, list.len()).unwrap_or((0, list.len()));
    if start == end && matches!(new, Value::Hole) {
        return Ok(Value::List(list));
    }
    meter.charge(list.len() as u64 / 2)?;
    let part = Value::list(list.get(start..end).unwrap_or_default().to_vec())?;
    match update(meter, part, rest, new)? {
        Value::List(part) => {
            let part = part.to_vec();
            Arc::make_mut(&mut list).change(|items| _ = items.splice(start..end, part))?;
        }
        Value::Hole => {
            Arc::make_mut(&mut list).change(|items| {
                items
                    .iter_mut()
                    .take(end)
                    .skip(start)
                    .for_each(|item| *item = Value::Hole);
            })?;
        }
        part => return Err(Failure::about("expected an array but got", &part)),
    }
    Ok(Value::List(list))
}

/// The value with all holes closed.
fn without_holes(value: Value) -> Outcome {
    let is_whole = |value: &Value| !matches!(value, Value::Hole);
    match value {
        Value::Hole => Ok(Value::Null),
        Value::List(mut list) if list.iter().any(needs_closing) => {
            let mut failed = Ok(());
            Arc::make_mut(&mut list).change(|items| {
                items.retain(is_whole);
                for item in items {
                    close(item, &mut failed);
                }
            })?;
            failed.map(|()| Value::List(list))
        }
        Value::Map(mut map) if map.iter().any(|entry| needs_closing(&entry.1)) => {
            let mut failed = Ok(());
            Arc::make_mut(&mut map).change(|entries| {
                entries.retain(|entry| is_whole(&entry.1));
                for entry in entries {
                    close(&mut entry.1, &mut failed);
                }
            })?;
            failed.map(|()| Value::Map(map))
        }
        value => Ok(value),
    }
}

fn close(item: &mut Value, failed: &mut Result<(), Failure>) {
    match without_holes(std::mem::replace(item, Value::Null)) {
        Ok(closed) => *item = closed,
        Err(failure) => *failed = Err(failure),
    }
}

/// Whether a value is a hole or may hold one.
fn needs_closing(value: &Value) -> bool {
    match value {
        Value::Hole => true,
        Value::List(list) => list.iter().any(needs_closing),
        Value::Map(map) => map.iter().any(|entry| needs_closing(&entry.1)),
        _ => false,
    }
}

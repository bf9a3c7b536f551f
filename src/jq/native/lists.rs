//! Order, groups and shapes of lists.

use super::{
    Cost, Meter, Native, Outcome,
    entries::{items, reversed},
    index::places,
};
use crate::jq::{
    failure::Failure,
    value::{Value, compare, preview, to_float, write_json},
};

pub(super) const FUNCTIONS: &[Native] = &[
    Native::new("reverse", 0, Cost::Length, |_, [value, ..]| match value {
        Value::List(list) => reversed(list),
        value => Err(Failure::applied("reverse", &value)),
    }),
    Native::new("_input", 0, Cost::None, |meter, _| {
        let none = || Failure::Message("No more inputs".to_owned());
        meter.inputs.pop_front().ok_or_else(none)
    }),
    Native::new("flatten", 0, Cost::Whole, |_, [value, ..]| {
        flatten(&value, f64::INFINITY)
    }),
    Native::new(
        "flatten",
        1,
        Cost::Whole,
        |_, [value, depth, ..]| match to_float(&depth) {
            None => Err(Failure::applied("flatten", &depth)),
            Some(levels) if levels < 0.0 => {
                let message = format!("flatten depth should not be negative: {}", preview(&depth));
                Err(Failure::Message(message))
            }
            Some(levels) => flatten(&value, levels),
        },
    ),
    Native::new("min", 0, Cost::Whole, |_, [value, ..]| {
        extreme("min", &value, None)
    }),
    Native::new("max", 0, Cost::Whole, |_, [value, ..]| {
        extreme("max", &value, None)
    }),
    Native::new("_min_by", 1, Cost::Whole, |_, [value, keys, ..]| {
        extreme("min_by", &value, Some(&keys))
    }),
    Native::new("_max_by", 1, Cost::Whole, |_, [value, keys, ..]| {
        extreme("max_by", &value, Some(&keys))
    }),
    Native::new("sort", 0, Cost::Whole, |meter, [value, ..]| {
        let sorted = sorted(meter, "sort", &value, None)?;
        Ok(Value::list(
            sorted.into_iter().map(|(_, item)| item).collect(),
        )?)
    }),
    Native::new("_sort_by", 1, Cost::Whole, |meter, [value, keys, ..]| {
        let sorted = sorted(meter, "sort_by", &value, Some(&keys))?;
        Ok(Value::list(
            sorted.into_iter().map(|(_, item)| item).collect(),
        )?)
    }),
    Native::new("_group_by", 1, Cost::Whole, |meter, [value, keys, ..]| {
        let groups = groups(sorted(meter, "group_by", &value, Some(&keys))?);
        let groups: Result<Vec<_>, _> = groups.into_iter().map(Value::list).collect();
        Ok(Value::list(groups?)?)
    }),
    Native::new("unique", 0, Cost::Whole, |meter, [value, ..]| {
        unique(sorted(meter, "unique", &value, None)?)
    }),
    Native::new("_unique_by", 1, Cost::Whole, |meter, [value, keys, ..]| {
        unique(sorted(meter, "unique_by", &value, Some(&keys))?)
    }),
    Native::new("join", 1, Cost::Length, |meter, [value, separator, ..]| {
        join(meter, &value, &separator)
    }),
    Native::new("transpose", 0, Cost::Whole, |meter, [value, ..]| {
        transpose(meter, &value)
    }),
    Native::new("bsearch", 1, Cost::None, |_, [value, wanted, ..]| {
        let Value::List(list) = &value else {
            return Err(Failure::applied_with("bsearch", &[&wanted], &value));
        };
        let place = list.partition_point(|item| compare(item, &wanted).is_lt());
        let found = list
            .get(place)
            .is_some_and(|item| compare(item, &wanted).is_eq());
        let place = i64::try_from(place).unwrap_or(i64::MAX);
        Ok(Value::Int(if found { place } else { -place - 1 }))
    }),
    Native::new("indices", 1, Cost::Length, |meter, [value, part, ..]| {
        let found = found(meter, "indices", &value, &part)?;
        found.map_or(Ok(Value::Null), |found| {
            Ok(Value::list(found.into_iter().map(Value::from).collect())?)
        })
    }),
    Native::new("index", 1, Cost::Length, |meter, [value, part, ..]| {
        let found = found(meter, "index", &value, &part)?;
        Ok(found
            .and_then(|found| found.first().copied())
            .map_or(Value::Null, Value::from))
    }),
    Native::new("rindex", 1, Cost::Length, |meter, [value, part, ..]| {
        let found = found(meter, "rindex", &value, &part)?;
        Ok(found
            .and_then(|found| found.last().copied())
            .map_or(Value::Null, Value::from))
    }),
];

fn flatten(value: &Value, levels: f64) -> Outcome {
    let Some(items) = items(value) else {
        return Err(Failure::applied("flatten", value));
    };
    let mut flat = Vec::new();
    flatten_into(&mut flat, &items, levels);
    Ok(Value::list(flat)?)
}

fn flatten_into(flat: &mut Vec<Value>, items: &[Value], levels: f64) {
    for item in items {
        match item {
            Value::List(inner) if levels != 0.0 => flatten_into(flat, inner, levels - 1.0),
            item => flat.push(item.clone()),
        }
    }
}

/// The items beside the keys that they are compared by.
fn keyed(name: &str, value: &Value, keys: Option<&Value>) -> Result<Vec<(Value, Value)>, Failure> {
    let refuse = || match keys {
        Some(keys) => Failure::applied_with(name, &[keys], value),
        None => Failure::applied(name, value),
    };
    let Value::List(items) = value else {
        return Err(refuse());
    };
    let Value::List(keys) = keys.unwrap_or(value) else {
        return Err(refuse());
    };
    Ok(keys.iter().cloned().zip(items.iter().cloned()).collect())
}

fn extreme(name: &str, value: &Value, keys: Option<&Value>) -> Outcome {
    let mut keyed = keyed(name, value, keys)?.into_iter();
    let Some(mut best) = keyed.next() else {
        return Ok(Value::Null);
    };
    for candidate in keyed {
        // Of equal ones the first is the least and the last is the greatest.
        if compare(&best.0, &candidate.0).is_gt() == name.starts_with("min") {
            best = candidate;
        }
    }
    Ok(best.1)
}

fn sorted(
    meter: &mut Meter,
    name: &str,
    value: &Value,
    keys: Option<&Value>,
) -> Result<Vec<(Value, Value)>, Failure> {
    let mut keyed = keyed(name, value, keys)?;
    meter.charge(keyed.len() as u64 * 4)?;
    merge_sort(&mut keyed);
    Ok(keyed)
}

/// A stable sort that does not mind an order with numbers that are none, which is not total.
fn merge_sort(items: &mut Vec<(Value, Value)>) {
    if items.len() < 2 {
        return;
    }
    let mut right = items.split_off(items.len() / 2);
    merge_sort(items);
    merge_sort(&mut right);
    let mut merged = Vec::with_capacity(items.len() + right.len());
    let mut left = std::mem::take(items).into_iter().peekable();
    let mut right = right.into_iter().peekable();
    while let (Some(one), Some(other)) = (left.peek(), right.peek()) {
        let next = if compare(&other.0, &one.0).is_lt() {
            right.next()
        } else {
            left.next()
        };
        merged.extend(next);
    }
    merged.extend(left);
    merged.extend(right);
    *items = merged;
}

fn groups(sorted: Vec<(Value, Value)>) -> Vec<Vec<Value>> {
    let mut groups: Vec<Vec<Value>> = Vec::new();
    let mut last: Option<Value> = None;
    for (key, item) in sorted {
        let same = last
            .as_ref()
            .is_some_and(|last| compare(last, &key).is_eq());
        match groups.last_mut() {
            Some(group) if same => group.push(item),
            _ => {
                groups.push(vec![item]);
                last = Some(key);
            }
        }
    }
    groups
}

fn unique(sorted: Vec<(Value, Value)>) -> Outcome {
    let firsts = groups(sorted)
        .into_iter()
        .filter_map(|group| group.into_iter().next());
    Ok(Value::list(firsts.collect())?)
}

fn join(meter: &mut Meter, value: &Value, separator: &Value) -> Outcome {
    let refuse = || Failure::applied_with("join", &[separator], value);
    let Some(items) = items(value) else {
        return Err(refuse());
    };
    let between = match separator {
        Value::Text(text) => text.as_str(),
        _ if items.len() > 1 => return Err(refuse()),
        _ => "",
    };
    let mut text = String::new();
    for (place, item) in items.iter().enumerate() {
        if place > 0 {
            text.push_str(between);
        }
        match item {
            Value::Null => {}
            Value::Text(part) => text.push_str(part),
            Value::List(_) | Value::Map(_) => {
                return Err(Failure::about(
                    "join cannot be applied to an array including",
                    item,
                ));
            }
            item => write_json(item, &mut text),
        }
        meter.reserve(2 * text.len())?;
    }
    meter.charge(text.len() as u64 / 64)?;
    Ok(Value::from(text))
}

fn transpose(meter: &mut Meter, value: &Value) -> Outcome {
    let Value::List(rows) = value else {
        return Err(Failure::applied("transpose", value));
    };
    let mut width = 0;
    for row in rows.iter() {
        let Value::List(row) = row else {
            return Err(Failure::applied("transpose", value));
        };
        width = width.max(row.len());
    }
    meter.charge((width * rows.len()) as u64 / 2)?;
    meter.reserve(width * rows.len() * 48)?;
    let column = |place: usize| {
        let items = rows.iter().map(|row| match row {
            Value::List(row) => row.get(place..).and_then(<[_]>::first).cloned(),
            _ => None,
        });
        Value::list(items.map(Option::unwrap_or_default).collect())
    };
    let columns: Result<Vec<_>, _> = (0..width).map(column).collect();
    Ok(Value::list(columns?)?)
}

/// Where a part is found; nothing in null.
fn found(
    meter: &mut Meter,
    name: &str,
    value: &Value,
    part: &Value,
) -> Result<Option<Vec<usize>>, Failure> {
    match (value, part) {
        (Value::Null, _) => Ok(None),
        (Value::List(list), Value::List(part)) => {
            meter.charge(list.len() as u64 * part.len() as u64)?;
            Ok(Some(places(list, part).collect()))
        }
        (Value::List(list), item) => Ok(Some(places(list, std::slice::from_ref(item)).collect())),
        (Value::Text(text), Value::Text(part)) => {
            meter.charge(text.len() as u64)?;
            Ok(Some(text_places(text, part)))
        }
        _ => Err(Failure::applied_with(name, &[part], value)),
    }
}

/// The letters, counted, at which a part begins, overlapping ones too.
fn text_places(text: &str, part: &str) -> Vec<usize> {
    if part.is_empty() {
        return Vec::new();
    }
    let starts = text.char_indices().enumerate();
    starts
        .filter(|(_, (place, _))| text.as_bytes()[*place..].starts_with(part.as_bytes()))
        .map(|(count, _)| count)
        .collect()
}

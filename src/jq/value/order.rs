//! The order of all values: null, false, true, numbers, texts, lists, maps.

#![expect(clippy::cast_precision_loss, reason = "integers meet floats as floats")]

use std::cmp::Ordering;

use super::{Map, Value, big_to_float};

/// Compares two values. A number that is not one is less than every number, itself included.
pub(in crate::jq) fn compare(left: &Value, right: &Value) -> Ordering {
    match (left, right) {
        (Value::Int(left), Value::Int(right)) => left.cmp(right),
        (Value::Text(left), Value::Text(right)) => left.as_str().cmp(right.as_str()),
        (Value::List(left), Value::List(right)) => compare_lists(left, right),
        (Value::Map(left), Value::Map(right)) => compare_maps(left, right),
        (Value::Float(left), right) if rank(right) == 3 => match right {
            Value::Int(right) => compare_floats(*left, *right as f64),
            Value::Float(right) => compare_floats(*left, *right),
            Value::Big(right) => compare_floats(*left, big_to_float(right)),
            _ => Ordering::Equal,
        },
        (Value::Int(left), Value::Float(right)) => compare_floats(*left as f64, *right),
        (Value::Big(left), Value::Float(right)) => compare_floats(big_to_float(left), *right),
        (Value::Big(left), Value::Big(right)) => left.cmp(right),
        (Value::Big(left), Value::Int(right)) => (**left).cmp(&(*right).into()),
        (Value::Int(left), Value::Big(right)) => num_bigint::BigInt::from(*left).cmp(right),
        _ => rank(left).cmp(&rank(right)),
    }
}

fn compare_lists(left: &[Value], right: &[Value]) -> Ordering {
    left.iter()
        .zip(right)
        .map(|(left, right)| compare(left, right))
        .find(|order| order.is_ne())
        .unwrap_or_else(|| left.len().cmp(&right.len()))
}

fn compare_maps(left: &Map, right: &Map) -> Ordering {
    let keys = left
        .iter()
        .zip(right.iter())
        .map(|(left, right)| left.0.as_str().cmp(right.0.as_str()))
        .find(|order| order.is_ne())
        .unwrap_or_else(|| left.len().cmp(&right.len()));
    keys.then_with(|| {
        left.iter()
            .zip(right.iter())
            .map(|(left, right)| compare(&left.1, &right.1))
            .find(|order| order.is_ne())
            .unwrap_or(Ordering::Equal)
    })
}

fn compare_floats(left: f64, right: f64) -> Ordering {
    if left < right || left.is_nan() {
        Ordering::Less
    } else if left > right || right.is_nan() {
        Ordering::Greater
    } else {
        Ordering::Equal
    }
}

const fn rank(value: &Value) -> u8 {
    match value {
        Value::Null | Value::Hole | Value::Closure(..) => 0,
        Value::Bool(false) => 1,
        Value::Bool(true) => 2,
        Value::Int(_) | Value::Big(_) | Value::Float(_) => 3,
        Value::Text(_) => 4,
        Value::List(_) => 5,
        Value::Map(_) => 6,
    }
}

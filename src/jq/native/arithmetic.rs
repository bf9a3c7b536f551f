//! Operators.

#![expect(
    clippy::cast_precision_loss,
    reason = "integers become floats where jq's do"
)]

use std::{cmp::Ordering, sync::Arc};

use num_bigint::BigInt;

use super::{Cost, Inputs, Meter, Native, Outcome};
use crate::jq::{
    failure::Failure,
    value::{Map, Value, big, compare, to_float, to_index, typed_preview},
};

pub(super) const FUNCTIONS: &[Native] = &[
    Native::new("_plus", 0, Cost::None, |_, [value, ..]| match value {
        Value::Int(_) | Value::Float(_) | Value::Big(_) => Ok(value),
        _ => Err(Failure::about("cannot plus", &value)),
    }),
    Native::new("_negate", 0, Cost::None, |_, [value, ..]| match value {
        Value::Int(number) => Ok(big(-BigInt::from(number))),
        Value::Float(number) => Ok(Value::Float(-number)),
        Value::Big(number) => Ok(big(-&*number)),
        _ => Err(Failure::about("cannot negate", &value)),
    }),
    Native::new("_add", 2, Cost::Length, |meter, [_, left, right, _]| {
        meter.reserve(2 * (text_length(&left) + text_length(&right)))?;
        add_owned(left, right)
    }),
    Native::new("_subtract", 2, Cost::None, |meter, [_, left, right, _]| {
        subtract(meter, &left, &right)
    }),
    Native::new(
        "_multiply",
        2,
        Cost::Length,
        |meter, [_, left, right, _]| multiply(meter, &left, &right),
    ),
    Native::new("_divide", 2, Cost::Length, |_, [_, left, right, _]| {
        divide(&left, &right)
    }),
    Native::new("_modulo", 2, Cost::None, |_, [_, left, right, _]| {
        modulo(&left, &right)
    }),
    Native::new("_alternative", 2, Cost::None, |_, [_, left, right, _]| {
        Ok(if left.is_true() { left } else { right })
    }),
    Native::new("_equal", 2, Cost::Whole, |_, inputs| {
        Ok(compared(&inputs, Ordering::is_eq))
    }),
    Native::new("_notequal", 2, Cost::Whole, |_, inputs| {
        Ok(compared(&inputs, Ordering::is_ne))
    }),
    Native::new("_less", 2, Cost::Whole, |_, inputs| {
        Ok(compared(&inputs, Ordering::is_lt))
    }),
    Native::new("_lesseq", 2, Cost::Whole, |_, inputs| {
        Ok(compared(&inputs, Ordering::is_le))
    }),
    Native::new("_greater", 2, Cost::Whole, |_, inputs| {
        Ok(compared(&inputs, Ordering::is_gt))
    }),
    Native::new("_greatereq", 2, Cost::Whole, |_, inputs| {
        Ok(compared(&inputs, Ordering::is_ge))
    }),
];

fn compared(inputs: &Inputs, holds: fn(Ordering) -> bool) -> Value {
    Value::Bool(holds(compare(&inputs[1], &inputs[2])))
}

fn text_length(value: &Value) -> usize {
    if let Value::Text(text) = value {
        text.len()
    } else {
        0
    }
}

/// Two numbers of one kind.
enum Pair {
    Ints(i64, i64),
    Bigs(BigInt, BigInt),
    Floats(f64, f64),
}

fn pair(left: &Value, right: &Value) -> Option<Pair> {
    let whole = |value: &Value| match value {
        Value::Int(number) => Some(BigInt::from(*number)),
        Value::Big(number) => Some((**number).clone()),
        _ => None,
    };
    if let (Value::Int(left), Value::Int(right)) = (left, right) {
        return Some(Pair::Ints(*left, *right));
    }
    if let (Some(left), Some(right)) = (whole(left), whole(right)) {
        return Some(Pair::Bigs(left, right));
    }
    Some(Pair::Floats(to_float(left)?, to_float(right)?))
}

fn refuse(deed: &str, left: &Value, right: &Value) -> Failure {
    let (left, right) = (typed_preview(left), typed_preview(right));
    Failure::Message(format!("cannot {deed}: {left} and {right}"))
}

fn by_zero(deed: &str, left: &Value, right: &Value) -> Failure {
    let (left, right) = (typed_preview(left), typed_preview(right));
    Failure::Message(format!("cannot {deed} {left} by: {right}"))
}

/// The sum of two values.
pub(in crate::jq) fn add(left: &Value, right: &Value) -> Outcome {
    add_owned(left.clone(), right.clone())
}

pub(super) fn add_owned(left: Value, right: Value) -> Outcome {
    match (left, right) {
        (Value::Null, value) | (value, Value::Null) => Ok(value),
        (Value::Text(left), Value::Text(right)) => {
            let mut text = String::with_capacity(left.len() + right.len());
            text.push_str(&left);
            text.push_str(&right);
            Ok(Value::from(text))
        }
        (Value::List(mut left), Value::List(right)) => {
            if left.is_empty() {
                return Ok(Value::List(right));
            }
            if right.is_empty() {
                return Ok(Value::List(left));
            }
            Arc::make_mut(&mut left).change(|items| items.extend(right.iter().cloned()))?;
            Ok(Value::List(left))
        }
        (Value::Map(mut left), Value::Map(right)) => {
            if left.is_empty() {
                return Ok(Value::Map(right));
            }
            let map = Arc::make_mut(&mut left);
            for (key, value) in right.iter() {
                map.insert(key.clone(), value.clone())?;
            }
            Ok(Value::Map(left))
        }
        (left, right) => match pair(&left, &right) {
            Some(Pair::Ints(one, other)) => Ok(one
                .checked_add(other)
                .map_or_else(|| big(BigInt::from(one) + other), Value::Int)),
            Some(Pair::Bigs(one, other)) => Ok(big(one + other)),
            Some(Pair::Floats(one, other)) => Ok(Value::Float(one + other)),
            None => Err(refuse("add", &left, &right)),
        },
    }
}

fn subtract(meter: &mut Meter, left: &Value, right: &Value) -> Outcome {
    if let (Value::List(left), Value::List(right)) = (left, right) {
        meter.charge(left.len() as u64 * right.len() as u64 / 2)?;
        let kept = |item: &&Value| !right.iter().any(|other| compare(item, other).is_eq());
        return Ok(Value::list(left.iter().filter(kept).cloned().collect())?);
    }
    match pair(left, right) {
        Some(Pair::Ints(one, other)) => Ok(one
            .checked_sub(other)
            .map_or_else(|| big(BigInt::from(one) - other), Value::Int)),
        Some(Pair::Bigs(one, other)) => Ok(big(one - other)),
        Some(Pair::Floats(one, other)) => Ok(Value::Float(one - other)),
        None => Err(refuse("subtract", left, right)),
    }
}

fn multiply(meter: &mut Meter, left: &Value, right: &Value) -> Outcome {
    match (left, right) {
        (Value::Map(left), Value::Map(right)) => return merge(left, right),
        (Value::Text(text), number) | (number, Value::Text(text)) => {
            if let Some(times) = to_float(number) {
                return repeat(meter, text, times);
            }
        }
        _ => {}
    }
    match pair(left, right) {
        Some(Pair::Ints(one, other)) => Ok(one
            .checked_mul(other)
            .map_or_else(|| big(BigInt::from(one) * other), Value::Int)),
        Some(Pair::Bigs(one, other)) => {
            if one.bits() + other.bits() > 100_000 {
                return Err(Failure::Limit("the digits that a number may have"));
            }
            meter.charge(one.bits() * other.bits() / 4096)?;
            Ok(big(one * other))
        }
        Some(Pair::Floats(one, other)) => Ok(Value::Float(one * other)),
        None => Err(refuse("multiply", left, right)),
    }
}

/// A text many times over; null for a number below 0 or for too many.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the number lies between 0 and the limit"
)]
fn repeat(meter: &mut Meter, text: &str, times: f64) -> Outcome {
    const MOST: usize = 0x1000_0000;
    let too_many = !text.is_empty() && times > (MOST / text.len().max(1)) as f64;
    if times < 0.0 || times.is_nan() || too_many {
        return Ok(Value::Null);
    }
    if text.is_empty() {
        return Ok(Value::text(""));
    }
    let times = times as usize;
    meter.reserve(2 * text.len() * times)?;
    meter.charge((text.len() * times) as u64 / 64)?;
    Ok(Value::from(text.repeat(times)))
}

fn merge(left: &Arc<Map>, right: &Map) -> Outcome {
    let mut merged = left.clone();
    let map = Arc::make_mut(&mut merged);
    for (key, value) in right.iter() {
        let value = match (map.find(key), value) {
            (Some(Value::Map(old)), Value::Map(new)) => merge(&old.clone(), new)?,
            _ => value.clone(),
        };
        map.insert(key.clone(), value)?;
    }
    Ok(Value::Map(merged))
}

fn divide(left: &Value, right: &Value) -> Outcome {
    if let (Value::Text(left), Value::Text(right)) = (left, right) {
        return super::texts::split(left, right);
    }
    match pair(left, right) {
        Some(Pair::Ints(_, 0) | Pair::Floats(_, 0.0)) => Err(by_zero("divide", left, right)),
        Some(Pair::Ints(one, other)) if one.checked_rem(other) == Some(0) => Ok(one
            .checked_div(other)
            .map_or_else(|| big(BigInt::from(one) / other), Value::Int)),
        Some(Pair::Ints(one, -1)) => Ok(big(-BigInt::from(one))),
        Some(Pair::Ints(one, other)) => Ok(Value::Float(one as f64 / other as f64)),
        Some(Pair::Bigs(_, other)) if other == BigInt::ZERO => Err(by_zero("divide", left, right)),
        Some(Pair::Bigs(one, other)) if &one % &other == BigInt::ZERO => Ok(big(one / other)),
        Some(Pair::Bigs(..)) => {
            let (one, other) = (
                to_float(left).unwrap_or(0.0),
                to_float(right).unwrap_or(1.0),
            );
            Ok(Value::Float(one / other))
        }
        Some(Pair::Floats(one, other)) => Ok(Value::Float(one / other)),
        None => Err(refuse("divide", left, right)),
    }
}

fn modulo(left: &Value, right: &Value) -> Outcome {
    match pair(left, right) {
        Some(Pair::Ints(_, 0)) => Err(by_zero("modulo", left, right)),
        Some(Pair::Ints(one, other)) => Ok(Value::Int(one.wrapping_rem(other))),
        Some(Pair::Bigs(_, other)) if other == BigInt::ZERO => Err(by_zero("modulo", left, right)),
        Some(Pair::Bigs(one, other)) => Ok(big(one % other)),
        Some(Pair::Floats(one, other)) => {
            let divisor = to_index(right).unwrap_or(0);
            if divisor == 0 {
                return Err(by_zero("modulo", left, right));
            }
            if one.is_nan() || other.is_nan() {
                return Ok(Value::Float(f64::NAN));
            }
            Ok(Value::Int(
                to_index(left).unwrap_or(0).wrapping_rem(divisor),
            ))
        }
        None => Err(refuse("modulo", left, right)),
    }
}

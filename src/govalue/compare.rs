//! Values compared as `text/template` compares them: by kind, without conversions.

use std::cmp::Ordering;

use super::record::Depth;
use super::{Error, Kind, Value, World, print};

/// What kinds of values compare with each other.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Basic {
    None,
    Bool,
    Complex,
    Int,
    Float,
    Text,
    Uint,
}

/// `eq`: whether the first value equals one of the others.
///
/// # Errors
///
/// In Go's words, for values of kinds that do not compare.
pub fn equal(world: &dyn World, first: &Value, others: &[Value]) -> Result<bool, Error> {
    if others.is_empty() {
        return Err(failed("missing argument for comparison"));
    }
    for other in others {
        if is_equal(world, first, other)? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn is_equal(world: &dyn World, first: &Value, other: &Value) -> Result<bool, Error> {
    let truth = match (first, other) {
        (Value::Text(first), Value::Text(other)) => first == other,
        (Value::Bool(first), Value::Bool(other)) => first == other,
        #[expect(clippy::float_cmp, reason = "it is what `eq` is asked")]
        (Value::Float(first), Value::Float(other)) => first == other,
        #[expect(clippy::float_cmp, reason = "it is what `eq` is asked")]
        (Value::Complex(first, second), Value::Complex(third, fourth)) => {
            first == third && second == fourth
        }
        _ => match (basic(first), basic(other)) {
            (Basic::Int | Basic::Uint, Basic::Int | Basic::Uint) => whole(first) == whole(other),
            (Basic::None, Basic::None) => return is_same(world, first, other),
            _ if matches!(first, Value::Nil) || matches!(other, Value::Nil) => false,
            _ => return Err(incompatible(first, other)),
        },
    };
    Ok(truth)
}

/// Values that are neither numbers nor texts.
fn is_same(world: &dyn World, first: &Value, other: &Value) -> Result<bool, Error> {
    if is_nil(first) || is_nil(other) {
        return Ok(is_nil(first) == is_nil(other));
    }
    if first.kind() != other.kind() {
        let mut why = b"non-comparable types ".to_vec();
        why.extend(print::printf(world, b"%s", std::slice::from_ref(first))?);
        why.extend_from_slice(
            format!(": {}, {}: ", first.type_name(), other.type_name()).as_bytes(),
        );
        print::write(world, &mut why, other)?;
        return Err(failed(&String::from_utf8_lossy(&why)));
    }
    match (first, other) {
        (Value::Record(first), Value::Record(second)) if is_comparable(other) => {
            let is_type = std::ptr::eq(first.shape(), second.shape());
            if is_type && let Some(alike) = first.shape().alike {
                return Ok(alike(first, second, Depth::Shallow));
            }
            if first.shape().kind == Kind::Pointer || !is_type {
                return Ok(is_type && first.is_same(second));
            }
            if let Some(to_text) = first.shape().to_text
                && first.fields().is_empty()
            {
                // What it consists of is hidden, and printed.
                return Ok(to_text(first) == to_text(second));
            }
            for (first, second) in first.fields().iter().zip(second.fields()) {
                let is_field = basic(first) == basic(&second) && is_equal(world, first, &second)?;
                if !is_field {
                    return Ok(false);
                }
            }
            Ok(true)
        }
        _ => {
            let mut why = b"non-comparable type ".to_vec();
            why.extend(print::printf(world, b"%s", std::slice::from_ref(other))?);
            why.extend_from_slice(format!(": {}", other.type_name()).as_bytes());
            Err(failed(&String::from_utf8_lossy(&why)))
        }
    }
}

fn is_comparable(value: &Value) -> bool {
    match value {
        Value::Bytes(_) | Value::List(_) | Value::Map(_) => false,
        Value::Record(record) => {
            record.shape().kind == Kind::Pointer || record.fields().iter().all(is_comparable)
        }
        _ => true,
    }
}

/// `lt`, and what follows from it: how two values stand to each other; `None` for numbers that do not
/// stand in any order.
///
/// # Errors
///
/// In Go's words, for values of kinds that have no order.
pub fn order(first: &Value, other: &Value) -> Result<Option<Ordering>, Error> {
    let (kind, other_kind) = (basic(first), basic(other));
    if kind == Basic::None || other_kind == Basic::None {
        return Err(failed("invalid type for comparison"));
    }
    match (first, other) {
        (Value::Float(first), Value::Float(other)) => Ok(first.partial_cmp(other)),
        (Value::Text(first), Value::Text(other)) => Ok(Some(first.cmp(other))),
        _ => match (kind, other_kind) {
            (Basic::Int | Basic::Uint, Basic::Int | Basic::Uint) => {
                Ok(Some(whole(first).cmp(&whole(other))))
            }
            _ if kind == other_kind => Err(failed("invalid type for comparison")),
            _ => Err(incompatible(first, other)),
        },
    }
}

fn basic(value: &Value) -> Basic {
    match value {
        Value::Bool(_) => Basic::Bool,
        Value::Int(_) | Value::Int64(_) => Basic::Int,
        Value::Uint8(_) | Value::Uint64(_) => Basic::Uint,
        Value::Float(_) => Basic::Float,
        Value::Complex(..) => Basic::Complex,
        Value::Text(_) => Basic::Text,
        Value::Record(record) if record.number().is_some() => Basic::Int,
        Value::Nil | Value::Bytes(_) | Value::List(_) | Value::Map(_) | Value::Record(_) => {
            Basic::None
        }
    }
}

fn whole(value: &Value) -> i128 {
    match value {
        Value::Int(number) | Value::Int64(number) => i128::from(*number),
        Value::Uint8(number) => i128::from(*number),
        Value::Uint64(number) => i128::from(*number),
        Value::Record(record) => record.number().unwrap_or_default().into(),
        _ => 0,
    }
}

fn is_nil(value: &Value) -> bool {
    match value {
        Value::Nil => true,
        Value::List(list) => list.is_nil(),
        Value::Map(map) => map.is_nil(),
        _ => false,
    }
}

fn incompatible(first: &Value, other: &Value) -> Error {
    Error::Failed(format!(
        "incompatible types for comparison: {} and {}",
        first.type_name(),
        other.type_name()
    ))
}

fn failed(why: &str) -> Error {
    Error::Failed(why.to_owned())
}

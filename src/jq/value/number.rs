//! Numbers: 64-bit integers, greater ones, floats.

#![expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    reason = "the conversions saturate or round as jq's do"
)]

use std::sync::Arc;

use num_bigint::BigInt;

use super::Value;

/// Integers of more digits than this become infinite.
const MOST_DIGITS: usize = 2000;

/// An integer as the smallest form that holds it.
pub(in crate::jq) fn big(number: BigInt) -> Value {
    i64::try_from(&number).map_or_else(|_| Value::Big(Arc::new(number)), Value::Int)
}

/// The nearest float, infinite beyond the greatest one.
pub(in crate::jq) fn big_to_float(number: &BigInt) -> f64 {
    number.to_string().parse().unwrap_or(f64::NAN)
}

/// The number as a float, or nothing for what is not a number.
pub(in crate::jq) fn to_float(value: &Value) -> Option<f64> {
    match value {
        Value::Int(number) => Some(*number as f64),
        Value::Float(number) => Some(*number),
        Value::Big(number) => Some(big_to_float(number)),
        _ => None,
    }
}

/// The number cut to an integer, at the ends of the range where it lies beyond.
pub(in crate::jq) fn to_index(value: &Value) -> Option<i64> {
    match value {
        Value::Int(number) => Some(*number),
        Value::Float(number) if number.is_nan() => Some(i64::MIN),
        Value::Float(number) => Some(*number as i64),
        Value::Big(number) => Some(if number.sign() == num_bigint::Sign::Minus {
            i64::MIN
        } else {
            i64::MAX
        }),
        _ => None,
    }
}

/// A number from its text: integers stay exact, others become floats.
pub(in crate::jq) fn parse_number(text: &str) -> Value {
    if let Ok(number) = text.parse::<i64>() {
        return Value::Int(number);
    }
    if text.bytes().any(|byte| matches!(byte, b'.' | b'e' | b'E')) {
        return match text.parse::<f64>() {
            Ok(number) if number.is_finite() => Value::Float(number),
            _ => infinite(text),
        };
    }
    if text.len() > MOST_DIGITS {
        return infinite(text);
    }
    text.parse::<BigInt>().map_or_else(|_| infinite(text), big)
}

fn infinite(text: &str) -> Value {
    Value::Float(if text.starts_with('-') {
        f64::NEG_INFINITY
    } else {
        f64::INFINITY
    })
}

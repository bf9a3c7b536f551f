//! Numbers with fractions: the bigger, the smaller, the nearest.

use super::to_float;
use crate::govalue::{Context, Error, Value};
use crate::sprig::arguments::{from, int, value};

fn number(arguments: &[Value], index: usize) -> f64 {
    to_float(value(arguments, index))
}

pub(super) fn ceil(_: &Context<'_>, arguments: &[Value]) -> Result<Value, Error> {
    Ok(Value::Float(number(arguments, 0).ceil()))
}

pub(super) fn floor(_: &Context<'_>, arguments: &[Value]) -> Result<Value, Error> {
    Ok(Value::Float(number(arguments, 0).floor()))
}

pub(super) fn max(_: &Context<'_>, arguments: &[Value]) -> Result<Value, Error> {
    let others = from(arguments, 1).iter().map(to_float);
    Ok(Value::Float(others.fold(number(arguments, 0), bigger)))
}

pub(super) fn min(_: &Context<'_>, arguments: &[Value]) -> Result<Value, Error> {
    let others = from(arguments, 1).iter().map(|other| -to_float(other));
    let smallest = others.fold(-number(arguments, 0), bigger);
    Ok(Value::Float(-smallest))
}

/// Infinity is bigger than what is no number, which is bigger than all else.
fn bigger(left: f64, right: f64) -> f64 {
    if left == f64::INFINITY || right == f64::INFINITY {
        f64::INFINITY
    } else if left.is_nan() || right.is_nan() {
        f64::NAN
    } else if left == 0.0 && right == 0.0 {
        if left.is_sign_negative() { right } else { left }
    } else {
        left.max(right)
    }
}

/// Up from a part of a half on, or of what the third argument says; negative numbers go down.
pub(super) fn round(_: &Context<'_>, arguments: &[Value]) -> Result<Value, Error> {
    let from_part = match arguments.get(2) {
        Some(Value::Float(part)) => *part,
        _ => 0.5,
    };
    let power = power_of_ten(int(arguments, 1));
    let digit = power * number(arguments, 0);
    let rounded = if digit.fract() >= from_part {
        digit.ceil()
    } else {
        digit.floor()
    };
    Ok(Value::Float(rounded / power))
}

/// By squaring, with the fraction and the exponent apart, as Go does: the last digit depends on it.
fn power_of_ten(exponent: i64) -> f64 {
    let (mut fraction, mut power) = (1.0, 0_i64);
    let (mut square, mut square_power) = (0.625, 4_i64);
    let mut left = exponent.unsigned_abs();
    while left != 0 {
        if square_power > 1 << 12 {
            power = power.saturating_add(square_power);
            break;
        }
        if left & 1 == 1 {
            fraction *= square;
            power += square_power;
        }
        square *= square;
        square_power <<= 1;
        if square < 0.5 {
            square += square;
            square_power -= 1;
        }
        left >>= 1;
    }
    if exponent < 0 {
        fraction = 1.0 / fraction;
        power = -power;
    }
    let power = i32::try_from(power.clamp(-100_000, 100_000)).unwrap_or_default();
    libm::ldexp(fraction, power)
}

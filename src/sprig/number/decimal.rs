//! Sums of decimal fractions, exact as on paper: 0.1 and 0.2 are 0.3.

use num_bigint::{BigInt, Sign};

use super::to_float;
use crate::govalue::{Context, Error, Value};
use crate::sprig::arguments::{from, value};

/// Digits behind the point of a quotient.
const PRECISION: i64 = 16;

pub(super) fn add1(_: &Context<'_>, arguments: &[Value]) -> Result<Value, Error> {
    let one = [Value::Int(1)];
    fold(Decimal::read(value(arguments, 0))?, &one, Decimal::add)
}

pub(super) fn add(_: &Context<'_>, arguments: &[Value]) -> Result<Value, Error> {
    fold(Decimal::default(), arguments, Decimal::add)
}

pub(super) fn sub(_: &Context<'_>, arguments: &[Value]) -> Result<Value, Error> {
    fold_from_first(arguments, |left, right| {
        left.add(Decimal {
            digits: -right.digits,
            exponent: right.exponent,
        })
    })
}

pub(super) fn mul(_: &Context<'_>, arguments: &[Value]) -> Result<Value, Error> {
    fold_from_first(arguments, Decimal::mul)
}

pub(super) fn div(_: &Context<'_>, arguments: &[Value]) -> Result<Value, Error> {
    fold_from_first(arguments, Decimal::div)
}

type Operation = fn(Decimal, Decimal) -> Result<Decimal, Error>;

fn fold_from_first(arguments: &[Value], operation: Operation) -> Result<Value, Error> {
    let first = Decimal::read(value(arguments, 0))?;
    fold(first, from(arguments, 1), operation)
}

fn fold(first: Decimal, others: &[Value], operation: Operation) -> Result<Value, Error> {
    let mut result = first;
    for other in others {
        result = operation(result, Decimal::read(other)?)?;
    }
    Ok(Value::Float(result.to_float()))
}

/// `digits` × 10^`exponent`.
#[derive(Default)]
struct Decimal {
    digits: BigInt,
    exponent: i64,
}

impl Decimal {
    /// The fewest digits that tell the number from its neighbours.
    fn read(value: &Value) -> Result<Self, Error> {
        let number = to_float(value);
        if !number.is_finite() {
            let shown = if number.is_nan() {
                "NaN"
            } else if number > 0.0 {
                "+Inf"
            } else {
                "-Inf"
            };
            let why = format!("Cannot create a Decimal from {shown}");
            return Err(Error::Failed(why));
        }
        let text = format!("{number:e}");
        let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let digits = format!("{whole}{fraction}").parse().unwrap_or_default();
        let places = i64::try_from(fraction.len()).unwrap_or_default();
        let exponent: i64 = exponent.parse().unwrap_or_default();
        Ok(Self {
            digits,
            exponent: exponent - places,
        })
    }

    #[expect(clippy::unnecessary_wraps, reason = "operations have one signature")]
    fn add(self, other: Self) -> Result<Self, Error> {
        let exponent = self.exponent.min(other.exponent);
        let digits = self.scaled(exponent) + other.scaled(exponent);
        Ok(Self { digits, exponent })
    }

    /// Its digits for a smaller exponent.
    fn scaled(self, exponent: i64) -> BigInt {
        self.digits * power_of_ten(self.exponent - exponent)
    }

    fn mul(self, other: Self) -> Result<Self, Error> {
        let exponent = self.exponent + other.exponent;
        if i32::try_from(exponent).is_err() {
            let why = format!("exponent {exponent} overflows an int32!");
            return Err(Error::Failed(why));
        }
        Ok(Self {
            digits: self.digits * other.digits,
            exponent,
        })
    }

    /// Rounded, a half away from zero.
    fn div(self, other: Self) -> Result<Self, Error> {
        if other.digits.sign() == Sign::NoSign {
            return Err(Error::Failed("decimal division by 0".to_owned()));
        }
        let is_negative = self.digits.sign() * other.digits.sign() == Sign::Minus;
        let shift = self.exponent - other.exponent + PRECISION;
        let left = self.digits * power_of_ten(shift);
        let right = other.digits * power_of_ten(-shift);
        let mut quotient = &left / &right;
        let rest = left - &quotient * &right;
        if rest.magnitude() * 2_u8 >= *right.magnitude() {
            quotient += if is_negative { -1 } else { 1 };
        }
        Ok(Self {
            digits: quotient,
            exponent: -PRECISION,
        })
    }

    /// The nearest of all `float64`.
    fn to_float(&self) -> f64 {
        let text = format!("{}e{}", self.digits, self.exponent);
        text.parse().unwrap_or_default()
    }
}

/// 1 for a negative exponent.
fn power_of_ten(exponent: i64) -> BigInt {
    let exponent = u32::try_from(exponent.max(0)).unwrap_or(u32::MAX);
    BigInt::from(10).pow(exponent)
}

//! Functions of numbers.

use super::{Cost, Inputs, Native};
use crate::jq::{
    failure::Failure,
    value::{Value, to_float},
};

macro_rules! one {
    ($name:literal, $function:expr) => {
        Native::new($name, 0, Cost::None, |_, [value, ..]| {
            let function: fn(f64) -> f64 = $function;
            Ok(Value::Float(function(number($name, &value)?)))
        })
    };
}

macro_rules! two {
    ($name:literal, $function:expr) => {
        Native::new($name, 2, Cost::None, |_, inputs| {
            let function: fn(f64, f64) -> f64 = $function;
            pair($name, &inputs).map(|(left, right)| Value::Float(function(left, right)))
        })
    };
}

pub(super) const FUNCTIONS: &[Native] = &[
    one!("sin", f64::sin),
    one!("cos", f64::cos),
    one!("tan", f64::tan),
    one!("asin", f64::asin),
    one!("acos", f64::acos),
    one!("atan", f64::atan),
    one!("sinh", f64::sinh),
    one!("cosh", f64::cosh),
    one!("tanh", f64::tanh),
    one!("asinh", f64::asinh),
    one!("acosh", f64::acosh),
    one!("atanh", f64::atanh),
    one!("floor", f64::floor),
    one!("round", f64::round),
    one!("nearbyint", f64::round_ties_even),
    one!("rint", f64::round_ties_even),
    one!("ceil", f64::ceil),
    one!("trunc", f64::trunc),
    one!("fabs", f64::abs),
    one!("sqrt", f64::sqrt),
    one!("cbrt", f64::cbrt),
    one!("exp", f64::exp),
    one!("exp10", |power| 10_f64.powf(power)),
    one!("exp2", f64::exp2),
    one!("expm1", f64::exp_m1),
    one!("log", f64::ln),
    one!("log10", f64::log10),
    one!("log1p", f64::ln_1p),
    one!("log2", f64::log2),
    one!("logb", |value| f64::from(libm::ilogb(value))),
    one!("gamma", libm::tgamma),
    one!("tgamma", libm::tgamma),
    one!("lgamma", libm::lgamma),
    one!("erf", libm::erf),
    one!("erfc", libm::erfc),
    one!("j0", libm::j0),
    one!("j1", libm::j1),
    one!("y0", libm::y0),
    one!("y1", libm::y1),
    one!("significand", significand),
    two!("atan2", f64::atan2),
    two!("copysign", f64::copysign),
    two!("drem", libm::remainder),
    two!("remainder", libm::remainder),
    two!("fdim", libm::fdim),
    two!("fmax", f64::max),
    two!("fmin", f64::min),
    two!("fmod", |left, right| left % right),
    two!("hypot", f64::hypot),
    two!("nextafter", libm::nextafter),
    two!("nexttoward", libm::nextafter),
    two!("pow", f64::powf),
    two!("ldexp", |left, right| libm::ldexp(left, whole(right))),
    two!("scalb", |left, right| libm::ldexp(left, whole(right))),
    two!("scalbln", |left, right| libm::ldexp(left, whole(right))),
    two!("jn", |order, value| libm::jn(whole(order), value)),
    two!("yn", |order, value| libm::yn(whole(order), value)),
    Native::new("fma", 3, Cost::None, |_, inputs| {
        let (left, right) = pair("fma", &inputs)?;
        Ok(Value::Float(
            left.mul_add(right, number("fma", &inputs[3])?),
        ))
    }),
    Native::new("frexp", 0, Cost::None, |_, [value, ..]| {
        let (part, power) = libm::frexp(number("frexp", &value)?);
        Ok(Value::list(vec![
            Value::Float(part),
            Value::Int(i64::from(power)),
        ])?)
    }),
    Native::new("modf", 0, Cost::None, |_, [value, ..]| {
        let value = number("modf", &value)?;
        let part = if value.is_infinite() {
            f64::NAN
        } else {
            value - value.trunc()
        };
        Ok(Value::list(vec![
            Value::Float(part),
            Value::Float(value.trunc()),
        ])?)
    }),
    Native::new("infinite", 0, Cost::None, |_, _| {
        Ok(Value::Float(f64::INFINITY))
    }),
    Native::new("nan", 0, Cost::None, |_, _| Ok(Value::Float(f64::NAN))),
    Native::new("isfinite", 0, Cost::None, |_, [value, ..]| {
        Ok(Value::Bool(
            to_float(&value).is_some_and(|value| !value.is_infinite()),
        ))
    }),
    Native::new("isinfinite", 0, Cost::None, |_, [value, ..]| {
        Ok(Value::Bool(to_float(&value).is_some_and(f64::is_infinite)))
    }),
    Native::new("isnan", 0, Cost::None, |_, [value, ..]| match value {
        Value::Null => Ok(Value::Bool(false)),
        value => Ok(Value::Bool(number("isnan", &value)?.is_nan())),
    }),
    Native::new("isnormal", 0, Cost::None, |_, [value, ..]| {
        Ok(Value::Bool(to_float(&value).is_some_and(f64::is_normal)))
    }),
];

fn number(name: &str, value: &Value) -> Result<f64, Failure> {
    to_float(value).ok_or_else(|| Failure::applied(name, value))
}

fn pair(name: &str, inputs: &Inputs) -> Result<(f64, f64), Failure> {
    Ok((number(name, &inputs[1])?, number(name, &inputs[2])?))
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "powers beyond the range saturate"
)]
fn whole(value: f64) -> i32 {
    value as i32
}

fn significand(value: f64) -> f64 {
    if !value.is_finite() || value == 0.0 {
        return value;
    }
    f64::from_bits(value.to_bits() & 0x800f_ffff_ffff_ffff | 0x3ff0_0000_0000_0000)
}

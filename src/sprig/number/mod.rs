//! Numbers: turned into each other, reckoned with, rounded.

#![expect(clippy::unnecessary_wraps, reason = "functions have one signature")]

mod cast;
mod decimal;
mod float;

pub(super) use cast::{parse_float, parse_integer, to_float, to_int};

use super::arguments::{bytes, from, value};
use super::words::to_text;
use crate::govalue::{Context, Error, Function, Parameter, Value};

const ANY: Parameter = Parameter::Any;

pub(super) const ALL: &[Function] = &[
    Function::new("int", &[ANY], int),
    Function::new("int64", &[ANY], int64),
    Function::new("float64", &[ANY], float64),
    Function::new("atoi", &[Parameter::Text], atoi),
    Function::new("toDecimal", &[ANY], to_decimal),
    Function::new("add1", &[ANY], add1),
    Function::new("add", &[], add).rest(ANY),
    Function::new("sub", &[ANY, ANY], sub),
    Function::new("div", &[ANY, ANY], div),
    Function::new("mod", &[ANY, ANY], modulo),
    Function::new("mul", &[ANY], mul).rest(ANY),
    Function::new("max", &[ANY], max).rest(ANY),
    Function::new("biggest", &[ANY], max).rest(ANY),
    Function::new("min", &[ANY], min).rest(ANY),
    Function::new("maxf", &[ANY], float::max).rest(ANY),
    Function::new("minf", &[ANY], float::min).rest(ANY),
    Function::new("ceil", &[ANY], float::ceil),
    Function::new("floor", &[ANY], float::floor),
    Function::new("round", &[ANY, Parameter::Int], float::round).rest(Parameter::Float),
    Function::new("add1f", &[ANY], decimal::add1),
    Function::new("addf", &[], decimal::add).rest(ANY),
    Function::new("subf", &[ANY], decimal::sub).rest(ANY),
    Function::new("mulf", &[ANY], decimal::mul).rest(ANY),
    Function::new("divf", &[ANY], decimal::div).rest(ANY),
];

fn number(arguments: &[Value], index: usize) -> i64 {
    to_int(value(arguments, index))
}

fn int(_: &Context<'_>, arguments: &[Value]) -> Result<Value, Error> {
    Ok(Value::Int(number(arguments, 0)))
}

fn int64(_: &Context<'_>, arguments: &[Value]) -> Result<Value, Error> {
    Ok(Value::Int64(number(arguments, 0)))
}

fn float64(_: &Context<'_>, arguments: &[Value]) -> Result<Value, Error> {
    Ok(Value::Float(to_float(value(arguments, 0))))
}

/// What is too big for an `int` becomes the biggest, what is no number 0.
fn atoi(_: &Context<'_>, arguments: &[Value]) -> Result<Value, Error> {
    let (Ok(number) | Err(number)) = parse_integer(bytes(arguments, 0), 10);
    Ok(Value::Int(number))
}

/// The modes of files are octal.
fn to_decimal(context: &Context<'_>, arguments: &[Value]) -> Result<Value, Error> {
    let given = value(arguments, 0);
    let text = match given {
        // Bytes print as numbers here.
        Value::Bytes(_) => crate::govalue::print::to_text(context.world, given)?,
        other => to_text(context.world, other)?,
    };
    Ok(Value::Int64(parse_integer(&text, 8).unwrap_or_default()))
}

fn add1(_: &Context<'_>, arguments: &[Value]) -> Result<Value, Error> {
    Ok(Value::Int64(number(arguments, 0).wrapping_add(1)))
}

fn add(_: &Context<'_>, arguments: &[Value]) -> Result<Value, Error> {
    let sum = arguments.iter().map(to_int).fold(0, i64::wrapping_add);
    Ok(Value::Int64(sum))
}

fn sub(_: &Context<'_>, arguments: &[Value]) -> Result<Value, Error> {
    let difference = number(arguments, 0).wrapping_sub(number(arguments, 1));
    Ok(Value::Int64(difference))
}

fn div(_: &Context<'_>, arguments: &[Value]) -> Result<Value, Error> {
    let (left, right) = (number(arguments, 0), divisor(arguments)?);
    Ok(Value::Int64(left.wrapping_div(right)))
}

fn modulo(_: &Context<'_>, arguments: &[Value]) -> Result<Value, Error> {
    let (left, right) = (number(arguments, 0), divisor(arguments)?);
    Ok(Value::Int64(left.wrapping_rem(right)))
}

fn divisor(arguments: &[Value]) -> Result<i64, Error> {
    match number(arguments, 1) {
        0 => Err(Error::Failed(
            "runtime error: integer divide by zero".to_owned(),
        )),
        divisor => Ok(divisor),
    }
}

fn mul(_: &Context<'_>, arguments: &[Value]) -> Result<Value, Error> {
    let product = arguments.iter().map(to_int).fold(1, i64::wrapping_mul);
    Ok(Value::Int64(product))
}

fn max(_: &Context<'_>, arguments: &[Value]) -> Result<Value, Error> {
    let others = from(arguments, 1).iter().map(to_int);
    Ok(Value::Int64(others.fold(number(arguments, 0), i64::max)))
}

fn min(_: &Context<'_>, arguments: &[Value]) -> Result<Value, Error> {
    let others = from(arguments, 1).iter().map(to_int);
    Ok(Value::Int64(others.fold(number(arguments, 0), i64::min)))
}

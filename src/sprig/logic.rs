//! Choosing, and giving up.

#![expect(clippy::unnecessary_wraps, reason = "functions have one signature")]

use super::arguments::{bytes, from, truth, value};
use crate::govalue::{Context, Error, Function, Parameter, Value};

pub(super) const ALL: &[Function] = &[
    Function::new("default", &[Parameter::Any], default).rest(Parameter::Any),
    Function::new("empty", &[Parameter::Any], empty),
    Function::new("coalesce", &[], coalesce).rest(Parameter::Any),
    Function::new("all", &[], all).rest(Parameter::Any),
    Function::new("any", &[], any).rest(Parameter::Any),
    Function::new(
        "ternary",
        &[Parameter::Any, Parameter::Any, Parameter::Bool],
        ternary,
    ),
    Function::new("fail", &[Parameter::Text], fail),
    Function::new("required", &[Parameter::Text, Parameter::Any], required),
    Function::new("hello", &[], |_, _| Ok("Hello!".into())),
];

/// Whether sprig takes a value for not set.
pub(super) fn is_empty(value: &Value) -> bool {
    !value.is_true()
}

fn default(_: &Context<'_>, arguments: &[Value]) -> Result<Value, Error> {
    let given = arguments.get(1).filter(|given| !is_empty(given));
    Ok(given.unwrap_or_else(|| value(arguments, 0)).clone())
}

fn empty(_: &Context<'_>, arguments: &[Value]) -> Result<Value, Error> {
    Ok(is_empty(value(arguments, 0)).into())
}

fn coalesce(_: &Context<'_>, arguments: &[Value]) -> Result<Value, Error> {
    let first = arguments.iter().find(|value| !is_empty(value));
    Ok(first.cloned().unwrap_or_default())
}

fn all(_: &Context<'_>, arguments: &[Value]) -> Result<Value, Error> {
    Ok((!arguments.iter().any(is_empty)).into())
}

fn any(_: &Context<'_>, arguments: &[Value]) -> Result<Value, Error> {
    Ok((!arguments.iter().all(is_empty)).into())
}

fn ternary(_: &Context<'_>, arguments: &[Value]) -> Result<Value, Error> {
    let chosen = usize::from(!truth(arguments, 2));
    Ok(value(arguments, chosen).clone())
}

fn fail(_: &Context<'_>, arguments: &[Value]) -> Result<Value, Error> {
    Err(told(arguments))
}

/// Nil and empty strings are missing; 0 and `false` are there.
fn required(_: &Context<'_>, arguments: &[Value]) -> Result<Value, Error> {
    let given = from(arguments, 1).first();
    match given {
        None | Some(Value::Nil) => Err(told(arguments)),
        Some(Value::Text(text)) if text.is_empty() => Err(told(arguments)),
        Some(given) => Ok(given.clone()),
    }
}

fn told(arguments: &[Value]) -> Error {
    Error::Told(String::from_utf8_lossy(bytes(arguments, 0)).into_owned())
}

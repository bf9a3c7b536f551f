//! JSON, as sprig and Helm give it to charts.

use super::{LIST, MAP, mismatch, or_empty};
use crate::govalue::{self, Context, Element, Error, JsonForm, List, Map, MapKind, Value};
use crate::sprig::arguments::{bytes, value};

/// "" for what JSON cannot hold.
pub(super) fn to_json(context: &Context<'_>, arguments: &[Value]) -> Result<Value, Error> {
    or_empty(write(context, arguments, JsonForm::Compact))
}

pub(super) fn to_pretty_json(context: &Context<'_>, arguments: &[Value]) -> Result<Value, Error> {
    or_empty(write(context, arguments, JsonForm::Pretty))
}

pub(super) fn must_to_json(context: &Context<'_>, arguments: &[Value]) -> Result<Value, Error> {
    write(context, arguments, JsonForm::Compact)
}

pub(super) fn must_to_pretty_json(
    context: &Context<'_>,
    arguments: &[Value],
) -> Result<Value, Error> {
    write(context, arguments, JsonForm::Pretty)
}

/// Also sprig's `toRawJson`, which panics where others give "".
pub(super) fn must_to_raw_json(context: &Context<'_>, arguments: &[Value]) -> Result<Value, Error> {
    write(context, arguments, JsonForm::Raw)
}

fn write(context: &Context<'_>, arguments: &[Value], form: JsonForm) -> Result<Value, Error> {
    let spend = |bytes| context.world.spend(bytes);
    govalue::to_json(value(arguments, 0), form, &spend).map(Value::text)
}

/// Anything; nil with an error.
pub(super) fn must_from_json(context: &Context<'_>, arguments: &[Value]) -> Result<Value, Error> {
    let text = bytes(arguments, 0);
    context.world.spend(text.len())?;
    govalue::from_json(text).map_err(|error| Error::Failed(error.message))
}

/// A map; what is wrong is in it, as `Error`.
pub(super) fn from_json(context: &Context<'_>, arguments: &[Value]) -> Result<Value, Error> {
    let text = bytes(arguments, 0);
    context.world.spend(text.len())?;
    let (map, error) = match govalue::from_json(text) {
        Ok(map @ Value::Map(_)) => return Ok(map),
        Ok(Value::Nil) => return Ok(Value::Map(Map::nil(MapKind::Any))),
        Ok(other) => (Map::any(), mismatch(&other, MAP)),
        Err(error) => match error.value {
            Some(Value::Map(map)) => (map, error.message),
            None => (Map::any(), error.message),
            // Nil is the number itself.
            Some(other) => (Map::any(), mismatch(&other, MAP)),
        },
    };
    map.insert("Error", error.into());
    Ok(Value::Map(map))
}

/// A list; what is wrong is its only item.
pub(super) fn from_json_array(context: &Context<'_>, arguments: &[Value]) -> Result<Value, Error> {
    let text = bytes(arguments, 0);
    context.world.spend(text.len())?;
    let error = match govalue::from_json(text) {
        Ok(list @ Value::List(_)) => return Ok(list),
        Ok(Value::Nil) => return Ok(Value::List(List::nil(Element::Any))),
        Ok(other) => mismatch(&other, LIST),
        Err(error) => match error.value {
            Some(Value::List(_)) | None => error.message,
            Some(other) => mismatch(&other, LIST),
        },
    };
    Ok(vec![error.into()].into())
}

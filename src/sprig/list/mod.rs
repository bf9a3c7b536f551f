//! Lists: made, taken apart and put together. None is changed in place.

#![expect(clippy::unnecessary_wraps, reason = "functions have one signature")]

mod numbers;
mod part;
mod pick;

use super::arguments::{Items, from, items, value};
use crate::govalue::Context;
use crate::govalue::{Element, Error, Function, Kind, List, Parameter, Value};

const ANY: Parameter = Parameter::Any;
const INT: Parameter = Parameter::Int;

pub(super) const ALL: &[Function] = &[
    Function::new("list", &[], list).rest(ANY),
    Function::new("tuple", &[], list).rest(ANY),
    Function::new("append", &[ANY, ANY], append),
    Function::new("push", &[ANY, ANY], append),
    Function::new("mustAppend", &[ANY, ANY], append),
    Function::new("mustPush", &[ANY, ANY], append),
    Function::new("prepend", &[ANY, ANY], prepend),
    Function::new("mustPrepend", &[ANY, ANY], prepend),
    Function::new("concat", &[], concat).rest(ANY),
    Function::new("first", &[ANY], part::first),
    Function::new("mustFirst", &[ANY], part::first),
    Function::new("last", &[ANY], part::last),
    Function::new("mustLast", &[ANY], part::last),
    Function::new("rest", &[ANY], part::rest),
    Function::new("mustRest", &[ANY], part::rest),
    Function::new("initial", &[ANY], part::initial),
    Function::new("mustInitial", &[ANY], part::initial),
    Function::new("slice", &[ANY], part::slice).rest(ANY),
    Function::new("mustSlice", &[ANY], part::slice).rest(ANY),
    Function::new("chunk", &[INT, ANY], part::chunk),
    Function::new("mustChunk", &[INT, ANY], part::chunk),
    Function::new("reverse", &[ANY], pick::reverse),
    Function::new("mustReverse", &[ANY], pick::reverse),
    Function::new("compact", &[ANY], pick::compact),
    Function::new("mustCompact", &[ANY], pick::compact),
    Function::new("uniq", &[ANY], pick::uniq),
    Function::new("mustUniq", &[ANY], pick::uniq),
    Function::new("without", &[ANY], pick::without).rest(ANY),
    Function::new("mustWithout", &[ANY], pick::without).rest(ANY),
    Function::new("has", &[ANY, ANY], pick::has),
    Function::new("mustHas", &[ANY, ANY], pick::has),
    Function::new("sortAlpha", &[ANY], pick::sort_alpha),
    Function::new("until", &[INT], numbers::until),
    Function::new("untilStep", &[INT, INT, INT], numbers::until_step),
    Function::new("seq", &[], numbers::seq).rest(INT),
];

/// The items of a list, or why there are none: `Cannot push on type string`.
fn items_of<'a>(value: &'a Value, cannot: &str) -> Result<Items<'a>, Error> {
    items(value).ok_or_else(|| match value.kind() {
        Kind::Invalid => no_type(),
        kind => Error::Failed(format!("{cannot} {}", kind.name())),
    })
}

/// Asked for its type, nil is no value at all.
fn no_type() -> Error {
    Error::Failed("runtime error: invalid memory address or nil pointer dereference".to_owned())
}

fn list(_: &Context<'_>, arguments: &[Value]) -> Result<Value, Error> {
    Ok(arguments.to_vec().into())
}

fn append(context: &Context<'_>, arguments: &[Value]) -> Result<Value, Error> {
    let old = items_of(value(arguments, 0), "Cannot push on type")?;
    context.world.spend(old.len() * 16)?;
    let mut items = Vec::with_capacity(old.len() + 1);
    old.extend(&mut items);
    items.push(value(arguments, 1).clone());
    Ok(items.into())
}

fn prepend(context: &Context<'_>, arguments: &[Value]) -> Result<Value, Error> {
    let old = items_of(value(arguments, 0), "Cannot prepend on type")?;
    context.world.spend(old.len() * 16)?;
    let mut items = Vec::with_capacity(old.len() + 1);
    items.push(value(arguments, 1).clone());
    old.extend(&mut items);
    Ok(items.into())
}

fn concat(context: &Context<'_>, arguments: &[Value]) -> Result<Value, Error> {
    let mut all = Vec::new();
    for list in from(arguments, 0) {
        let items = items(list).ok_or_else(|| match list.kind() {
            Kind::Invalid => no_type(),
            kind => Error::Failed(format!("Cannot concat type {} as list", kind.name())),
        })?;
        context.world.spend(items.len() * 16)?;
        items.extend(&mut all);
    }
    Ok(if all.is_empty() { nil() } else { all.into() })
}

/// A nil `[]interface {}`.
fn nil() -> Value {
    Value::List(List::nil(Element::Any))
}

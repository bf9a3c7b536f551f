//! Maps: made, read, changed and merged.

#![expect(clippy::unnecessary_wraps, reason = "functions have one signature")]

mod merge;

use super::arguments::{bytes, from, map, text, value};
use super::words::to_text;
use crate::govalue::{
    Context, Element, Error, Function, List, Map, MapKind, Parameter, Text, Value, World,
};

pub(super) const ALL: &[Function] = &[
    Function::new("dict", &[], dict).rest(Parameter::Any),
    Function::new("get", &[Parameter::Map, Parameter::Text], get),
    Function::new(
        "set",
        &[Parameter::Map, Parameter::Text, Parameter::Any],
        set,
    ),
    Function::new("unset", &[Parameter::Map, Parameter::Text], unset),
    Function::new("hasKey", &[Parameter::Map, Parameter::Text], has_key),
    Function::new("pluck", &[Parameter::Text], pluck).rest(Parameter::Map),
    Function::new("keys", &[], keys).rest(Parameter::Map),
    Function::new("values", &[Parameter::Map], values),
    Function::new("pick", &[Parameter::Map], pick).rest(Parameter::Text),
    Function::new("omit", &[Parameter::Map], omit).rest(Parameter::Text),
    Function::new("dig", &[], dig).rest(Parameter::Any),
    Function::new("merge", &[Parameter::Map], merge::merge).rest(Parameter::Map),
    Function::new("mustMerge", &[Parameter::Map], merge::merge).rest(Parameter::Map),
    Function::new("mergeOverwrite", &[Parameter::Map], merge::overwrite).rest(Parameter::Map),
    Function::new("mustMergeOverwrite", &[Parameter::Map], merge::overwrite).rest(Parameter::Map),
];

/// Puts a value into a map that others may hold.
pub(super) fn insert(world: &dyn World, map: &Map, key: Text, value: Value) {
    let is_container = matches!(value, Value::Map(_) | Value::List(_) | Value::Record(_));
    map.insert(key, value);
    if is_container {
        world.note_change(map);
    }
}

/// A key without a value has the empty string.
fn dict(context: &Context<'_>, arguments: &[Value]) -> Result<Value, Error> {
    let made = Map::any();
    for pair in arguments.chunks(2) {
        let key = to_text(context.world, value(pair, 0))?;
        made.insert(key, pair.get(1).cloned().unwrap_or_else(|| "".into()));
    }
    Ok(Value::Map(made))
}

fn get(_: &Context<'_>, arguments: &[Value]) -> Result<Value, Error> {
    let found = map(arguments, 0).and_then(|map| map.get(bytes(arguments, 1)));
    Ok(found.unwrap_or_else(|| "".into()))
}

fn set(context: &Context<'_>, arguments: &[Value]) -> Result<Value, Error> {
    let Some(map) = map(arguments, 0) else {
        return Err(Error::Failed("assignment to entry in nil map".to_owned()));
    };
    let key = text(arguments, 1);
    insert(context.world, map, key, value(arguments, 2).clone());
    Ok(value(arguments, 0).clone())
}

fn unset(_: &Context<'_>, arguments: &[Value]) -> Result<Value, Error> {
    let Some(map) = map(arguments, 0) else {
        return Ok(Value::Map(Map::nil(MapKind::Any)));
    };
    map.remove(bytes(arguments, 1));
    Ok(value(arguments, 0).clone())
}

fn has_key(_: &Context<'_>, arguments: &[Value]) -> Result<Value, Error> {
    let key = bytes(arguments, 1);
    Ok(map(arguments, 0)
        .is_some_and(|map| map.entries().contains_key(key))
        .into())
}

fn pluck(_: &Context<'_>, arguments: &[Value]) -> Result<Value, Error> {
    let key = bytes(arguments, 0);
    let found = maps(from(arguments, 1)).filter_map(|map| map.get(key));
    Ok(found.collect::<Vec<_>>().into())
}

/// In the order of their bytes, map after map.
fn keys(_: &Context<'_>, arguments: &[Value]) -> Result<Value, Error> {
    let mut keys = Vec::new();
    for map in maps(arguments) {
        keys.extend(map.entries().keys().cloned().map(Value::Text));
    }
    Ok(Value::List(List::new(Element::Text, keys)))
}

/// In the order of their keys.
fn values(_: &Context<'_>, arguments: &[Value]) -> Result<Value, Error> {
    let values = map(arguments, 0).map(|map| map.entries().values().cloned().collect::<Vec<_>>());
    Ok(Value::from(values.unwrap_or_default()))
}

fn pick(_: &Context<'_>, arguments: &[Value]) -> Result<Value, Error> {
    let picked = Map::any();
    if let Some(map) = map(arguments, 0) {
        for key in 1..arguments.len() {
            let key = text(arguments, key);
            if let Some(value) = map.get(&key) {
                picked.insert(key, value);
            }
        }
    }
    Ok(Value::Map(picked))
}

fn omit(_: &Context<'_>, arguments: &[Value]) -> Result<Value, Error> {
    let Some(map) = map(arguments, 0) else {
        return Ok(Value::Map(Map::any()));
    };
    let is_wanted = |key: &[u8]| (1..arguments.len()).all(|index| bytes(arguments, index) != key);
    let entries = map.entries();
    let kept = entries.iter().filter(|(key, _)| is_wanted(key));
    let kept: Map = kept
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect();
    Ok(Value::Map(kept))
}

/// `dig "a" "b" "otherwise" map`
fn dig(_: &Context<'_>, arguments: &[Value]) -> Result<Value, Error> {
    let [path @ .., otherwise, map] = arguments else {
        return Err(too_short());
    };
    if path.is_empty() {
        return Err(too_short());
    }
    let mut step = map.clone();
    // Go turns all keys into strings before it looks anything up, and the map before those.
    as_map(&step)?;
    let keys = path.iter().map(as_key).collect::<Result<Vec<_>, _>>()?;
    for key in keys {
        let Some(next) = as_map(&step)?.get(key) else {
            return Ok(otherwise.clone());
        };
        step = next;
    }
    Ok(step)
}

fn too_short() -> Error {
    Error::Failed("dig needs at least three arguments".to_owned())
}

/// `chartutil.Values` is another type than `map[string]interface {}`, so it is refused here.
fn as_map(value: &Value) -> Result<&Map, Error> {
    match value {
        Value::Map(map) if map.kind() == MapKind::Any => Ok(map),
        other => Err(is_not(other, "map[string]interface {}")),
    }
}

fn as_key(value: &Value) -> Result<&[u8], Error> {
    match value {
        Value::Text(text) => Ok(text),
        other => Err(is_not(other, "string")),
    }
}

fn is_not(value: &Value, wanted: &str) -> Error {
    let given = match value {
        Value::Nil => "nil",
        other => other.type_name(),
    };
    Error::Failed(format!(
        "interface conversion: interface {{}} is {given}, not {wanted}"
    ))
}

fn maps(arguments: &[Value]) -> impl Iterator<Item = &Map> {
    (0..arguments.len()).filter_map(|index| map(arguments, index))
}

//! `index`, `slice` and `len`.

use crate::govalue::{Error, Kind, List, MapKind, Value};

fn failed<T>(why: impl Into<String>) -> Result<T, Error> {
    Err(Error::Failed(why.into()))
}

/// The type of what a value is or points to.
fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Record(record) if record.shape().kind == Kind::Pointer => {
            value.type_name().trim_start_matches('*')
        }
        value => value.type_name(),
    }
}

/// The length of a value. A nil that is held by an interface is told apart from none at all.
pub(in crate::gotemplate) fn length(arguments: &[Value], is_boxed: bool) -> Result<Value, Error> {
    let length = match arguments.first().unwrap_or(&Value::Nil) {
        Value::Text(text) => text.len(),
        Value::Bytes(bytes) => bytes.len(),
        Value::List(list) => list.len(),
        Value::Map(map) => map.len(),
        Value::Nil if is_boxed => return failed("len of nil pointer"),
        Value::Nil => return failed("reflect: call of reflect.Value.Type on zero Value"),
        other => return failed(format!("len of type {}", type_name(other))),
    };
    Ok(Value::Int(i64::try_from(length).unwrap_or(i64::MAX)))
}

/// `index x 1 "a"`: `x[1]["a"]`.
pub(super) fn index(item: &Value, indexes: &[Value]) -> Result<Value, Error> {
    if matches!(item, Value::Nil) {
        return failed("index of untyped nil");
    }
    let mut item = item.clone();
    for index in indexes {
        item = match &item {
            Value::Nil => return failed("index of nil pointer"),
            Value::List(list) => {
                let place = position(index, list.len())?;
                let found = list.get(place).cloned();
                found
                    .ok_or_else(|| Error::Failed("reflect: slice index out of range".to_owned()))?
            }
            Value::Bytes(bytes) => {
                let place = position(index, bytes.len())?;
                let found = bytes.get(place).copied().map(Value::Uint8);
                found
                    .ok_or_else(|| Error::Failed("reflect: slice index out of range".to_owned()))?
            }
            Value::Text(text) => {
                let place = position(index, text.len())?;
                let found = text.get(place).copied().map(Value::Uint8);
                found
                    .ok_or_else(|| Error::Failed("reflect: string index out of range".to_owned()))?
            }
            Value::Map(map) => {
                let key = match index {
                    Value::Text(key) => key,
                    Value::Nil => return failed("value is nil; should be of type string"),
                    other => {
                        let given = other.type_name();
                        return failed(format!("value has type {given}; should be string"));
                    }
                };
                match (map.get(key), map.kind()) {
                    (Some(value), _) => value,
                    (None, MapKind::Any | MapKind::Values) => Value::Nil,
                    (None, MapKind::Text) => Value::from(""),
                    (None, MapKind::Named(_)) => Value::Bytes([].into()),
                }
            }
            other => return failed(format!("can't index item of type {}", type_name(other))),
        };
    }
    Ok(item)
}

/// An index from nought to a length, which itself is one too many to be read.
fn position(index: &Value, length: usize) -> Result<usize, Error> {
    let number = match index {
        Value::Int(number) | Value::Int64(number) => *number,
        Value::Uint8(number) => i64::from(*number),
        Value::Uint64(number) => number.cast_signed(),
        Value::Record(record) if record.number().is_some() => record.number().unwrap_or_default(),
        Value::Nil => return failed("cannot index slice/array with nil"),
        other => {
            let given = other.type_name();
            return failed(format!("cannot index slice/array with type {given}"));
        }
    };
    match usize::try_from(number) {
        Ok(place) if place <= length => Ok(place),
        _ => failed(format!("index out of range: {number}")),
    }
}

/// Go's `slice x 1 2`: `x[1:2]`.
pub(super) fn slice(item: &Value, indexes: &[Value]) -> Result<Value, Error> {
    if matches!(item, Value::Nil) {
        return failed("slice of untyped nil");
    }
    if indexes.len() > 3 {
        return failed(format!("too many slice indexes: {}", indexes.len()));
    }
    let length = match item {
        Value::Text(_) if indexes.len() == 3 => return failed("cannot 3-index slice a string"),
        Value::Text(text) => text.len(),
        Value::Bytes(bytes) => bytes.len(),
        Value::List(list) => list.len(),
        other => return failed(format!("can't slice item of type {}", type_name(other))),
    };
    let mut places = [0, length, length];
    for (place, index) in places.iter_mut().zip(indexes) {
        *place = position(index, length)?;
    }
    let [start, end, most] = places;
    if start > end {
        return failed(format!("invalid slice index: {start} > {end}"));
    }
    if end > most {
        return failed(format!("invalid slice index: {end} > {most}"));
    }
    Ok(match item {
        Value::Text(text) => Value::text(text.get(start..end).unwrap_or_default()),
        Value::Bytes(bytes) => Value::Bytes(bytes.get(start..end).unwrap_or_default().into()),
        Value::List(list) => {
            let items = list.get(start..end).unwrap_or_default().to_vec();
            Value::List(List::new(list.element(), items))
        }
        _ => Value::Nil,
    })
}

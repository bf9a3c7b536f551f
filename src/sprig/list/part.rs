//! Parts of lists.

use super::{items_of, nil};
use crate::govalue::{Context, Element, Error, List, Value};
use crate::sprig::arguments::{Items, from, int, value};
use crate::sprig::number::to_int;

pub(super) fn first(_: &Context<'_>, arguments: &[Value]) -> Result<Value, Error> {
    let items = items_of(value(arguments, 0), "Cannot find first on type")?;
    Ok(items.get(0).unwrap_or_default())
}

pub(super) fn last(_: &Context<'_>, arguments: &[Value]) -> Result<Value, Error> {
    let items = items_of(value(arguments, 0), "Cannot find last on type")?;
    let place = items.len().wrapping_sub(1);
    Ok(items.get(place).unwrap_or_default())
}

/// All but the first; nil for an empty list.
pub(super) fn rest(_: &Context<'_>, arguments: &[Value]) -> Result<Value, Error> {
    let items = items_of(value(arguments, 0), "Cannot find rest on type")?.to_vec();
    Ok(match items.split_first() {
        Some((_, rest)) => rest.to_vec().into(),
        None => nil(),
    })
}

/// All but the last; nil for an empty list.
pub(super) fn initial(_: &Context<'_>, arguments: &[Value]) -> Result<Value, Error> {
    let items = items_of(value(arguments, 0), "Cannot find initial on type")?.to_vec();
    Ok(match items.split_last() {
        Some((_, rest)) => rest.to_vec().into(),
        None => nil(),
    })
}

/// Keeps the type of the list; nothing for an empty one, whatever the places.
pub(super) fn slice(_: &Context<'_>, arguments: &[Value]) -> Result<Value, Error> {
    let list = value(arguments, 0);
    let items = items_of(list, "list should be type of slice or array but")?;
    if items.len() == 0 {
        return Ok(Value::Nil);
    }
    let places = from(arguments, 1);
    let start = places.first().map_or(0, to_int);
    let length = i64::try_from(items.len()).unwrap_or(i64::MAX);
    let end = places.get(1).map_or(length, to_int);
    let range = usize::try_from(start)
        .ok()
        .zip(usize::try_from(end).ok())
        .filter(|(start, end)| start <= end);
    let part = range.and_then(|(start, end)| match (&items, list) {
        (Items::Bytes(bytes), _) => bytes.get(start..end).map(|part| Value::Bytes(part.into())),
        (Items::Values(items), Value::List(list)) => {
            let part = items.get(start..end)?.to_vec();
            Some(Value::List(List::new(list.element(), part)))
        }
        _ => None,
    });
    // Go would also find what lies behind the end of a slice, up to its capacity.
    part.ok_or_else(|| Error::Failed("reflect.Value.Slice: slice index out of bounds".to_owned()))
}

/// Lists of at most so many items.
pub(super) fn chunk(context: &Context<'_>, arguments: &[Value]) -> Result<Value, Error> {
    let items = items_of(value(arguments, 1), "Cannot chunk type")?.to_vec();
    let size = int(arguments, 0);
    let Some(size) = usize::try_from(size).ok().filter(|size| *size > 0) else {
        return chunk_backwards(size, items);
    };
    if items.is_empty() {
        return Ok(lists(Vec::new()));
    }
    context.world.spend(items.len() * 24)?;
    let chunks = items.chunks(size).map(|chunk| chunk.to_vec().into());
    Ok(lists(chunks.collect()))
}

/// What comes out of the reckoning with sizes below 1.
fn chunk_backwards(size: i64, items: Vec<Value>) -> Result<Value, Error> {
    let count = i64::try_from(items.len()).unwrap_or(i64::MAX);
    if count == 1 && size < -1 {
        return Ok(lists(vec![items.into()]));
    }
    if count > 1 && size <= 1 - count {
        return Ok(lists(Vec::new()));
    }
    Err(Error::Failed(
        "runtime error: makeslice: len out of range".to_owned(),
    ))
}

fn lists(items: Vec<Value>) -> Value {
    Value::List(List::new(Element::Other("[][]interface {}"), items))
}

//! Lists in another order, and with some of their items.

use super::items_of;
use crate::govalue::{Context, Element, Error, List, Value, World};
use crate::sprig::arguments::{from, items, value};
use crate::sprig::logic::is_empty;
use crate::sprig::reflect::are_equal;
use crate::sprig::words::{to_text, to_texts};

pub(super) fn reverse(_: &Context<'_>, arguments: &[Value]) -> Result<Value, Error> {
    let mut items = items_of(value(arguments, 0), "Cannot find reverse on type")?.to_vec();
    items.reverse();
    Ok(items.into())
}

pub(super) fn compact(_: &Context<'_>, arguments: &[Value]) -> Result<Value, Error> {
    let mut items = items_of(value(arguments, 0), "Cannot compact on type")?.to_vec();
    items.retain(|item| !is_empty(item));
    Ok(items.into())
}

/// The first of equal items stays.
pub(super) fn uniq(context: &Context<'_>, arguments: &[Value]) -> Result<Value, Error> {
    let items = items_of(value(arguments, 0), "Cannot find uniq on type")?.to_vec();
    let mut kept = Vec::new();
    for item in items {
        if !holds(context.world, &kept, &item)? {
            kept.push(item);
        }
    }
    Ok(kept.into())
}

pub(super) fn without(context: &Context<'_>, arguments: &[Value]) -> Result<Value, Error> {
    let items = items_of(value(arguments, 0), "Cannot find without on type")?.to_vec();
    let unwanted = from(arguments, 1);
    let mut kept = Vec::new();
    for item in items {
        if !holds(context.world, unwanted, &item)? {
            kept.push(item);
        }
    }
    Ok(kept.into())
}

pub(super) fn has(context: &Context<'_>, arguments: &[Value]) -> Result<Value, Error> {
    let haystack = value(arguments, 1);
    if matches!(haystack, Value::Nil) {
        return Ok(false.into());
    }
    let items = items_of(haystack, "Cannot find has on type")?.to_vec();
    holds(context.world, &items, value(arguments, 0)).map(Value::from)
}

/// Each look at a list counts as much as a copy of some of it: of a long list to be made unique there are
/// as many looks as items.
fn holds(world: &dyn World, items: &[Value], wanted: &Value) -> Result<bool, Error> {
    world.spend(items.len() * 8)?;
    for item in items {
        if are_equal(world, wanted, item)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// As texts, by their bytes.
pub(super) fn sort_alpha(context: &Context<'_>, arguments: &[Value]) -> Result<Value, Error> {
    let list = value(arguments, 0);
    let mut texts = match items(list) {
        Some(_) => to_texts(context.world, list)?,
        None => vec![to_text(context.world, list)?],
    };
    texts.sort();
    let texts = texts.into_iter().map(Value::Text).collect();
    Ok(Value::List(List::new(Element::Text, texts)))
}

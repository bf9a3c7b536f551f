//! Strings taken apart, and put together.

use memchr::memmem;

use super::rune::first;
use crate::govalue::{Context, Element, Error, List, Map, MapKind, Text, Value, World};
use crate::sprig::arguments::{bytes, int, text, value};
use crate::sprig::words::{to_text, to_texts};

/// What one part costs, in bytes.
const ITEM: usize = 48;

pub(super) fn join(context: &Context<'_>, arguments: &[Value]) -> Result<Value, Error> {
    let (separator, list) = (bytes(arguments, 0), value(arguments, 1));
    let mut texts = match list {
        Value::List(_) | Value::Bytes(_) | Value::Nil => to_texts(context.world, list)?,
        single => return to_text(context.world, single).map(Value::Text),
    };
    if texts.len() == 1 {
        return Ok(texts.pop().map_or_else(|| "".into(), Value::Text));
    }
    let size: usize = texts.iter().map(|text| text.len() + separator.len()).sum();
    context.world.spend(size)?;
    let mut made = Vec::with_capacity(size);
    for (index, text) in texts.iter().enumerate() {
        if index > 0 {
            made.extend_from_slice(separator);
        }
        made.extend_from_slice(text);
    }
    Ok(Value::text(made))
}

pub(super) fn replace(context: &Context<'_>, arguments: &[Value]) -> Result<Value, Error> {
    let (old, new, whole) = (
        bytes(arguments, 0),
        bytes(arguments, 1),
        bytes(arguments, 2),
    );
    if old == new {
        return Ok(Value::Text(text(arguments, 2)));
    }
    if old.is_empty() {
        return between_runes(context.world, new, whole);
    }
    let finder = memmem::Finder::new(old);
    let count = finder.find_iter(whole).count();
    if count == 0 {
        return Ok(Value::Text(text(arguments, 2)));
    }
    let size = (whole.len() - count * old.len()).saturating_add(count.saturating_mul(new.len()));
    context.world.spend(size)?;
    let mut made = Vec::with_capacity(size);
    let mut from = 0;
    for place in finder.find_iter(whole) {
        made.extend_from_slice(whole.get(from..place).unwrap_or_default());
        made.extend_from_slice(new);
        from = place + old.len();
    }
    made.extend_from_slice(whole.get(from..).unwrap_or_default());
    Ok(Value::text(made))
}

/// Nothing is found before each letter, and at the end.
fn between_runes(world: &dyn World, new: &[u8], whole: &[u8]) -> Result<Value, Error> {
    world.spend((whole.len() + 1).saturating_mul(new.len() + 1))?;
    let mut made = new.to_vec();
    for rune in letters(whole) {
        made.extend_from_slice(rune);
        made.extend_from_slice(new);
    }
    Ok(Value::text(made))
}

/// The bytes of each rune.
fn letters(mut whole: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        let (_, size) = first(whole)?;
        let (letter, rest) = whole.split_at_checked(size)?;
        whole = rest;
        Some(letter)
    })
}

/// All parts, or at most so many, where the last is what remains.
fn parts<'a>(separator: &'a [u8], whole: &'a [u8], most: usize) -> Vec<&'a [u8]> {
    let mut parts = Vec::new();
    let mut from = 0;
    if separator.is_empty() {
        for letter in letters(whole) {
            if parts.len() + 1 >= most {
                parts.push(whole.get(from..).unwrap_or_default());
                return parts;
            }
            from += letter.len();
            parts.push(letter);
        }
        return parts;
    }
    for place in memmem::find_iter(whole, separator) {
        if parts.len() + 1 >= most {
            break;
        }
        parts.push(whole.get(from..place).unwrap_or_default());
        from = place + separator.len();
    }
    parts.push(whole.get(from..).unwrap_or_default());
    parts
}

pub(super) fn split_list(context: &Context<'_>, arguments: &[Value]) -> Result<Value, Error> {
    let parts = parts(bytes(arguments, 0), bytes(arguments, 1), usize::MAX);
    context.world.spend(parts.len() * ITEM)?;
    let parts = parts.into_iter().map(Value::text).collect();
    Ok(Value::List(List::new(Element::Text, parts)))
}

pub(super) fn split(context: &Context<'_>, arguments: &[Value]) -> Result<Value, Error> {
    let parts = parts(bytes(arguments, 0), bytes(arguments, 1), usize::MAX);
    numbered(context.world, &parts)
}

pub(super) fn splitn(context: &Context<'_>, arguments: &[Value]) -> Result<Value, Error> {
    let most = match int(arguments, 1) {
        0 => return numbered(context.world, &[]),
        most => usize::try_from(most).unwrap_or(usize::MAX),
    };
    let parts = parts(bytes(arguments, 0), bytes(arguments, 2), most);
    numbered(context.world, &parts)
}

/// `_0`, `_1` and so on.
fn numbered(world: &dyn World, parts: &[&[u8]]) -> Result<Value, Error> {
    world.spend(parts.len() * 2 * ITEM)?;
    let entries = parts.iter().enumerate();
    let entries = entries.map(|(index, part)| {
        let key = Text::from(format!("_{index}"));
        (key, Value::text(*part))
    });
    Ok(Value::Map(Map::new(MapKind::Text, entries.collect())))
}

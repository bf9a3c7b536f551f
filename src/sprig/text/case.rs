//! Capitals and small letters.

use super::rune::{
    is_lower, is_title, is_upper, lower as to_lower, runes, title as to_title, upper as to_upper,
};
use crate::govalue::{Context, Error, Value};
use crate::sprig::arguments::{bytes, text};

fn map_each(arguments: &[Value], mut change: impl FnMut(char) -> char) -> Value {
    let mut made = String::with_capacity(bytes(arguments, 0).len());
    made.extend(runes(bytes(arguments, 0)).map(&mut change));
    made.into()
}

pub(super) fn upper(_: &Context<'_>, arguments: &[Value]) -> Result<Value, Error> {
    let given = text(arguments, 0);
    Ok(if given.is_ascii() {
        Value::text(given.to_ascii_uppercase())
    } else {
        map_each(arguments, to_upper)
    })
}

pub(super) fn lower(_: &Context<'_>, arguments: &[Value]) -> Result<Value, Error> {
    let given = text(arguments, 0);
    Ok(if given.is_ascii() {
        Value::text(given.to_ascii_lowercase())
    } else {
        map_each(arguments, to_lower)
    })
}

/// The first letter of each word; letters, digits and `_` are words.
pub(super) fn title(_: &Context<'_>, arguments: &[Value]) -> Result<Value, Error> {
    let mut before = ' ';
    Ok(map_each(arguments, |rune| {
        let changed = if is_separator(before) {
            to_title(rune)
        } else {
            rune
        };
        before = rune;
        changed
    }))
}

fn is_separator(rune: char) -> bool {
    if rune.is_ascii() {
        !rune.is_ascii_alphanumeric() && rune != '_'
    } else {
        rune.is_whitespace()
    }
}

/// The first letter of each word, where only blanks part words.
pub(super) fn untitle(_: &Context<'_>, arguments: &[Value]) -> Result<Value, Error> {
    let mut is_next = true;
    Ok(map_each(arguments, |rune| {
        if rune.is_whitespace() {
            is_next = true;
            rune
        } else if std::mem::take(&mut is_next) {
            to_lower(rune)
        } else {
            rune
        }
    }))
}

pub(super) fn swapcase(_: &Context<'_>, arguments: &[Value]) -> Result<Value, Error> {
    let mut after_blank = true;
    Ok(map_each(arguments, |rune| {
        if is_upper(rune) || is_title(rune) {
            after_blank = false;
            to_lower(rune)
        } else if is_lower(rune) {
            if std::mem::take(&mut after_blank) {
                to_title(rune)
            } else {
                to_upper(rune)
            }
        } else {
            after_blank = rune.is_whitespace();
            rune
        }
    }))
}

/// Words become one, each with a capital. A word all in capitals loses them behind the first.
pub(super) fn camelcase(_: &Context<'_>, arguments: &[Value]) -> Result<Value, Error> {
    let mut left = runes(bytes(arguments, 0)).peekable();
    let mut made = String::new();
    // What parts words is kept at the start.
    while let Some(rune) = left.next_if(|rune| parts_words(*rune)) {
        made.push(rune);
    }
    let Some(first) = left.next() else {
        // When there is nothing else, the last of it comes twice.
        made.extend(made.chars().next_back());
        return Ok(made.into());
    };
    let mut all_capitals = is_upper(first);
    let mut before = to_upper(first);
    let mut last = before;
    if left.peek().is_none() {
        made.push(last);
        return Ok(made.into());
    }
    for rune in left {
        before = last;
        last = rune;
        if parts_words(rune) && parts_words(before) {
            made.push(before);
            continue;
        }
        if parts_words(before) {
            all_capitals = is_upper(rune);
            last = to_upper(rune);
            continue;
        }
        if all_capitals {
            if is_upper(rune) {
                last = to_lower(rune);
            } else {
                all_capitals = false;
            }
        }
        made.push(before);
    }
    made.push(last);
    Ok(made.into())
}

pub(super) fn parts_words(rune: char) -> bool {
    rune == '-' || rune == '_' || rune.is_whitespace()
}

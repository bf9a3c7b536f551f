//! Strings made shorter.

use super::rune::{first, last};
use crate::govalue::{Context, Error, Text, Value};
use crate::sprig::arguments::{bytes, int, text};

/// The string itself where nothing was cut.
fn part_of(whole: Text, part: &[u8]) -> Value {
    if part.len() == whole.len() {
        Value::Text(whole)
    } else {
        Value::text(part)
    }
}

fn length(bytes: &[u8]) -> i64 {
    i64::try_from(bytes.len()).unwrap_or(i64::MAX)
}

fn trimmed(bytes: &[u8], is_cut: impl Fn(char) -> bool) -> &[u8] {
    let mut rest = bytes;
    while let Some((rune, size)) = first(rest)
        && is_cut(rune)
    {
        rest = rest.get(size..).unwrap_or_default();
    }
    while let Some((rune, size)) = last(rest)
        && is_cut(rune)
    {
        rest = rest.get(..rest.len() - size).unwrap_or_default();
    }
    rest
}

pub(super) fn trim(_: &Context<'_>, arguments: &[Value]) -> Result<Value, Error> {
    let whole = text(arguments, 0);
    let part = trimmed(bytes(arguments, 0), char::is_whitespace);
    Ok(part_of(whole, part))
}

pub(super) fn trim_all(_: &Context<'_>, arguments: &[Value]) -> Result<Value, Error> {
    let letters: Vec<char> = super::runes(bytes(arguments, 0)).collect();
    let part = trimmed(bytes(arguments, 1), |rune| letters.contains(&rune));
    Ok(part_of(text(arguments, 1), part))
}

pub(super) fn trim_prefix(_: &Context<'_>, arguments: &[Value]) -> Result<Value, Error> {
    let whole = bytes(arguments, 1);
    let part = whole.strip_prefix(bytes(arguments, 0)).unwrap_or(whole);
    Ok(part_of(text(arguments, 1), part))
}

pub(super) fn trim_suffix(_: &Context<'_>, arguments: &[Value]) -> Result<Value, Error> {
    let whole = bytes(arguments, 1);
    let part = whole.strip_suffix(bytes(arguments, 0)).unwrap_or(whole);
    Ok(part_of(text(arguments, 1), part))
}

/// From the end with a negative number.
pub(super) fn trunc(_: &Context<'_>, arguments: &[Value]) -> Result<Value, Error> {
    let (count, whole) = (int(arguments, 0), bytes(arguments, 1));
    let size = usize::try_from(count.unsigned_abs()).unwrap_or(usize::MAX);
    let part = if count < 0 {
        whole
            .len()
            .checked_sub(size)
            .and_then(|from| whole.get(from..))
    } else {
        whole.get(..size)
    };
    Ok(part_of(text(arguments, 1), part.unwrap_or(whole)))
}

/// A negative start is the start; an end that is negative or behind the end is the end.
pub(super) fn substr(_: &Context<'_>, arguments: &[Value]) -> Result<Value, Error> {
    let (start, end, whole) = (int(arguments, 0), int(arguments, 1), bytes(arguments, 2));
    let size = length(whole);
    let part = if start < 0 {
        let end = usize::try_from(end).ok();
        end.and_then(|end| whole.get(..end))
    } else {
        let is_open = end < 0 || end > size;
        let end = if is_open { size } else { end };
        let range = usize::try_from(start).ok().zip(usize::try_from(end).ok());
        range.and_then(|(start, end)| whole.get(start..end))
    };
    part.map(|part| part_of(text(arguments, 2), part))
        .ok_or_else(|| out_of_bounds(start, end, size))
}

fn out_of_bounds(start: i64, end: i64, size: i64) -> Error {
    let what = if start < 0 && end < 0 {
        format!("[:{end}]")
    } else if start < 0 {
        format!("[:{end}] with length {size}")
    } else if end < 0 || end > size {
        format!("[{start}:{size}]")
    } else {
        format!("[{start}:{end}]")
    };
    Error::Failed(format!("runtime error: slice bounds out of range {what}"))
}

pub(super) fn abbrev(_: &Context<'_>, arguments: &[Value]) -> Result<Value, Error> {
    let (width, whole) = (int(arguments, 0), text(arguments, 1));
    Ok(if width < 4 {
        Value::Text(whole)
    } else {
        abbreviated(whole, 0, width)
    })
}

pub(super) fn abbrevboth(_: &Context<'_>, arguments: &[Value]) -> Result<Value, Error> {
    let (left, right, whole) = (int(arguments, 0), int(arguments, 1), text(arguments, 2));
    Ok(if right < 4 || left > 0 && right < 7 {
        Value::Text(whole)
    } else {
        abbreviated(whole, left, right)
    })
}

/// At most `width` bytes, with dots for what is missing behind, and before when `left` bytes may be.
fn abbreviated(whole: Text, left: i64, width: i64) -> Value {
    let size = length(&whole);
    if size <= width {
        return Value::Text(whole);
    }
    let shown = width - 3;
    let mut from = left.min(size);
    if size - from < shown {
        from = size - shown;
    }
    let part = |from: i64, to: i64| {
        let from = usize::try_from(from).unwrap_or_default();
        let to = usize::try_from(to).unwrap_or_default();
        whole.get(from..to).unwrap_or_default()
    };
    let parts: [&[u8]; 3] = if from <= 4 {
        [b"", part(0, shown), b"..."]
    } else if width < 7 {
        [b"", b"", b""]
    } else if from.saturating_add(shown) < size {
        [b"...", part(from, from + shown - 3), b"..."]
    } else {
        [b"...", part(size - shown, size), b""]
    };
    Value::text(parts.concat())
}

/// Bytes are taken for letters here, so what is not ASCII comes out as something else.
pub(super) fn initials(_: &Context<'_>, arguments: &[Value]) -> Result<Value, Error> {
    let mut made = String::new();
    let mut after_blank = true;
    for letter in bytes(arguments, 0).iter().copied().map(char::from) {
        if letter.is_whitespace() {
            after_blank = true;
        } else if std::mem::take(&mut after_blank) {
            made.push(letter);
        }
    }
    Ok(made.into())
}

/// The same.
pub(super) fn nospace(_: &Context<'_>, arguments: &[Value]) -> Result<Value, Error> {
    let letters = bytes(arguments, 0).iter().copied().map(char::from);
    if !letters.clone().any(char::is_whitespace) {
        return Ok(Value::Text(text(arguments, 0)));
    }
    let made: String = letters.filter(|letter| !letter.is_whitespace()).collect();
    Ok(made.into())
}

//! Anything as a number, as spf13/cast reads it: what is none is 0.

use crate::govalue::{Kind, Record, Value};

/// `int` and `int64` are the same here.
pub(in crate::sprig) fn to_int(value: &Value) -> i64 {
    match value {
        Value::Int(number) | Value::Int64(number) => *number,
        Value::Uint8(number) => i64::from(*number),
        Value::Uint64(number) => number.cast_signed(),
        Value::Float(number) => truncate(*number),
        Value::Text(text) => parse_integer(without_zeros(text), 0).unwrap_or_default(),
        Value::Bool(truth) => i64::from(*truth),
        Value::Record(record) => named_number(record).unwrap_or_default(),
        _ => 0,
    }
}

/// As `float64`.
pub(in crate::sprig) fn to_float(value: &Value) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "as Go's conversion")]
    match value {
        Value::Float(number) => *number,
        Value::Uint64(number) => *number as f64,
        Value::Text(text) => parse_float(text).unwrap_or_default(),
        other => to_int(other) as f64,
    }
}

/// Months and days of the week count as the numbers they are; a duration does not.
fn named_number(record: &Record) -> Option<i64> {
    let shape = record.shape();
    let is_int = shape.kind == Kind::Int;
    record.native().copied().filter(|_| is_int)
}

/// What is no `int64` becomes the smallest, as the processor has it.
fn truncate(number: f64) -> i64 {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "what does not fit is handled"
    )]
    if (-9_223_372_036_854_775_808.0..9_223_372_036_854_775_808.0).contains(&number) {
        number as i64
    } else {
        i64::MIN
    }
}

/// `5.00` without its zeros.
fn without_zeros(text: &[u8]) -> &[u8] {
    let zeros = text.iter().rev().take_while(|byte| **byte == b'0').count();
    let (rest, _) = text.split_at(text.len() - zeros);
    match rest.split_last() {
        Some((b'.', whole)) if zeros > 0 => whole,
        _ => text,
    }
}

/// A whole number as Go's `strconv` reads it. Base 0 is told by the number itself: `0x1f`, `0b1`, `0o7`,
/// `017`, with underscores.
///
/// # Errors
///
/// 0 for what is no number, and the nearest number for what is too big.
pub(in crate::sprig) fn parse_integer(text: &[u8], base: u32) -> Result<i64, i64> {
    let (is_negative, digits) = match text.split_first() {
        Some((b'-', rest)) => (true, rest),
        Some((b'+', rest)) => (false, rest),
        _ => (false, text),
    };
    let (base, digits) = if base == 0 {
        if !are_underscores_right(digits) {
            return Err(0);
        }
        base_of(digits)
    } else if digits.contains(&b'_') {
        return Err(0);
    } else {
        (base, digits)
    };
    let mut size: Option<u64> = Some(0);
    let mut is_empty = true;
    for byte in digits.iter().filter(|byte| **byte != b'_') {
        let digit = char::from(*byte).to_digit(base).ok_or(0_i64)?;
        is_empty = false;
        size = size
            .and_then(|size| size.checked_mul(u64::from(base)))
            .and_then(|size| size.checked_add(u64::from(digit)));
    }
    if is_empty {
        return Err(0);
    }
    match (size, is_negative) {
        (Some(size), true) if size <= 1 << 63 => Ok(0_i64.wrapping_sub_unsigned(size)),
        (_, true) => Err(i64::MIN),
        (Some(size), false) => i64::try_from(size).map_err(|_| i64::MAX),
        (None, false) => Err(i64::MAX),
    }
}

fn base_of(digits: &[u8]) -> (u32, &[u8]) {
    match digits {
        [b'0', b'x' | b'X', rest @ ..] => (16, rest),
        [b'0', b'b' | b'B', rest @ ..] => (2, rest),
        [b'0', b'o' | b'O', rest @ ..] => (8, rest),
        [b'0', rest @ ..] if !rest.is_empty() => (8, rest),
        _ => (10, digits),
    }
}

/// Underscores stand between digits, and between the prefix and the first of them.
fn are_underscores_right(digits: &[u8]) -> bool {
    let (prefix, rest) = match digits {
        [
            b'0',
            prefix @ (b'x' | b'X' | b'b' | b'B' | b'o' | b'O'),
            rest @ ..,
        ] => (Some(prefix), rest),
        _ => (None, digits),
    };
    let is_hexadecimal = matches!(prefix, Some(b'x' | b'X'));
    let is_digit = |byte: u8| byte.is_ascii_digit() || is_hexadecimal && byte.is_ascii_hexdigit();
    let mut before = if prefix.is_some() { b'0' } else { b'!' };
    for byte in rest.iter().copied() {
        let is_misplaced = match (before, byte) {
            (b'_', byte) => !is_digit(byte),
            (before, b'_') => !is_digit(before),
            _ => false,
        };
        if is_misplaced {
            return false;
        }
        before = byte;
    }
    before != b'_'
}

/// A number with a fraction, as Go's `strconv` reads it; `None` also for what is too big.
pub(in crate::sprig) fn parse_float(text: &[u8]) -> Option<f64> {
    let text = std::str::from_utf8(text).ok()?;
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    if matches!(unsigned.get(..2), Some("0x" | "0X")) {
        return parse_hexadecimal(text);
    }
    let is_word = unsigned.starts_with(|first: char| first.is_ascii_alphabetic());
    if is_word && unsigned.starts_with(['n', 'N']) && unsigned.len() != text.len() {
        return None;
    }
    let number: f64 = if unsigned.contains('_') {
        let is_right = !is_word && are_underscores_right(unsigned.as_bytes());
        text.replace('_', "").parse().ok().filter(|_| is_right)?
    } else {
        text.parse().ok()?
    };
    (is_word || number.is_finite()).then_some(number)
}

/// `0x1.8p1`: the exponent must be there.
fn parse_hexadecimal(text: &str) -> Option<f64> {
    let is_negative = text.starts_with('-');
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if !are_underscores_right(digits.as_bytes()) {
        return None;
    }
    let digits = digits.get(2..)?.replace('_', "");
    let (mantissa, exponent) = digits.split_once(['p', 'P'])?;
    let exponent: i64 = exponent.parse().ok()?;
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let all = format!("{whole}{fraction}");
    let significant = all.trim_start_matches('0');
    if all.is_empty() || significant.len() > 14 {
        return None;
    }
    let value = if significant.is_empty() {
        0
    } else {
        u64::from_str_radix(significant, 16).ok()?
    };
    let places = i64::try_from(fraction.len()).ok()?.checked_mul(4)?;
    let exponent = exponent.checked_sub(places)?.clamp(-5000, 5000);
    #[expect(
        clippy::cast_precision_loss,
        reason = "at most fourteen hexadecimal digits"
    )]
    let number = libm::ldexp(value as f64, i32::try_from(exponent).ok()?);
    let number = if is_negative { -number } else { number };
    number.is_finite().then_some(number)
}

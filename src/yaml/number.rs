//! Numbers as Go reads and prints them.

use std::borrow::Cow;

use serde_json::{Number, Value};

use super::Profile;

/// A number as go-yaml tells them apart.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Numeric {
    Integer(i64),
    /// Above the range of `Integer`.
    Unsigned(u64),
    /// May be infinite or not a number.
    Float(f64),
}

/// Reads a plain text that begins with a digit or a sign.
///
/// Underscores are skipped. A leading `0` is octal, `0x`, `0b` and `0o` are understood, and what only a
/// float can be (`08`, `1e3`, `5.`) is one. A float too large is no number.
pub(super) fn parse(text: &str, profile: Profile) -> Option<Numeric> {
    let plain = without_underscores(text);
    parse_integer(&plain)
        .or_else(|| parse_float(&plain))
        .or_else(|| parse_oddity(&plain, profile))
}

fn without_underscores(text: &str) -> Cow<'_, str> {
    if text.contains('_') {
        Cow::Owned(text.replace('_', ""))
    } else {
        Cow::Borrowed(text)
    }
}

fn parse_integer(plain: &str) -> Option<Numeric> {
    let (sign, digits) = match plain.as_bytes().first()? {
        b'-' => (Some(true), &plain[1..]),
        b'+' => (Some(false), &plain[1..]),
        _ => (None, plain),
    };
    let magnitude = parse_magnitude(digits)?;
    match sign {
        Some(true) => 0_i64.checked_sub_unsigned(magnitude).map(Numeric::Integer),
        Some(false) => i64::try_from(magnitude).ok().map(Numeric::Integer),
        None => Some(match i64::try_from(magnitude) {
            Ok(integer) => Numeric::Integer(integer),
            Err(_) => Numeric::Unsigned(magnitude),
        }),
    }
}

fn parse_magnitude(digits: &str) -> Option<u64> {
    let bytes = digits.as_bytes();
    let (radix, digits) = match bytes {
        [b'0'] => return Some(0),
        [b'0', b'b' | b'B', _, ..] => (2, &digits[2..]),
        [b'0', b'o' | b'O', _, ..] => (8, &digits[2..]),
        [b'0', b'x' | b'X', _, ..] => (16, &digits[2..]),
        [b'0', _, ..] => (8, &digits[1..]),
        _ => (10, digits),
    };
    // The standard library would take a sign here, which Go does not.
    if digits.starts_with(['+', '-']) {
        return None;
    }
    u64::from_str_radix(digits, radix).ok()
}

fn parse_float(plain: &str) -> Option<Numeric> {
    if !is_decimal(plain) {
        return None;
    }
    finite(plain)
}

/// Whether a text has the form of a decimal number: `[-+]?(\.\d+|\d+(\.\d*)?)([eE][-+]?\d+)?`.
fn is_decimal(text: &str) -> bool {
    let rest = text.strip_prefix(['-', '+']).unwrap_or(text);
    let whole = rest.trim_start_matches(|letter: char| letter.is_ascii_digit());
    let has_whole = whole.len() < rest.len();
    let (rest, has_fraction) = match whole.strip_prefix('.') {
        Some(fraction) => {
            let rest = fraction.trim_start_matches(|letter: char| letter.is_ascii_digit());
            (rest, rest.len() < fraction.len())
        }
        None => (whole, false),
    };
    if !has_whole && !has_fraction {
        return false;
    }
    let Some(exponent) = rest.strip_prefix(['e', 'E']) else {
        return rest.is_empty();
    };
    let digits = exponent.strip_prefix(['-', '+']).unwrap_or(exponent);
    !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
}

fn finite(text: &str) -> Option<Numeric> {
    let float: f64 = text.parse().ok()?;
    float.is_finite().then_some(Numeric::Float(float))
}

/// What go-yaml tries last: what follows `0b` (and `0o`, in v3) as number of its own, sign included.
fn parse_oddity(plain: &str, profile: Profile) -> Option<Numeric> {
    let (radix, digits) = match plain.strip_prefix("0b") {
        Some(digits) => (2, digits),
        None if profile == Profile::V3 => (8, plain.strip_prefix("0o")?),
        None => return None,
    };
    i64::from_str_radix(digits, radix)
        .ok()
        .map(Numeric::Integer)
}

/// Reads a plain text that begins with a point: `.5`, `.5e3`, `.1_0`.
pub(super) fn parse_fraction(text: &str) -> Option<Numeric> {
    // Here an underscore must stand between two digits.
    let bytes = text.as_bytes();
    let well_placed = bytes.iter().enumerate().all(|(index, byte)| {
        let is_digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
        *byte != b'_' || (index > 0 && is_digit(index - 1) && is_digit(index + 1))
    });
    if !well_placed {
        return None;
    }
    parse_float(&without_underscores(text))
}

/// The JSON number that Kubernetes makes of a number, `None` when JSON has none.
///
/// Numbers pass through JSON there: what is whole and fits 64 signed bits comes out as integer,
/// everything else as float.
pub(super) fn to_json(numeric: Numeric) -> Option<Value> {
    match numeric {
        Numeric::Integer(integer) => Some(integer.into()),
        #[expect(
            clippy::cast_precision_loss,
            reason = "the API server keeps such numbers as float"
        )]
        Numeric::Unsigned(unsigned) => Number::from_f64(unsigned as f64).map(Value::Number),
        Numeric::Float(float) => whole_digits(float)
            .and_then(|digits| digits.parse::<i64>().ok())
            .map(Number::from)
            .or_else(|| Number::from_f64(float))
            .map(Value::Number),
    }
}

/// The digits that Go's JSON has for a float without fraction, when it writes it without exponent.
fn whole_digits(float: f64) -> Option<String> {
    (float.fract() == 0.0 && float.abs() < 1e21).then(|| format!("{float}"))
}

/// A number as `sigs.k8s.io/yaml` writes it: through JSON, where whole floats become integers.
pub(super) fn to_yaml(number: &Number) -> String {
    if number.is_i64() || number.is_u64() {
        return number.to_string();
    }
    let float = number.as_f64().unwrap_or_default();
    if let Some(digits) = whole_digits(float) {
        if let Ok(integer) = digits.parse::<i64>() {
            return integer.to_string();
        }
        if digits.parse::<u64>().is_ok() {
            return digits;
        }
    }
    shortest(&format!("{float:e}"), || format!("{float}"))
}

/// A float as key of a mapping: `sigs.k8s.io/yaml` prints it with 32 bits.
pub(super) fn to_key(float: f64) -> String {
    #[expect(clippy::cast_possible_truncation, reason = "that is the rule")]
    let float = float as f32;
    if float.is_nan() {
        ".nan".to_owned()
    } else if float.is_infinite() {
        if float > 0.0 { ".inf" } else { "-.inf" }.to_owned()
    } else {
        shortest(&format!("{float:e}"), || format!("{float}"))
    }
}

/// Go's `%g`: with an exponent, of two digits at least, below 1e-4 and from 1e6 on.
fn shortest(scientific: &str, decimal: impl FnOnce() -> String) -> String {
    let Some((digits, exponent)) = scientific.split_once('e') else {
        return decimal();
    };
    let exponent: i32 = exponent.parse().unwrap_or_default();
    if (-4..6).contains(&exponent) {
        return decimal();
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{digits}e{sign}{:02}", exponent.abs())
}

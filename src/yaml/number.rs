//! Numbers as Go reads and prints them.

use std::borrow::Cow;
use std::fmt;

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
        // The sign of a zero is left: `Node` drops it where integers are wanted.
        Numeric::Float(float) if float == 0.0 => Number::from_f64(float).map(Value::Number),
        Numeric::Float(float) => whole_digits(float)
            .and_then(|digits| digits.parse::<i64>().ok())
            .map(Number::from)
            .or_else(|| Number::from_f64(float))
            .map(Value::Number),
    }
}

/// A number as `sigs.k8s.io/yaml` writes it: through JSON, where whole floats become integers.
pub(super) fn to_yaml(number: &Number) -> String {
    if number.is_i64() || number.is_u64() {
        return number.to_string();
    }
    print_whole(number.as_f64().unwrap_or_default())
}

/// A float as `sigs.k8s.io/yaml` writes it.
pub(super) fn print_whole(float: f64) -> String {
    if float.fract() == 0.0 && float.abs() < EXACT {
        #[expect(clippy::cast_possible_truncation, reason = "whole, and within 53 bits")]
        let whole = float as i64;
        return whole.to_string();
    }
    if let Some(digits) = whole_digits(float) {
        if let Ok(integer) = digits.parse::<i64>() {
            return integer.to_string();
        }
        if digits.parse::<u64>().is_ok() {
            return digits;
        }
    }
    print(float)
}

/// Whole floats below have their digits without a detour.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// A float as Go's `%g` prints it, and as YAML has it when it is not finite.
pub(super) fn print(float: f64) -> String {
    match float {
        f64::INFINITY => ".inf".to_owned(),
        f64::NEG_INFINITY => "-.inf".to_owned(),
        _ if float.is_nan() => ".nan".to_owned(),
        _ if float == 0.0 && float.is_sign_negative() => "-0".to_owned(),
        _ => Decimal::of(float).to_string(),
    }
}

/// The digits that Go's JSON has for a float without fraction, when it writes it without exponent.
fn whole_digits(float: f64) -> Option<String> {
    if float.fract() != 0.0 || float.abs() >= 1e21 {
        return None;
    }
    let decimal = Decimal::of(float);
    let zeros = usize::try_from(decimal.exponent).unwrap_or_default() + 1 - decimal.digits.len();
    Some(format!(
        "{}{}{}",
        decimal.sign,
        decimal.digits,
        "0".repeat(zeros)
    ))
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
        Decimal::parse(&format!("{float:e}")).to_string()
    }
}

/// The fewest decimal digits that read back as the same float.
struct Decimal {
    sign: &'static str,
    /// Without point and without zeros at the end; `0` alone for zero.
    digits: String,
    /// The power of ten of the first digit.
    exponent: i32,
}

impl Decimal {
    /// Takes serde's digits: where two are equally near, they and Go's are the even ones.
    fn of(float: f64) -> Self {
        Number::from_f64(float)
            .map_or_else(|| Self::parse("0"), |text| Self::parse(&text.to_string()))
    }

    /// Takes a number in decimal or scientific form.
    fn parse(text: &str) -> Self {
        let (sign, unsigned) = match text.strip_prefix('-') {
            Some(rest) => ("-", rest),
            None => ("", text),
        };
        let (mantissa, exponent) = unsigned.split_once('e').unwrap_or((unsigned, "0"));
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let all = format!("{whole}{fraction}");
        let digits = all.trim_start_matches('0');
        let leading_zeros = all.len() - digits.len();
        let digits = digits.trim_end_matches('0');
        if digits.is_empty() {
            let digits = "0".to_owned();
            return Self {
                sign,
                digits,
                exponent: 0,
            };
        }
        let places = |count: usize| i32::try_from(count).unwrap_or_default();
        Self {
            sign,
            digits: digits.to_owned(),
            exponent: exponent.parse::<i32>().unwrap_or_default() + places(whole.len())
                - places(leading_zeros)
                - 1,
        }
    }
}

/// Go's `%g`: with an exponent, of two digits at least, below 1e-4 and from 1e6 on.
impl fmt::Display for Decimal {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            sign,
            digits,
            exponent,
        } = self;
        out.write_str(sign)?;
        let places = usize::try_from(exponent.unsigned_abs()).unwrap_or_default();
        match *exponent {
            -4..0 => write!(out, "0.{}{digits}", "0".repeat(places - 1)),
            0..6 if digits.len() <= places + 1 => {
                write!(out, "{digits}{}", "0".repeat(places + 1 - digits.len()))
            }
            0..6 => write!(out, "{}.{}", &digits[..=places], &digits[places + 1..]),
            _ => {
                let (first, rest) = digits.split_at(1);
                let point = if rest.is_empty() { "" } else { "." };
                let exponent_sign = if *exponent < 0 { '-' } else { '+' };
                write!(out, "{first}{point}{rest}e{exponent_sign}{places:02}")
            }
        }
    }
}

//! Literals of Go: numbers and strings.

use crate::govalue::print::{quote, write_rune};

/// Two to the power of 63, the first whole number beyond `int64`.
const BEYOND_INT: f64 = 9_223_372_036_854_775_808.0;

/// A number with all the types that it fits.
#[derive(Debug, Default)]
pub(in crate::gotemplate) struct Number {
    /// As it was written.
    pub(in crate::gotemplate) text: Box<str>,
    pub(in crate::gotemplate) int: Option<i64>,
    pub(in crate::gotemplate) float: Option<f64>,
    pub(in crate::gotemplate) complex: Option<(f64, f64)>,
    /// It is a float where nothing else is asked for.
    pub(in crate::gotemplate) is_float: bool,
    /// It fits `uint64`.
    pub(in crate::gotemplate) is_unsigned: bool,
}

impl Number {
    /// Reads a character constant, with its quotes.
    pub(in crate::gotemplate) fn parse_rune(text: &str) -> Result<Self, String> {
        let inner = text.get(1..).unwrap_or_default().as_bytes();
        let mut rest = inner;
        let rune = match take_rune(&mut rest, b'\'').ok_or("invalid syntax")? {
            Unit::Byte(byte) => u32::from(byte),
            Unit::Rune(rune) => u32::from(rune),
        };
        if rest != b"'" {
            return Err(format!("malformed character constant: {text}"));
        }
        Ok(Self {
            text: text.into(),
            int: Some(i64::from(rune)),
            float: Some(f64::from(rune)),
            is_unsigned: true,
            ..Self::default()
        })
    }

    /// Reads `1+2i`.
    pub(in crate::gotemplate) fn parse_complex(text: &str) -> Result<Self, String> {
        let inner = text.strip_suffix('i').unwrap_or(text);
        let is_sign = |(index, byte): &(usize, u8)| {
            let before = index
                .checked_sub(1)
                .and_then(|index| inner.as_bytes().get(index));
            matches!(byte, b'+' | b'-') && !matches!(before, None | Some(b'e' | b'E' | b'p' | b'P'))
        };
        let middle = inner.bytes().enumerate().rfind(is_sign);
        let parts = middle.and_then(|(index, _)| inner.split_at_checked(index));
        let parts =
            parts.and_then(|(real, imaginary)| Some((parse_float(real)?, parse_float(imaginary)?)));
        let parts = parts.ok_or("syntax error scanning complex number")?;
        Ok(Self::from_complex(text, parts))
    }

    fn from_complex(text: &str, (real, imaginary): (f64, f64)) -> Self {
        let mut number = Self {
            text: text.into(),
            complex: Some((real, imaginary)),
            ..Self::default()
        };
        if imaginary == 0.0 {
            number.float = Some(real);
            number.int = whole(real);
            number.is_unsigned = is_unsigned(real);
        }
        number
    }

    /// Reads any other number.
    pub(in crate::gotemplate) fn parse(text: &str) -> Result<Self, String> {
        if let Some(imaginary) = text.strip_suffix('i').and_then(parse_float) {
            return Ok(Self::from_complex(text, (0.0, imaginary)));
        }
        let mut number = Self {
            text: text.into(),
            ..Self::default()
        };
        let unsigned = parse_unsigned(text);
        number.is_unsigned = unsigned.is_some();
        number.int = match text.strip_prefix(['+', '-']) {
            None => unsigned.and_then(|unsigned| i64::try_from(unsigned).ok()),
            Some(rest) => parse_unsigned(rest).and_then(|unsigned| {
                let is_negative = text.starts_with('-');
                let signed = i128::from(unsigned) * if is_negative { -1 } else { 1 };
                i64::try_from(signed).ok()
            }),
        };
        number.is_unsigned |= number.int == Some(0);
        #[expect(clippy::cast_precision_loss, reason = "Go converts as well")]
        if let Some(int) = number.int {
            number.float = Some(int as f64);
        } else if let Some(unsigned) = unsigned {
            number.float = Some(unsigned as f64);
        } else if let Some(float) = parse_float(text) {
            if !text.contains(['.', 'e', 'E', 'p', 'P']) {
                return Err(format!("integer overflow: {}", quoted(text)));
            }
            number.float = Some(float);
            number.int = whole(float);
            number.is_unsigned = is_unsigned(float);
        }
        if number.int.is_none() && number.float.is_none() {
            return Err(format!("illegal number syntax: {}", quoted(text)));
        }
        let bytes = text.as_bytes();
        let is_hexadecimal =
            matches!(bytes, [b'0', b'x' | b'X', _, ..]) && !text.contains(['p', 'P']);
        let has_sign_of_float = text.contains(['.', 'e', 'E', 'p', 'P']);
        number.is_float = number.float.is_some() && !is_hexadecimal && has_sign_of_float;
        Ok(number)
    }
}

fn quoted(text: &str) -> String {
    String::from_utf8_lossy(&quote(text.as_bytes())).into_owned()
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    reason = "it is compared with what it was"
)]
#[expect(clippy::float_cmp, reason = "whole numbers are equal or they are not")]
fn whole(float: f64) -> Option<i64> {
    let fits = (-BEYOND_INT..BEYOND_INT).contains(&float);
    (fits && (float as i64) as f64 == float).then_some(float as i64)
}

fn is_unsigned(float: f64) -> bool {
    (0.0..BEYOND_INT * 2.0).contains(&float) && float.fract() == 0.0
}

/// Go's `strconv.ParseUint` with base 0.
fn parse_unsigned(text: &str) -> Option<u64> {
    let lower = text.to_ascii_lowercase();
    let (base, digits) = match lower.as_bytes() {
        [b'0', b'x', ..] => (16, lower.get(2..)?),
        [b'0', b'o', ..] => (8, lower.get(2..)?),
        [b'0', b'b', ..] => (2, lower.get(2..)?),
        [b'0', _, ..] => (8, lower.get(1..)?),
        _ => (10, lower.as_str()),
    };
    if digits.contains('_') && !has_good_underscores(&lower) {
        return None;
    }
    let digits = digits.replace('_', "");
    if !digits.starts_with(|digit: char| digit.is_ascii_alphanumeric()) {
        return None;
    }
    u64::from_str_radix(&digits, base).ok()
}

/// Underscores stand between digits, or between a prefix and a digit.
fn has_good_underscores(text: &str) -> bool {
    let text = text.trim_start_matches(['+', '-']);
    let bytes = text.as_bytes();
    let (digits, is_hexadecimal) = match bytes {
        [b'0', b'x' | b'X', rest @ ..] => (rest, true),
        [b'0', b'b' | b'B' | b'o' | b'O', rest @ ..] => (rest, false),
        _ => (bytes, false),
    };
    // What came before: a digit or a prefix, an underscore, or anything else.
    let mut before = if digits.len() < bytes.len() {
        b'0'
    } else {
        b'^'
    };
    for byte in digits {
        let is_digit = byte.is_ascii_digit() || (is_hexadecimal && byte.is_ascii_hexdigit());
        before = match byte {
            b'_' if before != b'0' => return false,
            b'_' => b'_',
            _ if is_digit => b'0',
            _ if before == b'_' => return false,
            _ => b'!',
        };
    }
    before != b'_'
}

/// Go's `strconv.ParseFloat`, for what the lexer lets through.
fn parse_float(text: &str) -> Option<f64> {
    if text.contains('_') && !has_good_underscores(text) {
        return None;
    }
    let plain = text.replace('_', "");
    let unsigned = plain.trim_start_matches(['+', '-']);
    let number = match unsigned.strip_prefix("0x").or(unsigned.strip_prefix("0X")) {
        Some(hexadecimal) => parse_hexadecimal(hexadecimal)?,
        None => unsigned.parse::<f64>().ok()?,
    };
    let signed = if plain.starts_with('-') {
        -number
    } else {
        number
    };
    signed.is_finite().then_some(signed)
}

/// `1.8p3`, behind `0x`.
fn parse_hexadecimal(text: &str) -> Option<f64> {
    let (mantissa, exponent) = text.split_once(['p', 'P'])?;
    let mut exponent: i32 = exponent.parse().ok()?;
    let (mut number, mut behind, mut any) = (0.0_f64, false, false);
    for byte in mantissa.chars() {
        if byte == '.' {
            behind = true;
            continue;
        }
        number = number * 16.0 + f64::from(byte.to_digit(16)?);
        any = true;
        if behind {
            exponent = exponent.checked_sub(4)?;
        }
    }
    any.then(|| libm::ldexp(number, exponent))
}

/// What an escape stands for.
enum Unit {
    Byte(u8),
    Rune(char),
}

/// Go's `strconv.Unquote`: a string with its quotes, of either kind.
pub(in crate::gotemplate) fn unquote(text: &[u8]) -> Option<Vec<u8>> {
    let inner = text.get(1..text.len().checked_sub(1)?)?;
    if text.first() == Some(&b'`') {
        return Some(
            inner
                .iter()
                .copied()
                .filter(|byte| *byte != b'\r')
                .collect(),
        );
    }
    let mut out = Vec::with_capacity(inner.len());
    let mut rest = inner;
    while !rest.is_empty() {
        match take_rune(&mut rest, b'"')? {
            Unit::Byte(byte) => out.push(byte),
            Unit::Rune(rune) => write_rune(&mut out, rune),
        }
    }
    Some(out)
}

/// One rune, or one escape.
fn take_rune(rest: &mut &[u8], quote: u8) -> Option<Unit> {
    let first = *rest.first()?;
    if first == quote {
        return None;
    }
    if first != b'\\' {
        let (rune, width) = crate::govalue::print::first_rune(rest);
        *rest = rest.get(width..)?;
        return Some(Unit::Rune(rune.unwrap_or(char::REPLACEMENT_CHARACTER)));
    }
    let escape = *rest.get(1)?;
    *rest = rest.get(2..)?;
    let simple = match escape {
        b'a' => 7,
        b'b' => 8,
        b'f' => 12,
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        b'v' => 11,
        b'\\' => b'\\',
        b'\'' | b'"' if escape == quote => escape,
        b'x' => return take_digits(rest, 2, 16).and_then(byte_unit),
        b'u' => return take_digits(rest, 4, 16).and_then(rune_unit),
        b'U' => return take_digits(rest, 8, 16).and_then(rune_unit),
        b'0'..=b'7' => {
            let behind = take_digits(rest, 2, 8)?;
            return byte_unit(u32::from(escape - b'0') * 64 + behind);
        }
        _ => return None,
    };
    Some(Unit::Byte(simple))
}

fn take_digits(rest: &mut &[u8], count: usize, base: u32) -> Option<u32> {
    let (digits, behind) = rest.split_at_checked(count)?;
    *rest = behind;
    let mut number = 0_u32;
    for digit in digits {
        number = number.checked_mul(base)? + char::from(*digit).to_digit(base)?;
    }
    Some(number)
}

fn byte_unit(code: u32) -> Option<Unit> {
    u8::try_from(code).ok().map(Unit::Byte)
}

fn rune_unit(code: u32) -> Option<Unit> {
    char::from_u32(code).map(Unit::Rune)
}

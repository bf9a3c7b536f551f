//! Floats as `encoding/json` prints them.

use serde_json::Number;

/// Whole numbers below are exact, and have their digits without a detour.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// Appends a finite float: the fewest digits that read back as the same one, with an exponent only below
/// 1e-6 and from 1e21 on.
pub(super) fn write_float(out: &mut Vec<u8>, float: f64) {
    if float.fract() == 0.0 && float.abs() < EXACT && (float != 0.0 || float.is_sign_positive()) {
        #[expect(clippy::cast_possible_truncation, reason = "whole, and within 53 bits")]
        let whole = float as i64;
        write_integer(out, whole);
        return;
    }
    let Some(number) = Number::from_f64(float) else {
        return;
    };
    // These digits are Go's as well: where two are equally near, the even one.
    Decimal::of(&number.to_string()).write(out);
}

/// Appends a whole number.
pub(super) fn write_integer(out: &mut Vec<u8>, integer: impl Into<i128>) {
    let integer = integer.into();
    let mut digits = [0; 40];
    let mut start = digits.len();
    let mut rest = integer.unsigned_abs();
    loop {
        start -= 1;
        digits[start] = b"0123456789"[usize::try_from(rest % 10).unwrap_or_default()];
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    if integer < 0 {
        out.push(b'-');
    }
    out.extend_from_slice(&digits[start..]);
}

/// A decimal number taken apart.
struct Decimal {
    is_negative: bool,
    /// Without zeros at both ends; `0` alone for zero.
    digits: String,
    /// The power of ten of the first digit.
    exponent: i32,
}

impl Decimal {
    fn of(text: &str) -> Self {
        let unsigned = text.strip_prefix('-');
        let (mantissa, exponent) = split(unsigned.unwrap_or(text), ['e', 'E'], "0");
        let (whole, fraction) = split(mantissa, ['.', '.'], "");
        let all = format!("{whole}{fraction}");
        let digits = all.trim_start_matches('0');
        let places = |count: usize| i32::try_from(count).unwrap_or_default();
        let exponent = exponent.parse::<i32>().unwrap_or_default() + places(whole.len())
            - places(all.len() - digits.len())
            - 1;
        let digits = digits.trim_end_matches('0');
        let is_zero = digits.is_empty();
        Self {
            is_negative: unsigned.is_some(),
            digits: if is_zero { "0" } else { digits }.to_owned(),
            exponent: if is_zero { 0 } else { exponent },
        }
    }

    fn write(&self, out: &mut Vec<u8>) {
        if self.is_negative {
            out.push(b'-');
        }
        let digits = self.digits.as_bytes();
        let places = usize::try_from(self.exponent.unsigned_abs()).unwrap_or_default();
        match self.exponent {
            -6..0 => {
                out.extend_from_slice(b"0.");
                out.resize(out.len() + places - 1, b'0');
                out.extend_from_slice(digits);
            }
            0..21 if digits.len() <= places + 1 => {
                out.extend_from_slice(digits);
                out.resize(out.len() + places + 1 - digits.len(), b'0');
            }
            0..21 => {
                out.extend_from_slice(&digits[..=places]);
                out.push(b'.');
                out.extend_from_slice(&digits[places + 1..]);
            }
            _ => {
                out.push(digits[0]);
                if digits.len() > 1 {
                    out.push(b'.');
                    out.extend_from_slice(&digits[1..]);
                }
                out.extend_from_slice(if self.exponent < 0 { b"e-" } else { b"e+" });
                write_integer(out, i64::from(self.exponent.unsigned_abs()));
            }
        }
    }
}

fn split<'a>(text: &'a str, at: [char; 2], missing: &'a str) -> (&'a str, &'a str) {
    text.split_once(at).unwrap_or((text, missing))
}

//! Numbers as Go's `strconv` writes them.

use std::io::Write as _;

/// More digits than any `float64` has: what is asked for beyond them is zeros.
const MOST_DIGITS: usize = 1100;

/// The digits of a number without zeros at their end, and where its point is: 0.digits × 10^point.
struct Digits {
    digits: Vec<u8>,
    point: i32,
}

/// Writes a `float64` as `strconv.AppendFloat` does. The verb is one of `e E f g G b x X`; without a
/// precision the fewest digits that give the number back are written.
pub fn write_float(out: &mut Vec<u8>, number: f64, verb: u8, precision: Option<usize>) {
    if number.is_nan() {
        out.extend_from_slice(b"NaN");
        return;
    }
    if number.is_infinite() {
        out.extend_from_slice(if number > 0.0 { b"+Inf" } else { b"-Inf" });
        return;
    }
    if verb == b'g' && precision.is_none() && write_small_whole(out, number) {
        return;
    }
    if number.is_sign_negative() {
        out.push(b'-');
    }
    let number = number.abs();
    match (verb, precision) {
        (b'b', _) => write_binary(out, number),
        (b'x' | b'X', _) => write_hexadecimal(out, number, verb, precision),
        (b'f', None) => {
            let digits = shortest(number);
            write_plain(out, &digits);
        }
        (b'f', Some(precision)) => write_fixed(out, number, precision),
        (b'e' | b'E', _) => {
            let digits = digits_of(number, precision.map(|precision| precision + 1));
            let behind = precision.unwrap_or(digits.digits.len().saturating_sub(1));
            write_exponent(out, &digits, behind, verb);
        }
        _ => write_general(out, number, verb, precision),
    }
}

/// Writes a decimal number.
pub fn write_integer(out: &mut Vec<u8>, number: i64) {
    if number < 0 {
        out.push(b'-');
    }
    write_unsigned(out, number.unsigned_abs());
}

/// Writes a decimal number.
pub fn write_unsigned(out: &mut Vec<u8>, mut number: u64) {
    let mut digits = [0; 20];
    let mut start = digits.len();
    loop {
        start -= 1;
        digits[start] = b'0' + u8::try_from(number % 10).unwrap_or(0);
        number /= 10;
        if number == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[start..]);
}

/// Most numbers of charts are whole and small: ports, replicas, percentages.
fn write_small_whole(out: &mut Vec<u8>, number: f64) -> bool {
    let is_small = number > -1e6 && number < 1e6 && number.to_bits() != (-0.0_f64).to_bits();
    #[expect(clippy::cast_possible_truncation, reason = "it is below a million")]
    let whole = number as i64;
    #[expect(
        clippy::cast_precision_loss,
        clippy::float_cmp,
        reason = "it is below a million"
    )]
    if !is_small || whole as f64 != number {
        return false;
    }
    write_integer(out, whole);
    true
}

/// `%g`: with an exponent only when it is small or large.
fn write_general(out: &mut Vec<u8>, number: f64, verb: u8, precision: Option<usize>) {
    let digits = digits_of(number, precision.map(|precision| precision.max(1)));
    let count = length(&digits.digits);
    let limit = match precision {
        None => 6,
        Some(precision) => {
            let precision = i32::try_from(precision.max(1)).unwrap_or(i32::MAX);
            if precision > count && count >= digits.point {
                count
            } else {
                precision
            }
        }
    };
    // Zero has no digit, and its exponent is taken as that of a tenth.
    let exponent = digits.point - 1;
    if exponent < -4 || exponent >= limit {
        let behind = match precision {
            None => digits.digits.len(),
            Some(precision) => precision.max(1).min(digits.digits.len()),
        };
        let verb = if verb == b'G' { b'E' } else { b'e' };
        write_exponent(out, &digits, behind.saturating_sub(1), verb);
    } else {
        write_plain(out, &digits);
    }
}

fn length(digits: &[u8]) -> i32 {
    i32::try_from(digits.len()).unwrap_or(i32::MAX)
}

/// The fewest digits of a number, or as many as asked for.
fn digits_of(number: f64, count: Option<usize>) -> Digits {
    match count {
        None => shortest(number),
        Some(count) => {
            let behind = count.saturating_sub(1).min(MOST_DIGITS);
            read_digits(&format!("{number:.behind$e}"))
        }
    }
}

fn shortest(number: f64) -> Digits {
    let mut text = [0_u8; 40];
    let mut rest = &mut text[..];
    // 40 bytes hold seventeen digits and an exponent.
    let _ = write!(rest, "{number:e}");
    let left = rest.len();
    let written = text.len() - left;
    read_digits(std::str::from_utf8(&text[..written]).unwrap_or("0e0"))
}

/// Reads `1.25e-7`.
fn read_digits(text: &str) -> Digits {
    let (mantissa, exponent) = text.split_once('e').unwrap_or((text, "0"));
    let digits = mantissa.bytes().filter(u8::is_ascii_digit);
    let mut digits: Vec<u8> = digits.collect();
    while digits.last() == Some(&b'0') {
        digits.pop();
    }
    let point = if digits.is_empty() {
        0
    } else {
        exponent.parse::<i32>().unwrap_or(0) + 1
    };
    Digits { digits, point }
}

fn write_exponent(out: &mut Vec<u8>, digits: &Digits, behind: usize, verb: u8) {
    let mut rest = digits.digits.iter().copied();
    out.push(rest.next().unwrap_or(b'0'));
    if behind > 0 {
        out.push(b'.');
        out.extend((0..behind).map(|_| rest.next().unwrap_or(b'0')));
    }
    out.push(verb);
    let exponent = if digits.digits.is_empty() {
        0
    } else {
        digits.point - 1
    };
    out.push(if exponent < 0 { b'-' } else { b'+' });
    if exponent.abs() < 10 {
        out.push(b'0');
    }
    write_unsigned(out, u64::from(exponent.unsigned_abs()));
}

/// All digits, with zeros where the point is beyond them.
fn write_plain(out: &mut Vec<u8>, digits: &Digits) {
    let whole = usize::try_from(digits.point).unwrap_or(0);
    let digit = |index: usize| digits.digits.get(index).copied().unwrap_or(b'0');
    if whole == 0 {
        out.push(b'0');
    }
    out.extend((0..whole).map(digit));
    if length(&digits.digits) > digits.point {
        out.push(b'.');
        let zeros = usize::try_from(-digits.point).unwrap_or(0);
        out.extend(std::iter::repeat_n(b'0', zeros));
        out.extend_from_slice(digits.digits.get(whole..).unwrap_or_default());
    }
}

fn write_fixed(out: &mut Vec<u8>, number: f64, precision: usize) {
    let exact = precision.min(MOST_DIGITS);
    // Writing to a vector does not fail.
    let _ = write!(out, "{number:.exact$}");
    out.extend(std::iter::repeat_n(b'0', precision - exact));
}

/// The mantissa as a whole number, and the exponent of two that goes with it.
fn parts(number: f64) -> (u64, i32) {
    let bits = number.to_bits();
    let exponent = i32::try_from((bits >> 52) & 0x7ff).unwrap_or(0);
    let mantissa = bits & ((1 << 52) - 1);
    match exponent {
        0 => (mantissa, 1 - 1023),
        _ => (mantissa | 1 << 52, exponent - 1023),
    }
}

fn write_binary(out: &mut Vec<u8>, number: f64) {
    let (mantissa, exponent) = parts(number);
    write_unsigned(out, mantissa);
    out.push(b'p');
    let exponent = exponent - 52;
    if exponent >= 0 {
        out.push(b'+');
    }
    write_integer(out, i64::from(exponent));
}

fn write_hexadecimal(out: &mut Vec<u8>, number: f64, verb: u8, precision: Option<usize>) {
    let digits: &[u8; 16] = match verb {
        b'X' => b"0123456789ABCDEF",
        _ => b"0123456789abcdef",
    };
    let (mut mantissa, mut exponent) = parts(number);
    if mantissa == 0 {
        exponent = 0;
    }
    mantissa <<= 60 - 52;
    while mantissa != 0 && mantissa & (1 << 60) == 0 {
        mantissa <<= 1;
        exponent -= 1;
    }
    if let Some(precision) = precision.filter(|precision| *precision < 15) {
        let shift = precision * 4;
        let extra = (mantissa << shift) & ((1 << 60) - 1);
        mantissa >>= 60 - shift;
        if extra | (mantissa & 1) > 1 << 59 {
            mantissa += 1;
        }
        mantissa <<= 60 - shift;
        if mantissa & (1 << 61) != 0 {
            mantissa >>= 1;
            exponent += 1;
        }
    }
    let digit = |mantissa: u64| digits[usize::try_from((mantissa >> 60) & 15).unwrap_or(0)];
    out.extend_from_slice(&[b'0', verb, digit(mantissa & (1 << 60))]);
    mantissa <<= 4;
    match precision {
        None if mantissa == 0 => {}
        None => {
            out.push(b'.');
            while mantissa != 0 {
                out.push(digit(mantissa));
                mantissa <<= 4;
            }
        }
        Some(0) => {}
        Some(precision) => {
            out.push(b'.');
            for _ in 0..precision {
                out.push(digit(mantissa));
                mantissa <<= 4;
            }
        }
    }
    out.push(if verb == b'X' { b'P' } else { b'p' });
    out.push(if exponent < 0 { b'-' } else { b'+' });
    if exponent.abs() < 10 {
        out.push(b'0');
    }
    write_unsigned(out, u64::from(exponent.unsigned_abs()));
}

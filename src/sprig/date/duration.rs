//! Durations: `1h30m`, read and printed as Go does.

use std::fmt::Write as _;

/// Nanoseconds of a second.
pub(super) const SECOND: i64 = 1_000_000_000;

/// A text in double quotes as Go's `time` has it: what is not ASCII is told byte by byte.
pub(super) fn quote(text: &[u8]) -> String {
    let mut quoted = String::from("\"");
    for byte in text {
        match byte {
            b'"' | b'\\' => quoted.extend(['\\', char::from(*byte)]),
            b' '..=0x7f => quoted.push(char::from(*byte)),
            other => {
                // Writing to a string cannot fail.
                let _ = write!(quoted, "\\x{other:02x}");
            }
        }
    }
    quoted.push('"');
    quoted
}

/// Reads a duration, in nanoseconds.
pub(super) fn parse(text: &[u8]) -> Result<i64, String> {
    let wrong = |what: &str| format!("time: {what} {}", quote(text));
    let invalid = || wrong("invalid duration");
    let (is_negative, mut rest) = match text.split_first() {
        Some((b'-', rest)) => (true, rest),
        Some((b'+', rest)) => (false, rest),
        _ => (false, text),
    };
    if rest == b"0" {
        return Ok(0);
    }
    if rest.is_empty() {
        return Err(invalid());
    }
    let mut sum: u64 = 0;
    while !rest.is_empty() {
        let (whole, fraction, unit, behind) = split(rest).ok_or_else(invalid)?;
        rest = behind;
        if unit.is_empty() {
            return Err(wrong("missing unit in duration"));
        }
        let Some(size) = unit_size(unit) else {
            return Err(wrong(&format!("unknown unit {} in duration", quote(unit))));
        };
        let part = scaled(whole, fraction, size).ok_or_else(invalid)?;
        sum = sum
            .checked_add(part)
            .filter(|sum| *sum <= 1 << 63)
            .ok_or_else(invalid)?;
    }
    if is_negative {
        return Ok(0_i64.wrapping_sub_unsigned(sum));
    }
    i64::try_from(sum).map_err(|_| invalid())
}

type Parts<'t> = (&'t [u8], &'t [u8], &'t [u8], &'t [u8]);

/// Digits, digits behind the point, unit, and the rest; `None` without a digit.
fn split(text: &[u8]) -> Option<Parts<'_>> {
    let digits = |text: &[u8]| text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (whole, rest) = text.split_at(digits(text));
    let (fraction, rest) = match rest.strip_prefix(b".") {
        Some(rest) => rest.split_at(digits(rest)),
        None => (&[][..], rest),
    };
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let is_unit = |byte: &&u8| **byte != b'.' && !byte.is_ascii_digit();
    let (unit, rest) = rest.split_at(rest.iter().take_while(is_unit).count());
    Some((whole, fraction, unit, rest))
}

fn unit_size(unit: &[u8]) -> Option<u64> {
    Some(match unit {
        b"ns" => 1,
        b"us" | b"\xc2\xb5s" | b"\xce\xbcs" => 1_000,
        b"ms" => 1_000_000,
        b"s" => 1_000_000_000,
        b"m" => 60_000_000_000,
        b"h" => 3_600_000_000_000,
        _ => return None,
    })
}

/// So many units and a part of one, in nanoseconds; `None` when that is too many.
fn scaled(whole: &[u8], fraction: &[u8], unit: u64) -> Option<u64> {
    let mut count: u64 = 0;
    for digit in whole {
        let digit = u64::from(digit - b'0');
        count = count.checked_mul(10)?.checked_add(digit)?;
        if count > 1 << 63 {
            return None;
        }
    }
    let whole = count.checked_mul(unit).filter(|whole| *whole <= 1 << 63)?;
    let (mut part, mut scale) = (0_u64, 1.0_f64);
    for digit in fraction {
        // Digits that do not fit are left out.
        let next = part
            .checked_mul(10)
            .and_then(|part| part.checked_add(u64::from(digit - b'0')))
            .filter(|next| part <= (u64::MAX >> 1) / 10 && *next <= 1 << 63);
        let Some(next) = next else { break };
        part = next;
        scale *= 10.0;
    }
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "as Go reckons: less than one unit"
    )]
    let part = (part as f64 * (unit as f64 / scale)) as u64;
    whole.checked_add(part).filter(|sum| *sum <= 1 << 63)
}

/// `1h30m0s`; less than a second in its own unit.
pub(super) fn print(nanoseconds: i64) -> String {
    let sign = if nanoseconds < 0 { "-" } else { "" };
    let size = nanoseconds.unsigned_abs();
    let second = SECOND.unsigned_abs();
    if size < second {
        let (unit, name) = match size {
            0 => return "0s".to_owned(),
            1..1_000 => (1, "ns"),
            1_000..1_000_000 => (1_000, "µs"),
            _ => (1_000_000, "ms"),
        };
        return format!("{sign}{}{name}", with_fraction(size, unit));
    }
    let (hours, minutes) = (size / second / 3600, size / second / 60 % 60);
    let seconds = with_fraction(size % (60 * second), second);
    if hours > 0 {
        format!("{sign}{hours}h{minutes}m{seconds}s")
    } else if minutes > 0 {
        format!("{sign}{minutes}m{seconds}s")
    } else {
        format!("{sign}{seconds}s")
    }
}

fn with_fraction(size: u64, unit: u64) -> String {
    let digits = usize::try_from(unit.ilog10()).unwrap_or_default();
    let fraction = format!("{:0digits$}", size % unit);
    let fraction = fraction.trim_end_matches('0');
    let whole = size / unit;
    if fraction.is_empty() {
        whole.to_string()
    } else {
        format!("{whole}.{fraction}")
    }
}

/// To the nearest multiple; a half goes away from zero.
pub(super) fn round(duration: i64, multiple: i64) -> i64 {
    if multiple <= 0 {
        return duration;
    }
    let rest = duration.unsigned_abs() % multiple.unsigned_abs();
    let multiple = multiple.unsigned_abs();
    let size = duration.unsigned_abs() - rest;
    let is_up = rest >= multiple - rest;
    let size = if is_up {
        size.saturating_add(multiple)
    } else {
        size
    };
    if duration < 0 {
        if size > 1 << 63 {
            i64::MIN
        } else {
            0_i64.wrapping_sub_unsigned(size)
        }
    } else {
        i64::try_from(size).unwrap_or(i64::MAX)
    }
}

/// Toward zero, to a multiple.
pub(super) fn truncate(duration: i64, multiple: i64) -> i64 {
    if multiple <= 0 {
        duration
    } else {
        duration - duration.wrapping_rem(multiple)
    }
}

//! Durations as Go writes them.

use std::time::Duration;

use super::Error;

/// Reads a duration as Go writes it: `90s`, `1h30m`, `1.5h`, `300ms`; `0` needs no unit.
pub fn parse_duration(text: &str) -> Result<Duration, Error> {
    let bad = || Error::Duration {
        found: text.to_owned(),
    };
    let digits = text.strip_prefix('+').unwrap_or(text);
    if digits == "0" {
        return Ok(Duration::ZERO);
    }
    if digits.is_empty() {
        return Err(bad());
    }
    let mut nanoseconds: u128 = 0;
    let mut rest = digits;
    while !rest.is_empty() {
        let (part, next) = part(rest).ok_or_else(bad)?;
        nanoseconds = nanoseconds.saturating_add(part);
        rest = next;
    }
    // Go counts nanoseconds in 63 bits: some 292 years.
    i64::try_from(nanoseconds)
        .map(|nanoseconds| Duration::from_nanos(nanoseconds.unsigned_abs()))
        .map_err(|_| bad())
}

/// One number with its unit in nanoseconds, and what follows it.
fn part(text: &str) -> Option<(u128, &str)> {
    let (whole, rest) = split(text, |letter| letter.is_ascii_digit());
    let (fraction, rest) = match rest.strip_prefix('.') {
        Some(rest) => split(rest, |letter| letter.is_ascii_digit()),
        None => ("", rest),
    };
    let (unit, rest) = split(rest, |letter| letter != '.' && !letter.is_ascii_digit());
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let unit: u128 = match unit {
        "ns" => 1,
        "us" | "µs" | "μs" => 1_000,
        "ms" => 1_000_000,
        "s" => 1_000_000_000,
        "m" => 60_000_000_000,
        "h" => 3_600_000_000_000,
        _ => return None,
    };
    let whole: u128 = if whole.is_empty() {
        0
    } else {
        whole.parse().ok()?
    };
    Some((
        whole
            .checked_mul(unit)?
            .checked_add(parts_of(fraction, unit))?,
        rest,
    ))
}

/// The digits behind a point, in nanoseconds, rounded down.
fn parts_of(fraction: &str, unit: u128) -> u128 {
    // No unit has more than thirteen digits of nanoseconds.
    const DIGITS: usize = 20;
    let shown: String = fraction.chars().take(DIGITS).collect();
    let scale = 10_u128.pow(u32::try_from(shown.len()).unwrap_or(0));
    shown
        .parse::<u128>()
        .map_or(0, |digits| digits * unit / scale)
}

fn split(text: &str, belongs: impl Fn(char) -> bool) -> (&str, &str) {
    let end = text.find(|letter| !belongs(letter)).unwrap_or(text.len());
    text.split_at(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_as_go_reads_them() {
        let rows: [(&str, Option<u128>); 32] = [
            ("0", Some(0)),
            ("0s", Some(0)),
            ("+5s", Some(5_000_000_000)),
            ("5s", Some(5_000_000_000)),
            ("30m", Some(1_800_000_000_000)),
            ("1h30m", Some(5_400_000_000_000)),
            ("30m1h", Some(5_400_000_000_000)),
            ("1m1m", Some(120_000_000_000)),
            ("1.5h", Some(5_400_000_000_000)),
            (".5s", Some(500_000_000)),
            ("5.s", Some(5_000_000_000)),
            ("0.1s", Some(100_000_000)),
            ("0.333333333333333333333333s", Some(333_333_333)),
            ("300ms", Some(300_000_000)),
            ("7us", Some(7_000)),
            ("7µs", Some(7_000)),
            ("7μs", Some(7_000)),
            ("9ns", Some(9)),
            ("0.5ns", Some(0)),
            ("2540400h10m10s", Some(9_145_440_610_000_000_000)),
            ("3000000h", None),
            ("99999999999999999999999999999999999999999h", None),
            ("", None),
            ("+", None),
            ("5", None),
            ("s", None),
            (".s", None),
            ("5d", None),
            ("5 s", None),
            ("-5s", None),
            ("1h 30m", None),
            ("5S", None),
        ];
        for (text, expected) in rows {
            let found = parse_duration(text).ok().map(|found| found.as_nanos());
            assert_eq!(found, expected, "{text:?}");
        }
    }
}

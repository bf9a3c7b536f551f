//! Dates, times and spans.

use super::{number, wrong};
use crate::jsonschema::words::{double_quoted, quoted};

pub(super) fn duration(text: &str) -> Result<(), String> {
    let Some(rest) = text.strip_prefix('P') else {
        return wrong("must start with P");
    };
    if rest.is_empty() {
        return wrong("nothing after P");
    }
    if let Some(weeks) = rest.strip_suffix('W') {
        if weeks.is_empty() {
            return wrong("no number in week");
        }
        if !weeks.bytes().all(|byte| byte.is_ascii_digit()) {
            return wrong("invalid week");
        }
        return Ok(());
    }
    for (at, part) in rest.split('T').enumerate() {
        if at != 0 && part.is_empty() {
            return wrong("no time elements");
        }
        match at {
            0 => span(part, "YMD")?,
            1 => span(part, "HMS")?,
            _ => return wrong("more than one T"),
        }
    }
    Ok(())
}

fn span(part: &str, all: &str) -> Result<(), String> {
    let (mut rest, mut units) = (part, all);
    while !rest.is_empty() {
        let after = rest.trim_start_matches(|letter: char| letter.is_ascii_digit());
        if after.len() == rest.len() {
            return wrong("missing number");
        }
        let Some(unit) = after.chars().next() else {
            return wrong("missing unit");
        };
        let Some(place) = units.find(unit) else {
            let unit_quoted = quoted(unit.encode_utf8(&mut [0; 4]));
            return Err(if all.contains(unit) {
                format!("unit {unit_quoted} out of order")
            } else {
                format!("invalid unit {unit_quoted}")
            });
        };
        units = &units[place + 1..];
        rest = &after[unit.len_utf8()..];
    }
    Ok(())
}

pub(super) fn period(text: &str) -> Result<(), String> {
    let Some((start, end)) = text.split_once('/') else {
        return wrong("missing slash");
    };
    let in_end = |why| format!("invalid end date-time: {why}");
    if start.starts_with('P') {
        duration(start).map_err(|why| format!("invalid start duration: {why}"))?;
        return date_time(end).map_err(in_end);
    }
    date_time(start).map_err(|why| format!("invalid start date-time: {why}"))?;
    if end.starts_with('P') {
        return duration(end).map_err(|why| format!("invalid end duration: {why}"));
    }
    date_time(end).map_err(in_end)
}

/// `2006-01-02`, with the words of Go's `time.Parse`.
pub(super) fn date(text: &str) -> Result<(), String> {
    let parsing = format!("parsing time {}", double_quoted(text));
    let cannot = |rest: &str, part: &str| {
        Err(format!(
            "{parsing} as \"2006-01-02\": cannot parse {} as \"{part}\"",
            double_quoted(rest)
        ))
    };
    let mut rest = text;
    let mut numbers = [0; 3];
    for (place, (digits, part)) in [(4, "2006"), (2, "01"), (2, "02")].into_iter().enumerate() {
        if place > 0 {
            match rest.strip_prefix('-') {
                Some(after) => rest = after,
                None => return cannot(rest, "-"),
            }
        }
        let found = rest.get(..digits);
        let found = found.filter(|found| found.bytes().all(|byte| byte.is_ascii_digit()));
        match found.and_then(|found| found.parse::<u32>().ok()) {
            Some(number) => numbers[place] = number,
            None => return cannot(rest, part),
        }
        rest = &rest[digits..];
        if place == 1 && !(1..=12).contains(&numbers[1]) {
            return Err(format!("{parsing}: month out of range"));
        }
    }
    if !rest.is_empty() {
        return Err(format!("{parsing}: extra text: {}", double_quoted(rest)));
    }
    let [year, month, day] = numbers;
    let is_leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let days = match month {
        4 | 6 | 9 | 11 => 30,
        2 if is_leap => 29,
        2 => 28,
        _ => 31,
    };
    if day == 0 || day > days {
        return Err(format!("{parsing}: day out of range"));
    }
    Ok(())
}

pub(super) fn date_time(text: &str) -> Result<(), String> {
    if text.len() < 20 {
        return wrong("less than 20 characters long");
    }
    if !matches!(text.as_bytes()[10], b't' | b'T') || !text.is_char_boundary(10) {
        return wrong("11th character must be t or T");
    }
    date(&text[..10]).map_err(|why| format!("invalid date element: {why}"))?;
    time_of_day(&text[11..]).map_err(|why| format!("invalid time element: {why}"))
}

pub(super) fn time_of_day(text: &str) -> Result<(), String> {
    if text.len() < 9 {
        return wrong("less than 9 characters long");
    }
    if text.as_bytes()[2] != b':' || text.as_bytes()[5] != b':' {
        return wrong("missing colon in correct place");
    }
    let Some((clock, rest)) = text.split_at_checked(8) else {
        return wrong("invalid hour/min/sec");
    };
    let [hour, minute, second] = parts(clock, "hour/min/sec")?;
    if hour > 23 || minute > 59 || second > 60 {
        return wrong("hour/min/sec out of range");
    }
    let mut rest = rest;
    if let Some(fraction) = rest.strip_prefix('.') {
        let after = fraction.trim_start_matches(|letter: char| letter.is_ascii_digit());
        if after.len() == fraction.len() {
            return wrong("no digits in second fraction");
        }
        rest = after;
    }
    let mut in_utc = hour * 60 + minute;
    if rest != "z" && rest != "Z" {
        in_utc += offset(rest)?;
        if in_utc < 0 {
            in_utc += 24 * 60;
        }
    }
    if second >= 60 && in_utc != 23 * 60 + 59 {
        return wrong("invalid leap second");
    }
    Ok(())
}

/// What is to be added to a time with this offset, in minutes.
fn offset(text: &str) -> Result<i64, String> {
    if text.len() != 6 {
        return wrong("offset must be 6 characters long");
    }
    let sign = match text.as_bytes()[0] {
        b'+' => -1,
        b'-' => 1,
        _ => return wrong("offset must begin with plus/minus"),
    };
    if text.as_bytes()[3] != b':' {
        return wrong("missing colon in offset in correct place");
    }
    let [hours, minutes, _] = parts(&text[1..], "hour/min in offset")?;
    if hours > 23 || minutes > 59 {
        return wrong("hour/min in offset out of range");
    }
    Ok(sign * (hours * 60 + minutes))
}

/// Numbers with colons between them.
fn parts(text: &str, what: &str) -> Result<[i64; 3], String> {
    let mut numbers = [0; 3];
    for (place, part) in text.splitn(3, ':').enumerate() {
        let found = number(part).map_err(|_| format!("invalid {what}"))?;
        if found < 0 {
            return Err(format!("non-positive {what}"));
        }
        numbers[place] = found;
    }
    Ok(numbers)
}

//! Times printed by a layout.

use super::layout::{Offset, Pad, Piece, next_piece};
use super::time::{MONTHS, Reading, Time, WEEKDAYS};

/// How `%v` prints a time.
pub(super) const PLAIN: &[u8] = b"2006-01-02 15:04:05.999999999 -0700 MST";
/// How JSON has it.
pub(super) const RFC_3339: &[u8] = b"2006-01-02T15:04:05.999999999Z07:00";

/// A time by a layout.
pub(super) fn format(time: &Time, layout: &[u8]) -> Vec<u8> {
    let read = time.read();
    let mut made = Vec::with_capacity(layout.len() + 8);
    let mut rest = layout;
    while let Some((start, piece, size)) = next_piece(rest) {
        made.extend_from_slice(rest.get(..start).unwrap_or_default());
        write(&mut made, piece, &read, time.nanoseconds);
        rest = rest.get(start + size..).unwrap_or_default();
    }
    made.extend_from_slice(rest);
    made
}

fn write(made: &mut Vec<u8>, piece: Piece, read: &Reading, nanoseconds: u32) {
    let hour12 = match read.hour % 12 {
        0 => 12,
        hour => hour,
    };
    match piece {
        Piece::Year => number(made, read.year, 4),
        Piece::ShortYear => number(made, read.year.abs() % 100, 2),
        Piece::MonthName => made.extend_from_slice(name(&MONTHS, read.month - 1)),
        Piece::ShortMonthName => made.extend_from_slice(short(name(&MONTHS, read.month - 1))),
        Piece::WeekdayName => made.extend_from_slice(name(&WEEKDAYS, read.weekday)),
        Piece::ShortWeekdayName => made.extend_from_slice(short(name(&WEEKDAYS, read.weekday))),
        Piece::Month(pad) => padded(made, read.month, (pad, 2)),
        Piece::Day(pad) => padded(made, read.day, (pad, 2)),
        Piece::YearDay(pad) => padded(made, read.year_day, (pad, 3)),
        Piece::Hour => number(made, read.hour, 2),
        Piece::Hour12(pad) => padded(made, hour12, (pad, 2)),
        Piece::Minute(pad) => padded(made, read.minute, (pad, 2)),
        Piece::Second(pad) => padded(made, read.second, (pad, 2)),
        Piece::HalfDay { is_upper } => made.extend_from_slice(match (read.hour >= 12, is_upper) {
            (true, true) => b"PM",
            (true, false) => b"pm",
            (false, true) => b"AM",
            (false, false) => b"am",
        }),
        Piece::ZoneName if read.zone.is_empty() => {
            let unnamed = Offset {
                has_z: false,
                has_colons: false,
                parts: 2,
            };
            offset(made, read.offset, unnamed);
        }
        Piece::ZoneName => made.extend_from_slice(read.zone.as_bytes()),
        Piece::Offset(form) => offset(made, read.offset, form),
        Piece::Fraction {
            separator,
            digits,
            is_trimmed,
        } => fraction(made, nanoseconds, (separator, digits, is_trimmed)),
    }
}

fn name(names: &[&'static str], index: i64) -> &'static [u8] {
    let name = usize::try_from(index)
        .ok()
        .and_then(|index| names.get(index));
    name.map_or(b"", |name| name.as_bytes())
}

fn short(name: &[u8]) -> &[u8] {
    name.get(..3).unwrap_or(name)
}

/// With zeros up to so many digits.
pub(super) fn number(made: &mut Vec<u8>, number: i64, digits: usize) {
    if number < 0 {
        made.push(b'-');
    }
    let text = number.unsigned_abs().to_string();
    made.resize(made.len() + digits.saturating_sub(text.len()), b'0');
    made.extend_from_slice(text.as_bytes());
}

fn padded(made: &mut Vec<u8>, value: i64, (pad, digits): (Pad, usize)) {
    match pad {
        Pad::Zero => number(made, value, digits),
        Pad::Nothing => number(made, value, 0),
        Pad::Blank => {
            let missing = digits.saturating_sub(value.to_string().len());
            made.resize(made.len() + missing, b' ');
            number(made, value, 0);
        }
    }
}

fn offset(made: &mut Vec<u8>, seconds: i64, form: Offset) {
    if seconds == 0 && form.has_z {
        made.push(b'Z');
        return;
    }
    // Less than a minute west of Greenwich counts as east.
    made.push(if seconds / 60 < 0 { b'-' } else { b'+' });
    let minutes = (seconds / 60).abs();
    let seconds = if seconds / 60 < 0 { -seconds } else { seconds };
    let parts = [minutes / 60, minutes % 60, seconds % 60];
    for (index, part) in parts.into_iter().take(form.parts).enumerate() {
        if index > 0 && form.has_colons {
            made.push(b':');
        }
        number(made, part, 2);
    }
}

fn fraction(made: &mut Vec<u8>, nanoseconds: u32, form: (u8, usize, bool)) {
    let (separator, digits, is_trimmed) = form;
    if is_trimmed && nanoseconds == 0 {
        return;
    }
    let mut text = format!("{nanoseconds:09}").into_bytes();
    text.truncate(digits.min(9));
    if is_trimmed {
        while text.last() == Some(&b'0') {
            text.pop();
        }
        if text.is_empty() {
            return;
        }
    }
    made.push(separator);
    made.extend_from_slice(&text);
}

//! Times read by a layout.

use super::duration::quote;
use super::layout::{Offset, Pad, Piece, next_piece};
use super::time::{MONTHS, Time, WEEKDAYS, Zone, days_in, days_since_epoch, is_leap};

/// Reads a time, which is of `zone` where it does not say another, or tells why it is none.
pub(super) fn parse(layout: &[u8], text: &[u8], zone: Zone) -> Result<Time, String> {
    let mut reader = Reader {
        layout,
        text,
        rest: text,
        found: Found::default(),
    };
    let mut left = layout;
    while let Some((start, piece, size)) = next_piece(left) {
        reader.skip(left.get(..start).unwrap_or_default())?;
        let behind = left.get(start + size..).unwrap_or_default();
        let shown = left.get(start..start + size).unwrap_or_default();
        reader.piece(piece, (shown, behind))?;
        left = behind;
    }
    reader.skip(left)?;
    if !reader.rest.is_empty() {
        return Err(reader.told(&format!(": extra text: {}", quote(reader.rest))));
    }
    reader.found.to_time(zone).map_err(|why| reader.told(why))
}

struct Reader<'t> {
    layout: &'t [u8],
    text: &'t [u8],
    rest: &'t [u8],
    found: Found,
}

/// What was read so far.
#[derive(Default)]
struct Found {
    year: i64,
    month: Option<i64>,
    day: Option<i64>,
    year_day: Option<i64>,
    hour: i64,
    minute: i64,
    second: i64,
    nanoseconds: u32,
    /// Whether it is after noon.
    half_day: Option<bool>,
    is_utc: bool,
    offset: Option<i64>,
    zone: String,
}

/// Why a part could not be read.
enum Bad {
    /// It is something else.
    Form,
    /// It is out of range; what it is.
    Range(&'static str),
}

fn require<T>(value: Option<T>) -> Result<T, Bad> {
    value.ok_or(Bad::Form)
}

impl<'t> Reader<'t> {
    fn told(&self, why: &str) -> String {
        format!("parsing time {}{why}", quote(self.text))
    }

    fn cannot(&self, at: &[u8], piece: &[u8]) -> String {
        let (layout, at, piece) = (quote(self.layout), quote(at), quote(piece));
        self.told(&format!(" as {layout}: cannot parse {at} as {piece}"))
    }

    /// What stands between parts must be there; blanks match any number of blanks.
    fn skip(&mut self, between: &[u8]) -> Result<(), String> {
        let mut left = between;
        while let Some((byte, behind)) = left.split_first() {
            let is_same = self.rest.first() == Some(byte);
            if *byte == b' ' {
                if !is_same && !self.rest.is_empty() {
                    return Err(self.cannot(self.rest, between));
                }
                left = without_blanks(left);
                self.rest = without_blanks(self.rest);
                continue;
            }
            if !is_same {
                return Err(self.cannot(self.rest, between));
            }
            left = behind;
            self.rest = self.rest.get(1..).unwrap_or_default();
        }
        Ok(())
    }

    fn piece(&mut self, piece: Piece, (shown, behind): (&[u8], &[u8])) -> Result<(), String> {
        let start = self.rest;
        self.read(piece, behind).map_err(|bad| match bad {
            Bad::Form => self.cannot(start, shown),
            Bad::Range(what) => self.told(&format!(": {what} out of range")),
        })
    }

    fn read(&mut self, piece: Piece, behind: &[u8]) -> Result<(), Bad> {
        match piece {
            Piece::Year => self.found.year = self.digits(4)?,
            Piece::ShortYear => {
                let year = self.digits(2)?;
                self.found.year = year + if year >= 69 { 1900 } else { 2000 };
            }
            Piece::MonthName => self.found.month = Some(self.name(&MONTHS, usize::MAX)? + 1),
            Piece::ShortMonthName => self.found.month = Some(self.name(&MONTHS, 3)? + 1),
            Piece::WeekdayName => {
                self.name(&WEEKDAYS, usize::MAX)?;
            }
            Piece::ShortWeekdayName => {
                self.name(&WEEKDAYS, 3)?;
            }
            Piece::Month(pad) => {
                self.found.month = Some(self.number(pad, (1..=12, "month"))?);
            }
            Piece::Day(pad) => {
                self.blanks(pad, 1);
                self.found.day = Some(self.number(pad, (0..=99, "day"))?);
            }
            Piece::YearDay(pad) => {
                self.blanks(pad, 2);
                self.found.year_day = Some(self.year_day(pad)?);
            }
            Piece::Hour => self.found.hour = self.number(Pad::Nothing, (0..=23, "hour"))?,
            Piece::Hour12(pad) => self.found.hour = self.number(pad, (0..=12, "hour"))?,
            Piece::Minute(pad) => self.found.minute = self.number(pad, (0..=59, "minute"))?,
            Piece::Second(pad) => self.second(pad, behind)?,
            Piece::HalfDay { is_upper } => self.half_day(is_upper)?,
            Piece::ZoneName => self.zone_name()?,
            Piece::Offset(form) => self.offset(form)?,
            Piece::Fraction {
                digits, is_trimmed, ..
            } => self.fraction(digits, is_trimmed)?,
        }
        Ok(())
    }

    fn take(&mut self, size: usize) -> Option<&'t [u8]> {
        let (taken, rest) = self.rest.split_at_checked(size)?;
        self.rest = rest;
        Some(taken)
    }

    fn digit(&self, index: usize) -> Option<i64> {
        let byte = self.rest.get(index).filter(|byte| byte.is_ascii_digit())?;
        Some(i64::from(byte - b'0'))
    }

    fn digits(&mut self, count: usize) -> Result<i64, Bad> {
        let taken = require(self.take(count))?;
        // The first year of two digits may have a sign.
        let text = std::str::from_utf8(taken).map_err(|_| Bad::Form)?;
        let is_signed = count == 4 && !text.starts_with(|first: char| first.is_ascii_digit());
        require(text.parse().ok().filter(|_| !is_signed))
    }

    fn blanks(&mut self, pad: Pad, most: usize) {
        for _ in 0..most {
            if pad == Pad::Blank
                && let Some(rest) = self.rest.strip_prefix(b" ")
            {
                self.rest = rest;
            }
        }
    }

    /// One digit or two; two where zeros are written.
    fn number(
        &mut self,
        pad: Pad,
        (range, what): (std::ops::RangeInclusive<i64>, &'static str),
    ) -> Result<i64, Bad> {
        let first = require(self.digit(0))?;
        let number = match self.digit(1) {
            Some(second) => {
                self.take(2);
                first * 10 + second
            }
            None if pad == Pad::Zero => return Err(Bad::Form),
            None => {
                self.take(1);
                first
            }
        };
        if range.contains(&number) {
            Ok(number)
        } else {
            Err(Bad::Range(what))
        }
    }

    fn year_day(&mut self, pad: Pad) -> Result<i64, Bad> {
        let count = (0..3)
            .take_while(|index| self.digit(*index).is_some())
            .count();
        if count == 0 || pad == Pad::Zero && count != 3 {
            return Err(Bad::Form);
        }
        let number = (0..count).fold(0, |number, index| {
            number * 10 + self.digit(index).unwrap_or_default()
        });
        self.take(count);
        Ok(number)
    }

    /// A name, or its first letters; in any case.
    fn name(&mut self, names: &[&str], size: usize) -> Result<i64, Bad> {
        let place = names.iter().position(|name| {
            let name = name.get(..size).unwrap_or(name);
            let start = self.rest.get(..name.len());
            start.is_some_and(|start| start.eq_ignore_ascii_case(name.as_bytes()))
        });
        let place = require(place)?;
        let name = names.get(place).copied().unwrap_or_default();
        self.take(name.len().min(size));
        i64::try_from(place).map_err(|_| Bad::Form)
    }

    /// With a fraction, also where the layout has none.
    fn second(&mut self, pad: Pad, behind: &[u8]) -> Result<(), Bad> {
        self.found.second = self.number(pad, (0..=59, "second"))?;
        let has_fraction =
            matches!(self.rest.first(), Some(b'.' | b',')) && self.digit(1).is_some();
        let is_asked = matches!(next_piece(behind), Some((_, Piece::Fraction { .. }, _)));
        if has_fraction && !is_asked {
            self.fraction(0, true)?;
        }
        Ok(())
    }

    fn fraction(&mut self, digits: usize, is_trimmed: bool) -> Result<(), Bad> {
        let has_separator = matches!(self.rest.first(), Some(b'.' | b','));
        let count = if is_trimmed {
            if !has_separator || self.digit(1).is_none() {
                return Ok(());
            }
            self.rest
                .iter()
                .skip(1)
                .take_while(|byte| byte.is_ascii_digit())
                .count()
        } else {
            digits
        };
        let taken = require(self.take(count + 1).filter(|_| has_separator))?;
        let digits = taken.get(1..).unwrap_or_default();
        let digits = digits.get(..9).unwrap_or(digits);
        if !digits.iter().all(u8::is_ascii_digit) {
            return Err(Bad::Form);
        }
        let number = digits
            .iter()
            .chain(std::iter::repeat(&b'0'))
            .take(9)
            .fold(0, |number, digit| number * 10 + u32::from(digit - b'0'));
        self.found.nanoseconds = number;
        Ok(())
    }

    fn half_day(&mut self, is_upper: bool) -> Result<(), Bad> {
        let taken = require(self.take(2))?;
        let (after, before): (&[u8], &[u8]) = if is_upper {
            (b"PM", b"AM")
        } else {
            (b"pm", b"am")
        };
        if taken == after {
            self.found.half_day = Some(true);
        } else if taken == before {
            // What was said to be after noon stays so.
            self.found.half_day.get_or_insert(false);
        } else {
            return Err(Bad::Form);
        }
        Ok(())
    }

    fn offset(&mut self, form: Offset) -> Result<(), Bad> {
        if form.has_z
            && let Some(rest) = self.rest.strip_prefix(b"Z")
        {
            self.rest = rest;
            self.found.is_utc = true;
            return Ok(());
        }
        let colons = if form.has_colons { form.parts - 1 } else { 0 };
        let taken = require(self.take(1 + 2 * form.parts + colons))?;
        let mut numbers = [0_i64; 3];
        let step = if form.has_colons { 3 } else { 2 };
        for (index, number) in numbers.iter_mut().take(form.parts).enumerate() {
            let start = 1 + index * step;
            let is_parted = index == 0 || !form.has_colons || taken.get(start - 1) == Some(&b':');
            let digits = taken.get(start..start + 2).unwrap_or_default();
            if !is_parted || !digits.iter().all(u8::is_ascii_digit) {
                return Err(Bad::Form);
            }
            *number = digits
                .iter()
                .fold(0, |number, digit| number * 10 + i64::from(digit - b'0'));
        }
        let [hours, minutes, seconds] = numbers;
        for (number, most, what) in [
            (hours, 24, "time zone offset hour"),
            (minutes, 60, "time zone offset minute"),
            (seconds, 60, "time zone offset second"),
        ] {
            if number > most {
                return Err(Bad::Range(what));
            }
        }
        let size = (hours * 60 + minutes) * 60 + seconds;
        self.found.offset = match taken.first() {
            Some(b'+') => Some(size),
            Some(b'-') => Some(-size),
            _ => return Err(Bad::Form),
        };
        Ok(())
    }

    fn zone_name(&mut self) -> Result<(), Bad> {
        if let Some(rest) = self.rest.strip_prefix(b"UTC") {
            self.rest = rest;
            self.found.is_utc = true;
            return Ok(());
        }
        let size = require(zone_size(self.rest))?;
        let name = require(self.take(size))?;
        self.found.zone = String::from_utf8_lossy(name).into_owned();
        Ok(())
    }
}

/// How many bytes look like the name of a zone.
fn zone_size(text: &[u8]) -> Option<usize> {
    if text.len() < 3 {
        return None;
    }
    if text.starts_with(b"ChST") || text.starts_with(b"MeST") {
        return Some(4);
    }
    if let Some(rest) = text.strip_prefix(b"GMT") {
        return Some(3 + signed_size(rest));
    }
    if text.starts_with(b"+") || text.starts_with(b"-") {
        return Some(signed_size(text)).filter(|size| *size > 0);
    }
    let capitals = text
        .iter()
        .take(6)
        .take_while(|byte| byte.is_ascii_uppercase());
    match capitals.count() {
        5 if text.get(4) == Some(&b'T') => Some(5),
        4 if text.get(3) == Some(&b'T') || text.starts_with(b"WITA") => Some(4),
        3 => Some(3),
        _ => None,
    }
}

/// The bytes of `+3`, at most 23; 0 for anything else.
fn signed_size(text: &[u8]) -> usize {
    let Some((b'+' | b'-', digits)) = text.split_first() else {
        return 0;
    };
    let count = digits
        .iter()
        .take_while(|byte| byte.is_ascii_digit())
        .count();
    let number = std::str::from_utf8(digits.get(..count).unwrap_or_default());
    let number: Option<u64> = number.ok().and_then(|number| number.parse().ok());
    match number {
        Some(0..=23) => count + 1,
        _ => 0,
    }
}

impl Found {
    fn to_time(&self, zone: Zone) -> Result<Time, &'static str> {
        let hour = match (self.half_day, self.hour) {
            (Some(true), hour) if hour < 12 => hour + 12,
            (Some(false), 12) => 0,
            (_, hour) => hour,
        };
        let (month, day) = self.month_and_day()?;
        if day < 1 || day > days_in(self.year, month) {
            return Err(": day out of range");
        }
        let days = days_since_epoch(self.year, month, day);
        let clock = (hour * 60 + self.minute) * 60 + self.second;
        let time = Time::at(days * 86_400 + clock, self.nanoseconds);
        Ok(self.with_zone(time, zone))
    }

    fn with_zone(&self, mut time: Time, unsaid: Zone) -> Time {
        if self.is_utc {
            return time;
        }
        time.zone = unsaid;
        if let Some(offset) = self.offset {
            time.seconds -= offset;
            let is_local = offset == 0 && matches!(self.zone.as_str(), "" | "UTC");
            if is_local {
                time.zone = Zone::Local;
            } else {
                time.zone = Zone::Fixed(self.zone.as_str().into(), offset);
            }
        } else if !self.zone.is_empty() {
            // Only offsets that the name itself tells are known.
            let hours = self.zone.strip_prefix("GMT").unwrap_or_default();
            let offset = hours.parse::<i64>().unwrap_or_default() * 3600;
            time.zone = Zone::Fixed(self.zone.as_str().into(), offset);
        }
        time
    }

    fn month_and_day(&self) -> Result<(i64, i64), &'static str> {
        let Some(year_day) = self.year_day else {
            return Ok((self.month.unwrap_or(1), self.day.unwrap_or(1)));
        };
        let length = if is_leap(self.year) { 366 } else { 365 };
        if !(1..=length).contains(&year_day) {
            return Err(": day-of-year out of range");
        }
        let (mut month, mut day) = (1, year_day);
        while day > days_in(self.year, month) {
            day -= days_in(self.year, month);
            month += 1;
        }
        if self.month.is_some_and(|given| given != month) {
            return Err(": day-of-year does not match month");
        }
        if self.day.is_some_and(|given| given != day) {
            return Err(": day-of-year does not match day");
        }
        Ok((month, day))
    }
}

/// Without blanks at the start.
fn without_blanks(text: &[u8]) -> &[u8] {
    let blanks = text.iter().take_while(|byte| **byte == b' ').count();
    text.get(blanks..).unwrap_or_default()
}

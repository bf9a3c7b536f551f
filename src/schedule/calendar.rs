//! Which dates and times of day match.

use jiff::ToSpan;
use jiff::civil::{Date, DateTime, Time};

use super::field::Numbers;

/// The days in each month of a leap year.
const LONGEST: [u32; 12] = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/// The six fields as sets of numbers: bit 5 of `minutes` is minute 5.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Calendar {
    pub(super) seconds: u64,
    pub(super) minutes: u64,
    pub(super) hours: u64,
    pub(super) days: Numbers,
    /// Bit 1 is January.
    pub(super) months: u64,
    /// Bit 0 is Sunday.
    pub(super) weekdays: Numbers,
}

impl Calendar {
    /// Whether any date matches: there is no 30 February.
    pub(super) fn is_possible(&self) -> bool {
        if !self.needs_both() {
            return true;
        }
        // Every date, 29 February too, falls on each day of the week some time.
        (1_u32..).zip(LONGEST).any(|(month, longest)| {
            has(self.months, month)
                && lowest_from(self.days.bits, 1).is_some_and(|day| day <= longest)
        })
    }

    /// The first time that matches, from this one on. `from` has whole seconds.
    pub(super) fn first_from(&self, from: DateTime) -> Option<DateTime> {
        if self.matches_date(from.date())
            && let Some(time) = self.time_from(from.time())
        {
            return Some(from.date().to_datetime(time));
        }
        let date = self.date_from(from.date().tomorrow().ok()?)?;
        Some(date.to_datetime(self.time_from(Time::midnight())?))
    }

    /// Whether the time matches.
    #[cfg(test)]
    pub(super) fn matches(&self, time: DateTime) -> bool {
        self.matches_date(time.date())
            && has(self.hours, unsigned(time.hour()))
            && has(self.minutes, unsigned(time.minute()))
            && has(self.seconds, unsigned(time.second()))
    }

    fn matches_date(&self, date: Date) -> bool {
        has(self.months, unsigned(date.month())) && self.matches_day(date)
    }

    /// Day of month and day of week must both match when one of them says `*`; else either does.
    fn matches_day(&self, date: Date) -> bool {
        let day = has(self.days.bits, unsigned(date.day()));
        let weekday = unsigned(date.weekday().to_sunday_zero_offset());
        let weekday = has(self.weekdays.bits, weekday);
        if self.needs_both() {
            day && weekday
        } else {
            day || weekday
        }
    }

    fn needs_both(&self) -> bool {
        self.days.star || self.weekdays.star
    }

    /// The first date that matches, from this one on.
    fn date_from(&self, mut date: Date) -> Option<Date> {
        loop {
            if has(self.months, unsigned(date.month())) {
                if self.matches_day(date) {
                    return Some(date);
                }
                date = date.tomorrow().ok()?;
            } else {
                date = date.first_of_month().checked_add(1.month()).ok()?;
            }
        }
    }

    /// The first time of day that matches, from this one on.
    fn time_from(&self, from: Time) -> Option<Time> {
        let (hour, minute) = (unsigned(from.hour()), unsigned(from.minute()));
        let second = unsigned(from.second());
        if has(self.hours, hour) {
            if has(self.minutes, minute)
                && let Some(second) = lowest_from(self.seconds, second)
            {
                return time(hour, minute, second);
            }
            if let Some(minute) = lowest_from(self.minutes, minute + 1) {
                return time(hour, minute, lowest_from(self.seconds, 0)?);
            }
        }
        let hour = lowest_from(self.hours, hour + 1)?;
        time(
            hour,
            lowest_from(self.minutes, 0)?,
            lowest_from(self.seconds, 0)?,
        )
    }
}

fn time(hour: u32, minute: u32, second: u32) -> Option<Time> {
    let part = |number| i8::try_from(number).ok();
    Time::new(part(hour)?, part(minute)?, part(second)?, 0).ok()
}

fn has(bits: u64, number: u32) -> bool {
    bits.checked_shr(number).is_some_and(|bits| bits & 1 == 1)
}

/// The lowest number of the set that is not below this one.
fn lowest_from(bits: u64, number: u32) -> Option<u32> {
    let rest = bits.checked_shr(number)?;
    (rest != 0).then(|| number + rest.trailing_zeros())
}

fn unsigned(part: i8) -> u32 {
    u32::from(part.unsigned_abs())
}

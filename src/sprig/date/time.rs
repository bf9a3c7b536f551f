//! Points in time, as Go's `time.Time`.

use std::sync::{Arc, LazyLock};

use jiff::Timestamp;
use jiff::tz::{TimeZone, TimeZoneDatabase};

/// The zones of this program: those of the machine are not looked at.
static ZONES: LazyLock<TimeZoneDatabase> = LazyLock::new(TimeZoneDatabase::bundled);

pub(super) const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

pub(super) const WEEKDAYS: [&str; 7] = [
    "Sunday",
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
];

/// A point in time, seen from a zone.
#[derive(Clone, Debug)]
pub struct Time {
    /// Seconds since 1970.
    pub(super) seconds: i64,
    pub(super) nanoseconds: u32,
    pub(super) zone: Zone,
    /// Whether it was asked from the clock, which printing shows.
    pub(super) is_measured: bool,
}

/// Where a clock is read.
#[derive(Clone, Debug)]
pub(super) enum Zone {
    Utc,
    /// That of the process, which is UTC, and is called so.
    Local,
    /// UTC, with a name that says what a text of TOML left open: `date-local`.
    Unsaid(&'static str),
    /// By its name in the database.
    Named(TimeZone),
    /// Its name, and seconds east of Greenwich.
    Fixed(Arc<str>, i64),
}

/// What a clock and a calendar show.
#[derive(Clone, Debug)]
pub(super) struct Reading {
    pub(super) year: i64,
    /// From 1.
    pub(super) month: i64,
    /// From 1.
    pub(super) day: i64,
    /// From 1.
    pub(super) year_day: i64,
    /// From Sunday, 0.
    pub(super) weekday: i64,
    pub(super) hour: i64,
    pub(super) minute: i64,
    pub(super) second: i64,
    /// Seconds east of Greenwich.
    pub(super) offset: i64,
    pub(super) zone: Arc<str>,
}

impl Zone {
    /// The zone of a name, spelt exactly.
    pub(super) fn find(name: &str) -> Option<Self> {
        match name {
            "" | "UTC" => return Some(Self::Utc),
            "Local" => return Some(Self::Local),
            _ => {}
        }
        let zone = ZONES.get(name).ok()?;
        let is_exact = zone.iana_name() == Some(name);
        is_exact.then_some(Self::Named(zone))
    }

    /// The name of the place.
    pub(super) fn name(&self) -> &str {
        match self {
            Self::Utc => "UTC",
            Self::Local => "Local",
            Self::Unsaid(name) => name,
            Self::Named(zone) => zone.iana_name().unwrap_or_default(),
            Self::Fixed(name, _) => name,
        }
    }

    /// Whether both are one and the same in Go: zones without names, by whole hours, are made once.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Fixed(name, offset), Self::Fixed(other_name, _)) => {
                let hours = -12 * 3600..=14 * 3600;
                let is_shared = name.is_empty() && offset % 3600 == 0 && hours.contains(offset);
                Arc::ptr_eq(name, other_name) || is_shared && self.is_like(other)
            }
            _ => self.is_like(other),
        }
    }

    /// Whether both have one name and one time.
    pub(super) fn is_like(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Utc, Self::Utc) | (Self::Local, Self::Local) => true,
            (Self::Unsaid(name), Self::Unsaid(other)) => name == other,
            (Self::Named(zone), Self::Named(other)) => zone == other,
            (Self::Fixed(name, offset), Self::Fixed(other, other_offset)) => {
                name == other && offset == other_offset
            }
            _ => false,
        }
    }

    /// Seconds east of Greenwich, and the name of that time.
    fn at(&self, seconds: i64) -> (i64, Arc<str>) {
        match self {
            Self::Utc | Self::Local => (0, "UTC".into()),
            Self::Unsaid(name) => (0, (*name).into()),
            Self::Fixed(name, offset) => (*offset, Arc::clone(name)),
            Self::Named(zone) => {
                let range = Timestamp::MIN.as_second()..=Timestamp::MAX.as_second();
                let seconds = seconds.clamp(*range.start(), *range.end());
                let time = Timestamp::from_second(seconds).unwrap_or_default();
                let info = zone.to_offset_info(time);
                (info.offset().seconds().into(), info.abbreviation().into())
            }
        }
    }
}

impl Time {
    /// The first moment of year 1: what Go has where there is no time.
    pub(super) fn zero() -> Self {
        Self::at(-62_135_596_800, 0)
    }

    /// A point in time, seen from UTC.
    pub(super) fn at(seconds: i64, nanoseconds: u32) -> Self {
        Self {
            seconds,
            nanoseconds,
            zone: Zone::Utc,
            is_measured: false,
        }
    }

    /// From nanoseconds since 1970.
    pub(super) fn from_nanoseconds(nanoseconds: i128) -> Self {
        let seconds = nanoseconds.div_euclid(1_000_000_000);
        let seconds = i64::try_from(seconds).unwrap_or_default();
        let rest = u32::try_from(nanoseconds.rem_euclid(1_000_000_000)).unwrap_or_default();
        Self::at(seconds, rest)
    }

    /// Nanoseconds since 1970.
    pub(super) fn to_nanoseconds(&self) -> i128 {
        i128::from(self.seconds) * 1_000_000_000 + i128::from(self.nanoseconds)
    }

    /// So many nanoseconds later.
    pub(super) fn later(&self, nanoseconds: i64) -> Self {
        let later = Self::from_nanoseconds(self.to_nanoseconds() + i128::from(nanoseconds));
        Self {
            zone: self.zone.clone(),
            is_measured: self.is_measured,
            ..later
        }
    }

    /// How long after another, at most what an `int64` holds.
    pub(super) fn since(&self, other: &Self) -> i64 {
        let difference = self.to_nanoseconds() - other.to_nanoseconds();
        let clamped = difference.clamp(i64::MIN.into(), i64::MAX.into());
        i64::try_from(clamped).unwrap_or_default()
    }

    /// The same point, seen from another zone.
    pub(super) fn seen_from(&self, zone: Zone) -> Self {
        Self {
            zone,
            is_measured: false,
            ..self.clone()
        }
    }

    pub(super) fn read(&self) -> Reading {
        let (offset, zone) = self.zone.at(self.seconds);
        let local = self.seconds.saturating_add(offset);
        let (days, clock) = (local.div_euclid(86_400), local.rem_euclid(86_400));
        let (year, month, day) = civil(days);
        Reading {
            year,
            month,
            day,
            year_day: days - days_since_epoch(year, 1, 1) + 1,
            weekday: (days + 4).rem_euclid(7),
            hour: clock / 3600,
            minute: clock / 60 % 60,
            second: clock % 60,
            offset,
            zone,
        }
    }

    /// So many years, months and days later, by the calendar of its zone.
    pub(super) fn later_by_calendar(&self, years: i64, months: i64, days: i64) -> Self {
        let read = self.read();
        let clock = (read.hour * 60 + read.minute) * 60 + read.second;
        let limit = |number: i64| number.clamp(-1_000_000_000, 1_000_000_000);
        let month = read.month - 1 + limit(months);
        let year = read.year + limit(years) + month.div_euclid(12);
        let day = days_since_epoch(year, month.rem_euclid(12) + 1, read.day) + limit(days);
        let local = day * 86_400 + clock;
        let (guess, _) = self.zone.at(local - read.offset);
        let (offset, _) = self.zone.at(local - guess);
        Self {
            seconds: local - offset,
            is_measured: false,
            ..self.clone()
        }
    }
}

/// Days since 1970 of a date of the Gregorian calendar, also before it was made.
pub(super) fn days_since_epoch(year: i64, month: i64, day: i64) -> i64 {
    // Years begin in March here, so that leap days come last.
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let month = (month + 9) % 12;
    let day_of_year = (153 * month + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

fn civil(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 {
        shifted + 3
    } else {
        shifted - 9
    };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day)
}

pub(super) fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

pub(super) fn days_in(year: i64, month: i64) -> i64 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

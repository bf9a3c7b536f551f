//! One crontab.

use std::cmp::Ordering;
use std::time::Duration;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, Zoned};

use super::calendar::Calendar;
use super::duration::parse_duration;
use super::field::{DAY, HOUR, MINUTE, MONTH, SECOND, WEEKDAY};
use crate::report::nearest;

/// Names for crontabs that many write.
const NAMED: [(&str, &str); 7] = [
    ("@yearly", "0 0 0 1 1 *"),
    ("@annually", "0 0 0 1 1 *"),
    ("@monthly", "0 0 0 1 * *"),
    ("@weekly", "0 0 0 * * 0"),
    ("@daily", "0 0 0 * * *"),
    ("@midnight", "0 0 0 * * *"),
    ("@hourly", "0 0 * * * *"),
];

/// When something is to be done, again and again. Two are equal when their texts are.
#[derive(Debug, Clone)]
pub struct Crontab {
    text: String,
    zone: Option<TimeZone>,
    rule: Rule,
}

#[derive(Debug, Clone)]
enum Rule {
    /// When the clock shows such a time.
    Clock(Calendar),
    /// Whenever so much time has gone by, in whole seconds.
    Every(Duration),
}

/// Why a text is no crontab.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// It has too few parts, or too many.
    #[error(
        "expected 5 fields (minute, hour, day of month, month, day of week) or 6 (second first), found {found}"
    )]
    Fields {
        /// How many there are.
        found: usize,
    },
    /// A field says what it cannot.
    #[error("{field}: {expected}; found `{found}`")]
    Field {
        /// Which field.
        field: &'static str,
        /// The part of it that is wrong.
        found: String,
        /// What is allowed there.
        expected: String,
    },
    /// It begins with `@` and a word that is not known.
    #[error("expected @every, @hourly, @daily, @midnight, @weekly, @monthly, @yearly or @annually, found `{found}`{}", hint(.meant))]
    Name {
        /// What stands there.
        found: String,
        /// What was probably meant.
        meant: Option<&'static str>,
    },
    /// A duration is not one of Go's.
    #[error("expected a duration such as 90s, 5m or 1h30m, found `{found}`")]
    Duration {
        /// What stands there.
        found: String,
    },
    /// Its time zone is not known.
    #[error("expected the name of a time zone such as Europe/Berlin behind `TZ=`, found `{found}`")]
    Zone {
        /// What stands there.
        found: String,
    },
    /// No date ever matches, as 30 February does not.
    #[error("no date matches: none of the months has such a day")]
    Never,
}

fn hint(meant: &Option<&'static str>) -> String {
    meant.map_or_else(String::new, |meant| format!("; did you mean {meant}?"))
}

impl Crontab {
    /// Reads a crontab.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let (zone, rule) = split_zone(text.trim())?;
        Ok(Self {
            text: text.to_owned(),
            zone,
            rule: Rule::parse(rule)?,
        })
    }

    /// The crontab as it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The first time after `now` at which it fires; `None` when the calendar ends before that.
    ///
    /// It fires at every instant at which the clock of its zone, or else of the zone of `now`, shows a
    /// time that matches. So a time that is left out when clocks go forward does not fire that day,
    /// and one that comes twice when they go back fires twice. `@every` counts from `now`. The answer
    /// has whole seconds and is in the zone of `now`.
    pub fn next_after(&self, now: &Zoned) -> Option<Zoned> {
        let zone = self.zone.as_ref().unwrap_or_else(|| now.time_zone());
        let second = floor(now.timestamp())?;
        let next = match &self.rule {
            Rule::Every(delay) => second
                .checked_add(SignedDuration::try_from(*delay).ok()?)
                .ok()?,
            Rule::Clock(calendar) => first_from(calendar, second_after(second)?, zone)?,
        };
        Some(next.to_zoned(now.time_zone().clone()))
    }
}

impl Rule {
    fn parse(text: &str) -> Result<Self, Error> {
        let Some(name) = text.strip_prefix('@') else {
            return Self::parse_fields(text);
        };
        if let Some(duration) = name
            .strip_prefix("every")
            .filter(|rest| rest.starts_with([' ', '\t']))
        {
            // Less than a second is a second, and parts of one do not count, as in the original.
            let seconds = parse_duration(duration.trim())?.as_secs().max(1);
            return Ok(Self::Every(Duration::from_secs(seconds)));
        }
        match NAMED.iter().find(|(name, _)| *name == text) {
            Some((_, fields)) => Self::parse_fields(fields),
            None => Err(Error::Name {
                found: text.to_owned(),
                meant: nearest(text, NAMED.map(|(name, _)| name)),
            }),
        }
    }

    fn parse_fields(text: &str) -> Result<Self, Error> {
        let fields: Vec<&str> = text.split_whitespace().collect();
        let (second, minute, hour, day, month, weekday) = match fields[..] {
            [minute, hour, day, month, weekday] => ("0", minute, hour, day, month, weekday),
            [second, minute, hour, day, month, weekday] => {
                (second, minute, hour, day, month, weekday)
            }
            _ => {
                return Err(Error::Fields {
                    found: fields.len(),
                });
            }
        };
        let calendar = Calendar {
            seconds: SECOND.parse(second)?.bits,
            minutes: MINUTE.parse(minute)?.bits,
            hours: HOUR.parse(hour)?.bits,
            days: DAY.parse(day)?,
            months: MONTH.parse(month)?.bits,
            weekdays: WEEKDAY.parse(weekday)?,
        };
        if calendar.is_possible() {
            Ok(Self::Clock(calendar))
        } else {
            Err(Error::Never)
        }
    }
}

/// The zone before the rule, and the rule.
fn split_zone(text: &str) -> Result<(Option<TimeZone>, &str), Error> {
    let Some(rest) = text
        .strip_prefix("CRON_TZ=")
        .or_else(|| text.strip_prefix("TZ="))
    else {
        return Ok((None, text));
    };
    let (name, rule) = rest.split_once([' ', '\t']).unwrap_or((rest, ""));
    let zone = match name {
        "" => Some(TimeZone::UTC),
        "Local" => None,
        name => Some(TimeZone::get(name).map_err(|_| Error::Zone {
            found: name.to_owned(),
        })?),
    };
    Ok((zone, rule.trim_start()))
}

/// The first instant, from this one on, at which the clock of the zone shows a time that matches.
///
/// Between two changes of the clock the zone has one offset: there the calendar alone tells the
/// answer. So the work is one search for each change, however far the answer is.
fn first_from(calendar: &Calendar, from: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
    let mut start = from;
    let mut changes = zone.following(from);
    loop {
        let offset = zone.to_offset(start);
        let end = changes.next().map(|change| change.timestamp());
        let found = calendar
            .first_from(offset.to_datetime(start))
            .and_then(|time| offset.to_timestamp(time).ok());
        match (found, end) {
            (Some(found), None) => return Some(found),
            (Some(found), Some(end)) if found < end => return Some(found),
            (_, Some(end)) => start = end,
            (None, None) => return None,
        }
    }
}

fn floor(time: Timestamp) -> Option<Timestamp> {
    let seconds = time.as_nanosecond().div_euclid(1_000_000_000);
    Timestamp::from_second(i64::try_from(seconds).ok()?).ok()
}

fn second_after(time: Timestamp) -> Option<Timestamp> {
    time.checked_add(SignedDuration::from_secs(1)).ok()
}

impl PartialEq for Crontab {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Crontab {}

impl PartialOrd for Crontab {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Crontab {
    fn cmp(&self, other: &Self) -> Ordering {
        self.text.cmp(&other.text)
    }
}

#[cfg(test)]
impl Crontab {
    /// Whether it fires at this instant: the rule itself, without any search.
    pub(super) fn fires_at(&self, time: &Zoned) -> bool {
        let zone = self.zone.as_ref().unwrap_or_else(|| time.time_zone());
        match &self.rule {
            Rule::Clock(calendar) => calendar.matches(time.with_time_zone(zone.clone()).datetime()),
            Rule::Every(_) => false,
        }
    }
}

//! What a time is as a struct of Go: its source, what it hides, what equals it, what cannot be written.

use super::{name_of, time_in};
use crate::govalue::{Depth, Error, Record, Value};
use crate::sprig::date::duration;
use crate::sprig::date::time::{MONTHS, Time, Zone};

/// As Go's `GoString` has it.
pub(super) fn source(time: &Time) -> String {
    let read = time.read();
    let month = name_of(&MONTHS, read.month - 1).unwrap_or_default();
    let place = match &time.zone {
        Zone::Utc => "time.UTC".to_owned(),
        Zone::Local => "time.Local".to_owned(),
        zone => format!("time.Location({})", duration::quote(zone.name().as_bytes())),
    };
    format!(
        "time.Date({}, time.{month}, {}, {}, {}, {}, {}, {place})",
        read.year, read.day, read.hour, read.minute, read.second, time.nanoseconds
    )
}

/// What a time consists of: Go prints it for verbs that have nothing to do with times.
pub(super) fn hidden(record: &Record) -> Vec<Value> {
    let time = time_in(record);
    let since_start = time.seconds.saturating_sub(Time::zero().seconds);
    vec![
        Value::Uint64(time.nanoseconds.into()),
        Value::Int64(since_start),
        Value::Int(0),
    ]
}

pub(super) fn are_alike(left: &Record, right: &Record, depth: Depth) -> bool {
    let (left, right) = (time_in(left), time_in(right));
    let is_zone = match depth {
        Depth::Shallow => left.zone.is_same(&right.zone),
        Depth::Deep => left.zone.is_like(&right.zone),
    };
    is_zone
        && left.is_measured == right.is_measured
        && left.to_nanoseconds() == right.to_nanoseconds()
}

/// Why a time cannot be written as RFC 3339 wants it.
#[derive(Clone, Copy)]
pub(super) enum Fault {
    Year,
    Offset,
}

impl Fault {
    pub(super) fn of_json(self) -> &'static str {
        match self {
            Self::Year => "Time.MarshalJSON: year outside of range [0,9999]",
            Self::Offset => "Time.MarshalJSON: timezone hour outside of range [0,23]",
        }
    }

    pub(super) fn of_text(self) -> &'static str {
        match self {
            Self::Year => "Time.MarshalText: year outside of range [0,9999]",
            Self::Offset => "Time.MarshalText: timezone hour outside of range [0,23]",
        }
    }
}

pub(super) fn fault(time: &Time) -> Option<Fault> {
    let read = time.read();
    if !(0..=9999).contains(&read.year) {
        return Some(Fault::Year);
    }
    (read.offset.abs() >= 24 * 3600).then_some(Fault::Offset)
}

pub(super) fn check(time: &Time, name: fn(Fault) -> &'static str) -> Result<(), Error> {
    match fault(time) {
        None => Ok(()),
        Some(fault) => Err(Error::Failed(name(fault).to_owned())),
    }
}

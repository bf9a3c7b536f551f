//! Dates, times and durations. The local zone is UTC, and zones are those of this program.

#![expect(clippy::unnecessary_wraps, reason = "functions have one signature")]

mod duration;
mod format;
mod layout;
mod length;
mod parse;
mod shape;
mod time;
mod toml;

pub(super) use length::ALL as ALL_OF_4;

pub use time::Time;
pub(super) use toml::{from_toml, to_toml};

use super::arguments::{bytes, value};
use super::number::parse_integer;
use crate::govalue::{Context, Error, Function, Parameter, Value};
use duration::SECOND;
use shape::{TIME, as_time, record};
use time::Zone;

const ANY: Parameter = Parameter::Any;
const TEXT: Parameter = Parameter::Text;
static MODIFIED: [Parameter; 2] = [TEXT, Parameter::Record(&TIME)];
static ONE_TIME: [Parameter; 1] = [Parameter::Record(&TIME)];

pub(super) static ALL: [Function; 16] = [
    Function::new("ago", &[ANY], ago).draws(),
    Function::new("date", &[TEXT, ANY], |context, arguments| {
        shown(context, arguments, (bytes(arguments, 0), 1, b""))
    }),
    Function::new("dateInZone", &[TEXT, ANY, TEXT], date_in_zone),
    Function::new("dateModify", &MODIFIED, date_modify),
    Function::new("date_in_zone", &[TEXT, ANY, TEXT], date_in_zone),
    Function::new("date_modify", &MODIFIED, date_modify),
    Function::new("duration", &[ANY], duration_of_seconds),
    Function::new("durationRound", &[ANY], duration_round),
    Function::new("htmlDate", &[ANY], |context, arguments| {
        shown(context, arguments, (HTML, 0, b""))
    }),
    Function::new("htmlDateInZone", &[ANY, TEXT], |context, arguments| {
        shown(context, arguments, (HTML, 0, bytes(arguments, 1)))
    }),
    Function::new("mustDateModify", &MODIFIED, must_date_modify),
    Function::new("mustToDate", &[TEXT, TEXT], must_to_date),
    Function::new("must_date_modify", &MODIFIED, must_date_modify),
    Function::new("now", &[], now).draws(),
    Function::new("toDate", &[TEXT, TEXT], to_date),
    Function::new("unixEpoch", &ONE_TIME, unix_epoch),
];

const HTML: &[u8] = b"2006-01-02";

/// A time for templates.
pub fn time_value(time: Time) -> Value {
    record(time)
}

/// The time that such a value is; `None` for any other.
pub fn as_time_value(value: &Value) -> Option<Time> {
    as_time(value)
}

fn clock(context: &Context<'_>) -> Time {
    Time {
        is_measured: true,
        zone: Zone::Local,
        ..Time::from_nanoseconds(context.world.now())
    }
}

fn now(context: &Context<'_>, _: &[Value]) -> Result<Value, Error> {
    Ok(record(clock(context)))
}

/// Seconds since 1970 are a time when they are whole by type; anything else is now.
fn time_of(context: &Context<'_>, value: &Value) -> Time {
    match value {
        Value::Int(seconds) | Value::Int64(seconds) => Time::at(*seconds, 0),
        other => as_time(other).unwrap_or_else(|| clock(context)),
    }
}

fn date_in_zone(context: &Context<'_>, arguments: &[Value]) -> Result<Value, Error> {
    let (layout, zone) = (bytes(arguments, 0), bytes(arguments, 2));
    shown(context, arguments, (layout, 1, zone))
}

/// A time by a layout; UTC for zones that there are not.
fn shown(
    context: &Context<'_>,
    arguments: &[Value],
    (layout, index, zone): (&[u8], usize, &[u8]),
) -> Result<Value, Error> {
    let zone = std::str::from_utf8(zone).ok().and_then(Zone::find);
    let time = time_of(context, value(arguments, index));
    let time = time.seen_from(zone.unwrap_or(Zone::Utc));
    Ok(Value::text(format::format(&time, layout)))
}

/// What is no duration changes nothing.
fn date_modify(_: &Context<'_>, arguments: &[Value]) -> Result<Value, Error> {
    let by = duration::parse(bytes(arguments, 0)).unwrap_or_default();
    Ok(record(shape::time(arguments, 1).later(by)))
}

fn must_date_modify(_: &Context<'_>, arguments: &[Value]) -> Result<Value, Error> {
    let by = duration::parse(bytes(arguments, 0)).map_err(Error::Failed)?;
    Ok(record(shape::time(arguments, 1).later(by)))
}

fn ago(context: &Context<'_>, arguments: &[Value]) -> Result<Value, Error> {
    let past = clock(context).since(&time_of(context, value(arguments, 0)));
    Ok(duration::print(duration::round(past, SECOND)).into())
}

/// Seconds in a string or an `int64`; other numbers are none.
fn duration_of_seconds(_: &Context<'_>, arguments: &[Value]) -> Result<Value, Error> {
    let seconds = match value(arguments, 0) {
        Value::Int64(seconds) => *seconds,
        Value::Text(text) => {
            let (Ok(seconds) | Err(seconds)) = parse_integer(text, 10);
            seconds
        }
        _ => 0,
    };
    Ok(duration::print(seconds.wrapping_mul(SECOND)).into())
}

/// Nanoseconds of an hour.
const HOUR: u64 = 3600 * 1_000_000_000;

/// In the biggest unit of which there is more than one.
fn duration_round(context: &Context<'_>, arguments: &[Value]) -> Result<Value, Error> {
    let length = match value(arguments, 0) {
        Value::Text(text) => duration::parse(text).unwrap_or_default(),
        Value::Int64(nanoseconds) => *nanoseconds,
        other => as_time(other).map_or(0, |time| clock(context).since(&time)),
    };
    let units = [
        (HOUR * 24 * 365, "y"),
        (HOUR * 24 * 30, "mo"),
        (HOUR * 24, "d"),
        (HOUR, "h"),
        (HOUR / 60, "m"),
        (HOUR / 3600, "s"),
    ];
    let size = length.unsigned_abs();
    let unit = units.into_iter().find(|(unit, _)| size > *unit);
    Ok(unit
        .map_or_else(
            || "0s".to_owned(),
            |(unit, name)| format!("{}{name}", size / unit),
        )
        .into())
}

/// The first moment of year 1 for what is no date.
fn to_date(_: &Context<'_>, arguments: &[Value]) -> Result<Value, Error> {
    let time = parse::parse(bytes(arguments, 0), bytes(arguments, 1), Zone::Local);
    Ok(record(time.unwrap_or_else(|_| Time::zero())))
}

fn must_to_date(_: &Context<'_>, arguments: &[Value]) -> Result<Value, Error> {
    let time = parse::parse(bytes(arguments, 0), bytes(arguments, 1), Zone::Local);
    time.map(record).map_err(Error::Failed)
}

fn unix_epoch(_: &Context<'_>, arguments: &[Value]) -> Result<Value, Error> {
    Ok(shape::time(arguments, 0).seconds.to_string().into())
}

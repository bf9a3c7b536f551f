//! Times, durations, months and weekdays as templates see them.

mod method;
mod nature;

use super::duration;
use super::format::{PLAIN, RFC_3339, format};
use super::time::{MONTHS, Time, WEEKDAYS, Zone};
use crate::govalue::{Depth, Json, Kind, Record, Shape, Text, Value};
use crate::sprig::arguments::value;
use nature::Fault;

/// `time.Time`
pub(super) static TIME: Shape = Shape::new("time.Time", Kind::Struct, &[])
    .hides(&["wall", "ext", "loc"], nature::hidden)
    .methods(&method::OF_TIME)
    .prints(print_time)
    .prints_source(|record| nature::source(&time_in(record)).into())
    .compares(nature::are_alike)
    .json(Json::Made(|record| {
        Value::text(format(&time_in(record), RFC_3339))
    }))
    .json_may_fail(|record| nature::fault(&time_in(record)).map(Fault::of_json));

/// `*time.Location`
static LOCATION: Shape = Shape::new("*time.Location", Kind::Pointer, &[])
    .methods(&method::OF_LOCATION)
    .prints(|record| zone_in(record).name().into())
    .compares(|left, right, depth| match depth {
        Depth::Shallow => zone_in(left).is_same(&zone_in(right)),
        Depth::Deep => zone_in(left).is_like(&zone_in(right)),
    });

/// `time.Duration`
pub(super) static DURATION: Shape = Shape::new("time.Duration", Kind::Int64, &[])
    .methods(&method::OF_DURATION)
    .prints(|record| duration::print(number_in(record)).into())
    .json(Json::Made(|record| Value::Int64(number_in(record))));

static MONTH: Shape = Shape::new("time.Month", Kind::Int, &[])
    .methods(&method::OF_MONTH)
    .prints(month_name)
    .json(Json::Made(|record| Value::Int(number_in(record))));

static WEEKDAY: Shape = Shape::new("time.Weekday", Kind::Int, &[])
    .methods(&method::OF_WEEKDAY)
    .prints(weekday_name)
    .json(Json::Made(|record| Value::Int(number_in(record))));

/// A time for templates.
pub(super) fn record(time: Time) -> Value {
    Value::Record(Record::with_native(&TIME, Vec::new(), Box::new(time)))
}

/// A duration for templates.
pub(super) fn duration(nanoseconds: i64) -> Value {
    named(&DURATION, nanoseconds)
}

fn named(shape: &'static Shape, number: i64) -> Value {
    Value::Record(Record::named(shape, number))
}

/// The time of an argument.
pub(super) fn time(arguments: &[Value], index: usize) -> Time {
    as_time(value(arguments, index)).unwrap_or_else(Time::zero)
}

/// A value as the time that it is.
pub(super) fn as_time(value: &Value) -> Option<Time> {
    match value {
        Value::Record(record) => record.native::<Time>().cloned(),
        _ => None,
    }
}

/// A value as the duration that it is.
pub(super) fn as_duration(value: &Value) -> Option<i64> {
    match value {
        Value::Record(record) if std::ptr::eq(record.shape(), &raw const DURATION) => {
            Some(number_in(record))
        }
        _ => None,
    }
}

fn length(arguments: &[Value], index: usize) -> i64 {
    as_duration(value(arguments, index)).unwrap_or_default()
}

fn time_in(record: &Record) -> Time {
    record.native().cloned().unwrap_or_else(Time::zero)
}

fn number_in(record: &Record) -> i64 {
    record.native().copied().unwrap_or_default()
}

fn zone_in(record: &Record) -> Zone {
    record.native().cloned().unwrap_or(Zone::Utc)
}

fn month_name(record: &Record) -> Text {
    let number = number_in(record);
    let name = name_of(&MONTHS, number - 1);
    name.map_or_else(|| format!("%!Month({number})").into(), Text::from)
}

fn weekday_name(record: &Record) -> Text {
    let number = number_in(record);
    let name = name_of(&WEEKDAYS, number);
    name.map_or_else(|| format!("%!Weekday({number})").into(), Text::from)
}

fn name_of(names: &[&'static str], index: i64) -> Option<&'static str> {
    let name = usize::try_from(index)
        .ok()
        .and_then(|index| names.get(index));
    name.copied()
}

fn print_time(record: &Record) -> Text {
    shown(&time_in(record))
}

/// Go tells what the clock of the process showed as well, for times that were asked from it.
fn shown(time: &Time) -> Text {
    let mut shown = format(time, PLAIN);
    if time.is_measured {
        shown.extend_from_slice(b" m=+0.000000001");
    }
    shown.into()
}

/// In units of so many seconds: whole ones and a fraction apart, as Go adds them.
pub(super) fn in_units(nanoseconds: i64, seconds: i64) -> Value {
    let unit = seconds * duration::SECOND;
    #[expect(clippy::cast_precision_loss, reason = "as Go reckons")]
    Value::Float((nanoseconds / unit) as f64 + (nanoseconds % unit) as f64 / unit as f64)
}

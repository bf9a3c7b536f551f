//! Times, durations, months and weekdays as templates see them.

use super::duration;
use super::format::{PLAIN, RFC_3339, format};
use super::time::{MONTHS, Time, WEEKDAYS, Zone};
use crate::govalue::{Context, Error, Function, Json, Kind, Parameter, Record, Shape, Text, Value};
use crate::sprig::arguments::{bytes, int, value};

/// `time.Time`
pub(super) static TIME: Shape = Shape::new("time.Time", Kind::Struct, &[])
    .methods(&METHODS)
    .prints(print_time)
    .json(Json::Made(|record| {
        Value::text(format(&time_in(record), RFC_3339))
    }));

/// `time.Duration`
pub(super) static DURATION: Shape = Shape::new("time.Duration", Kind::Int64, &[])
    .methods(DURATION_METHODS)
    .prints(|record| duration::print(number_in(record)).into())
    .json(Json::Made(|record| Value::Int64(number_in(record))));

static MONTH: Shape = Shape::new("time.Month", Kind::Int, &[])
    .prints(|record| name_of(&MONTHS, number_in(record) - 1))
    .json(Json::Made(|record| Value::Int(number_in(record))));

static WEEKDAY: Shape = Shape::new("time.Weekday", Kind::Int, &[])
    .prints(|record| name_of(&WEEKDAYS, number_in(record)))
    .json(Json::Made(|record| Value::Int(number_in(record))));

const INT: Parameter = Parameter::Int;
static TIMES: [Parameter; 1] = [Parameter::Record(&TIME)];
static DURATIONS: [Parameter; 1] = [Parameter::Record(&DURATION)];

static METHODS: [Function; 27] = [
    Function::new("Format", &[Parameter::Text], |_, arguments| {
        Ok(Value::text(format(
            &time(arguments, 0),
            bytes(arguments, 1),
        )))
    }),
    Function::new("String", &[], |_, arguments| {
        Ok(Value::Text(shown(&time(arguments, 0))))
    }),
    Function::new("Unix", &[], |_, arguments| {
        Ok(Value::Int64(time(arguments, 0).seconds))
    }),
    Function::new("UnixMilli", &[], |_, arguments| {
        Ok(since_epoch(arguments, 1_000_000))
    }),
    Function::new("UnixMicro", &[], |_, arguments| {
        Ok(since_epoch(arguments, 1_000))
    }),
    Function::new("UnixNano", &[], |_, arguments| {
        Ok(since_epoch(arguments, 1))
    }),
    Function::new("Year", &[], |_, arguments| {
        Ok(Value::Int(time(arguments, 0).read().year))
    }),
    Function::new("Month", &[], |_, arguments| {
        Ok(named(&MONTH, time(arguments, 0).read().month))
    }),
    Function::new("Day", &[], |_, arguments| {
        Ok(Value::Int(time(arguments, 0).read().day))
    }),
    Function::new("YearDay", &[], |_, arguments| {
        Ok(Value::Int(time(arguments, 0).read().year_day))
    }),
    Function::new("Weekday", &[], |_, arguments| {
        Ok(named(&WEEKDAY, time(arguments, 0).read().weekday))
    }),
    Function::new("Hour", &[], |_, arguments| {
        Ok(Value::Int(time(arguments, 0).read().hour))
    }),
    Function::new("Minute", &[], |_, arguments| {
        Ok(Value::Int(time(arguments, 0).read().minute))
    }),
    Function::new("Second", &[], |_, arguments| {
        Ok(Value::Int(time(arguments, 0).read().second))
    }),
    Function::new("Nanosecond", &[], |_, arguments| {
        Ok(Value::Int(time(arguments, 0).nanoseconds.into()))
    }),
    Function::new("UTC", &[], utc),
    Function::new("Local", &[], utc),
    Function::new("IsZero", &[], |_, arguments| {
        let (time, zero) = (time(arguments, 0), Time::zero());
        Ok((time.to_nanoseconds() == zero.to_nanoseconds()).into())
    }),
    Function::new("AddDate", &[INT, INT, INT], |_, arguments| {
        let (years, months, days) = (int(arguments, 1), int(arguments, 2), int(arguments, 3));
        Ok(record(
            time(arguments, 0).later_by_calendar(years, months, days),
        ))
    }),
    Function::new("Add", &DURATIONS, |_, arguments| {
        Ok(record(time(arguments, 0).later(length(arguments, 1))))
    }),
    Function::new("Sub", &TIMES, |_, arguments| {
        Ok(duration(time(arguments, 0).since(&time(arguments, 1))))
    }),
    Function::new("Before", &TIMES, |_, arguments| {
        Ok(order(arguments).is_lt().into())
    }),
    Function::new("After", &TIMES, |_, arguments| {
        Ok(order(arguments).is_gt().into())
    }),
    Function::new("Equal", &TIMES, |_, arguments| {
        Ok(order(arguments).is_eq().into())
    }),
    Function::new("Compare", &TIMES, |_, arguments| {
        Ok(Value::Int(order(arguments) as i64))
    }),
    Function::new("Truncate", &DURATIONS, |_, arguments| {
        Ok(rounded(arguments, false))
    }),
    Function::new("Round", &DURATIONS, |_, arguments| {
        Ok(rounded(arguments, true))
    }),
];

const DURATION_METHODS: &[Function] = &[
    Function::new("String", &[], |_, arguments| {
        Ok(duration::print(length(arguments, 0)).into())
    }),
    Function::new("Nanoseconds", &[], |_, arguments| {
        Ok(Value::Int64(length(arguments, 0)))
    }),
    Function::new("Microseconds", &[], |_, arguments| {
        Ok(Value::Int64(length(arguments, 0) / 1_000))
    }),
    Function::new("Milliseconds", &[], |_, arguments| {
        Ok(Value::Int64(length(arguments, 0) / 1_000_000))
    }),
    Function::new("Seconds", &[], |_, arguments| {
        Ok(in_units(length(arguments, 0), 1))
    }),
    Function::new("Minutes", &[], |_, arguments| {
        Ok(in_units(length(arguments, 0), 60))
    }),
    Function::new("Hours", &[], |_, arguments| {
        Ok(in_units(length(arguments, 0), 3600))
    }),
];

/// A time for templates.
pub(super) fn record(time: Time) -> Value {
    Value::Record(Record::with_native(&TIME, Vec::new(), Box::new(time)))
}

/// A duration for templates.
pub(super) fn duration(nanoseconds: i64) -> Value {
    named(&DURATION, nanoseconds)
}

fn named(shape: &'static Shape, number: i64) -> Value {
    Value::Record(Record::with_native(shape, Vec::new(), Box::new(number)))
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

fn name_of(names: &[&str], index: i64) -> Text {
    let name = usize::try_from(index)
        .ok()
        .and_then(|index| names.get(index));
    Text::from(name.copied().unwrap_or_default())
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

fn since_epoch(arguments: &[Value], unit: i128) -> Value {
    let units = time(arguments, 0).to_nanoseconds().div_euclid(unit);
    #[expect(clippy::cast_possible_truncation, reason = "as Go's overflow")]
    Value::Int64(units as i64)
}

fn utc(_: &Context<'_>, arguments: &[Value]) -> Result<Value, Error> {
    Ok(record(time(arguments, 0).seen_from(Zone::Utc)))
}

fn order(arguments: &[Value]) -> std::cmp::Ordering {
    let (left, right) = (time(arguments, 0), time(arguments, 1));
    left.to_nanoseconds().cmp(&right.to_nanoseconds())
}

/// Counted from the first moment of year 1.
fn rounded(arguments: &[Value], is_up: bool) -> Value {
    let (time, unit) = (time(arguments, 0), length(arguments, 1));
    if unit <= 0 {
        return record(Time {
            is_measured: false,
            ..time
        });
    }
    let start = Time::zero().to_nanoseconds();
    let unit = i128::from(unit);
    let rest = (time.to_nanoseconds() - start).rem_euclid(unit);
    let add = if is_up && rest * 2 >= unit { unit } else { 0 };
    let rounded = Time::from_nanoseconds(time.to_nanoseconds() - rest + add);
    record(Time {
        zone: time.zone,
        ..rounded
    })
}

/// In units of so many seconds: whole ones and a fraction apart, as Go adds them.
pub(super) fn in_units(nanoseconds: i64, seconds: i64) -> Value {
    let unit = seconds * duration::SECOND;
    #[expect(clippy::cast_precision_loss, reason = "as Go reckons")]
    Value::Float((nanoseconds / unit) as f64 + (nanoseconds % unit) as f64 / unit as f64)
}

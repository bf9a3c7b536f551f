//! What templates may ask of times and of what belongs to them.

use super::nature::{Fault, check, source};
use super::{
    DURATION, LOCATION, MONTH, TIME, WEEKDAY, duration, in_units, length, month_name, named,
    record, shown, time, weekday_name, zone_in,
};
use crate::govalue::{Context, Error, Function, Parameter, Record, Text, Value};
use crate::sprig::arguments::{bytes, int, value};
use crate::sprig::date::format::{RFC_3339, format};
use crate::sprig::date::time::{Time, Zone};

const INT: Parameter = Parameter::Int;
static TIMES: [Parameter; 1] = [Parameter::Record(&TIME)];
static DURATIONS: [Parameter; 1] = [Parameter::Record(&DURATION)];

static LOCATIONS: [Parameter; 1] = [Parameter::Record(&LOCATION)];

pub(super) static OF_LOCATION: [Function; 1] = [Function::new("String", &[], |_, arguments| {
    Ok(named_text(arguments, |record| {
        zone_in(record).name().into()
    }))
})];

pub(super) static OF_MONTH: [Function; 1] = [Function::new("String", &[], |_, arguments| {
    Ok(named_text(arguments, month_name))
})];

pub(super) static OF_WEEKDAY: [Function; 1] = [Function::new("String", &[], |_, arguments| {
    Ok(named_text(arguments, weekday_name))
})];

pub(super) static OF_TIME: [Function; 38] = [
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
    Function::new("Local", &[], |_, arguments| {
        Ok(record(time(arguments, 0).seen_from(Zone::Local)))
    }),
    Function::new("In", &LOCATIONS, |_, arguments| {
        let Value::Record(zone) = value(arguments, 1) else {
            let why = "time: missing Location in call to Time.In";
            return Err(Error::Failed(why.to_owned()));
        };
        Ok(record(time(arguments, 0).seen_from(zone_in(zone))))
    }),
    Function::new("Location", &[], |_, arguments| {
        let zone = Box::new(time(arguments, 0).zone);
        let location = Record::with_native(&LOCATION, Vec::new(), zone);
        Ok(Value::Record(location))
    }),
    // No time comes here that is read in a zone with summer time.
    Function::new("IsDST", &[], |_, _| Ok(false.into())),
    Function::new("GoString", &[], |_, arguments| {
        Ok(source(&time(arguments, 0)).into())
    }),
    Function::new("MarshalJSON", &[], |_, arguments| {
        let time = time(arguments, 0);
        check(&time, Fault::of_json)?;
        let text = [b"\"", &format(&time, RFC_3339)[..], b"\""].concat();
        Ok(Value::Bytes(text.into()))
    }),
    Function::new("MarshalText", &[], |_, arguments| {
        let time = time(arguments, 0);
        check(&time, Fault::of_text)?;
        Ok(Value::Bytes(format(&time, RFC_3339).into()))
    }),
    Function::unfit(
        "Date",
        "function Date has 3 return values; should be 1 or 2",
    ),
    Function::unfit(
        "Clock",
        "function Clock has 3 return values; should be 1 or 2",
    ),
    Function::unfit(
        "Zone",
        "invalid function signature for Zone: second return value should be error; is int",
    ),
    Function::unfit(
        "ISOWeek",
        "invalid function signature for ISOWeek: second return value should be error; is int",
    ),
    Function::unfit(
        "ZoneBounds",
        "invalid function signature for ZoneBounds: second return value should be error; is time.Time",
    ),
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

pub(super) static OF_DURATION: [Function; 10] = [
    Function::new("Abs", &[], |_, arguments| {
        Ok(duration(length(arguments, 0).saturating_abs()))
    }),
    Function::new("Truncate", &DURATIONS, |_, arguments| {
        let (length, unit) = (length(arguments, 0), length(arguments, 1));
        let rest = if unit > 0 { length % unit } else { 0 };
        Ok(duration(length - rest))
    }),
    Function::new("Round", &DURATIONS, |_, arguments| {
        let (length, unit) = (length(arguments, 0), length(arguments, 1));
        Ok(duration(duration::round(length, unit)))
    }),
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

/// What a method `String` of a type makes of its receiver.
fn named_text(arguments: &[Value], name: fn(&Record) -> Text) -> Value {
    match value(arguments, 0) {
        Value::Record(record) => Value::Text(name(record)),
        _ => Value::from(""),
    }
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

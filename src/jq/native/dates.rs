//! Times in UTC: there is no other zone here, and no clock.

#![expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    reason = "seconds are floats in jq and saturate"
)]

use jiff::{Timestamp, Zoned, civil, fmt::strtime, tz::TimeZone};

use super::{Cost, Native, Outcome};
use crate::jq::{
    failure::Failure,
    value::{Value, to_float, to_index},
};

pub(super) const FUNCTIONS: &[Native] = &[
    Native::new("gmtime", 0, Cost::None, |_, [value, ..]| {
        broken_down("gmtime", &value)
    }),
    Native::new("localtime", 0, Cost::None, |_, [value, ..]| {
        broken_down("localtime", &value)
    }),
    Native::new("mktime", 0, Cost::None, |_, [value, ..]| {
        let Value::List(_) = &value else {
            return Err(Failure::applied("mktime", &value));
        };
        let time = time_of(&value).map_err(|cause| cause.within("mktime", &[], &value))?;
        Ok(seconds(&time))
    }),
    Native::new("strftime", 1, Cost::Length, |_, [value, format, ..]| {
        write("strftime", value, &format)
    }),
    Native::new(
        "strflocaltime",
        1,
        Cost::Length,
        |_, [value, format, ..]| write("strflocaltime", value, &format),
    ),
    Native::new("strptime", 1, Cost::Length, |_, [value, format, ..]| {
        read(&value, &format)
    }),
];

fn broken_down(name: &str, value: &Value) -> Outcome {
    let Some(number) = to_float(value) else {
        return Err(Failure::applied(name, value));
    };
    let whole = number.floor() as i64;
    let nanosecond = ((number - number.floor()) * 1e9) as i32;
    let time = Timestamp::new(whole, nanosecond).map_err(|_| Failure::applied(name, value))?;
    parts(&time.to_zoned(TimeZone::UTC))
}

/// Year, month from 0, day, hour, minute, second, weekday from Sunday, day of the year from 0.
fn parts(time: &Zoned) -> Outcome {
    let second = f64::from(time.second()) + f64::from(time.subsec_nanosecond()) / 1e9;
    Ok(Value::list(vec![
        Value::Int(time.year().into()),
        Value::Int(i64::from(time.month()) - 1),
        Value::Int(time.day().into()),
        Value::Int(time.hour().into()),
        Value::Int(time.minute().into()),
        Value::Float(second),
        Value::Int(time.weekday().to_sunday_zero_offset().into()),
        Value::Int(i64::from(time.day_of_year()) - 1),
    ])?)
}

fn seconds(time: &Zoned) -> Value {
    let time = time.timestamp();
    Value::Float(time.as_second() as f64 + f64::from(time.subsec_nanosecond()) / 1e9)
}

/// The time of such a list; parts beyond their range carry over.
fn time_of(value: &Value) -> Result<Zoned, Failure> {
    let wrong = || Failure::Message("expected an array of 8 numbers".to_owned());
    let Value::List(list) = value else {
        return Err(wrong());
    };
    let mut numbers = [0_i64; 8];
    for (number, item) in numbers.iter_mut().zip(list.iter()) {
        *number = to_index(item).ok_or_else(wrong)?;
    }
    let [year, month, day, hour, minute, second, ..] = numbers;
    let part = list
        .get(5..)
        .and_then(<[_]>::first)
        .and_then(to_float)
        .unwrap_or(0.0);
    let (years, month) = (month.div_euclid(12), month.rem_euclid(12) + 1);
    let year = i16::try_from(year.saturating_add(years)).map_err(|_| wrong())?;
    let first = civil::Date::new(year, i8::try_from(month).unwrap_or(1), 1).map_err(|_| wrong())?;
    let total = day
        .checked_sub(1)
        .and_then(|days| days.checked_mul(86_400))
        .and_then(|sum| sum.checked_add(hour.checked_mul(3_600)?))
        .and_then(|sum| sum.checked_add(minute.checked_mul(60)?))
        .and_then(|sum| sum.checked_add(second))
        .ok_or_else(wrong)?;
    let span = jiff::SignedDuration::new(total, ((part - part.floor()) * 1e9) as i32);
    let time = first
        .to_datetime(civil::Time::midnight())
        .checked_add(span)
        .map_err(|_| wrong())?;
    time.to_zoned(TimeZone::UTC).map_err(|_| wrong())
}

fn write(name: &str, value: Value, format: &Value) -> Outcome {
    let value = if to_float(&value).is_some() {
        broken_down(name, &value)?
    } else {
        value
    };
    let (Value::List(_), Value::Text(text)) = (&value, format) else {
        return Err(Failure::applied_with(name, &[format], &value));
    };
    let time = time_of(&value).map_err(|cause| cause.within(name, &[format], &value))?;
    strtime::format(text.as_str(), &time)
        .map(Value::from)
        .map_err(|error| Failure::Message(error.to_string()).within(name, &[format], &value))
}

fn read(value: &Value, format: &Value) -> Outcome {
    let (Value::Text(text), Value::Text(pattern)) = (value, format) else {
        return Err(Failure::applied_with("strptime", &[format], value));
    };
    let wrong = |error: jiff::Error| {
        Failure::Message(error.to_string()).within("strptime", &[format], value)
    };
    // `Z` is an offset for the reference.
    let text = match text.strip_suffix('Z') {
        Some(head) if pattern.ends_with("%z") => format!("{head}+0000"),
        _ => text.as_str().to_owned(),
    };
    let parsed = strtime::parse(pattern.as_str(), &text).map_err(wrong)?;
    let date = parsed.to_date().map_err(wrong)?;
    let time = parsed.to_time().unwrap_or(civil::Time::midnight());
    let offset = parsed.offset().unwrap_or(jiff::tz::Offset::UTC);
    let time = offset.to_timestamp(date.to_datetime(time)).map_err(wrong)?;
    parts(&time.to_zoned(TimeZone::UTC))
}

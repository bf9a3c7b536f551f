//! Durations as Helm 4 reads them: of their own type, as text, or as seconds.

use super::duration::{self, SECOND, round, truncate};
use super::shape::{as_duration, in_units};
use crate::govalue::{Context, Error, Function, Parameter, Value, print};
use crate::sprig::arguments::value;
use crate::sprig::number::parse_float;

const ANY: Parameter = Parameter::Any;

pub(in crate::sprig) const ALL: &[Function] = &[
    Function::new("durationDays", &[ANY], |_, arguments| {
        Ok(hours(arguments, |hours| hours / 24.0))
    }),
    Function::new("durationHours", &[ANY], |_, arguments| {
        Ok(hours(arguments, |hours| hours))
    }),
    Function::new("durationMicroseconds", &[ANY], |_, arguments| {
        Ok(Value::Int64(lenient(arguments, 0) / 1_000))
    }),
    Function::new("durationMilliseconds", &[ANY], |_, arguments| {
        Ok(Value::Int64(lenient(arguments, 0) / 1_000_000))
    }),
    Function::new("durationMinutes", &[ANY], |_, arguments| {
        Ok(in_units(lenient(arguments, 0), 60))
    }),
    Function::new("durationNanoseconds", &[ANY], |_, arguments| {
        Ok(Value::Int64(lenient(arguments, 0)))
    }),
    Function::new("durationRoundTo", &[ANY, ANY], |_, arguments| {
        Ok(to_multiple(arguments, round))
    }),
    Function::new("durationSeconds", &[ANY], |_, arguments| {
        Ok(in_units(lenient(arguments, 0), 1))
    }),
    Function::new("durationTruncateTo", &[ANY, ANY], |_, arguments| {
        Ok(to_multiple(arguments, truncate))
    }),
    Function::new("durationWeeks", &[ANY], |_, arguments| {
        Ok(hours(arguments, |hours| hours / 24.0 / 7.0))
    }),
    Function::new("mustToDuration", &[ANY], must_to_duration),
];

fn must_to_duration(_: &Context<'_>, arguments: &[Value]) -> Result<Value, Error> {
    let length = read(value(arguments, 0)).map_err(Error::Failed)?;
    Ok(super::shape::duration(length))
}

/// A duration in nanoseconds, or why it is none.
fn read(value: &Value) -> Result<i64, String> {
    if let Some(length) = as_duration(value) {
        return Ok(length);
    }
    match value {
        Value::Text(text) => read_text(text),
        Value::Nil => Err("invalid duration".to_owned()),
        Value::Int(seconds) | Value::Int64(seconds) => whole(i128::from(*seconds)),
        Value::Uint8(seconds) => whole(i128::from(*seconds)),
        Value::Uint64(seconds) => whole(i128::from(*seconds)),
        Value::Float(seconds) => part(*seconds),
        other => Err(format!("unsupported duration type {}", other.type_name())),
    }
}

fn read_text(text: &[u8]) -> Result<i64, String> {
    let trimmed = text.trim_ascii();
    if trimmed.is_empty() {
        return Err("empty duration".to_owned());
    }
    if let Ok(length) = duration::parse(trimmed) {
        return Ok(length);
    }
    if let Some(seconds) = parse_float(trimmed) {
        return part(seconds);
    }
    let shown = print::quote(text);
    let shown = String::from_utf8_lossy(&shown);
    Err(format!("could not parse duration {shown}"))
}

fn whole(seconds: i128) -> Result<i64, String> {
    i64::try_from(seconds * i128::from(SECOND))
        .map_err(|_| format!("duration seconds overflow: {seconds}"))
}

fn part(seconds: f64) -> Result<i64, String> {
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        reason = "what does not fit is refused"
    )]
    let (limit, nanoseconds) = ((i64::MAX / SECOND) as f64, (seconds * SECOND as f64) as i64);
    if seconds.is_nan() {
        Err("invalid duration seconds: NaN".to_owned())
    } else if seconds.is_infinite() {
        let sign = if seconds > 0.0 { "+Inf" } else { "-Inf" };
        Err(format!("invalid duration seconds: {sign}"))
    } else if seconds.abs() > limit {
        Err(format!("duration seconds overflow: {seconds}"))
    } else {
        Ok(nanoseconds)
    }
}

/// 0 for what is no duration.
fn lenient(arguments: &[Value], index: usize) -> i64 {
    read(value(arguments, index)).unwrap_or_default()
}

fn hours(arguments: &[Value], change: fn(f64) -> f64) -> Value {
    match in_units(lenient(arguments, 0), 3600) {
        Value::Float(hours) => Value::Float(change(hours)),
        other => other,
    }
}

/// What is no multiple changes nothing.
fn to_multiple(arguments: &[Value], change: fn(i64, i64) -> i64) -> Value {
    let length = lenient(arguments, 0);
    let changed = match read(value(arguments, 1)) {
        Ok(multiple) => change(length, multiple),
        Err(_) => length,
    };
    super::shape::duration(changed)
}

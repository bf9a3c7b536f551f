//! Values in Go's words, for warnings and errors.

use crate::govalue::Value;

/// A value as `%v` prints it.
pub(super) fn print(value: &Value) -> String {
    match value {
        Value::Nil => "<nil>".to_owned(),
        Value::Bool(truth) => truth.to_string(),
        Value::Int(number) | Value::Int64(number) => number.to_string(),
        Value::Float(number) => float(*number),
        Value::Text(text) => text.as_str().into_owned(),
        Value::List(items) => {
            let items: Vec<_> = items.iter().map(print).collect();
            format!("[{}]", items.join(" "))
        }
        Value::Map(map) => {
            let entries = map.snapshot();
            let entries: Vec<_> = entries
                .iter()
                .map(|(key, value)| format!("{}:{}", key.as_str(), print(value)))
                .collect();
            format!("map[{}]", entries.join(" "))
        }
        other => other.type_name().to_owned(),
    }
}

/// A value as `%t` prints it, which is for booleans.
pub(super) fn as_bool(value: &Value) -> String {
    match value {
        Value::Bool(truth) => truth.to_string(),
        Value::Nil => "%!t(<nil>)".to_owned(),
        Value::List(items) => {
            let items: Vec<_> = items.iter().map(as_bool).collect();
            format!("[{}]", items.join(" "))
        }
        Value::Map(map) => {
            let entries = map.snapshot();
            let entries: Vec<_> = entries
                .iter()
                .map(|(key, value)| format!("%!t(string={}):{}", key.as_str(), as_bool(value)))
                .collect();
            format!("map[{}]", entries.join(" "))
        }
        other => format!("%!t({}={})", other.type_name(), print(other)),
    }
}

/// A float as Go prints it: with an exponent below 1e-4 and from 1e21.
pub(super) fn float(number: f64) -> String {
    if number.is_nan() {
        return "NaN".to_owned();
    }
    if number.is_infinite() {
        return if number > 0.0 { "+Inf" } else { "-Inf" }.to_owned();
    }
    let written = format!("{number:e}");
    let (digits, exponent) = written.split_once('e').unwrap_or((&written, "0"));
    let power: i32 = exponent.parse().unwrap_or_default();
    if (-4..21).contains(&power) {
        return number.to_string();
    }
    let sign = if power < 0 { '-' } else { '+' };
    format!("{digits}e{sign}{:02}", power.abs())
}

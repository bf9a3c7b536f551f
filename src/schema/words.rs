//! Words for mistakes, and how numbers compare.

use std::cmp::Ordering;

use serde_json::{Number, Value};

use super::shape::Shape;

/// The schema's own words about a value.
pub(super) fn said(shape: &Shape) -> String {
    if shape.description.is_empty() {
        return String::new();
    }
    format!("the schema says: {}", shape.description)
}

/// What a person most likely meant to write.
pub(super) fn retype(shape: &Shape, value: &Value) -> Option<String> {
    let wants = |example: &Value| shape.types.iter().any(|kind| kind.admits(example));
    let text = match value {
        Value::Bool(_) | Value::Number(_) if wants(&Value::String(String::new())) => {
            return Some(format!("quote it: \"{value}\""));
        }
        Value::String(text) => text,
        _ => return None,
    };
    let flag = match text.to_lowercase().as_str() {
        "true" | "yes" | "on" | "y" => Some(true),
        "false" | "no" | "off" | "n" => Some(false),
        _ => None,
    };
    if let Some(flag) = flag.filter(|_| wants(&Value::Bool(true))) {
        return Some(format!("write {flag}, without quotes"));
    }
    let number = text.parse::<Number>().ok()?;
    wants(&Value::Number(number)).then(|| "remove the quotes".to_owned())
}

/// Equal as JSON; numbers by value.
pub(super) fn equal(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => compare(one, other) == Ordering::Equal,
        _ => one == other,
    }
}

/// Integers are compared exactly, everything else as floats.
pub(super) fn compare(one: &Number, other: &Number) -> Ordering {
    if let (Some(one), Some(other)) = (one.as_i128(), other.as_i128()) {
        return one.cmp(&other);
    }
    let float = |number: &Number| number.as_f64().unwrap_or(f64::NAN);
    float(one)
        .partial_cmp(&float(other))
        .unwrap_or(Ordering::Less)
}

/// Integers exactly; floats with the room that `0.01` needs.
pub(super) fn is_multiple(number: &Number, step: &Number) -> bool {
    if let (Some(number), Some(step)) = (number.as_i128(), step.as_i128()) {
        return step != 0 && number % step == 0;
    }
    let (Some(number), Some(step)) = (number.as_f64(), step.as_f64()) else {
        return true;
    };
    let times = number / step;
    (times - times.round()).abs() < 1e-9 * times.abs().max(1.0)
}

//! Numbers as the original's JSON prints them: `20.0` is `20`.

use serde_json::{Number, Value};

/// Turns every whole float in a value into an integer; integers are exact already.
pub(super) fn settle(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(settle),
        Value::Object(map) => map.values_mut().for_each(settle),
        Value::Number(number) => {
            if let Some(whole) = whole(number) {
                *number = whole;
            }
        }
        Value::Null | Value::Bool(_) | Value::String(_) => {}
    }
}

/// The integer that a float is; `None` for integers, fractions, and what no integer type holds.
pub(super) fn whole(number: &Number) -> Option<Number> {
    const LIMIT: f64 = 18_446_744_073_709_551_616.0;
    let float = number.as_f64().filter(|_| number.is_f64())?;
    if float.fract() != 0.0 || !(-LIMIT / 2.0..LIMIT).contains(&float) {
        return None;
    }
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the float is whole and in the range of 65 bits"
    )]
    Number::from_i128(float as i128)
}

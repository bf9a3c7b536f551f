//! Numbers. All arithmetic but `floor`, `ceil` and `round` is of whole numbers, as in sprig.

use minijinja::Value;
use minijinja::value::ValueKind;

use crate::function::{Arguments, Error, Function, Piped, tree};

use super::MANY;

pub(super) const ALL: &[Function] = &[
    Function::new("int", "value", (1, 1), int),
    Function::new("int64", "value", (1, 1), int),
    Function::new("atoi", "text", (1, 1), int),
    Function::new("float64", "value", (1, 1), float64),
    Function::new("add", "number…", (1, MANY), add),
    Function::new("add1", "number", (1, 1), add1),
    Function::new("sub", "number, less", (2, 2), sub).piped(Piped::First),
    Function::new("mul", "number…", (1, MANY), mul),
    Function::new("div", "number, by", (2, 2), div).piped(Piped::First),
    Function::new("mod", "number, by", (2, 2), modulo).piped(Piped::First),
    Function::new("max", "number…", (1, MANY), max),
    Function::new("min", "number…", (1, MANY), min),
    Function::new("floor", "number", (1, 1), floor),
    Function::new("ceil", "number", (1, 1), ceil),
    Function::new("round", "number, digits", (1, 2), round).piped(Piped::First),
];

const TOO_LARGE: &str = "the result is too large for a whole number";

/// A whole number of what can be read as one. Sprig makes 0 of everything else; here it is an error.
fn whole(arguments: &Arguments<'_>, index: usize, value: &Value) -> Result<i64, Error> {
    match value.kind() {
        ValueKind::Bool => Ok(i64::from(value.is_true())),
        ValueKind::None => Ok(0),
        ValueKind::Number => match tree::whole_of(value) {
            Some(whole) => i64::try_from(whole).map_err(|_| arguments.unusable(TOO_LARGE)),
            None => truncate(arguments, tree::float_of(value)),
        },
        ValueKind::String => {
            let text = value.as_str().unwrap_or_default();
            read_whole(text)
                .ok_or_else(|| arguments.unusable(format!("{text:?} is not a whole number")))
        }
        _ => Err(arguments.wrong_kind(index, "a number")),
    }
}

/// Towards zero.
#[expect(clippy::cast_possible_truncation, reason = "the range is checked")]
fn truncate(arguments: &Arguments<'_>, float: f64) -> Result<i64, Error> {
    if float.abs() < 9.2e18 {
        Ok(float as i64)
    } else {
        Err(arguments.unusable(TOO_LARGE))
    }
}

/// `12`, `-0x1F`, `0b11`, `0o17`, `1_000`; a leading zero is no octal: people write `007` as 7.
fn read_whole(text: &str) -> Option<i64> {
    let digits = text.trim().replace('_', "");
    let (sign, digits) = digits
        .strip_prefix('-')
        .map_or(("", &*digits), |rest| ("-", rest));
    let (radix, digits) = match digits.get(..2) {
        Some("0x" | "0X") => (16, digits.get(2..)?),
        Some("0o" | "0O") => (8, digits.get(2..)?),
        Some("0b" | "0B") => (2, digits.get(2..)?),
        _ => (10, digits.strip_prefix('+').unwrap_or(digits)),
    };
    if digits.starts_with(['+', '-']) {
        return None;
    }
    i64::from_str_radix(&format!("{sign}{digits}"), radix).ok()
}

fn fold(arguments: &Arguments<'_>, combine: fn(i64, i64) -> Option<i64>) -> Result<Value, Error> {
    // `[1, 2] | max`, as Jinja has it.
    let listed = match arguments.all() {
        [only] if only.kind() == ValueKind::Seq => Some(arguments.list(0)?),
        _ => None,
    };
    let mut result = None;
    for (index, value) in listed
        .as_deref()
        .unwrap_or(arguments.all())
        .iter()
        .enumerate()
    {
        let number = whole(arguments, index, value)?;
        result = Some(match result {
            None => number,
            Some(before) => combine(before, number).ok_or_else(|| arguments.unusable(TOO_LARGE))?,
        });
    }
    result
        .map(Value::from)
        .ok_or_else(|| arguments.unusable("the list is empty"))
}

fn pair(arguments: &Arguments<'_>) -> Result<(i64, i64), Error> {
    let one = whole(arguments, 0, arguments.value(0))?;
    Ok((one, whole(arguments, 1, arguments.value(1))?))
}

fn int(arguments: &Arguments<'_>) -> Result<Value, Error> {
    whole(arguments, 0, arguments.value(0)).map(Value::from)
}

fn float64(arguments: &Arguments<'_>) -> Result<Value, Error> {
    float(arguments).map(Value::from)
}

fn float(arguments: &Arguments<'_>) -> Result<f64, Error> {
    let value = arguments.value(0);
    match value.kind() {
        ValueKind::Bool => Ok(f64::from(u8::from(value.is_true()))),
        ValueKind::None => Ok(0.0),
        ValueKind::Number => Ok(tree::float_of(value)),
        ValueKind::String => {
            let text = value.as_str().unwrap_or_default();
            let number = text
                .trim()
                .parse::<f64>()
                .ok()
                .filter(|float| float.is_finite());
            number.ok_or_else(|| arguments.unusable(format!("{text:?} is not a number")))
        }
        _ => Err(arguments.wrong_kind(0, "a number")),
    }
}

fn add(arguments: &Arguments<'_>) -> Result<Value, Error> {
    fold(arguments, i64::checked_add)
}

fn add1(arguments: &Arguments<'_>) -> Result<Value, Error> {
    let sum = whole(arguments, 0, arguments.value(0))?.checked_add(1);
    sum.map(Value::from)
        .ok_or_else(|| arguments.unusable(TOO_LARGE))
}

fn sub(arguments: &Arguments<'_>) -> Result<Value, Error> {
    let (number, less) = pair(arguments)?;
    let rest = number.checked_sub(less);
    rest.map(Value::from)
        .ok_or_else(|| arguments.unusable(TOO_LARGE))
}

fn mul(arguments: &Arguments<'_>) -> Result<Value, Error> {
    fold(arguments, i64::checked_mul)
}

fn div(arguments: &Arguments<'_>) -> Result<Value, Error> {
    let (number, by) = pair(arguments)?;
    let part = number.checked_div(by);
    part.map(Value::from)
        .ok_or_else(|| arguments.unusable("cannot divide by zero"))
}

fn modulo(arguments: &Arguments<'_>) -> Result<Value, Error> {
    let (number, by) = pair(arguments)?;
    let rest = number.checked_rem(by);
    rest.map(Value::from)
        .ok_or_else(|| arguments.unusable("cannot divide by zero"))
}

fn max(arguments: &Arguments<'_>) -> Result<Value, Error> {
    fold(arguments, |one, other| Some(one.max(other)))
}

fn min(arguments: &Arguments<'_>) -> Result<Value, Error> {
    fold(arguments, |one, other| Some(one.min(other)))
}

fn floor(arguments: &Arguments<'_>) -> Result<Value, Error> {
    float(arguments).map(f64::floor).map(Value::from)
}

fn ceil(arguments: &Arguments<'_>) -> Result<Value, Error> {
    float(arguments).map(f64::ceil).map(Value::from)
}

fn round(arguments: &Arguments<'_>) -> Result<Value, Error> {
    let digits = match arguments.rest(1) {
        [] => 0,
        _ => arguments.integer(1)?,
    };
    let digits = i32::try_from(digits.clamp(-15, 15)).unwrap_or_default();
    let scale = 10_f64.powi(digits);
    Ok(((float(arguments)? * scale).round() / scale).into())
}

#[cfg(test)]
mod tests {
    use super::super::rows;

    rows! {
        int ["07"] => 7;
        int ["0x1F"] => 31;
        int ["-0b11"] => (-3);
        int ["1_000"] => 1000;
        int [1.9] => 1;
        int [-1.9] => (-1);
        int [true] => 1;
        int [null] => 0;
        int ["1.9"] != "\"1.9\" is not a whole number";
        int ["junk"] != "\"junk\" is not a whole number";
        int ["--1"] != "is not a whole number";
        int ["+-1"] != "is not a whole number";
        int ["é"] != "is not a whole number";
        int [1e300] != "too large";
        int [[]] != "value must be a number, got a list";
        atoi ["12"] => 12;
        float64 ["1.5"] => 1.5;
        float64 [2] => 2.0;
        float64 ["inf"] != "is not a number";
        add [1, 2, "3"] => 6;
        add [1.9, 2] => 3;
        add [9_223_372_036_854_775_807_i64, 1] != "too large";
        add1 [1] => 2;
        sub [5, 3] => 2;
        mul [2, 3, 4] => 24;
        div [7, 2] => 3;
        div [1, 0] != "cannot divide by zero";
        mod [7, 4] => 3;
        mod [7, 0] != "cannot divide by zero";
        max [1, 3, 2] => 3;
        max [[1, 3]] => 3;
        max [[]] != "the list is empty";
        min [2, "1"] => 1;
        floor [1.7] => 1.0;
        ceil [1.2] => 2.0;
        round [1.256, 2] => 1.26;
        round [1.5] => 2.0;
    }
}

//! Choosing, and giving up.

use minijinja::Value;
use minijinja::value::ValueKind;

use crate::function::{Arguments, Error, Function};

use super::MANY;

pub(super) const ALL: &[Function] = &[
    Function::new("default", "otherwise, value", (1, 2), default).takes_undefined(),
    Function::new("coalesce", "value…", (1, MANY), coalesce).takes_undefined(),
    Function::new("empty", "value", (1, 1), empty).takes_undefined(),
    Function::new("required", "message, value", (2, 2), required).takes_undefined(),
    Function::new("fail", "message", (1, 1), fail),
    Function::new("ternary", "yes, no, condition", (3, 3), ternary),
    Function::new("kindOf", "value", (1, 1), kind_of),
    Function::new("kindIs", "kind, value", (2, 2), kind_is),
];

/// Whether a value counts as nothing: undefined, null, `false`, 0, and empty text, list and map.
fn is_empty(value: &Value) -> bool {
    !value.is_true()
}

#[expect(clippy::unnecessary_wraps, reason = "functions have one signature")]
fn default(arguments: &Arguments<'_>) -> Result<Value, Error> {
    let [otherwise, value] = arguments.all() else {
        return Ok(arguments.value(0).clone());
    };
    Ok(if is_empty(value) { otherwise } else { value }.clone())
}

#[expect(clippy::unnecessary_wraps, reason = "functions have one signature")]
fn coalesce(arguments: &Arguments<'_>) -> Result<Value, Error> {
    let found = arguments.all().iter().find(|value| !is_empty(value));
    Ok(found.cloned().unwrap_or_else(|| ().into()))
}

#[expect(clippy::unnecessary_wraps, reason = "functions have one signature")]
fn empty(arguments: &Arguments<'_>) -> Result<Value, Error> {
    Ok(is_empty(arguments.value(0)).into())
}

/// Only undefined, null and the empty text are missing, as in Helm: 0 and `false` are answers.
fn required(arguments: &Arguments<'_>) -> Result<Value, Error> {
    let (message, value) = (arguments.text(0)?, arguments.value(1));
    if value.is_undefined() || value.is_none() || value.as_str() == Some("") {
        return Err(Error::Told(message.to_owned()));
    }
    Ok(value.clone())
}

fn fail(arguments: &Arguments<'_>) -> Result<Value, Error> {
    Err(Error::Told(arguments.text(0)?.to_owned()))
}

fn ternary(arguments: &Arguments<'_>) -> Result<Value, Error> {
    let chosen = if arguments.truth(2)? { 0 } else { 1 };
    Ok(arguments.value(chosen).clone())
}

#[expect(clippy::unnecessary_wraps, reason = "functions have one signature")]
fn kind_of(arguments: &Arguments<'_>) -> Result<Value, Error> {
    Ok(go_kind(arguments.value(0)).into())
}

fn kind_is(arguments: &Arguments<'_>) -> Result<Value, Error> {
    Ok((arguments.text(0)? == go_kind(arguments.value(1))).into())
}

/// The kind of a value in Go's words, which charts compare with.
fn go_kind(value: &Value) -> &'static str {
    match value.kind() {
        ValueKind::Undefined | ValueKind::None => "invalid",
        ValueKind::Bool => "bool",
        ValueKind::Number if value.is_integer() => "int64",
        ValueKind::Number => "float64",
        ValueKind::String => "string",
        ValueKind::Bytes | ValueKind::Seq | ValueKind::Iterable => "slice",
        ValueKind::Map => "map",
        _ => "struct",
    }
}

#[cfg(test)]
mod tests {
    use super::super::rows;
    use minijinja::Value;

    rows! {
        default ["x", null] => "x";
        default ["x", ""] => "x";
        default ["x", 0] => "x";
        default ["x", false] => "x";
        default ["x", []] => "x";
        default ["x", "a"] => "a";
        default ["x"] => "x";
        default [] != "default(otherwise, value) was given 0 arguments";
        coalesce [null, "", 0, "a", "b"] => "a";
        coalesce [null] => null;
        empty [{}] => true;
        empty ["false"] => false;
        required ["tell me", "a"] => "a";
        required ["tell me", false] => false;
        required ["tell me", 0] => 0;
        required ["tell me", ""] != "tell me";
        required ["tell me", null] != "tell me";
        fail ["no: not so"] != "no: not so";
        ternary ["yes", "no", true] => "yes";
        ternary ["yes", "no", false] => "no";
        ternary ["yes", "no", 1] != "condition must be true or false, got a whole number";
        kindOf [{}] => "map";
        kindOf [1.5] => "float64";
        kindIs ["slice", []] => true;
        kindIs ["string", 1] => false;
    }

    #[test]
    fn undefined_values_are_empty() {
        for (name, arguments, expected) in [
            (
                "default",
                vec![Value::from("x"), Value::UNDEFINED],
                Value::from("x"),
            ),
            (
                "coalesce",
                vec![Value::UNDEFINED, Value::from(1)],
                Value::from(1),
            ),
            ("empty", vec![Value::UNDEFINED], Value::from(true)),
        ] {
            let function = crate::function::all().find(|one| one.name == name).unwrap();
            assert!(function.takes_undefined);
            assert_eq!(function.call(&arguments).unwrap(), expected, "{name}");
        }
    }
}

//! Texts.

use super::{Cost, Native, Outcome};
use crate::jq::{
    failure::Failure,
    value::{Value, parse_number, read_json, to_float, to_index, write_json},
};

pub(super) const FUNCTIONS: &[Native] = &[
    Native::new("startswith", 1, Cost::None, |_, [value, part, ..]| {
        let (text, part) = both("startswith", &value, &part)?;
        Ok(Value::Bool(text.starts_with(part)))
    }),
    Native::new("endswith", 1, Cost::None, |_, [value, part, ..]| {
        let (text, part) = both("endswith", &value, &part)?;
        Ok(Value::Bool(text.ends_with(part)))
    }),
    Native::new("ltrimstr", 1, Cost::Length, |_, [value, part, ..]| {
        let (text, part) = both("ltrimstr", &value, &part)?;
        Ok(Value::text(text.strip_prefix(part).unwrap_or(text)))
    }),
    Native::new("rtrimstr", 1, Cost::Length, |_, [value, part, ..]| {
        let (text, part) = both("rtrimstr", &value, &part)?;
        Ok(Value::text(text.strip_suffix(part).unwrap_or(text)))
    }),
    Native::new("trimstr", 1, Cost::Length, |_, [value, part, ..]| {
        let (text, part) = both("trimstr", &value, &part)?;
        let text = text.strip_prefix(part).unwrap_or(text);
        Ok(Value::text(text.strip_suffix(part).unwrap_or(text)))
    }),
    Native::new("trim", 0, Cost::Length, |_, [value, ..]| {
        Ok(Value::text(one("trim", &value)?.trim()))
    }),
    Native::new("ltrim", 0, Cost::Length, |_, [value, ..]| {
        Ok(Value::text(one("ltrim", &value)?.trim_start()))
    }),
    Native::new("rtrim", 0, Cost::Length, |_, [value, ..]| {
        Ok(Value::text(one("rtrim", &value)?.trim_end()))
    }),
    Native::new("ascii_downcase", 0, Cost::Length, |_, [value, ..]| {
        Ok(Value::from(
            one("ascii_downcase", &value)?.to_ascii_lowercase(),
        ))
    }),
    Native::new("ascii_upcase", 0, Cost::Length, |_, [value, ..]| {
        Ok(Value::from(
            one("ascii_upcase", &value)?.to_ascii_uppercase(),
        ))
    }),
    Native::new("explode", 0, Cost::Length, |meter, [value, ..]| {
        let text = one("explode", &value)?;
        meter.charge(text.len() as u64 / 4)?;
        meter.reserve(48 * text.len())?;
        Ok(Value::list(
            text.chars()
                .map(|letter| Value::Int(i64::from(u32::from(letter))))
                .collect(),
        )?)
    }),
    Native::new("implode", 0, Cost::Length, |_, [value, ..]| implode(&value)),
    Native::new("split", 1, Cost::Length, |meter, [value, separator, ..]| {
        let text = one("split", &value)?;
        let separator = one("split", &separator)?;
        meter.charge(text.len() as u64 / 8)?;
        meter.reserve(48 * text.len())?;
        let parts: Vec<Value> = if separator.is_empty() {
            text.chars()
                .map(|letter| Value::text(letter.encode_utf8(&mut [0; 4])))
                .collect()
        } else {
            text.split(separator).map(Value::text).collect()
        };
        Ok(Value::list(parts)?)
    }),
    Native::new("tojson", 0, Cost::Whole, |meter, [value, ..]| {
        meter.reserve(2 * usize::try_from(value.bytes()).unwrap_or(usize::MAX))?;
        Ok(Value::from(json(&value)))
    }),
    Native::new("@json", 0, Cost::Whole, |_, [value, ..]| {
        Ok(Value::from(json(&value)))
    }),
    Native::new("tostring", 0, Cost::Whole, |_, [value, ..]| {
        Ok(to_string(value))
    }),
    Native::new("@text", 0, Cost::Whole, |_, [value, ..]| {
        Ok(to_string(value))
    }),
    Native::new("fromjson", 0, Cost::Length, |meter, [value, ..]| {
        let text = one("fromjson", &value)?;
        meter.charge(text.len() as u64 / 8)?;
        meter.reserve(text.len().saturating_mul(24))?;
        read_json(text).map_err(|cause| Failure::Message(cause).within("fromjson", &[], &value))
    }),
    Native::new("tonumber", 0, Cost::Length, |_, [value, ..]| match &value {
        Value::Text(text) if is_number(text) => Ok(parse_number(text.trim_start_matches('+'))),
        Value::Text(_) => {
            Err(Failure::Message("invalid number".to_owned()).within("tonumber", &[], &value))
        }
        _ if to_float(&value).is_some() => Ok(value),
        _ => Err(Failure::applied("tonumber", &value)),
    }),
];

pub(super) fn one<'a>(name: &str, value: &'a Value) -> Result<&'a str, Failure> {
    match value {
        Value::Text(text) => Ok(text),
        _ => Err(Failure::applied(name, value)),
    }
}

fn both<'a>(name: &str, value: &'a Value, part: &'a Value) -> Result<(&'a str, &'a str), Failure> {
    match (value, part) {
        (Value::Text(text), Value::Text(part)) => Ok((text, part)),
        _ => Err(Failure::applied_with(name, &[part], value)),
    }
}

pub(super) fn json(value: &Value) -> String {
    let mut text = String::new();
    write_json(value, &mut text);
    text
}

/// A text as it is, all else as JSON.
pub(super) fn to_string(value: Value) -> Value {
    if let Value::Text(_) = value {
        value
    } else {
        Value::from(json(&value))
    }
}

/// The parts of a text; an empty one has none.
pub(super) fn split(text: &str, separator: &str) -> Outcome {
    if text.is_empty() {
        return Ok(Value::empty_list());
    }
    if separator.is_empty() {
        let letters = text
            .chars()
            .map(|letter| Value::text(letter.encode_utf8(&mut [0; 4])));
        return Ok(Value::list(letters.collect())?);
    }
    Ok(Value::list(
        text.split(separator).map(Value::text).collect(),
    )?)
}

fn implode(value: &Value) -> Outcome {
    let Value::List(list) = value else {
        return Err(Failure::applied("implode", value));
    };
    let mut text = String::with_capacity(list.len());
    for item in list.iter() {
        let Some(code) = to_index(item) else {
            return Err(Failure::applied("implode", value));
        };
        let letter = u32::try_from(code).ok().and_then(char::from_u32);
        text.push(letter.unwrap_or('\u{fffd}'));
    }
    Ok(Value::from(text))
}

/// Digits with a point and a power, as a filter's own numbers, and a sign.
fn is_number(text: &str) -> bool {
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (base, power) = match unsigned.split_once(['e', 'E']) {
        Some((base, power)) => (base, Some(power.strip_prefix(['+', '-']).unwrap_or(power))),
        None => (unsigned, None),
    };
    let (whole, part) = base.split_once('.').unwrap_or((base, ""));
    let has_head = !whole.is_empty() || !part.is_empty() && base.starts_with('.');
    digits(whole)
        && digits(part)
        && has_head
        && power.is_none_or(|power| !power.is_empty() && digits(power))
}

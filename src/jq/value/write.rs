//! Values as JSON text: compact, keys sorted, numbers as jq writes them.

use std::fmt::Write as _;

use super::Value;

/// Appends the JSON text of a value.
pub(in crate::jq) fn write_json(value: &Value, out: &mut String) {
    write_up_to(value, out, usize::MAX);
}

/// Stops once `out` holds `most` bytes.
fn write_up_to(value: &Value, out: &mut String, most: usize) {
    match value {
        Value::Null | Value::Hole | Value::Closure(..) => out.push_str("null"),
        Value::Bool(true) => out.push_str("true"),
        Value::Bool(false) => out.push_str("false"),
        Value::Int(number) => _ = write!(out, "{number}"),
        Value::Big(number) => _ = write!(out, "{number}"),
        Value::Float(number) => write_float(*number, out),
        Value::Text(text) => write_string(text, out),
        Value::List(list) => {
            out.push('[');
            for (index, item) in list.iter().enumerate() {
                if out.len() >= most {
                    return;
                }
                if index > 0 {
                    out.push(',');
                }
                write_up_to(item, out, most);
            }
            out.push(']');
        }
        Value::Map(map) => {
            out.push('{');
            for (index, (key, item)) in map.iter().enumerate() {
                if out.len() >= most {
                    return;
                }
                if index > 0 {
                    out.push(',');
                }
                write_string(key, out);
                out.push(':');
                write_up_to(item, out, most);
            }
            out.push('}');
        }
    }
}

/// No number is null; the infinite ones are the greatest finite ones.
fn write_float(number: f64, out: &mut String) {
    if number.is_nan() {
        out.push_str("null");
        return;
    }
    let number = number.clamp(f64::MIN, f64::MAX);
    let size = number.abs();
    if size != 0.0 && size < 1e-6 || size >= 1e21 {
        let plain = format!("{number:e}");
        match plain.split_once('e') {
            Some((digits, power)) if !power.starts_with('-') => {
                _ = write!(out, "{digits}e+{power}");
            }
            _ => out.push_str(&plain),
        }
    } else {
        _ = write!(out, "{number}");
    }
}

/// Appends a quoted text.
fn write_string(text: &str, out: &mut String) {
    out.push('"');
    let mut start = 0;
    for (place, byte) in text.bytes().enumerate() {
        if (b' '..0x7f).contains(&byte) && byte != b'"' && byte != b'\\' || byte >= 0x80 {
            continue;
        }
        out.push_str(text.get(start..place).unwrap_or_default());
        start = place + 1;
        match byte {
            b'"' => out.push_str("\\\""),
            b'\\' => out.push_str("\\\\"),
            0x08 => out.push_str("\\b"),
            0x0c => out.push_str("\\f"),
            b'\n' => out.push_str("\\n"),
            b'\r' => out.push_str("\\r"),
            b'\t' => out.push_str("\\t"),
            _ => _ = write!(out, "\\u{byte:04x}"),
        }
    }
    out.push_str(text.get(start..).unwrap_or_default());
    out.push('"');
}

/// The beginning of a value's JSON text, for messages: 30 bytes at most.
pub(in crate::jq) fn preview(value: &Value) -> String {
    const MOST: usize = 30;
    let mut text = String::new();
    match value {
        // A long text is cut first: writing all of it would be work for nothing.
        Value::Text(whole) => write_string(cut(whole, 32), &mut text),
        _ => write_up_to(value, &mut text, 33),
    }
    if text.len() <= MOST {
        return text;
    }
    let tail = match value {
        Value::Text(_) => " ...\"",
        Value::List(_) => " ...]",
        Value::Map(_) => " ...}",
        _ => " ...",
    };
    let mut text = cut(&text, MOST - tail.len()).to_owned();
    text.push_str(tail);
    text
}

/// The type and the beginning of a value, for messages.
pub(in crate::jq) fn typed_preview(value: &Value) -> String {
    match value {
        Value::Null | Value::Hole | Value::Closure(..) => "null".to_owned(),
        _ => format!("{} ({})", value.type_name(), preview(value)),
    }
}

/// The longest beginning of at most so many bytes.
fn cut(text: &str, most: usize) -> &str {
    let mut end = most.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default()
}

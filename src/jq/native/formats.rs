//! `@csv` and its kin.

use std::fmt::Write as _;

use base64::{
    Engine, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig, general_purpose::STANDARD},
};

use super::{
    Cost, Native, Outcome,
    texts::{json, to_string},
};
use crate::jq::{failure::Failure, value::Value};

pub(super) const FUNCTIONS: &[Native] = &[
    Native::new("format", 1, Cost::Whole, |meter, [value, name, ..]| {
        let Value::Text(name) = &name else {
            return Err(Failure::applied("format", &name));
        };
        let name = format!("@{}", name.as_str());
        match super::find(&name, 0) {
            Some(format) => format.call(meter, [value, Value::Null, Value::Null, Value::Null]),
            None => Err(Failure::Message(format!("format not defined: {name}"))),
        }
    }),
    Native::new("@html", 0, Cost::Whole, |_, [value, ..]| {
        Ok(escaped(value, |letter| match letter {
            '<' => Some("&lt;"),
            '>' => Some("&gt;"),
            '&' => Some("&amp;"),
            '\'' => Some("&apos;"),
            '"' => Some("&quot;"),
            _ => None,
        }))
    }),
    Native::new("@uri", 0, Cost::Whole, |_, [value, ..]| {
        let mut uri = String::new();
        for byte in plain(value).bytes() {
            if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
                uri.push(char::from(byte));
            } else {
                _ = write!(uri, "%{byte:02X}");
            }
        }
        Ok(Value::from(uri))
    }),
    Native::new("@urid", 0, Cost::Whole, |_, [value, ..]| {
        uri_decoded(&value)
    }),
    Native::new("@csv", 0, Cost::Whole, |_, [value, ..]| {
        row("csv", &value, ",", |text| {
            format!("\"{}\"", text.replace('"', "\"\"").replace('\0', "\\0"))
        })
    }),
    Native::new("@tsv", 0, Cost::Whole, |_, [value, ..]| {
        row("tsv", &value, "\t", |text| {
            let text = text
                .replace('\\', "\\\\")
                .replace('\t', "\\t")
                .replace('\r', "\\r");
            text.replace('\n', "\\n").replace('\0', "\\0")
        })
    }),
    Native::new("@sh", 0, Cost::Whole, |_, [value, ..]| {
        let value = if let Value::List(_) = value {
            value
        } else {
            Value::list(vec![value])?
        };
        row("sh", &value, " ", |text| {
            format!("'{}'", text.replace('\'', "'\\''").replace('\0', "\\0"))
        })
    }),
    Native::new("@base64", 0, Cost::Whole, |_, [value, ..]| {
        Ok(Value::from(STANDARD.encode(plain(value))))
    }),
    Native::new("@base64d", 0, Cost::Whole, |_, [value, ..]| {
        let text = plain(value.clone());
        let text = text
            .split('=')
            .next()
            .unwrap_or_default()
            .replace(['\r', '\n'], "");
        let config = GeneralPurposeConfig::new()
            .with_decode_padding_mode(DecodePaddingMode::RequireNone)
            .with_decode_allow_trailing_bits(true);
        match GeneralPurpose::new(&alphabet::STANDARD, config).decode(&text) {
            Ok(bytes) => Ok(Value::from(String::from_utf8_lossy(&bytes).into_owned())),
            Err(error) => {
                let cause = Failure::Message(format!("illegal base64 data: {error}"));
                Err(cause.within("@base64d", &[], &value))
            }
        }
    }),
    Native::new("@base32", 0, Cost::Whole, |_, [value, ..]| {
        Ok(Value::from(base32(plain(value).as_bytes())))
    }),
    Native::new("@base32d", 0, Cost::Whole, |_, [value, ..]| {
        let text = plain(value.clone());
        if let Some(bytes) = base32_decoded(&text) {
            Ok(Value::from(String::from_utf8_lossy(&bytes).into_owned()))
        } else {
            let cause = Failure::Message("illegal base32 data".to_owned());
            Err(cause.within("@base32d", &[], &value))
        }
    }),
];

fn plain(value: Value) -> String {
    match to_string(value) {
        Value::Text(text) => text.as_str().to_owned(),
        _ => String::new(),
    }
}

fn escaped(value: Value, escape: fn(char) -> Option<&'static str>) -> Value {
    let mut text = String::new();
    for letter in plain(value).chars() {
        match escape(letter) {
            Some(escape) => text.push_str(escape),
            None => text.push(letter),
        }
    }
    Value::from(text)
}

fn row(name: &str, value: &Value, separator: &str, quote: fn(&str) -> String) -> Outcome {
    let Value::List(items) = value else {
        return Err(Failure::applied(&format!("@{name}"), value));
    };
    let mut cells = Vec::with_capacity(items.len());
    for item in items.iter() {
        cells.push(match item {
            Value::List(_) | Value::Map(_) => {
                let message = format!("@{name} cannot format an array including");
                return Err(Failure::about(&message, item));
            }
            Value::Text(text) => quote(text),
            item => Some(json(item))
                .filter(|text| text != "null" || name == "sh")
                .unwrap_or_default(),
        });
    }
    Ok(Value::from(cells.join(separator)))
}

fn uri_decoded(value: &Value) -> Outcome {
    let text = plain(value.clone());
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((byte, after)) = rest.split_first() {
        rest = after;
        if *byte != b'%' {
            bytes.push(*byte);
            continue;
        }
        let digits = after
            .get(..2)
            .and_then(|digits| std::str::from_utf8(digits).ok());
        let code = digits
            .filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()))
            .and_then(|digits| u8::from_str_radix(digits, 16).ok());
        let Some(code) = code else {
            let shown =
                String::from_utf8_lossy(after.get(..2.min(after.len())).unwrap_or_default());
            let cause = Failure::Message(format!("invalid URL escape \"%{shown}\""));
            return Err(cause.within("@urid", &[], value));
        };
        bytes.push(code);
        rest = after.get(2..).unwrap_or_default();
    }
    Ok(Value::from(String::from_utf8_lossy(&bytes).into_owned()))
}

const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

fn base32(bytes: &[u8]) -> String {
    let mut text = String::new();
    for chunk in bytes.chunks(5) {
        let whole = (0..5).fold(0_u64, |sum, place| {
            sum << 8 | u64::from(chunk.get(place).copied().unwrap_or(0))
        });
        let letters = (chunk.len() * 8).div_ceil(5);
        for place in 0..8 {
            let code = (whole >> (35 - 5 * place) & 31) as usize;
            text.push(if place < letters {
                char::from(BASE32[code])
            } else {
                '='
            });
        }
    }
    text
}

fn base32_decoded(text: &str) -> Option<Vec<u8>> {
    let (mut bytes, mut held, mut bits) = (Vec::new(), 0_u32, 0);
    for letter in text.trim_end_matches('=').bytes() {
        let code = BASE32.iter().position(|known| *known == letter)?;
        held = (held << 5 | u32::try_from(code).ok()?) & 0xfff;
        bits += 5;
        if bits >= 8 {
            bits -= 8;
            bytes.push(u8::try_from(held >> bits & 0xff).ok()?);
        }
    }
    Some(bytes)
}

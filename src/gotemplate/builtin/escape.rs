//! `html`, `js` and `urlquery`.

use std::io::Write as _;

use crate::govalue::print::{self, first_rune, is_printable};
use crate::govalue::{Error, Value, World};

/// The arguments as one text: what is missing prints as in actions.
pub(super) fn text(world: &dyn World, arguments: &[Value]) -> Result<Vec<u8>, Error> {
    if let [Value::Text(text)] = arguments {
        return Ok(text.to_vec());
    }
    let shown = arguments.iter().map(|argument| match argument {
        Value::Nil => Value::from("<no value>"),
        other => other.clone(),
    });
    let shown: Vec<Value> = shown.collect();
    print::print(world, &shown)
}

pub(super) fn html(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    for byte in text {
        match byte {
            0 => out.extend_from_slice("\u{fffd}".as_bytes()),
            b'"' => out.extend_from_slice(b"&#34;"),
            b'\'' => out.extend_from_slice(b"&#39;"),
            b'&' => out.extend_from_slice(b"&amp;"),
            b'<' => out.extend_from_slice(b"&lt;"),
            b'>' => out.extend_from_slice(b"&gt;"),
            byte => out.push(*byte),
        }
    }
    out
}

pub(super) fn js(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.first() {
        let (rune, width) = first_rune(rest);
        // Writing to a vector does not fail.
        let _ = match first {
            b'\\' => out.write_all(b"\\\\"),
            b'\'' => out.write_all(b"\\'"),
            b'"' => out.write_all(b"\\\""),
            b'<' | b'>' | b'&' | b'=' | 0..0x20 => write!(out, "\\u00{first:02X}"),
            0x20..0x80 => out.write_all(&[*first]),
            _ => match rune.unwrap_or(char::REPLACEMENT_CHARACTER) {
                rune if is_printable(rune) => out.write_all(rest.get(..width).unwrap_or_default()),
                rune => write!(out, "\\u{:04X}", u32::from(rune)),
            },
        };
        rest = rest.get(width..).unwrap_or_default();
    }
    out
}

pub(super) fn url_query(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    for byte in text {
        // Writing to a vector does not fail.
        let _ = match byte {
            b' ' => out.write_all(b"+"),
            b'-' | b'_' | b'.' | b'~' => out.write_all(&[*byte]),
            byte if byte.is_ascii_alphanumeric() => out.write_all(&[*byte]),
            byte => write!(out, "%{byte:02X}"),
        };
    }
    out
}

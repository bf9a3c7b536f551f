//! Base64 and base32, with the words of Go's decoders for what is none.

#![expect(clippy::unnecessary_wraps, reason = "functions have one signature")]

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::govalue::{Context, Error, Value};
use crate::sprig::arguments::bytes;

pub(super) fn b64enc(context: &Context<'_>, arguments: &[Value]) -> Result<Value, Error> {
    let bytes = bytes(arguments, 0);
    context.world.spend(bytes.len() / 3 * 4)?;
    Ok(STANDARD.encode(bytes).into())
}

/// Why a text is no base64 is given in place of what it means.
pub(super) fn b64dec(_: &Context<'_>, arguments: &[Value]) -> Result<Value, Error> {
    Ok(match decode_base64(bytes(arguments, 0)) {
        Ok(bytes) => Value::text(bytes),
        Err(place) => format!("illegal base64 data at input byte {place}").into(),
    })
}

pub(super) fn b32enc(context: &Context<'_>, arguments: &[Value]) -> Result<Value, Error> {
    let bytes = bytes(arguments, 0);
    context.world.spend(bytes.len() / 5 * 8)?;
    Ok(encode_base32(bytes).into())
}

pub(super) fn b32dec(_: &Context<'_>, arguments: &[Value]) -> Result<Value, Error> {
    Ok(match decode_base32(bytes(arguments, 0)) {
        Ok(bytes) => Value::text(bytes),
        Err(place) => format!("illegal base32 data at input byte {place}").into(),
    })
}

/// Decodes as Go does: line breaks are skipped, padding is needed, unused bits may be set.
///
/// # Errors
///
/// The place at which Go gives up.
pub(in crate::sprig) fn decode_base64(text: &[u8]) -> Result<Vec<u8>, usize> {
    let mut out = Vec::with_capacity(text.len() / 4 * 3);
    let mut group = [0; 4];
    let mut count = 0;
    let mut at = 0;
    while let Some(byte) = text.get(at) {
        at += 1;
        match sextet(*byte) {
            Some(bits) => {
                group[count] = bits;
                count += 1;
                if count == 4 {
                    push_group(&mut out, group, 3);
                    count = 0;
                }
            }
            None if is_break(*byte) => {}
            None if *byte == b'=' => {
                padding(text, at, count)?;
                group[count..].fill(0);
                push_group(&mut out, group, count - 1);
                return Ok(out);
            }
            None => return Err(at - 1),
        }
    }
    if count == 0 { Ok(out) } else { Err(at - count) }
}

/// Checks what follows the first `=` of a group.
fn padding(text: &[u8], mut at: usize, count: usize) -> Result<(), usize> {
    let skip = |mut at: usize| {
        while text.get(at).is_some_and(|byte| is_break(*byte)) {
            at += 1;
        }
        at
    };
    if count < 2 {
        return Err(at - 1);
    }
    if count == 2 {
        at = skip(at);
        match text.get(at) {
            None => return Err(text.len()),
            Some(b'=') => at += 1,
            Some(_) => return Err(at - 1),
        }
    }
    at = skip(at);
    if at < text.len() { Err(at) } else { Ok(()) }
}

fn push_group(out: &mut Vec<u8>, group: [u8; 4], bytes: usize) {
    let bits = group
        .iter()
        .fold(0_u32, |bits, sextet| bits << 6 | u32::from(*sextet));
    out.extend_from_slice(&bits.to_be_bytes()[1..=bytes]);
}

fn sextet(byte: u8) -> Option<u8> {
    match byte {
        b'A'..=b'Z' => Some(byte - b'A'),
        b'a'..=b'z' => Some(byte - b'a' + 26),
        b'0'..=b'9' => Some(byte - b'0' + 52),
        b'+' => Some(62),
        b'/' => Some(63),
        _ => None,
    }
}

fn is_break(byte: u8) -> bool {
    matches!(byte, b'\r' | b'\n')
}

const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

fn encode_base32(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len().div_ceil(5) * 8);
    for chunk in bytes.chunks(5) {
        let mut padded = [0; 8];
        padded[3..3 + chunk.len()].copy_from_slice(chunk);
        let bits = u64::from_be_bytes(padded);
        let signs = (chunk.len() * 8).div_ceil(5);
        for place in 0..8 {
            let index = usize::try_from(bits >> (35 - 5 * place) & 31).unwrap_or_default();
            out.push(if place < signs {
                char::from(BASE32[index])
            } else {
                '='
            });
        }
    }
    out
}

fn decode_base32(text: &[u8]) -> Result<Vec<u8>, usize> {
    let text: Vec<u8> = text
        .iter()
        .copied()
        .filter(|byte| !is_break(*byte))
        .collect();
    let mut out = Vec::with_capacity(text.len() / 8 * 5);
    for (index, chunk) in text.chunks(8).enumerate() {
        let start = index * 8;
        let mut bits = 0_u64;
        let mut count = 0;
        while count < 8 {
            let Some(byte) = chunk.get(count) else {
                // Padding is missing.
                return Err(text.len() - count);
            };
            if *byte == b'=' && count >= 2 && text.len() - start - count - 1 < 8 {
                let length = end_of_base32(&text, start + count, count)?;
                push_bits(&mut out, bits << (40 - 5 * count), length);
                return Ok(out);
            }
            let value = BASE32.iter().position(|sign| sign == byte);
            let value = value.and_then(|value| u64::try_from(value).ok());
            bits = bits << 5 | value.ok_or(start + count)?;
            count += 1;
        }
        push_bits(&mut out, bits, 5);
    }
    Ok(out)
}

/// Checks the padding that begins here, behind so many signs of its group; gives the number of bytes in it.
fn end_of_base32(text: &[u8], at: usize, count: usize) -> Result<usize, usize> {
    let rest = &text[at + 1..];
    if rest.len() + count < 7 {
        return Err(text.len());
    }
    let wanted = 7 - count;
    if let Some(wrong) = rest.iter().take(wanted).position(|byte| *byte != b'=') {
        return Err(at + wrong);
    }
    match count {
        2 => Ok(1),
        4 => Ok(2),
        5 => Ok(3),
        7 => Ok(4),
        _ => Err(at),
    }
}

fn push_bits(out: &mut Vec<u8>, bits: u64, bytes: usize) {
    out.extend_from_slice(&bits.to_be_bytes()[3..3 + bytes]);
}

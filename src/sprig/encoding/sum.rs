//! Checksums, in hexadecimal digits.

#![expect(clippy::unnecessary_wraps, reason = "functions have one signature")]

use sha1::Sha1;
use sha2::{Digest, Sha256, Sha512};

use crate::govalue::{Context, Error, Value};
use crate::sprig::arguments::bytes;

pub(super) fn sha1sum(_: &Context<'_>, arguments: &[Value]) -> Result<Value, Error> {
    Ok(hexadecimal(&Sha1::digest(bytes(arguments, 0))))
}

pub(super) fn sha256sum(_: &Context<'_>, arguments: &[Value]) -> Result<Value, Error> {
    Ok(hexadecimal(&Sha256::digest(bytes(arguments, 0))))
}

pub(super) fn sha512sum(_: &Context<'_>, arguments: &[Value]) -> Result<Value, Error> {
    Ok(hexadecimal(&Sha512::digest(bytes(arguments, 0))))
}

/// In decimal digits.
pub(super) fn adler32sum(_: &Context<'_>, arguments: &[Value]) -> Result<Value, Error> {
    const MODULUS: u32 = 65_521;
    let (low, high) = bytes(arguments, 0)
        .iter()
        .fold((1, 0), |(low, high), byte| {
            let low = (low + u32::from(*byte)) % MODULUS;
            (low, (high + low) % MODULUS)
        });
    Ok((high << 16 | low).to_string().into())
}

fn hexadecimal(digest: &[u8]) -> Value {
    let digits = digest.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    let digits: Vec<u8> = digits
        .map(|digit| b"0123456789abcdef"[usize::from(digit)])
        .collect();
    Value::text(digits)
}

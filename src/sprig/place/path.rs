//! Paths with slashes; nothing looks whether they are there.

#![expect(clippy::unnecessary_wraps, reason = "functions have one signature")]

use memchr::memrchr;

use crate::govalue::{Context, Error, Value};
use crate::sprig::arguments::bytes;

pub(super) fn base(_: &Context<'_>, arguments: &[Value]) -> Result<Value, Error> {
    let mut path = bytes(arguments, 0);
    if path.is_empty() {
        return Ok(".".into());
    }
    while let Some(shorter) = path.strip_suffix(b"/") {
        path = shorter;
    }
    let name = memrchr(b'/', path).map_or(path, |slash| path.split_at(slash + 1).1);
    Ok(if name.is_empty() {
        "/".into()
    } else {
        Value::text(name)
    })
}

pub(super) fn dir(_: &Context<'_>, arguments: &[Value]) -> Result<Value, Error> {
    let path = bytes(arguments, 0);
    let size = memrchr(b'/', path).map_or(0, |slash| slash + 1);
    Ok(Value::text(cleaned(path.split_at(size).0)))
}

pub(super) fn clean(_: &Context<'_>, arguments: &[Value]) -> Result<Value, Error> {
    Ok(Value::text(cleaned(bytes(arguments, 0))))
}

pub(super) fn ext(_: &Context<'_>, arguments: &[Value]) -> Result<Value, Error> {
    let path = bytes(arguments, 0);
    let size = memrchr(b'/', path).map_or(0, |slash| slash + 1);
    let name = path.split_at(size).1;
    let end = memrchr(b'.', name).map_or(name.len(), |dot| dot);
    Ok(Value::text(name.split_at(end).1))
}

pub(super) fn is_abs(_: &Context<'_>, arguments: &[Value]) -> Result<Value, Error> {
    Ok(bytes(arguments, 0).starts_with(b"/").into())
}

/// Without what leads nowhere: `//`, `.`, and `a/..`.
fn cleaned(path: &[u8]) -> Vec<u8> {
    let is_rooted = path.starts_with(b"/");
    let mut names: Vec<&[u8]> = Vec::new();
    for name in path.split(|byte| *byte == b'/') {
        match name {
            b"" | b"." => {}
            b".." => match names.last() {
                Some(last) if *last != b".." => {
                    names.pop();
                }
                _ if is_rooted => {}
                _ => names.push(name),
            },
            name => names.push(name),
        }
    }
    let joined = names.join(&b'/');
    match (is_rooted, joined.is_empty()) {
        (true, _) => [b"/", joined.as_slice()].concat(),
        (false, true) => b".".to_vec(),
        (false, false) => joined,
    }
}

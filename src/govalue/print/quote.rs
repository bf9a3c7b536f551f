//! Strings as Go's `strconv` quotes them, and runes as Go reads them from bytes.

use std::io::Write as _;
use std::sync::LazyLock;

use regex::Regex;

/// The first rune of bytes and how many of them it takes: `None` and one for what is no UTF-8.
pub fn first_rune(bytes: &[u8]) -> (Option<char>, usize) {
    let width = match bytes.first() {
        None => return (None, 0),
        Some(byte) if byte.is_ascii() => return (Some(char::from(*byte)), 1),
        Some(0xc0..=0xdf) => 2,
        Some(0xe0..=0xef) => 3,
        Some(_) => 4,
    };
    let text = bytes.get(..width).map(std::str::from_utf8);
    match text.and_then(|text| text.ok()?.chars().next()) {
        Some(rune) => (Some(rune), width),
        None => (None, 1),
    }
}

/// How many runes there are, as `utf8.RuneCount` counts: a byte that is no UTF-8 is one.
pub fn count_runes(bytes: &[u8]) -> usize {
    if let Ok(text) = std::str::from_utf8(bytes) {
        return text.chars().count();
    }
    let (mut rest, mut count) = (bytes, 0);
    while !rest.is_empty() {
        rest = rest.get(first_rune(rest).1..).unwrap_or_default();
        count += 1;
    }
    count
}

/// The first so many runes.
pub(super) fn first_runes(bytes: &[u8], count: usize) -> &[u8] {
    let mut end = 0;
    for _ in 0..count {
        if end >= bytes.len() {
            break;
        }
        end += first_rune(bytes.get(end..).unwrap_or_default()).1;
    }
    bytes.get(..end).unwrap_or(bytes)
}

/// Whether Go prints a rune as it is: letters, marks, numbers, signs, and the blank.
pub fn is_printable(rune: char) -> bool {
    static PRINTABLE: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new(r"^[\p{L}\p{M}\p{N}\p{P}\p{S}]$").ok());
    if rune.is_ascii() {
        return (' '..='~').contains(&rune);
    }
    let mut text = [0; 4];
    let text: &str = rune.encode_utf8(&mut text);
    PRINTABLE
        .as_ref()
        .is_some_and(|printable| printable.is_match(text))
}

/// Writes bytes as `strconv.Quote` does; without anything but ASCII where that is asked for.
pub fn write_quoted(out: &mut Vec<u8>, bytes: &[u8], only_ascii: bool) {
    out.push(b'"');
    let mut rest = bytes;
    while !rest.is_empty() {
        let (rune, width) = first_rune(rest);
        match rune {
            Some(rune) => write_escaped(out, rune, '"', only_ascii),
            // Writing to a vector does not fail.
            None => drop(write!(out, "\\x{:02x}", rest.first().unwrap_or(&0))),
        }
        rest = rest.get(width..).unwrap_or_default();
    }
    out.push(b'"');
}

/// Writes a rune as `strconv.QuoteRune` does.
pub(super) fn write_quoted_rune(out: &mut Vec<u8>, rune: char, only_ascii: bool) {
    out.push(b'\'');
    write_escaped(out, rune, '\'', only_ascii);
    out.push(b'\'');
}

fn write_escaped(out: &mut Vec<u8>, rune: char, quote: char, only_ascii: bool) {
    if rune == quote || rune == '\\' {
        out.push(b'\\');
        write_rune(out, rune);
        return;
    }
    if is_printable(rune) && (rune.is_ascii() || !only_ascii) {
        write_rune(out, rune);
        return;
    }
    let short = match rune {
        '\u{7}' => b'a',
        '\u{8}' => b'b',
        '\u{c}' => b'f',
        '\n' => b'n',
        '\r' => b'r',
        '\t' => b't',
        '\u{b}' => b'v',
        _ => 0,
    };
    let code = u32::from(rune);
    // Writing to a vector does not fail.
    let _ = match code {
        _ if short != 0 => out.write_all(&[b'\\', short]),
        0..0x20 | 0x7f => write!(out, "\\x{code:02x}"),
        0x20..0x1_0000 => write!(out, "\\u{code:04x}"),
        _ => write!(out, "\\U{code:08x}"),
    };
}

/// Writes a rune as UTF-8.
pub fn write_rune(out: &mut Vec<u8>, rune: char) {
    let mut bytes = [0; 4];
    out.extend_from_slice(rune.encode_utf8(&mut bytes).as_bytes());
}

/// Whether bytes can stand between backquotes as they are.
pub fn can_backquote(bytes: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return false;
    };
    text.chars().all(|rune| match rune {
        '\t' => true,
        '\u{feff}' | '`' | '\u{7f}' => false,
        rune => rune >= ' ',
    })
}

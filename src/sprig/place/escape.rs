//! Percent signs in URLs: which letters need one depends on where they stand.

use crate::govalue::print;

/// A part of a URL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Path,
    Host,
    Zone,
    User,
    Fragment,
}

/// Whether a byte stands for itself.
fn is_plain(byte: u8, part: Part) -> bool {
    if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
        return true;
    }
    match part {
        Part::Host | Part::Zone => b"!$&'()*+,;=:[]<>\"".contains(&byte),
        Part::Path => b"$&+,/:;=@".contains(&byte),
        Part::User => b"$&+,;=".contains(&byte),
        Part::Fragment => b"$&+,/:;=?@!()*".contains(&byte),
    }
}

/// With percent signs where they are needed.
pub(super) fn escape(text: &[u8], part: Part) -> Vec<u8> {
    let mut escaped = Vec::with_capacity(text.len());
    for byte in text.iter().copied() {
        if is_plain(byte, part) {
            escaped.push(byte);
        } else {
            escaped.extend_from_slice(format!("%{byte:02X}").as_bytes());
        }
    }
    escaped
}

/// Without percent signs, or what is wrong with them.
pub(super) fn unescape(text: &[u8], part: Part) -> Result<Vec<u8>, String> {
    let mut plain = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((byte, behind)) = rest.split_first() {
        if *byte == b'%' {
            let (code, behind) = read_code(rest, part)?;
            plain.push(code);
            rest = behind;
            continue;
        }
        if matches!(part, Part::Host | Part::Zone) && byte.is_ascii() && !is_plain(*byte, part) {
            let letter = shown(&[*byte]);
            return Err(format!("invalid character {letter} in host name"));
        }
        plain.push(*byte);
        rest = behind;
    }
    Ok(plain)
}

/// `%41`, and what stands behind.
fn read_code(text: &[u8], part: Part) -> Result<(u8, &[u8]), String> {
    let wrong = || {
        let code = text.get(..3).unwrap_or(text);
        format!("invalid URL escape {}", shown(code))
    };
    let [b'%', high, low, rest @ ..] = text else {
        return Err(wrong());
    };
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let code = digit(*high).zip(digit(*low));
    let code = code.and_then(|(high, low)| u8::try_from(high * 16 + low).ok());
    let code = code.ok_or_else(wrong)?;
    let is_refused = match part {
        Part::Host => code < 0x80 && code != b'%',
        Part::Zone => code != b'%' && code != b' ' && !is_plain(code, Part::Host),
        _ => false,
    };
    if is_refused {
        return Err(wrong());
    }
    Ok((code, rest))
}

/// In double quotes.
pub(super) fn shown(text: &[u8]) -> String {
    String::from_utf8_lossy(&print::quote(text)).into_owned()
}

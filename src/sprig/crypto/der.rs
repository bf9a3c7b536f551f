//! DER and PEM, as much of them as keys and certificates need.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::sprig::encoding::decode_base64;

pub(super) const BOOLEAN: u8 = 0x01;
pub(super) const INTEGER: u8 = 0x02;
pub(super) const BIT_STRING: u8 = 0x03;
pub(super) const OCTET_STRING: u8 = 0x04;
pub(super) const OBJECT: u8 = 0x06;
pub(super) const SEQUENCE: u8 = 0x30;
pub(super) const SET: u8 = 0x31;
/// `NULL`, whole.
pub(super) const NULL: &[u8] = &[5, 0];

/// A value: its tag, its length, its content.
pub(super) fn value(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut out = vec![tag];
    if let Ok(length @ 0..=0x7f) = u8::try_from(content.len()) {
        out.push(length);
    } else {
        let length = content.len().to_be_bytes();
        let length = without_zeros(&length);
        out.push(0x80 | u8::try_from(length.len()).unwrap_or_default());
        out.extend_from_slice(length);
    }
    out.extend_from_slice(content);
    out
}

pub(super) fn sequence(parts: &[&[u8]]) -> Vec<u8> {
    value(SEQUENCE, &parts.concat())
}

/// A number that is not negative.
pub(super) fn integer(bytes: &[u8]) -> Vec<u8> {
    let bytes = without_zeros(bytes);
    match bytes.first() {
        None => value(INTEGER, &[0]),
        Some(0x80..) => value(INTEGER, &[&[0], bytes].concat()),
        Some(_) => value(INTEGER, bytes),
    }
}

/// Whole bytes as a string of bits.
pub(super) fn bits(bytes: &[u8]) -> Vec<u8> {
    value(BIT_STRING, &[&[0], bytes].concat())
}

pub(super) fn without_zeros(bytes: &[u8]) -> &[u8] {
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    &bytes[zeros..]
}

/// Values that are read one after the other.
#[derive(Clone, Copy)]
pub(super) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// The tag of the next value.
    pub(super) fn tag(&self) -> Option<u8> {
        self.rest.first().copied()
    }

    /// The next value with its tag and length.
    pub(super) fn whole(&mut self) -> Option<&'a [u8]> {
        let before = self.rest;
        self.any()?;
        before.get(..before.len() - self.rest.len())
    }

    /// The content of the next value.
    pub(super) fn any(&mut self) -> Option<&'a [u8]> {
        let (header, rest) = self.rest.split_at_checked(2)?;
        let (length, rest) = match header[1] {
            length @ 0..=0x7f => (usize::from(length), rest),
            0x81..=0x84 => {
                let (digits, rest) = rest.split_at_checked(usize::from(header[1] & 0x7f))?;
                let length = digits
                    .iter()
                    .fold(0, |length, digit| length << 8 | usize::from(*digit));
                (length, rest)
            }
            _ => return None,
        };
        let (content, rest) = rest.split_at_checked(length)?;
        self.rest = rest;
        Some(content)
    }

    /// The content of the next value, which must have this tag.
    pub(super) fn content(&mut self, tag: u8) -> Option<&'a [u8]> {
        (self.tag()? == tag).then(|| self.any()).flatten()
    }

    /// The next value, which has parts.
    pub(super) fn sequence(&mut self) -> Option<Self> {
        self.content(SEQUENCE).map(Self::new)
    }

    /// The bytes of a string of whole bytes.
    pub(super) fn bits(&mut self) -> Option<&'a [u8]> {
        self.content(BIT_STRING)?.strip_prefix(&[0])
    }
}

/// A PEM block.
pub(super) struct Block {
    /// `RSA PRIVATE KEY`
    pub(super) kind: String,
    /// What is in it.
    pub(super) bytes: Vec<u8>,
}

/// The text of a PEM block.
pub(super) fn to_pem(kind: &str, bytes: &[u8]) -> String {
    let encoded = STANDARD.encode(bytes);
    let mut text = format!("-----BEGIN {kind}-----\n");
    let mut rest = encoded.as_str();
    while !rest.is_empty() {
        let (line, after) = rest.split_at(rest.len().min(64));
        text.push_str(line);
        text.push('\n');
        rest = after;
    }
    text + &format!("-----END {kind}-----\n")
}

/// The first PEM block of a text.
pub(super) fn from_pem(text: &[u8]) -> Option<Block> {
    let text = String::from_utf8_lossy(text);
    let mut lines = text.lines().map(str::trim_end);
    loop {
        let line = lines.find(|line| line.starts_with("-----BEGIN "))?;
        let Some(kind) = line
            .strip_prefix("-----BEGIN ")
            .and_then(|kind| kind.strip_suffix("-----"))
        else {
            continue;
        };
        let end = format!("-----END {kind}-----");
        let mut body = String::new();
        for line in lines.clone() {
            if line == end {
                let bytes = decode_base64(body.as_bytes()).ok()?;
                let kind = kind.to_owned();
                return Some(Block { kind, bytes });
            }
            // Lines with a colon are headers.
            if !line.contains(':') {
                body.push_str(line.trim());
            }
        }
    }
}

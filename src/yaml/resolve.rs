//! What a scalar means: its text and tag → null, boolean, number or string.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use super::Profile;
use super::number::{self, Numeric};

/// What a scalar is, by go-yaml's rules.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Meaning {
    Null,
    Bool(bool),
    Number(Numeric),
    /// A string that looks like a date or a time. It is read as what was written.
    Timestamp,
    /// `<<`, which merges where it is a key and is a string elsewhere.
    Merge,
    Text,
}

/// What a text without quotes and without tag means.
pub(super) fn plain(text: &str, profile: Profile) -> Meaning {
    let Some(first) = text.bytes().next() else {
        return Meaning::Null;
    };
    match first {
        b'0'..=b'9' | b'+' | b'-' => digits_or_sign(text, profile),
        b'.' => fraction(text),
        b'~' | b'n' | b'N' | b't' | b'T' | b'f' | b'F' | b'y' | b'Y' | b'o' | b'O' => {
            word(text, profile)
        }
        b'<' if text == "<<" => Meaning::Merge,
        _ => Meaning::Text,
    }
}

fn word(text: &str, profile: Profile) -> Meaning {
    match text {
        "~" | "null" | "Null" | "NULL" => Meaning::Null,
        "true" | "True" | "TRUE" => Meaning::Bool(true),
        "false" | "False" | "FALSE" => Meaning::Bool(false),
        _ if profile == Profile::V3 => Meaning::Text,
        "y" | "Y" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" => Meaning::Bool(true),
        "n" | "N" | "no" | "No" | "NO" | "off" | "Off" | "OFF" => Meaning::Bool(false),
        _ => Meaning::Text,
    }
}

fn fraction(text: &str) -> Meaning {
    match text {
        ".nan" | ".NaN" | ".NAN" => Meaning::Number(Numeric::Float(f64::NAN)),
        ".inf" | ".Inf" | ".INF" => Meaning::Number(Numeric::Float(f64::INFINITY)),
        _ => number::parse_fraction(text).map_or(Meaning::Text, Meaning::Number),
    }
}

fn digits_or_sign(text: &str, profile: Profile) -> Meaning {
    match text {
        "+.inf" | "+.Inf" | "+.INF" => Meaning::Number(Numeric::Float(f64::INFINITY)),
        "-.inf" | "-.Inf" | "-.INF" => Meaning::Number(Numeric::Float(f64::NEG_INFINITY)),
        _ if is_timestamp(text) => Meaning::Timestamp,
        _ => number::parse(text, profile).map_or(Meaning::Text, Meaning::Number),
    }
}

/// A scalar after its tag was obeyed.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Tagged {
    /// The text means this; `Text` and `Timestamp` are the text itself.
    Plain(Meaning),
    /// Bytes given as base64, made a string.
    Decoded(String),
}

/// Why a tag cannot be obeyed, in go-yaml's words.
pub(super) struct Mismatch(pub(super) String);

const PREFIX: &str = "tag:yaml.org,2002:";

/// What a scalar with a tag means.
pub(super) fn tagged(tag: &str, text: &str, profile: Profile) -> Result<Tagged, Mismatch> {
    let Some(name) = tag.strip_prefix(PREFIX) else {
        return Ok(Tagged::Plain(Meaning::Text));
    };
    match name {
        "binary" => decode(text).map(Tagged::Decoded),
        "bool" | "int" | "float" | "null" | "timestamp" => {
            obey(name, text, profile).map(Tagged::Plain)
        }
        _ => Ok(Tagged::Plain(Meaning::Text)),
    }
}

fn obey(name: &str, text: &str, profile: Profile) -> Result<Meaning, Mismatch> {
    let mut meaning = plain(text, profile);
    if meaning == Meaning::Timestamp && name != "timestamp" {
        meaning = number::parse(text, profile).map_or(Meaning::Text, Meaning::Number);
    }
    let found = match meaning {
        Meaning::Null => "null",
        Meaning::Bool(_) => "bool",
        Meaning::Number(Numeric::Integer(_) | Numeric::Unsigned(_)) => "int",
        Meaning::Number(Numeric::Float(_)) => "float",
        Meaning::Timestamp => "timestamp",
        Meaning::Merge | Meaning::Text => "str",
    };
    match (name, meaning) {
        _ if name == found => Ok(meaning),
        ("float", Meaning::Number(Numeric::Integer(integer))) =>
        {
            #[expect(clippy::cast_precision_loss, reason = "the tag asks for it")]
            Ok(Meaning::Number(Numeric::Float(integer as f64)))
        }
        _ => Err(Mismatch(format!(
            "cannot decode !!{found} `{text}` as a !!{name}"
        ))),
    }
}

/// Go's decoder: line breaks are skipped, padding is needed, unused bits may be set.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::RequireCanonical),
);

fn decode(text: &str) -> Result<String, Mismatch> {
    let joined: String = text
        .chars()
        .filter(|letter| !matches!(letter, '\r' | '\n'))
        .collect();
    match BASE64.decode(joined) {
        // Not every byte string is a text; JSON makes the replacement character of what is none.
        Ok(bytes) => Ok(String::from_utf8_lossy(&bytes).into_owned()),
        Err(_) => Err(Mismatch(
            "!!binary value contains invalid base64 data".to_owned(),
        )),
    }
}

/// Whether go-yaml takes a text for a date or a time: `2001-2-3`, `2001-02-03 4:5:6.7`,
/// `2001-02-03T04:05:06Z`, with any of these shortened as there.
pub(super) fn is_timestamp(text: &str) -> bool {
    let bytes = text.as_bytes();
    let has_year = bytes.len() > 4 && bytes[4] == b'-' && bytes[..4].iter().all(u8::is_ascii_digit);
    has_year && read_timestamp(text).is_some()
}

fn read_timestamp(text: &str) -> Option<()> {
    let year: u32 = text.get(..4)?.parse().ok()?;
    let mut rest = &text[5..];
    let month = one_or_two_digits(&mut rest)?;
    rest = rest.strip_prefix('-')?;
    let day = one_or_two_digits(&mut rest)?;
    if !(1..=12).contains(&month) || day < 1 || day > days_in(month, year) {
        return None;
    }
    if rest.is_empty() {
        return Some(());
    }
    let has_zone = rest.starts_with(['T', 't']);
    rest = if has_zone {
        &rest[1..]
    } else {
        rest.strip_prefix(' ')?.trim_start_matches(' ')
    };
    read_time(&mut rest)?;
    if has_zone {
        read_zone(&mut rest)?;
    }
    rest.is_empty().then_some(())
}

fn read_time(rest: &mut &str) -> Option<()> {
    let hour = one_or_two_digits(rest)?;
    *rest = rest.strip_prefix(':')?;
    let minute = one_or_two_digits(rest)?;
    *rest = rest.strip_prefix(':')?;
    let second = one_or_two_digits(rest)?;
    if let Some(fraction) = rest.strip_prefix(['.', ',']) {
        let after = fraction.trim_start_matches(|letter: char| letter.is_ascii_digit());
        if after.len() < fraction.len() {
            *rest = after;
        }
    }
    (hour < 24 && minute < 60 && second < 60).then_some(())
}

fn read_zone(rest: &mut &str) -> Option<()> {
    if let Some(after) = rest.strip_prefix('Z') {
        *rest = after;
        return Some(());
    }
    let zone = rest.strip_prefix(['+', '-'])?;
    let (hours, minutes) = (zone.get(..2)?, zone.get(3..5)?);
    let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if zone.as_bytes()[2] != b':' || !is_number(hours) || !is_number(minutes) {
        return None;
    }
    *rest = &zone[5..];
    // Go lets a whole day and a whole hour pass.
    (hours <= "24" && minutes <= "60").then_some(())
}

fn one_or_two_digits(rest: &mut &str) -> Option<u32> {
    let length = rest.bytes().take(2).take_while(u8::is_ascii_digit).count();
    let number = rest.get(..length)?.parse().ok()?;
    *rest = &rest[length..];
    Some(number)
}

fn days_in(month: u32, year: u32) -> u32 {
    let is_leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if is_leap => 29,
        2 => 28,
        _ => 31,
    }
}

//! `format`: light checks, never stricter than the original's.

use std::net::{Ipv4Addr, Ipv6Addr};

use base64::Engine;
use serde_json::{Number, Value};

/// The formats that are checked; all others accept everything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    DateTime,
    Date,
    Duration,
    Ipv4,
    Ipv6,
    Cidr,
    Mac,
    Uri,
    Email,
    Hostname,
    Uuid,
    Byte,
    Int32,
    Int64,
    Uint32,
    Uint64,
}

impl Format {
    /// The format of this name, when it is one that is checked.
    pub(super) fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "date-time" | "datetime" => Self::DateTime,
            "date" => Self::Date,
            "duration" => Self::Duration,
            "ipv4" => Self::Ipv4,
            "ipv6" => Self::Ipv6,
            "cidr" => Self::Cidr,
            "mac" => Self::Mac,
            "uri" => Self::Uri,
            "email" => Self::Email,
            "hostname" => Self::Hostname,
            "uuid" => Self::Uuid,
            "byte" => Self::Byte,
            "int32" => Self::Int32,
            "int64" => Self::Int64,
            "uint32" => Self::Uint32,
            "uint64" => Self::Uint64,
            _ => return None,
        })
    }

    /// What a value in this format is, with an example.
    pub(super) fn words(self) -> &'static str {
        match self {
            Self::DateTime => "a date and time (2026-01-31T12:00:00Z)",
            Self::Date => "a date (2026-01-31)",
            Self::Duration => "a duration (1h30m)",
            Self::Ipv4 => "an IPv4 address (192.0.2.1)",
            Self::Ipv6 => "an IPv6 address (2001:db8::1)",
            Self::Cidr => "an address range (192.0.2.0/24)",
            Self::Mac => "a MAC address (00:00:5e:00:53:01)",
            Self::Uri => "a URI (https://example.com/path)",
            Self::Email => "an e-mail address (user@example.com)",
            Self::Hostname => "a host name (example.com)",
            Self::Uuid => "a UUID (123e4567-e89b-12d3-a456-426614174000)",
            Self::Byte => "base64",
            Self::Int32 => "a whole number of 32 bits",
            Self::Int64 => "a whole number of 64 bits",
            Self::Uint32 => "a whole number of 32 bits, not negative",
            Self::Uint64 => "a whole number of 64 bits, not negative",
        }
    }

    /// Whether a value keeps the format; formats of text say nothing about numbers, and the reverse.
    pub(super) fn admits(self, value: &Value) -> bool {
        match value {
            Value::String(text) => self.admits_text(text),
            Value::Number(number) => self.admits_number(number),
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => true,
        }
    }

    fn admits_text(self, text: &str) -> bool {
        match self {
            Self::DateTime => text.parse::<jiff::Timestamp>().is_ok(),
            Self::Date => text.len() == 10 && text.parse::<jiff::civil::Date>().is_ok(),
            Self::Duration => is_duration(text),
            Self::Ipv4 => text.parse::<Ipv4Addr>().is_ok(),
            Self::Ipv6 => text.parse::<Ipv6Addr>().is_ok(),
            Self::Cidr => is_cidr(text),
            Self::Mac => is_mac(text),
            Self::Uri => is_uri(text),
            Self::Email => is_email(text),
            Self::Hostname => is_hostname(text),
            Self::Uuid => is_uuid(text),
            Self::Byte => {
                let plain: String = text
                    .chars()
                    .filter(|letter| !letter.is_whitespace())
                    .collect();
                base64::engine::general_purpose::STANDARD
                    .decode(plain)
                    .is_ok()
            }
            Self::Int32 | Self::Int64 | Self::Uint32 | Self::Uint64 => true,
        }
    }

    fn admits_number(self, number: &Number) -> bool {
        let (least, most) = match self {
            Self::Int32 => (i128::from(i32::MIN), i128::from(i32::MAX)),
            Self::Int64 => (i128::from(i64::MIN), i128::from(i64::MAX)),
            Self::Uint32 => (0, i128::from(u32::MAX)),
            Self::Uint64 => (0, i128::from(u64::MAX)),
            _ => return true,
        };
        number
            .as_i128()
            .is_some_and(|number| (least..=most).contains(&number))
    }
}

/// Numbers with units: Go's (`1h30m`, `-1.5s`), and those of go-openapi (`2 weeks`).
fn is_duration(text: &str) -> bool {
    const UNITS: [&str; 28] = [
        "ns",
        "us",
        "µs",
        "ms",
        "s",
        "m",
        "h",
        "d",
        "w",
        "nano",
        "micro",
        "milli",
        "nanosecond",
        "microsecond",
        "millisecond",
        "sec",
        "second",
        "min",
        "minute",
        "hr",
        "hour",
        "day",
        "week",
        "wk",
        "nanos",
        "micros",
        "millis",
        "µ",
    ];
    let text = text.trim_start_matches(['+', '-']);
    if text == "0" {
        return true;
    }
    let is_digit = |letter: char| letter.is_ascii_digit() || letter == '.';
    let mut rest = text;
    while !rest.is_empty() {
        let after = rest.trim_start_matches(is_digit);
        let unit = after.trim_start();
        let end = unit.find(|letter: char| is_digit(letter) || letter.is_whitespace());
        let (unit, next) = unit.split_at(end.unwrap_or(unit.len()));
        let known = UNITS.contains(&unit) || UNITS.contains(&unit.trim_end_matches('s'));
        if after.len() == rest.len() || !known {
            return false;
        }
        rest = next.trim_start();
    }
    !text.is_empty()
}

fn is_cidr(text: &str) -> bool {
    let Some((address, bits)) = text.split_once('/') else {
        return false;
    };
    let most = if address.parse::<Ipv4Addr>().is_ok() {
        32
    } else if address.parse::<Ipv6Addr>().is_ok() {
        128
    } else {
        return false;
    };
    bits.parse::<u8>().is_ok_and(|bits| bits <= most)
}

fn is_mac(text: &str) -> bool {
    let hexadecimal = |part: &str| part.chars().all(|letter| letter.is_ascii_hexdigit());
    [':', '-'].into_iter().any(|separator| {
        let parts: Vec<&str> = text.split(separator).collect();
        let pairs = parts
            .iter()
            .all(|part| part.len() == 2 && hexadecimal(part));
        pairs && matches!(parts.len(), 6 | 8 | 20)
    }) || {
        let parts: Vec<&str> = text.split('.').collect();
        let quads = parts
            .iter()
            .all(|part| part.len() == 4 && hexadecimal(part));
        quads && matches!(parts.len(), 3 | 4 | 10)
    }
}

/// As Go's `ParseRequestURI`: a path, or something with a scheme.
fn is_uri(text: &str) -> bool {
    let scheme = |scheme: &str| {
        scheme.starts_with(|letter: char| letter.is_ascii_alphabetic())
            && scheme
                .chars()
                .all(|letter| letter.is_ascii_alphanumeric() || "+-.".contains(letter))
    };
    let absolute = text.split_once(':').is_some_and(|(first, _)| scheme(first));
    let clean = !text.contains(|letter: char| letter.is_control() || letter == ' ');
    clean && (text.starts_with('/') || absolute)
}

fn is_email(text: &str) -> bool {
    let address = text
        .rsplit('<')
        .next()
        .unwrap_or(text)
        .trim_end_matches('>');
    let Some((user, host)) = address.rsplit_once('@') else {
        return false;
    };
    !user.is_empty() && !host.is_empty() && !host.contains(char::is_whitespace)
}

fn is_hostname(text: &str) -> bool {
    let good = |letter: char| letter.is_alphanumeric() || letter == '-' || letter == '_';
    text.len() <= 255
        && text.split('.').all(|label| {
            let length = label.chars().count();
            (1..=63).contains(&length)
                && label.chars().all(good)
                && !label.starts_with('-')
                && !label.ends_with('-')
        })
}

fn is_uuid(text: &str) -> bool {
    let plain: String = text.chars().filter(|letter| *letter != '-').collect();
    plain.len() == 32 && plain.chars().all(|letter| letter.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn formats_take_the_good_and_refuse_the_bad() {
        for (name, good, bad) in [
            (
                "date-time",
                json!("2026-01-31T12:00:00.5+02:00"),
                json!("2026-01-31"),
            ),
            ("date", json!("2026-01-31"), json!("2026-02-31")),
            ("duration", json!("1h30m"), json!("1x")),
            ("duration", json!("2 weeks"), json!("weeks")),
            ("duration", json!("0"), json!("5")),
            ("duration", json!("-1.5s"), json!("")),
            ("ipv4", json!("192.0.2.1"), json!("192.0.2.256")),
            ("ipv6", json!("2001:db8::1"), json!("192.0.2.1")),
            ("cidr", json!("192.0.2.0/24"), json!("192.0.2.0/33")),
            ("cidr", json!("2001:db8::/64"), json!("2001:db8::")),
            ("mac", json!("00:00:5e:00:53:01"), json!("00:00:5e:00:53")),
            ("mac", json!("0000.5e00.5301"), json!("0000.5e00")),
            (
                "uri",
                json!("https://example.com/a?b=c"),
                json!("example.com"),
            ),
            ("uri", json!("/path"), json!("http://a b")),
            ("email", json!("user@example.com"), json!("example.com")),
            ("hostname", json!("a.example.com"), json!("a..com")),
            ("hostname", json!("localhost"), json!("-a")),
            (
                "uuid",
                json!("123e4567-e89b-12d3-a456-426614174000"),
                json!("123e4567"),
            ),
            ("byte", json!("aGVsbG8="), json!("a$")),
            ("int32", json!(2_147_483_647), json!(2_147_483_648_i64)),
            ("int64", json!(i64::MAX), json!(u64::MAX)),
            ("uint32", json!(0), json!(-1)),
            ("uint64", json!(u64::MAX), json!(-1)),
        ] {
            let format = Format::parse(name).unwrap();
            assert!(format.admits(&good), "{name} {good}");
            assert!(!format.admits(&bad), "{name} {bad}");
        }
    }

    #[test]
    fn formats_of_text_say_nothing_about_numbers() {
        assert!(Format::Ipv4.admits(&json!(5)));
        assert!(Format::Int32.admits(&json!("x")));
        assert_eq!(Format::parse("shoe-size"), None);
    }
}

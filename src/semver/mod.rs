//! Versions and constraints as Masterminds/semver v3.5.0 reads them.
//!
//! *In:* texts of charts · *Out:* versions, whether a constraint holds · *Never:* knows a chart.

mod constraint;
#[cfg(test)]
mod tests;
mod version;

use std::fmt::Write as _;

pub use constraint::Constraint;
pub use version::Version;

/// Why a text is no version, or no constraint, in the library's words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// It does not look like a version.
    #[error("invalid semantic version")]
    Version,
    /// There is nothing.
    #[error("version string empty")]
    Empty,
    /// A letter that no version has.
    #[error("invalid characters in version")]
    Characters,
    /// A zero before other digits.
    #[error("version segment starts with 0")]
    LeadingZero,
    /// What stands behind the plus.
    #[error("invalid metadata string")]
    Metadata,
    /// What stands behind the hyphen.
    #[error("invalid prerelease string")]
    Prerelease,
    /// More bytes than a version may have.
    #[error("version string is too long (max {} bytes)", version::LONGEST)]
    TooLong,
    /// A number that 64 bits do not hold.
    #[error(
        "error parsing version segment: strconv.ParseUint: parsing \"{0}\": value out of range"
    )]
    TooBig(String),
    /// The same, where only strict versions are taken.
    #[error("strconv.ParseUint: parsing \"{0}\": value out of range")]
    TooBigStrict(String),
    /// It does not look like a constraint.
    #[error("improper constraint: {}", quote(.0))]
    Constraint(String),
    /// It looked like one.
    #[error("constraint parser error")]
    ConstraintVersion,
    /// More bytes than a constraint may have.
    #[error("constraint string is too long (max {} bytes)", constraint::LONGEST)]
    ConstraintTooLong,
    /// More alternatives than a constraint may have.
    #[error("too many constraint groups (max {})", constraint::MOST_GROUPS)]
    TooManyGroups,
}

/// A text as Go quotes it. Writing to a string cannot fail.
fn quote(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for letter in text.chars() {
        match letter {
            '"' | '\\' => quoted.extend(['\\', letter]),
            '\u{7}' => quoted.push_str("\\a"),
            '\u{8}' => quoted.push_str("\\b"),
            '\t' => quoted.push_str("\\t"),
            '\n' => quoted.push_str("\\n"),
            '\u{b}' => quoted.push_str("\\v"),
            '\u{c}' => quoted.push_str("\\f"),
            '\r' => quoted.push_str("\\r"),
            '\0'..'\u{80}' if letter.is_control() => {
                let _ = write!(quoted, "\\x{:02x}", u32::from(letter));
            }
            _ if letter.is_control() => {
                let _ = write!(quoted, "\\u{:04x}", u32::from(letter));
            }
            other => quoted.push(other),
        }
    }
    quoted.push('"');
    quoted
}

//! Versions: read, printed, compared.

use std::cmp::Ordering;
use std::fmt;
use std::sync::LazyLock;

use regex::Regex;

use super::Error;

/// The most bytes of a version.
pub(super) const LONGEST: usize = 256;

/// `v1.2.3-rc.1+build`, where everything but the first number may be missing.
static LOOSE: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let dotted = r"[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*";
    let pattern =
        format!(r"^v?([0-9]+)(?:\.([0-9]+))?(?:\.([0-9]+))?(?:-({dotted}))?(?:\+({dotted}))?$");
    Regex::new(&pattern).ok()
});

/// A version. Ordered as versions are: what stands behind the plus does not count.
#[derive(Clone, Debug)]
pub struct Version {
    /// The first number.
    pub major: u64,
    /// The second number.
    pub minor: u64,
    /// The third number.
    pub patch: u64,
    /// What stands behind the hyphen.
    pub prerelease: String,
    /// What stands behind the plus.
    pub metadata: String,
    /// The text that it was read from.
    pub original: String,
}

impl Version {
    /// Reads a version, also with a `v`, without all three numbers, and with zeros before them.
    ///
    /// # Errors
    ///
    /// When the text is none.
    pub fn parse(text: &str) -> Result<Self, Error> {
        if text.len() > LONGEST {
            return Err(Error::TooLong);
        }
        let found = LOOSE.as_ref().and_then(|loose| loose.captures(text));
        let found = found.ok_or(Error::Version)?;
        let part = |index: usize| found.get(index).map_or("", |part| part.as_str());
        let number = |index: usize| match part(index) {
            "" => Ok(0),
            digits => digits.parse().map_err(|_| Error::TooBig(digits.to_owned())),
        };
        let version = Self {
            major: number(1)?,
            minor: number(2)?,
            patch: number(3)?,
            prerelease: part(4).to_owned(),
            metadata: part(5).to_owned(),
            original: text.to_owned(),
        };
        if !version.prerelease.is_empty() {
            check_prerelease(&version.prerelease)?;
        }
        Ok(version)
    }

    /// Reads a version that has everything a version must have, and nothing else.
    ///
    /// # Errors
    ///
    /// When the text is none.
    pub fn parse_strict(text: &str) -> Result<Self, Error> {
        if text.is_empty() {
            return Err(Error::Empty);
        }
        if text.len() > LONGEST {
            return Err(Error::TooLong);
        }
        let mut parts = text.splitn(3, '.');
        let (Some(major), Some(minor), Some(rest)) = (parts.next(), parts.next(), parts.next())
        else {
            return Err(Error::Version);
        };
        let (rest, metadata) = match rest.split_once('+') {
            Some((rest, metadata)) => (rest, check_metadata(metadata)?),
            None => (rest, ""),
        };
        let (patch, prerelease) = match rest.split_once('-') {
            Some((patch, prerelease)) => (patch, check_prerelease(prerelease)?),
            None => (rest, ""),
        };
        for digits in [major, minor, patch] {
            check_digits(digits)?;
        }
        let number = |digits: &str| {
            digits
                .parse()
                .map_err(|_| Error::TooBigStrict(digits.to_owned()))
        };
        Ok(Self {
            major: number(major)?,
            minor: number(minor)?,
            patch: number(patch)?,
            prerelease: prerelease.to_owned(),
            metadata: metadata.to_owned(),
            original: text.to_owned(),
        })
    }

    /// The version of these parts, read from what it prints behind the same `v`.
    fn next(&self, major: u64, minor: u64, patch: u64) -> Self {
        self.with(major, minor, patch, String::new())
    }

    fn with(&self, major: u64, minor: u64, patch: u64, prerelease: String) -> Self {
        let mut version = Self {
            major,
            minor,
            patch,
            prerelease,
            metadata: String::new(),
            original: String::new(),
        };
        version.rename(self);
        version
    }

    /// What it was read from is what it prints, behind the `v` of another.
    fn rename(&mut self, other: &Self) {
        let prefix = if other.original.starts_with('v') {
            "v"
        } else {
            ""
        };
        self.original = format!("{prefix}{self}");
    }

    /// The next patch, which for a prerelease is the release; `None` when numbers end.
    pub fn next_patch(&self) -> Option<Self> {
        let step = u64::from(self.prerelease.is_empty());
        Some(self.next(self.major, self.minor, self.patch.checked_add(step)?))
    }

    /// The next minor version; `None` when numbers end.
    pub fn next_minor(&self) -> Option<Self> {
        Some(self.next(self.major, self.minor.checked_add(1)?, 0))
    }

    /// The next major version; `None` when numbers end.
    pub fn next_major(&self) -> Option<Self> {
        Some(self.next(self.major.checked_add(1)?, 0, 0))
    }

    /// The same version with another prerelease.
    ///
    /// # Errors
    ///
    /// When that is none.
    pub fn with_prerelease(&self, prerelease: &str) -> Result<Self, Error> {
        if !prerelease.is_empty() {
            check_prerelease(prerelease)?;
        }
        let mut version = self.clone();
        prerelease.clone_into(&mut version.prerelease);
        version.rename(self);
        Ok(version)
    }

    /// The same version with other metadata.
    ///
    /// # Errors
    ///
    /// When they are none.
    pub fn with_metadata(&self, metadata: &str) -> Result<Self, Error> {
        if !metadata.is_empty() {
            check_metadata(metadata)?;
        }
        let mut version = self.clone();
        metadata.clone_into(&mut version.metadata);
        version.rename(self);
        Ok(version)
    }
}

fn check_digits(digits: &str) -> Result<(), Error> {
    if !is_number(digits) {
        return Err(Error::Characters);
    }
    if digits.len() > 1 && digits.starts_with('0') {
        return Err(Error::LeadingZero);
    }
    // Nothing at all is a number of no digits.
    if digits.is_empty() {
        return Err(Error::Version);
    }
    Ok(())
}

fn is_number(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_identifier(text: &str) -> bool {
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    !text.is_empty() && text.bytes().all(is_allowed)
}

fn check_prerelease(text: &str) -> Result<&str, Error> {
    for part in text.split('.') {
        if !is_identifier(part) {
            return Err(Error::Prerelease);
        }
        if part.len() > 1 && part.starts_with('0') && is_number(part) {
            return Err(Error::LeadingZero);
        }
    }
    Ok(text)
}

fn check_metadata(text: &str) -> Result<&str, Error> {
    if text.split('.').all(is_identifier) {
        Ok(text)
    } else {
        Err(Error::Metadata)
    }
}

impl fmt::Display for Version {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}.{}.{}", self.major, self.minor, self.patch)?;
        if !self.prerelease.is_empty() {
            write!(out, "-{}", self.prerelease)?;
        }
        if !self.metadata.is_empty() {
            write!(out, "+{}", self.metadata)?;
        }
        Ok(())
    }
}

impl PartialEq for Version {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Version {}

impl PartialOrd for Version {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Version {
    fn cmp(&self, other: &Self) -> Ordering {
        let numbers = |version: &Self| (version.major, version.minor, version.patch);
        let order = numbers(self).cmp(&numbers(other));
        order.then_with(
            || match (self.prerelease.as_str(), other.prerelease.as_str()) {
                (left, right) if left == right => Ordering::Equal,
                ("", _) => Ordering::Greater,
                (_, "") => Ordering::Less,
                (left, right) => compare_prereleases(left, right),
            },
        )
    }
}

/// Part by part; the one with more parts is the later.
pub(super) fn compare_prereleases(left: &str, right: &str) -> Ordering {
    let (mut left, mut right) = (left.split('.'), right.split('.'));
    loop {
        let order = match (left.next(), right.next()) {
            (None, None) => return Ordering::Equal,
            (left, right) => compare_parts(left.unwrap_or(""), right.unwrap_or("")),
        };
        if order != Ordering::Equal {
            return order;
        }
    }
}

/// Numbers come before words; what 64 bits do not hold is a word.
fn compare_parts(left: &str, right: &str) -> Ordering {
    let number = |part: &str| part.parse::<u64>().ok().filter(|_| is_number(part));
    match (left, right) {
        _ if left == right => Ordering::Equal,
        ("", _) => Ordering::Less,
        (_, "") => Ordering::Greater,
        _ => match (number(left), number(right)) {
            (None, None) => left.cmp(right),
            (None, Some(_)) => Ordering::Greater,
            (Some(left), Some(right)) if left > right => Ordering::Greater,
            // Also numbers of one value with other digits: the library takes the first for less.
            (Some(_), _) => Ordering::Less,
        },
    }
}

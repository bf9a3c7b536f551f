//! What `format` asks of texts, and what is said when they do not have it.

mod address;
mod time;

use super::super::words::{double_quoted, quoted};
use crate::schema::compile_pattern;
use time::{date, date_time, duration, period, time_of_day};

/// A format that is known.
#[derive(Debug, Clone, Copy)]
pub(in crate::jsonschema) struct Format {
    name: &'static str,
    check: Check,
}

type Check = fn(&str) -> Result<(), String>;

const FORMATS: [(&str, Check); 19] = [
    ("json-pointer", json_pointer),
    ("relative-json-pointer", relative_json_pointer),
    ("uuid", uuid),
    ("duration", duration),
    ("period", period),
    ("ipv4", address::ipv4),
    ("ipv6", address::ipv6),
    ("hostname", address::hostname),
    ("email", address::email),
    ("date", date),
    ("time", time_of_day),
    ("date-time", date_time),
    ("uri", address::uri),
    ("iri", address::uri),
    ("uri-reference", address::uri_reference),
    ("iri-reference", address::uri_reference),
    ("uri-template", address::uri_template),
    ("semver", semver),
    ("regex", regex),
];

impl Format {
    /// The format of a name; `None` for those that ask nothing.
    pub(in crate::jsonschema) fn named(name: &str) -> Option<Self> {
        let found = FORMATS.iter().find(|(known, _)| *known == name);
        found.map(|(name, check)| Self {
            name,
            check: *check,
        })
    }

    pub(super) fn name(self) -> &'static str {
        self.name
    }

    pub(super) fn check(self, text: &str) -> Result<(), String> {
        (self.check)(text)
    }
}

fn wrong<T>(words: &str) -> Result<T, String> {
    Err(words.to_owned())
}

/// A letter as Go quotes it.
fn letter_quoted(letter: char) -> String {
    quoted(letter.encode_utf8(&mut [0; 4]))
}

fn regex(text: &str) -> Result<(), String> {
    compile_pattern(text).map(|_| ())
}

fn json_pointer(text: &str) -> Result<(), String> {
    if text.is_empty() {
        return Ok(());
    }
    if !text.starts_with('/') {
        return wrong("not starting with /");
    }
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        if letter == '~' && !matches!(letters.peek(), Some('0' | '1')) {
            return wrong("~ must be followed by 0 or 1");
        }
    }
    Ok(())
}

fn relative_json_pointer(text: &str) -> Result<(), String> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    if digits == 0 {
        return wrong("must start with non-negative integer");
    }
    if digits > 1 && text.starts_with('0') {
        return wrong("starts with zero");
    }
    match &text[digits..] {
        "#" => Ok(()),
        rest => json_pointer(rest),
    }
}

fn uuid(text: &str) -> Result<(), String> {
    let lengths = [8, 4, 4, 4, 12];
    let groups: Vec<_> = text.split('-').collect();
    if groups.len() != lengths.len() {
        return wrong("must have 5 elements");
    }
    for (at, (group, length)) in groups.iter().zip(lengths).enumerate() {
        if group.len() != length {
            let at = at + 1;
            return Err(format!("element {at} must be {length} characters long"));
        }
        if let Some(letter) = group.chars().find(|letter| !letter.is_ascii_hexdigit()) {
            return Err(format!("non-hex character {}", letter_quoted(letter)));
        }
    }
    Ok(())
}

fn semver(text: &str) -> Result<(), String> {
    let (text, build) = split_once(text, '+');
    if let Some(build) = build {
        if build.is_empty() {
            return wrong("build is empty");
        }
        for part in build.split('.') {
            identifier(part, "build")?;
        }
    }
    let (core, before) = split_once(text, '-');
    for part in before.into_iter().flat_map(|before| before.split('.')) {
        identifier(part, "pre-release")?;
        let is_number = part.bytes().all(|byte| byte.is_ascii_digit());
        if is_number && part.len() > 1 && part.starts_with('0') {
            return wrong("pre-release numeric identifier starts with zero");
        }
    }
    let numbers: Vec<_> = core.split('.').collect();
    if numbers.len() != 3 {
        return wrong("versionCore must have 3 numbers separated by dot");
    }
    for (name, number) in ["major", "minor", "patch"].iter().zip(numbers) {
        if number.is_empty() {
            return Err(format!("{name} is empty"));
        }
        if number.len() > 1 && number.starts_with('0') {
            return Err(format!("{name} starts with zero"));
        }
        if !number.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(format!("{name} contains non-digit"));
        }
    }
    Ok(())
}

fn split_once(text: &str, at: char) -> (&str, Option<&str>) {
    text.split_once(at)
        .map_or((text, None), |(before, after)| (before, Some(after)))
}

fn identifier(part: &str, name: &str) -> Result<(), String> {
    if part.is_empty() {
        return Err(format!("{name} identifier is empty"));
    }
    let is_known = |letter: &char| letter.is_ascii_alphanumeric() || *letter == '-';
    match part.chars().find(|letter| !is_known(letter)) {
        Some(letter) => Err(format!(
            "invalid character {} in {name} identifier",
            letter_quoted(letter)
        )),
        None => Ok(()),
    }
}

/// A number as Go's `strconv.Atoi` reads it.
fn number(text: &str) -> Result<i64, String> {
    text.parse().map_err(|_| {
        let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
        let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        let why = if is_number {
            "value out of range"
        } else {
            "invalid syntax"
        };
        format!("strconv.Atoi: parsing {}: {why}", double_quoted(text))
    })
}

//! Regular expressions.

use regex::{Regex, RegexBuilder};

use super::{Cost, Meter, Native, Outcome, texts::one};
use crate::jq::{
    failure::Failure,
    value::{Text, Value},
};

/// A compiled expression takes no more bytes than this.
const MOST_BYTES: usize = 1 << 20;

pub(super) const FUNCTIONS: &[Native] = &[
    Native::new(
        "_match",
        3,
        Cost::Length,
        |meter, [value, pattern, flags, testing]| {
            let tests = testing.is_true();
            let name = if tests { "test" } else { "match" };
            let refuse = || Failure::applied_with(name, &[&pattern, &flags], &value);
            let flag_text = match &flags {
                Value::Null => "",
                Value::Text(flags) => flags.as_str(),
                _ => return Err(refuse()),
            };
            let (Value::Text(text), Value::Text(pattern)) = (&value, &pattern) else {
                return Err(refuse());
            };
            let regex = compiled(meter, pattern, flag_text)?;
            meter.charge(text.len() as u64)?;
            if tests {
                return Ok(Value::Bool(regex.is_match(text)));
            }
            matches(meter, &regex, text, flag_text.contains('g'))
        },
    ),
    Native::new("_capture", 0, Cost::Length, |_, [value, ..]| {
        captured(&value)
    }),
    Native::new(
        "split",
        2,
        Cost::Length,
        |meter, [value, pattern, flags, _]| {
            let text = one("split", &value)?;
            let pattern = one("split", &pattern)?;
            let flags = match &flags {
                Value::Null => "",
                Value::Text(flags) => flags.as_str(),
                _ => return Err(Failure::applied("split", &flags)),
            };
            let regex = compiled(meter, pattern, flags)?;
            meter.charge(text.len() as u64)?;
            meter.reserve(48 * text.len())?;
            Ok(Value::list(
                split(&regex, text).into_iter().map(Value::text).collect(),
            )?)
        },
    ),
];

/// Between matches, as the reference splits: an empty match at the beginning or end is none.
fn split<'a>(regex: &Regex, text: &'a str) -> Vec<&'a str> {
    if text.is_empty() && !regex.as_str().is_empty() {
        return vec![""];
    }
    let (mut parts, mut begin) = (Vec::new(), 0);
    for found in regex.find_iter(text) {
        if found.end() != 0 && !(found.is_empty() && found.start() == text.len()) {
            parts.push(text.get(begin..found.start()).unwrap_or_default());
            begin = found.end();
        }
    }
    if begin != text.len()
        || regex
            .find_iter(text)
            .last()
            .is_none_or(|last| !last.is_empty())
    {
        parts.push(text.get(begin..).unwrap_or_default());
    }
    parts
}

fn compiled(meter: &mut Meter, pattern: &str, flags: &str) -> Result<Regex, Failure> {
    if flags.contains(|flag| !matches!(flag, 'g' | 'i' | 'm')) {
        return Err(Failure::Message(format!(
            "unsupported regular expression flag: {flags:?}"
        )));
    }
    let key = (pattern.to_owned(), flags.to_owned());
    if let Some(regex) = meter.patterns.get(&key) {
        return Ok(regex.clone());
    }
    meter.charge(20_000 + pattern.len() as u64 * 50)?;
    let regex = RegexBuilder::new(pattern)
        .case_insensitive(flags.contains('i'))
        .dot_matches_new_line(flags.contains('m'))
        .size_limit(MOST_BYTES)
        .dfa_size_limit(MOST_BYTES)
        .nest_limit(100)
        .build()
        .map_err(|error| {
            let cause = error.to_string();
            let cause = cause.lines().last().unwrap_or_default();
            Failure::Message(format!("invalid regular expression {pattern:?}: {cause}"))
        })?;
    meter.patterns.insert(key, regex.clone());
    Ok(regex)
}

fn matches(meter: &mut Meter, regex: &Regex, text: &str, all: bool) -> Outcome {
    let mut found = Vec::new();
    let mut counter = Counter {
        text,
        place: 0,
        letters: 0,
    };
    for captures in regex
        .captures_iter(text)
        .take(if all { usize::MAX } else { 1 })
    {
        meter.charge(20 + 10 * captures.len() as u64)?;
        meter.reserve(600 * (found.len() + 1))?;
        let Some(whole) = captures.get(0) else {
            continue;
        };
        let offset = counter.letters_at(whole.start());
        let names = regex.capture_names().skip(1);
        let groups: Result<Vec<Value>, Failure> = names
            .enumerate()
            .map(|(group, name)| {
                let name = name.map_or(Value::Null, Value::text);
                let part = captures.get(group + 1).map(|part| {
                    let before = text.get(whole.start()..part.start());
                    let before = before.map_or_else(
                        || text.get(..part.start()).unwrap_or_default().chars().count(),
                        |before| offset + before.chars().count(),
                    );
                    (before, part.as_str())
                });
                let (place, length, string) = match part {
                    Some((place, part)) => {
                        (Value::from(place), part.chars().count(), Value::text(part))
                    }
                    None => (Value::Int(-1), 0, Value::Null),
                };
                entry(place, length, string, ("name", name))
            })
            .collect();
        let groups = Value::list(groups?)?;
        let length = whole.as_str().chars().count();
        found.push(entry(
            Value::from(offset),
            length,
            Value::text(whole.as_str()),
            ("captures", groups),
        )?);
    }
    Ok(Value::list(found)?)
}

fn entry(offset: Value, length: usize, string: Value, other: (&str, Value)) -> Outcome {
    Ok(Value::map(vec![
        (Text::from("offset"), offset),
        (Text::from("length"), Value::from(length)),
        (Text::from("string"), string),
        (Text::from(other.0), other.1),
    ])?)
}

/// Counts letters up to places that only grow.
struct Counter<'a> {
    text: &'a str,
    place: usize,
    letters: usize,
}

impl Counter<'_> {
    fn letters_at(&mut self, place: usize) -> usize {
        let between = self.text.get(self.place..place).unwrap_or_default();
        self.letters += between.chars().count();
        self.place = place;
        self.letters
    }
}

fn captured(value: &Value) -> Outcome {
    let Value::Map(map) = value else {
        return Err(Failure::about("expected an object but got", value));
    };
    let captures = map.find("captures").unwrap_or(&Value::Null);
    let Value::List(captures) = captures else {
        return Err(Failure::about("expected an array but got", captures));
    };
    let entries = captures.iter().filter_map(|capture| match capture {
        Value::Map(map) => match map.find("name") {
            Some(Value::Text(name)) => Some((
                name.clone(),
                map.find("string").cloned().unwrap_or(Value::Null),
            )),
            _ => None,
        },
        _ => None,
    });
    Ok(Value::map(entries.collect())?)
}

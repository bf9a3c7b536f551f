//! JSON as it was written: numbers keep their digits. Read with the words of Go's reader for mistakes.

use std::collections::BTreeMap;

use crate::govalue::Value;

use super::number::Number;

/// A value of JSON.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Json {
    Null,
    Bool(bool),
    Number(Number),
    Text(Box<str>),
    Array(Vec<Self>),
    Object(BTreeMap<Box<str>, Self>),
}

/// How deep values may nest.
const DEPTH_LIMIT: usize = 500;

impl Json {
    /// A value of a template.
    pub(super) fn of_value(value: &Value) -> Self {
        match value {
            Value::Bool(truth) => Self::Bool(*truth),
            Value::Int(number) | Value::Int64(number) => Self::Number(Number::Whole(*number)),
            Value::Float(number) => Self::Number(Number::Float(*number)),
            Value::Text(text) => Self::Text(text.as_str().into()),
            Value::List(items) => Self::Array(items.iter().map(Self::of_value).collect()),
            Value::Map(map) => {
                let entries = map.entries();
                let entries = entries.iter();
                let entries =
                    entries.map(|(key, value)| (key.as_str().into(), Self::of_value(value)));
                Self::Object(entries.collect())
            }
            _ => Self::Null,
        }
    }

    /// Reads a text, which holds one value.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let mut reader = Reader { rest: text };
        reader.blank();
        if reader.rest.is_empty() {
            return Err("EOF".to_owned());
        }
        let json = reader.value(0)?;
        reader.blank();
        if reader.rest.is_empty() {
            Ok(json)
        } else {
            Err("invalid character after top-level value".to_owned())
        }
    }

    pub(super) fn as_object(&self) -> Option<&BTreeMap<Box<str>, Self>> {
        match self {
            Self::Object(entries) => Some(entries),
            _ => None,
        }
    }

    pub(super) fn as_array(&self) -> Option<&[Self]> {
        match self {
            Self::Array(items) => Some(items),
            _ => None,
        }
    }

    pub(super) fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    pub(super) fn as_bool(&self) -> Option<bool> {
        match self {
            Self::Bool(truth) => Some(*truth),
            _ => None,
        }
    }

    /// Whether two values are the same; numbers by their worth.
    pub(super) fn equals(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Number(one), Self::Number(other)) => one.compare(other).is_eq(),
            (Self::Array(one), Self::Array(other)) => {
                one.len() == other.len()
                    && one.iter().zip(other).all(|(one, other)| one.equals(other))
            }
            (Self::Object(one), Self::Object(other)) => {
                let pairs = one.iter().zip(other);
                one.len() == other.len()
                    && pairs
                        .into_iter()
                        .all(|((key, one), (name, other))| key == name && one.equals(other))
            }
            (one, other) => one == other,
        }
    }
}

struct Reader<'a> {
    rest: &'a str,
}

impl Reader<'_> {
    fn blank(&mut self) {
        self.rest = self.rest.trim_start_matches([' ', '\t', '\n', '\r']);
    }

    fn next(&mut self) -> Option<char> {
        let mut letters = self.rest.chars();
        let letter = letters.next()?;
        self.rest = letters.as_str();
        Some(letter)
    }

    fn peek(&self) -> Option<char> {
        self.rest.chars().next()
    }

    fn value(&mut self, depth: usize) -> Result<Json, String> {
        if depth > DEPTH_LIMIT {
            return Err("exceeded max depth".to_owned());
        }
        self.blank();
        match self.peek() {
            Some('{') => self.object(depth),
            Some('[') => self.array(depth),
            Some('"') => {
                self.next();
                Ok(Json::Text(self.string()?.into()))
            }
            Some('t') => self.word("true", Json::Bool(true)),
            Some('f') => self.word("false", Json::Bool(false)),
            Some('n') => self.word("null", Json::Null),
            Some('-' | '0'..='9') => self.number(),
            found => Err(unexpected(found, "looking for beginning of value")),
        }
    }

    fn word(&mut self, word: &str, meaning: Json) -> Result<Json, String> {
        for expected in word.chars() {
            let found = self.next();
            if found != Some(expected) {
                let place = format!("in literal {word} (expecting '{expected}')");
                return Err(unexpected(found, &place));
            }
        }
        Ok(meaning)
    }

    fn object(&mut self, depth: usize) -> Result<Json, String> {
        self.next();
        let mut entries = BTreeMap::new();
        self.blank();
        if self.peek() == Some('}') {
            self.next();
            return Ok(Json::Object(entries));
        }
        loop {
            self.blank();
            match self.next() {
                Some('"') => {}
                found => {
                    return Err(unexpected(
                        found,
                        "looking for beginning of object key string",
                    ));
                }
            }
            let key = self.string()?;
            self.blank();
            match self.next() {
                Some(':') => {}
                found => return Err(unexpected(found, "after object key")),
            }
            let value = self.value(depth + 1)?;
            entries.insert(key.into(), value);
            self.blank();
            match self.next() {
                Some(',') => {}
                Some('}') => return Ok(Json::Object(entries)),
                found => return Err(unexpected(found, "after object key:value pair")),
            }
        }
    }

    fn array(&mut self, depth: usize) -> Result<Json, String> {
        self.next();
        let mut items = Vec::new();
        self.blank();
        if self.peek() == Some(']') {
            self.next();
            return Ok(Json::Array(items));
        }
        loop {
            items.push(self.value(depth + 1)?);
            self.blank();
            match self.next() {
                Some(',') => {}
                Some(']') => return Ok(Json::Array(items)),
                found => return Err(unexpected(found, "after array element")),
            }
        }
    }

    /// What is behind the opening quote.
    fn string(&mut self) -> Result<String, String> {
        let mut text = String::new();
        loop {
            match self.next() {
                Some('"') => return Ok(text),
                Some('\\') => text.push(self.escape()?),
                Some(letter) if letter >= ' ' => text.push(letter),
                found => return Err(unexpected(found, "in string literal")),
            }
        }
    }

    fn escape(&mut self) -> Result<char, String> {
        Ok(match self.next() {
            Some(letter @ ('"' | '\\' | '/')) => letter,
            Some('b') => '\u{8}',
            Some('f') => '\u{c}',
            Some('n') => '\n',
            Some('r') => '\r',
            Some('t') => '\t',
            Some('u') => {
                let unit = self.unit()?;
                let pair = self
                    .rest
                    .strip_prefix("\\u")
                    .filter(|_| (0xd800..0xdc00).contains(&unit));
                if let Some(rest) = pair {
                    let before = self.rest;
                    self.rest = rest;
                    let low = self.unit()?;
                    if (0xdc00..0xe000).contains(&low) {
                        let code = 0x1_0000 + ((unit - 0xd800) << 10) + (low - 0xdc00);
                        return Ok(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
                    }
                    self.rest = before;
                }
                char::from_u32(unit).unwrap_or(char::REPLACEMENT_CHARACTER)
            }
            found => return Err(unexpected(found, "in string escape code")),
        })
    }

    fn unit(&mut self) -> Result<u32, String> {
        let mut unit = 0;
        for _ in 0..4 {
            let found = self.next();
            let Some(digit) = found.and_then(|letter| letter.to_digit(16)) else {
                return Err(unexpected(found, "in \\u hexadecimal character escape"));
            };
            unit = unit * 16 + digit;
        }
        Ok(unit)
    }

    fn number(&mut self) -> Result<Json, String> {
        let start = self.rest;
        if self.peek() == Some('-') {
            self.next();
        }
        match self.next() {
            Some('0') => {}
            Some('1'..='9') => self.digits(),
            found => return Err(unexpected(found, "in numeric literal")),
        }
        if self.peek() == Some('.') {
            self.next();
            self.some_digits("after decimal point in numeric literal")?;
        }
        if matches!(self.peek(), Some('e' | 'E')) {
            self.next();
            if matches!(self.peek(), Some('+' | '-')) {
                self.next();
            }
            self.some_digits("in exponent of numeric literal")?;
        }
        let text = &start[..start.len() - self.rest.len()];
        Ok(Json::Number(Number::Written(text.into())))
    }

    fn digits(&mut self) {
        self.rest = self
            .rest
            .trim_start_matches(|letter: char| letter.is_ascii_digit());
    }

    fn some_digits(&mut self, place: &str) -> Result<(), String> {
        let before = self.rest.len();
        self.digits();
        if self.rest.len() == before {
            return Err(unexpected(self.peek(), place));
        }
        Ok(())
    }
}

fn unexpected(found: Option<char>, place: &str) -> String {
    match found {
        None => "unexpected EOF".to_owned(),
        Some('\'') => format!("invalid character '\\'' {place}"),
        Some('"') => format!("invalid character '\"' {place}"),
        Some(letter) => format!("invalid character {letter:?} {place}"),
    }
}

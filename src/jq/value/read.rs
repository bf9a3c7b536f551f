//! JSON text → a value, integers exact.

use std::sync::Arc;

use super::{DEEPEST, List, Map, Text, Value, parse_number};

/// What is wrong with a text that should be JSON.
type Wrong = String;

/// Reads a text that holds one JSON value and nothing else.
pub(in crate::jq) fn read_document(text: &str) -> Result<Value, Wrong> {
    let mut reader = Reader { text, place: 0 };
    let value = reader.value(0)?;
    reader.skip_space();
    if reader.place < text.len() {
        return Err(reader.wrong("after top-level value"));
    }
    Ok(value)
}

/// Reads a text that holds any number of JSON values, one after another. What stands before a
/// mistake is taken.
pub(in crate::jq) fn read_documents(text: &str, mut take: impl FnMut(Value)) -> Result<(), Wrong> {
    let mut reader = Reader { text, place: 0 };
    loop {
        reader.skip_space();
        if reader.place >= text.len() {
            return Ok(());
        }
        take(reader.value(0)?);
    }
}

/// Reads a JSON value as a filter's `fromjson` does.
pub(in crate::jq) fn read_json(text: &str) -> Result<Value, Wrong> {
    read_document(text)
}

struct Reader<'a> {
    text: &'a str,
    place: usize,
}

impl Reader<'_> {
    fn value(&mut self, depth: u32) -> Result<Value, Wrong> {
        self.skip_space();
        match self.peek() {
            Some(b'{') => self.map(depth + 1),
            Some(b'[') => self.list(depth + 1),
            Some(b'"') => self.string().map(Value::Text),
            Some(b't') => self.word("true", Value::Bool(true)),
            Some(b'f') => self.word("false", Value::Bool(false)),
            Some(b'n') => self.word("null", Value::Null),
            Some(b'-' | b'0'..=b'9') => self.number(),
            _ => Err(self.wrong("looking for beginning of value")),
        }
    }

    fn map(&mut self, depth: u32) -> Result<Value, Wrong> {
        self.enter(depth)?;
        let mut entries = Vec::new();
        self.skip_space();
        if self.accept(b'}') {
            return Ok(Value::Map(Arc::new(Map::new())));
        }
        loop {
            self.skip_space();
            if self.peek() != Some(b'"') {
                return Err(self.wrong("looking for beginning of object key string"));
            }
            let key = self.string()?;
            self.skip_space();
            if !self.accept(b':') {
                return Err(self.wrong("after object key"));
            }
            entries.push((key, self.value(depth)?));
            self.skip_space();
            if self.accept(b'}') {
                let map = Map::from_entries(entries).map_err(|_| too_deep())?;
                return Ok(Value::Map(Arc::new(map)));
            }
            if !self.accept(b',') {
                return Err(self.wrong("after object key:value pair"));
            }
        }
    }

    fn list(&mut self, depth: u32) -> Result<Value, Wrong> {
        self.enter(depth)?;
        let mut items = Vec::new();
        self.skip_space();
        if self.accept(b']') {
            return Ok(Value::empty_list());
        }
        loop {
            items.push(self.value(depth)?);
            self.skip_space();
            if self.accept(b']') {
                let list = List::new(items).map_err(|_| too_deep())?;
                return Ok(Value::List(Arc::new(list)));
            }
            if !self.accept(b',') {
                return Err(self.wrong("after array element"));
            }
        }
    }

    fn enter(&mut self, depth: u32) -> Result<(), Wrong> {
        self.place += 1;
        if depth > DEEPEST {
            Err(too_deep())
        } else {
            Ok(())
        }
    }

    fn word(&mut self, word: &str, value: Value) -> Result<Value, Wrong> {
        if self.text.as_bytes()[self.place..].starts_with(word.as_bytes()) {
            self.place += word.len();
            return Ok(value);
        }
        Err(self.wrong(&format!("in literal {word}")))
    }

    fn number(&mut self) -> Result<Value, Wrong> {
        let start = self.place;
        self.accept(b'-');
        if !self.accept(b'0') {
            self.digits()?;
        }
        if self.accept(b'.') {
            self.digits()?;
        }
        if self.accept(b'e') || self.accept(b'E') {
            if !self.accept(b'-') {
                self.accept(b'+');
            }
            self.digits()?;
        }
        Ok(parse_number(
            self.text.get(start..self.place).unwrap_or_default(),
        ))
    }

    fn digits(&mut self) -> Result<(), Wrong> {
        let start = self.place;
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.place += 1;
        }
        if self.place == start {
            Err(self.wrong("in numeric literal"))
        } else {
            Ok(())
        }
    }

    fn string(&mut self) -> Result<Text, Wrong> {
        self.place += 1;
        let start = self.place;
        let rest = &self.text.as_bytes()[start..];
        let plain = rest
            .iter()
            .position(|byte| matches!(byte, b'"' | b'\\' | 0..=0x1f))
            .unwrap_or(rest.len());
        self.place += plain;
        let head = self.text.get(start..self.place).unwrap_or_default();
        if self.accept(b'"') {
            return Ok(Text::from(head));
        }
        let mut text = head.to_owned();
        self.escaped(&mut text)?;
        Ok(Text::from(text))
    }

    /// The rest of a string that has an escape in it.
    fn escaped(&mut self, text: &mut String) -> Result<(), Wrong> {
        loop {
            let start = self.place;
            while !matches!(self.peek(), None | Some(b'"' | b'\\' | 0..=0x1f)) {
                self.place += 1;
            }
            text.push_str(self.text.get(start..self.place).unwrap_or_default());
            if self.accept(b'"') {
                return Ok(());
            }
            if !self.accept(b'\\') {
                return Err(self.wrong("in string literal"));
            }
            let escape = self.peek();
            let letter = match escape {
                Some(byte @ (b'"' | b'\\' | b'/')) => char::from(byte),
                Some(b'b') => '\u{8}',
                Some(b'f') => '\u{c}',
                Some(b'n') => '\n',
                Some(b'r') => '\r',
                Some(b't') => '\t',
                Some(b'u') => {
                    self.place += 1;
                    text.push(self.unicode()?);
                    continue;
                }
                _ => return Err(self.wrong("in string escape code")),
            };
            self.place += 1;
            text.push(letter);
        }
    }

    /// Four hexadecimal digits, or a pair of them; a half of a pair alone is no letter.
    fn unicode(&mut self) -> Result<char, Wrong> {
        let first = self.hex()?;
        if !(0xd800..0xdc00).contains(&first) {
            return Ok(char::from_u32(first).unwrap_or('\u{fffd}'));
        }
        let place = self.place;
        if self.accept(b'\\') && self.accept(b'u') {
            let second = self.hex()?;
            if (0xdc00..0xe000).contains(&second) {
                let letter = 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00);
                return Ok(char::from_u32(letter).unwrap_or('\u{fffd}'));
            }
        }
        self.place = place;
        Ok('\u{fffd}')
    }

    fn hex(&mut self) -> Result<u32, Wrong> {
        let digits = self
            .text
            .get(self.place..self.place + 4)
            .unwrap_or_default();
        if digits.len() != 4 || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(self.wrong("in \\u hexadecimal character escape"));
        }
        self.place += 4;
        Ok(u32::from_str_radix(digits, 16).unwrap_or(0xfffd))
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.place).copied()
    }

    fn accept(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.place += usize::from(found);
        found
    }

    fn skip_space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.place += 1;
        }
    }

    fn wrong(&self, place: &str) -> Wrong {
        match self
            .text
            .get(self.place..)
            .and_then(|rest| rest.chars().next())
        {
            Some(letter) => format!("invalid character {letter:?} {place}"),
            None if self.text.trim().is_empty() => "EOF".to_owned(),
            None => "unexpected EOF".to_owned(),
        }
    }
}

fn too_deep() -> Wrong {
    format!("exceeded max depth {DEEPEST}")
}

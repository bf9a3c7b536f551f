//! Lists and mappings in brackets.

use std::borrow::Cow;

use super::{Build, MAX_DEPTH, Reader};

impl<'a, B: Build> Reader<'a, B> {
    /// A list or a mapping in brackets.
    pub(super) fn flow(&mut self) -> Option<B::Value> {
        if self.depth == MAX_DEPTH {
            return None;
        }
        self.depth += 1;
        let place = self.place();
        let is_list = self.is_at(b'[');
        self.at += 1;
        let value = if is_list {
            self.flow_list(place)?
        } else {
            self.flow_map(place)?
        };
        self.depth -= 1;
        Some(value)
    }

    fn flow_list(&mut self, place: B::Place) -> Option<B::Value> {
        let mut items = Vec::new();
        if self.flow_closes(b']')? {
            return Some(self.build.list(place, items));
        }
        loop {
            items.push(self.flow_value()?);
            if self.flow_ends(b']')? || self.flow_closes(b']')? {
                return Some(self.build.list(place, items));
            }
        }
    }

    fn flow_map(&mut self, place: B::Place) -> Option<B::Value> {
        let mut entries = Vec::new();
        if self.flow_closes(b'}')? {
            return Some(self.build.map(place, entries));
        }
        loop {
            let start = self.at;
            let key_place = self.place();
            let key = match self.peek()? {
                b'"' | b'\'' => {
                    let key = self.quoted()?;
                    self.build.key(key_place, key)
                }
                _ => {
                    let word = self.flow_word()?;
                    if !self.is_gap(self.at + 1) {
                        return None;
                    }
                    self.plain_key(key_place, word)?
                }
            };
            let is_one_line = memchr::memchr(b'\n', &self.text[start..self.at]).is_none();
            if self.at - start > 500 || !is_one_line || !self.is_at(b':') {
                return None;
            }
            self.at += 1;
            entries.push((key, self.flow_value()?));
            if self.flow_ends(b'}')? || self.flow_closes(b'}')? {
                return Some(self.build.map(place, entries));
            }
        }
    }

    /// Skips blanks, line breaks and comments.
    fn skip_gap(&mut self) -> Option<()> {
        loop {
            let before = self.at;
            self.skip_blanks();
            match self.peek() {
                Some(b'\n') => {
                    self.at += 1;
                    let rest = &self.text[self.at..];
                    if rest.starts_with(b"---") || rest.starts_with(b"...") {
                        return None;
                    }
                }
                Some(b'#') if self.at > before || self.text[self.at - 1] == b'\n' => {
                    self.skip_line();
                }
                _ => return Some(()),
            }
        }
    }

    /// Reads the closing bracket, when it comes next.
    fn flow_closes(&mut self, bracket: u8) -> Option<bool> {
        self.skip_gap()?;
        let closes = self.is_at(bracket);
        self.at += usize::from(closes);
        Some(closes)
    }

    /// Reads `,` or the closing bracket; whether it was that.
    fn flow_ends(&mut self, bracket: u8) -> Option<bool> {
        self.skip_gap()?;
        let byte = self.peek()?;
        self.at += 1;
        match byte {
            b',' => Some(false),
            byte if byte == bracket => Some(true),
            _ => None,
        }
    }

    fn flow_value(&mut self) -> Option<B::Value> {
        self.skip_gap()?;
        match self.peek()? {
            b'[' | b'{' => self.flow(),
            b'"' | b'\'' => {
                let place = self.place();
                let text = self.quoted()?;
                Some(self.build.text(place, text))
            }
            _ => {
                let place = self.place();
                let word = self.flow_word()?;
                self.meaning(place, Cow::Borrowed(word))
            }
        }
    }

    /// A plain word without any sign that could mean something.
    fn flow_word(&mut self) -> Option<&'a str> {
        let start = self.at;
        let rest = &self.text[start..];
        let length = rest
            .iter()
            .take_while(|byte| {
                byte.is_ascii_alphanumeric()
                    || matches!(
                        byte,
                        b'_' | b'.' | b'/' | b'-' | b'$' | b'(' | b')' | b'=' | b'+'
                    )
            })
            .count();
        let is_word = rest.first().is_some_and(|first| {
            *first != b'-' || rest.get(1).is_some_and(u8::is_ascii_alphanumeric)
        });
        if length == 0 || !is_word {
            return None;
        }
        self.at += length;
        self.source.get(start..self.at)
    }
}

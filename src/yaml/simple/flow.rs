//! Lists and mappings in brackets, on one line.

use super::{Build, MAX_DEPTH, Reader};

impl<'a, B: Build> Reader<'a, B> {
    /// A list or a mapping in brackets.
    pub(super) fn flow(&mut self) -> Option<B::Value> {
        if self.depth == MAX_DEPTH {
            return None;
        }
        self.depth += 1;
        let is_list = self.is_at(b'[');
        self.at += 1;
        let value = if is_list {
            self.flow_list()?
        } else {
            self.flow_map()?
        };
        self.depth -= 1;
        Some(value)
    }

    fn flow_list(&mut self) -> Option<B::Value> {
        let mut items = Vec::new();
        self.skip_blanks();
        if self.is_at(b']') {
            self.at += 1;
            return Some(self.build.list(items));
        }
        loop {
            items.push(self.flow_value()?);
            if self.flow_ends(b']')? {
                return Some(self.build.list(items));
            }
        }
    }

    fn flow_map(&mut self) -> Option<B::Value> {
        let mut entries = Vec::new();
        self.skip_blanks();
        if self.is_at(b'}') {
            self.at += 1;
            return Some(self.build.map(entries));
        }
        loop {
            self.skip_blanks();
            let start = self.at;
            let key = match self.peek()? {
                b'"' | b'\'' => {
                    let key = self.quoted()?;
                    self.build.key(&key)
                }
                _ => {
                    let word = self.flow_word()?;
                    if !self.is_gap(self.at + 1) {
                        return None;
                    }
                    self.plain_key(word)?
                }
            };
            if self.at - start > 500 || !self.is_at(b':') {
                return None;
            }
            self.at += 1;
            entries.push((key, self.flow_value()?));
            if self.flow_ends(b'}')? {
                return Some(self.build.map(entries));
            }
        }
    }

    /// Reads `,` or the closing bracket; whether it was that.
    fn flow_ends(&mut self, bracket: u8) -> Option<bool> {
        self.skip_blanks();
        let byte = self.peek()?;
        self.at += 1;
        match byte {
            b',' => Some(false),
            byte if byte == bracket => Some(true),
            _ => None,
        }
    }

    fn flow_value(&mut self) -> Option<B::Value> {
        self.skip_blanks();
        match self.peek()? {
            b'[' | b'{' => self.flow(),
            b'"' | b'\'' => {
                let text = self.quoted()?;
                Some(self.build.text(&text))
            }
            _ => {
                let word = self.flow_word()?;
                self.meaning(word)
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
                byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'/' | b'-')
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

//! A filter's text → words, one at a time: what is inside a string is the parser's to ask for.

use super::Wrong;

/// One word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Token<'a> {
    End,
    Name(&'a str),
    /// `.name`, without the dot.
    Field(&'a str),
    /// `$name`, with the dollar sign.
    Variable(&'a str),
    /// `@name`, with the sign.
    Format(&'a str),
    Number(&'a str),
    /// The beginning of a string; what follows comes from [`Lexer::chunk`].
    Quote,
    Sign(&'a str),
}

/// What follows a plain piece of a string.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Follow {
    End,
    Query,
}

const SIGNS: [&str; 16] = [
    "?//", "//=", "..", "|=", "+=", "-=", "*=", "/=", "//", "%=", "==", "!=", ">=", "<=", "?", "=",
];

/// Reads words from a text.
#[derive(Debug)]
pub(super) struct Lexer<'a> {
    text: &'a str,
    place: usize,
}

impl<'a> Lexer<'a> {
    pub(super) const fn new(text: &'a str) -> Self {
        Self { text, place: 0 }
    }

    /// The next word and where it begins.
    pub(super) fn next(&mut self) -> Result<(usize, Token<'a>), Wrong> {
        self.skip_space();
        let start = self.place;
        let rest = self.text.get(start..).unwrap_or_default();
        let Some(first) = rest.chars().next() else {
            return Ok((start, Token::End));
        };
        let second = rest.as_bytes().get(1).copied().unwrap_or(0);
        let token = match first {
            'a'..='z' | 'A'..='Z' | '_' => Token::Name(self.module_name(start)),
            '0'..='9' => Token::Number(self.number(start)?),
            '.' if second.is_ascii_digit() => Token::Number(self.number(start)?),
            '.' if is_head(second) => {
                self.place += 1;
                Token::Field(self.name(start + 1))
            }
            '$' if is_head(second) => {
                self.place += 1;
                Token::Variable(self.module_name(start))
            }
            '@' if is_head(second) || second.is_ascii_digit() => {
                self.place += 1;
                Token::Format(self.name(start))
            }
            '"' => {
                self.place += 1;
                Token::Quote
            }
            _ => Token::Sign(self.sign(rest, first)),
        };
        Ok((start, token))
    }

    fn sign(&mut self, rest: &'a str, first: char) -> &'a str {
        let known = SIGNS
            .iter()
            .find(|sign| rest.starts_with(**sign))
            .map(|sign| sign.len());
        let length = known.unwrap_or_else(|| first.len_utf8());
        self.place += length;
        rest.get(..length).unwrap_or_default()
    }

    fn name(&mut self, start: usize) -> &'a str {
        while self.peek().is_ascii_alphanumeric() || self.peek() == b'_' {
            self.place += 1;
        }
        self.text.get(start..self.place).unwrap_or_default()
    }

    /// A name that may stand in a module, as in `module::name`.
    fn module_name(&mut self, start: usize) -> &'a str {
        let name = self.name(start);
        let rest = self.text.as_bytes().get(self.place..).unwrap_or_default();
        match rest {
            [b':', b':', head, ..] if is_head(*head) => {
                self.place += 2;
                self.name(start)
            }
            _ => name,
        }
    }

    fn number(&mut self, start: usize) -> Result<&'a str, Wrong> {
        self.digits();
        if self.peek() == b'.' {
            self.place += 1;
            self.digits();
        }
        let mut whole = true;
        if matches!(self.peek(), b'e' | b'E') {
            self.place += 1;
            if matches!(self.peek(), b'+' | b'-') {
                self.place += 1;
            }
            whole = self.peek().is_ascii_digit();
            self.digits();
        }
        if !whole || is_head(self.peek()) || self.peek() == b'.' && !self.ends_as_field() {
            self.place += usize::from(self.place < self.text.len());
            while !self.text.is_char_boundary(self.place) {
                self.place += 1;
            }
            let token = self.text.get(start..self.place).unwrap_or_default();
            return Err(Wrong {
                place: start,
                message: format!("invalid token {token:?}"),
            });
        }
        Ok(self.text.get(start..self.place).unwrap_or_default())
    }

    /// After a whole number with a power, a dot begins something else.
    fn ends_as_field(&self) -> bool {
        let before = self.text.get(..self.place).unwrap_or_default();
        before.rfind(['e', 'E']).is_some_and(|power| {
            before[power + 1..]
                .bytes()
                .all(|byte| byte.is_ascii_digit() || matches!(byte, b'+' | b'-'))
        })
    }

    fn digits(&mut self) {
        while self.peek().is_ascii_digit() {
            self.place += 1;
        }
    }

    /// The next plain piece of a string, its escapes resolved, and what follows it.
    pub(super) fn chunk(&mut self) -> Result<(String, Follow), Wrong> {
        let mut chunk = String::new();
        loop {
            let rest = self.text.get(self.place..).unwrap_or_default();
            let plain = rest.find(['"', '\\']).unwrap_or(rest.len());
            chunk.push_str(rest.get(..plain).unwrap_or_default());
            self.place += plain;
            match (
                self.peek(),
                rest.as_bytes().get(plain + 1).copied().unwrap_or(0),
            ) {
                (b'"', _) => {
                    self.place += 1;
                    return Ok((chunk, Follow::End));
                }
                (b'\\', b'(') => {
                    self.place += 2;
                    return Ok((chunk, Follow::Query));
                }
                (b'\\', b'u') => chunk.push(self.unicode()?),
                (b'\\', letter) if self.place + 1 < self.text.len() => {
                    chunk.push(self.escape(letter)?);
                    self.place += 2;
                }
                _ => {
                    let message = "unterminated string literal".to_owned();
                    return Err(Wrong {
                        place: self.text.len(),
                        message,
                    });
                }
            }
        }
    }

    fn escape(&self, letter: u8) -> Result<char, Wrong> {
        Ok(match letter {
            b'"' | b'\\' | b'/' => char::from(letter),
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            _ => return Err(self.bad_escape(2)),
        })
    }

    fn unicode(&mut self) -> Result<char, Wrong> {
        let first = self.hex(self.place).ok_or_else(|| self.bad_escape(6))?;
        self.place += 6;
        if (0xd800..0xdc00).contains(&first)
            && let Some(second) = self
                .hex(self.place)
                .filter(|unit| (0xdc00..0xe000).contains(unit))
        {
            self.place += 6;
            let letter = 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00);
            return Ok(char::from_u32(letter).unwrap_or('\u{fffd}'));
        }
        Ok(char::from_u32(first).unwrap_or('\u{fffd}'))
    }

    /// The number in a `\uXXXX` at this place.
    fn hex(&self, place: usize) -> Option<u32> {
        let digits = self.text.get(place..place + 6)?.strip_prefix("\\u")?;
        let whole = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        whole
            .then(|| u32::from_str_radix(digits, 16).ok())
            .flatten()
    }

    fn bad_escape(&self, length: usize) -> Wrong {
        let rest = self.text.get(self.place..).unwrap_or_default();
        let shown: String = rest
            .chars()
            .take(length)
            .take_while(|letter| *letter != '"')
            .collect();
        let message = format!("invalid escape sequence \"{shown}\" in string literal");
        Wrong {
            place: self.place,
            message,
        }
    }

    fn skip_space(&mut self) {
        loop {
            match self.peek() {
                b' ' | b'\t' | b'\n' | b'\r' if self.place < self.text.len() => self.place += 1,
                b'#' => self.skip_comment(),
                _ => return,
            }
        }
    }

    /// A comment ends with its line, unless an odd number of backslashes stands before the end.
    fn skip_comment(&mut self) {
        let bytes = self.text.as_bytes();
        while let Some(byte) = bytes.get(self.place) {
            match byte {
                b'\n' | b'\r' => return,
                b'\\' => {
                    self.place += 1;
                    match bytes.get(self.place) {
                        Some(b'\\' | b'\n') => self.place += 1,
                        Some(b'\r') => {
                            self.place +=
                                1 + usize::from(bytes.get(self.place + 1) == Some(&b'\n'));
                        }
                        _ => {}
                    }
                }
                _ => self.place += 1,
            }
        }
    }

    fn peek(&self) -> u8 {
        self.text.as_bytes().get(self.place).copied().unwrap_or(0)
    }
}

const fn is_head(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte == b'_'
}

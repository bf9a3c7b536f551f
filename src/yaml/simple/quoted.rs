//! Texts in quotes.

use std::borrow::Cow;

use super::{Build, Reader};

impl<'a, B: Build> Reader<'a, B> {
    /// A text in quotes, of one line or of many.
    pub(super) fn quoted(&mut self) -> Option<Cow<'a, str>> {
        let quote = self.peek()?;
        self.at += 1;
        let mut text = String::new();
        loop {
            let start = self.at;
            let rest = &self.text[start..];
            let length = match quote {
                b'"' => memchr::memchr3(b'\n', b'\\', b'"', rest)?,
                _ => memchr::memchr2(b'\n', b'\'', rest)?,
            };
            self.at += length;
            let piece = self.source.get(start..self.at)?;
            match (self.peek()?, quote) {
                (b'\n', _) => {
                    text.push_str(piece.trim_end_matches([' ', '\t']));
                    match self.breaks_in_quotes()? {
                        1 => text.push(' '),
                        breaks => text.extend(std::iter::repeat_n('\n', breaks - 1)),
                    }
                }
                (b'\\', _) => {
                    text.push_str(piece);
                    self.escape(&mut text)?;
                }
                (b'\'', b'\'') if self.text.get(self.at + 1) == Some(&b'\'') => {
                    self.at += 2;
                    text.push_str(piece);
                    text.push('\'');
                }
                _ => {
                    self.at += 1;
                    if text.is_empty() {
                        return Some(Cow::Borrowed(piece));
                    }
                    text.push_str(piece);
                    return Some(Cow::Owned(text));
                }
            }
        }
    }

    /// Goes to the first sign of the next line that is not blank; gives how many line breaks that were.
    fn breaks_in_quotes(&mut self) -> Option<usize> {
        let mut breaks = 0;
        while self.is_at(b'\n') {
            breaks += 1;
            self.at += 1;
            let rest = &self.text[self.at..];
            if rest.starts_with(b"---") || rest.starts_with(b"...") {
                return None;
            }
            while matches!(self.peek(), Some(b' ' | b'\t')) {
                self.at += 1;
            }
        }
        Some(breaks)
    }

    fn escape(&mut self, text: &mut String) -> Option<()> {
        let letter = match self.text.get(self.at + 1)? {
            b'n' => '\n',
            b't' => '\t',
            b'r' => '\r',
            b'"' => '"',
            b'\\' => '\\',
            b'/' => '/',
            b' ' => ' ',
            b'0' => '\0',
            b'a' => '\x07',
            b'b' => '\x08',
            b'v' => '\x0b',
            b'f' => '\x0c',
            b'e' => '\x1b',
            b'x' => return self.escaped_number(2, text),
            b'u' => return self.escaped_number(4, text),
            b'U' => return self.escaped_number(8, text),
            b'\n' => {
                // The line goes on in the next one that is not blank.
                self.at += 1;
                let breaks = self.breaks_in_quotes()?;
                text.extend(std::iter::repeat_n('\n', breaks - 1));
                return Some(());
            }
            _ => return None,
        };
        self.at += 2;
        text.push(letter);
        Some(())
    }

    fn escaped_number(&mut self, digits: usize, text: &mut String) -> Option<()> {
        let start = self.at + 2;
        let number = self.source.get(start..start + digits)?;
        if !number.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return None;
        }
        text.push(char::from_u32(u32::from_str_radix(number, 16).ok()?)?);
        self.at = start + digits;
        Some(())
    }
}

//! What the parser is given of a text, so that it reads as go-yaml does.
//!
//! `libyaml-safer` must not see a byte order mark, panics when a text ends inside a block scalar, and
//! does not know the escape `\\'`.

use std::io::{self, BufRead, Read};

/// A text without the byte order mark it may begin with.
pub(super) fn without_mark(text: &str) -> &str {
    text.strip_prefix('\u{feff}').unwrap_or(text)
}

/// Hands a text to the parser in pieces, with a line break behind it when it has none.
///
/// The parser keeps four bytes per character of what it was handed; small pieces stay in the cache.
pub(super) struct Feed<'a> {
    rest: &'a str,
    needs_break: bool,
}

const PIECE: usize = 4096;

impl<'a> Feed<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self {
            rest: text,
            needs_break: !text.ends_with(['\n', '\r', '\u{85}', '\u{2028}', '\u{2029}']),
        }
    }
}

impl BufRead for Feed<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.rest.is_empty() && self.needs_break {
            return Ok(b"\n");
        }
        let end = self.rest.floor_char_boundary(PIECE);
        Ok(&self.rest.as_bytes()[..end])
    }

    fn consume(&mut self, amount: usize) {
        if self.rest.is_empty() && amount > 0 {
            self.needs_break = false;
        }
        self.rest = self.rest.get(amount..).unwrap_or_default();
    }
}

impl Read for Feed<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let mut available = self.fill_buf()?;
        let amount = available.read(into)?;
        self.consume(amount);
        Ok(amount)
    }
}

/// Whether the last line break of a block scalar at the end of a text is the added one.
pub(super) fn added_break_counts(value: &str, text: &str) -> bool {
    let Some(content) = value.strip_suffix('\n') else {
        return false;
    };
    if content.is_empty() || content.ends_with('\n') {
        return true;
    }
    // The last line of the text is blank and dropped, or it is the last line of the value.
    let written = text.rsplit('\n').next().unwrap_or_default();
    let read = content.rsplit('\n').next().unwrap_or_default();
    !written.trim_matches(' ').is_empty() || written.ends_with(read)
}

/// The text with the escape `\'` made `'`, from a place inside double quotes to their end; `None` when
/// that is not what stands there.
///
/// go-yaml knows this escape and charts use it. Values behind it on the line seem a column further left.
pub(super) fn without_escaped_quotes(text: &str, at: usize) -> Option<String> {
    let (before, rest) = text.split_at_checked(at)?;
    if !rest.starts_with("\\'") {
        return None;
    }
    let mut repaired = String::with_capacity(text.len());
    repaired.push_str(before);
    let mut letters = rest.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => match letters.next() {
                Some('\'') => repaired.push('\''),
                next => repaired.extend([Some('\\'), next].into_iter().flatten()),
            },
            '"' => {
                repaired.push('"');
                break;
            }
            _ => repaired.push(letter),
        }
    }
    repaired.push_str(letters.as_str());
    Some(repaired)
}

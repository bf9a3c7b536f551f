//! A fast way through texts that are simple, which is what charts and `toYaml` write for the most part.
//!
//! It knows blocks, plain and quoted texts, literal and folded ones, flow collections, and comments; no
//! anchors, tags, directives, or second documents. At anything else, and at everything that is wrong, it gives up,
//! and the whole text is read by the reader that knows all of YAML. So a text that is read here must
//! be one that the other reads the same, and nothing here says what is wrong.

mod block;
mod flow;
mod lines;
mod quoted;
mod scalar;

#[cfg(test)]
mod tests;

use std::borrow::Cow;

use super::MAX_TEXT;

/// Makes the values that a text means.
pub trait Build {
    /// A value.
    type Value;
    /// A key of a mapping, read before its value.
    type Key;
    /// Where a value or a key begins; `()` where nobody asks.
    type Place: Copy;

    /// The place of a byte of the text. It is asked for from front to back.
    fn place(&mut self, at: usize) -> Self::Place;
    /// Null.
    fn null(&mut self, place: Self::Place) -> Self::Value;
    /// A boolean.
    fn boolean(&mut self, place: Self::Place, truth: bool) -> Self::Value;
    /// A whole number.
    fn integer(&mut self, place: Self::Place, integer: i64) -> Self::Value;
    /// Any other number; it is finite.
    fn float(&mut self, place: Self::Place, float: f64) -> Self::Value;
    /// A text.
    fn text(&mut self, place: Self::Place, text: Cow<'_, str>) -> Self::Value;
    /// A list.
    fn list(&mut self, place: Self::Place, items: Vec<Self::Value>) -> Self::Value;
    /// A key.
    fn key(&mut self, place: Self::Place, key: Cow<'_, str>) -> Self::Key;
    /// A mapping, as it was written: the last of equal keys counts.
    fn map(&mut self, place: Self::Place, entries: Vec<(Self::Key, Self::Value)>) -> Self::Value;
}

/// Reads the only document of a text by the rules of manifests; `None` when the text is not so simple, or
/// wrong.
pub fn read_simple<B: Build>(text: &str, build: &mut B) -> Option<B::Value> {
    if text.len() > MAX_TEXT || (!text.bytes().all(is_easy) && has_odd_characters(text)) {
        return None;
    }
    let mut reader = Reader {
        text: text.as_bytes(),
        source: text,
        at: 0,
        depth: 0,
        build,
    };
    reader.document()
}

struct Reader<'a, B> {
    text: &'a [u8],
    source: &'a str,
    at: usize,
    depth: usize,
    build: &'a mut B,
}

/// Something that is left to the other reader.
struct NotSimple;

/// Deeper ones are left to the other reader.
const MAX_DEPTH: usize = 100;

fn is_easy(byte: u8) -> bool {
    matches!(byte, b'\n' | b'\t' | b' '..=b'~')
}

/// Control characters, and those that break lines or mark the order of bytes.
fn has_odd_characters(text: &str) -> bool {
    text.chars().any(|letter| {
        matches!(letter,
            '\0'..='\u{8}' | '\u{b}'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{2028}' | '\u{2029}'
            | '\u{feff}' | '\u{fffe}' | '\u{ffff}')
    })
}

/// The cursor.
impl<B: Build> Reader<'_, B> {
    /// The place of the cursor.
    fn place(&mut self) -> B::Place {
        self.build.place(self.at)
    }

    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn is_at(&self, byte: u8) -> bool {
        self.peek() == Some(byte)
    }

    fn skip_blanks(&mut self) {
        while self.is_at(b' ') {
            self.at += 1;
        }
    }

    /// Whether the cursor is at the end of a line or of the text.
    fn is_line_end(&self) -> bool {
        matches!(self.peek(), None | Some(b'\n'))
    }

    /// Whether a byte at this place ends a word: a blank, a line break, the end.
    fn is_gap(&self, at: usize) -> bool {
        matches!(self.text.get(at), None | Some(b' ' | b'\n'))
    }

    /// Skips blanks and a comment, up to the end of the line; `None` when something else stands there.
    fn end_line(&mut self) -> Option<()> {
        let before = self.at;
        self.skip_blanks();
        if self.is_at(b'#') && self.at > before {
            self.skip_line();
        }
        self.is_line_end().then_some(())
    }

    /// Goes to the end of the line.
    fn skip_line(&mut self) {
        let rest = &self.text[self.at..];
        self.at += memchr::memchr(b'\n', rest).unwrap_or(rest.len());
    }

    /// From the end of a line, goes to the first sign of the next one that has content; gives how far it is
    /// indented, `None` at the end of the text. A tab among the blanks is `Err`.
    fn next_line(&mut self) -> Result<Option<usize>, NotSimple> {
        loop {
            if self.is_at(b'\n') {
                self.at += 1;
            }
            let start = self.at;
            self.skip_blanks();
            match self.peek() {
                None => return Ok(None),
                Some(b'\n') => {}
                Some(b'#') => self.skip_line(),
                Some(b'\t') => return Err(NotSimple),
                Some(_) => return Ok(Some(self.at - start)),
            }
        }
    }

    /// As [`Reader::next_line`], without moving.
    fn indentation_ahead(&mut self) -> Result<Option<usize>, NotSimple> {
        let at = self.at;
        let indentation = self.next_line();
        self.at = at;
        indentation
    }

    /// Whether a marker of a list stands here.
    fn is_item(&self) -> bool {
        self.is_at(b'-') && self.is_gap(self.at + 1)
    }
}

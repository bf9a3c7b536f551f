//! Keys and texts.

use std::borrow::Cow;

use super::{Build, NotSimple, Reader};
use crate::yaml::Profile;
use crate::yaml::number::{self, Numeric};
use crate::yaml::resolve::{self, Meaning};

/// Longer keys are left to the other reader: there is a limit to them.
const MAX_KEY: usize = 500;

impl<'a, B: Build> Reader<'a, B> {
    /// Reads a key, which begins here, and its colon; `None`, and nothing read, when the line has none.
    pub(super) fn key(&mut self, place: B::Place) -> Result<Option<B::Key>, NotSimple> {
        let start = self.at;
        let key = match self.peek() {
            Some(b'"' | b'\'') => {
                let key = self.quoted().ok_or(NotSimple)?;
                let is_one_line = memchr::memchr(b'\n', &self.text[start..self.at]).is_none();
                self.skip_blanks();
                if !is_one_line || !self.is_at(b':') || !self.is_gap(self.at + 1) {
                    self.at = start;
                    return Ok(None);
                }
                self.build.key(place, key)
            }
            Some(first) if self.begins_plain(first) => {
                let Some(end) = self.colon() else {
                    return Ok(None);
                };
                let key = self.source.get(start..end).ok_or(NotSimple)?;
                self.at = end;
                let key = self.plain_key(place, key.trim_end_matches(' '));
                key.ok_or(NotSimple)?
            }
            _ => return Err(NotSimple),
        };
        if self.at - start > MAX_KEY {
            return Err(NotSimple);
        }
        self.at += 1;
        Ok(Some(key))
    }

    /// The place of the colon behind a plain key in this line.
    fn colon(&self) -> Option<usize> {
        let mut at = self.at;
        loop {
            match self.text.get(at)? {
                b':' if self.is_gap(at + 1) => return Some(at),
                b'\n' => return None,
                b'#' if self.text[at - 1] == b' ' => return None,
                _ => at += 1,
            }
        }
    }

    pub(super) fn plain_key(&mut self, place: B::Place, key: &str) -> Option<B::Key> {
        if key.contains('\t') {
            return None;
        }
        let printed = match resolve::plain(key, Profile::V2) {
            Meaning::Text | Meaning::Timestamp => {
                return Some(self.build.key(place, Cow::Borrowed(key)));
            }
            Meaning::Bool(truth) => truth.to_string(),
            Meaning::Number(Numeric::Integer(integer)) => integer.to_string(),
            Meaning::Number(Numeric::Float(float)) => number::to_key(float),
            Meaning::Number(Numeric::Unsigned(_)) | Meaning::Null | Meaning::Merge => return None,
        };
        Some(self.build.key(place, Cow::Owned(printed)))
    }

    /// Whether a plain text may begin with this byte, which is at the cursor.
    fn begins_plain(&self, first: u8) -> bool {
        match first {
            b'-' | b'?' | b':' => {
                let is_marker = self.text[self.at..].starts_with(b"---");
                !is_marker && !self.is_gap(self.at + 1) && self.text[self.at + 1] != b'\t'
            }
            b'.' => !self.text[self.at..].starts_with(b"..."),
            b',' | b'[' | b']' | b'{' | b'}' | b'#' | b'&' | b'*' | b'!' | b'|' | b'>' | b'\''
            | b'"' | b'%' | b'@' | b'`' | b'\t' => false,
            _ => true,
        }
    }

    /// A value that begins in this line, of a collection that is indented so far.
    pub(super) fn value(&mut self, indentation: usize) -> Option<B::Value> {
        match self.peek()? {
            b'|' => self.block(indentation, Self::literal),
            b'>' => self.block(indentation, Self::folded),
            b'"' | b'\'' => {
                let place = self.place();
                let text = self.quoted()?;
                self.end_line()?;
                Some(self.build.text(place, text))
            }
            b'[' | b'{' => {
                let value = self.flow()?;
                self.end_line()?;
                Some(value)
            }
            first if self.begins_plain(first) => self.plain(indentation),
            _ => None,
        }
    }

    /// A plain text, which may go on in lines that are indented further.
    fn plain(&mut self, indentation: usize) -> Option<B::Value> {
        let place = self.place();
        let (first, has_comment) = self.plain_line()?;
        if has_comment || self.breaks_before_next(indentation).ok()?.is_none() {
            return self.meaning(place, Cow::Borrowed(first));
        }
        let mut text = first.to_owned();
        while let Some(breaks) = self.breaks_before_next(indentation).ok()? {
            self.next_line().ok()?;
            match breaks {
                1 => text.push(' '),
                _ => text.extend(std::iter::repeat_n('\n', breaks - 1)),
            }
            let (line, has_comment) = self.plain_line()?;
            text.push_str(line);
            if has_comment {
                break;
            }
        }
        // A text of several lines is never anything else, but what it says is looked at all the same.
        self.meaning(place, Cow::Owned(text))
    }

    /// How many line breaks stand before the next line, when that one goes on with a plain text.
    fn breaks_before_next(&self, indentation: usize) -> Result<Option<usize>, NotSimple> {
        let mut at = self.at;
        let mut breaks = 0;
        while self.text.get(at) == Some(&b'\n') {
            breaks += 1;
            let start = at + 1;
            at = start;
            while self.text.get(at) == Some(&b' ') {
                at += 1;
            }
            match self.text.get(at) {
                Some(b'\n') => {}
                Some(b'\t') => return Err(NotSimple),
                Some(b'#') | None => return Ok(None),
                Some(_) => return Ok((at - start > indentation).then_some(breaks)),
            }
        }
        Ok(None)
    }

    /// The rest of a line of a plain text, and whether a comment ends it.
    fn plain_line(&mut self) -> Option<(&'a str, bool)> {
        let start = self.at;
        let mut at = start;
        let mut has_comment = false;
        while let Some(byte) = self.text.get(at) {
            match byte {
                b'\n' => break,
                b':' if self.is_gap(at + 1) => return None,
                b'#' if at > start && self.text[at - 1] == b' ' => {
                    has_comment = true;
                    break;
                }
                b'\t' => return None,
                _ => at += 1,
            }
        }
        self.at = at;
        self.skip_line();
        let line = self.source.get(start..at)?;
        Some((line.trim_end_matches(' '), has_comment))
    }

    pub(super) fn meaning(&mut self, place: B::Place, text: Cow<'_, str>) -> Option<B::Value> {
        Some(match resolve::plain(&text, Profile::V2) {
            Meaning::Text | Meaning::Timestamp | Meaning::Merge => self.build.text(place, text),
            Meaning::Null => self.build.null(place),
            Meaning::Bool(truth) => self.build.boolean(place, truth),
            Meaning::Number(Numeric::Integer(integer)) => self.build.integer(place, integer),
            #[expect(
                clippy::cast_precision_loss,
                reason = "such numbers are floats everywhere"
            )]
            Meaning::Number(Numeric::Unsigned(unsigned)) => {
                self.build.float(place, unsigned as f64)
            }
            Meaning::Number(Numeric::Float(float)) if float.is_finite() => {
                self.build.float(place, float)
            }
            Meaning::Number(Numeric::Float(_)) => return None,
        })
    }
}

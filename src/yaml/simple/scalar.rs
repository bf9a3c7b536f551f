//! Keys and texts.

use std::borrow::Cow;
use std::ops::Range;

use super::{Build, NotSimple, Reader};
use crate::yaml::Profile;
use crate::yaml::number::{self, Numeric};
use crate::yaml::resolve::{self, Meaning};

/// Longer keys are left to the other reader: there is a limit to them.
const MAX_KEY: usize = 500;

/// How the last line breaks of a block are treated.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Chomp {
    Clip,
    Strip,
    Keep,
}

impl<'a, B: Build> Reader<'a, B> {
    /// Reads a key and its colon; `None`, and nothing read, when the line has none.
    pub(super) fn key(&mut self) -> Result<Option<B::Key>, NotSimple> {
        let start = self.at;
        let key = match self.peek() {
            Some(b'"' | b'\'') => {
                let key = self.quoted().ok_or(NotSimple)?;
                self.skip_blanks();
                if !self.is_at(b':') || !self.is_gap(self.at + 1) {
                    self.at = start;
                    return Ok(None);
                }
                self.build.key(&key)
            }
            Some(first) if self.begins_plain(first) => {
                let Some(end) = self.colon() else {
                    return Ok(None);
                };
                let key = self.source.get(start..end).ok_or(NotSimple)?;
                self.at = end;
                let key = self.plain_key(key.trim_end_matches(' '));
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

    pub(super) fn plain_key(&mut self, key: &str) -> Option<B::Key> {
        if key.contains('\t') {
            return None;
        }
        let printed = match resolve::plain(key, Profile::V2) {
            Meaning::Text | Meaning::Timestamp => return Some(self.build.key(key)),
            Meaning::Bool(truth) => truth.to_string(),
            Meaning::Number(Numeric::Integer(integer)) => integer.to_string(),
            Meaning::Number(Numeric::Float(float)) => number::to_key(float),
            Meaning::Number(Numeric::Unsigned(_)) | Meaning::Null | Meaning::Merge => return None,
        };
        Some(self.build.key(&printed))
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
            b'|' => self.literal(indentation),
            b'"' | b'\'' => {
                let text = self.quoted()?;
                self.end_line()?;
                Some(self.build.text(&text))
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
        let (first, has_comment) = self.plain_line()?;
        if has_comment || self.breaks_before_next(indentation).ok()?.is_none() {
            return self.meaning(first);
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
        self.meaning(&text)
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

    pub(super) fn meaning(&mut self, text: &str) -> Option<B::Value> {
        Some(match resolve::plain(text, Profile::V2) {
            Meaning::Text | Meaning::Timestamp | Meaning::Merge => self.build.text(text),
            Meaning::Null => self.build.null(),
            Meaning::Bool(truth) => self.build.boolean(truth),
            Meaning::Number(Numeric::Integer(integer)) => self.build.integer(integer),
            #[expect(
                clippy::cast_precision_loss,
                reason = "such numbers are floats everywhere"
            )]
            Meaning::Number(Numeric::Unsigned(unsigned)) => self.build.float(unsigned as f64),
            Meaning::Number(Numeric::Float(float)) if float.is_finite() => self.build.float(float),
            Meaning::Number(Numeric::Float(_)) => return None,
        })
    }

    /// A text in quotes, on one line.
    pub(super) fn quoted(&mut self) -> Option<Cow<'a, str>> {
        let quote = self.peek()?;
        self.at += 1;
        let mut text = String::new();
        loop {
            let start = self.at;
            let rest = &self.text[start..];
            let length = rest
                .iter()
                .position(|byte| matches!(byte, b'\n' | b'\\' | b'"' | b'\''))?;
            self.at += length;
            text.push_str(self.source.get(start..self.at)?);
            match (self.peek()?, quote) {
                (b'\n', _) => return None,
                (b'\\', b'"') => text.push(self.escape()?),
                (b'\'', b'\'') if self.text.get(self.at + 1) == Some(&b'\'') => {
                    self.at += 2;
                    text.push('\'');
                }
                (byte, _) if byte == quote => {
                    self.at += 1;
                    if text.len() == length {
                        return self.source.get(start..start + length).map(Cow::Borrowed);
                    }
                    return Some(Cow::Owned(text));
                }
                (byte, _) => {
                    self.at += 1;
                    text.push(char::from(byte));
                }
            }
        }
    }

    fn escape(&mut self) -> Option<char> {
        let letter = match self.text.get(self.at + 1)? {
            b'n' => '\n',
            b't' => '\t',
            b'r' => '\r',
            b'"' => '"',
            b'\\' => '\\',
            b'/' => '/',
            _ => return None,
        };
        self.at += 2;
        Some(letter)
    }

    /// A block whose lines are taken as they are.
    fn literal(&mut self, indentation: usize) -> Option<B::Value> {
        self.at += 1;
        let chomp = match self.peek() {
            Some(b'-') => Chomp::Strip,
            Some(b'+') => Chomp::Keep,
            _ => Chomp::Clip,
        };
        if chomp != Chomp::Clip {
            self.at += 1;
        }
        self.skip_blanks();
        if !self.is_at(b'\n') {
            return None;
        }
        self.at += 1;
        let width = self.block_indentation()?;
        if width <= indentation {
            return None;
        }
        let mut text = String::new();
        let mut last = None;
        while let Some(line) = self.block_line(width).ok()? {
            let content = self.source.get(line.clone())?;
            text.push_str(content);
            if !content.is_empty() {
                last = Some(text.len());
            }
            if self.is_at(b'\n') {
                text.push('\n');
                self.at += 1;
            }
        }
        // The cursor is expected at the end of a line.
        self.at = if self.at < self.text.len() || self.text.ends_with(b"\n") {
            self.at - 1
        } else {
            self.at
        };
        let last = last?;
        match chomp {
            Chomp::Keep => {}
            Chomp::Strip => text.truncate(last),
            Chomp::Clip => text.truncate(text.len().min(last + 1)),
        }
        Some(self.build.text(&text))
    }

    /// How far the first line of a block is indented. Blank lines before it must not be longer.
    fn block_indentation(&self) -> Option<usize> {
        let mut at = self.at;
        let mut longest = 0;
        loop {
            let start = at;
            while self.text.get(at) == Some(&b' ') {
                at += 1;
            }
            let width = at - start;
            match self.text.get(at)? {
                b'\n' => {
                    longest = longest.max(width);
                    at += 1;
                }
                b'\t' => return None,
                _ => return (width >= longest && width > 0).then_some(width),
            }
        }
    }

    /// The content of the next line of a block: empty for a blank one, `None` behind the last.
    fn block_line(&mut self, width: usize) -> Result<Option<Range<usize>>, NotSimple> {
        let start = self.at;
        let blanks = self.text[start..].iter().take(width);
        let blanks = blanks.take_while(|byte| **byte == b' ').count();
        let content = start + blanks;
        match self.text.get(content) {
            None if blanks == 0 => return Ok(None),
            // Blanks at the very end.
            None => return Err(NotSimple),
            Some(b'\n') => {
                self.at = content;
                return Ok(Some(content..content));
            }
            Some(b'\t') if blanks < width => return Err(NotSimple),
            Some(_) if blanks < width => return Ok(None),
            Some(_) => {}
        }
        self.at = content;
        self.skip_line();
        Ok(Some(content..self.at))
    }
}

//! Texts whose lines are taken as they are, or folded.

use std::borrow::Cow;
use std::iter;
use std::ops::Range;

use super::{Build, NotSimple, Reader};

/// How the last line breaks of a block are treated.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Chomp {
    Clip,
    Strip,
    Keep,
}

impl<B: Build> Reader<'_, B> {
    /// A block of lines, from its sign on.
    pub(super) fn block(
        &mut self,
        indentation: usize,
        read: fn(&mut Self, usize, Chomp) -> Option<String>,
    ) -> Option<B::Value> {
        let place = self.place();
        self.at += 1;
        let chomp = match self.peek() {
            Some(b'-') => Chomp::Strip,
            Some(b'+') => Chomp::Keep,
            _ => Chomp::Clip,
        };
        if chomp != Chomp::Clip {
            self.at += 1;
        }
        self.end_line()?;
        if self.peek().is_none() {
            return Some(self.build.text(place, Cow::Borrowed("")));
        }
        let head = self.at;
        self.at += 1;
        let text = match self.block_indentation()? {
            width if width > indentation => {
                let text = read(self, width, chomp)?;
                // The cursor is expected at the end of a line.
                if self.at < self.text.len() || self.text.ends_with(b"\n") {
                    self.at -= 1;
                }
                text
            }
            // What follows belongs to something else.
            _ if chomp != Chomp::Keep => {
                self.at = head;
                String::new()
            }
            _ => return None,
        };
        Some(self.build.text(place, Cow::Owned(text)))
    }

    /// Lines as they are.
    pub(super) fn literal(&mut self, width: usize, chomp: Chomp) -> Option<String> {
        let mut text = String::new();
        let mut last = None;
        while let Some(line) = self.block_line(width).ok()? {
            let content = self.source.get(line)?;
            text.push_str(content);
            if !content.is_empty() {
                last = Some(text.len());
            }
            if self.is_at(b'\n') {
                text.push('\n');
                self.at += 1;
            }
        }
        let last = last?;
        match chomp {
            Chomp::Keep => {}
            Chomp::Strip => text.truncate(last),
            Chomp::Clip => text.truncate(text.len().min(last + 1)),
        }
        Some(text)
    }

    /// Lines made one, but for blank ones and those that are indented further.
    pub(super) fn folded(&mut self, width: usize, chomp: Chomp) -> Option<String> {
        let mut text = String::new();
        // Whether the line before ended in a break that is not written yet, and began with a blank.
        let (mut is_broken, mut was_blank) = (false, false);
        let mut breaks = 0;
        while let Some(line) = self.block_line(width).ok()? {
            let content = self.source.get(line)?;
            let ends = self.is_at(b'\n');
            self.at += usize::from(ends);
            if content.is_empty() {
                breaks += usize::from(ends);
                continue;
            }
            let is_blank = content.starts_with([' ', '\t']);
            match (is_broken, was_blank || is_blank) {
                (true, false) if breaks == 0 => text.push(' '),
                (true, true) => text.push('\n'),
                _ => {}
            }
            text.extend(iter::repeat_n('\n', breaks));
            text.push_str(content);
            (is_broken, was_blank, breaks) = (ends, is_blank, 0);
        }
        if chomp != Chomp::Strip && is_broken {
            text.push('\n');
        }
        if chomp == Chomp::Keep {
            text.extend(iter::repeat_n('\n', breaks));
        }
        Some(text)
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
                _ => return (width >= longest).then_some(width),
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

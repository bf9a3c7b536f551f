//! Patterns, searched in byte strings as Go searches them.

use std::ops::Range;

use regex::bytes::{Captures, Regex, RegexBuilder};

use super::error::Mistake;
use super::translate::{MOST_NESTED, translate};
use crate::govalue::{Error, World};
use crate::sprig::text::first_rune;

/// The most bytes of a compiled pattern.
const SIZE: usize = 1 << 25;
/// What a found part costs, in bytes.
const ITEM: usize = 48;

/// A pattern.
pub(super) struct Pattern {
    regex: Regex,
    /// The name of each group; the first is the whole match.
    names: Vec<String>,
    is_empty: bool,
}

impl Pattern {
    /// A pattern from its text in Go's syntax, or why it is none.
    pub(super) fn compile(text: &[u8]) -> Result<Self, String> {
        let text = std::str::from_utf8(text).map_err(|error| {
            let (_, rest) = text.split_at(error.valid_up_to());
            Mistake::Utf8.at(&String::from_utf8_lossy(rest))
        })?;
        let translated = translate(text)?;
        let regex = RegexBuilder::new(&translated.pattern)
            .size_limit(SIZE)
            .nest_limit(MOST_NESTED * 2 + 10)
            .build()
            .map_err(|_| Mistake::TooLarge.at(text))?;
        Ok(Self {
            regex,
            names: translated.names,
            is_empty: text.is_empty(),
        })
    }

    /// The first match from a place on.
    pub(super) fn find(&self, text: &[u8], from: usize) -> Option<Range<usize>> {
        let mut from = from;
        loop {
            let found = self.regex.find_at(text, from)?;
            if is_boundary(text, found.start()) {
                return Some(found.range());
            }
            // Nothing was found within a letter, where Go does not look.
            from = found.start() + 1;
        }
    }

    fn captures<'t>(&self, text: &'t [u8], from: usize) -> Option<Captures<'t>> {
        let start = self.find(text, from)?.start;
        self.regex.captures_at(text, start.max(from))
    }

    /// So many matches, or all with a negative number. Nothing right behind a match is none.
    pub(super) fn find_all(
        &self,
        world: &dyn World,
        text: &[u8],
        most: i64,
    ) -> Result<Vec<Range<usize>>, Error> {
        let most = usize::try_from(most).unwrap_or(usize::MAX);
        let mut found = Vec::new();
        let (mut from, mut before) = (0, None);
        while found.len() < most && from <= text.len() {
            let Some(range) = self.find(text, from) else {
                break;
            };
            let mut is_taken = true;
            if range.end == from {
                is_taken = before != Some(range.start);
                from += width(text, from).max(1);
            } else {
                from = range.end;
            }
            before = Some(range.end);
            if is_taken {
                world.spend(ITEM)?;
                found.push(range);
            }
        }
        Ok(found)
    }

    /// With every match replaced, where `$1` and `${name}` are groups if told so; `None` without a match.
    pub(super) fn replace_all(
        &self,
        world: &dyn World,
        text: &[u8],
        (new, expands): (&[u8], bool),
    ) -> Result<Option<Vec<u8>>, Error> {
        let expands = expands && new.contains(&b'$');
        let mut made: Option<Vec<u8>> = None;
        let (mut end, mut from) = (0, 0);
        while from <= text.len() {
            let Some(range) = self.find(text, from) else {
                break;
            };
            let made = made.get_or_insert_default();
            made.extend_from_slice(text.get(end..range.start).unwrap_or_default());
            if range.end > end || range.start == 0 {
                let size = made.len();
                match self.captures(text, range.start).filter(|_| expands) {
                    Some(groups) => self.expand(new, &groups, made),
                    None => made.extend_from_slice(new),
                }
                world.spend(made.len() - size)?;
            }
            end = range.end;
            let next = from + width(text, from).max(1);
            from = next.max(range.end);
        }
        if let Some(made) = &mut made {
            made.extend_from_slice(text.get(end..).unwrap_or_default());
            world.spend(text.len())?;
        }
        Ok(made)
    }

    fn expand(&self, new: &[u8], groups: &Captures<'_>, made: &mut Vec<u8>) {
        let mut rest = new;
        while let Some(place) = memchr::memchr(b'$', rest) {
            let (before, behind) = rest.split_at(place);
            made.extend_from_slice(before);
            let behind = behind.get(1..).unwrap_or_default();
            if let Some(behind) = behind.strip_prefix(b"$") {
                made.push(b'$');
                rest = behind;
            } else if let Some((name, behind)) = group_name(behind) {
                made.extend_from_slice(self.group(name, groups));
                rest = behind;
            } else {
                made.push(b'$');
                rest = behind;
            }
        }
        made.extend_from_slice(rest);
    }

    fn group<'t>(&self, name: &str, groups: &Captures<'t>) -> &'t [u8] {
        let is_number = name.bytes().all(|byte| byte.is_ascii_digit())
            && name.len() <= 9
            && (name.len() == 1 || !name.starts_with('0'));
        let found = if is_number {
            name.parse().ok().and_then(|index| groups.get(index))
        } else {
            let mut named = self
                .names
                .iter()
                .enumerate()
                .filter(|(_, other)| *other == name);
            named.find_map(|(index, _)| groups.get(index))
        };
        found.map_or(&[], |found| found.as_bytes())
    }

    /// What is between matches.
    pub(super) fn split<'t>(
        &self,
        world: &dyn World,
        text: &'t [u8],
        most: i64,
    ) -> Result<Vec<&'t [u8]>, Error> {
        if !self.is_empty && text.is_empty() {
            return Ok(vec![text]);
        }
        let mut parts = Vec::new();
        let (mut begin, mut end) = (0, 0);
        for found in self.find_all(world, text, most)? {
            if most > 0 && parts.len() + 1 == usize::try_from(most).unwrap_or(usize::MAX) {
                break;
            }
            end = found.start;
            if found.end != 0 {
                parts.push(text.get(begin..end).unwrap_or_default());
            }
            begin = found.end;
        }
        if end != text.len() {
            parts.push(text.get(begin..).unwrap_or_default());
        }
        Ok(parts)
    }
}

/// `1` of `1-x`, and `name` of `{name}-x`, with what stands behind.
fn group_name(text: &[u8]) -> Option<(&str, &[u8])> {
    let (text, in_braces) = match text.strip_prefix(b"{") {
        Some(text) => (text, true),
        None => (text, false),
    };
    let mut size = 0;
    while let Some((rune, width)) = first_rune(text.get(size..).unwrap_or_default())
        && (rune.is_alphanumeric() || rune == '_')
    {
        size += width;
    }
    let (name, behind) = text.split_at(size);
    let name = std::str::from_utf8(name)
        .ok()
        .filter(|name| !name.is_empty())?;
    let behind = if in_braces {
        behind.strip_prefix(b"}")?
    } else {
        behind
    };
    Some((name, behind))
}

/// The bytes of the rune at a place; 0 at the end.
fn width(text: &[u8], place: usize) -> usize {
    let rest = text.get(place..).unwrap_or_default();
    first_rune(rest).map_or(0, |(_, size)| size)
}

/// Whether a place is not within a rune.
fn is_boundary(text: &[u8], place: usize) -> bool {
    let is_continued = |place: usize| text.get(place).is_some_and(|byte| byte & 0xc0 == 0x80);
    if !is_continued(place) {
        return true;
    }
    let start = (1..=3)
        .map(|back| place.checked_sub(back))
        .find(|start| start.is_some_and(|start| !is_continued(start)));
    match start.flatten() {
        Some(start) => start + width(text, start) <= place,
        None => true,
    }
}

//! Text → a tree as it was written: aliases, merge keys and duplicates not yet resolved.
//!
//! The events are `libyaml-safer`'s, a port of the parser that go-yaml is a port of as well. Where the
//! port breaks, it is guarded here: it must not see a byte order mark, and it panics when the text ends
//! inside a block scalar.

use std::collections::HashMap;
use std::io::{self, BufRead, Read};
use std::panic::{self, AssertUnwindSafe};

use libyaml_safer::{Encoding, Event, EventData, Mark, Parser, ScalarStyle};

use super::error::Error;
use super::{MAX_DEPTH, MAX_TEXT, Place, Profile};

/// The nodes of one document, a parent before its children.
#[derive(Debug, Default)]
pub(super) struct Tree {
    pub(super) nodes: Vec<Raw>,
    /// Whether a node is used twice, so that its text cannot be given away.
    pub(super) has_aliases: bool,
}

/// A node as it was written.
#[derive(Debug)]
pub(super) struct Raw {
    pub(super) place: Place,
    /// The index after the last of its descendants.
    pub(super) end: usize,
    pub(super) kind: Kind,
}

#[derive(Debug)]
pub(super) enum Kind {
    Scalar {
        text: String,
        tag: Option<Box<str>>,
        style: Style,
    },
    Sequence,
    Mapping,
    Alias {
        target: usize,
    },
}

/// How a scalar was written, as far as it matters for its meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    Plain,
    Quoted,
}

/// Parses one document; an empty tree when there is none.
pub(super) fn parse(text: &str, profile: Profile) -> Result<Tree, Error> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if text.len() > MAX_TEXT {
        return Err(Error::too_long());
    }
    panic::catch_unwind(AssertUnwindSafe(|| Reader::new(text, profile).read()))
        .unwrap_or_else(|_| Err(Error::gave_up()))
}

struct Reader<'a> {
    text: &'a str,
    profile: Profile,
    parser: Parser<Feed<'a>>,
    tree: Tree,
    anchors: HashMap<String, usize>,
    /// The collections that are not finished.
    open: Vec<usize>,
}

impl<'a> Reader<'a> {
    fn new(text: &'a str, profile: Profile) -> Self {
        let mut parser = Parser::new();
        parser.set_encoding(Encoding::Utf8);
        parser.set_input(Feed::new(text));
        Self {
            text,
            profile,
            parser,
            tree: Tree::default(),
            anchors: HashMap::new(),
            open: Vec::new(),
        }
    }

    fn read(mut self) -> Result<Tree, Error> {
        loop {
            let event = self.next()?;
            let place = place(event.start_mark);
            match event.data {
                EventData::StreamStart { .. } => {}
                EventData::StreamEnd => return Ok(self.tree),
                EventData::DocumentStart {
                    version_directive, ..
                } => {
                    if version_directive.is_some_and(|version| version.minor != 1) {
                        return Err(Error::version(place));
                    }
                }
                EventData::DocumentEnd { .. } => return self.finish(),
                _ => self.add(event, place)?,
            }
        }
    }

    fn next(&mut self) -> Result<Event, Error> {
        self.parser
            .parse()
            .map_err(|error| Error::from_parser(&error, self.text))
    }

    /// Looks at what follows the document.
    fn finish(mut self) -> Result<Tree, Error> {
        if self.profile == Profile::V3 {
            self.refuse_second_document()?;
        }
        Ok(self.tree)
    }

    fn refuse_second_document(&mut self) -> Result<(), Error> {
        loop {
            let event = self.next()?;
            match event.data {
                EventData::StreamEnd => return Ok(()),
                EventData::DocumentStart { .. } | EventData::DocumentEnd { .. } => {}
                // `---` with nothing behind it.
                EventData::Scalar { ref value, .. } if value.is_empty() => {}
                _ => return Err(Error::second_document(place(event.start_mark))),
            }
        }
    }

    fn add(&mut self, event: Event, place: Place) -> Result<(), Error> {
        match event.data {
            EventData::Scalar {
                anchor,
                tag,
                value,
                style,
                ..
            } => {
                let text = self.give_back(value, style, event.end_mark);
                let style = match style {
                    ScalarStyle::Plain => Style::Plain,
                    _ => Style::Quoted,
                };
                self.anchor(anchor);
                let tag = tag.map(String::into_boxed_str);
                self.push(place, Kind::Scalar { text, tag, style });
            }
            EventData::SequenceStart { anchor, .. } => self.open(anchor, place, Kind::Sequence)?,
            EventData::MappingStart { anchor, .. } => self.open(anchor, place, Kind::Mapping)?,
            EventData::SequenceEnd | EventData::MappingEnd => self.close(),
            EventData::Alias { anchor } => self.alias(&anchor, place)?,
            EventData::StreamStart { .. }
            | EventData::StreamEnd
            | EventData::DocumentStart { .. }
            | EventData::DocumentEnd { .. } => {}
        }
        Ok(())
    }

    fn push(&mut self, place: Place, kind: Kind) {
        let end = self.tree.nodes.len() + 1;
        self.tree.nodes.push(Raw { place, end, kind });
    }

    fn open(&mut self, anchor: Option<String>, place: Place, kind: Kind) -> Result<(), Error> {
        if self.open.len() == MAX_DEPTH {
            return Err(Error::too_deep(place));
        }
        self.anchor(anchor);
        self.open.push(self.tree.nodes.len());
        self.push(place, kind);
        Ok(())
    }

    fn close(&mut self) {
        let end = self.tree.nodes.len();
        if let Some(node) = self.open.pop().and_then(|at| self.tree.nodes.get_mut(at)) {
            node.end = end;
        }
    }

    /// The next node can be named; a later anchor of that name hides it.
    fn anchor(&mut self, name: Option<String>) {
        if let Some(name) = name {
            self.anchors.insert(name, self.tree.nodes.len());
        }
    }

    fn alias(&mut self, name: &str, place: Place) -> Result<(), Error> {
        let Some(&target) = self.anchors.get(name) else {
            return Err(Error::unknown_anchor(place, name));
        };
        if self.open.contains(&target) {
            return Err(Error::contains_itself(place, name));
        }
        self.tree.has_aliases = true;
        self.push(place, Kind::Alias { target });
        Ok(())
    }

    /// Takes away the line break that [`Feed`] added, when it became part of a block scalar.
    fn give_back(&self, mut value: String, style: ScalarStyle, end: Mark) -> String {
        let is_block = matches!(style, ScalarStyle::Literal | ScalarStyle::Folded);
        let is_last = usize::try_from(end.index).is_ok_and(|index| index > self.text.len());
        if is_block && is_last && added_break_counts(&value, self.text) {
            value.pop();
        }
        value
    }
}

/// Whether the last line break of a block scalar at the end of a text is the added one.
fn added_break_counts(value: &str, text: &str) -> bool {
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

pub(super) fn place(mark: Mark) -> Place {
    let from_one = |count: u64| u32::try_from(count).unwrap_or(u32::MAX).saturating_add(1);
    Place {
        line: from_one(mark.line),
        column: from_one(mark.column),
    }
}

/// Hands a text to the parser in pieces, with a line break behind it when it has none.
///
/// The parser keeps four bytes per character of what it was handed; small pieces stay in the cache.
struct Feed<'a> {
    rest: &'a str,
    needs_break: bool,
}

const PIECE: usize = 4096;

impl<'a> Feed<'a> {
    fn new(text: &'a str) -> Self {
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

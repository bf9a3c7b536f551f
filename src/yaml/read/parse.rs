//! Text → a tree as it was written: aliases, merge keys and duplicates not yet resolved.
//!
//! The events are `libyaml-safer`'s, a port of the parser that go-yaml is a port of as well.

use std::borrow::Cow;
use std::collections::HashMap;
use std::mem;
use std::panic::{self, AssertUnwindSafe};

use libyaml_safer::{Encoding, Event, EventData, Mark, Parser, ScalarStyle};

use super::source::{self, Feed};
use super::tags;
use crate::yaml::{Error, MAX_DEPTH, MAX_TEXT, Place, Profile};

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
    let mut text = Cow::Borrowed(source::without_mark(text));
    let mut work_left = MAX_WORK;
    loop {
        work_left = work_left
            .checked_sub(text.len())
            .ok_or_else(Error::too_long)?;
        let (tree, bad_escape) = parse_once(&text, profile);
        let repaired = bad_escape.and_then(|at| source::without_escaped_quotes(&text, at));
        match repaired {
            Some(repaired) => text = Cow::Owned(repaired),
            None => return tree,
        }
    }
}

/// How many bytes are parsed at most for one text, which may have to be repaired several times.
const MAX_WORK: usize = 2 * MAX_TEXT;

/// Also says where the parser met an escape that it does not know.
fn parse_once(text: &str, profile: Profile) -> (Result<Tree, Error>, Option<usize>) {
    if text.len() > MAX_TEXT {
        return (Err(Error::too_long()), None);
    }
    let parsed = panic::catch_unwind(AssertUnwindSafe(|| {
        if let Err(error) = tags::refuse(text) {
            return (Err(error), None);
        }
        let mut reader = Reader::new(text, profile);
        let result = reader.read();
        (result, reader.bad_escape)
    }));
    parsed.unwrap_or_else(|_| (Err(Error::gave_up()), None))
}

struct Reader<'a> {
    text: &'a str,
    profile: Profile,
    parser: Parser<Feed<'a>>,
    tree: Tree,
    anchors: HashMap<String, usize>,
    /// The collections that are not finished.
    open: Vec<usize>,
    bad_escape: Option<usize>,
}

/// What manifests have on average, a key being a node as well.
const BYTES_PER_NODE: usize = 16;

impl<'a> Reader<'a> {
    fn new(text: &'a str, profile: Profile) -> Self {
        let mut parser = Parser::new();
        parser.set_encoding(Encoding::Utf8);
        parser.set_input(Feed::new(text));
        Self {
            text,
            profile,
            parser,
            tree: Tree {
                nodes: Vec::with_capacity(text.len() / BYTES_PER_NODE),
                has_aliases: false,
            },
            anchors: HashMap::new(),
            open: Vec::new(),
            bad_escape: None,
        }
    }

    fn read(&mut self) -> Result<Tree, Error> {
        loop {
            let event = self.next()?;
            let place = place(event.start_mark);
            match event.data {
                EventData::StreamStart { .. } => {}
                EventData::StreamEnd => break,
                EventData::DocumentStart {
                    version_directive, ..
                } => {
                    if version_directive.is_some_and(|version| version.minor != 1) {
                        return Err(Error::version(place));
                    }
                }
                EventData::DocumentEnd { .. } => {
                    self.finish()?;
                    break;
                }
                _ => self.add(event, place)?,
            }
        }
        Ok(mem::take(&mut self.tree))
    }

    fn next(&mut self) -> Result<Event, Error> {
        self.parser.parse().map_err(|error| {
            if error.problem() == "found unknown escape character" {
                let index = error.problem_mark().unwrap_or_default().index;
                self.bad_escape = usize::try_from(index).ok();
            }
            Error::from_parser(&error, self.text)
        })
    }

    /// Looks at what follows the document.
    fn finish(&mut self) -> Result<(), Error> {
        match self.profile {
            Profile::V2 => Ok(()),
            Profile::V3 => self.refuse_second_document(),
        }
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
        if is_block && is_last && source::added_break_counts(&value, self.text) {
            value.pop();
        }
        value
    }
}

pub(super) fn place(mark: Mark) -> Place {
    let from_one = |count: u64| u32::try_from(count).unwrap_or(u32::MAX).saturating_add(1);
    Place {
        line: from_one(mark.line),
        column: from_one(mark.column),
    }
}

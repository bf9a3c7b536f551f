//! Tags that a comma follows, in `[!a, b]`: part of the tag for go-yaml, which nobody means, and a panic in
//! `libyaml-safer`.
//!
//! Most texts with such signs have them in quotes or in plain words, which only the parser can tell.
//! So it is asked, with a blank before the comma, where it does not mind.

use libyaml_safer::{Encoding, EventData, Parser};

use super::parse::place;
use super::source::Feed;
use crate::yaml::Error;

/// Refuses a text in which a comma stands right behind a tag.
pub(super) fn refuse(text: &str) -> Result<(), Error> {
    if !text.contains('!') {
        return Ok(());
    }
    let spaced = Spaced::of(text);
    if spaced.signs.is_empty() {
        return Ok(());
    }
    let mut parser = Parser::new();
    parser.set_encoding(Encoding::Utf8);
    parser.set_input(Feed::new(&spaced.text));
    let mut end = None;
    loop {
        let event = match parser.parse() {
            Ok(event) => event,
            Err(_) if end.is_some_and(|end| spaced.is_safe_behind(end)) => return Ok(()),
            Err(error) => return Err(Error::from_parser(&error, &spaced.text)),
        };
        let (anchor, tag) = match &event.data {
            EventData::StreamEnd => return Ok(()),
            EventData::DocumentEnd { .. } => {
                end = end.or(usize::try_from(event.end_mark.index).ok());
                continue;
            }
            EventData::Scalar { anchor, tag, .. }
            | EventData::SequenceStart { anchor, tag, .. }
            | EventData::MappingStart { anchor, tag, .. } => (anchor, tag),
            _ => continue,
        };
        let start = usize::try_from(event.start_mark.index).unwrap_or_default();
        if tag.is_some() && spaced.has_sign_at(start, anchor.as_deref()) {
            return Err(Error::tag_before_comma(place(event.start_mark)));
        }
    }
}

/// A key has at most 1024 characters.
const LOOK_AHEAD: usize = 8192;

/// A text with a blank before each comma that may follow a tag, and before colons that it follows.
#[derive(Default)]
struct Spaced {
    text: String,
    /// Where such tags may begin, in order.
    signs: Vec<usize>,
}

impl Spaced {
    fn of(text: &str) -> Self {
        let mut spaced = Self::default();
        for piece in text.split_inclusive(ends_tag()) {
            let start = spaced.text.len();
            match piece.strip_suffix(',') {
                Some(word) if word.contains('!') => {
                    let signs = word.match_indices('!').map(|(at, _)| start + at);
                    spaced.signs.extend(signs);
                    // Right before a blank a colon would end a key.
                    let (word, colons) = word.split_at(word.trim_end_matches(':').len());
                    spaced.text.extend([word, " ", colons, ","]);
                }
                _ => spaced.text.push_str(piece),
            }
        }
        spaced
    }

    /// Whether the parser, which looks that far ahead, meets no such tag behind the first document.
    fn is_safe_behind(&self, end: usize) -> bool {
        let reach = end..end.saturating_add(LOOK_AHEAD);
        !self.signs.iter().any(|sign| reach.contains(sign))
    }

    /// Whether the tag of a node that begins here is one of them; an anchor may stand before it.
    fn has_sign_at(&self, start: usize, anchor: Option<&str>) -> bool {
        let node = self.text.get(start..).unwrap_or_default();
        let rest = anchor
            .and_then(|anchor| node.strip_prefix('&')?.strip_prefix(anchor))
            .unwrap_or(node)
            .trim_start();
        let at = start + node.len() - rest.len();
        self.signs.binary_search(&at).is_ok()
    }
}

/// Finds the characters that no tag goes beyond. In `!<a,b>` a comma is part of it.
fn ends_tag() -> impl FnMut(char) -> bool {
    let mut before = ' ';
    let mut is_verbatim = false;
    move |letter| {
        is_verbatim = match letter {
            '<' => is_verbatim || before == '!',
            '>' => false,
            _ => is_verbatim && !letter.is_whitespace(),
        };
        before = letter;
        letter.is_whitespace() || (letter == ',' && !is_verbatim)
    }
}

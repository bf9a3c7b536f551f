//! What texts go through on their way to YAML: written as JSON, and that read as YAML.
//!
//! `sigs.k8s.io/yaml` makes YAML so. JSON escapes little, and what it leaves as it is has a meaning in
//! YAML at times: some characters are refused, and NEL (U+0085) is a line break, which quotes fold.

use std::borrow::Cow;

use super::super::read::push_replaced;
use crate::govalue::Error;

/// A key longer than this, in JSON, is none for a reader of YAML.
const MAX_KEY: usize = 1022;

/// The text that comes out; bytes that are no UTF-8 become the replacement character.
///
/// # Errors
///
/// The text cannot be read again, in go-yaml's words.
pub(super) fn text(bytes: &[u8]) -> Result<Cow<'_, str>, Error> {
    let text = if let Ok(text) = std::str::from_utf8(bytes) {
        Cow::Borrowed(text)
    } else {
        let mut replaced = Vec::with_capacity(bytes.len());
        push_replaced(&mut replaced, bytes);
        Cow::Owned(String::from_utf8(replaced).unwrap_or_default())
    };
    if text.bytes().all(|byte| byte < 0x7f) {
        return Ok(text);
    }
    if text.chars().any(is_refused) {
        return Err(failed("yaml: control characters are not allowed"));
    }
    if text.contains(NEXT_LINE) {
        return fold(&text).map(Cow::Owned);
    }
    Ok(text)
}

/// The same for a key, which must be short and stand on one line.
pub(super) fn key(bytes: &[u8]) -> Result<Cow<'_, str>, Error> {
    if bytes.len() > MAX_KEY / 6 && length_in_json(bytes) > MAX_KEY
        || bytes.windows(2).any(|pair| pair == [0xc2, 0x85])
    {
        return Err(failed("yaml: did not find expected ',' or '}'"));
    }
    text(bytes)
}

fn failed(why: &str) -> Error {
    Error::Failed(why.to_owned())
}

const NEXT_LINE: char = '\u{85}';

fn is_refused(letter: char) -> bool {
    matches!(letter, '\u{7f}'..='\u{84}' | '\u{86}'..='\u{9f}' | '\u{fffe}' | '\u{ffff}')
}

/// Folds the lines that NEL parts: one becomes a blank, of several one is lost, and blanks around them go.
fn fold(text: &str) -> Result<String, Error> {
    let mut folded = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(NEXT_LINE) {
        folded.push_str(rest[..at].trim_end_matches(' '));
        let after = rest[at..].trim_start_matches([' ', NEXT_LINE]);
        let gap = &rest[at..rest.len() - after.len()];
        match gap.matches(NEXT_LINE).count() {
            1 => folded.push(' '),
            count => folded.extend(std::iter::repeat_n('\n', count - 1)),
        }
        let is_marker = ["---", "..."].iter().any(|marker| {
            let behind = after.strip_prefix(marker);
            behind.is_some_and(|behind| behind.starts_with([' ', NEXT_LINE]))
        });
        if is_marker && gap.ends_with(NEXT_LINE) {
            return Err(failed("yaml: found unexpected document indicator"));
        }
        rest = after;
    }
    folded.push_str(rest);
    Ok(folded)
}

/// How many characters JSON has for a text, without the quotes.
fn length_in_json(bytes: &[u8]) -> usize {
    let text = String::from_utf8_lossy(bytes);
    let lengths = text.chars().map(|letter| match letter {
        '"' | '\\' | '\n' | '\r' | '\t' | '\u{8}' | '\u{c}' => 2,
        '<' | '>' | '&' | '\u{2028}' | '\u{2029}' | '\0'..' ' => 6,
        _ => 1,
    });
    lengths.sum()
}

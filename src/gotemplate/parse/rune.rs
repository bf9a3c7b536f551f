//! Bytes and runes of a template's text, told apart.

use std::sync::LazyLock;

use regex::Regex;

use super::kind::Keyword;
use crate::govalue::print::is_printable;

/// Cuts bytes at the end while they are of a kind.
pub(super) trait TrimEnd {
    fn trim_end_of(&self, is: fn(u8) -> bool) -> &[u8];
}

impl TrimEnd for [u8] {
    fn trim_end_of(&self, is: fn(u8) -> bool) -> &[u8] {
        let end = self.iter().rposition(|byte| !is(*byte));
        self.get(..end.map_or(0, |end| end + 1)).unwrap_or_default()
    }
}

pub(super) fn lines(text: &[u8]) -> usize {
    text.split(|byte| *byte == b'\n').count() - 1
}

pub(super) fn find(text: &[u8], pair: &[u8]) -> Option<usize> {
    text.windows(2).position(|window| window == pair)
}

pub(super) fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}

pub(super) fn is_left_trim(text: &[u8]) -> bool {
    matches!(text, [b'-', next, ..] if is_space(*next))
}

pub(super) fn is_right_trim(text: &[u8]) -> bool {
    matches!(text, [blank, b'-', ..] if is_space(*blank))
}

/// Letters, digits and the underscore, of all scripts.
pub(super) fn is_word(rune: char) -> bool {
    static WORD: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"^[\p{L}\p{Nd}]$").ok());
    if rune.is_ascii() {
        return rune.is_ascii_alphanumeric() || rune == '_';
    }
    let mut text = [0; 4];
    let text: &str = rune.encode_utf8(&mut text);
    WORD.as_ref().is_some_and(|word| word.is_match(text))
}

pub(super) fn keyword(word: &[u8]) -> Option<Keyword> {
    Some(match word {
        b"block" => Keyword::Block,
        b"break" => Keyword::Break,
        b"continue" => Keyword::Continue,
        b"define" => Keyword::Define,
        b"else" => Keyword::Else,
        b"end" => Keyword::End,
        b"if" => Keyword::If,
        b"nil" => Keyword::Nil,
        b"range" => Keyword::Range,
        b"template" => Keyword::Template,
        b"with" => Keyword::With,
        _ => return None,
    })
}

/// `U+002D '-'`
pub(super) fn code_point(rune: char) -> String {
    let code = u32::from(rune);
    if is_printable(rune) {
        format!("U+{code:04X} '{rune}'")
    } else {
        format!("U+{code:04X}")
    }
}

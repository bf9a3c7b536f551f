//! How a text is to be written: plain, in quotes, or as a block.

use super::Manner;
use super::text::neighbours;
use crate::yaml::Profile;
use crate::yaml::resolve::{self, Meaning};

/// How to write a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Style {
    pub(super) form: Form,
    /// Keys stay on one line.
    pub(super) folds: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Plain,
    Single,
    Double,
    Literal,
}

impl Style {
    /// For `null`, `true` and numbers.
    pub(super) const PLAIN: Self = Self {
        form: Form::Plain,
        folds: true,
    };
}

/// The style of a text that is a value, or a key that has a line of its own.
pub(super) fn of_value(text: &str, manner: Manner) -> Style {
    Style {
        form: form(text, manner),
        folds: true,
    }
}

/// The style of a key of one line.
///
/// go-yaml v2 leaves the key `<<` plain, and then reads a merge; the safe manner quotes that one.
pub(super) fn of_key(key: &str, manner: Manner) -> Style {
    let form = if manner == Manner::Safe && key == "<<" {
        Form::Double
    } else {
        form(key, manner)
    };
    Style { form, folds: false }
}

pub(super) fn is_one_line(text: &str) -> bool {
    !text
        .bytes()
        .any(|byte| matches!(byte, b'\n' | b'\r' | 0x80..))
        || !text.contains(is_break)
}

fn form(text: &str, manner: Manner) -> Form {
    match ease(text) {
        Ease::Plain if means_itself(text, manner) => return Form::Plain,
        Ease::Plain => return Form::Double,
        Ease::Block => return Form::Literal,
        Ease::Unknown => {}
    }
    let limits = Limits::of(text, manner);
    if text.contains('\n') {
        return if limits.no_block {
            Form::Double
        } else {
            Form::Literal
        };
    }
    if !means_itself(text, manner) {
        return Form::Double;
    }
    match (limits.no_plain, limits.no_single) {
        (false, _) => Form::Plain,
        (true, false) => Form::Single,
        (true, true) => Form::Double,
    }
}

/// Whether a text without quotes is read as itself, also by old readers.
fn means_itself(text: &str, manner: Manner) -> bool {
    if text
        .as_bytes()
        .first()
        .is_some_and(|first| first.is_ascii_alphabetic() && !b"nNtTfFyYoO".contains(first))
    {
        return true;
    }
    // Booleans of YAML 1.1 are quoted by version 3 as well.
    let is_text = |profile| resolve::plain(text, profile) == Meaning::Text;
    let is_text = is_text(Profile::V2) && (manner != Manner::V3 || is_text(Profile::V3));
    (is_text || text == "<<") && !is_base_60(text)
}

/// What can be said of a text at a glance.
#[derive(PartialEq, Eq)]
enum Ease {
    /// It may be plain, but for what it would mean then.
    Plain,
    /// It has several lines and may be a block.
    Block,
    Unknown,
}

/// Looks at the bytes alone: most texts are words, addresses, and files of plain ASCII.
fn ease(text: &str) -> Ease {
    let bytes = text.as_bytes();
    let (Some(first), Some(last)) = (bytes.first(), bytes.last()) else {
        return Ease::Unknown;
    };
    let begins_plain = first.is_ascii_alphanumeric() || matches!(first, b'/' | b'_' | b'$' | b'(');
    let mut is_plain = begins_plain && !matches!(last, b' ' | b':');
    let mut lines = 0;
    let mut before = 0;
    for byte in bytes {
        match byte {
            b'\n' => {
                if before == b' ' {
                    return Ease::Unknown;
                }
                lines += 1;
            }
            b' ' => is_plain &= before != b':',
            b'#' => is_plain &= before != b' ',
            b'!'..=b'~' => {}
            _ => return Ease::Unknown,
        }
        before = *byte;
    }
    match (lines, is_plain) {
        (0, true) => Ease::Plain,
        (0, false) => Ease::Unknown,
        _ if *last == b' ' => Ease::Unknown,
        _ => Ease::Block,
    }
}

/// Styles that would not give a text back.
#[derive(Default)]
struct Limits {
    no_plain: bool,
    no_single: bool,
    no_block: bool,
}

impl Limits {
    fn of(text: &str, manner: Manner) -> Self {
        let mut limits = Self {
            no_plain: begins_like_a_marker(text),
            ..Self::default()
        };
        let allows_tabs = manner == Manner::V3;
        for (before, letter, next) in neighbours(text) {
            limits.indicator(before, letter, next);
            limits.blank(before, letter, next);
            if !is_printable(letter) {
                limits.no_plain = true;
                limits.no_single = true;
                limits.no_block |= !(allows_tabs && letter == '\t');
            }
        }
        limits
    }

    /// Signs that mean something at the start, behind a blank or before one.
    fn indicator(&mut self, before: Option<char>, letter: char, next: Option<char>) {
        let ends_word = next.is_none_or(|next| matches!(next, ' ' | '\t'));
        let begins_word =
            before.is_none_or(|before| matches!(before, ' ' | '\t' | '\0') || is_break(before));
        let is_one = match letter {
            ',' | '[' | ']' | '{' | '}' | '&' | '*' | '!' | '|' | '>' | '\'' | '"' | '%' | '@'
            | '`' => before.is_none(),
            '#' => begins_word,
            '?' | '-' => before.is_none() && ends_word,
            ':' => ends_word,
            _ => false,
        };
        self.no_plain |= is_one;
    }

    fn blank(&mut self, before: Option<char>, letter: char, next: Option<char>) {
        let is_edge = before.is_none() || next.is_none();
        if letter == ' ' {
            self.no_plain |= is_edge;
            self.no_block |= next.is_none();
            if before.is_some_and(is_break) {
                self.no_plain = true;
                self.no_single = true;
            }
        } else if is_break(letter) {
            self.no_plain = true;
            if before == Some(' ') {
                self.no_single = true;
                self.no_block = true;
            }
        }
    }
}

fn begins_like_a_marker(text: &str) -> bool {
    text.starts_with("---") || text.starts_with("...")
}

pub(super) fn is_break(letter: char) -> bool {
    matches!(letter, '\n' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

/// go-yaml prints no character beyond the basic plane as it is.
pub(super) fn is_printable(letter: char) -> bool {
    matches!(letter,
        '\n' | ' '..='~' | '\u{a0}'..='\u{d7ff}' | '\u{e000}'..='\u{fefe}' | '\u{ff00}'..='\u{fffd}')
}

/// Whether readers of YAML 1.1 would take a text for a number to the base 60: `1:30`, `190:20:30.5`.
fn is_base_60(text: &str) -> bool {
    if !text.starts_with(|letter: char| matches!(letter, '+' | '-' | '0'..='9')) {
        return false;
    }
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (places, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
    let mut places = places.split(':');
    let is_digits = |text: &str| text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'_'));
    let first = places.next().unwrap_or_default();
    if !first.starts_with(|letter: char| letter.is_ascii_digit()) || !is_digits(first) {
        return false;
    }
    let mut count = 0;
    let all_sixtieths = places.all(|place| {
        count += 1;
        matches!(place.as_bytes(), [b'0'..=b'9'] | [b'0'..=b'5', b'0'..=b'9'])
    });
    all_sixtieths && count > 0 && is_digits(fraction)
}

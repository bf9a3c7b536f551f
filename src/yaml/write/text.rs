//! A text put on the page in its style.

use super::page::Page;
use super::style::{Form, Style, is_break, is_printable};

/// Writes a text in a style.
pub(super) fn put(page: &mut Page, text: &str, style: Style) {
    match style.form {
        Form::Plain => put_plain(page, text, style.folds),
        Form::Single => put_single(page, text, style.folds),
        Form::Double => put_double(page, text, style.folds),
        Form::Literal => put_literal(page, text),
    }
}

fn put_plain(page: &mut Page, text: &str, folds: bool) {
    page.blank();
    let characters = text.chars().count();
    if !folds || page.has_room(characters) {
        page.push_str(text, characters);
    } else {
        put_folded(page, text);
    }
    page.end_text();
}

/// Writes a text that has no line breaks, where single blanks behind column 80 become one.
fn put_folded(page: &mut Page, text: &str) {
    for (before, letter, next) in neighbours(text) {
        let is_single = letter == ' ' && before != Some(' ') && next != Some(' ');
        if is_single && page.is_full() {
            page.new_line();
        } else {
            page.push_text(letter);
        }
    }
}

fn put_single(page: &mut Page, text: &str, folds: bool) {
    page.indicator("'");
    for (before, letter, next) in neighbours(text) {
        if letter == ' ' {
            let is_inside = before.is_some() && next.is_some();
            let is_single = before != Some(' ') && next != Some(' ');
            if folds && is_inside && is_single && page.is_full() {
                page.new_line();
            } else {
                page.push(letter);
            }
        } else if is_break(letter) {
            page.push_break(letter);
        } else {
            if before.is_some_and(is_break) {
                page.new_line();
            }
            if letter == '\'' {
                page.push('\'');
            }
            page.push_text(letter);
        }
    }
    page.suffix("'");
}

fn put_double(page: &mut Page, text: &str, folds: bool) {
    page.indicator("\"");
    // go-yaml looks for a byte order mark at the start of the text whichever character it is at.
    let escapes_all = text.starts_with('\u{feff}');
    for (before, letter, next) in neighbours(text) {
        let has_own_escape = is_break(letter) || matches!(letter, '"' | '\\');
        if escapes_all || has_own_escape || !is_printable(letter) {
            escape(page, letter);
            continue;
        }
        let is_inside = before.is_some() && next.is_some();
        let is_first_blank = letter == ' ' && before != Some(' ');
        if folds && is_first_blank && is_inside && page.is_full() {
            page.new_line();
            if next == Some(' ') {
                page.push('\\');
            }
        } else {
            page.push(letter);
        }
    }
    page.suffix("\"");
}

fn escape(page: &mut Page, letter: char) {
    let short = match letter {
        '\0' => '0',
        '\x07' => 'a',
        '\x08' => 'b',
        '\t' => 't',
        '\n' => 'n',
        '\x0b' => 'v',
        '\x0c' => 'f',
        '\r' => 'r',
        '\x1b' => 'e',
        '"' => '"',
        '\\' => '\\',
        '\u{85}' => 'N',
        '\u{a0}' => '_',
        '\u{2028}' => 'L',
        '\u{2029}' => 'P',
        _ => {
            let code = u32::from(letter);
            let digits = match code {
                0..=0xff => format!("\\x{code:02X}"),
                0x100..=0xffff => format!("\\u{code:04X}"),
                _ => format!("\\U{code:08X}"),
            };
            page.push_str(&digits, digits.len());
            return;
        }
    };
    page.push('\\');
    page.push(short);
}

fn put_literal(page: &mut Page, text: &str) {
    page.indicator("|");
    if text.starts_with([' ', '\n', '\u{2028}', '\u{2029}']) {
        page.suffix("2");
    }
    let mut from_the_end = text.chars().rev();
    let last_is_break = from_the_end.next().is_some_and(is_break);
    if !last_is_break {
        page.suffix("-");
    } else if from_the_end.next().is_none_or(is_break) {
        page.suffix("+");
    }
    page.begin_block();
    if text.bytes().all(|byte| matches!(byte, b'\n' | b' '..=b'~')) {
        return put_lines(page, text);
    }
    let mut after_break = true;
    for letter in text.chars() {
        if is_break(letter) {
            page.push_break(letter);
        } else {
            if after_break {
                page.new_line();
            }
            page.push_text(letter);
        }
        after_break = is_break(letter);
    }
}

/// Writes lines that are plain ASCII.
fn put_lines(page: &mut Page, text: &str) {
    for line in text.split_inclusive('\n') {
        let (content, ends) = match line.strip_suffix('\n') {
            Some(content) => (content, true),
            None => (line, false),
        };
        if !content.is_empty() {
            page.new_line();
            page.push_line(content);
        }
        if ends {
            page.push_break('\n');
        }
    }
}

/// Every character with the one before it and the one behind it.
pub(super) fn neighbours(
    text: &str,
) -> impl Iterator<Item = (Option<char>, char, Option<char>)> + '_ {
    let mut before = None;
    let mut letters = text.chars().peekable();
    std::iter::from_fn(move || {
        let letter = letters.next()?;
        let last = before.replace(letter);
        Some((last, letter, letters.peek().copied()))
    })
}

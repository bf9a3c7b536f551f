//! The parser's complaints in words that say what to do.

use libyaml_safer::{Error as ParserError, ErrorKind, Mark};

use super::parse::place;
use crate::yaml::Place;

/// What to tell a person.
pub(in crate::yaml) struct Words {
    pub(in crate::yaml) place: Place,
    pub(in crate::yaml) message: String,
    pub(in crate::yaml) hint: String,
}

impl Words {
    fn new(place: Place, message: &str, hint: &str) -> Self {
        Self {
            place,
            message: message.to_owned(),
            hint: hint.to_owned(),
        }
    }
}

/// Says what is wrong and where it began, which is not always where the parser noticed.
pub(in crate::yaml) fn explain(error: &ParserError, text: &str) -> Words {
    if error.kind() == ErrorKind::Reader {
        return control_character(text);
    }
    let at = error.problem_mark().unwrap_or_default();
    let start = error.context_mark().unwrap_or(at);
    let context = error.context().unwrap_or_default();
    let words = match error.problem() {
        "found character that cannot start any token" => unexpected_character(at, text),
        "mapping values are not allowed in this context" => unexpected_colon(at, text),
        "did not find expected key" => expected_key(at, text),
        "did not find expected ',' or ']'" => unclosed(start, at, ']'),
        "did not find expected ',' or '}'" => unclosed(start, at, '}'),
        "could not find expected ':'" => Words::new(
            place(start),
            "expected `key: value`, found no `:` behind this text",
            "check the indentation and the quotes of this line",
        ),
        "found unexpected end of stream" | "found unexpected document indicator" => Words::new(
            place(start),
            "this quote is never closed",
            "add the missing quote",
        ),
        problem => simple(problem, context, place(start), place(at)),
    };
    with_template_hint(words, text, &[start, at])
}

fn simple(problem: &str, context: &str, start: Place, at: Place) -> Words {
    for (known, message, hint) in KNOWN {
        if *known == problem {
            return Words::new(at, message, hint);
        }
    }
    for (known, message, hint) in KNOWN_BY_CONTEXT {
        if context.contains(known) {
            return Words::new(start, message, hint);
        }
    }
    Words::new(at, problem, "")
}

const TAB: (&str, &str) = ("a tab cannot indent", "use spaces");

/// Problem, what to say, what to do.
const KNOWN: &[(&str, &str, &str)] = &[
    (
        "found a tab character where an indentation space is expected",
        TAB.0,
        TAB.1,
    ),
    (
        "found a tab character that violates indentation",
        TAB.0,
        TAB.1,
    ),
    (
        "did not find expected '-' indicator",
        "expected `- ` here, where the list above began",
        "check the indentation of this line",
    ),
    (
        "did not find expected node content",
        "expected a value here",
        "quote a text that begins with a special character",
    ),
    (
        "block sequence entries are not allowed in this context",
        "a list cannot begin here",
        "begin it on a line of its own, or quote the text",
    ),
    (
        "mapping keys are not allowed in this context",
        "a key cannot begin here",
        "quote a text that begins with `?`",
    ),
    (
        "found unknown escape character",
        "an escape that is not known in double quotes",
        "write `\\\\` for a backslash, or use single quotes",
    ),
    (
        "did not find expected hexdecimal number",
        "an escape without its hexadecimal digits",
        "write `\\\\` for a backslash, or use single quotes",
    ),
    (
        "found invalid Unicode character escape code",
        "an escape that is no character",
        "write the character itself",
    ),
    (
        "found an indentation indicator equal to 0",
        "a block cannot be indented by 0",
        "use 1 to 9, or none",
    ),
    (
        "found unexpected ':'",
        "an unexpected `:`",
        "put a blank behind the colon, or quote the text",
    ),
    (
        "did not find expected <document start>",
        "unexpected text behind the end of the document",
        "check the indentation of this line",
    ),
    (
        "found incompatible YAML document",
        "only YAML 1.1 is understood",
        "leave the `%YAML` line out",
    ),
    (
        "found undefined tag handle",
        "a tag that is not known",
        "quote a text that begins with `!`",
    ),
];

/// Part of the context, what to say, what to do.
const KNOWN_BY_CONTEXT: &[(&str, &str, &str)] = &[
    (
        "block scalar",
        "the text of a `|` or `>` block begins on the next line",
        "quote a text that begins with `|` or `>`",
    ),
    (
        "alias",
        "`*` begins an alias and needs a name",
        "quote a text that begins with `*`",
    ),
    (
        "anchor",
        "`&` begins an anchor and needs a name",
        "quote a text that begins with `&`",
    ),
    (
        "directive",
        "a malformed `%` directive",
        "quote a text that begins with `%`",
    ),
    (
        "tag",
        "a malformed tag",
        "quote a text that begins with `!`",
    ),
];

fn unexpected_character(at: Mark, text: &str) -> Words {
    let place = place(at);
    match rest(text, at).chars().next() {
        Some('\t') => Words::new(place, TAB.0, TAB.1),
        Some(letter) => Words {
            place,
            message: format!("`{letter}` cannot begin a value"),
            hint: "quote the value".to_owned(),
        },
        None => Words::new(place, "expected a value here", ""),
    }
}

fn unexpected_colon(at: Mark, text: &str) -> Words {
    let before = line_until(text, at);
    if before.contains(": ") || before.contains(":\t") {
        Words::new(
            place(at),
            "a second `: ` in one line",
            "quote the value when the colon is part of it",
        )
    } else {
        Words::new(
            place(at),
            "a key where none can be",
            "check the indentation of this line and the one above",
        )
    }
}

fn expected_key(at: Mark, text: &str) -> Words {
    let before = line_until(text, at);
    if before.trim().is_empty() {
        Words::new(
            place(at),
            "expected a key here",
            "check the indentation of this line and the quotes above",
        )
    } else {
        Words::new(
            place(at),
            "unexpected text behind the value",
            "put the whole value in quotes",
        )
    }
}

fn unclosed(start: Mark, at: Mark, bracket: char) -> Words {
    Words {
        place: place(at),
        message: format!(
            "expected `,` or `{bracket}` in what begins at line {}",
            start.line + 1
        ),
        hint: format!("add the missing `{bracket}`, or quote the text"),
    }
}

fn control_character(text: &str) -> Words {
    let mut place = Place { line: 1, column: 1 };
    for letter in text.chars() {
        if !is_allowed(letter) {
            return Words {
                place,
                message: format!("the character U+{:04X} is not allowed", u32::from(letter)),
                hint: "write it as an escape in double quotes".to_owned(),
            };
        }
        if letter == '\n' {
            place.line += 1;
            place.column = 1;
        } else {
            place.column += 1;
        }
    }
    Words::new(place, "control characters are not allowed", "")
}

fn is_allowed(letter: char) -> bool {
    matches!(letter,
        '\t' | '\n' | '\r' | ' '..='~' | '\u{85}' | '\u{a0}'..='\u{d7ff}'
        | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
}

/// An unrendered template explains most of what YAML finds wrong near it.
fn with_template_hint(mut words: Words, text: &str, marks: &[Mark]) -> Words {
    let has_braces = |mark: &Mark| {
        let line = rest(text, *mark).lines().next().unwrap_or_default();
        line.contains("{{") || line_until(text, *mark).contains("{{")
    };
    if marks.iter().any(has_braces) {
        "quote a value that begins with `{{`; in a template, was it rendered?"
            .clone_into(&mut words.hint);
    }
    words
}

fn rest(text: &str, mark: Mark) -> &str {
    usize::try_from(mark.index)
        .ok()
        .and_then(|index| text.get(index..))
        .unwrap_or_default()
}

/// The line of a place, up to that place.
fn line_until(text: &str, mark: Mark) -> &str {
    let before = usize::try_from(mark.index)
        .ok()
        .and_then(|index| text.get(..index))
        .unwrap_or(text);
    before.rsplit('\n').next().unwrap_or_default()
}

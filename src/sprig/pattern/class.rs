//! Classes of letters: `[a-z]`, `[[:alpha:]]`, `\d`, `\p{Greek}`.

use std::fmt::Write as _;

use regex::Regex;

use super::error::Mistake;
use super::translate::{Escape, literal, read_escape};

/// A class of Perl, as ranges; `None` for other escapes.
pub(super) fn perl(letter: char) -> Option<&'static str> {
    match letter {
        'd' => Some("[0-9]"),
        'D' => Some("[^0-9]"),
        's' => Some(r"[\t\n\x0c\r ]"),
        'S' => Some(r"[^\t\n\x0c\r ]"),
        'w' => Some("[0-9A-Za-z_]"),
        'W' => Some("[^0-9A-Za-z_]"),
        _ => None,
    }
}

/// Reads `\pL` or `\p{Greek}`: the class, and what stands behind.
pub(super) fn unicode(text: &str) -> Result<(String, &str), String> {
    let mut letters = text.chars();
    let sign = letters.by_ref().nth(1).unwrap_or('p');
    let behind = letters.as_str();
    let (name, rest) = if let Some(name) = behind.strip_prefix('{') {
        name.split_once('}')
            .ok_or_else(|| Mistake::Range.at(text))?
    } else {
        let size = behind.chars().next().map_or(0, char::len_utf8);
        behind.split_at(size)
    };
    let whole = text.get(..text.len() - rest.len()).unwrap_or(text);
    let (is_inverted, name) = match name.strip_prefix('^') {
        Some(name) => (true, name),
        None => (false, name),
    };
    let sign = if is_inverted == (sign == 'p') {
        'P'
    } else {
        'p'
    };
    let class = format!("\\{sign}{{{name}}}");
    let is_plain = name.starts_with(|first: char| first.is_ascii_uppercase())
        && name
            .chars()
            .all(|letter| letter.is_ascii_alphanumeric() || letter == '_');
    if !is_plain || Regex::new(&class).is_err() {
        return Err(Mistake::Range.at(whole));
    }
    Ok((class, rest))
}

/// Reads a class in brackets: the class, and what stands behind.
pub(super) fn bracket(text: &str) -> Result<(String, &str), String> {
    let mut class = String::from("[");
    let mut rest = text.get(1..).unwrap_or_default();
    if let Some(behind) = rest.strip_prefix('^') {
        class.push('^');
        rest = behind;
    }
    let mut is_first = true;
    while is_first || !rest.starts_with(']') {
        is_first = false;
        rest = match named(rest)? {
            Some((named, behind)) => {
                class.push_str(&named);
                behind
            }
            None => range(rest, text, &mut class)?,
        };
    }
    class.push(']');
    Ok((class, rest.get(1..).unwrap_or_default()))
}

/// What stands between `[:` and `:]`.
const NAMES: [&str; 14] = [
    "alnum", "alpha", "ascii", "blank", "cntrl", "digit", "graph", "lower", "print", "punct",
    "space", "upper", "word", "xdigit",
];

/// A class within a class.
fn named(text: &str) -> Result<Option<(String, &str)>, String> {
    if let Some(behind) = text.strip_prefix("[:")
        && let Some((name, behind)) = behind.split_once(":]")
    {
        let whole = text.get(..name.len() + 4).unwrap_or(text);
        let plain = name.strip_prefix('^').unwrap_or(name);
        if !NAMES.contains(&plain) {
            return Err(Mistake::Range.at(whole));
        }
        return Ok(Some((whole.to_owned(), behind)));
    }
    let mut letters = text.chars();
    if letters.next() != Some('\\') {
        return Ok(None);
    }
    let Some(letter) = letters.next() else {
        return Ok(None);
    };
    if matches!(letter, 'p' | 'P') {
        return unicode(text).map(Some);
    }
    Ok(perl(letter).map(|class| (class.to_owned(), letters.as_str())))
}

/// A letter, or a range of letters.
fn range<'t>(text: &'t str, whole: &str, class: &mut String) -> Result<&'t str, String> {
    let (low, mut rest) = letter(text, whole)?;
    let mut high = low;
    if let Some(behind) = rest.strip_prefix('-')
        && !behind.is_empty()
        && !behind.starts_with(']')
    {
        (high, rest) = letter(behind, whole)?;
        if high < low {
            let part = text.get(..text.len() - rest.len()).unwrap_or(text);
            return Err(Mistake::Range.at(part));
        }
    }
    class.push_str(&literal(low));
    if high > low {
        // Writing to a string cannot fail.
        let _ = write!(class, "-{}", literal(high));
    }
    Ok(rest)
}

fn letter<'t>(text: &'t str, whole: &str) -> Result<(u32, &'t str), String> {
    let mut letters = text.chars();
    match letters.next() {
        None => Err(Mistake::Bracket.at(whole)),
        Some('\\') => {
            let Escape { rune, rest } = read_escape(text)?;
            Ok((rune, rest))
        }
        Some(letter) => Ok((letter.into(), letters.as_str())),
    }
}

//! File name patterns of `Files.Glob`.

use std::fmt::Write as _;

use regex::Regex;

/// What is wrong with `[a`.
const UNENDED: &str = "a class that [ begins has no ]";
/// What is wrong with `[]` and `[z-a]`.
const UNORDERED: &str = "a class between [ and ] is not well formed";

/// A file name pattern, compiled.
#[derive(Debug, Clone)]
pub struct Glob(Regex);

/// Why a pattern was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("bad file name pattern {pattern:?}: {reason}")]
pub struct BadGlob {
    /// The pattern.
    pub pattern: String,
    /// What is wrong with it.
    pub reason: &'static str,
}

impl Glob {
    /// A pattern of `Files.Glob`, as gobwas/glob reads it: `**` crosses slashes, `{a,b}` is a choice.
    ///
    /// # Errors
    ///
    /// A class that does not end, is empty, or has more than a range.
    pub fn files(pattern: &str) -> Result<Self, BadGlob> {
        Self::compile(pattern)
    }

    /// Whether the whole name matches.
    pub fn matches(&self, name: &str) -> bool {
        self.0.is_match(name)
    }

    fn compile(pattern: &str) -> Result<Self, BadGlob> {
        let bad = |reason| BadGlob {
            pattern: pattern.to_owned(),
            reason,
        };
        let expression = translate(pattern).map_err(bad)?;
        Regex::new(&expression)
            .map(Self)
            .map_err(|_| bad(UNORDERED))
    }
}

fn translate(pattern: &str) -> Result<String, &'static str> {
    let mut expression = String::from("(?s)^");
    let mut choices = 0;
    let mut letters = pattern.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '*' if letters.next_if_eq(&'*').is_some() => expression.push_str(".*"),
            '*' => expression.push_str("[^/]*"),
            '?' => expression.push_str("[^/]"),
            '[' => translate_class(&mut letters, &mut expression)?,
            '{' => {
                choices += 1;
                expression.push_str("(?:");
            }
            '}' if choices > 0 => {
                choices -= 1;
                expression.push(')');
            }
            ',' if choices > 0 => expression.push('|'),
            // Before nothing it is nothing.
            '\\' => {
                if let Some(letter) = letters.next() {
                    push_letter(letter, &mut expression);
                }
            }
            other => push_letter(other, &mut expression),
        }
    }
    // Choices that do not end do so here.
    expression.push_str(&")".repeat(choices));
    expression.push('$');
    Ok(expression)
}

/// `[a-z]` is a range and nothing else, `[abc]` a list of letters; `!` turns both round.
fn translate_class(
    letters: &mut std::iter::Peekable<std::str::Chars<'_>>,
    expression: &mut String,
) -> Result<(), &'static str> {
    expression.push('[');
    if letters.next_if_eq(&'!').is_some() {
        expression.push('^');
    }
    let first = letters.next().ok_or(UNENDED)?;
    if letters.next_if_eq(&'-').is_some() {
        let last = letters.next().ok_or(UNENDED)?;
        push_letter(first, expression);
        expression.push('-');
        push_letter(last, expression);
        if first > last || letters.next() != Some(']') {
            return Err(UNORDERED);
        }
        expression.push(']');
        return Ok(());
    }
    let mut letter = first;
    let mut is_empty = true;
    while letter != ']' {
        if letter == '\\' {
            letter = letters.next().ok_or(UNENDED)?;
        }
        push_letter(letter, expression);
        is_empty = false;
        letter = letters.next().ok_or(UNENDED)?;
    }
    expression.push(']');
    if is_empty { Err(UNORDERED) } else { Ok(()) }
}

/// A letter, outside of a class or in one.
fn push_letter(letter: char, expression: &mut String) {
    if letter.is_alphanumeric() {
        expression.push(letter);
    } else {
        // Writing to a string cannot fail.
        let _ = write!(expression, "\\x{{{:x}}}", u32::from(letter));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_patterns_cross_folders_and_choose() {
        for (pattern, name, matches) in [
            ("config/*", "config/a.yaml", true),
            ("config/*", "config/b/a.yaml", false),
            ("config/**", "config/b/a.yaml", true),
            ("**.yaml", "config/b/a.yaml", true),
            ("*.{yaml,toml}", "a.toml", true),
            ("*.{yaml,toml}", "a.json", false),
            ("a,b", "a,b", true),
            ("[sh|js]", "|", true),
            ("[xa-c]", "-", true),
            ("[xa-c]", "b", false),
            ("[!a-c]", "/", true),
            ("[^a]", "^", true),
            ("{a,b", "b", true),
            ("a\\", "a", true),
            ("{a,{b,c}}d", "cd", true),
        ] {
            assert_eq!(
                Glob::files(pattern).unwrap().matches(name),
                matches,
                "{pattern} {name}"
            );
        }
    }

    #[test]
    fn unended_patterns_are_refused() {
        for pattern in ["[a", "[]", "[!]a]", "[z-a]", "[a-]", "[a-cx]", "[!"] {
            assert!(Glob::files(pattern).is_err(), "{pattern}");
        }
    }
}

//! File name patterns of `Files.Glob`.

use regex::Regex;

/// What is wrong with `[a`.
const UNENDED: &str = "a class that [ begins has no ]";

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
    /// A pattern of `Files.Glob`: `**` crosses slashes, `{a,b}` is a choice.
    ///
    /// # Errors
    ///
    /// A class, a choice or an escape that does not end.
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
            .map_err(|_| bad("a class between [ and ] is not well formed"))
    }
}

fn translate(pattern: &str) -> Result<String, &'static str> {
    let mut expression = String::from("(?s)^");
    let mut choices = 0;
    let mut letters = pattern.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '*' if letters.peek() == Some(&'*') => {
                letters.next();
                expression.push_str(".*");
            }
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
            '\\' => push_letter(
                letters.next().ok_or("it ends with a backslash")?,
                &mut expression,
            ),
            other => push_letter(other, &mut expression),
        }
    }
    if choices > 0 {
        return Err("a choice that { begins has no }");
    }
    expression.push('$');
    Ok(expression)
}

/// `[a-z]`, `[^a-z]` or `[!a-z]`; a slash is never in a class.
fn translate_class(
    letters: &mut std::iter::Peekable<std::str::Chars<'_>>,
    expression: &mut String,
) -> Result<(), &'static str> {
    expression.push('[');
    if letters
        .next_if(|letter| matches!(letter, '^' | '!'))
        .is_some()
    {
        expression.push_str("^/");
    }
    let mut is_first = true;
    loop {
        match letters.next().ok_or(UNENDED)? {
            ']' if !is_first => break,
            letter => push_member(letter, letters, expression)?,
        }
        is_first = false;
        // `a-z` is a range, `-` before the end is itself.
        let mut rest = letters.clone();
        if rest.next() == Some('-') && rest.next().is_some_and(|next| next != ']') {
            letters.next();
            expression.push('-');
            let end = letters.next().ok_or(UNENDED)?;
            push_member(end, letters, expression)?;
        }
    }
    expression.push(']');
    Ok(())
}

/// One letter of a class, perhaps after a backslash.
fn push_member(
    letter: char,
    letters: &mut std::iter::Peekable<std::str::Chars<'_>>,
    expression: &mut String,
) -> Result<(), &'static str> {
    let letter = match letter {
        '\\' => letters.next().ok_or(UNENDED)?,
        other => other,
    };
    push_letter(letter, expression);
    Ok(())
}

fn push_letter(letter: char, expression: &mut String) {
    expression.push_str(&regex::escape(letter.encode_utf8(&mut [0; 4])));
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
        for pattern in ["[a", "a\\", "[]", "{a", "[z-a]"] {
            assert!(Glob::files(pattern).is_err(), "{pattern}");
        }
    }
}

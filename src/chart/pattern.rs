//! Go's `filepath.Match`: patterns of `.helmignore` and of `--show-only`.

/// A pattern that is none: a class without an end, or a backslash at the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("syntax error in pattern")]
pub struct BadPattern;

/// Whether a whole name matches a pattern. No star and no `?` crosses a slash.
///
/// # Errors
///
/// The pattern is none. Go notices that whatever the name is.
pub fn match_path(pattern: &str, name: &str) -> Result<bool, BadPattern> {
    let (mut pattern, mut name) = (pattern.as_bytes(), name.as_bytes());
    while !pattern.is_empty() {
        let (chunk, after) = next_chunk(pattern);
        pattern = after;
        if chunk.after_star && chunk.text.is_empty() {
            return Ok(!name.contains(&b'/'));
        }
        if let Some(rest) = chunk.find(name, pattern.is_empty())? {
            name = rest;
            continue;
        }
        while !pattern.is_empty() {
            let (chunk, after) = next_chunk(pattern);
            pattern = after;
            chunk.match_start(b"")?;
        }
        return Ok(false);
    }
    Ok(name.is_empty())
}

/// The part of a pattern up to the next star.
struct Chunk<'a> {
    /// A star stands before it.
    after_star: bool,
    text: &'a [u8],
}

fn next_chunk(pattern: &[u8]) -> (Chunk<'_>, &[u8]) {
    let stars = pattern.iter().take_while(|byte| **byte == b'*').count();
    let text = &pattern[stars..];
    let mut is_class = false;
    let mut end = 0;
    while let Some(byte) = text.get(end) {
        match byte {
            b'\\' if end + 1 < text.len() => end += 1,
            b'[' => is_class = true,
            b']' => is_class = false,
            b'*' if !is_class => break,
            _ => {}
        }
        end += 1;
    }
    let (text, after) = text.split_at(end.min(text.len()));
    let after_star = stars > 0;
    (Chunk { after_star, text }, after)
}

impl Chunk<'_> {
    /// What is left of the name behind this chunk, at the start or, behind a star, at the first place
    /// that will do; the last chunk reaches to the end.
    fn find<'n>(&self, name: &'n [u8], is_last: bool) -> Result<Option<&'n [u8]>, BadPattern> {
        let fits = |rest: &[u8]| rest.is_empty() || !is_last;
        if let Some(rest) = self.match_start(name)?
            && fits(rest)
        {
            return Ok(Some(rest));
        }
        if !self.after_star {
            return Ok(None);
        }
        let reach = name.iter().take_while(|byte| **byte != b'/').count();
        for start in 1..=reach {
            if let Some(rest) = self.match_start(&name[start..])?
                && fits(rest)
            {
                return Ok(Some(rest));
            }
        }
        Ok(None)
    }

    /// What is left of a name that begins with this chunk. The chunk is read to its end in any case, for
    /// its mistakes.
    fn match_start<'n>(&self, name: &'n [u8]) -> Result<Option<&'n [u8]>, BadPattern> {
        let mut left = Some(name);
        let mut chunk = self.text;
        while let [first, rest @ ..] = chunk {
            left = left.filter(|name| !name.is_empty());
            match first {
                b'[' => {
                    let letter = left.map(letter);
                    let (matches, after) =
                        match_class(rest, letter.map_or('\0', |(found, _)| found))?;
                    chunk = after;
                    left = letter.filter(|_| matches).map(|(_, rest)| rest);
                }
                b'?' => {
                    chunk = rest;
                    left = left
                        .filter(|name| name[0] != b'/')
                        .map(|name| letter(name).1);
                }
                b'\\' if rest.is_empty() => return Err(BadPattern),
                _ => {
                    let (byte, after) = match (first, rest) {
                        (b'\\', [byte, after @ ..]) => (byte, after),
                        _ => (first, rest),
                    };
                    chunk = after;
                    left = left.filter(|name| name[0] == *byte).map(|name| &name[1..]);
                }
            }
        }
        Ok(left)
    }
}

/// The first letter of what is not empty, U+FFFD for a byte that is none, and what is behind it.
fn letter(text: &[u8]) -> (char, &[u8]) {
    let head = &text[..text.len().min(4)];
    let valid = match std::str::from_utf8(head) {
        Ok(head) => head,
        Err(error) => std::str::from_utf8(&head[..error.valid_up_to()]).unwrap_or_default(),
    };
    match valid.chars().next() {
        Some(found) => (found, &text[found.len_utf8()..]),
        None => (char::REPLACEMENT_CHARACTER, &text[text.len().min(1)..]),
    }
}

/// Whether a letter is in a class, behind its `[`, and what is behind the class.
fn match_class(class: &[u8], letter: char) -> Result<(bool, &[u8]), BadPattern> {
    let (mut class, is_negated) = match class {
        [b'^', rest @ ..] => (rest, true),
        class => (class, false),
    };
    let mut is_member = false;
    let mut is_first = true;
    loop {
        match class {
            [b']', rest @ ..] if !is_first => return Ok((is_member != is_negated, rest)),
            _ => {}
        }
        let (low, after) = member(class)?;
        let (high, after) = match after {
            [b'-', rest @ ..] => member(rest)?,
            _ => (low, after),
        };
        class = after;
        is_member |= low <= letter && letter <= high;
        is_first = false;
    }
}

/// One letter of a class. Something must follow it.
fn member(class: &[u8]) -> Result<(char, &[u8]), BadPattern> {
    let class = match class {
        [] | [b'-' | b']', ..] => return Err(BadPattern),
        [b'\\', rest @ ..] => rest,
        class => class,
    };
    if class.is_empty() {
        return Err(BadPattern);
    }
    let (found, rest) = letter(class);
    if rest.is_empty() {
        return Err(BadPattern);
    }
    Ok((found, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_as_go_does() {
        for (pattern, name, expected) in [
            ("*.md", "README.md", Ok(true)),
            ("*.md", "docs/README.md", Ok(false)),
            ("docs/*", "docs/a", Ok(true)),
            ("docs/*", "docs/a/b", Ok(false)),
            ("a?c", "abc", Ok(true)),
            ("a?c", "a/c", Ok(false)),
            ("a?c", "aüc", Ok(true)),
            ("[a-c]x", "bx", Ok(true)),
            ("[^a-c]x", "bx", Ok(false)),
            ("[!a]x", "!x", Ok(true)),
            ("[^a-c]x", "/x", Ok(true)),
            (r"\*", "*", Ok(true)),
            (r"\*", "a", Ok(false)),
            ("{a,b}", "a", Ok(false)),
            ("{a,b}", "{a,b}", Ok(true)),
            ("a.b", "axb", Ok(false)),
            ("a[&&b]", "a&", Ok(true)),
            ("ü*", "über", Ok(true)),
            ("*b*d", "abcd", Ok(true)),
            ("*b*d", "abc", Ok(false)),
            ("*", "", Ok(true)),
            ("**", "a", Ok(true)),
            ("*x", "xxx", Ok(true)),
            ("", "", Ok(true)),
            ("", "a", Ok(false)),
            ("[a-]x", "-x", Err(BadPattern)),
            ("[a", "b", Err(BadPattern)),
            ("[]a]", "]", Err(BadPattern)),
            ("[-]", "-", Err(BadPattern)),
            ("a\\", "b", Err(BadPattern)),
            ("b*[", "a", Err(BadPattern)),
            ("[", "", Err(BadPattern)),
        ] {
            assert_eq!(match_path(pattern, name), expected, "{pattern} {name}");
        }
    }
}

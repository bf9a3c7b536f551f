//! One rendered text cut into its documents, as Helm cuts it.
//!
//! Helm splits with the pattern `(?:^|\s*\n)---\s*`, so what it takes for a separator is not always
//! what YAML takes for one: a second separator right behind the first stays in the text.

/// The documents of a text, trimmed. One that holds nothing but white space is none.
pub(super) fn documents(text: &str) -> Vec<&str> {
    let text = text.trim();
    let mut documents = Vec::new();
    let mut rest = text;
    // At the beginning of the text no newline has to stand before the dashes.
    if let Some(after) = text.strip_prefix("---") {
        rest = after.trim_start_matches(is_space);
    }
    while let Some((document, after)) = next(rest) {
        keep(&mut documents, document);
        rest = after;
    }
    keep(&mut documents, rest);
    documents
}

fn keep<'a>(documents: &mut Vec<&'a str>, document: &'a str) {
    if !document.is_empty() {
        documents.push(document.trim());
    }
}

/// What stands before the first separator of a text, and what stands behind it.
fn next(text: &str) -> Option<(&str, &str)> {
    let separator = memchr::memmem::find(text.as_bytes(), b"\n---")?;
    let (before, after) = (text.get(..separator)?, text.get(separator + 4..)?);
    Some((
        before.trim_end_matches(is_space),
        after.trim_start_matches(is_space),
    ))
}

/// White space of a regular expression.
fn is_space(letter: char) -> bool {
    matches!(letter, '\t' | '\n' | '\x0c' | '\r' | ' ')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_cut_as_helm_cuts_it() {
        for (text, expected) in [
            ("", &[][..]),
            ("  \n", &[]),
            ("a: 1", &["a: 1"]),
            ("a: 1\n---\nb: 2\n", &["a: 1", "b: 2"]),
            (
                "\n---\na: 1\n---\n\n---\n# c\n---\nb",
                &["a: 1", "---\n# c", "b"],
            ),
            ("#a\n---\n---\n   \n---\n#b\n", &["#a", "---", "#b"]),
            ("a: 1\n---z: 2", &["a: 1", "z: 2"]),
            ("a: |\n  ---\n  b", &["a: |\n  ---\n  b"]),
            ("a\r\n---\r\nb", &["a", "b"]),
            ("a\n--- # c\nb", &["a", "# c\nb"]),
            ("---", &[]),
            ("----", &["-"]),
            ("a\n\n \n---", &["a"]),
            ("--- ---\na", &["---\na"]),
        ] {
            assert_eq!(documents(text), expected, "{text:?}");
        }
    }
}

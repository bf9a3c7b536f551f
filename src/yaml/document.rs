//! A stream of documents cut into its documents.

/// One document of a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Document<'a> {
    /// Its text, without the line that parts it from the one before.
    pub text: &'a str,
    /// The line of its first line in the whole text, from 1.
    pub line: u32,
}

/// Cuts a text where a line begins with `---`, as Kubernetes' reader does; blank documents and those
/// that hold nothing but comments are left out.
///
/// Only blanks and a comment may follow `---` for Kubernetes, which refuses the whole text otherwise.
/// Here `--- a: 1` begins a document with that line, as YAML has it, and `---a` is not a boundary.
pub fn documents(text: &str) -> Vec<Document<'_>> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut documents = Vec::new();
    let mut start = 0;
    let mut start_line = 1;
    let mut offset = 0;
    for (number, line) in (1..).zip(text.split_inclusive('\n')) {
        let end = offset + line.len();
        if let Some(rest) = line.strip_prefix("---") {
            let boundary = boundary(rest);
            if boundary != Boundary::None {
                keep(&mut documents, &text[start..offset], start_line);
                (start, start_line) = if boundary == Boundary::Whole {
                    (end, number + 1)
                } else {
                    (offset, number)
                };
            }
        }
        offset = end;
    }
    keep(&mut documents, &text[start..], start_line);
    documents
}

#[derive(PartialEq, Eq)]
enum Boundary {
    /// The line is part of the document it stands in.
    None,
    /// The line parts two documents and belongs to neither.
    Whole,
    /// The line parts two documents and begins the second.
    First,
}

fn boundary(rest: &str) -> Boundary {
    let trimmed = rest.trim();
    if trimmed.is_empty() || trimmed.starts_with('#') {
        Boundary::Whole
    } else if rest.starts_with([' ', '\t']) {
        Boundary::First
    } else {
        Boundary::None
    }
}

fn keep<'a>(documents: &mut Vec<Document<'a>>, text: &'a str, line: u32) {
    let has_content = text.lines().any(|line| {
        let line = line.trim_start();
        !line.is_empty() && !line.starts_with('#')
    });
    if has_content {
        documents.push(Document { text, line });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_know_their_first_line() {
        let rows: [(&str, &[(&str, u32)]); 9] = [
            ("", &[]),
            ("a: 1", &[("a: 1", 1)]),
            ("---\na: 1\n---\nb: 2\n", &[("a: 1\n", 2), ("b: 2\n", 4)]),
            (
                "a: 1\n---\n# c\n\n---\n\n---\nb: 2",
                &[("a: 1\n", 1), ("b: 2", 8)],
            ),
            (
                "# c\na: 1\n--- # d\r\nb: 2\r\n",
                &[("# c\na: 1\n", 1), ("b: 2\r\n", 4)],
            ),
            ("a: 1\n--- b\n", &[("a: 1\n", 1), ("--- b\n", 2)]),
            ("a: |\n  ---\n  b\n", &[("a: |\n  ---\n  b\n", 1)]),
            ("a: 1\n---b\n", &[("a: 1\n---b\n", 1)]),
            ("\u{feff}---\na: 1\n---", &[("a: 1\n", 2)]),
        ];
        for (text, expected) in rows {
            let found: Vec<(&str, u32)> = documents(text)
                .iter()
                .map(|document| (document.text, document.line))
                .collect();
            assert_eq!(found, expected, "{text:?}");
        }
    }
}

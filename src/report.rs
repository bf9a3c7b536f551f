//! How a mistake, and an error with its causes, are told to a person.
//!
//! In: errors of any room, mistakes found in files · Out: one line of text each, and below it the lines
//! of the file where that helps · Never: decides what happens next.

use std::error::Error;
use std::fmt;

/// Something wrong in a text that a person wrote: a values file, a chart, a `ConfigMap`.
///
/// A reader collects all mistakes of one file before it fails, so that a person sees them together.
/// The text form is `file:line:column: path: message (hint)`, without the parts that are not known.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Mistake {
    /// The file as the person knows it (`modules/010-x/values.yaml`), or `ConfigMap ns/name`.
    pub file: String,
    /// The line, from 1; 0 when it is not known.
    pub line: u32,
    /// The column, from 1; 0 when it is not known.
    pub column: u32,
    /// Where in the document, as dotted path (`ingress.hosts[0]`); empty for the document itself.
    pub path: String,
    /// What is wrong and what was expected, in lower case, without a full stop.
    pub message: String,
    /// What to do about it; empty when there is nothing to add.
    pub hint: String,
    /// The lines of the file around the place, from [`excerpt`]; empty when they would not help.
    pub excerpt: Box<str>,
}

impl Mistake {
    /// A mistake of a whole file.
    pub fn new(file: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            file: file.into(),
            message: message.into(),
            ..Self::default()
        }
    }

    /// The same mistake, with its place in the file.
    #[must_use]
    pub fn at(mut self, line: u32, column: u32) -> Self {
        self.line = line;
        self.column = column;
        self
    }

    /// The same mistake, with its place in the document.
    #[must_use]
    pub fn path(mut self, path: impl Into<String>) -> Self {
        self.path = path.into();
        self
    }

    /// The same mistake, with the lines around it.
    #[must_use]
    pub fn excerpt(mut self, excerpt: impl Into<Box<str>>) -> Self {
        self.excerpt = excerpt.into();
        self
    }

    /// The same mistake, with what to do about it.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = hint.into();
        self
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut separator = "";
        if !self.file.is_empty() {
            out.write_str(&self.file)?;
            if self.line > 0 {
                write!(out, ":{}", self.line)?;
            }
            if self.line > 0 && self.column > 0 {
                write!(out, ":{}", self.column)?;
            }
            separator = ": ";
        } else if self.line > 0 {
            write!(out, "line {}", self.line)?;
            separator = ": ";
        }
        if !self.path.is_empty() {
            write!(out, "{separator}{}", self.path)?;
            separator = ": ";
        }
        write!(out, "{separator}{}", self.message)?;
        if !self.hint.is_empty() {
            write!(out, " ({})", self.hint)?;
        }
        if !self.excerpt.is_empty() {
            write!(out, "\n{}", self.excerpt)?;
        }
        Ok(())
    }
}

/// The lines of a text around one of them, numbered, with that one marked:
///
/// ```text
///   2 |   name: web
/// > 3 |   image: {{ Values.imag }}
///   4 |   port: 80
/// ```
pub fn excerpt(text: &str, line: u32) -> String {
    const AROUND: u32 = 2;
    const WIDTH: usize = 120;
    let last = line.saturating_add(AROUND);
    let digits = last.to_string().len();
    text.lines()
        .zip(1_u32..)
        .filter(|(_, number)| number.abs_diff(line) <= AROUND)
        .map(|(text, number)| {
            let mark = if number == line { '>' } else { ' ' };
            let shown: String = text.chars().take(WIDTH).collect();
            let line = format!("{mark} {number:digits$} | {shown}");
            line.trim_end().to_owned()
        })
        .collect::<Vec<_>>()
        .join("\n")
}

/// Several mistakes as one error: what a reader returns when a text is not usable.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Mistakes(pub Vec<Mistake>);

impl Mistakes {
    /// `Ok` when there is no mistake.
    pub fn into_result(self) -> Result<(), Self> {
        if self.0.is_empty() { Ok(()) } else { Err(self) }
    }
}

impl fmt::Display for Mistakes {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, mistake) in self.0.iter().enumerate() {
            if index > 0 {
                out.write_str("\n")?;
            }
            mistake.fmt(out)?;
        }
        Ok(())
    }
}

impl Error for Mistakes {}

impl From<Mistake> for Mistakes {
    fn from(mistake: Mistake) -> Self {
        Self(vec![mistake])
    }
}

/// One step of a [`Path`].
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// A key of a map.
    Key(String),
    /// An item of a list, from 0.
    Index(usize),
}

/// A place in a document. Its text form is what [`Mistake::path`] holds: `ingress.hosts[0]`; a key
/// that would be ambiguous there is quoted: `labels["app.kubernetes.io/name"]`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Path(pub Vec<Step>);

impl Path {
    /// The same path, one key deeper.
    #[must_use]
    pub fn key(&self, key: impl Into<String>) -> Self {
        self.step(Step::Key(key.into()))
    }

    /// The same path, one step deeper.
    #[must_use]
    pub fn step(&self, step: Step) -> Self {
        let mut steps = self.0.clone();
        steps.push(step);
        Self(steps)
    }
}

impl fmt::Display for Path {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, step) in self.0.iter().enumerate() {
            match step {
                Step::Index(index) => write!(out, "[{index}]")?,
                Step::Key(key) if key.is_empty() || key.contains(['.', '[', ']', '"', ' ']) => {
                    write!(out, "[{key:?}]")?;
                }
                Step::Key(key) if position == 0 => out.write_str(key)?,
                Step::Key(key) => write!(out, ".{key}")?,
            }
        }
        Ok(())
    }
}

/// The candidate that a misspelt word most likely means; `None` when none is near enough.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let limit = (word.chars().count() / 3).max(1);
    candidates
        .into_iter()
        .map(|candidate| (distance(word, candidate), candidate))
        .filter(|(distance, _)| *distance <= limit)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// How many letters must be added, dropped, changed or swapped with the next; capitals do not count.
fn distance(from: &str, to: &str) -> usize {
    let from: Vec<char> = from.to_lowercase().chars().collect();
    let to: Vec<char> = to.to_lowercase().chars().collect();
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=to.len()).collect();
    for line in 0..from.len() {
        let mut row = vec![line + 1];
        for column in 0..to.len() {
            let changed = last[column] + usize::from(from[line] != to[column]);
            let mut fewest = changed.min(last[column + 1] + 1).min(row[column] + 1);
            let swapped = line > 0
                && column > 0
                && from[line] == to[column - 1]
                && from[line - 1] == to[column];
            if swapped {
                fewest = fewest.min(before[column - 1] + 1);
            }
            row.push(fewest);
        }
        before = std::mem::replace(&mut last, row);
    }
    last.last().copied().unwrap_or(0)
}

/// The chain of an error as one text: `reading chart x: open: permission denied`.
///
/// A cause that the text before it already ends with is left out: some libraries put their cause
/// into their own message as well.
pub fn chain(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let next = error.to_string();
        if !next.is_empty() && !text.ends_with(&next) {
            text.push_str(": ");
            text.push_str(&next);
        }
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("{text}")]
    struct Link {
        text: &'static str,
        #[source]
        cause: Option<Box<Self>>,
    }

    #[test]
    fn chain_tells_each_cause_once() {
        let io = Link {
            text: "permission denied",
            cause: None,
        };
        let open = Link {
            text: "open x: permission denied",
            cause: Some(Box::new(io)),
        };
        let read = Link {
            text: "reading chart x",
            cause: Some(Box::new(open)),
        };
        assert_eq!(chain(&read), "reading chart x: open x: permission denied");
    }

    #[test]
    fn mistake_leaves_out_what_is_not_known() {
        let mistake = Mistake::new("values.yaml", "expected a string, got a number");
        assert_eq!(
            mistake.to_string(),
            "values.yaml: expected a string, got a number"
        );
        let mistake = mistake.at(3, 7).path("image.tag").hint("quote it");
        assert_eq!(
            mistake.to_string(),
            "values.yaml:3:7: image.tag: expected a string, got a number (quote it)"
        );
    }

    #[test]
    fn excerpt_marks_its_line_among_its_neighbours() {
        let text = "a\nb\n\nd\ne\nf\n";
        assert_eq!(
            Mistake::new("x", "no")
                .at(4, 0)
                .excerpt(excerpt(text, 4))
                .to_string(),
            "x:4: no\n  2 | b\n  3 |\n> 4 | d\n  5 | e\n  6 | f"
        );
        assert_eq!(excerpt(text, 1), "> 1 | a\n  2 | b\n  3 |");
        assert_eq!(excerpt(text, 99), "");
    }

    #[test]
    fn path_quotes_keys_that_would_be_ambiguous() {
        let path = Path(vec![
            Step::Key("ingress".to_owned()),
            Step::Key("hosts".to_owned()),
            Step::Index(0),
            Step::Key("a.b/c".to_owned()),
            Step::Key("x".to_owned()),
        ]);
        assert_eq!(path.to_string(), r#"ingress.hosts[0]["a.b/c"].x"#);
    }

    #[test]
    fn nearest_finds_misspelt_words_and_no_others() {
        let known = ["replicas", "ingress", "image"];
        for (word, meant) in [
            ("replcas", Some("replicas")),
            ("Replicas", Some("replicas")),
            ("ingres", Some("ingress")),
            ("imaeg", Some("image")),
            ("imags", Some("image")),
            ("iamge", Some("image")),
            ("storage", None),
            ("", None),
        ] {
            assert_eq!(nearest(word, known), meant, "{word}");
        }
    }
}

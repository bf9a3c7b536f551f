//! What does not fit a schema, and where.

use std::fmt;

use crate::jsonschema::words::quoted;

/// A value that does not fit, with what led to that.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::jsonschema) struct Failure {
    /// The value, as JSON pointer.
    pub(super) place: String,
    pub(super) kind: Kind,
    pub(super) causes: Vec<Self>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    /// The whole value against the schema of this address.
    Schema(String),
    /// Several failures of what a schema refers to.
    Reference,
    /// Several failures.
    Group,
    /// In words.
    Told(String),
}

impl Failure {
    /// A failure that nobody will read.
    pub(super) fn silent() -> Self {
        Self {
            place: String::new(),
            kind: Kind::Group,
            causes: Vec::new(),
        }
    }

    fn write(&self, out: &mut fmt::Formatter<'_>, indent: usize) -> fmt::Result {
        let mut inner = indent;
        if self.kind != Kind::Reference || self.causes.len() != 1 {
            if indent > 0 {
                write!(out, "\n{}- ", "  ".repeat(indent - 1))?;
            }
            inner += 1;
            match &self.kind {
                Kind::Schema(url) => {
                    write!(out, "jsonschema validation failed with {}", quoted(url))?;
                }
                kind => {
                    let words = match kind {
                        Kind::Told(words) => words,
                        _ => "validation failed",
                    };
                    write!(out, "at {}: {words}", quoted(&self.place))?;
                }
            }
        }
        self.causes
            .iter()
            .try_for_each(|cause| cause.write(out, inner))
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(out, 0)
    }
}

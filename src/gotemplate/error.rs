//! Why a template could not be parsed or executed, in the words of Go and Helm.

/// Why there is no text. `Display` says it as Helm does; nothing is lost in [`Error::text`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The text is no template.
    #[error("{}", shorten(.text))]
    Parse {
        /// Go's words: `template: t/templates/x.yaml:1: unexpected EOF`.
        text: String,
    },
    /// A template failed.
    #[error("{text}")]
    Execute {
        /// Go's words: `template: t/templates/x.yaml:12:8: executing "…" at <…>: …`.
        text: String,
    },
    /// The chart itself said that it cannot be rendered, with `fail` or `required`.
    #[error("execution error at ({place}): {message}")]
    Told {
        /// Where in the file that was executed: `t/templates/x.yaml:1:3`.
        place: String,
        /// What it said.
        message: String,
    },
    /// A limit of ours was reached.
    #[error("template {place}: {why}")]
    Limit {
        /// Where: `t/templates/_helpers.tpl:12:8`.
        place: String,
        /// Which limit.
        why: String,
    },
}

impl Error {
    /// The whole text, as Go has it.
    pub fn text(&self) -> String {
        match self {
            Self::Parse { text } | Self::Execute { text } => text.clone(),
            told => told.to_string(),
        }
    }
}

/// What Helm leaves of an error of the parser: the place, and what follows the last colon.
fn shorten(text: &str) -> String {
    let place = text.split(": ").nth(1).unwrap_or_default();
    let last = text.rsplit(": ").next().unwrap_or_default();
    format!("parse error at ({place}): {last}")
}

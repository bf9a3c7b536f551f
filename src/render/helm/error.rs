//! Why a chart does not render, in Helm's words.

use crate::chart;
use crate::gotemplate;
use crate::report::{Mistake, Mistakes};

/// Why a chart does not render. Its text is Helm's, without what the command line puts around it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text}")]
pub struct Error {
    text: String,
    /// The template and, behind colons, line and column.
    place: String,
    /// What happened there.
    message: String,
    /// What a person has to correct, when Helm has no words for it.
    mistakes: Vec<Mistake>,
}

impl Error {
    /// One without a place.
    pub(super) fn plain(text: String) -> Self {
        let message = text.clone();
        Self {
            text,
            place: String::new(),
            message,
            mistakes: Vec::new(),
        }
    }

    /// Values that do not fit a chart.
    pub(in crate::render) fn of_values(error: &chart::Error) -> Self {
        let mut told = Self::plain(error.to_string());
        "values.yaml".clone_into(&mut told.place);
        told
    }

    /// The text of a template that is no YAML: `YAML parse error on PATH: why`.
    pub(super) fn of_document(text: String) -> Self {
        let parts = text.strip_prefix("YAML parse error on ");
        let parts = parts.and_then(|parts| parts.split_once(": "));
        let (place, message) = parts.unwrap_or(("", &text));
        Self {
            place: place.to_owned(),
            message: message.to_owned(),
            text,
            mistakes: Vec::new(),
        }
    }

    /// Mistakes in `*.j2` templates, which Helm does not know.
    pub(super) fn of_pages(mistakes: Mistakes) -> Self {
        let told = Self::plain(mistakes.to_string());
        Self {
            mistakes: mistakes.0,
            ..told
        }
    }

    /// A template that cannot be parsed, or failed.
    pub(super) fn of_template(path: &str, error: &gotemplate::Error) -> Self {
        use gotemplate::Error::{Execute, Limit, Parse, Told};
        let (place, message) = match error {
            Parse { text } | Execute { text } => parts_of(text).unwrap_or((path, text)),
            Told { place, message } => (place.as_str(), message.as_str()),
            Limit { place, why } => (place.as_str(), why.as_str()),
        };
        Self {
            text: error.to_string(),
            place: place.to_owned(),
            message: message.to_owned(),
            mistakes: Vec::new(),
        }
    }

    /// The same as mistakes in files of a module, whose chart has this name.
    pub(in crate::render) fn to_mistakes(&self, chart: &str) -> Mistakes {
        if !self.mistakes.is_empty() {
            return Mistakes(self.mistakes.clone());
        }
        let mut parts = self.place.split(':');
        let path = parts.next().unwrap_or_default();
        let file = match path
            .strip_prefix(chart)
            .and_then(|path| path.strip_prefix('/'))
        {
            Some(file) => file,
            None if path.is_empty() => "Chart.yaml",
            None => path,
        };
        let mut number = || {
            parts
                .next()
                .and_then(|part| part.parse().ok())
                .unwrap_or_default()
        };
        let (line, column) = (number(), number());
        Mistake::new(file, self.message.clone())
            .at(line, column)
            .into()
    }
}

/// Where something happened and what, by Go's words: `template: PLACE: what`.
fn parts_of(text: &str) -> Option<(&str, &str)> {
    text.strip_prefix("template: ")?.split_once(": ")
}

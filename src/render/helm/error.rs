//! Why a chart does not render, in Helm's words.

use crate::gotemplate;
use crate::report::Mistake;

/// Why a chart does not render. Its text is Helm's, without what the command line puts around it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text}")]
pub struct Error {
    text: String,
    /// The template and, behind colons, line and column.
    place: String,
    /// What happened there.
    message: String,
}

impl Error {
    /// One without a place.
    pub(super) fn plain(text: String) -> Self {
        let message = text.clone();
        let place = String::new();
        Self {
            text,
            place,
            message,
        }
    }

    /// A template that cannot be parsed, or failed.
    pub(super) fn of_template(path: &str, error: &gotemplate::Error) -> Self {
        use gotemplate::Error::{Execute, Limit, Parse, Told};
        let (place, message) = match error {
            Parse { text } | Execute { text } => (place_in(text).unwrap_or(path), text),
            Told { place, message } => (place.as_str(), message),
            Limit { place, why } => (place.as_str(), why),
        };
        Self {
            text: error.to_string(),
            place: place.to_owned(),
            message: message.clone(),
        }
    }

    /// The same as a mistake in a file of a module, whose chart has this name.
    pub(in crate::render) fn to_mistake(&self, chart: &str) -> Mistake {
        let mut parts = self.place.split(':');
        let path = parts.next().unwrap_or_default();
        let path = path
            .strip_prefix(chart)
            .and_then(|path| path.strip_prefix('/'));
        let mut number = || {
            parts
                .next()
                .and_then(|part| part.parse().ok())
                .unwrap_or_default()
        };
        let (line, column) = (number(), number());
        Mistake::new(path.unwrap_or("Chart.yaml"), self.message.clone()).at(line, column)
    }
}

/// Where something happened, by Go's words: `template: PLACE: what`.
fn place_in(text: &str) -> Option<&str> {
    let (place, _) = text.strip_prefix("template: ")?.split_once(": ")?;
    Some(place)
}

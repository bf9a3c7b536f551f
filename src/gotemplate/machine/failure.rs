//! A render that failed, and the chain of calls that led there.

use super::{Frame, Machine};
use crate::gotemplate::error::Error;
use crate::govalue::{Error as CallError, print};

/// Why a render failed.
#[derive(Debug)]
pub(super) struct Failure(Box<Content>);

#[derive(Debug)]
struct Content {
    kind: Kind,
    /// Where a limit was reached.
    place: String,
    /// What Go says, the innermost part first.
    parts: Vec<String>,
}

#[derive(Debug)]
enum Kind {
    Go,
    Limit(String),
}

/// What Helm puts around the chart's own words, to find them again in the text of the error.
const TOLD: [&str; 2] = ["HELM_ERR_START", "HELM_ERR_END"];

impl Failure {
    fn new(kind: Kind, place: String, parts: Vec<String>) -> Self {
        Self(Box::new(Content { kind, place, parts }))
    }

    pub(super) fn into_error(self) -> Error {
        let Content { kind, place, parts } = *self.0;
        match kind {
            Kind::Go => {
                let text: String = parts.into_iter().rev().collect();
                match told(&text) {
                    Some((place, message)) => Error::Told { place, message },
                    None => Error::Execute { text },
                }
            }
            Kind::Limit(why) => Error::Limit { place, why },
        }
    }

    /// What Go says before what it said so far.
    pub(super) fn before(mut self, text: String) -> Self {
        if matches!(self.0.kind, Kind::Go) {
            self.0.parts.push(text);
        }
        self
    }
}

/// The outermost place, and the chart's own words as Helm finds them: between the first mark and the last.
fn told(text: &str) -> Option<(String, String)> {
    let mut parts = text.splitn(3, ": ").skip(1);
    let (place, text) = (parts.next()?, parts.next()?);
    let (_, words) = text.split_once(TOLD[0])?;
    let (words, _) = words.rsplit_once(TOLD[1])?;
    Some((place.to_owned(), words.to_owned()))
}

impl Machine<'_> {
    /// Fails at the node that was looked at last.
    pub(super) fn fail(&self, frame: &Frame<'_>, why: &str) -> Failure {
        self.failed(frame, CallError::Failed(why.to_owned()))
    }

    /// Fails at the node that was looked at last, as something did that is no call of the template's.
    pub(super) fn failed(&self, frame: &Frame<'_>, error: CallError) -> Failure {
        let (place, mut text) = self.blame(frame);
        let kind = match error {
            CallError::Failed(why) => {
                text.push_str(&why);
                Kind::Go
            }
            CallError::Told(message) => {
                text.extend([TOLD[0], &message, TOLD[1]]);
                Kind::Go
            }
            CallError::Limit(why) => Kind::Limit(why),
        };
        Failure::new(kind, place, vec![text])
    }

    /// A failure of a function, as the template that called it tells it.
    pub(super) fn failed_call(&self, frame: &Frame<'_>, name: &str, error: CallError) -> Failure {
        let failure = match error {
            CallError::Failed(why) => Failure::new(Kind::Go, String::new(), vec![why]),
            CallError::Told(message) => {
                let why = [TOLD[0], &message, TOLD[1]].concat();
                Failure::new(Kind::Go, String::new(), vec![why])
            }
            CallError::Limit(why) => return self.failed(frame, CallError::Limit(why)),
        };
        self.wrap(frame, name, failure)
    }

    /// What happened inside a call, as the template that called tells it.
    pub(super) fn wrap(&self, frame: &Frame<'_>, name: &str, failure: Failure) -> Failure {
        if matches!(failure.0.kind, Kind::Limit(_)) {
            return failure;
        }
        let (_, mut text) = self.blame(frame);
        text.extend(["error calling ", name, ": "]);
        failure.before(text)
    }

    /// The place that is blamed, and how Go begins to tell of it.
    fn blame(&self, frame: &Frame<'_>) -> (String, String) {
        let name = print::quote(frame.template.name.as_bytes());
        let name = String::from_utf8_lossy(&name);
        let Some(node) = frame.file.find(self.at) else {
            let place = frame.file.name.to_string();
            return (place, format!("template: {}: ", frame.template.name));
        };
        let place = frame.file.place(node.position());
        let context = frame.file.text_of(node);
        let text = format!("template: {place}: executing {name} at <{context}>: ");
        (place, text)
    }
}

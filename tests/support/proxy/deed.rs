//! What was asked, and what becomes of it.

use std::time::Duration;

use serde_json::{Value, json};

/// A request.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    /// Of requests that change something: counted from 1.
    pub(crate) write: Option<usize>,
    pub(crate) method: String,
    /// With its parameters.
    pub(crate) path: String,
}

/// What becomes of a request.
#[derive(Debug, Clone)]
pub(crate) enum Deed {
    /// It passes.
    Pass,
    /// It passes after a while.
    PassAfter(Duration),
    /// It passes, and what is answered comes in small pieces, each after a while.
    PassSlowly(Duration),
    /// The server does not see it.
    Answer(Answer),
    /// The server carries it out, and the operator is told something else.
    PassAndAnswer(Answer),
    /// The server does not see it, and its connection ends.
    Cut,
    /// The server carries it out, and its connection ends without an answer.
    PassAndCut,
    /// The server carries it out, and its connection ends within the answer, after so many bytes.
    PassAndCutAfter(usize),
    /// The server does not see it, and it is never answered.
    Hang,
    /// The server carries it out, and it is never answered.
    PassAndHang,
    /// It passes, and the answer is kept under its path.
    PassAndRemember,
    /// What was kept under its path is answered again, as a server answers that lags behind.
    Repeat,
}

/// An answer that is made up.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// Seconds, as the header has them.
    pub(crate) retry_after: Option<u64>,
    pub(crate) body: String,
}

impl Answer {
    /// A refusal with the body that the API server gives.
    pub(crate) fn refusal(status: u16, reason: &str) -> Self {
        Self::of(status, &refusal(status, reason))
    }

    /// What stands before an API server, and has no idea of its bodies.
    pub(crate) fn gateway(status: u16) -> Self {
        let body = format!("<html><body><h1>{status}</h1></body></html>");
        Self {
            status,
            retry_after: None,
            body,
        }
    }

    /// A watch that ends at once with an error.
    pub(crate) fn watch_error(status: u16, reason: &str) -> Self {
        let event = json!({"type": "ERROR", "object": refusal(status, reason)});
        Self {
            status: 200,
            retry_after: None,
            body: format!("{event}\n"),
        }
    }

    /// The same, with the wish not to come again before.
    pub(crate) fn retry_after(mut self, seconds: u64) -> Self {
        self.retry_after = Some(seconds);
        self
    }

    fn of(status: u16, body: &Value) -> Self {
        Self {
            status,
            retry_after: None,
            body: body.to_string(),
        }
    }
}

fn refusal(status: u16, reason: &str) -> Value {
    json!({
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
        "message": format!("made up: {reason}"), "reason": reason, "code": status,
    })
}

impl Asked {
    /// Whether it opens a watch.
    pub(crate) fn is_watch(&self) -> bool {
        self.path.contains("watch=true")
    }
}

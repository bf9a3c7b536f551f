//! What the API server asks of hooks, and what it is answered.
//!
//! *In:* bodies of reviews, bindings, the response files of hooks · *Out:* which hook is asked and with
//! what, answers, the configurations that make the API server ask · *Never:* serves, writes, runs, waits.
//!
//! ```text
//! bindings ─▶ Wanted ─▶ configurations, each webhook with the path of its Address
//! path ─▶ Route ─▶ the hook      body ─▶ AdmissionRequest ─▶ hook ─▶ Verdict ─▶ Answered
//!                                body ─▶ Conversion ─▶ hook ─▶ Converted ─▶ … ─▶ Answered
//! ```

mod address;
mod chain;
mod conversion;
mod manifest;
mod response;
mod review;
mod verdict;
mod wanted;

pub use address::{Address, Route};
pub use chain::{Rule, Rules};
pub use conversion::{Conversion, Step};
pub use manifest::{ClientConfig, Own, Target};
pub use response::{Converted, parse_converted};
pub use review::AdmissionRequest;
pub use verdict::{Denial, Verdict, parse_verdict};
pub use wanted::{Wanted, Webhook};

use std::time::Duration;

/// How long the API server waits for a conversion. It says no number; a request has no more than a
/// minute, and several conversions may be part of it.
pub const CONVERSION_TIMEOUT: Duration = Duration::from_secs(30);

/// An answer over HTTP.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answered {
    /// The code: 200 for a review; else the API server goes by the failure policy, and tells the body.
    pub code: u16,
    /// `application/json` or `text/plain`.
    pub content_type: &'static str,
    /// The body.
    pub body: Vec<u8>,
}

impl Answered {
    /// The body cannot be understood; why.
    pub fn bad_request(why: &str) -> Self {
        Self::refuse(400, why)
    }

    /// Nobody answers here; why. What follows is what the failure policy says. (Of other codes the API
    /// server does not tell the text.)
    pub fn unavailable(why: &str) -> Self {
        Self::refuse(500, why)
    }

    fn refuse(code: u16, why: &str) -> Self {
        Self {
            code,
            content_type: "text/plain",
            body: why.as_bytes().to_vec(),
        }
    }

    fn json(body: &serde_json::Value) -> Self {
        Self {
            code: 200,
            content_type: "application/json",
            body: body.to_string().into_bytes(),
        }
    }
}

/// When an answer has to be on its way, so that it is there before the API server stops waiting.
pub fn time_to_answer(timeout: Duration) -> Duration {
    let margin = (timeout / 10).clamp(Duration::from_millis(200), Duration::from_secs(1));
    timeout.saturating_sub(margin)
}

/// The version of a review, which the answer has too.
fn review_version(group: &str, found: &str) -> Option<String> {
    let known = ["v1", "v1beta1"];
    let is_known = known
        .iter()
        .any(|version| found.strip_prefix(group) == Some(&format!("/{version}")));
    is_known.then(|| found.to_owned())
}

//! One request and its answer: deadline, retries, limits.

use std::fmt::Write as _;
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use http_body_util::BodyExt as _;
use kube::client::Body;
use tokio::time::{Instant, sleep, timeout};

use super::call::{Client, JSON, JSON_PATCH, Target};
use super::clock::now;
use super::error::{Error, Refusal};

/// The log target of requests, each at level info: who asks for them lets this target through.
pub const REQUESTS: &str = "cluster::request";
const APPLY_PATCH: &str = "application/apply-patch+yaml";
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const FILLING_PAUSE: Duration = Duration::from_millis(25);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// A connection that cannot be made is tried this often within one call; then its task backs off.
const CONNECTION_TRIES: u32 = 4;

/// One request; `deed` is what it is for, in the words of an error.
pub(super) struct Call<'a> {
    pub(super) deed: &'a str,
    pub(super) method: Method,
    pub(super) path: String,
    pub(super) accept: &'a str,
    pub(super) content_type: &'a str,
    pub(super) body: Bytes,
    pub(super) is_service: bool,
}

/// What came back, whatever its code.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) warnings: Vec<String>,
    pub(super) retry_after: Option<Duration>,
    pub(super) body: Bytes,
}

/// What happens to the dependants of a deleted object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Propagation {
    /// They go afterwards.
    Background,
    /// They go first.
    Foreground,
    /// They stay.
    Orphan,
}

impl Propagation {
    /// The body of a deletion; with a `uid`, of the object that has it alone.
    pub(super) fn options(self, uid: Option<&str>) -> String {
        let policy = match self {
            Self::Background => "Background",
            Self::Foreground => "Foreground",
            Self::Orphan => "Orphan",
        };
        let mut options = serde_json::json!({
            "kind": "DeleteOptions", "apiVersion": "v1", "propagationPolicy": policy,
        });
        if let Some(uid) = uid {
            options["preconditions"] = serde_json::json!({ "uid": uid });
        }
        options.to_string()
    }
}

impl Client {
    /// The same client, all of whose writes are dry runs: the server checks and answers them, and
    /// stores nothing.
    #[must_use]
    pub fn rehearsing(&self) -> Self {
        Self {
            rehearses: true,
            ..self.clone()
        }
    }

    /// Whether every write is a dry run.
    pub fn is_rehearsing(&self) -> bool {
        self.rehearses
    }

    /// Sends until it succeeds, is refused for good, or the deadline is over.
    pub(super) async fn send(&self, call: Call<'_>) -> Result<Answer, Error> {
        let deed = call.deed.to_owned();
        self.own_turn().await;
        let call = if self.rehearses {
            call.rehearsed()
        } else {
            call
        };
        let sent = timeout(self.deadline(), self.send_with_retries(call));
        sent.await.unwrap_or_else(|_| Err(self.late(&deed)))
    }

    async fn send_with_retries(&self, call: Call<'_>) -> Result<Answer, Error> {
        let is_write = call.method != Method::GET;
        let mut pause = FIRST_PAUSE;
        let mut connection_tries = 0;
        loop {
            let permit = if is_write {
                Some(self.inner.limits.permit(call.is_service).await)
            } else {
                None
            };
            if let Some(pace) = &self.inner.pace {
                pace.wait().await;
            }
            let mut outcome = self.exchange(&call).await;
            if is_unknown(&outcome) && self.inner.lines.renew().await {
                // Nothing was carried out for somebody whom the server does not know.
                outcome = self.exchange(&call).await;
            } else if outcome.is_err() {
                self.inner.lines.renew().await;
            }
            drop(permit);
            let wait = match &outcome {
                Ok(answer) if answer.status.is_success() => {
                    if is_write {
                        self.inner.limits.succeed();
                    }
                    return outcome;
                }
                Ok(answer) => self.retry_after(&call, answer, pause),
                // It may have been carried out before the connection broke.
                Err(error) if error.is_outage() && call.is_repeatable() => {
                    connection_tries += 1;
                    (connection_tries < CONNECTION_TRIES).then_some(pause)
                }
                Err(_) => None,
            };
            match (wait, outcome) {
                (Some(wait), _) => sleep(wait).await,
                (None, Ok(answer)) => {
                    let refusal = Refusal::read(answer.status.as_u16(), &answer.body);
                    return Err(Error::Refused {
                        deed: call.deed.to_owned(),
                        refusal: Box::new(refusal),
                    });
                }
                (None, Err(error)) => return Err(error),
            }
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// Whether the server asks to come again, and when.
    fn retry_after(&self, call: &Call<'_>, answer: &Answer, pause: Duration) -> Option<Duration> {
        let again = match answer.status.as_u16() {
            429 => true,
            502..=504 => call.is_repeatable(),
            _ => false,
        };
        if !again {
            return None;
        }
        // A kind that was defined a moment ago: the server fills its cache, which takes some
        // milliseconds, and yet asks to come again after a second.
        let is_filling = String::from_utf8_lossy(&answer.body).contains("(re)initializing");
        if is_filling && call.method == Method::GET {
            return Some(FILLING_PAUSE.min(pause));
        }
        if answer.status == StatusCode::TOO_MANY_REQUESTS {
            self.inner.limits.halve();
        }
        Some(answer.retry_after.map_or(pause, |asked| asked.max(pause)))
    }

    /// Sends once. A write that another replica's may follow gets no more time than this one leads,
    /// here and at the server; what became of it is noted.
    async fn exchange(&self, call: &Call<'_>) -> Result<Answer, Error> {
        let Some(fence) = self.inner.fence.as_ref().filter(|_| call.is_write()) else {
            return self.exchange_now(call).await;
        };
        let pass = fence.pass(now(), self.deadline());
        let pass = pass.ok_or_else(|| Error::Fenced {
            deed: call.deed.to_owned(),
        })?;
        let call = call.limited(pass.within);
        let answer = timeout(pass.within, self.exchange_now(&call)).await;
        let answer = answer.map_err(|_| Error::Wait {
            deed: call.deed.to_owned(),
            seconds: pass.within.as_secs(),
        })??;
        pass.answered();
        Ok(answer)
    }

    async fn exchange_now(&self, call: &Call<'_>) -> Result<Answer, Error> {
        let response = self.once(call).await?;
        let status = response.status();
        let text = |value: &http::HeaderValue| value.to_str().ok().map(str::to_owned);
        let warnings = response
            .headers()
            .get_all("warning")
            .iter()
            .filter_map(text)
            .map(|line| warning_text(&line))
            .collect();
        let retry_after = response
            .headers()
            .get("retry-after")
            .and_then(text)
            .and_then(|seconds| seconds.parse().ok())
            .map(Duration::from_secs);
        let body = self.body(call.deed, response).await?;
        Ok(Answer {
            status,
            warnings,
            retry_after,
            body,
        })
    }

    async fn once(&self, call: &Call<'_>) -> Result<Response<Body>, Error> {
        let http = self.inner.lines.first();
        let http = http.map_err(|source| self.unreachable(call.deed, source))?;
        self.once_over(&http, call).await
    }

    /// Sends once, over a connection of choice.
    pub(super) async fn once_over(
        &self,
        http: &kube::Client,
        call: &Call<'_>,
    ) -> Result<Response<Body>, Error> {
        let mut request = Request::builder()
            .method(call.method.clone())
            .uri(&call.path)
            .header("accept", call.accept);
        if !call.body.is_empty() {
            request = request.header("content-type", call.content_type);
        }
        let request = request
            .body(Body::from(call.body.clone()))
            .map_err(|source| self.unreachable(call.deed, Box::new(source)))?;
        let begun = Instant::now();
        let sent = http.send(request).await;
        tell(call, sent.as_ref().ok(), begun.elapsed());
        match &sent {
            Ok(_) => self.inner.outage.is_answered(&self.inner.url),
            Err(error) => self.inner.outage.is_met(&self.inner.url, error),
        }
        sent.map_err(|source| self.unreachable(call.deed, Box::new(source)))
    }

    pub(super) async fn body(&self, deed: &str, response: Response<Body>) -> Result<Bytes, Error> {
        let collected = response.into_body().collect().await;
        Ok(collected
            .map_err(|source| self.unreachable(deed, Box::new(source)))?
            .to_bytes())
    }

    pub(super) fn unreachable(
        &self,
        deed: &str,
        source: Box<dyn std::error::Error + Send + Sync>,
    ) -> Error {
        Error::Reach {
            deed: deed.to_owned(),
            url: self.inner.url.clone(),
            source,
        }
    }

    pub(super) fn late(&self, deed: &str) -> Error {
        Error::Wait {
            deed: deed.to_owned(),
            seconds: self.deadline().as_secs(),
        }
    }
}

/// Logs a request without its body, which may hold secrets. No status is no answer.
fn tell(call: &Call<'_>, response: Option<&Response<Body>>, took: Duration) {
    tracing::info!(
        target: REQUESTS,
        method = call.method.as_str(),
        path = call.path,
        status = response.map(|response| response.status().as_u16()),
        took_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
        "asked the API server"
    );
}

impl<'a> Call<'a> {
    /// Whether doing it twice is as good as doing it once.
    fn is_repeatable(&self) -> bool {
        self.method != Method::POST && self.content_type != JSON_PATCH
    }

    /// Whether it changes what is stored.
    fn is_write(&self) -> bool {
        self.method != Method::GET && !self.path.contains("dryRun=All")
    }

    /// The same call, which the server gives up after a while.
    fn limited(&self, within: Duration) -> Self {
        let mut path = self.path.clone();
        path.push(if path.contains('?') { '&' } else { '?' });
        // Writing to a String cannot fail.
        let _ = write!(path, "timeout={}ms", within.as_millis());
        Self {
            path,
            method: self.method.clone(),
            body: self.body.clone(),
            ..*self
        }
    }

    /// The same call as a dry run, when it is a write. Of a deletion with a body the server would pass
    /// over the options of the path, so it goes without.
    fn rehearsed(mut self) -> Self {
        if self.method == Method::GET {
            return self;
        }
        if self.method == Method::DELETE {
            self.body = Bytes::new();
        }
        if !self.path.contains("dryRun=All") {
            let sign = if self.path.contains('?') { '&' } else { '?' };
            self.path = format!("{}{sign}dryRun=All", self.path);
        }
        self
    }

    pub(super) fn read(deed: &'a str, path: String, accept: &'a str) -> Self {
        let (method, body) = (Method::GET, Bytes::new());
        Self {
            deed,
            method,
            path,
            accept,
            content_type: JSON,
            body,
            is_service: false,
        }
    }

    pub(super) fn write(deed: &'a str, method: Method, path: String, body: String) -> Self {
        let body = Bytes::from(body);
        Self {
            deed,
            method,
            path,
            accept: JSON,
            content_type: JSON,
            body,
            is_service: false,
        }
    }

    pub(super) fn apply(deed: &'a str, target: Target<'_>, path: String, body: Bytes) -> Self {
        let is_service = target.resource.kind == "Service" && target.resource.group.is_empty();
        let (method, content_type) = (Method::PATCH, APPLY_PATCH);
        Self {
            deed,
            method,
            path,
            accept: JSON,
            content_type,
            body,
            is_service,
        }
    }
}

/// Whether the server says that it does not know who asks.
fn is_unknown(outcome: &Result<Answer, Error>) -> bool {
    matches!(outcome, Ok(answer) if answer.status == StatusCode::UNAUTHORIZED)
}

/// The text of a `Warning` header: `299 - "unknown field"` → `unknown field`.
fn warning_text(header: &str) -> String {
    let quoted = header
        .split_once('"')
        .and_then(|(_, rest)| rest.rsplit_once('"'));
    quoted
        .map_or(header, |(text, _)| text)
        .replace("\\\"", "\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_stored_is_limited() {
        let call = |method, path: &str| Call::write("", method, path.to_owned(), "{}".to_owned());
        for (method, path, is_write) in [
            (Method::GET, "/a", false),
            (Method::PATCH, "/a?dryRun=All", false),
            (Method::PATCH, "/a?b=c", true),
            (Method::DELETE, "/a", true),
        ] {
            assert_eq!(
                call(method.clone(), path).is_write(),
                is_write,
                "{method} {path}"
            );
        }
        let limited = |path| {
            call(Method::PUT, path)
                .limited(Duration::from_millis(8500))
                .path
        };
        assert_eq!(limited("/a"), "/a?timeout=8500ms");
        assert_eq!(limited("/a?b=c"), "/a?b=c&timeout=8500ms");
    }

    #[test]
    fn every_write_of_a_rehearsal_is_a_dry_run() {
        for (method, path, body, to_path, to_body) in [
            (Method::GET, "/a", "", "/a", ""),
            (Method::POST, "/a", "{}", "/a?dryRun=All", "{}"),
            (Method::PUT, "/a?b=c", "{}", "/a?b=c&dryRun=All", "{}"),
            (Method::PATCH, "/a?dryRun=All", "", "/a?dryRun=All", ""),
            (Method::DELETE, "/a", "{}", "/a?dryRun=All", ""),
        ] {
            let call = Call::write("", method.clone(), path.to_owned(), body.to_owned());
            let call = call.rehearsed();
            assert_eq!(
                (call.path.as_str(), &*call.body),
                (to_path, to_body.as_bytes()),
                "{method}"
            );
        }
    }
}

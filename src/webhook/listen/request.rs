//! One request: what of it goes on to those who answer, and what is refused here.

use std::convert::Infallible;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use hyper::body::{Body as _, Incoming};
use tokio::sync::{Semaphore, mpsc, oneshot};
use tokio::time::{Instant, timeout, timeout_at};

use crate::admission::Answered;
use crate::webhook::Door;
use crate::webhook::metric::Metrics;

/// Requests that are being answered at once; more wait.
const AT_ONCE: usize = 128;
/// How long a body may take to come.
const BODY: Duration = Duration::from_secs(30);
/// The API server waits for half a minute at most: an answer after that is for nobody.
const LONGEST: Duration = Duration::from_secs(31);
const MEBIBYTE: usize = 1 << 20;

/// What the API server asks.
#[derive(Debug)]
pub struct Asked {
    /// Which webhook: the path without what follows `?`.
    pub path: String,
    /// A review, as JSON; not read yet.
    pub body: Bytes,
    /// Where the answer goes. It is closed when nobody waits for it any more.
    pub answer: oneshot::Sender<Answered>,
}

/// What all connections of one server share.
pub(super) struct Server {
    door: Door,
    asks: mpsc::Sender<Asked>,
    places: Semaphore,
    metrics: Metrics,
}

type Answer = Response<Full<Bytes>>;
/// A refusal: why, in words for a log.
type Refusal = (StatusCode, String);

impl Server {
    pub(super) fn new(door: Door, asks: mpsc::Sender<Asked>, metrics: Metrics) -> Self {
        Self {
            door,
            asks,
            places: Semaphore::new(AT_ONCE),
            metrics,
        }
    }

    pub(super) fn count_failed_handshake(&self) {
        self.metrics.count_failed_handshake(self.door);
    }

    /// Answers one request.
    pub(super) async fn answer(
        &self,
        request: Request<Incoming>,
        is_let_in: bool,
    ) -> Result<Answer, Infallible> {
        if request.uri().path() == "/healthz" {
            let is_read = matches!(*request.method(), Method::GET | Method::HEAD);
            let status = if is_read {
                StatusCode::OK
            } else {
                StatusCode::METHOD_NOT_ALLOWED
            };
            return Ok(said(status, Bytes::new()));
        }
        let begun = Instant::now();
        let path = request.uri().path().to_owned();
        let answered = match check(&request, is_let_in) {
            Ok(()) => self.ask(request, begun + LONGEST).await,
            Err(refusal) => Err(refusal),
        };
        let answered = answered.unwrap_or_else(|(status, why)| Answered {
            code: status.as_u16(),
            content_type: "text/plain",
            body: why.into_bytes(),
        });
        self.metrics
            .count_request(self.door, answered.code, begun.elapsed());
        if answered.code != 200 {
            let (code, why) = (answered.code, String::from_utf8_lossy(&answered.body));
            tracing::warn!(target: "webhook", server = %self.door, path, code, %why, "a request was refused");
        }
        let status = StatusCode::from_u16(answered.code);
        let status = status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut answer = said(status, answered.body.into());
        let kind = HeaderValue::from_static(answered.content_type);
        answer.headers_mut().insert(header::CONTENT_TYPE, kind);
        Ok(answer)
    }

    async fn ask(
        &self,
        request: Request<Incoming>,
        deadline: Instant,
    ) -> Result<Answered, Refusal> {
        // Of other codes the API server does not tell the text.
        let failed = |why: &str| (StatusCode::INTERNAL_SERVER_ERROR, why.to_owned());
        let busy = || failed("the operator has too many requests at once");
        let late = || failed("the operator did not answer in time");
        let gone = || failed("the operator is ending");
        let place = timeout_at(deadline, self.places.acquire()).await;
        let _place = place.map_err(|_| busy())?;
        let path = request.uri().path().to_owned();
        let body = self.body(request).await?;
        let (answer, answered) = oneshot::channel();
        let asked = Asked { path, body, answer };
        let sent = timeout_at(deadline, self.asks.send(asked)).await;
        sent.map_err(|_| busy())?.map_err(|_| gone())?;
        let answered = timeout_at(deadline, answered).await;
        answered.map_err(|_| late())?.map_err(|_| gone())
    }

    async fn body(&self, request: Request<Incoming>) -> Result<Bytes, Refusal> {
        let limit = match self.door {
            // Two states of one object, of 3 MiB at most, and of what surrounds it.
            Door::Admission => 16 * MEBIBYTE,
            // All objects of a list.
            Door::Conversion => 256 * MEBIBYTE,
        };
        let too_long = || {
            let why = format!("the body is longer than {} MiB", limit / MEBIBYTE);
            (StatusCode::PAYLOAD_TOO_LARGE, why)
        };
        if request.body().size_hint().lower() > limit as u64 {
            return Err(too_long());
        }
        let body = Limited::new(request.into_body(), limit).collect();
        let body = timeout(BODY, body).await.map_err(|_| {
            let why = "the body did not come in time".to_owned();
            (StatusCode::REQUEST_TIMEOUT, why)
        })?;
        match body {
            Ok(body) => Ok(body.to_bytes()),
            Err(error) if error.is::<LengthLimitError>() => Err(too_long()),
            Err(error) => Err((
                StatusCode::BAD_REQUEST,
                format!("reading the body: {error}"),
            )),
        }
    }
}

/// Whether it may be asked at all.
fn check<B>(request: &Request<B>, is_let_in: bool) -> Result<(), Refusal> {
    let refused = |status, why: &str| Err((status, why.to_owned()));
    if !is_let_in {
        let why = "a client certificate of a known authority is needed";
        return refused(StatusCode::FORBIDDEN, why);
    }
    if request.method() != Method::POST {
        return refused(StatusCode::METHOD_NOT_ALLOWED, "expected POST");
    }
    let kind = request.headers().get(header::CONTENT_TYPE);
    let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    if !kind.eq_ignore_ascii_case("application/json") {
        let why = "expected content-type application/json";
        return refused(StatusCode::UNSUPPORTED_MEDIA_TYPE, why);
    }
    Ok(())
}

fn said(status: StatusCode, body: Bytes) -> Answer {
    let mut answer = Response::new(Full::new(body));
    *answer.status_mut() = status;
    answer
}

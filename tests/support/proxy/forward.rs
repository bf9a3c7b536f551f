//! Requests, brought to the API server or not, and their answers.

use std::future::pending;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use http::{HeaderMap, Request, Response, StatusCode, header};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use kube::Config;
use kube::client::ConfigExt as _;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::{Answer, Caller, Deed, Inner, locked};

/// How much of a slow answer comes at once.
const PIECE: usize = 512;

pub(super) type Body = UnsyncBoxBody<Bytes, io::Error>;

/// The API server.
pub(super) struct Upstream {
    url: String,
    authorization: Option<header::HeaderValue>,
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
}

/// An answer that was kept.
#[derive(Clone)]
pub(super) struct Remembered {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
}

impl Upstream {
    pub(super) fn new(config: &Config, token: Option<&str>) -> Self {
        let https = HttpsConnectorBuilder::new()
            .with_tls_config(config.rustls_client_config().expect("an authority"))
            .https_only()
            .enable_http2()
            .build();
        Self {
            url: config
                .cluster_url
                .to_string()
                .trim_end_matches('/')
                .to_owned(),
            authorization: token.map(|token| format!("Bearer {token}").parse().expect("a header")),
            client: Client::builder(TokioExecutor::new()).build(https),
        }
    }

    async fn ask(&self, request: Request<Bytes>) -> io::Result<Response<Incoming>> {
        let (mut parts, body) = request.into_parts();
        let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
        parts.uri = format!("{}{path}", self.url).parse().expect("a URL");
        parts.version = http::Version::HTTP_2;
        parts.headers.remove(header::HOST);
        if let Some(authorization) = &self.authorization {
            parts
                .headers
                .insert(header::AUTHORIZATION, authorization.clone());
        }
        let request = Request::from_parts(parts, Full::new(body));
        self.client.request(request).await.map_err(io::Error::other)
    }
}

impl Inner {
    /// What one request is answered; `end` ends its connection.
    pub(super) async fn answer(
        self: Arc<Self>,
        request: Request<Incoming>,
        mut caller: Caller,
        end: CancellationToken,
    ) -> io::Result<Response<Body>> {
        let (parts, body) = request.into_parts();
        let body = body.collect().await.map_err(io::Error::other)?.to_bytes();
        let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
        let path = path.to_owned();
        let (place, deed) = self.note(parts.method.as_str(), &path);
        caller.token = bearer(&parts.headers);
        let admit = locked(&self.admit).clone();
        let deed = match admit {
            Some(admit) if !admit(&caller) => Deed::Answer(Answer::refusal(401, "Unauthorized")),
            _ => deed,
        };
        let request = Request::from_parts(parts, body);
        let answered = self.carry_out(deed, (place, &path), request).await;
        match answered {
            Some(Ok(response)) => {
                self.answered(place, response.status().as_u16());
                Ok(response)
            }
            Some(Err(_)) => {
                end.cancel();
                pending().await
            }
            None => pending().await,
        }
    }

    /// `None` is no answer, an error is the end of the connection.
    async fn carry_out(
        self: &Arc<Self>,
        deed: Deed,
        (place, path): (usize, &str),
        request: Request<Bytes>,
    ) -> Option<io::Result<Response<Body>>> {
        let cut = || Some(Err(io::Error::from(io::ErrorKind::ConnectionReset)));
        match deed {
            Deed::Pass => {}
            Deed::PassAfter(while_) => sleep(while_).await,
            Deed::PassSlowly(each) => {
                let answer = self.upstream.ask(request).await;
                return Some(answer.map(|answer| answer.map(|body| slow(body, each))));
            }
            Deed::Answer(answer) => return Some(Ok(answer.response())),
            Deed::PassAndAnswer(answer) => {
                let passed = self.pass_whole(place, request).await;
                return Some(passed.map(|_| answer.response()));
            }
            Deed::Cut => return cut(),
            Deed::PassAndCut => {
                // What becomes of it is for the server to know.
                let _ = self.pass_whole(place, request).await;
                return cut();
            }
            Deed::PassAndCutAfter(bytes) => {
                let passed = self.pass_whole(place, request).await;
                return Some(passed.map(|kept| kept.cut_after(bytes)));
            }
            Deed::Hang => return None,
            Deed::PassAndHang => {
                let _ = self.pass_whole(place, request).await;
                return None;
            }
            Deed::PassAndRemember => {
                let passed = self.pass_whole(place, request).await;
                return Some(passed.map(|kept| {
                    let mut remembered = locked(&self.remembered);
                    remembered.insert(path.to_owned(), kept.clone());
                    kept.response()
                }));
            }
            Deed::Repeat => {
                let kept = locked(&self.remembered).get(path).cloned();
                if let Some(kept) = kept {
                    return Some(Ok(kept.response()));
                }
            }
        }
        let cut_watches = locked(&self.cut_watches).clone();
        let answer = self.upstream.ask(request).await;
        if let Ok(answer) = &answer {
            self.passed(place, answer.status().as_u16());
        }
        Some(answer.map(|answer| answer.map(|body| until_cut(body, path, cut_watches))))
    }

    /// To its end, also when nobody waits for it any more.
    async fn pass_whole(
        self: &Arc<Self>,
        place: usize,
        request: Request<Bytes>,
    ) -> io::Result<Remembered> {
        let inner = self.clone();
        let passed = async move {
            let (parts, body) = inner.upstream.ask(request).await?.into_parts();
            let body = body.collect().await.map_err(io::Error::other)?;
            inner.passed(place, parts.status.as_u16());
            Ok(Remembered {
                status: parts.status,
                headers: parts.headers,
                body: body.to_bytes(),
            })
        };
        #[expect(
            clippy::disallowed_methods,
            reason = "it ends with the runtime of the proxy"
        )]
        let running = tokio::spawn(passed);
        running.await.map_err(io::Error::other)?
    }
}

impl Answer {
    fn response(&self) -> Response<Body> {
        let mut response = Response::builder().status(self.status);
        let kind = if self.body.starts_with('{') {
            "application/json"
        } else {
            "text/html"
        };
        response = response.header(header::CONTENT_TYPE, kind);
        if let Some(seconds) = self.retry_after {
            response = response.header(header::RETRY_AFTER, seconds);
        }
        let body = whole(Bytes::from(self.body.clone()));
        response.body(body).expect("a response")
    }
}

impl Remembered {
    fn response(self) -> Response<Body> {
        let body = whole(self.body.clone());
        self.with(body)
    }

    /// The same, which breaks off.
    fn cut_after(self, bytes: usize) -> Response<Body> {
        let first = self.body.slice(..bytes.min(self.body.len()));
        let broken = io::Error::from(io::ErrorKind::ConnectionReset);
        let body = StreamBody::new(stream::iter([Ok(Frame::data(first)), Err(broken)]));
        self.with(body.boxed_unsync())
    }

    fn with(self, body: Body) -> Response<Body> {
        let mut response = Response::new(body);
        *response.status_mut() = self.status;
        *response.headers_mut() = self.headers;
        response
    }
}

fn whole(body: Bytes) -> Body {
    Full::new(body)
        .map_err(|never| match never {})
        .boxed_unsync()
}

/// An answer in small pieces.
fn slow(body: Incoming, each: Duration) -> Body {
    let pieces = body
        .into_data_stream()
        .map_err(io::Error::other)
        .map_ok(|data| {
            let pieces = data.chunks(PIECE).map(Bytes::copy_from_slice);
            stream::iter(pieces.map(Ok::<_, io::Error>).collect::<Vec<_>>())
        });
    let pieces = pieces.try_flatten().then(move |piece| async move {
        sleep(each).await;
        piece.map(Frame::data)
    });
    StreamBody::new(pieces).boxed_unsync()
}

/// An answer that is a watch ends when watches are cut.
fn until_cut(body: Incoming, path: &str, cut: CancellationToken) -> Body {
    if !path.contains("watch=true") {
        return body.map_err(io::Error::other).boxed_unsync();
    }
    let frames = body
        .into_data_stream()
        .map_ok(Frame::data)
        .map_err(io::Error::other);
    let frames = frames.take_until(cut.clone().cancelled_owned());
    // Cut, it breaks off; ended by the server, it ends.
    let end = stream::iter([()]).filter_map(move |()| {
        let broken = cut
            .is_cancelled()
            .then(|| Err(io::ErrorKind::ConnectionReset.into()));
        async move { broken }
    });
    StreamBody::new(frames.chain(end)).boxed_unsync()
}

fn bearer(headers: &HeaderMap) -> String {
    let value = headers.get(header::AUTHORIZATION);
    let value = value
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    value.strip_prefix("Bearer ").unwrap_or_default().to_owned()
}

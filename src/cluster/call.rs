//! One request and its answer: deadline, retries, limits.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::{Stream, TryStreamExt as _};
use http::{Method, Request, Response, StatusCode};
use http_body_util::BodyExt as _;
use kube::client::Body;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::time::{sleep, timeout};

use super::connect::Settings;
use super::discovery::{Discovery, Resource};
use super::error::{Error, Refusal};
use super::limit::Limits;
use crate::object::Metadata;

const JSON: &str = "application/json";
const METADATA: &str =
    "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json";
const METADATA_LIST: &str =
    "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json";
const APPLY_PATCH: &str = "application/apply-patch+yaml";
const MERGE_PATCH: &str = "application/merge-patch+json";
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const FILLING_PAUSE: Duration = Duration::from_millis(25);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// A connection that cannot be made is tried this often within one call; then its task backs off.
const CONNECTION_TRIES: u32 = 4;

/// A client of one API server; cheap to clone.
#[derive(Clone)]
pub struct Client {
    inner: Arc<Inner>,
}

struct Inner {
    http: kube::Client,
    url: String,
    namespace: String,
    deadline: Duration,
    discovery: Discovery,
    limits: Limits,
}

/// One object as a request names it.
#[derive(Debug, Clone, Copy)]
pub struct Target<'a> {
    /// Its kind, as the server serves it.
    pub resource: &'a Resource,
    /// Its namespace; `None` for an object of the cluster.
    pub namespace: Option<&'a str>,
    /// Its name.
    pub name: &'a str,
}

impl Target<'_> {
    fn path(&self) -> String {
        self.resource.path(self.namespace, self.name)
    }
}

impl fmt::Display for Target<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.namespace.filter(|_| self.resource.namespaced) {
            Some(namespace) => write!(out, "{} {namespace}/{}", self.resource.kind, self.name),
            None => write!(out, "{} {}", self.resource.kind, self.name),
        }
    }
}

/// How an object is applied.
#[derive(Debug, Clone, Copy)]
pub struct Apply<'a> {
    /// The field manager.
    pub manager: &'a str,
    /// Whether fields of others are taken over.
    pub force: bool,
    /// Whether nothing is stored.
    pub dry_run: bool,
}

/// What an apply left in the cluster.
#[derive(Debug)]
pub struct Applied {
    /// Whether the object was made by this request.
    pub created: bool,
    /// Its metadata afterwards.
    pub metadata: Metadata,
    /// What the server warned of.
    pub warnings: Vec<String>,
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

struct Call<'a> {
    deed: &'a str,
    method: Method,
    path: String,
    accept: &'a str,
    content_type: &'a str,
    body: Bytes,
    is_service: bool,
}

struct Answer {
    status: StatusCode,
    warnings: Vec<String>,
    retry_after: Option<Duration>,
    body: Bytes,
}

impl Client {
    pub(super) fn new(
        http: kube::Client,
        url: String,
        namespace: String,
        settings: &Settings,
    ) -> Self {
        Self {
            inner: Arc::new(Inner {
                http,
                url,
                namespace,
                deadline: settings.deadline,
                discovery: Discovery::default(),
                limits: Limits::new(settings.writes_in_flight),
            }),
        }
    }

    /// The address of the API server.
    pub fn url(&self) -> &str {
        &self.inner.url
    }

    /// The namespace of the kubeconfig's context, or of the pod.
    pub fn namespace(&self) -> &str {
        &self.inner.namespace
    }

    pub(super) fn discovery(&self) -> &Discovery {
        &self.inner.discovery
    }

    /// One object, whole; `None` when it is not there.
    pub async fn fetch(&self, target: Target<'_>) -> Result<Option<Value>, Error> {
        found(
            self.read_json(&format!("reading {target}"), &target.path())
                .await,
        )
    }

    /// The metadata of one object; `None` when it is not there.
    pub async fn fetch_metadata(&self, target: Target<'_>) -> Result<Option<Metadata>, Error> {
        let deed = format!("reading {target}");
        let answer = found(self.send(Call::read(&deed, target.path(), METADATA)).await)?;
        answer
            .map(|answer| metadata(&deed, target, &answer.body))
            .transpose()
    }

    /// One page of a list as the server sends it: metadata alone unless `whole`.
    pub async fn fetch_page(&self, deed: &str, path: &str, whole: bool) -> Result<Bytes, Error> {
        let accept = if whole { JSON } else { METADATA_LIST };
        Ok(self
            .send(Call::read(deed, path.to_owned(), accept))
            .await?
            .body)
    }

    /// Opens a watch: the body as it arrives.
    pub async fn open_watch(
        &self,
        deed: &str,
        path: &str,
        whole: bool,
    ) -> Result<impl Stream<Item = Result<Bytes, std::io::Error>> + Send + Unpin + use<>, Error>
    {
        let call = Call::read(deed, path.to_owned(), if whole { JSON } else { METADATA });
        let opened = timeout(self.inner.deadline, self.once(&call));
        let response = opened.await.map_err(|_| self.late(deed))??;
        if response.status().is_success() {
            return Ok(response
                .into_body()
                .into_data_stream()
                .map_err(std::io::Error::other));
        }
        let code = response.status().as_u16();
        let body = self.body(deed, response).await?;
        Err(Error::Refused {
            deed: deed.to_owned(),
            refusal: Box::new(Refusal::read(code, &body)),
        })
    }

    /// Server-side apply of one object; `body` is its JSON.
    pub async fn apply(
        &self,
        target: Target<'_>,
        body: Bytes,
        how: Apply<'_>,
    ) -> Result<Applied, Error> {
        self.apply_at(&target.path(), target, body, how).await
    }

    /// Server-side apply of the status of one object.
    pub async fn apply_status(
        &self,
        target: Target<'_>,
        body: Bytes,
        how: Apply<'_>,
    ) -> Result<Applied, Error> {
        self.apply_at(&format!("{}/status", target.path()), target, body, how)
            .await
    }

    async fn apply_at(
        &self,
        path: &str,
        target: Target<'_>,
        body: Bytes,
        how: Apply<'_>,
    ) -> Result<Applied, Error> {
        let deed = format!("applying {target}");
        let call = Call::apply(&deed, target, format!("{path}?{}", how.query()), body);
        let answer = self
            .send(Call {
                accept: METADATA,
                ..call
            })
            .await?;
        Ok(Applied {
            created: answer.status == StatusCode::CREATED,
            metadata: metadata(&deed, target, &answer.body)?,
            warnings: answer.warnings,
        })
    }

    /// What a forced apply would leave, whole: nothing is stored.
    pub async fn dry_run(
        &self,
        target: Target<'_>,
        body: Bytes,
        manager: &str,
    ) -> Result<Value, Error> {
        let deed = format!("dry-running {target}");
        let how = Apply {
            manager,
            force: true,
            dry_run: true,
        };
        let call = Call::apply(
            &deed,
            target,
            format!("{}?{}", target.path(), how.query()),
            body,
        );
        decode(&deed, &self.send(call).await?.body)
    }

    /// Creates one object in a collection; fails when it is there.
    pub async fn create(
        &self,
        resource: &Resource,
        namespace: Option<&str>,
        object: &Value,
    ) -> Result<Value, Error> {
        let deed = format!("creating a {}", resource.kind);
        let path = resource.collection(namespace);
        let call = Call::write(&deed, Method::POST, path, object.to_string());
        decode(&deed, &self.send(call).await?.body)
    }

    /// Replaces one object; its `resourceVersion`, when it has one, must be the present one.
    pub async fn replace(&self, target: Target<'_>, object: &Value) -> Result<Value, Error> {
        let deed = format!("replacing {target}");
        let call = Call::write(&deed, Method::PUT, target.path(), object.to_string());
        decode(&deed, &self.send(call).await?.body)
    }

    /// A JSON merge patch of one object.
    pub async fn merge(&self, target: Target<'_>, patch: &Value) -> Result<Metadata, Error> {
        let deed = format!("patching {target}");
        let call = Call::write(&deed, Method::PATCH, target.path(), patch.to_string());
        let call = Call {
            content_type: MERGE_PATCH,
            accept: METADATA,
            ..call
        };
        metadata(&deed, target, &self.send(call).await?.body)
    }

    /// Deletes one object, only if it is still the one with this `uid`; `false` when it is not
    /// there.
    pub async fn delete(
        &self,
        target: Target<'_>,
        uid: Option<&str>,
        propagation: Propagation,
    ) -> Result<bool, Error> {
        let deed = format!("deleting {target}");
        let policy = match propagation {
            Propagation::Background => "Background",
            Propagation::Foreground => "Foreground",
            Propagation::Orphan => "Orphan",
        };
        let mut options = serde_json::json!({
            "kind": "DeleteOptions", "apiVersion": "v1", "propagationPolicy": policy,
        });
        if let Some(uid) = uid {
            options["preconditions"] = serde_json::json!({ "uid": uid });
        }
        let call = Call::write(&deed, Method::DELETE, target.path(), options.to_string());
        Ok(found(self.send(call).await)?.is_some())
    }

    /// Any path of the API server, as text: `/metrics`, `/openapi/v3`.
    pub async fn fetch_text(&self, path: &str) -> Result<String, Error> {
        let deed = format!("reading {path}");
        let answer = self.send(Call::read(&deed, path.to_owned(), "*/*")).await?;
        Ok(String::from_utf8_lossy(&answer.body).into_owned())
    }

    pub(super) async fn read_json<T: DeserializeOwned>(
        &self,
        deed: &str,
        path: &str,
    ) -> Result<T, Error> {
        self.read_as(deed, path, JSON).await
    }

    pub(super) async fn read_as<T: DeserializeOwned>(
        &self,
        deed: &str,
        path: &str,
        accept: &str,
    ) -> Result<T, Error> {
        decode(
            deed,
            &self
                .send(Call::read(deed, path.to_owned(), accept))
                .await?
                .body,
        )
    }

    /// Sends until it succeeds, is refused for good, or the deadline is over.
    async fn send(&self, call: Call<'_>) -> Result<Answer, Error> {
        let deed = call.deed.to_owned();
        let sent = timeout(self.inner.deadline, self.send_with_retries(call));
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
            let outcome = self.exchange(&call).await;
            drop(permit);
            let wait = match &outcome {
                Ok(answer) if answer.status.is_success() => {
                    if is_write {
                        self.inner.limits.succeed();
                    }
                    return outcome;
                }
                Ok(answer) => self.retry_after(&call, answer, pause),
                // A POST may have been carried out before the connection broke.
                Err(error) if error.is_passing() && call.method != Method::POST => {
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
            502..=504 => call.method != Method::POST,
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

    async fn exchange(&self, call: &Call<'_>) -> Result<Answer, Error> {
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
        self.inner
            .http
            .send(request)
            .await
            .map_err(|source| self.unreachable(call.deed, Box::new(source)))
    }

    async fn body(&self, deed: &str, response: Response<Body>) -> Result<Bytes, Error> {
        let collected = response.into_body().collect().await;
        Ok(collected
            .map_err(|source| self.unreachable(deed, Box::new(source)))?
            .to_bytes())
    }

    fn unreachable(&self, deed: &str, source: Box<dyn std::error::Error + Send + Sync>) -> Error {
        Error::Reach {
            deed: deed.to_owned(),
            url: self.inner.url.clone(),
            source,
        }
    }

    fn late(&self, deed: &str) -> Error {
        Error::Wait {
            deed: deed.to_owned(),
            seconds: self.inner.deadline.as_secs(),
        }
    }
}

impl Apply<'_> {
    fn query(self) -> String {
        let manager = self.manager.replace('/', "%2F");
        let dry_run = if self.dry_run { "&dryRun=All" } else { "" };
        format!("fieldManager={manager}&force={}{dry_run}", self.force)
    }
}

impl<'a> Call<'a> {
    fn read(deed: &'a str, path: String, accept: &'a str) -> Self {
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

    fn write(deed: &'a str, method: Method, path: String, body: String) -> Self {
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

    fn apply(deed: &'a str, target: Target<'_>, path: String, body: Bytes) -> Self {
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

fn decode<T: DeserializeOwned>(deed: &str, body: &[u8]) -> Result<T, Error> {
    serde_json::from_slice(body).map_err(|source| Error::ReadAnswer {
        deed: deed.to_owned(),
        source,
    })
}

fn metadata(deed: &str, target: Target<'_>, body: &[u8]) -> Result<Metadata, Error> {
    Metadata::read(
        &target.resource.group_kind(),
        &String::from_utf8_lossy(body),
    )
    .map_err(|source| Error::ReadAnswer {
        deed: deed.to_owned(),
        source,
    })
}

/// Turns "not there" into `None`.
fn found<T>(outcome: Result<T, Error>) -> Result<Option<T>, Error> {
    match outcome {
        Ok(found) => Ok(Some(found)),
        Err(error) if error.is_not_found() => Ok(None),
        Err(error) => Err(error),
    }
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

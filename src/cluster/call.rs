//! What may be asked of the API server, one function each.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::{Stream, TryStreamExt as _};
use http::{Method, StatusCode};
use http_body_util::BodyExt as _;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::sync::watch;
use tokio::time::timeout;

use super::connect::Settings;
use super::discovery::{Discovery, Resource};
use super::error::{Error, Refusal};
use super::exchange::{Call, Propagation};
use super::limit::Limits;
use super::lines::Lines;
use super::outage::Outage;
use super::pace::{Own, Pace};
use crate::leader::Fence;
use crate::object::Metadata;

pub(super) const JSON: &str = "application/json";
const METADATA: &str =
    "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json";
const METADATA_LIST: &str =
    "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json";
pub(super) const JSON_PATCH: &str = "application/json-patch+json";
const MERGE_PATCH: &str = "application/merge-patch+json";

/// A client of one API server; cheap to clone.
#[derive(Clone)]
pub struct Client {
    pub(super) inner: Arc<Inner>,
    /// Limits of this client alone, beside those of the connection.
    pub(super) own: Option<Arc<Own>>,
    /// Whether every write is a dry run.
    pub(super) rehearses: bool,
}

pub(super) struct Inner {
    pub(super) lines: Lines,
    pub(super) url: String,
    namespace: String,
    pub(super) deadline: Duration,
    discovery: Discovery,
    pub(super) outage: Outage,
    pub(super) limits: Limits,
    pub(super) pace: Option<Pace>,
    pub(super) fence: Option<Fence>,
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
    pub(super) fn path(&self) -> String {
        self.resource.path(self.namespace, self.name)
    }

    fn part(&self, subresource: Option<&str>) -> String {
        match subresource {
            Some(subresource) => format!("{}/{subresource}", self.path()),
            None => self.path(),
        }
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

/// Whose write it is, and to which part of an object.
#[derive(Debug, Clone, Copy)]
pub struct Write<'a> {
    /// The field manager.
    pub manager: &'a str,
    /// `status`, `scale`; `None` for the object itself.
    pub subresource: Option<&'a str>,
}

/// What a write left in the cluster.
#[derive(Debug)]
pub struct Written {
    /// The object, or the part of it that was written, as it is now.
    pub object: Value,
    /// What the server warned of.
    pub warnings: Vec<String>,
}

/// What kind of patch it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PatchType {
    /// RFC 7386.
    Merge,
    /// RFC 6902; not tried again when the connection breaks, since doing it twice may be wrong.
    Json,
}

impl Client {
    pub(super) fn new(lines: Lines, url: String, namespace: String, settings: &Settings) -> Self {
        Self {
            inner: Arc::new(Inner {
                lines,
                url,
                namespace,
                deadline: settings.deadline,
                discovery: Discovery::default(),
                outage: Outage::default(),
                limits: Limits::new(settings.writes_in_flight),
                pace: Pace::new(settings.qps, settings.burst),
                fence: settings.fence.clone(),
            }),
            own: None,
            rehearses: false,
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

    /// Whether the last attempt found nobody who answers.
    pub fn is_away(&self) -> bool {
        self.inner.outage.is_now()
    }

    /// Changes whenever the server, which was away for a while, answers again.
    pub fn outages(&self) -> watch::Receiver<u64> {
        self.inner.outage.over()
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
        let place = self.inner.lines.take();
        let place = place.map_err(|source| self.unreachable(deed, source))?;
        let opened = timeout(self.deadline(), self.once_over(&place.http, &call));
        let response = opened.await.map_err(|_| self.late(deed))??;
        if response.status().is_success() {
            return Ok(response
                .into_body()
                .into_data_stream()
                .map_err(move |source| {
                    // The place is held as long as the stream.
                    let _ = &place;
                    std::io::Error::other(source)
                }));
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

    /// One object or one of its subresources, whole; `None` when it is not there.
    pub async fn fetch_part(
        &self,
        target: Target<'_>,
        subresource: Option<&str>,
    ) -> Result<Option<Value>, Error> {
        let path = target.part(subresource);
        found(self.read_json(&format!("reading {target}"), &path).await)
    }

    /// Creates one object in the collection of its kind; fails when it is there.
    pub async fn create_as(
        &self,
        target: Target<'_>,
        object: &Value,
        manager: &str,
    ) -> Result<Written, Error> {
        let deed = format!("creating {target}");
        let path = target.resource.collection(target.namespace);
        let path = format!("{path}?{}", manager_query(manager));
        let call = Call::write(&deed, Method::POST, path, object.to_string());
        self.write_as(call).await
    }

    /// Replaces one object, or a part of it; its `resourceVersion`, when it has one, must be the
    /// present one.
    pub async fn replace_as(
        &self,
        target: Target<'_>,
        object: &Value,
        write: Write<'_>,
    ) -> Result<Written, Error> {
        let deed = format!("replacing {target}");
        let call = Call::write(&deed, Method::PUT, write.path(target), object.to_string());
        self.write_as(call).await
    }

    /// Patches one object, or a part of it.
    pub async fn patch_as(
        &self,
        target: Target<'_>,
        patch: &Value,
        kind: PatchType,
        write: Write<'_>,
    ) -> Result<Written, Error> {
        let deed = format!("patching {target}");
        let call = Call::write(&deed, Method::PATCH, write.path(target), patch.to_string());
        let content_type = match kind {
            PatchType::Merge => MERGE_PATCH,
            PatchType::Json => JSON_PATCH,
        };
        self.write_as(Call {
            content_type,
            ..call
        })
        .await
    }

    async fn write_as(&self, call: Call<'_>) -> Result<Written, Error> {
        let deed = call.deed;
        let answer = self.send(call).await?;
        Ok(Written {
            object: decode(deed, &answer.body)?,
            warnings: answer.warnings,
        })
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
        let options = propagation.options(uid);
        let call = Call::write(&deed, Method::DELETE, target.path(), options);
        Ok(found(self.send(call).await)?.is_some())
    }

    /// Deletes a part of an object, such as its `status`; `false` when object or part is not there.
    pub async fn delete_part(
        &self,
        target: Target<'_>,
        part: &str,
        propagation: Propagation,
    ) -> Result<bool, Error> {
        let deed = format!("deleting {part} of {target}");
        let path = target.part(Some(part));
        let call = Call::write(&deed, Method::DELETE, path, propagation.options(None));
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
}

impl Apply<'_> {
    pub(super) fn query(self) -> String {
        let manager = manager_query(self.manager);
        let dry_run = if self.dry_run { "&dryRun=All" } else { "" };
        format!("{manager}&force={}{dry_run}", self.force)
    }
}

impl Write<'_> {
    fn path(self, target: Target<'_>) -> String {
        let part = target.part(self.subresource);
        format!("{part}?{}", manager_query(self.manager))
    }
}

fn manager_query(manager: &str) -> String {
    format!("fieldManager={}", manager.replace('/', "%2F"))
}

pub(super) fn decode<T: DeserializeOwned>(deed: &str, body: &[u8]) -> Result<T, Error> {
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

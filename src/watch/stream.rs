//! List, then watch, then recover: one stream that never ends.
//!
//! | state | next |
//! |---|---|
//! | list | pages read: watch · failed, or older than what was seen: wait, list |
//! | watch | ended: watch from the last version · 410 Gone: list · failed three times: list · its time is over: list |
//!
//! The server ends a watch after some minutes; that is not a failure. A connection that is silent
//! although it should not be is found by the HTTP/2 pings beneath (`cluster/connect.rs`).

use std::fmt::{self, Write as _};
use std::time::Duration;

use bytes::BytesMut;
use futures::TryStreamExt as _;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use tokio::sync::oneshot;
use tokio::time::{Instant, timeout};

use super::pause::{Newest, Pause};
use crate::cluster::{Client, Error, Resource};

/// Objects of the first page of a list, when it is not known how large they are.
const FIRST_PAGE: usize = 100;
const LARGEST_PAGE: usize = 500;
/// About so many bytes are read at once: little of them may be kept, and what a large page took stays
/// with the process. With pages of 2 MB, 10,000 Pods of which a word is kept took 1.7 KB each; now 0.9.
const PAGE_BYTES: usize = 384 << 10;
/// The server is asked to end a watch after this many seconds, so that a new one finds a new server.
const WATCH_SECONDS: u32 = 290;
/// Who wants a list more often than this gets it so often.
const SHORTEST_PERIOD: Duration = Duration::from_secs(1);
/// After this many failures in a row a watch starts over with a list.
const FAILURES_TO_LIST: u32 = 3;

/// What is watched.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Scope {
    /// The kind.
    pub resource: Resource,
    /// One namespace; `None` for all, or for a kind of the cluster.
    pub namespace: Option<String>,
    /// Label selector; empty for all.
    pub labels: String,
    /// Field selector; empty for all.
    pub fields: String,
    /// Whole objects, or their metadata alone.
    pub whole: bool,
}

/// What a stream tells, in the order in which it happens. Objects are JSON texts.
#[derive(Debug)]
pub enum Event<'a> {
    /// A list begins: what it does not name until [`Event::Synchronized`] is gone.
    Begin,
    /// An object that exists.
    Listed(&'a str),
    /// The list is complete; what follows are changes.
    Synchronized,
    /// A watch is open: the stream works.
    Watching,
    /// An object was added or changed.
    Changed(&'a str),
    /// An object was removed, or does not match any more; its last state.
    Removed(&'a str),
    /// The stream is broken for now and will try again by itself.
    Broken(&'a Error),
}

#[derive(Deserialize)]
struct Page<'a> {
    #[serde(borrow, default)]
    metadata: PageMetadata<'a>,
    /// An empty list of metadata comes as null.
    #[serde(borrow, default)]
    items: Option<Vec<&'a RawValue>>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
struct PageMetadata<'a> {
    #[serde(borrow, default)]
    resource_version: std::borrow::Cow<'a, str>,
    #[serde(borrow, default, rename = "continue")]
    rest: std::borrow::Cow<'a, str>,
}

#[derive(Deserialize)]
struct Line<'a> {
    #[serde(borrow, rename = "type")]
    kind: std::borrow::Cow<'a, str>,
    #[serde(borrow)]
    object: &'a RawValue,
}

#[derive(Deserialize)]
struct Versioned<'a> {
    #[serde(borrow)]
    metadata: PageMetadata<'a>,
}

#[derive(Deserialize)]
struct Coded {
    #[serde(default)]
    code: u16,
}

/// How one watch ended.
#[derive(Debug)]
enum End {
    /// The server closed it, as it does.
    Closed,
    /// The version is too old: list again.
    Gone,
    /// It broke.
    Broke(Error),
}

/// Follows a scope for ever; `hear` is called for every event and must be quick.
pub async fn follow(client: &Client, scope: &Scope, hear: impl FnMut(Event<'_>) + Send) {
    follow_anew(client, scope, || None, hear).await;
}

/// The same, listing all anew once `period` has passed since the last list; it is asked whenever a
/// watch is opened.
pub(super) async fn follow_anew(
    client: &Client,
    scope: &Scope,
    period: impl Fn() -> Option<Duration> + Send,
    mut hear: impl FnMut(Event<'_>) + Send,
) {
    let mut pause = Pause::new(client);
    let mut newest = Newest::default();
    loop {
        let listed = Instant::now();
        let mut version = match list_from(client, scope, &newest, &mut hear).await {
            Ok(version) => version,
            Err(error) => {
                newest.missed(&error);
                hear(Event::Broken(&error));
                pause.wait().await;
                continue;
            }
        };
        newest.saw(&version);
        let mut failures = 0;
        while failures < FAILURES_TO_LIST {
            let Some(seconds) = watch_seconds(period(), listed.elapsed()) else {
                break;
            };
            let before = version.clone();
            let end = watch(client, scope, (&mut version, seconds), &mut hear).await;
            if version != before {
                newest.saw(&version);
                failures = 0;
                pause.reset();
            }
            match end {
                End::Closed => {}
                End::Gone => {
                    // A server that finds too old what it listed a moment ago is not asked in a loop.
                    if listed.elapsed() < SHORTEST_PERIOD {
                        pause.wait().await;
                    }
                    break;
                }
                End::Broke(error) => {
                    // Not to find it, or not to be let in, does not pass like a lost connection.
                    if matches!(error.code(), 401 | 403 | 404) {
                        hear(Event::Broken(&error));
                    }
                    tracing::debug!(target: "watch", kind = scope.resource.kind, error = %crate::report::chain(&error), "watch broke");
                    failures += 1;
                    pause.wait().await;
                }
            }
        }
    }
}

/// How long a watch may take when the last list is so old; `None`: it is time to list.
fn watch_seconds(period: Option<Duration>, age: Duration) -> Option<u32> {
    let Some(period) = period else {
        return Some(WATCH_SECONDS);
    };
    let left = period.max(SHORTEST_PERIOD).checked_sub(age)?;
    // A watch of zero seconds would be one without end.
    let seconds = u32::try_from(left.as_secs()).unwrap_or(WATCH_SECONDS);
    (!left.is_zero()).then(|| seconds.clamp(1, WATCH_SECONDS))
}

/// Follows a scope until `decide` answers something for an object that exists; `None` when time is
/// over first. What cannot be read is passed over.
pub async fn until<T: Send>(
    client: &Client,
    scope: &Scope,
    patience: Duration,
    mut decide: impl FnMut(&Value) -> Option<T> + Send,
) -> Option<T> {
    let (tell, told) = oneshot::channel();
    let mut tell = Some(tell);
    let follow = follow(client, scope, |event| {
        let (Event::Listed(text) | Event::Changed(text)) = event else {
            return;
        };
        let decided = read_one(text, &scope.resource).and_then(|object| decide(&object));
        if decided.is_some()
            && let Some(tell) = tell.take()
        {
            // The receiver lives as long as this function.
            let _ = tell.send(decided);
        }
    });
    tokio::select! {
        () = follow => None,
        decided = timeout(patience, told) => decided.ok()?.ok()?,
    }
}

/// An object whole; the items of a list do not say themselves what they are.
fn read_one(text: &str, resource: &Resource) -> Option<Value> {
    let mut object: Map<String, Value> = serde_json::from_str(text).ok()?;
    object.insert("apiVersion".to_owned(), resource.api_version().into());
    object.insert("kind".to_owned(), resource.kind.as_str().into());
    Some(Value::Object(object))
}

/// `pods in namespace shop with labels app=web`.
impl fmt::Display for Scope {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.place())?;
        for (what, selector) in [("labels", &self.labels), ("fields", &self.fields)] {
            if !selector.is_empty() {
                write!(out, " with {what} {selector}")?;
            }
        }
        if self.whole {
            Ok(())
        } else {
            out.write_str(", metadata alone")
        }
    }
}

impl Scope {
    /// What is read, as rights are given: `widgets.example.com in namespace shop`.
    pub(super) fn place(&self) -> String {
        let Resource { plural, group, .. } = &self.resource;
        let dot = if group.is_empty() { "" } else { "." };
        match self
            .namespace
            .as_deref()
            .filter(|_| self.resource.namespaced)
        {
            Some(namespace) => format!("{plural}{dot}{group} in namespace {namespace}"),
            None => format!("{plural}{dot}{group}"),
        }
    }

    fn deed(&self, verb: &str) -> String {
        format!("{verb} {}", self.resource.plural)
    }

    fn path(&self, more: &str) -> String {
        let mut path = self.resource.collection(self.namespace.as_deref());
        path.push('?');
        path.push_str(more);
        for (name, selector) in [
            ("labelSelector", &self.labels),
            ("fieldSelector", &self.fields),
        ] {
            if !selector.is_empty() {
                path.extend(["&", name, "=", &escape(selector)]);
            }
        }
        path
    }
}

/// Reads all pages; answers the version to watch from.
pub(super) async fn list(
    client: &Client,
    scope: &Scope,
    hear: &mut (impl FnMut(Event<'_>) + Send),
) -> Result<String, Error> {
    list_from(client, scope, &Newest::default(), hear).await
}

/// The same; what is older than what was seen already is not told.
async fn list_from(
    client: &Client,
    scope: &Scope,
    newest: &Newest,
    hear: &mut (impl FnMut(Event<'_>) + Send),
) -> Result<String, Error> {
    let deed = scope.deed("listing");
    let mut rest = String::new();
    let mut begun = false;
    let mut limit = FIRST_PAGE;
    loop {
        let more = if rest.is_empty() {
            format!("limit={limit}")
        } else {
            format!("limit={limit}&continue={}", escape(&rest))
        };
        let body = client
            .fetch_page(&deed, &scope.path(&more), scope.whole)
            .await?;
        let page: Page<'_> = serde_json::from_slice(&body).map_err(|source| Error::ReadAnswer {
            deed: deed.clone(),
            source,
        })?;
        if !begun && newest.is_after(&page.metadata.resource_version) {
            return Err(Error::Lag { deed });
        }
        if !std::mem::replace(&mut begun, true) {
            hear(Event::Begin);
        }
        let items = page.items.as_deref().unwrap_or_default();
        for item in items {
            hear(Event::Listed(item.get()));
        }
        limit = page_limit(items.len(), body.len());
        if page.metadata.rest.is_empty() {
            hear(Event::Synchronized);
            return Ok(page.metadata.resource_version.into_owned());
        }
        rest = page.metadata.rest.into_owned();
    }
}

/// How many objects the next page has when those of the last one took so many bytes.
fn page_limit(items: usize, bytes: usize) -> usize {
    if items == 0 {
        return FIRST_PAGE;
    }
    let fitting = items.saturating_mul(PAGE_BYTES) / bytes.max(1);
    fitting.clamp(1, LARGEST_PAGE)
}

async fn watch(
    client: &Client,
    scope: &Scope,
    (version, seconds): (&mut String, u32),
    hear: &mut (impl FnMut(Event<'_>) + Send),
) -> End {
    let deed = scope.deed("watching");
    let path = scope.path(&format!(
        "watch=true&allowWatchBookmarks=true&timeoutSeconds={seconds}&resourceVersion={version}"
    ));
    let mut stream = match client.open_watch(&deed, &path, scope.whole).await {
        Ok(stream) => stream,
        Err(error) if error.code() == 410 => return End::Gone,
        Err(error) => return End::Broke(error),
    };
    hear(Event::Watching);
    let mut text = BytesMut::new();
    loop {
        match stream.try_next().await {
            Ok(Some(chunk)) => text.extend_from_slice(&chunk),
            Ok(None) => return End::Closed,
            Err(source) => {
                let url = client.url().to_owned();
                return End::Broke(Error::Reach {
                    deed,
                    url,
                    source: Box::new(source),
                });
            }
        }
        if let Err(end) = take_lines(&deed, &mut text, version, hear) {
            return end;
        }
    }
}

/// Tells every complete line; what is left waits for the next chunk.
fn take_lines(
    deed: &str,
    text: &mut BytesMut,
    version: &mut String,
    hear: &mut impl FnMut(Event<'_>),
) -> Result<(), End> {
    let mut searched = 0;
    while let Some(length) = text
        .get(searched..)
        .and_then(|rest| rest.iter().position(|byte| *byte == b'\n'))
    {
        let line = text.split_to(searched + length + 1);
        searched = 0;
        let unreadable = |source| {
            End::Broke(Error::ReadAnswer {
                deed: deed.to_owned(),
                source,
            })
        };
        let line: Line<'_> = serde_json::from_slice(&line).map_err(unreadable)?;
        if line.kind == "ERROR" {
            return Err(ended(deed, line.object));
        }
        let object: Versioned<'_> = serde_json::from_str(line.object.get()).map_err(unreadable)?;
        object
            .metadata
            .resource_version
            .as_ref()
            .clone_into(version);
        match line.kind.as_ref() {
            "ADDED" | "MODIFIED" => hear(Event::Changed(line.object.get())),
            "DELETED" => hear(Event::Removed(line.object.get())),
            _ => {}
        }
    }
    Ok(())
}

fn ended(deed: &str, status: &RawValue) -> End {
    let code = serde_json::from_str::<Coded>(status.get()).map_or(500, |status| status.code);
    if code == 410 {
        return End::Gone;
    }
    let refusal = crate::cluster::Refusal::read(code, status.get().as_bytes());
    End::Broke(Error::Refused {
        deed: deed.to_owned(),
        refusal: Box::new(refusal),
    })
}

/// Percent-encodes a query value.
fn escape(text: &str) -> String {
    text.bytes().fold(String::new(), |mut escaped, byte| {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~') {
            escaped.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(escaped, "%{byte:02X}");
        }
        escaped
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(chunks: &[&str]) -> (Vec<String>, String, bool) {
        let (mut text, mut version, mut events) = (BytesMut::new(), String::new(), Vec::new());
        let mut gone = false;
        for chunk in chunks {
            text.extend_from_slice(chunk.as_bytes());
            let mut hear = |event: Event<'_>| {
                events.push(match event {
                    Event::Changed(_) => "changed".to_owned(),
                    Event::Removed(_) => "removed".to_owned(),
                    other => format!("{other:?}"),
                });
            };
            gone |= matches!(
                take_lines("watching", &mut text, &mut version, &mut hear),
                Err(End::Gone)
            );
        }
        (events, version, gone)
    }

    #[test]
    fn lines_cut_anywhere_are_put_together() {
        let chunks = [
            "{\"type\":\"ADDED\",\"object\":{\"metadata\":{\"resourceVersion\":\"7\"}}}\n{\"type\":\"DEL",
            "ETED\",\"object\":{\"metadata\":{\"resourceVersion\":\"8\"}}}",
            "\n{\"type\":\"BOOKMARK\",\"object\":{\"metadata\":{\"resourceVersion\":\"9\"}}}\n",
        ];
        assert_eq!(
            heard(&chunks),
            (
                vec!["changed".to_owned(), "removed".to_owned()],
                "9".to_owned(),
                false
            )
        );
    }

    #[test]
    fn a_version_too_old_asks_for_a_new_list() {
        let chunk = "{\"type\":\"ERROR\",\"object\":{\"kind\":\"Status\",\"code\":410,\"reason\":\"Expired\"}}\n";
        assert!(heard(&[chunk]).2);
    }

    #[test]
    fn pages_have_as_many_objects_as_fit() {
        for (items, bytes, expected) in [
            (100, 60_000, 500),
            (100, 1_000_000, 39),
            (100, 20 << 20, 1),
            (1, 20 << 20, 1),
            (0, 100, FIRST_PAGE),
        ] {
            assert_eq!(page_limit(items, bytes), expected, "{items} {bytes}");
        }
    }

    #[test]
    fn watch_ends_when_the_next_list_is_due() {
        let seconds = |period, age| {
            let period = (period > 0).then(|| Duration::from_secs(period));
            watch_seconds(period, Duration::from_millis(age))
        };
        for (period, age, expected) in [
            (0, 9_999_000, Some(WATCH_SECONDS)),
            (3_600, 0, Some(WATCH_SECONDS)),
            (3_600, 3_500_000, Some(100)),
            (3_600, 3_599_900, Some(1)),
            (3_600, 3_600_000, None),
            (60, 9_000_000, None),
        ] {
            assert_eq!(seconds(period, age), expected, "{period} {age}");
        }
        let shortest = Some(Duration::from_millis(1));
        assert_eq!(watch_seconds(shortest, Duration::from_millis(10)), Some(1));
    }

    #[test]
    fn query_values_are_escaped() {
        assert_eq!(escape("a=b,c in (d)"), "a%3Db%2Cc%20in%20%28d%29");
    }
}

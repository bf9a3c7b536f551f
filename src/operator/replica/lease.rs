//! The Lease in the cluster: read, written, and heard of.

use tokio::sync::watch;
use tokio::time::timeout;

use crate::cluster::{Client, Error, Resource, Target};
use crate::leader::{self, Answer, Deed, Request};
use crate::report;
use crate::watch::{Event, Scope, follow};

/// The way to one Lease.
#[derive(Clone)]
pub(super) struct Lease {
    /// With a connection of its own: what else is sent must not hold up a renewal.
    client: Client,
    resource: Resource,
    namespace: String,
    name: String,
}

/// What was heard of a Lease.
#[derive(Debug, Clone, Default)]
pub(super) struct Heard {
    /// Whether changes are heard of.
    pub(super) hears: bool,
    /// What it said last.
    pub(super) lease: Option<leader::Lease>,
    /// Grows when it was not there.
    pub(super) missed: u64,
}

impl Lease {
    pub(super) fn new(client: Client, namespace: &str, name: &str) -> Self {
        Self {
            client,
            resource: Resource::known("coordination.k8s.io", "v1", "Lease", "leases", true),
            namespace: namespace.to_owned(),
            name: name.to_owned(),
        }
    }

    /// Asks the API server; answers how that ended, and why it failed.
    pub(super) async fn ask(self, request: Request) -> (Answer, Option<String>) {
        let seconds = request.within.as_secs_f32();
        match timeout(request.within, self.send(request.deed)).await {
            Ok(Ok(answer)) => (answer, None),
            // Another one was faster.
            Ok(Err(error)) if error.is_conflict() || error.is_not_found() => {
                (Answer::Conflict, None)
            }
            Ok(Err(error)) => (Answer::Failed, Some(report::chain(&error))),
            Err(_) => {
                let why = format!("no answer about {self} within {seconds:.1} s");
                (Answer::Failed, Some(why))
            }
        }
    }

    async fn send(&self, deed: Deed) -> Result<Answer, Error> {
        let target = Target {
            resource: &self.resource,
            namespace: Some(&self.namespace),
            name: &self.name,
        };
        let stored = match deed {
            Deed::Read => {
                let found = self.client.fetch(target).await?;
                return Ok(Answer::Found(found.and_then(leader::Lease::read)));
            }
            Deed::Create(object) => {
                let namespace = Some(self.namespace.as_str());
                self.client
                    .create(&self.resource, namespace, &object)
                    .await?
            }
            Deed::Replace(object) => self.client.replace(target, &object).await?,
        };
        Ok(leader::Lease::read(stored).map_or(Answer::Failed, Answer::Stored))
    }

    /// Hears of changes, and does not end.
    pub(super) async fn follow(self, tell: watch::Sender<Heard>) {
        let scope = Scope {
            resource: self.resource.clone(),
            namespace: Some(self.namespace.clone()),
            labels: String::new(),
            fields: format!("metadata.name={}", self.name),
            whole: true,
        };
        let read = |text: &str| {
            let object = serde_json::from_str(text).ok()?;
            leader::Lease::read(object)
        };
        let mut is_listed = false;
        let hear = |event: Event<'_>| match event {
            Event::Begin => is_listed = false,
            Event::Listed(text) => {
                is_listed = true;
                tell.send_modify(|heard| heard.lease = read(text));
            }
            Event::Synchronized if !is_listed => tell.send_modify(|heard| heard.missed += 1),
            Event::Synchronized => {}
            Event::Watching => tell.send_modify(|heard| heard.hears = true),
            Event::Changed(text) => tell.send_modify(|heard| heard.lease = read(text)),
            Event::Removed(_) => tell.send_modify(|heard| heard.missed += 1),
            Event::Broken(_) => tell.send_modify(|heard| heard.hears = false),
        };
        follow(&self.client, &scope, hear).await;
    }
}

impl std::fmt::Display for Lease {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Lease {}/{}", self.namespace, self.name)
    }
}

//! The Secret in which the certificate of all replicas is kept: read, made, renewed and put right.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::time::sleep;

use super::contents::{Contents, Data, Step};
use super::identity::Identity;
use crate::cluster::{self, Client, Propagation, Resource, Target, Write};
use crate::object::WEBHOOKS_LABEL;
use crate::report;
use crate::watch::{Event, Scope, follow};
use crate::webhook::clock::Clock;
use crate::webhook::{MANAGER, News, Tell};

const KIND: &str = "kubernetes.io/tls";
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// A write is heard of at once; this is for when the watch is away.
const ECHO: Duration = Duration::from_secs(10);

/// The Secret as the cluster has it; the outer `None`: not known yet, the inner: there is none. It
/// holds keys: no `Debug`.
type Seen = Option<Option<Arc<Value>>>;

/// Keeps the Secret.
pub(in crate::webhook) struct Keeper {
    pub(in crate::webhook) client: Client,
    pub(in crate::webhook) namespace: String,
    /// The Secret's name.
    pub(in crate::webhook) name: String,
    /// For which names the certificate has to hold.
    pub(in crate::webhook) names: Vec<String>,
    pub(in crate::webhook) clock: Clock,
    pub(in crate::webhook) tell: Tell,
    /// What is shown from now on.
    pub(in crate::webhook) own: watch::Sender<Option<Arc<Identity>>>,
    /// Whether the API server knows the authorities that are to be known.
    pub(in crate::webhook) known: watch::Receiver<bool>,
    /// Whether this replica leads: it alone writes, the others show what they find.
    pub(in crate::webhook) leads: watch::Receiver<bool>,
    /// What was good last.
    pub(in crate::webhook) held: Option<Arc<Contents>>,
}

/// What comes after a turn.
enum After {
    /// Nothing before that time.
    Rest(Timestamp),
    /// What was written comes back.
    Echo,
    /// It is for the replica that leads to do.
    Leave,
}

impl Keeper {
    /// Keeps it from when it is needed on, and does not end.
    pub(in crate::webhook) async fn run(mut self, mut needed: watch::Receiver<bool>) {
        // The sender lives as long as the room.
        let _ = needed.wait_for(|needed| *needed).await;
        let (tell, seen) = watch::channel(None);
        let (client, scope) = (self.client.clone(), self.scope());
        let hear = hear(tell, Arc::clone(&self.tell), self.to_string());
        let follow = follow(&client, &scope, hear);
        tokio::select! {
            () = follow => {}
            () = self.keep(seen) => {}
        }
    }

    async fn keep(&mut self, mut seen: watch::Receiver<Seen>) {
        let (mut pause, mut told) = (FIRST_PAUSE, String::new());
        loop {
            let found = seen.borrow_and_update().clone();
            let Some(found) = found else {
                if seen.changed().await.is_err() {
                    return;
                }
                continue;
            };
            let turn = self.turn(found.as_deref()).await;
            let rest = match turn {
                Ok(After::Rest(until)) => {
                    (pause, told) = (FIRST_PAUSE, String::new());
                    let mut clock = self.clock.clone();
                    tokio::select! {
                        () = clock.reach(until) => None,
                        _ = self.known.changed() => None,
                        changed = seen.changed() => Some(changed.is_err()),
                    }
                }
                Ok(After::Echo) => tokio::select! {
                    () = sleep(ECHO) => None,
                    changed = seen.changed() => Some(changed.is_err()),
                },
                Ok(After::Leave) => tokio::select! {
                    _ = self.leads.changed() => None,
                    changed = seen.changed() => Some(changed.is_err()),
                },
                Err(why) => {
                    if why != told {
                        (self.tell)(News::KeepFailed(format!(
                            "the webhooks' certificate in {self} cannot be kept: {why}"
                        )));
                        told = why;
                    }
                    sleep(pause).await;
                    pause = (pause * 2).min(LONGEST_PAUSE);
                    None
                }
            };
            if rest == Some(true) {
                return;
            }
        }
    }

    /// Looks at what is there, and does what has to be done with it.
    async fn turn(&mut self, found: Option<&Value>) -> Result<After, String> {
        let now = self.clock.now();
        let Some(secret) = found else {
            return self.bring(None, "there was none").await;
        };
        if secret["type"] != KIND {
            return self.bring(Some(secret), "it was of another kind").await;
        }
        let contents = match decode(secret).and_then(Contents::read) {
            Ok(contents) => Arc::new(contents),
            Err(why) => return self.bring(Some(secret), &why).await,
        };
        let is_known = *self.known.borrow_and_update();
        let step = contents.step(&self.names, now, is_known)?;
        if contents.is_good(&self.names, now) {
            self.hold(&contents);
        }
        match step {
            Step::Rest(until) => Ok(After::Rest(until)),
            Step::Write(..) if !*self.leads.borrow_and_update() => Ok(After::Leave),
            Step::Write(next, why) => {
                self.write(Some(secret), Arc::new(*next), why).await?;
                Ok(After::Echo)
            }
        }
    }

    /// Brings back what was good last, or makes all of it anew.
    async fn bring(&mut self, found: Option<&Value>, why: &str) -> Result<After, String> {
        if !*self.leads.borrow_and_update() {
            return Ok(After::Leave);
        }
        let now = self.clock.now();
        let held = self.held.clone();
        let held = held.filter(|held| held.is_good(&self.names, now));
        let contents = match held {
            Some(held) => held,
            None => Arc::new(Contents::make(&self.names, now)?),
        };
        self.write(found, contents, why).await?;
        Ok(After::Echo)
    }

    /// Writes it, unless somebody else wrote meanwhile: then that counts, and is seen next.
    async fn write(
        &mut self,
        found: Option<&Value>,
        contents: Arc<Contents>,
        why: &str,
    ) -> Result<(), String> {
        let secret = self.secret(found, contents.data());
        let resource = secrets();
        let target = self.target(&resource);
        let write = Write {
            manager: MANAGER,
            subresource: None,
        };
        let written = match found {
            None => self.client.create_as(target, &secret, MANAGER).await,
            Some(found) if found["type"] == KIND => {
                self.client.replace_as(target, &secret, write).await
            }
            Some(found) => {
                let uid = found["metadata"]["uid"].as_str();
                let deleted = self.client.delete(target, uid, Propagation::Background);
                match deleted.await {
                    Ok(_) => self.client.create_as(target, &secret, MANAGER).await,
                    Err(error) => Err(error),
                }
            }
        };
        match written {
            Ok(_) => {
                (self.tell)(News::Kept(format!(
                    "the webhooks' certificate in {self} was renewed: {why}"
                )));
                self.hold(&contents);
                Ok(())
            }
            Err(error) if error.is_conflict() => Ok(()),
            Err(error) => Err(said(&error)),
        }
    }

    fn hold(&mut self, contents: &Arc<Contents>) {
        self.held = Some(Arc::clone(contents));
        let identity = &contents.identity;
        self.own.send_if_modified(|own| {
            let is_new = own.as_ref() != Some(identity);
            *own = Some(Arc::clone(identity));
            is_new
        });
    }

    /// The Secret with this data; all else in it stays.
    fn secret(&self, found: Option<&Value>, data: &Data) -> Value {
        let found = found.filter(|found| found["type"] == KIND).cloned();
        let mut secret = found.unwrap_or_else(|| json!({"metadata": {"name": self.name}}));
        let data: Value = data
            .iter()
            .map(|(key, value)| (key.clone(), Value::from(STANDARD.encode(value))))
            .collect();
        secret["apiVersion"] = "v1".into();
        secret["kind"] = "Secret".into();
        secret["type"] = KIND.into();
        secret["data"] = data;
        secret["metadata"]["namespace"] = self.namespace.as_str().into();
        secret["metadata"]["labels"][WEBHOOKS_LABEL] = self.namespace.as_str().into();
        secret
    }

    fn target<'a>(&'a self, resource: &'a Resource) -> Target<'a> {
        Target {
            resource,
            namespace: Some(&self.namespace),
            name: &self.name,
        }
    }

    fn scope(&self) -> Scope {
        Scope {
            resource: secrets(),
            namespace: Some(self.namespace.clone()),
            labels: String::new(),
            fields: format!("metadata.name={}", self.name),
            whole: true,
        }
    }
}

impl std::fmt::Display for Keeper {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Secret {}/{}", self.namespace, self.name)
    }
}

/// What the API server says of a Secret never holds what is in it, but for messages of its own checks.
fn said(error: &cluster::Error) -> String {
    report::chain(error)
}

fn secrets() -> Resource {
    Resource::known("", "v1", "Secret", "secrets", true)
}

fn decode(secret: &Value) -> Result<Data, String> {
    let data = secret["data"].as_object().into_iter().flatten();
    let decoded = data.map(|(key, value)| {
        let text = value.as_str().unwrap_or_default();
        let value = STANDARD.decode(text);
        let value = value.map_err(|_| format!("{key} is not base64"))?;
        Ok((key.clone(), value))
    });
    decoded.collect()
}

/// Takes in what becomes of the Secret; `name` is what people call it.
fn hear(tell: watch::Sender<Seen>, news: Tell, name: String) -> impl FnMut(Event<'_>) + Send {
    let (mut listed, mut told) = (None, String::new());
    let read = |text: &str| serde_json::from_str::<Value>(text).ok().map(Arc::new);
    move |event: Event<'_>| match event {
        Event::Begin => listed = None,
        Event::Watching => {}
        Event::Listed(text) => listed = read(text),
        Event::Synchronized => {
            told.clear();
            tell.send_replace(Some(listed.take()));
        }
        Event::Changed(text) => drop(tell.send_replace(Some(read(text)))),
        Event::Removed(_) => drop(tell.send_replace(Some(None))),
        Event::Broken(error) => {
            let why = report::chain(error);
            if why != told {
                news(News::KeepFailed(format!(
                    "the webhooks' certificate in {name} cannot be kept for now: {why}"
                )));
                told = why;
            }
        }
    }
}

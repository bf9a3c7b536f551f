//! The configurations that make the API server ask: written when the servers listen, put right when
//! others change them, and removed when no hook wants them any more.

mod configuration;
mod definition;
mod live;

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::time::Duration;

use serde_json::Value;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use super::certificate::{Trust, pem};
use super::metric::Metrics;
use super::settings::{Door, Settings};
use super::{News, Tell};
use crate::admission::{ClientConfig, Own, Target, Wanted};
use crate::binding::AdmissionKind;
use crate::cluster::{self, Client};
use crate::report;
use live::{Following, Live, Stream};

const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// Changes of others that are put right at once, within a while.
const AT_ONCE: usize = 4;
const WHILE: Duration = Duration::from_mins(10);
const LONGEST_RESPITE: Duration = Duration::from_mins(1);
/// The port of Services that stand for webhooks.
const HTTPS: u16 = 443;

/// What hooks want.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Orders {
    /// By all hooks that are known.
    pub wanted: Wanted,
    /// Whether these are all hooks. Until then nothing is removed: who wanted it may come yet.
    pub is_complete: bool,
}

impl Orders {
    /// Whether they need a server.
    pub fn needs(&self, door: Door) -> bool {
        let wanted = &self.wanted;
        match door {
            Door::Admission => !wanted.validating.is_empty() || !wanted.mutating.is_empty(),
            Door::Conversion => !wanted.conversions.is_empty(),
        }
    }
}

/// What the configurations have to know of one server.
pub(super) struct Side {
    /// Whom the API server is to believe.
    pub(super) trust: watch::Receiver<Option<Trust>>,
    /// Where it listens; `None` while it does not.
    pub(super) up: watch::Receiver<Option<SocketAddr>>,
}

/// The worker.
pub(super) struct Writer {
    client: Client,
    namespace: String,
    settings: Settings,
    metrics: Metrics,
    tell: Tell,
    sides: [Side; 2],
    /// The number of the trust that all that is wanted of a server has.
    written: [watch::Sender<u64>; 2],
    /// Whether all is as wanted.
    known: watch::Sender<bool>,
    live: Live,
    following: Following,
    /// Of each object: how it is wanted, and what the API server made of that.
    settled: BTreeMap<Object, Settled>,
    /// When others were put right.
    put_right: BTreeMap<Object, Vec<Instant>>,
    /// What is wrong with each, as told.
    told: BTreeMap<Object, String>,
}

/// A kind and a name.
type Object = (Stream, String);

/// How an object is wanted, and what the API server made of it.
#[derive(Debug, Clone, PartialEq)]
struct Settled {
    wanted: Value,
    found: Value,
}

/// One look at all objects.
struct Look<'a> {
    orders: &'a Orders,
    /// How the servers are reached, when they can be.
    clients: [Option<ClientConfig>; 2],
    /// Whether all is as wanted.
    is_done: [bool; 2],
    /// Whether something failed that is to be tried again.
    has_failed: bool,
    /// When something is to be looked at again.
    again: Option<Instant>,
}

impl Look<'_> {
    fn leave_open(&mut self, door: Door) {
        if let Some(is_done) = self.is_done.get_mut(door as usize) {
            *is_done = false;
        }
    }

    fn client(&self, door: Door) -> Option<&ClientConfig> {
        self.clients.get(door as usize)?.as_ref()
    }
}

impl Writer {
    pub(super) fn new(
        (client, namespace, settings): (Client, String, Settings),
        (metrics, tell): (Metrics, Tell),
        sides: [Side; 2],
        written: [watch::Sender<u64>; 2],
        known: watch::Sender<bool>,
    ) -> Self {
        let live = Live::new(settings.configuration());
        Self {
            client,
            namespace,
            settings,
            metrics,
            tell,
            sides,
            written,
            known,
            live,
            following: Following::default(),
            settled: BTreeMap::new(),
            put_right: BTreeMap::new(),
            told: BTreeMap::new(),
        }
    }

    /// Keeps everything as wanted; does not end.
    pub(super) async fn run(mut self, mut orders: watch::Receiver<Orders>) {
        let mut pause = FIRST_PAUSE;
        let mut is_clean = false;
        loop {
            let present = orders.borrow_and_update().clone();
            let is_idle = present.wanted.is_empty() && (is_clean || !present.is_complete);
            let streams = if is_idle {
                BTreeSet::new()
            } else {
                streams(&present.wanted)
            };
            self.following
                .set(streams, &self.client, &self.namespace, &self.live);
            let (done, again) = if is_idle {
                ([true; 2], None)
            } else {
                self.look(&present, &mut pause).await
            };
            // Nothing is wanted, and nothing is left or can be known: nothing more to watch.
            is_clean = present.wanted.is_empty()
                && present.is_complete
                && (done == [true; 2] || self.live.forbidden().is_some() || is_idle);
            if is_clean && !is_idle {
                continue;
            }
            self.sleep(&mut orders, again).await;
        }
    }

    /// Waits for whatever may make a difference.
    async fn sleep(&mut self, orders: &mut watch::Receiver<Orders>, again: Option<Instant>) {
        let [admission, conversion] = &mut self.sides;
        let again = async {
            match again {
                Some(time) => sleep_until(time).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            Ok(()) = orders.changed() => {}
            Ok(()) = admission.trust.changed() => {}
            Ok(()) = admission.up.changed() => {}
            Ok(()) = conversion.trust.changed() => {}
            Ok(()) = conversion.up.changed() => {}
            () = self.live.changed() => {}
            () = again => {}
        }
    }

    /// Looks at everything and puts right what is not as wanted. Answers whether all of it is now, for
    /// each server, and when to look again.
    async fn look(
        &mut self,
        orders: &Orders,
        pause: &mut Duration,
    ) -> ([bool; 2], Option<Instant>) {
        let [admission, conversion] = &mut self.sides;
        let mut numbers = [0; 2];
        let sides = [(Door::Admission, admission), (Door::Conversion, conversion)];
        let clients = sides.map(|(door, side)| {
            let trust = side.trust.borrow_and_update().clone()?;
            if let Some(number) = numbers.get_mut(door as usize) {
                *number = trust.number;
            }
            // A written configuration must lead somewhere.
            side.up.borrow_and_update().as_ref()?;
            Some(self.settings.client(door, &self.namespace, &trust))
        });
        let mut look = Look {
            orders,
            clients,
            is_done: [true; 2],
            has_failed: false,
            again: None,
        };
        for kind in AdmissionKind::ALL {
            self.look_at_configurations(kind, &mut look).await;
        }
        self.look_at_definitions(&mut look).await;
        let all = (Stream::Labelled, "all".to_owned());
        match self.live.forbidden() {
            Some(why) if !orders.wanted.is_empty() => self.complain(&all, why),
            _ => drop(self.told.remove(&all)),
        }
        let Look {
            is_done,
            mut again,
            has_failed,
            ..
        } = look;
        for ((written, number), is_done) in self.written.iter().zip(numbers).zip(is_done) {
            if is_done {
                written.send_replace(number);
            }
        }
        let is_known = is_done == [true; 2];
        self.known
            .send_if_modified(|known| std::mem::replace(known, is_known) != is_known);
        if has_failed {
            let next = Instant::now() + *pause;
            again = Some(again.map_or(next, |again| again.min(next)));
            *pause = (*pause * 2).min(LONGEST_PAUSE);
        } else {
            *pause = FIRST_PAUSE;
        }
        (is_done, again)
    }

    /// Whether an object that is not as wanted is to be left for a while, as others change it again and
    /// again; else, it is told that it is put right, when others had changed it.
    fn rests(&mut self, object: &Object, wanted: &Value, look: &mut Look<'_>) -> bool {
        let was_settled = self.settled.get(object);
        if was_settled.is_none_or(|settled| settled.wanted != *wanted) {
            return false;
        }
        let now = Instant::now();
        let times = self.put_right.entry(object.clone()).or_default();
        times.retain(|time| now.duration_since(*time) < WHILE);
        if let Some(over) = times.len().checked_sub(AT_ONCE)
            && let Some(last) = times.last()
        {
            let factor = 1 << over.min(6);
            let until = *last + (Duration::from_secs(1) * factor).min(LONGEST_RESPITE);
            if until > now {
                look.again = Some(look.again.map_or(until, |again| again.min(until)));
                return true;
            }
        }
        times.push(now);
        let (kind, name) = (object.0.resource().kind, object.1.as_str());
        self.metrics.count_put_right(&kind, name);
        (self.tell)(News::PutRight(format!(
            "{kind} {name}: somebody changed or deleted it; it is put right"
        )));
        false
    }

    /// Takes in how a write ended; answers what it left.
    fn ended<T>(
        &mut self,
        object: &Object,
        outcome: Result<T, cluster::Error>,
        (door, look): (Door, &mut Look<'_>),
    ) -> Option<T> {
        match outcome {
            Ok(left) => {
                self.told.remove(object);
                Some(left)
            }
            // Somebody else wrote in between, or it has gone: that is heard of.
            Err(error) if error.is_conflict() || error.is_not_found() => {
                look.leave_open(door);
                look.has_failed = true;
                None
            }
            Err(error) => {
                look.leave_open(door);
                look.has_failed = true;
                self.complain(object, report::chain(&error));
                None
            }
        }
    }

    /// Tells what is wrong with an object, once.
    fn complain(&mut self, object: &Object, why: String) {
        if self.told.get(object) != Some(&why) {
            let (kind, name) = (object.0.resource().kind, &object.1);
            (self.tell)(News::WriteFailed(format!("{kind} {name}: {why}")));
            self.told.insert(object.clone(), why);
        }
    }

    fn own(&self) -> Own {
        Own {
            namespace: self.namespace.clone(),
            secret: self.settings.secret(),
        }
    }
}

impl Settings {
    /// How the API server reaches a server.
    fn client(&self, door: Door, namespace: &str, trust: &Trust) -> ClientConfig {
        let place = self.place(door);
        let target = match &place.url {
            Some(url) => Target::Url(url.trim_end_matches('/').to_owned()),
            None => Target::Service {
                namespace: namespace.to_owned(),
                name: place.service.clone(),
                port: HTTPS,
            },
        };
        ClientConfig {
            target,
            ca_bundle: pem(&trust.authorities).into_bytes(),
        }
    }

    /// Whether requests by a `clientConfig` come to one of our servers.
    fn leads_here(&self, namespace: &str, client: &Value) -> bool {
        let service = &client["service"];
        let services = [&self.admission.service, &self.conversion.service];
        let is_ours = |name: &&String| service["name"] == name.as_str();
        let by_service = service["namespace"] == namespace && services.iter().any(is_ours);
        let url = client["url"].as_str().unwrap_or_default();
        let urls = [&self.admission.url, &self.conversion.url];
        let by_url = |ours: &&String| {
            let rest = url.strip_prefix(ours.trim_end_matches('/'));
            rest.is_some_and(|rest| rest.starts_with('/'))
        };
        by_service || urls.into_iter().flatten().any(|ours| by_url(&ours))
    }
}

/// What has to be followed for what is wanted.
fn streams(wanted: &Wanted) -> BTreeSet<Stream> {
    let kinds = AdmissionKind::ALL.map(Stream::Configurations);
    let definitions = wanted.conversions.keys().cloned().map(Stream::Definition);
    kinds
        .into_iter()
        .chain([Stream::Labelled])
        .chain(definitions)
        .collect()
}

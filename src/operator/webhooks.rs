//! The servers of webhooks: started with the loop, told what hooks want, and asked for what comes in.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

use super::doors::{Workers, watch_folders};
use super::folders::PATIENCE;
use super::outbox::Outbox;
use super::settings::Settings;
use crate::cluster::Client;
use crate::house::{House, Notice};
use crate::module::{FolderWatch, WatchSettings};
use crate::status::{About, Event, Kind};
use crate::webhook::{self, Asked, Clock, Door, Metrics, News, Orders, Signals};

/// Requests that wait for the loop; more wait at the door.
const REQUESTS: usize = 64;

/// The loop's end of the servers.
pub(super) struct Webhooks {
    orders: watch::Sender<Orders>,
    asked: mpsc::Receiver<Asked>,
    /// Where each server listens.
    up: [(Door, watch::Receiver<Option<SocketAddr>>); 2],
    /// What was told last: of which bindings, and whether these are all.
    told: Option<(u64, bool)>,
}

impl Webhooks {
    /// Employs the servers; they do nothing before a hook wants them.
    pub(super) fn start(
        settings: &Settings,
        (client, namespace): (Client, String),
        (metrics, outbox, leads): (Metrics, Outbox, watch::Receiver<bool>),
        workers: &mut Workers,
        stop: &CancellationToken,
    ) -> Self {
        let (orders, seen) = watch::channel(Orders::default());
        let (asks, asked) = mpsc::channel(REQUESTS);
        let (secret, told) = (settings.webhooks.secret(), leads.clone());
        let up = webhook::Up::default();
        let up_seen = [
            (Door::Admission, up.admission.subscribe()),
            (Door::Conversion, up.conversion.subscribe()),
        ];
        let webhooks = webhook::Webhooks {
            client,
            namespace,
            settings: settings.webhooks.clone(),
            clock: Clock::system(),
            metrics,
            tell: Arc::new(move |news| {
                let event = tell(&secret, &news);
                if *told.borrow() {
                    outbox.put(Notice::Event(event));
                }
            }),
            leads,
            up,
        };
        let mut watch = |name, door| {
            let (watch, signals) = FolderWatch::new(WatchSettings {
                dirs: settings.webhooks.place(door).files.folders(),
                quiet: settings.modules.folder_settle,
                patience: PATIENCE.max(settings.modules.folder_settle),
                every: None,
            });
            let (mut orders, stop) = (seen.clone(), stop.clone());
            workers.employ(name, async move {
                tokio::select! {
                    () = stop.cancelled() => return,
                    // The sender lives as long as the loop.
                    _ = orders.wait_for(|orders| orders.needs(door)) => {}
                }
                watch_folders(watch, stop).await;
            });
            signals
        };
        let signals = Signals {
            admission: watch("certificate of admission webhooks", Door::Admission),
            conversion: watch("certificate of conversion webhooks", Door::Conversion),
        };
        workers.employ("webhooks", webhooks.run(seen, signals, asks, stop.clone()));
        Self {
            orders,
            asked,
            up: up_seen,
            told: None,
        }
    }

    /// Has the API server ask what is wanted now.
    pub(super) fn follow(&mut self, house: &House) {
        let is_complete = house.knows_all_hooks();
        let now = Some((house.bindings_version(), is_complete));
        if std::mem::replace(&mut self.told, now) == now {
            return;
        }
        let orders = Orders {
            wanted: house.wanted_webhooks(),
            is_complete,
        };
        self.orders.send_if_modified(|known| {
            let is_new = *known != orders;
            *known = orders;
            is_new
        });
    }

    /// Whether every server listens that is wanted.
    pub(super) fn is_serving(&self) -> bool {
        let orders = self.orders.borrow();
        let mut up = self.up.iter();
        up.all(|(door, up)| !orders.needs(*door) || up.borrow().is_some())
    }

    /// Waits for a request, or until a server listens or does not; then there is none.
    pub(super) async fn asked(&mut self) -> Option<Asked> {
        let [(_, admission), (_, conversion)] = &mut self.up;
        tokio::select! {
            Some(asked) = self.asked.recv() => Some(asked),
            Ok(()) = admission.changed() => None,
            Ok(()) = conversion.changed() => None,
            else => std::future::pending().await,
        }
    }

    /// Takes no more requests, and refuses those that wait.
    pub(super) fn close(&mut self) {
        self.asked.close();
        while self.asked.try_recv().is_ok() {}
    }
}

/// Logs news; the event of them is of the Secret with the certificate, and for the replica that leads to
/// send.
fn tell(secret: &str, news: &News) -> Event {
    let kind = if news.is_good() {
        tracing::info!(target: "webhook", "{news}");
        Kind::Normal
    } else if matches!(news, News::PutRight(_)) {
        tracing::warn!(target: "webhook", "{news}");
        Kind::Warning
    } else {
        tracing::error!(target: "webhook", "{news}");
        Kind::Warning
    };
    Event {
        about: About::Secret(secret.to_owned()),
        kind,
        reason: news.reason(),
        message: news.to_string(),
    }
}

//! One watch for many monitors: which objects each of them sees, and what happens to them.

mod news;
mod outbox;

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

pub use news::{News, Snapshot, Trouble, WatchSize};
pub use outbox::NewsReceiver;

use crate::cluster::Client;
use crate::watch::{Monitor, MonitorId};

use outbox::Outbox;

/// The shared watches; cheap to clone.
#[derive(Clone)]
pub struct Shared {
    client: Client,
    outbox: Arc<Outbox>,
}

impl Shared {
    /// Nothing is watched yet; the receiver is where all news arrive.
    pub fn new(client: Client) -> (Self, NewsReceiver) {
        let outbox = Arc::new(Outbox::default());
        let receiver = NewsReceiver::of(outbox.clone());
        (Self { client, outbox }, receiver)
    }

    /// The worker: keeps all streams going, until cancelled.
    pub async fn run(self, stop: CancellationToken) {
        let _ = &self.client;
        stop.cancelled().await;
        self.outbox.close();
    }

    /// Says which monitors there shall be; all others end. Quick: news follow.
    pub fn reconcile(&self, wanted: Vec<Monitor>) {
        let _ = (self, wanted);
    }

    /// What a monitor sees now; empty before [`News::Listed`] and for a monitor that is not there.
    pub fn snapshot(&self, monitor: MonitorId) -> Snapshot {
        let _ = (self, monitor);
        Snapshot::default()
    }

    /// What is watched and kept, for people.
    pub fn sizes(&self) -> Vec<WatchSize> {
        let _ = self;
        Vec::new()
    }
}

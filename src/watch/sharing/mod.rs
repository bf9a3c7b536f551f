//! One watch for many monitors: which objects each of them sees, and what happens to them.
//!
//! However many monitors there are, one stream follows each scope (a kind, a namespace, selectors,
//! whole objects or metadata), and one store keeps what each distinct filter takes from its objects.
//! Who joins a stream with a filter that is not kept yet gets a list of its own; the stream goes on.
//!
//! `state` and `flow` decide, `store` keeps, `text` reads; only `worker` talks to the cluster.

mod flow;
mod kinds;
mod news;
mod outbox;
mod state;
mod store;
mod text;
mod worker;

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Notify;

pub use news::{News, Snapshot, Trouble, WatchSize};
pub use outbox::NewsReceiver;

use crate::cluster::Client;
use crate::watch::{Monitor, MonitorId};

use outbox::Outbox;
use state::State;

/// The shared watches; cheap to clone.
#[derive(Clone)]
pub struct Shared {
    inner: Arc<Inner>,
}

struct Inner {
    client: Client,
    state: Mutex<State>,
    outbox: Arc<Outbox>,
    /// Streams, lists or definitions are wanted that were not before, or no longer.
    moved: Notify,
    /// Kinds are to be asked for.
    nudged: Notify,
}

impl Shared {
    /// Nothing is watched yet; the receiver is where all news arrive.
    pub fn new(client: Client) -> (Self, NewsReceiver) {
        let outbox = Arc::new(Outbox::default());
        let receiver = NewsReceiver::of(outbox.clone());
        let inner = Inner {
            client,
            state: Mutex::default(),
            outbox,
            moved: Notify::new(),
            nudged: Notify::new(),
        };
        (
            Self {
                inner: Arc::new(inner),
            },
            receiver,
        )
    }

    /// Says which monitors there shall be: new ones start, others that are not named end, and
    /// nothing more is told of those. Quick; all else comes as news.
    pub fn reconcile(&self, wanted: Vec<Monitor>) {
        self.with(|state| {
            for id in state.reconcile(wanted) {
                self.inner.outbox.forget(id);
            }
        });
    }

    /// What a monitor sees now; empty before [`News::Listed`] and for a monitor that is not there.
    pub fn snapshot(&self, monitor: MonitorId) -> Snapshot {
        self.with(|state| state.snapshot(monitor))
    }

    /// How many objects each monitor sees now.
    pub fn counts(&self, monitors: impl Iterator<Item = MonitorId>) -> Vec<usize> {
        self.with(|state| monitors.map(|monitor| state.count(monitor)).collect())
    }

    /// What is watched and kept, for people.
    pub fn sizes(&self) -> Vec<WatchSize> {
        self.with(|state| state.sizes())
    }

    /// Does one thing to the state, and tells in order what follows from it.
    fn with<T>(&self, deed: impl FnOnce(&mut State) -> T) -> T {
        let mut state = self
            .inner
            .state
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let done = deed(&mut state);
        for news in state.news.drain(..) {
            self.inner.outbox.tell(news);
        }
        if std::mem::take(&mut state.is_moved) {
            self.inner.moved.notify_one();
        }
        if std::mem::take(&mut state.is_nudged) {
            self.inner.nudged.notify_one();
        }
        done
    }
}

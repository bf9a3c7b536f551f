//! The worker that writes what people see. Only the latest status of a module is written; one that
//! cannot be written is tried again, and holds up no other.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::stream::{self, StreamExt as _};
use jiff::Timestamp;
use tokio::sync::Notify;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use crate::house::Notice;
use crate::name::ModuleName;
use crate::report;
use crate::status::{Event, Reporter, Status};

const AT_ONCE: usize = 8;
/// More events than this wait only when the API server is away; then the oldest are dropped.
const EVENTS: usize = 500;
const PAUSE: Duration = Duration::from_secs(5);
/// What is left at the end gets this long.
const LAST_WORDS: Duration = Duration::from_secs(3);

/// What waits to be written; cheap to clone.
#[derive(Clone, Default)]
pub(super) struct Outbox {
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    waiting: Mutex<Waiting>,
    filled: Notify,
}

#[derive(Default)]
struct Waiting {
    statuses: BTreeMap<ModuleName, (Status, bool)>,
    removals: BTreeSet<ModuleName>,
    events: VecDeque<Event>,
}

impl Outbox {
    /// Puts in what is to be written; other notices are not for here.
    pub(super) fn put(&self, notice: Notice) {
        let mut waiting = self.waiting();
        match notice {
            Notice::Status {
                module,
                status,
                exists,
            } => {
                waiting.removals.remove(&module);
                // An object that a write still waiting would make does not exist yet.
                let exists = exists
                    && waiting
                        .statuses
                        .get(&module)
                        .is_none_or(|(_, exists)| *exists);
                waiting.statuses.insert(module, (*status, exists));
            }
            Notice::Remove(module) => {
                waiting.statuses.remove(&module);
                waiting.removals.insert(module);
            }
            Notice::Event(event) => {
                if waiting.events.len() >= EVENTS {
                    waiting.events.pop_front();
                }
                waiting.events.push_back(event);
            }
            Notice::Count(_) | Notice::HookMetrics(_) => return,
        }
        drop(waiting);
        self.shared.filled.notify_one();
    }

    /// The worker.
    pub(super) async fn run(self, reporter: Reporter, stop: CancellationToken) {
        loop {
            tokio::select! {
                () = stop.cancelled() => break,
                () = self.shared.filled.notified() => {}
            }
            // What was put in meanwhile has woken this worker again; only failures have to rest.
            if !self.write(&reporter).await {
                tokio::select! {
                    () = stop.cancelled() => break,
                    () = sleep(PAUSE) => self.shared.filled.notify_one(),
                }
            }
        }
        // What cannot be written now is written by the next start.
        let _ = timeout(LAST_WORDS, self.write(&reporter)).await;
    }

    /// Writes what waits now; answers whether all of it was written.
    async fn write(&self, reporter: &Reporter) -> bool {
        let mut all = true;
        let Waiting {
            statuses,
            removals,
            events,
        } = std::mem::take(&mut *self.waiting());
        let written = stream::iter(statuses).map(|(module, (status, exists))| async move {
            let written = reporter.write(&module, &status, exists).await;
            (module, status, exists, written)
        });
        let written: Vec<_> = written.buffer_unordered(AT_ONCE).collect().await;
        for (module, status, exists, outcome) in written {
            let Err(error) = outcome else { continue };
            all = false;
            tracing::error!(target: "status", "{}; trying again", report::chain(&error));
            self.waiting()
                .statuses
                .entry(module)
                .or_insert((status, exists));
        }
        for module in removals {
            if let Err(error) = reporter.remove(&module).await {
                tracing::error!(target: "status", "{}; trying again", report::chain(&error));
                all = false;
                self.waiting().removals.insert(module);
            }
        }
        for event in events {
            reporter.send(&event, Timestamp::now()).await;
        }
        all
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.shared
            .waiting
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

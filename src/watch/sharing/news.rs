//! What monitors are told, and what people may ask about them.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::state::{State, Stream};
use super::text::View;
use crate::watch::{Item, MonitorId, Scope, WatchEvent};

/// What happened, to one monitor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum News {
    /// Its snapshot is complete. Told once in the life of a monitor.
    Listed {
        /// Who is told.
        monitor: MonitorId,
    },
    /// An object of its snapshot changed; only after [`News::Listed`].
    Event {
        /// Who is told.
        monitor: MonitorId,
        /// What happened.
        event: WatchEvent,
        /// The object as it now is, or as it last was.
        item: Arc<Item>,
        /// Place in the order of all changes; see [`Snapshot::sequence`].
        sequence: u64,
    },
    /// Something keeps it from seeing all that it should; it goes on by itself when that is over.
    Trouble {
        /// Who is told.
        monitor: MonitorId,
        /// What it is.
        trouble: Trouble,
    },
    /// All of its troubles are over, and what was missed has been told.
    Recovered {
        /// Who is told.
        monitor: MonitorId,
    },
}

impl News {
    /// Who is told.
    pub const fn monitor(&self) -> MonitorId {
        match self {
            Self::Listed { monitor }
            | Self::Event { monitor, .. }
            | Self::Trouble { monitor, .. }
            | Self::Recovered { monitor } => *monitor,
        }
    }
}

/// The objects of a monitor at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Snapshot {
    /// By namespace, then name.
    pub items: Vec<Arc<Item>>,
    /// The number of the last change in it: every event with this number or a lower one is in the
    /// snapshot, every later one is not.
    pub sequence: u64,
}

/// Why a monitor does not see all that it should.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Trouble {
    /// The cluster has no such kind now; it is awaited.
    #[error("{message}; it is awaited")]
    Unserved {
        /// Which kind, and what the cluster has instead.
        message: String,
    },
    /// The server forbids to read; it is tried again and again.
    #[error("no right to {right}: {message}")]
    Forbidden {
        /// The right that is missing: `list secrets in namespace shop`.
        right: String,
        /// The server's sentence.
        message: String,
    },
    /// Reading fails for another reason; it is tried again and again.
    #[error("{message}")]
    Broken {
        /// What was attempted, and why it failed.
        message: String,
    },
    /// The filter fails on one object, which keeps its last good result or stays out of the
    /// snapshot. Told once for an object and reason, and for ten objects of a filter at most.
    #[error("the jq filter {filter:?} fails on {object}: {message}")]
    Filter {
        /// Text of the filter.
        filter: String,
        /// `Pod shop/web`.
        object: String,
        /// What jq says.
        message: String,
    },
}

/// What one stream keeps, for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WatchSize {
    /// What is watched: `pods in namespace shop with labels app=web`.
    pub scope: String,
    /// Objects kept; one counts for every distinct filter.
    pub objects: usize,
    /// Bytes of their texts.
    pub bytes: usize,
    /// Monitors that share it.
    pub monitors: usize,
}

/// The trouble of a filter with the object of this key.
pub(super) fn filter_trouble(scope: &Scope, view: &View, key: &str, message: &str) -> Trouble {
    let filter = view.filter.as_ref().map_or("", |filter| filter.text());
    let place = key.trim_start_matches('\0').replace('\0', "/");
    Trouble::Filter {
        filter: filter.to_owned(),
        object: format!("{} {place}", scope.resource.kind),
        message: message.to_owned(),
    }
}

impl State {
    /// What every stream keeps.
    pub(super) fn sizes(&self) -> Vec<WatchSize> {
        let size = |(scope, stream): (&Scope, &Stream)| {
            let stored = stream.views.values().map(|viewed| viewed.store.size());
            let (objects, bytes) = stored.fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
            let listeners = stream
                .views
                .values()
                .flat_map(|viewed| viewed.monitors.union(&viewed.followers));
            let monitors = listeners.collect::<BTreeSet<_>>().len();
            WatchSize {
                scope: scope.to_string(),
                objects,
                bytes,
                monitors,
            }
        };
        self.streams.iter().map(size).collect()
    }
}

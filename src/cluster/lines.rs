//! Connections: the one for calls, and more for watches.
//!
//! A server carries some hundred requests at once over one connection (kube-apiserver: 100), and a
//! watch is a request that does not end: past that number every other request would wait for ever.
//! So a connection carries only so many watches, and the next ones get another connection.
//!
//! Tokens, certificates and authorities are files that rotate. When the server does not know us any more,
//! or we it, they are read again; if they are others now, all connections are made anew.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::connect::http_client;
use super::fenced::Ends;
use super::identity::Identity;

/// Watches on one connection: half of what a server carries, since calls go over the first as well.
const WATCHES: usize = 50;
/// How often identities are read again at most: with a server that is away every call asks for it.
const READ_EVERY: Duration = Duration::from_secs(1);

/// Who opens connections, and who holds how many of their places.
pub(super) struct Lines {
    ends: Ends,
    open: Mutex<Open>,
}

struct Open {
    identity: Identity,
    /// The first is the one that calls use.
    lines: Vec<Line>,
    read: Instant,
}

struct Line {
    http: kube::Client,
    /// One more holder than there are watches.
    places: Arc<()>,
}

/// A place on a connection, free again when it is dropped.
pub(super) struct Place {
    pub(super) http: kube::Client,
    _held: Arc<()>,
}

impl Lines {
    /// With the first connection, which is not opened yet.
    pub(super) fn new(
        identity: Identity,
        ends: Ends,
    ) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        let line = Line::new(&identity, &ends)?;
        let open = Open {
            identity,
            lines: vec![line],
            read: Instant::now(),
        };
        Ok(Self {
            ends,
            open: Mutex::new(open),
        })
    }

    /// The connection for calls.
    pub(super) fn first(&self) -> Result<kube::Client, Box<dyn std::error::Error + Send + Sync>> {
        let open = self.lock();
        let first = open.lines.first().map(|line| line.http.clone());
        first.map_or_else(|| http_client(&open.identity, self.ends.clone()), Ok)
    }

    /// A place for one watch.
    pub(super) fn take(&self) -> Result<Place, Box<dyn std::error::Error + Send + Sync>> {
        let mut open = self.lock();
        let is_free = |line: &&Line| Arc::strong_count(&line.places) <= WATCHES;
        if let Some(line) = open.lines.iter().find(is_free) {
            return Ok(line.place());
        }
        let line = Line::new(&open.identity, &self.ends)?;
        let place = line.place();
        open.lines.push(line);
        Ok(place)
    }

    /// Reads again who we are and whom we trust; answers whether that changed, and so is worth a try.
    pub(super) async fn renew(&self) -> bool {
        let identity = {
            let mut open = self.lock();
            if open.read.elapsed() < READ_EVERY {
                return false;
            }
            open.read = Instant::now();
            open.identity.clone()
        };
        let Some(renewed) = identity.renewed().await else {
            return false;
        };
        // Files that are half-written are read again in a while.
        let Ok(line) = Line::new(&renewed, &self.ends) else {
            return false;
        };
        tracing::info!(target: "cluster", "the credentials or the authority changed: connecting anew");
        let mut open = self.lock();
        open.identity = renewed;
        open.lines = vec![line];
        true
    }

    fn lock(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Line {
    fn new(
        identity: &Identity,
        ends: &Ends,
    ) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self {
            http: http_client(identity, ends.clone())?,
            places: Arc::new(()),
        })
    }

    fn place(&self) -> Place {
        Place {
            http: self.http.clone(),
            _held: self.places.clone(),
        }
    }
}

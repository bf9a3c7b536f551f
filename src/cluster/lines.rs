//! Connections for watches.
//!
//! A server carries some hundred requests at once over one connection (kube-apiserver: 100), and a
//! watch is a request that does not end: past that number every other request would wait for ever.
//! So a connection carries only so many watches, and the next ones get another connection.

use std::sync::{Arc, Mutex, PoisonError};

use kube::Config;

use super::connect::http_client;
use super::fenced::Ends;

/// Watches on one connection: half of what a server carries, since calls go over the first as well.
const WATCHES: usize = 50;

/// Who opens connections, and who holds how many of their places.
pub(super) struct Lines {
    config: Config,
    ends: Ends,
    open: Mutex<Vec<Line>>,
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
    /// The first connection is the one that calls use.
    pub(super) fn new((config, ends): (Config, Ends), http: kube::Client) -> Self {
        let places = Arc::new(());
        Self {
            config,
            ends,
            open: Mutex::new(vec![Line { http, places }]),
        }
    }

    /// A place for one watch.
    pub(super) fn take(&self) -> Result<Place, Box<dyn std::error::Error + Send + Sync>> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let is_free = |line: &&Line| Arc::strong_count(&line.places) <= WATCHES;
        if let Some(line) = open.iter().find(is_free) {
            return Ok(line.place());
        }
        let http = http_client(self.config.clone(), self.ends.clone())?;
        let places = Arc::new(());
        let line = Line { http, places };
        let place = line.place();
        open.push(line);
        Ok(place)
    }
}

impl Line {
    fn place(&self) -> Place {
        Place {
            http: self.http.clone(),
            _held: self.places.clone(),
        }
    }
}

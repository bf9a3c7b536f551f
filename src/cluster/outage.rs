//! Whether the API server answers at all, and when it does so again.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

/// What is shorter is no outage: a connection that breaks is made again at once.
const SHORTEST: Duration = Duration::from_secs(2);

/// What is known of the way to the server.
#[derive(Debug, Default)]
pub(super) struct Outage {
    /// Since when nothing is answered; `None` while it is.
    since: Mutex<Option<Instant>>,
    /// Counts outages that are over.
    over: watch::Sender<u64>,
}

impl Outage {
    /// Nobody could be reached.
    pub(super) fn is_met(&self) {
        self.since().get_or_insert_with(Instant::now);
    }

    /// The server answered, whatever.
    pub(super) fn is_answered(&self) {
        let since = self.since().take();
        if since.is_some_and(|since| since.elapsed() >= SHORTEST) {
            self.over.send_modify(|count| *count += 1);
        }
    }

    /// Whether nothing is answered now.
    pub(super) fn is_now(&self) -> bool {
        self.since().is_some()
    }

    /// Changes whenever an outage is over.
    pub(super) fn over(&self) -> watch::Receiver<u64> {
        self.over.subscribe()
    }

    fn since(&self) -> std::sync::MutexGuard<'_, Option<Instant>> {
        self.since.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::advance;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn only_what_lasts_is_an_outage() {
        let outage = Outage::default();
        for (lasts, is_told) in [(Duration::from_millis(500), false), (SHORTEST, true)] {
            let over = outage.over();
            outage.is_met();
            advance(lasts / 2).await;
            outage.is_met();
            advance(lasts / 2).await;
            outage.is_answered();
            assert_eq!(over.has_changed().unwrap(), is_told, "{lasts:?}");
        }
    }
}

//! Whether the API server answers at all, and when it does so again.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use crate::report;

/// What is shorter is no outage: a connection that breaks is made again at once.
const SHORTEST: Duration = Duration::from_secs(2);

/// What is known of the way to the server.
#[derive(Debug, Default)]
pub(super) struct Outage {
    state: Mutex<State>,
    /// Counts outages that are over.
    over: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct State {
    /// Since when nothing is answered; `None` while it is.
    since: Option<Instant>,
    /// Whether a person was told of it. Before the first answer it is the start that tells.
    is_told: bool,
    was_answered: bool,
}

/// What a person is told, once each.
#[derive(Debug, PartialEq, Eq)]
enum News {
    Begun,
    /// With how long it took.
    Over(Duration),
}

impl Outage {
    /// Nobody could be reached at this address.
    pub(super) fn is_met(&self, url: &str, error: &(dyn std::error::Error + 'static)) {
        if self.meet() == Some(News::Begun) {
            let why = report::chain(error);
            tracing::error!(target: "cluster", server = url, why, "the API server does not answer; it is asked again and again");
        }
    }

    /// The server answered, whatever.
    pub(super) fn is_answered(&self, url: &str) {
        if let Some(News::Over(away)) = self.end() {
            let away_s = away.as_secs();
            tracing::info!(target: "cluster", server = url, away_s, "the API server answers again");
        }
    }

    fn meet(&self) -> Option<News> {
        let mut state = self.lock();
        let lasts = state.since.get_or_insert_with(Instant::now).elapsed();
        let is_news = state.was_answered && !state.is_told && lasts >= SHORTEST;
        state.is_told |= is_news;
        is_news.then_some(News::Begun)
    }

    fn end(&self) -> Option<News> {
        let mut state = self.lock();
        state.was_answered = true;
        let away = state.since.take()?.elapsed();
        if away >= SHORTEST {
            self.over.send_modify(|count| *count += 1);
        }
        std::mem::take(&mut state.is_told).then_some(News::Over(away))
    }

    /// Whether nothing is answered now.
    pub(super) fn is_now(&self) -> bool {
        self.lock().since.is_some()
    }

    /// Changes whenever an outage is over.
    pub(super) fn over(&self) -> watch::Receiver<u64> {
        self.over.subscribe()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
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
            outage.meet();
            advance(lasts / 2).await;
            outage.meet();
            advance(lasts / 2).await;
            outage.end();
            assert_eq!(over.has_changed().unwrap(), is_told, "{lasts:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn outage_is_told_once_and_its_end_once() {
        let outage = Outage::default();
        let fail = async |seconds| {
            advance(Duration::from_secs(seconds)).await;
            outage.meet()
        };
        // The start tells by itself that nobody answers.
        assert_eq!([fail(0).await, fail(9).await], [None, None]);
        assert_eq!(outage.end(), None);
        for round in 0..2 {
            assert_eq!([fail(0).await, fail(1).await], [None, None], "{round}");
            assert_eq!(fail(1).await, Some(News::Begun), "{round}");
            assert_eq!([fail(1).await, fail(60).await], [None, None], "{round}");
            assert_eq!(outage.end(), Some(News::Over(Duration::from_secs(63))));
            assert_eq!(outage.end(), None, "{round}");
        }
    }
}

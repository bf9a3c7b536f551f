//! An upper limit on requests per second, only when a person sets one (`KUBE_CLIENT_QPS`).
//!
//! A token bucket: `burst` requests may go at once, then `qps` a second. By default nothing is
//! limited here: priority and fairness are the server's duty.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use super::call::Client;

/// The bucket, as the moment at which it would be full.
pub(super) struct Pace {
    interval: Duration,
    burst: Duration,
    full_at: Mutex<Option<Instant>>,
}

/// Limits of one client on a connection that others use as well.
pub(super) struct Own {
    deadline: Duration,
    pace: Option<Pace>,
}

impl Client {
    /// The same connection, with a deadline and a rate of its own; that of the connection counts too.
    #[must_use]
    pub fn limited(&self, deadline: Duration, qps: Option<f32>, burst: Option<u32>) -> Self {
        let pace = Pace::new(qps, burst);
        Self {
            own: Some(Arc::new(Own { deadline, pace })),
            ..self.clone()
        }
    }

    /// How long one call may take.
    pub(super) fn deadline(&self) -> Duration {
        let own = self.own.as_ref();
        own.map_or(self.inner.deadline, |own| own.deadline)
    }

    /// Waits for one's turn where this client is limited; that takes nothing from the deadline.
    pub(super) async fn own_turn(&self) {
        if let Some(pace) = self.own.as_ref().and_then(|own| own.pace.as_ref()) {
            pace.wait().await;
        }
    }
}

impl Pace {
    /// `None` when there is no limit. Without `burst`, one second's worth may go at once.
    pub(super) fn new(qps: Option<f32>, burst: Option<u32>) -> Option<Self> {
        let qps = qps.filter(|qps| *qps > 0.0)?;
        let interval = Duration::from_secs_f32(1.0 / qps);
        let burst = burst.map_or(Duration::from_secs(1), |burst| interval * burst.max(1));
        Some(Self {
            interval,
            burst: burst.max(interval),
            full_at: Mutex::new(None),
        })
    }

    /// Waits for one's turn.
    pub(super) async fn wait(&self) {
        sleep_until(self.turn(Instant::now())).await;
    }

    /// Takes one token; answers when it is there.
    fn turn(&self, now: Instant) -> Instant {
        let mut full_at = self.full_at.lock().unwrap_or_else(PoisonError::into_inner);
        let taken = full_at.map_or(now, |full_at| full_at.max(now)) + self.interval;
        *full_at = Some(taken);
        taken
            .checked_sub(self.burst)
            .map_or(now, |turn| turn.max(now))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_burst_goes_at_once_and_the_rest_in_step() {
        let pace = Pace::new(Some(10.0), Some(3)).unwrap();
        let begun = Instant::now();
        for _ in 0..3 {
            pace.wait().await;
        }
        assert!(
            begun.elapsed() < Duration::from_millis(5),
            "{:?}",
            begun.elapsed()
        );
        for _ in 0..5 {
            pace.wait().await;
        }
        let took = begun.elapsed().as_millis();
        assert!((495..=510).contains(&took), "{took}");
    }

    #[test]
    fn no_setting_is_no_limit() {
        assert!(Pace::new(None, Some(3)).is_none());
    }
}

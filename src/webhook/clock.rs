//! What time it is, for certificates: a clock that tests can move.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::watch;
use tokio::time::sleep;

/// A clock that was set is noticed within so long.
const LOOK_AGAIN: Duration = Duration::from_mins(1);

/// A clock; cheap to clone.
#[derive(Debug, Clone)]
pub struct Clock {
    ahead: Option<watch::Receiver<SignedDuration>>,
}

impl Clock {
    /// The clock of this machine.
    pub fn system() -> Self {
        Self { ahead: None }
    }

    /// The clock of this machine, ahead of it by what the channel says.
    pub fn ahead(by: watch::Receiver<SignedDuration>) -> Self {
        Self { ahead: Some(by) }
    }

    /// What time it is.
    pub fn now(&self) -> Timestamp {
        let ahead = self.ahead.as_ref().map(|ahead| *ahead.borrow());
        let now = Timestamp::now();
        now.checked_add(ahead.unwrap_or_default()).unwrap_or(now)
    }

    /// Waits until it is so late. The clock may be set meanwhile, so a long wait looks again and again.
    pub(super) async fn reach(&mut self, time: Timestamp) {
        loop {
            let left = Duration::try_from(time.duration_since(self.now()));
            let Ok(left) = left else { return };
            if left.is_zero() {
                return;
            }
            let left = left.min(LOOK_AGAIN);
            let Some(ahead) = &mut self.ahead else {
                sleep(left).await;
                continue;
            };
            tokio::select! {
                () = sleep(left) => {}
                moved = ahead.changed() => if moved.is_err() { self.ahead = None },
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::{Instant, timeout};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn clock_that_was_set_forward_is_noticed_within_a_minute() {
        let (set, ahead) = watch::channel(SignedDuration::ZERO);
        let mut clock = Clock::ahead(ahead);
        let time = clock
            .now()
            .checked_add(SignedDuration::from_hours(900))
            .unwrap();
        let (begun, reached) = (Instant::now(), clock.reach(time));
        tokio::pin!(reached);
        assert!(
            timeout(Duration::from_secs(5), reached.as_mut())
                .await
                .is_err()
        );
        // As the clock of a machine is set: nobody is told.
        set.send_if_modified(|by| {
            *by = SignedDuration::from_hours(1000);
            false
        });
        reached.await;
        assert!(begun.elapsed() <= LOOK_AGAIN, "{:?}", begun.elapsed());
    }
}

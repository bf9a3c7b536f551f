//! What time it is, for certificates: a clock that tests can move.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::watch;
use tokio::time::sleep;

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

    /// Waits until it is so late.
    pub(super) async fn reach(&mut self, time: Timestamp) {
        loop {
            let left = Duration::try_from(time.duration_since(self.now()));
            let Ok(left) = left else { return };
            if left.is_zero() {
                return;
            }
            let Some(ahead) = &mut self.ahead else {
                return sleep(left).await;
            };
            tokio::select! {
                () = sleep(left) => {}
                moved = ahead.changed() => if moved.is_err() { self.ahead = None },
            }
        }
    }
}

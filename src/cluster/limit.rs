//! How many writes may be in flight.
//!
//! The bound starts at the setting, is halved when the server answers 429 and grows by one with
//! every sixteen writes that succeed. Services have a bound of their own: the API server gives out
//! cluster addresses one at a time, and more than four in flight slow down every other request.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

const SERVICES: usize = 4;
const WRITES_TO_GROW: usize = 16;

/// The right to have one write in flight; given back when dropped.
pub(super) struct Permit {
    _write: Option<OwnedSemaphorePermit>,
    _service: Option<OwnedSemaphorePermit>,
}

/// The bounds on writes in flight.
pub(super) struct Limits {
    writes: Arc<Semaphore>,
    services: Arc<Semaphore>,
    most: usize,
    bound: AtomicUsize,
    successes: AtomicUsize,
}

impl Limits {
    pub(super) fn new(most: usize) -> Self {
        let most = most.max(1);
        Self {
            writes: Arc::new(Semaphore::new(most)),
            services: Arc::new(Semaphore::new(SERVICES)),
            most,
            bound: AtomicUsize::new(most),
            successes: AtomicUsize::new(0),
        }
    }

    /// Waits for the right to write. The semaphores are never closed, so a permit always comes.
    pub(super) async fn permit(&self, is_service: bool) -> Permit {
        let service = if is_service {
            self.services.clone().acquire_owned().await.ok()
        } else {
            None
        };
        Permit {
            _write: self.writes.clone().acquire_owned().await.ok(),
            _service: service,
        }
    }

    /// The server asked for less: half as many writes from now on.
    pub(super) fn halve(&self) {
        let bound = self.bound.load(Ordering::Relaxed);
        let next = (bound / 2).max(1);
        if self
            .bound
            .compare_exchange(bound, next, Ordering::Relaxed, Ordering::Relaxed)
            .is_ok()
        {
            // Permits in use now are not taken away; what cannot be forgotten is given up later.
            let forgotten = self.writes.forget_permits(bound - next);
            self.bound
                .fetch_add(bound - next - forgotten, Ordering::Relaxed);
        }
    }

    /// A write succeeded: after some of them, one more at a time.
    pub(super) fn succeed(&self) {
        if self.bound.load(Ordering::Relaxed) >= self.most {
            return;
        }
        if self.successes.fetch_add(1, Ordering::Relaxed) % WRITES_TO_GROW == WRITES_TO_GROW - 1 {
            self.bound.fetch_add(1, Ordering::Relaxed);
            self.writes.add_permits(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn bound_halves_on_429_and_grows_back() {
        let limits = Limits::new(8);
        limits.halve();
        limits.halve();
        assert_eq!(limits.writes.available_permits(), 2);
        for _ in 0..WRITES_TO_GROW * 20 {
            limits.succeed();
        }
        assert_eq!(limits.writes.available_permits(), 8);
    }

    #[tokio::test]
    async fn permits_in_use_are_not_taken_away() {
        let limits = Limits::new(2);
        let held = (limits.permit(false).await, limits.permit(true).await);
        limits.halve();
        drop(held);
        assert_eq!(limits.writes.available_permits(), 2);
    }
}

//! The fence: what every write passes, and what ends all that is on its way.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::moment::Moment;
use super::terms::Terms;

/// It was never open.
const NOT_YET: u64 = 0;
/// It will never be open again.
const OVER: u64 = u64::MAX;
/// A write that has less time left is not begun.
const LEAST: Duration = Duration::from_millis(500);

/// Whether this process may write; cheap to clone. It is shut at first, opens once, and for as long as
/// the Lease was renewed; it never opens again once it is over, also when nobody came to shut it.
#[derive(Debug, Clone)]
pub struct Fence {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    /// Until when it is open, in nanoseconds; or [`NOT_YET`], [`OVER`].
    until: AtomicU64,
    delivery: Duration,
    passed: Mutex<Passed>,
}

/// The writes that passed and may still have an effect.
#[derive(Debug, Default)]
struct Passed {
    next: u64,
    /// Those that are not answered, and when they are over in any case.
    under_way: BTreeMap<u64, Moment>,
    /// When the last of those is over that nobody waits for any more.
    unheard: Moment,
}

/// The right to send one write, once. Dropping it says that nobody knows how the write ended.
#[derive(Debug)]
pub struct Pass {
    inner: Arc<Inner>,
    number: u64,
    /// How long the write may take. The API server is to be told.
    pub within: Duration,
}

impl Fence {
    /// A fence that is shut.
    pub fn new(terms: Terms) -> Self {
        Self {
            inner: Arc::new(Inner {
                until: AtomicU64::new(NOT_YET),
                delivery: terms.delivery(),
                passed: Mutex::default(),
            }),
        }
    }

    /// Lets writes through that are over by then; nothing once it is over.
    pub fn open_until(&self, now: Moment, until: Moment) {
        let (now, until) = (now.nanoseconds(), until.nanoseconds());
        let later = |known| match known {
            NOT_YET => Some(until),
            known => (known != OVER && now < known).then_some(until.max(known)),
        };
        // Nothing to do when it is over.
        let _ = self
            .inner
            .until
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, later);
    }

    /// Lets nothing through any more, and cuts what is on its way.
    pub fn shut(&self) {
        self.inner.until.store(OVER, Ordering::SeqCst);
    }

    /// Whether nothing may leave this process any more, not even the rest of what was begun.
    pub fn is_over(&self, now: Moment) -> bool {
        match self.inner.until.load(Ordering::SeqCst) {
            NOT_YET => false,
            OVER => true,
            until => now.nanoseconds() >= until,
        }
    }

    /// Lets a write through that would like to take so long; `None` when it may not be sent.
    pub fn pass(&self, now: Moment, wish: Duration) -> Option<Pass> {
        let until = match self.inner.until.load(Ordering::SeqCst) {
            NOT_YET | OVER => return None,
            until => Moment::from_nanoseconds(until),
        };
        let within = until.since(now).min(wish);
        if within < LEAST.min(wish) {
            return None;
        }
        let mut passed = self.inner.passed();
        passed.next += 1;
        let number = passed.next;
        let over = now.after(within + self.inner.delivery);
        passed.under_way.insert(number, over);
        Some(Pass {
            inner: Arc::clone(&self.inner),
            number,
            within,
        })
    }

    /// Until when a write that passed may still have an effect; `None` when all were answered.
    pub fn lands_until(&self, now: Moment) -> Option<Moment> {
        let passed = self.inner.passed();
        let unheard = Some(passed.unheard);
        let last = passed.under_way.values().copied().max().max(unheard);
        last.filter(|last| *last > now)
    }

    /// How long a write may be on its way before the kernel has to drop it.
    pub fn delivery(&self) -> Duration {
        self.inner.delivery
    }
}

impl Inner {
    fn passed(&self) -> MutexGuard<'_, Passed> {
        self.passed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Pass {
    /// The API server said how it ended.
    pub fn answered(self) {
        self.inner.passed().under_way.remove(&self.number);
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        let mut passed = self.inner.passed();
        if let Some(over) = passed.under_way.remove(&self.number) {
            passed.unheard = passed.unheard.max(over);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn at(seconds: u64) -> Moment {
        Moment::new(SECOND * u32::try_from(seconds).unwrap())
    }

    fn fence() -> Fence {
        Fence::new(Terms::default())
    }

    #[test]
    fn shut_before_it_opens_and_for_ever_after() {
        let fence = fence();
        assert!(fence.pass(at(1), SECOND).is_none());
        assert!(!fence.is_over(at(1)), "followers read");
        fence.open_until(at(0), at(10));
        assert!(fence.pass(at(1), SECOND).is_some());
        assert!(!fence.is_over(at(9)));
        assert!(fence.is_over(at(10)) && fence.pass(at(10), SECOND).is_none());
        fence.open_until(at(10), at(20));
        assert!(fence.is_over(at(10)), "nobody came to shut it");
        fence.shut();
        fence.open_until(at(1), at(100));
        assert!(fence.is_over(at(1)) && fence.pass(at(1), SECOND).is_none());
    }

    #[test]
    fn an_older_renewal_takes_nothing_back() {
        let fence = fence();
        fence.open_until(at(0), at(10));
        fence.open_until(at(1), at(5));
        assert!(fence.pass(at(8), SECOND).is_some());
    }

    #[test]
    fn a_write_gets_no_more_time_than_is_left() {
        let fence = fence();
        fence.open_until(at(0), at(10));
        for (now, wish, within) in [
            (0, 3, Some(3)),
            (0, 30, Some(10)),
            (9, 30, Some(1)),
            (10, 30, None),
        ] {
            let pass = fence.pass(at(now), SECOND * wish).map(|pass| pass.within);
            assert_eq!(pass, within.map(|seconds| SECOND * seconds), "{now}");
        }
        let short = at(9).after(Duration::from_millis(600));
        assert!(fence.pass(short, SECOND).is_none());
    }

    #[test]
    fn what_was_not_answered_may_land_until_its_time_is_over() {
        let fence = fence();
        fence.open_until(at(0), at(10));
        let (answered, dropped) = (fence.pass(at(0), SECOND * 4), fence.pass(at(0), SECOND * 2));
        // Three seconds of them on the way.
        assert_eq!(fence.lands_until(at(0)), Some(at(7)));
        answered.unwrap().answered();
        assert_eq!(fence.lands_until(at(0)), Some(at(5)));
        drop(dropped);
        assert_eq!(fence.lands_until(at(4)), Some(at(5)));
        assert_eq!(fence.lands_until(at(5)), None);
    }
}

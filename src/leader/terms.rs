//! How long leadership lasts.

use std::time::Duration;

/// How long a leader has, by the names that client-go gives these.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terms {
    /// After so long without a renewal others may take the Lease. Whole seconds.
    pub lease: Duration,
    /// After so long without a renewal the leader writes nothing more.
    pub renew_deadline: Duration,
    /// How often it is renewed, and tried again.
    pub retry_period: Duration,
}

impl Default for Terms {
    fn default() -> Self {
        Self {
            lease: Duration::from_secs(15),
            renew_deadline: Duration::from_secs(10),
            retry_period: Duration::from_secs(2),
        }
    }
}

impl Terms {
    /// How much longer at most a follower waits than it would have to, by chance: a part of the retry
    /// period.
    pub(super) const JITTER: f64 = 1.2;

    /// The shortest time between the leader's last write and the next leader's first: less, and what was
    /// sent could not be over.
    const LEAST_GAP: Duration = Duration::from_secs(1);

    /// Checks what people set.
    ///
    /// *Errors*: a sentence each.
    pub fn check(&self) -> Result<(), String> {
        let Self {
            lease,
            renew_deadline,
            retry_period,
        } = *self;
        if lease.subsec_nanos() != 0 || lease.is_zero() || lease.as_secs() > i32::MAX as u64 {
            return Err(format!(
                "a Lease counts in whole seconds, and its duration is {lease:?}"
            ));
        }
        if renew_deadline + Self::LEAST_GAP > lease {
            return Err(format!(
                "the duration of the Lease ({lease:?}) must be at least a second longer than the renew deadline ({renew_deadline:?})"
            ));
        }
        if retry_period.is_zero() || retry_period.mul_f64(Self::JITTER) >= renew_deadline {
            return Err(format!(
                "the renew deadline ({renew_deadline:?}) must be longer than 1.2 times the retry period ({retry_period:?})"
            ));
        }
        Ok(())
    }

    /// The duration as the Lease has it.
    pub(super) fn seconds(&self) -> u64 {
        self.lease.as_secs()
    }

    /// How long one request for the Lease may take: so that there is time for a second one.
    pub fn request(&self) -> Duration {
        (self.renew_deadline / 2).max(Duration::from_secs(1))
    }

    /// How long after the leader's end the next one may begin.
    fn gap(&self) -> Duration {
        self.lease.saturating_sub(self.renew_deadline)
    }

    /// How long a write may be on its way: what the kernel cannot deliver by then, it has to drop.
    pub fn delivery(&self) -> Duration {
        self.gap() * 3 / 5
    }

    /// How long after its end a leader that does not end what it runs is ended by force, with all that it
    /// runs.
    pub fn mercy(&self) -> Duration {
        self.gap() * 7 / 10
    }
}

//! A time on a clock that only goes on.

use std::time::Duration;

/// A time on a clock of this machine that nobody can set, and that goes on while the machine sleeps:
/// how long it has been running. It says nothing on another machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Moment(Duration);

impl Moment {
    /// So long after the clock began.
    pub const fn new(since_beginning: Duration) -> Self {
        Self(since_beginning)
    }

    /// So much later.
    #[must_use]
    pub fn after(self, time: Duration) -> Self {
        Self(self.0.saturating_add(time))
    }

    /// How much later this is than another; zero when it is not later.
    pub fn since(self, earlier: Self) -> Duration {
        self.0.saturating_sub(earlier.0)
    }

    /// The same as whole nanoseconds: 584 years.
    pub(super) fn nanoseconds(self) -> u64 {
        u64::try_from(self.0.as_nanos()).unwrap_or(u64::MAX - 1)
    }

    pub(super) const fn from_nanoseconds(nanoseconds: u64) -> Self {
        Self(Duration::from_nanos(nanoseconds))
    }
}

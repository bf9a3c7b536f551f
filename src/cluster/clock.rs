//! The clock by which leadership is counted.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

use crate::leader::Moment;

/// What time it is on the clock of this machine that nobody sets, and that goes on while the machine
/// sleeps: a leader that slept must not believe that no time has passed.
pub fn now() -> Moment {
    let time = clock_gettime(ClockId::Boottime);
    // It begins at zero, so nothing of it is negative.
    let seconds = u64::try_from(time.tv_sec).unwrap_or_default();
    let nanoseconds = u32::try_from(time.tv_nsec).unwrap_or_default();
    Moment::new(Duration::new(seconds, nanoseconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clock_goes_on() {
        let before = now();
        std::thread::sleep(Duration::from_millis(2));
        let passed = now().since(before);
        assert!(
            passed >= Duration::from_millis(2) && passed < Duration::from_mins(1),
            "{passed:?}"
        );
    }
}

//! How long a task waits after it failed.

use std::time::Duration;

const FIRST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(32);

/// 1, 2, 4, 8, 16 and then 32 seconds, whatever the number of failures (from 1).
pub fn delay(failures: u32) -> Duration {
    let doublings = failures.saturating_sub(1).min(8);
    FIRST.saturating_mul(1 << doublings).min(LONGEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delay_doubles_up_to_half_a_minute() {
        let seconds: Vec<u64> = (1..=8).map(|failures| delay(failures).as_secs()).collect();
        assert_eq!(seconds, [1, 2, 4, 8, 16, 32, 32, 32]);
        assert_eq!(delay(u32::MAX), LONGEST);
    }
}

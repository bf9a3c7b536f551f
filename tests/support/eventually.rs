//! Waiting for what becomes true by itself.

use std::time::Duration;

use tokio::time::{Instant, sleep};

const FIRST_PAUSE: Duration = Duration::from_millis(5);
const LONGEST_PAUSE: Duration = Duration::from_millis(200);

/// Asks `check` until it answers `Ok`, and panics after `deadline` with what it answered last.
///
/// Deadlines are for slow machines: ten times what is expected is not too much.
pub(crate) async fn eventually<T, F>(what: &str, deadline: Duration, mut check: F) -> T
where
    F: AsyncFnMut() -> Result<T, String>,
{
    let end = Instant::now() + deadline;
    let mut pause = FIRST_PAUSE;
    loop {
        let seen = match check().await {
            Ok(value) => return value,
            Err(seen) => seen,
        };
        assert!(
            Instant::now() < end,
            "not within {deadline:?}: {what}; last seen: {seen}"
        );
        sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

#[tokio::test(start_paused = true)]
async fn eventually_returns_the_first_good_answer() {
    let mut asked = 0;
    let answer = eventually("three", Duration::from_mins(1), async || {
        asked += 1;
        if asked == 3 {
            Ok(asked)
        } else {
            Err(asked.to_string())
        }
    });
    assert_eq!(answer.await, 3);
}

#[tokio::test(start_paused = true)]
#[should_panic(expected = "not within 1s: the moon; last seen: clouds")]
async fn eventually_tells_what_it_last_saw() {
    let never = async || Err::<(), _>("clouds".to_owned());
    eventually("the moon", Duration::from_secs(1), never).await;
}

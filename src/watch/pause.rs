//! How long a stream waits before it tries again, and what it has seen.

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::timeout;

use crate::cluster::{Client, Error};

const FIRST: Duration = Duration::from_millis(200);
const LONGEST: Duration = Duration::from_secs(30);
/// While nobody answers, somebody has to try.
const LONGEST_AWAY: Duration = Duration::from_secs(5);
/// A server that goes on answering with states of the past was set back, by those who restored it: about
/// a minute of it is believed.
const LAGS: u32 = 8;

/// Pauses that grow. The end of an outage ends them, for all streams at once.
pub(super) struct Pause {
    client: Client,
    outages: watch::Receiver<u64>,
    next: Duration,
}

impl Pause {
    pub(super) fn new(client: &Client) -> Self {
        Self {
            client: client.clone(),
            outages: client.outages(),
            next: FIRST,
        }
    }

    /// Waits for the next one.
    pub(super) async fn wait(&mut self) {
        let longest = if self.client.is_away() {
            LONGEST_AWAY
        } else {
            LONGEST
        };
        let pause = self.next.min(longest);
        let over = timeout(pause, self.outages.changed()).await;
        self.next = match over {
            Ok(_) => FIRST,
            Err(_) => pause * 2,
        };
    }

    /// All is well: the next one is short again.
    pub(super) fn reset(&mut self) {
        self.next = FIRST;
    }
}

/// The newest version that a stream has seen. A list that is older is one of a server that lags behind:
/// what it does not name may be there, and what it names may be gone.
#[derive(Debug, Default)]
pub(super) struct Newest {
    version: u64,
    lags: u32,
}

impl Newest {
    /// A state was told.
    pub(super) fn saw(&mut self, version: &str) {
        self.lags = 0;
        // Versions are numbers that grow, unless a server says otherwise.
        self.version = version.parse().unwrap_or_default();
    }

    /// Whether a state is of the past.
    pub(super) fn is_after(&self, version: &str) -> bool {
        let version = version.parse().unwrap_or(u64::MAX);
        version < self.version && self.lags < LAGS
    }

    /// A list failed.
    pub(super) fn missed(&mut self, error: &Error) {
        if matches!(error, Error::Lag { .. }) {
            self.lags += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn state_of_the_past_is_not_believed_unless_it_stays() {
        let mut newest = Newest::default();
        assert!(!newest.is_after("1"));
        newest.saw("12");
        for (version, is_past) in [("11", true), ("12", false), ("100", false), ("a", false)] {
            assert_eq!(newest.is_after(version), is_past, "{version}");
        }
        let lag = Error::Lag {
            deed: String::new(),
        };
        for _ in 0..LAGS {
            assert!(newest.is_after("11"));
            newest.missed(&lag);
        }
        assert!(!newest.is_after("11"), "the server was set back");
        newest.saw("11");
        assert!(newest.is_after("10"));
    }
}

//! What a chart asks of this machine, where no cluster is asked.

use std::net::ToSocketAddrs as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use rustix::rand::{GetRandomFlags, getrandom};
use serde_json::Value;

use super::validate::Cluster;
use crate::render::{DrawKey, Lookup, Outside};

/// How long a render may take; Helm itself would go on for ever. The operator gives it a minute, and tries again: here nobody
/// does, and the machine may be a busy one.
const LONGEST: Duration = Duration::from_mins(10);

/// This machine: its time and randomness, and a cluster only where a person says so.
pub(super) struct Local {
    asks_for_hosts: bool,
    cluster: Option<Arc<Cluster>>,
    begun: Instant,
}

impl Local {
    pub(super) fn new(asks_for_hosts: bool, cluster: Option<Arc<Cluster>>) -> Self {
        Self {
            asks_for_hosts,
            cluster,
            begun: Instant::now(),
        }
    }
}

impl Outside for Local {
    fn now(&self) -> i128 {
        Timestamp::now().as_nanosecond()
    }

    fn fill_random(&self, bytes: &mut [u8]) {
        let mut filled = 0;
        while let Some(rest) = bytes.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            // It fails only when a signal came in between.
            filled += getrandom(rest, GetRandomFlags::empty()).unwrap_or_default();
        }
    }

    fn lookup(&self, of: &Lookup<'_>) -> Result<Option<Value>, String> {
        let cluster = self.cluster.as_ref();
        cluster.map_or(Ok(None), |cluster| cluster.look(of))
    }

    fn resolve_host(&self, name: &str) -> String {
        if !self.asks_for_hosts {
            return String::new();
        }
        let found = (name, 0).to_socket_addrs().ok();
        let first = found.and_then(|mut addresses| addresses.next());
        first.map_or_else(String::new, |address| address.ip().to_string())
    }

    fn is_late(&self) -> bool {
        self.begun.elapsed() > LONGEST
    }

    fn recall(&self, _: &DrawKey) -> Option<Value> {
        None
    }

    fn keep(&self, _: DrawKey, _: Value) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_render_ends_after_a_minute() {
        let mut world = Local::new(false, None);
        assert!(!world.is_late());
        world.begun = Instant::now()
            .checked_sub(LONGEST + Duration::from_secs(1))
            .unwrap();
        assert!(world.is_late());
    }
}

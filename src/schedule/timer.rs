//! Which crontabs are wanted, and when the next of them fires.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{Timestamp, Zoned};

use super::Crontab;

/// The wanted crontabs, each with the next time at which it fires.
#[derive(Debug, Default)]
pub struct Timers {
    next: BTreeMap<Crontab, Option<Timestamp>>,
}

impl Timers {
    /// Makes these the wanted crontabs. One that was wanted before keeps its next time.
    pub fn set(&mut self, wanted: BTreeSet<Crontab>, now: &Zoned) {
        let mut before = std::mem::take(&mut self.next);
        for crontab in wanted {
            let next = before
                .remove(&crontab)
                .unwrap_or_else(|| next_after(&crontab, now));
            self.next.insert(crontab, next);
        }
    }

    /// When the next of them fires; `None` when none ever does.
    pub fn next(&self) -> Option<Timestamp> {
        self.next.values().flatten().min().copied()
    }

    /// The crontabs whose time has come, in the order of their times. Each then waits for its first
    /// time after `now`: what was missed while nobody asked is made up for once.
    pub fn due(&mut self, now: &Zoned) -> Vec<Crontab> {
        let mut due: Vec<(Timestamp, Crontab)> = Vec::new();
        for (crontab, next) in &mut self.next {
            if let Some(time) = *next
                && time <= now.timestamp()
            {
                due.push((time, crontab.clone()));
                *next = next_after(crontab, now);
            }
        }
        due.sort();
        due.into_iter().map(|(_, crontab)| crontab).collect()
    }
}

fn next_after(crontab: &Crontab, now: &Zoned) -> Option<Timestamp> {
    crontab.next_after(now).map(|time| time.timestamp())
}

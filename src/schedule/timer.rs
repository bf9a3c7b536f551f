//! Which crontabs are wanted, and when the next of them fires.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::{Timestamp, Zoned};

use super::Crontab;

/// A clock that was set is noticed within so long.
const LOOK_AGAIN: Duration = Duration::from_mins(1);

/// The wanted crontabs, each with the next time at which it fires.
#[derive(Debug, Default)]
pub struct Timers {
    next: BTreeMap<Crontab, Option<Timestamp>>,
    /// The latest time that was told.
    seen: Timestamp,
}

impl Timers {
    /// Makes these the wanted crontabs. One that was wanted before keeps its next time.
    pub fn set(&mut self, wanted: BTreeSet<Crontab>, now: &Zoned) {
        self.notice(now);
        let mut before = std::mem::take(&mut self.next);
        for crontab in wanted {
            let next = before
                .remove(&crontab)
                .unwrap_or_else(|| next_after(&crontab, now));
            self.next.insert(crontab, next);
        }
    }

    /// How long to wait before [`due`](Self::due) is asked; `None` when nothing fires ever. The clock may be
    /// set meanwhile, forward or back: a long wait is cut, and looks again.
    pub fn wait(&self, now: Timestamp) -> Option<Duration> {
        let left = self.next()?.duration_since(now);
        Some(Duration::try_from(left).unwrap_or_default().min(LOOK_AGAIN))
    }

    /// When the next of them fires; `None` when none ever does.
    pub fn next(&self) -> Option<Timestamp> {
        self.next.values().flatten().min().copied()
    }

    /// The crontabs whose time has come, in the order of their times. Times that were missed while
    /// nobody asked are made up for once; `@every` keeps its beat.
    pub fn due(&mut self, now: &Zoned) -> Vec<Crontab> {
        self.notice(now);
        let mut due: Vec<(Timestamp, Crontab)> = Vec::new();
        for (crontab, next) in &mut self.next {
            let Some(time) = *next else { continue };
            if time > now.timestamp() {
                continue;
            }
            due.push((time, crontab.clone()));
            *next = next_after(crontab, &time.to_zoned(now.time_zone().clone()))
                .filter(|next| *next > now.timestamp())
                .or_else(|| next_after(crontab, now));
        }
        due.sort();
        due.into_iter().map(|(_, crontab)| crontab).collect()
    }

    /// A clock that was set back would make every crontab wait for the time that it had: all begin anew.
    fn notice(&mut self, now: &Zoned) {
        if now.timestamp() < self.seen {
            for (crontab, next) in &mut self.next {
                *next = next_after(crontab, now);
            }
        }
        self.seen = now.timestamp();
    }
}

fn next_after(crontab: &Crontab, now: &Zoned) -> Option<Timestamp> {
    crontab.next_after(now).map(|time| time.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Zoned {
        format!("2026-03-{text}[UTC]").parse().unwrap()
    }

    fn crontabs<const N: usize>(texts: [&str; N]) -> BTreeSet<Crontab> {
        texts.map(|text| Crontab::parse(text).unwrap()).into()
    }

    fn fires(timers: &mut Timers, now: &str, expected: &[&str]) {
        let due = timers.due(&at(now));
        let due: Vec<&str> = due.iter().map(Crontab::text).collect();
        assert_eq!(due, expected, "{now}");
    }

    #[test]
    fn due_crontabs_come_in_the_order_of_their_times() {
        let mut timers = Timers::default();
        assert_eq!(timers.next(), None);
        let wanted = crontabs(["*/5 * * * *", "@hourly", "@every 90s"]);
        timers.set(wanted, &at("01T10:00:30"));
        assert_eq!(timers.next(), Some(at("01T10:02:00").timestamp()));
        fires(&mut timers, "01T10:01:59", &[]);
        fires(&mut timers, "01T10:02:00", &["@every 90s"]);
        fires(&mut timers, "01T10:05:00", &["@every 90s", "*/5 * * * *"]);
        fires(&mut timers, "01T10:05:00", &[]);
        fires(
            &mut timers,
            "01T11:00:00.5",
            &["@every 90s", "*/5 * * * *", "@hourly"],
        );
    }

    #[test]
    fn every_keeps_its_beat_when_asked_late() {
        let mut timers = Timers::default();
        timers.set(crontabs(["@every 10s"]), &at("01T10:00:00.25"));
        fires(&mut timers, "01T10:00:13", &["@every 10s"]);
        assert_eq!(timers.next(), Some(at("01T10:00:20").timestamp()));
        fires(&mut timers, "01T10:03:07", &["@every 10s"]);
        assert_eq!(timers.next(), Some(at("01T10:03:17").timestamp()));
    }

    #[test]
    fn wanted_before_keeps_its_time() {
        let mut timers = Timers::default();
        timers.set(crontabs(["@every 1h"]), &at("01T10:00:00"));
        timers.set(crontabs(["@every 1h", "@every 3h"]), &at("01T10:30:00"));
        assert_eq!(timers.next(), Some(at("01T11:00:00").timestamp()));
        timers.set(crontabs(["@every 3h"]), &at("01T10:30:00"));
        assert_eq!(timers.next(), Some(at("01T13:30:00").timestamp()));
        timers.set(BTreeSet::new(), &at("01T10:30:00"));
        assert_eq!(timers.next(), None);
    }

    /// Walks a clock that is set by `jump` after a while, waiting as told; answers the times at which
    /// crontabs fired, in minutes of real time.
    fn walk(jump: jiff::SignedDuration) -> Vec<u64> {
        let (mut timers, mut passed) = (Timers::default(), Duration::ZERO);
        let begin = at("01T10:00:30");
        let clock = |passed: Duration| {
            let is_set = passed >= Duration::from_mins(10);
            let set = if is_set {
                jump
            } else {
                jiff::SignedDuration::ZERO
            };
            let passed = jiff::SignedDuration::try_from(passed).unwrap();
            begin.checked_add(passed).unwrap().checked_add(set).unwrap()
        };
        timers.set(crontabs(["*/5 * * * *"]), &begin);
        let mut fired = Vec::new();
        while passed < Duration::from_mins(30) {
            passed += timers.wait(clock(passed).timestamp()).unwrap();
            if !timers.due(&clock(passed)).is_empty() {
                fired.push(passed.as_secs() / 60);
            }
        }
        fired
    }

    #[test]
    fn clock_that_jumps_holds_up_no_crontab() {
        let hours = jiff::SignedDuration::from_hours;
        // 10:05 and so on, half a minute after the full ones of real time.
        assert_eq!(walk(hours(0)), [4, 9, 14, 19, 24, 29]);
        assert_eq!(walk(hours(-3)), [4, 9, 14, 19, 24, 29]);
        // What was jumped over is made up for, once, when it is noticed.
        assert_eq!(walk(hours(3)), [4, 9, 10, 14, 19, 24, 29]);
    }

    #[test]
    fn clock_set_back_begins_anew() {
        let mut timers = Timers::default();
        timers.set(crontabs(["@hourly"]), &at("20T10:30:00"));
        fires(&mut timers, "01T10:30:00", &[]);
        assert_eq!(timers.next(), Some(at("01T11:00:00").timestamp()));
    }
}

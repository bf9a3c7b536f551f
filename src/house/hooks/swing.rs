//! Values that hooks change back and forth: a pair of hooks that undo each other, or a hook that
//! changes something after every run. It is noticed, slowed and told.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crate::values::Checksum;

const WINDOW: Duration = Duration::from_mins(10);
/// Values that come back so often swing.
const RETURNS: usize = 3;
/// So many runs in a row that only follow from the run before are endless.
const REPEATS: u32 = 5;
const FIRST_PAUSE: Duration = Duration::from_secs(10);
const LONGEST_PAUSE: Duration = Duration::from_mins(5);
/// More changes than this are not remembered.
const REMEMBERED: usize = 256;

/// What is remembered of the changes that hooks made.
#[derive(Debug, Default)]
pub(in crate::house) struct Swing {
    changes: VecDeque<(Instant, Checksum, String)>,
    repeats: u32,
    pauses: u32,
    /// When what was slowed goes on, and why it was slowed.
    slowed: Option<(Instant, String)>,
    last: Option<Instant>,
}

impl Swing {
    /// A hook changed the values to these. Answers whether what follows must wait.
    pub(in crate::house) fn note(&mut self, checksum: Checksum, hook: &str, now: Instant) -> bool {
        while self
            .changes
            .front()
            .is_some_and(|(time, ..)| now.duration_since(*time) >= WINDOW)
            || self.changes.len() >= REMEMBERED
        {
            self.changes.pop_front();
        }
        let returns = self
            .changes
            .iter()
            .filter(|(_, known, _)| *known == checksum)
            .count();
        self.changes.push_back((now, checksum, hook.to_owned()));
        if returns < RETURNS {
            return self.is_slowed();
        }
        let mut hooks: Vec<&str> = self
            .changes
            .iter()
            .map(|(.., hook)| hook.as_str())
            .collect();
        hooks.sort_unstable();
        hooks.dedup();
        let why = if let [one] = hooks.as_slice() {
            format!("{one} changes the values back and forth")
        } else {
            format!("{} undo each other's values", hooks.join(" and "))
        };
        self.slow(why, now);
        true
    }

    /// A run follows from nothing but hooks that changed values after the run before. Answers
    /// whether it must wait.
    pub(in crate::house) fn note_repeat(&mut self, hook: &str, now: Instant) -> bool {
        self.repeats += 1;
        if self.repeats < REPEATS {
            return false;
        }
        self.slow(format!("{hook} changes the values after every run"), now);
        true
    }

    /// A run had another cause, or changed nothing afterwards.
    pub(in crate::house) fn settle(&mut self) {
        self.repeats = 0;
    }

    fn slow(&mut self, why: String, now: Instant) {
        let is_calm = self
            .last
            .is_none_or(|last| now.duration_since(last) >= WINDOW);
        self.pauses = if is_calm { 0 } else { self.pauses + 1 };
        self.last = Some(now);
        let pause = FIRST_PAUSE
            .saturating_mul(1 << self.pauses.min(8))
            .min(LONGEST_PAUSE);
        let until = self
            .slowed
            .as_ref()
            .map_or(now + pause, |(until, _)| *until);
        self.slowed = Some((until, why));
    }

    /// Whether something waits.
    pub(in crate::house) fn is_slowed(&self) -> bool {
        self.slowed.is_some()
    }

    /// Why it was slowed.
    pub(in crate::house) fn why(&self) -> Option<&str> {
        self.slowed.as_ref().map(|(_, why)| why.as_str())
    }

    /// When what was slowed goes on.
    pub(in crate::house) fn wake_at(&self) -> Option<Instant> {
        self.slowed.as_ref().map(|(until, _)| *until)
    }

    /// Whether what was slowed goes on now.
    pub(in crate::house) fn end(&mut self, now: Instant) -> bool {
        let is_over = self.wake_at().is_some_and(|until| until <= now);
        if is_over {
            self.slowed = None;
        }
        is_over
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn of(number: u64) -> Checksum {
        Checksum::of(&json!(number))
    }

    fn seconds(count: u64) -> Duration {
        Duration::from_secs(count)
    }

    #[test]
    fn values_that_come_back_are_slowed_and_told() {
        for (hooks, why) in [
            (["a", "b"], "a and b undo each other's values"),
            (["a", "a"], "a changes the values back and forth"),
        ] {
            let (mut swing, now) = (Swing::default(), Instant::now());
            for turn in 0..6 {
                assert!(!swing.note(of(turn % 2), hooks[(turn % 2) as usize], now));
            }
            assert!(swing.note(of(0), hooks[0], now));
            assert_eq!(swing.why(), Some(why));
            assert_eq!(swing.wake_at(), Some(now + FIRST_PAUSE));
            assert!(swing.note(of(7), "c", now), "all waits meanwhile");
        }
    }

    #[test]
    fn values_that_come_back_slowly_do_not_swing() {
        let (mut swing, mut now) = (Swing::default(), Instant::now());
        for turn in 0..50 {
            assert!(!swing.note(of(turn % 2), "a", now));
            now += WINDOW / 4;
        }
    }

    #[test]
    fn values_that_are_always_new_do_not_swing() {
        let (mut swing, now) = (Swing::default(), Instant::now());
        for turn in 0..1_000 {
            assert!(!swing.note(of(turn), "a", now));
        }
        assert!(swing.changes.len() <= REMEMBERED);
    }

    #[test]
    fn runs_that_only_follow_from_each_other_are_slowed() {
        let (mut swing, now) = (Swing::default(), Instant::now());
        for _ in 1..REPEATS {
            assert!(!swing.note_repeat("a", now));
        }
        swing.settle();
        for _ in 1..REPEATS {
            assert!(!swing.note_repeat("a", now));
        }
        assert!(swing.note_repeat("a", now));
        assert_eq!(swing.why(), Some("a changes the values after every run"));
    }

    #[test]
    fn pauses_grow_and_begin_anew_after_a_calm_time() {
        let (mut swing, mut now) = (Swing::default(), Instant::now());
        for _ in 1..REPEATS {
            swing.note_repeat("a", now);
        }
        let mut pauses = Vec::new();
        for _ in 0..7 {
            assert!(swing.note_repeat("a", now));
            let until = swing.wake_at().unwrap();
            assert!(!swing.end(until - seconds(1)));
            assert!(swing.end(until) && !swing.is_slowed());
            pauses.push((until - now).as_secs());
            now = until;
        }
        assert_eq!(pauses, [10, 20, 40, 80, 160, 300, 300]);
        now += WINDOW;
        swing.note_repeat("a", now);
        assert_eq!(swing.wake_at(), Some(now + FIRST_PAUSE));
    }
}

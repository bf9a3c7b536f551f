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
    /// When what was slowed goes on.
    slowed: Option<Instant>,
    /// When it was slowed last, and why; until that is long ago.
    last: Option<(Instant, String)>,
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

    /// A hook changed what all modules are made from, and it was decided so often what runs since all have run.
    /// Answers whether what follows must wait, so that they can.
    pub(in crate::house) fn note_undone(&mut self, undone: u32, hook: &str, now: Instant) -> bool {
        if undone < REPEATS {
            return false;
        }
        self.slow(
            format!("{hook} changes the values before all modules have run"),
            now,
        );
        true
    }

    /// A run had another cause, or changed nothing afterwards.
    pub(in crate::house) fn settle(&mut self) {
        self.repeats = 0;
    }

    fn slow(&mut self, why: String, now: Instant) {
        if self.slowed.is_some() {
            self.last = Some((now, why));
            return;
        }
        self.forget(now);
        self.pauses = match self.last {
            None => 0,
            Some(_) => self.pauses + 1,
        };
        self.last = Some((now, why));
        let pause = FIRST_PAUSE
            .saturating_mul(1 << self.pauses.min(8))
            .min(LONGEST_PAUSE);
        self.slowed.get_or_insert(now + pause);
    }

    /// Whether something waits.
    pub(in crate::house) fn is_slowed(&self) -> bool {
        self.slowed.is_some()
    }

    /// Why it was slowed, of late.
    pub(in crate::house) fn why(&self) -> Option<&str> {
        self.last.as_ref().map(|(_, why)| why.as_str())
    }

    /// When what was slowed goes on, or is forgotten.
    pub(in crate::house) fn wake_at(&self) -> Option<Instant> {
        let forgotten = self.last.as_ref().map(|(last, _)| *last + WINDOW);
        self.slowed.or(forgotten)
    }

    /// Forgets what was slowed when that is long ago; answers whether it did.
    pub(in crate::house) fn forget(&mut self, now: Instant) -> bool {
        let is_long_ago = |last: &(Instant, String)| now.duration_since(last.0) >= WINDOW;
        let is_over = self.slowed.is_none() && self.last.as_ref().is_some_and(is_long_ago);
        if is_over {
            self.last = None;
        }
        is_over
    }

    /// Whether what was slowed goes on now.
    pub(in crate::house) fn end(&mut self, now: Instant) -> bool {
        let is_over = self.slowed.is_some_and(|until| until <= now);
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

    const SECOND: Duration = Duration::from_secs(1);

    /// Notes values one second apart; answers after how many it was slowed, and when.
    fn slowed(values: &[u32], hooks: &[&str]) -> (Swing, Option<usize>) {
        let (mut swing, mut now) = (Swing::default(), Instant::now());
        let mut notes = values.iter().zip(hooks.iter().cycle());
        let index = notes.position(|(value, hook)| {
            now += SECOND;
            swing.note(Checksum::of(&json!(value)), hook, now)
        });
        (swing, index)
    }

    #[test]
    fn values_that_come_back_three_times_swing() {
        let (swing, index) = slowed(&[1, 2, 1, 2, 1, 2, 1, 2], &["a", "b"]);
        assert_eq!(index, Some(6));
        assert_eq!(swing.why(), Some("a and b undo each other's values"));
        let (swing, _) = slowed(&[1, 2, 1, 2, 1, 2, 1, 2], &["a"]);
        assert_eq!(swing.why(), Some("a changes the values back and forth"));
    }

    #[test]
    fn values_that_only_go_on_do_not_swing() {
        let all: Vec<u32> = (0..1000).collect();
        assert_eq!(slowed(&all, &["a", "b"]).1, None);
    }

    #[test]
    fn pauses_grow_while_it_swings_and_not_while_it_is_slowed() {
        let (mut swing, mut now) = (Swing::default(), Instant::now());
        let mut pauses = Vec::new();
        for _ in 0..7 {
            while !swing.note_repeat("a", now) {}
            let until = swing.wake_at().unwrap();
            pauses.push(until.duration_since(now).as_secs());
            assert!(swing.note_repeat("a", now + SECOND));
            assert_eq!(swing.wake_at(), Some(until));
            now = until;
            assert!(swing.end(now));
        }
        assert_eq!(pauses, [10, 20, 40, 80, 160, 300, 300]);
        now += WINDOW;
        assert!(swing.note_repeat("a", now));
        assert_eq!(swing.wake_at(), Some(now + FIRST_PAUSE));
    }

    #[test]
    fn run_that_changes_nothing_afterwards_settles_it() {
        let (mut swing, now) = (Swing::default(), Instant::now());
        for _ in 0..100 {
            assert!(!swing.note_repeat("a", now));
            swing.settle();
        }
    }
}

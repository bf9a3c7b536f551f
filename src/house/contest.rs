//! Fields that two writers keep changing back: after three corrections within ten minutes the
//! object is left alone for as long, and people are told.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use crate::apply::Drift;
use crate::diff::Reason;
use crate::object::ObjectRef;

const CORRECTIONS: usize = 3;
const WINDOW: Duration = Duration::from_mins(10);

/// What is contested of one module.
#[derive(Debug, Clone, Default)]
pub(super) struct Contest {
    /// When each field was corrected against each manager.
    corrections: BTreeMap<(ObjectRef, String, String), Vec<Instant>>,
    /// Objects that are left alone, until when, and why.
    left: BTreeMap<ObjectRef, (Instant, String)>,
}

impl Contest {
    /// Takes in a correction; answers why the object is left alone from now on.
    pub(super) fn note(&mut self, drift: &Drift, now: Instant) -> Option<String> {
        self.corrections.retain(|_, times| {
            times.retain(|time| now.duration_since(*time) < WINDOW);
            !times.is_empty()
        });
        let mut why = None;
        for taken in &drift.taken {
            let key = (
                drift.object.clone(),
                taken.field.clone(),
                taken.manager.clone(),
            );
            let times = self.corrections.entry(key).or_default();
            times.push(now);
            if times.len() >= CORRECTIONS {
                why = Some(format!(
                    "{}: {} is set by {:?} again and again; it is left alone for {} minutes",
                    drift.object,
                    taken.field,
                    taken.manager,
                    WINDOW.as_secs() / 60
                ));
            }
        }
        if drift.reason == Reason::Altered && drift.taken.is_empty() {
            why = self.note_removal(drift, now);
        }
        let why = why?;
        self.corrections
            .retain(|(object, _, _), _| *object != drift.object);
        self.left
            .insert(drift.object.clone(), (now + WINDOW, why.clone()));
        Some(why)
    }

    /// Fields that were removed are nobody's: who removed them is not known.
    fn note_removal(&mut self, drift: &Drift, now: Instant) -> Option<String> {
        let key = (drift.object.clone(), String::new(), String::new());
        let times = self.corrections.entry(key).or_default();
        times.push(now);
        (times.len() >= CORRECTIONS).then(|| {
            format!(
                "{}: fields are removed again and again; it is left alone for {} minutes",
                drift.object,
                WINDOW.as_secs() / 60
            )
        })
    }

    /// The objects that are left alone.
    pub(super) fn objects(&self) -> BTreeSet<ObjectRef> {
        self.left.keys().cloned().collect()
    }

    /// Why, one sentence each.
    pub(super) fn reasons(&self) -> Vec<&str> {
        self.left.values().map(|(_, why)| why.as_str()).collect()
    }

    /// When the first of them is corrected again.
    pub(super) fn next_end(&self) -> Option<Instant> {
        self.left.values().map(|(until, _)| *until).min()
    }

    /// Ends what is over; answers whether anything ended.
    pub(super) fn end(&mut self, now: Instant) -> bool {
        let before = self.left.len();
        self.left.retain(|_, (until, _)| *until > now);
        self.left.len() < before
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diff::Taken;

    fn drift(field: &str, manager: &str) -> Drift {
        Drift {
            object: ObjectRef {
                group: String::new(),
                kind: "A".into(),
                namespace: None,
                name: "a".into(),
            },
            reason: Reason::Altered,
            taken: vec![Taken {
                field: field.into(),
                manager: manager.into(),
            }],
        }
    }

    #[test]
    fn the_third_correction_within_ten_minutes_is_the_last() {
        let (mut contest, now) = (Contest::default(), Instant::now());
        assert!(contest.note(&drift(".a", "x"), now).is_none());
        assert!(contest.note(&drift(".a", "x"), now).is_none());
        assert!(contest.note(&drift(".a", "x"), now).is_some());
        assert_eq!(contest.objects().len(), 1);
        assert!(!contest.end(now + Duration::from_mins(9)));
        assert!(contest.end(now + Duration::from_mins(10)));
        assert!(contest.objects().is_empty());
    }

    #[test]
    fn fields_that_are_removed_again_and_again_are_contested() {
        let (mut contest, now) = (Contest::default(), Instant::now());
        let removed = Drift {
            taken: vec![],
            ..drift("", "")
        };
        let deleted = Drift {
            reason: Reason::Deleted,
            ..removed.clone()
        };
        assert!(contest.note(&removed, now).is_none());
        assert!(contest.note(&removed, now).is_none());
        assert!(contest.note(&deleted, now).is_none());
        assert!(contest.note(&removed, now).is_some());
    }

    #[test]
    fn other_fields_other_managers_and_old_corrections_do_not_add_up() {
        let (mut contest, now) = (Contest::default(), Instant::now());
        for (field, manager) in [(".a", "x"), (".b", "x"), (".a", "y"), (".a", "x")] {
            assert!(contest.note(&drift(field, manager), now).is_none());
        }
        assert!(contest.note(&drift(".a", "x"), now + WINDOW).is_none());
    }
}

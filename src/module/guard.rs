//! The guard against mass deletion: which vanished modules are believed to be gone. Pure.

use std::collections::{BTreeMap, BTreeSet};
use std::iter;
use std::path::PathBuf;
use std::time::Duration;

use crate::name::ModuleName;

use super::discover::{DirState, Discovery};

/// The modules whose objects are in the cluster, with the modules directory where each was last
/// seen; `None` when only the cluster remembers it.
pub type Known = BTreeMap<ModuleName, Option<PathBuf>>;

/// What to do about the modules that are known and not on disk.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Verdict {
    /// These are gone: they may be deleted.
    pub believed: BTreeSet<ModuleName>,
    /// These will be believed when they are still gone then.
    pub waiting: BTreeSet<ModuleName>,
    /// When to ask again, on the caller's clock; `None` when nothing waits.
    pub ask_again_at: Option<Duration>,
    /// Nothing is believed, and why.
    pub held: Option<Held>,
}

/// Vanished modules that nothing is done about until the folders are back or a person says so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// Why, as a sentence.
    pub why: String,
    /// Which.
    pub names: BTreeSet<ModuleName>,
}

/// Remembers since when modules are gone.
#[derive(Debug, Clone)]
pub struct Guard {
    settle: Duration,
    gone_since: BTreeMap<ModuleName, Duration>,
}

/// Of fewer modules than this, a share says nothing.
const SEVERAL: usize = 3;

/// No more than one in so many modules vanishes at once.
const SHARE: usize = 5;

impl Guard {
    /// A guard that believes after `settle`.
    pub fn new(settle: Duration) -> Self {
        Self {
            settle,
            gone_since: BTreeMap::new(),
        }
    }

    /// Compares what is known with what is on disk, at a time since any fixed moment.
    ///
    /// Broken folders are there: only a module without a folder has vanished. Deleted modules are to
    /// be left out of `known` the next time.
    pub fn weigh(&mut self, known: &Known, found: &Discovery, now: Duration) -> Verdict {
        let present = found.names();
        let gone: BTreeSet<&ModuleName> = known
            .keys()
            .filter(|name| !present.contains(name))
            .collect();
        self.gone_since.retain(|name, _| gone.contains(name));
        if gone.is_empty() {
            return Verdict::default();
        }
        if let Some(why) = unsound_dir(known, found, &gone).or_else(|| too_many(known, &gone)) {
            // The settle time starts when the reason to doubt has passed.
            self.gone_since.clear();
            return Verdict {
                held: Some(Held {
                    why,
                    names: gone.into_iter().cloned().collect(),
                }),
                ..Verdict::default()
            };
        }
        self.settle(&gone, now)
    }

    fn settle(&mut self, gone: &BTreeSet<&ModuleName>, now: Duration) -> Verdict {
        let mut verdict = Verdict::default();
        for name in gone {
            let since = *self.gone_since.entry((*name).clone()).or_insert(now);
            let believed_at = since.saturating_add(self.settle);
            if now >= believed_at {
                verdict.believed.insert((*name).clone());
            } else {
                verdict.waiting.insert((*name).clone());
                let earliest = verdict
                    .ask_again_at
                    .map_or(believed_at, |at| at.min(believed_at));
                verdict.ask_again_at = Some(earliest);
            }
        }
        verdict
    }
}

/// A directory that is not there or cannot be read makes all doubtful; an empty one only those
/// modules that may have been in it.
fn unsound_dir(known: &Known, found: &Discovery, gone: &BTreeSet<&ModuleName>) -> Option<String> {
    let may_have_been_in = |dir: &PathBuf| {
        gone.iter().any(|name| {
            let last_seen = known.get(*name).and_then(Option::as_ref);
            last_seen.is_none_or(|last_seen| last_seen == dir)
        })
    };
    found.doubt().or_else(|| {
        let mut empty = found.dirs.iter().filter(|dir| dir.state == DirState::Empty);
        empty
            .find(|dir| may_have_been_in(&dir.path))
            .map(|dir| format!("modules directory {} holds no module", dir.path.display()))
    })
}

/// A single module is a person's wish; several that are more than a fifth of all, or of their
/// directory, are an accident.
fn too_many(known: &Known, gone: &BTreeSet<&ModuleName>) -> Option<String> {
    let mut by_dir: BTreeMap<Option<&PathBuf>, (usize, usize)> = BTreeMap::new();
    for (name, dir) in known {
        let is_gone = usize::from(gone.contains(name));
        // `None` counts all of them.
        for key in iter::once(None).chain(dir.as_ref().map(Some)) {
            let (vanished, all) = by_dir.entry(key).or_default();
            *vanished += is_gone;
            *all += 1;
        }
    }
    by_dir.into_iter().find_map(|(dir, (vanished, all))| {
        let is_mass = all >= SEVERAL && vanished > 1 && vanished * SHARE > all;
        let within = dir.map_or_else(String::new, |dir| format!(" of {}", dir.display()));
        is_mass.then(|| format!("{vanished} of {all} modules{within} vanished at once"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::module::discover::{Broken, Dir};
    use crate::report::Mistakes;

    const SETTLE: Duration = Duration::from_secs(10);

    fn name(text: &str) -> ModuleName {
        ModuleName::parse(text).unwrap()
    }

    fn numbered(count: usize) -> Vec<String> {
        (0..count).map(|index| format!("m{index}")).collect()
    }

    /// Modules last seen in `modules`, as many as there are names.
    fn known(names: &[String]) -> Known {
        let dir = PathBuf::from("modules");
        names
            .iter()
            .map(|text| (name(text), Some(dir.clone())))
            .collect()
    }

    fn dir(path: &str, state: DirState) -> Dir {
        Dir {
            path: PathBuf::from(path),
            state,
            common: None,
            mistakes: Mistakes::default(),
            warnings: Vec::new(),
        }
    }

    /// Present are names; broken folders count as much as good ones.
    fn found(names: &[String], dirs: Vec<Dir>) -> Discovery {
        let broken = names.iter().map(|text| Broken {
            name: Some(name(text)),
            folder: PathBuf::new(),
            mistakes: Mistakes::default(),
            last_good: None,
        });
        Discovery {
            broken: broken.collect(),
            dirs,
            ..Discovery::default()
        }
    }

    fn present(names: &[String]) -> Discovery {
        let modules = names.len();
        found(names, vec![dir("modules", DirState::Present { modules })])
    }

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn vanished_module_is_believed_after_the_settle_time() {
        let names = numbered(10);
        let mut guard = Guard::new(SETTLE);
        let first = guard.weigh(&known(&names), &present(&names[1..]), at(100));
        assert_eq!(first.waiting, BTreeSet::from([name("m0")]));
        assert_eq!(first.ask_again_at, Some(at(110)));
        let early = guard.weigh(&known(&names), &present(&names[1..]), at(109));
        assert!(early.believed.is_empty());
        let then = guard.weigh(&known(&names), &present(&names[1..]), at(110));
        assert_eq!(then.believed, BTreeSet::from([name("m0")]));
        assert_eq!((then.waiting.len(), then.ask_again_at), (0, None));
    }

    #[test]
    fn module_that_comes_back_starts_anew() {
        let names = numbered(10);
        let mut guard = Guard::new(SETTLE);
        guard.weigh(&known(&names), &present(&names[1..]), at(100));
        assert_eq!(
            guard.weigh(&known(&names), &present(&names), at(105)),
            Verdict::default()
        );
        let again = guard.weigh(&known(&names), &present(&names[1..]), at(111));
        assert_eq!(again.ask_again_at, Some(at(121)));
    }

    #[test]
    fn share_of_modules_decides() {
        for (all, left, why) in [
            (10, 8, None),
            (10, 7, Some("3 of 10 modules vanished at once")),
            (10, 5, Some("5 of 10 modules vanished at once")),
            (29, 15, Some("14 of 29 modules vanished at once")),
            (100, 80, None),
            (100, 79, Some("21 of 100 modules vanished at once")),
            // One folder is removed on purpose, also where there are few.
            (4, 3, None),
            (2, 1, None),
            (3, 1, Some("2 of 3 modules vanished at once")),
        ] {
            let names = numbered(all);
            let mut guard = Guard::new(SETTLE);
            for seconds in [0, 1_000] {
                let verdict = guard.weigh(&known(&names), &present(&names[..left]), at(seconds));
                let told = verdict.held.as_ref().map(|held| held.why.as_str());
                assert_eq!(told, why, "{left} of {all} left");
                assert_eq!(
                    verdict.held.map_or(0, |held| held.names.len()),
                    match why {
                        Some(_) => all - left,
                        None => 0,
                    }
                );
            }
        }
    }

    #[test]
    fn share_counts_within_a_directory_too() {
        let mut known = known(&numbered(20));
        let other = ["a", "b", "c"];
        known.extend(other.map(|text| (name(text), Some(PathBuf::from("more")))));
        let mut left = numbered(20);
        left.push("a".to_owned());
        let states = vec![
            dir("modules", DirState::Present { modules: 20 }),
            dir("more", DirState::Present { modules: 1 }),
        ];
        let verdict = Guard::new(SETTLE).weigh(&known, &found(&left, states), at(0));
        assert_eq!(
            verdict.held.unwrap().why,
            "2 of 3 modules of more vanished at once"
        );
    }

    #[test]
    fn nothing_is_believed_of_unsound_directories() {
        for (state, why) in [
            (DirState::Missing, "modules directory more does not exist"),
            (
                DirState::Unreadable("stale file handle".to_owned()),
                "modules directory more cannot be read: stale file handle",
            ),
        ] {
            let names = numbered(10);
            let dirs = vec![
                dir("modules", DirState::Present { modules: 9 }),
                dir("more", state),
            ];
            let mut guard = Guard::new(SETTLE);
            for seconds in [0, 1_000] {
                let found = found(&names[1..], dirs.clone());
                let verdict = guard.weigh(&known(&names), &found, at(seconds));
                assert_eq!(verdict.held.unwrap().why, why);
                assert!(verdict.believed.is_empty() && verdict.waiting.is_empty());
            }
        }
    }

    #[test]
    fn emptied_directory_holds_what_may_have_been_in_it() {
        let names = numbered(1);
        let empty = found(&[], vec![dir("modules", DirState::Empty)]);
        let mut guard = Guard::new(SETTLE);
        let verdict = guard.weigh(&known(&names), &empty, at(0));
        assert_eq!(
            verdict.held.unwrap().why,
            "modules directory modules holds no module"
        );

        // After a restart only the cluster knows the module: it may have been anywhere.
        let dirs = vec![
            dir("modules", DirState::Present { modules: 1 }),
            dir("more", DirState::Empty),
        ];
        let elsewhere = found(&["other".to_owned()], dirs);
        let remembered = Known::from([(name("m0"), None)]);
        assert!(guard.weigh(&remembered, &elsewhere, at(0)).held.is_some());
        assert_eq!(guard.weigh(&known(&names), &elsewhere, at(0)).held, None);
    }

    #[test]
    fn settle_time_starts_when_the_doubt_has_passed() {
        let names = numbered(10);
        let mut guard = Guard::new(SETTLE);
        guard.weigh(&known(&names), &present(&names[1..]), at(0));
        assert!(
            guard
                .weigh(&known(&names), &present(&names[5..]), at(9))
                .held
                .is_some()
        );
        let back = guard.weigh(&known(&names), &present(&names[1..]), at(20));
        assert!(back.believed.is_empty());
        assert_eq!(back.ask_again_at, Some(at(30)));
    }
}

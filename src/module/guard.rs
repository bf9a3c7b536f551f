//! The guard against mass deletion: which vanished modules are believed to be gone. Pure.

use std::collections::{BTreeMap, BTreeSet};
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
        for key in [None, dir.as_ref()]
            .into_iter()
            .take(1 + usize::from(dir.is_some()))
        {
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

//! Which values decide what is rendered: so few that the others need not be merged to know it.

use std::collections::BTreeMap;

use crate::chart::{Branch, Tree};

use super::merge::GLOBAL;

/// A part of the values that is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Need {
    /// Whether it is a map.
    Kind,
    /// These keys of it.
    Keys(BTreeMap<String, Self>),
    /// Everything.
    All,
}

impl Default for Need {
    fn default() -> Self {
        Self::Keys(BTreeMap::new())
    }
}

impl Need {
    /// Asks for the value of a path. What is asked of the global values of a chart is asked of those of
    /// all charts around it, from where they come.
    pub(super) fn ask(&mut self, path: &[&str]) {
        self.ask_one(path, Self::Kind);
        let globals = path.iter().enumerate().filter(|(_, key)| **key == GLOBAL);
        for (at, _) in globals {
            for depth in 0..at {
                let path = [&path[..depth], &path[at..]].concat();
                self.ask_one(&path, Self::Kind);
            }
        }
    }

    /// Asks for everything below a key at the root.
    pub(super) fn ask_all(&mut self, key: &str) {
        self.ask_one(&[key], Self::All);
    }

    fn ask_one(&mut self, path: &[&str], end: Self) {
        let Some((key, rest)) = path.split_first() else {
            if *self == Self::Kind || end == Self::All {
                *self = end;
            }
            return;
        };
        if *self == Self::All {
            return;
        }
        if *self == Self::Kind {
            *self = Self::default();
        }
        if let Self::Keys(keys) = self {
            let next = keys.entry((*key).to_owned()).or_insert(Self::Kind);
            next.ask_one(rest, end);
        }
    }

    /// What is asked for of a key.
    pub(super) fn of<'n>(need: Option<&'n Self>, key: &str) -> Option<&'n Self> {
        match need {
            None | Some(Self::All) => None,
            Some(Self::Kind) => Some(&Self::Kind),
            Some(Self::Keys(keys)) => Some(keys.get(key).unwrap_or(&Self::Kind)),
        }
    }

    /// The entries of a map that are asked for; all of them without a need.
    pub(super) fn entries<'a>(
        need: Option<&'a Self>,
        branch: &'a Branch,
    ) -> Box<dyn Iterator<Item = (&'a str, &'a Tree, Option<&'a Self>)> + 'a> {
        match need {
            None | Some(Self::All) => {
                Box::new(branch.iter().map(|(key, value)| (key, value, None)))
            }
            Some(Self::Kind) => Box::new(std::iter::empty()),
            Some(Self::Keys(keys)) => Box::new(keys.iter().filter_map(|(key, need)| {
                let value = branch.get(key)?;
                Some((key.as_str(), value, Some(need)))
            })),
        }
    }
}

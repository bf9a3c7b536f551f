//! Helm releases that the original left → residents.

use std::collections::BTreeMap;

use super::House;
use crate::name::ModuleName;
use crate::release::Listed;

/// A module that is not wanted, and has a release of the original.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unwanted {
    /// Its name.
    pub name: ModuleName,
    /// The revision that was taken over.
    pub taken_over: Option<u32>,
    /// Why nothing of it is removed before a person says so.
    pub held: Option<String>,
}

impl House {
    /// Takes which releases there are, before `Module` objects are told, which know better. A release
    /// of the original is as good as a `Module` object: when its module is disabled or gone, what it
    /// has is removed, under the same guard. What people installed is theirs.
    pub fn take_releases(&mut self, listing: &BTreeMap<ModuleName, Listed>) {
        for (name, listed) in listing.iter().filter(|(_, listed)| listed.is_of_operator) {
            let resident = self.residents.entry(name.clone()).or_default();
            resident.release = Some(listed.revision);
            resident.is_marked |= listed.is_paused;
        }
    }

    /// Modules whose releases would be removed.
    pub fn unwanted_releases(&self) -> Vec<Unwanted> {
        let held = self.held.as_ref();
        let why = |name| held.filter(|held| held.names.contains(name));
        let unwanted = self
            .residents
            .iter()
            .filter(|(_, resident)| !resident.enabled && resident.has_release());
        unwanted
            .map(|(name, resident)| Unwanted {
                name: name.clone(),
                taken_over: resident.known.release,
                held: why(name).map(|held| held.why.clone()),
            })
            .collect()
    }
}

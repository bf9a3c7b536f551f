//! Maps with sorted keys that know their extent and their weight.

use super::{Extent, Text, TooDeep, Value, list::PLACE, weight::Weight};

/// A map: entries sorted by the bytes of their keys.
#[derive(Debug)]
pub(in crate::jq) struct Map {
    entries: Vec<(Text, Value)>,
    extent: Extent,
    weight: Weight,
}

impl Map {
    pub(in crate::jq) fn new() -> Self {
        let extent = Extent::default().over();
        Self {
            entries: Vec::new(),
            extent,
            weight: Weight::of(PLACE),
        }
    }

    /// A map of entries in any order; of two with one key the later one counts.
    pub(in crate::jq) fn from_entries(mut entries: Vec<(Text, Value)>) -> Result<Self, TooDeep> {
        if !entries.is_sorted_by(|left, right| left.0.as_str() < right.0.as_str()) {
            entries.sort_by(|left, right| left.0.as_str().cmp(right.0.as_str()));
            entries.reverse();
            entries.dedup_by(|earlier, later| earlier.0.as_str() == later.0.as_str());
            entries.reverse();
        }
        let extent = extent_of(&entries)?;
        let weight = Weight::of(PLACE * (1 + 2 * entries.capacity()));
        Ok(Self {
            entries,
            extent,
            weight,
        })
    }

    pub(in crate::jq) fn find(&self, key: &str) -> Option<&Value> {
        let place = self.place(key).ok()?;
        self.entries.get(place).map(|entry| &entry.1)
    }

    pub(in crate::jq) fn insert(&mut self, key: Text, value: Value) -> Result<(), TooDeep> {
        match self.place(&key) {
            Ok(place) => {
                let old = self.entries[place].1.extent();
                self.extent = self.extent.with(old, value.extent())?;
                self.entries[place].1 = value;
            }
            Err(place) => {
                let key_bytes = Extent {
                    depth: 0,
                    bytes: key.len() as u64,
                };
                self.extent = self.extent.with(Extent::default(), value.extent())?;
                self.extent = self.extent.with(Extent::default(), key_bytes)?;
                self.entries.insert(place, (key, value));
                self.weight.set(PLACE * (1 + 2 * self.entries.capacity()));
            }
        }
        Ok(())
    }

    /// Takes the value of a key out, leaving null; nothing where there is none.
    pub(in crate::jq) fn take(&mut self, key: &str) -> Option<Value> {
        let place = self.place(key).ok()?;
        let value = std::mem::replace(&mut self.entries.get_mut(place)?.1, Value::Null);
        self.extent = self.extent.without(value.extent());
        Some(value)
    }

    /// Works on the entries themselves; their order must stay.
    pub(in crate::jq) fn change(
        &mut self,
        change: impl FnOnce(&mut Vec<(Text, Value)>),
    ) -> Result<(), TooDeep> {
        change(&mut self.entries);
        self.extent = extent_of(&self.entries)?;
        Ok(())
    }

    pub(super) const fn extent(&self) -> Extent {
        self.extent
    }

    fn place(&self, key: &str) -> Result<usize, usize> {
        self.entries
            .binary_search_by(|entry| entry.0.as_str().cmp(key))
    }
}

fn extent_of(entries: &[(Text, Value)]) -> Result<Extent, TooDeep> {
    Extent::around(entries.iter().map(|(key, value)| {
        let extent = value.extent();
        Extent {
            bytes: extent.bytes.saturating_add(key.len() as u64),
            ..extent
        }
    }))
}

impl Clone for Map {
    fn clone(&self) -> Self {
        let entries = self.entries.clone();
        let weight = Weight::of(PLACE * (1 + 2 * entries.capacity()));
        Self {
            entries,
            extent: self.extent,
            weight,
        }
    }
}

impl std::ops::Deref for Map {
    type Target = [(Text, Value)];

    fn deref(&self) -> &[(Text, Value)] {
        &self.entries
    }
}

//! What one view keeps of the objects of one stream, and which changes are worth telling.
//!
//! A store is filled by the stream's own list, or, when the stream was there before the view, by a
//! list of the view's own, while changes go on arriving. The two meet by version: of two states of an
//! object the later stays; what a list at version R does not name was gone at R.

use std::collections::BTreeMap;
use std::sync::Arc;

use sha2::{Digest as _, Sha256};

use super::text::Place;
use crate::watch::{Item, WatchEvent};

/// Enough of a sha256 to tell states of one object apart.
pub(super) type Checksum = [u8; 16];

/// The checksum of a text.
pub(super) fn checksum(text: impl AsRef<str>) -> Checksum {
    let digest = Sha256::digest(text.as_ref().as_bytes());
    let mut checksum = Checksum::default();
    checksum
        .iter_mut()
        .zip(digest)
        .for_each(|(to, from)| *to = from);
    checksum
}

/// What a view keeps of one object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Kept {
    pub(super) item: Arc<Item>,
    pub(super) checksum: Checksum,
}

/// A change of the store.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Change {
    /// `None`: the object changed where the filter does not look.
    pub(super) event: Option<WatchEvent>,
    pub(super) item: Arc<Item>,
}

/// What came of an object that was heard of.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Heard {
    /// Nothing that was not known.
    Nothing,
    /// The store changed.
    Change(Change),
    /// The filter failed, for a reason not yet told.
    Failure(String),
}

#[derive(Debug)]
struct Entry {
    kept: Kept,
    version: u64,
    /// The list that named it last.
    list: u32,
}

/// The last word on an object that is not in the store.
#[derive(Debug)]
struct Failure {
    message: String,
    list: u32,
}

/// Objects by namespace and name.
#[derive(Debug, Default)]
pub(super) struct Store {
    entries: BTreeMap<Box<str>, Entry>,
    failures: BTreeMap<Box<str>, Failure>,
    /// Objects removed while the view's own list is read, with their versions.
    graves: BTreeMap<Box<str>, u64>,
    /// The number of the list in progress, or of the last one.
    list: u32,
    /// What happened up to this version is known from the view's own list.
    floor: u64,
    is_complete: bool,
}

/// Whether a state is older than another; versions that are no numbers tell nothing.
const fn is_older(version: u64, than: u64) -> bool {
    version != 0 && version < than
}

impl Store {
    /// Whether every object of the stream was named once.
    pub(super) const fn is_complete(&self) -> bool {
        self.is_complete
    }

    /// The objects on which the filter fails, by key, and why.
    pub(super) fn failures(&self) -> impl ExactSizeIterator<Item = (&str, &str)> {
        self.failures
            .iter()
            .map(|(key, failure)| (&**key, &*failure.message))
    }

    /// The objects, by namespace, then name.
    pub(super) fn items(&self) -> impl Iterator<Item = &Arc<Item>> {
        self.entries.values().map(|entry| &entry.kept.item)
    }

    /// How many objects there are.
    pub(super) fn count(&self) -> usize {
        self.entries.len()
    }

    /// How many objects there are, and how many bytes their texts have.
    pub(super) fn size(&self) -> (usize, usize) {
        let length = |text: &Option<Box<str>>| text.as_ref().map_or(0, |text| text.len());
        let bytes = self
            .items()
            .map(|item| length(&item.object) + length(&item.filter_result));
        (self.entries.len(), bytes.sum())
    }

    /// A list begins.
    pub(super) fn begin(&mut self) {
        self.list = self.list.wrapping_add(1);
        self.floor = 0;
        self.graves.clear();
    }

    /// The list names an object.
    pub(super) fn list(&mut self, name: &Place, outcome: Result<Kept, String>) -> Heard {
        let key = name.key();
        let list = self.list;
        if self
            .graves
            .get(&key)
            .is_some_and(|grave| !is_older(*grave, name.version))
        {
            return Heard::Nothing;
        }
        if let Some(entry) = self.entries.get_mut(&key) {
            entry.list = list;
            if is_older(name.version, entry.version) {
                return Heard::Nothing;
            }
        }
        self.put(key, name.version, outcome, list)
    }

    /// The stream's list is complete: what it did not name is gone.
    pub(super) fn finish(&mut self) -> Vec<Change> {
        self.finish_at(u64::MAX)
    }

    /// The view's own list, which shows what was at this version, is complete.
    pub(super) fn finish_own(&mut self, version: u64) -> Vec<Change> {
        let gone = self.finish_at(version);
        self.floor = version;
        gone
    }

    fn finish_at(&mut self, version: u64) -> Vec<Change> {
        let list = self.list;
        let is_gone = |entry: &mut Entry| entry.list != list && entry.version <= version;
        let gone = self.entries.extract_if(.., |_, entry| is_gone(entry));
        let gone = gone.map(|(_, entry)| removal(entry)).collect();
        self.failures.retain(|_, failure| failure.list == list);
        self.graves.clear();
        self.is_complete = true;
        gone
    }

    /// The stream tells of a new object or state.
    pub(super) fn change(&mut self, name: &Place, outcome: Result<Kept, String>) -> Heard {
        let key = name.key();
        let known = self.entries.get(&key);
        if is_older(name.version, self.floor.saturating_add(1))
            || known.is_some_and(|known| is_older(name.version, known.version))
        {
            return Heard::Nothing;
        }
        let list = known.map_or(self.list.wrapping_sub(1), |known| known.list);
        self.graves.remove(&key);
        self.put(key, name.version, outcome, list)
    }

    /// The stream tells that an object is gone.
    pub(super) fn remove(&mut self, name: &Place) -> Option<Change> {
        let key = name.key();
        let known = self
            .entries
            .get(&key)
            .map_or(self.floor, |entry| entry.version.max(self.floor));
        if is_older(name.version, known) {
            return None;
        }
        self.failures.remove(&key);
        let removed = self.entries.remove(&key).map(removal);
        if !self.is_complete {
            self.graves.insert(key, name.version);
        }
        removed
    }

    fn put(
        &mut self,
        key: Box<str>,
        version: u64,
        outcome: Result<Kept, String>,
        list: u32,
    ) -> Heard {
        let kept = match outcome {
            Ok(kept) => kept,
            Err(message) => return self.fail(key, message),
        };
        self.failures.remove(&key);
        let checksum = kept.checksum;
        let item = kept.item.clone();
        let known = self.entries.insert(
            key,
            Entry {
                kept,
                version,
                list,
            },
        );
        let event = match known {
            None => Some(WatchEvent::Added),
            Some(known) if known.kept.checksum != checksum => Some(WatchEvent::Modified),
            Some(known) if known.kept.item == item => return Heard::Nothing,
            Some(_) => None,
        };
        Heard::Change(Change { event, item })
    }

    /// The object keeps its last good result, or stays out.
    fn fail(&mut self, key: Box<str>, message: String) -> Heard {
        let list = self.list;
        let failure = Failure {
            message: message.clone(),
            list,
        };
        let before = self.failures.insert(key, failure);
        if before.is_some_and(|before| before.message == message) {
            return Heard::Nothing;
        }
        Heard::Failure(message)
    }
}

fn removal(entry: Entry) -> Change {
    Change {
        event: Some(WatchEvent::Deleted),
        item: entry.kept.item,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(name: &str, version: u64) -> Place {
        let name = name.to_owned();
        Place {
            namespace: None,
            name,
            version,
        }
    }

    #[expect(
        clippy::unnecessary_wraps,
        reason = "the store takes what a filter answers"
    )]
    /// What is kept of an object whose filter result is `result`.
    fn kept(object: &str, result: &str) -> Result<Kept, String> {
        let item = Item {
            api_version: "v1".to_owned(),
            kind: "Pod".to_owned(),
            namespace: None,
            name: object.to_owned(),
            object: None,
            filter_result: Some(result.into()),
        };
        Ok(Kept {
            item: Arc::new(item),
            checksum: checksum(result),
        })
    }

    fn names(store: &Store) -> Vec<&str> {
        store.items().map(|item| item.name.as_str()).collect()
    }

    /// What is told of a change, `-` for nothing.
    fn told(heard: &Heard) -> &'static str {
        match heard {
            Heard::Change(Change {
                event: Some(event), ..
            }) => event.name(),
            Heard::Change(_) => "silent",
            Heard::Nothing => "-",
            Heard::Failure(_) => "failure",
        }
    }

    fn listed(objects: &[(&str, u64)]) -> Store {
        let mut store = Store::default();
        store.begin();
        for (object, version) in objects {
            store.list(&name(object, *version), kept(object, "1"));
        }
        store.finish();
        store
    }

    #[test]
    fn change_that_the_filter_does_not_see_is_not_told() {
        let mut store = listed(&[("a", 1)]);
        assert_eq!(told(&store.change(&name("a", 2), kept("a", "1"))), "-");
        assert_eq!(
            told(&store.change(&name("a", 3), kept("a", "2"))),
            "Modified"
        );
        assert_eq!(told(&store.change(&name("b", 4), kept("b", "1"))), "Added");
        let gone = store.remove(&name("a", 5)).unwrap();
        assert_eq!(gone.item.filter_result.as_deref(), Some("2"));
        assert_eq!(names(&store), ["b"]);
    }

    #[test]
    fn state_kept_full_is_renewed_without_a_word() {
        let mut store = listed(&[("a", 1)]);
        let Ok(mut fuller) = kept("a", "1") else {
            panic!()
        };
        Arc::make_mut(&mut fuller.item).object = Some("{}".into());
        assert_eq!(told(&store.change(&name("a", 2), Ok(fuller))), "silent");
        assert!(store.items().all(|item| item.object.is_some()));
    }

    #[test]
    fn next_list_tells_what_was_missed() {
        let mut store = listed(&[("a", 1), ("b", 1)]);
        store.begin();
        assert_eq!(told(&store.list(&name("b", 5), kept("b", "2"))), "Modified");
        assert_eq!(told(&store.list(&name("c", 6), kept("c", "1"))), "Added");
        let gone = store.finish();
        assert_eq!(gone.len(), 1);
        assert_eq!(gone[0].item.name, "a");
    }

    #[test]
    fn own_list_and_changes_meet_by_version() {
        let mut store = Store::default();
        store.begin();
        // The stream is ahead of the list …
        store.change(&name("new", 12), kept("new", "1"));
        store.change(&name("both", 13), kept("both", "late"));
        store.remove(&name("gone", 14));
        // … and behind it.
        store.change(&name("dead", 5), kept("dead", "1"));
        for (object, version) in [("both", 9), ("gone", 9), ("old", 2)] {
            store.list(&name(object, version), kept(object, "1"));
        }
        store.finish_own(10);
        assert_eq!(names(&store), ["both", "new", "old"]);
        assert!(
            store
                .items()
                .any(|item| item.filter_result.as_deref() == Some("late"))
        );
        // What the list knew comes late.
        assert_eq!(
            told(&store.change(&name("dead", 6), kept("dead", "1"))),
            "-"
        );
        assert!(store.remove(&name("old", 1)).is_none());
        assert!(store.remove(&name("old", 15)).is_some());
    }

    #[test]
    fn failing_filter_leaves_the_last_good_result_and_is_told_once() {
        let mut store = listed(&[("a", 1)]);
        let failing = || Err("cannot index".to_owned());
        assert_eq!(told(&store.change(&name("a", 2), failing())), "failure");
        assert_eq!(told(&store.change(&name("a", 3), failing())), "-");
        assert_eq!(told(&store.change(&name("b", 4), failing())), "failure");
        assert_eq!(names(&store), ["a"]);
        assert_eq!(store.failures().len(), 2);
        store.begin();
        store.list(&name("a", 5), failing());
        assert!(store.finish().is_empty());
        assert_eq!((names(&store), store.failures().len()), (vec!["a"], 1));
        assert_eq!(
            told(&store.change(&name("a", 6), kept("a", "2"))),
            "Modified"
        );
        assert_eq!(store.failures().len(), 0);
    }
}

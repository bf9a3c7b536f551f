//! Equal keys of a mapping: which one stays, or that there may be none.

use crate::yaml::{Entry, Error};

/// Which of several equal keys stays.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Keep {
    First,
    Last,
}

/// Leaves every key once, where it was first.
pub(super) fn unique(mut entries: Vec<Entry>, keep: Keep) -> Vec<Entry> {
    let mut groups = equal_keys(&entries);
    if groups.is_empty() {
        return entries;
    }
    let mut dropped = Vec::new();
    for group in &mut groups {
        if let ([first, ..], [.., last], Keep::Last) = (&group[..], &group[..], keep) {
            entries.swap(*first, *last);
        }
        dropped.extend(group.drain(1..));
    }
    dropped.sort_unstable();
    let mut index = 0;
    entries.retain(|_| {
        let is_dropped = dropped.binary_search(&index).is_ok();
        index += 1;
        !is_dropped
    });
    entries
}

pub(super) fn refuse_duplicates(entries: &[Entry]) -> Result<(), Error> {
    let groups = equal_keys(entries);
    let Some([first, second, ..]) = groups.first().map(Vec::as_slice) else {
        return Ok(());
    };
    let (first, second) = (&entries[*first], &entries[*second]);
    Err(Error::duplicate_key(second.place, &second.key, first.place))
}

/// The indexes of keys that are there more than once, each group in order.
fn equal_keys(entries: &[Entry]) -> Vec<Vec<usize>> {
    if is_small_and_unique(entries) {
        return Vec::new();
    }
    let mut order: Vec<usize> = (0..entries.len()).collect();
    order.sort_by(|left, right| entries[*left].key.cmp(&entries[*right].key));
    order
        .chunk_by(|left, right| entries[*left].key == entries[*right].key)
        .filter(|group| group.len() > 1)
        .map(<[usize]>::to_vec)
        .collect()
}

/// The usual case, without memory taken.
fn is_small_and_unique(entries: &[Entry]) -> bool {
    entries.len() <= 16
        && entries.iter().enumerate().all(|(index, entry)| {
            entries[..index]
                .iter()
                .all(|earlier| earlier.key != entry.key)
        })
}

//! The common values file of a modules directory, with a memory.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;

use crate::name::ValuesKey;
use crate::report::Mistakes;

use super::values_file::{ValuesFile, sort};
use super::walk::{Stamp, read_text};

/// The common file as it was read last.
#[derive(Debug, Default)]
pub(super) struct DirValues {
    stamp: Option<Stamp>,
    /// The present file, or the last good one.
    pub(super) good: Option<Arc<ValuesFile>>,
    /// What is wrong with the present one.
    pub(super) mistakes: Mistakes,
}

impl DirValues {
    /// Reads the file, or leaves everything as it was when it has not changed.
    pub(super) fn read(&mut self, dir: &Path, now: SystemTime) {
        let path = dir.join("values.yaml");
        let stamp = fs::metadata(&path)
            .ok()
            .map(|metadata| Stamp::of(&metadata));
        if let Some(stamp) = stamp
            && self.stamp == Some(stamp)
        {
            return;
        }
        self.stamp = stamp.filter(|stamp| stamp.is_settled(now));
        let file = path.display().to_string();
        let mut mistakes = Mistakes::default();
        let read = sort(read_text(&path, &file), &mut mistakes).and_then(|text| match text {
            None => Some(None),
            Some(text) => sort(ValuesFile::parse(&file, &text), &mut mistakes).map(Some),
        });
        if let Some(Some(values)) = &read {
            sort(values.section(&ValuesKey::global()), &mut mistakes);
        }
        if mistakes.0.is_empty() {
            let unchanged = read
                .as_ref()
                .is_some_and(|read| read.as_ref() == self.good.as_deref());
            if !unchanged {
                self.good = read.flatten().map(Arc::new);
            }
        }
        self.mistakes = mistakes;
    }
}

//! Sections of the `ConfigMap` that a hook had us write: when the watch tells them, nobody is woken.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::name::ValuesKey;

/// The texts that were written last, by key; cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct OwnSections(Arc<Mutex<BTreeMap<ValuesKey, String>>>);

impl OwnSections {
    /// A section is about to be written.
    pub fn note(&self, key: &ValuesKey, text: String) {
        self.texts().insert(key.clone(), text);
    }

    /// What was written is in the store: a change from now on is somebody's.
    pub fn forget(&self, key: &ValuesKey) {
        self.texts().remove(key);
    }

    /// The keys whose text in `data` is the one that we wrote.
    pub fn among(&self, data: &BTreeMap<String, String>) -> Vec<ValuesKey> {
        let texts = self.texts();
        let own = texts
            .iter()
            .filter(|(key, text)| data.get(key.as_str()) == Some(*text));
        own.map(|(key, _)| key.clone()).collect()
    }

    fn texts(&self) -> MutexGuard<'_, BTreeMap<ValuesKey, String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

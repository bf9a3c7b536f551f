//! The operations that hooks have made so far, kept compact.
//!
//! The rules are the original's: at most the last operation of each exact path; a new `add` or
//! `remove` deletes the stored operations strictly below its path; the rest is sorted by path as
//! plain text, so that parents precede children. Two consequences that hooks rely on: appends
//! (`add /m/list/-`) do not accumulate, and a `remove` stays in force until another operation
//! at that path.
//!
//! Unlike the original, a `test` is not stored: it would take the place of an `add` at its path.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

use super::Error;
use super::apply::{Refusal, apply};
use super::operation::{Operation, ValuesPatch, Verb};

/// A stored operation.
#[derive(Debug, Clone, PartialEq)]
pub struct Stored {
    /// The operation.
    pub operation: Operation,
    /// The hook run that asked for it, as people know it.
    pub by: Arc<str>,
}

/// All stored operations of one scope, by path.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct StoredPatches(BTreeMap<String, Stored>);

impl StoredPatches {
    /// These operations with those of a newer patch.
    #[must_use]
    pub fn with(&self, patch: &ValuesPatch, by: &str) -> Self {
        let by: Arc<str> = by.into();
        let mut stored = self.0.clone();
        for operation in &patch.0 {
            if matches!(operation.verb, Verb::Test(_)) {
                continue;
            }
            let path = operation.path.to_string();
            let below = format!("{path}/");
            stored.retain(|other, _| !other.starts_with(&below));
            let operation = operation.clone();
            let by = by.clone();
            stored.insert(path, Stored { operation, by });
        }
        Self(stored)
    }

    /// The document after all stored operations.
    ///
    /// A `remove` of what is no longer there is passed over; an `add` that no longer fits is an
    /// error that names its operation and the hook.
    pub fn reapply(&self, document: &mut Value) -> Result<(), Error> {
        self.reapply_each(document, |_, _| ())
    }

    /// As [`reapply`](Self::reapply), telling of each operation that took effect, in order.
    pub fn reapply_each<'a>(
        &'a self,
        document: &mut Value,
        mut applied: impl FnMut(&'a Stored, &Value),
    ) -> Result<(), Error> {
        for stored in self.0.values() {
            match (apply(&stored.operation, document), &stored.operation.verb) {
                (Ok(()), _) => applied(stored, document),
                (Err(_), Verb::Remove) => {}
                (Err(cause), _) => return Err(refused(stored, cause)),
            }
        }
        Ok(())
    }

    /// The stored operations as one patch, in the order in which they apply.
    pub fn to_value(&self) -> Value {
        self.0
            .values()
            .map(|stored| stored.operation.to_value())
            .collect()
    }

    /// The stored operations, in the order in which they apply.
    pub fn iter(&self) -> impl Iterator<Item = &Stored> {
        self.0.values()
    }
}

fn refused(stored: &Stored, cause: Refusal) -> Error {
    Error::Apply {
        operation: format!("{}, stored by {}", stored.operation, stored.by),
        cause,
    }
}

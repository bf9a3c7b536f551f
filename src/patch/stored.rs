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
            let at = operation.path.to_string();
            let below = format!("{at}/");
            stored.retain(|other, _| !other.starts_with(&below));
            let operation = operation.clone();
            let by = by.clone();
            stored.insert(at, Stored { operation, by });
        }
        Self(stored)
    }

    /// These operations without those of a hook at exactly these paths.
    #[must_use]
    pub fn without(&self, paths: &[String], by: &str) -> Self {
        let is_meant =
            |path: &String, stored: &Stored| paths.contains(path) && stored.by.as_ref() == by;
        let kept = self
            .0
            .iter()
            .filter(|(path, stored)| !is_meant(path, stored));
        Self(
            kept.map(|(path, stored)| (path.clone(), stored.clone()))
                .collect(),
        )
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

#[cfg(test)]
mod tests {
    use json_patch::jsonptr::PointerBuf;
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::report::chain;

    /// `add /a/b {"c":1}` or `remove /a`.
    fn operation(text: &str) -> Operation {
        let mut parts = text.splitn(3, ' ');
        let verb = parts.next().unwrap();
        let path = PointerBuf::parse(parts.next().unwrap()).unwrap();
        let value = parts.next().map(|text| serde_json::from_str(text).unwrap());
        let verb = match (verb, value) {
            ("add", Some(value)) => Verb::Add(value),
            ("test", Some(value)) => Verb::Test(value),
            _ => Verb::Remove,
        };
        Operation { verb, path }
    }

    fn patch(operations: &[&str]) -> ValuesPatch {
        ValuesPatch(operations.iter().map(|text| operation(text)).collect())
    }

    fn compacted(stored: &[&str], new: &[&str]) -> Vec<String> {
        let stored = StoredPatches::default().with(&patch(stored), "old");
        let text = |stored: &Stored| match &stored.operation.verb {
            Verb::Add(value) => format!("{} {value}", stored.operation),
            _ => stored.operation.to_string(),
        };
        stored.with(&patch(new), "new").iter().map(text).collect()
    }

    #[test]
    fn last_operation_of_a_path_and_nothing_below_it_is_kept() {
        let tree = ["add /o {}", "add /o/a 1", "add /o/b 2"];
        for (stored, new, expected) in [
            (&["remove /k"][..], &["add /k 1"][..], &["add /k 1"][..]),
            (&["add /k 1"], &["remove /k"], &["remove /k"]),
            (&["add /k 1", "remove /k"], &["add /k 2"], &["add /k 2"]),
            (&["add /k 1"], &["add /k2 2"], &["add /k 1", "add /k2 2"]),
            (
                &["add /k 1", "add /k2 2"],
                &["remove /k"],
                &["remove /k", "add /k2 2"],
            ),
            (&tree, &["remove /o"], &["remove /o"]),
            (&tree, &["add /o {}"], &["add /o {}"]),
            (
                &tree,
                &["add /o {}", "add /o/c 3"],
                &["add /o {}", "add /o/c 3"],
            ),
            (
                &tree,
                &["remove /o", "add /o []", "add /o/0 1"],
                &["add /o []", "add /o/0 1"],
            ),
            (&["add /ob 1"], &["add /o 1"], &["add /o 1", "add /ob 1"]),
            (
                &["add /o/b 1"],
                &["add /o/a 1"],
                &["add /o/a 1", "add /o/b 1"],
            ),
            // Appends do not accumulate, in one patch or over several.
            (&["add /l/- 1"], &["add /l/- 2"], &["add /l/- 2"]),
            (&[], &["add /l/- 1", "add /l/- 2"], &["add /l/- 2"]),
            (&["add /k 1"], &["test /k 1"], &["add /k 1"]),
        ] {
            assert_eq!(compacted(stored, new), expected, "{stored:?} {new:?}");
        }
    }

    #[test]
    fn reapplying_passes_over_removes_and_nothing_else() {
        let stored = StoredPatches::default().with(
            &patch(&[
                "remove /m/gone",
                "remove /m/gone/deep",
                "remove /m/list/7",
                "add /m/a/b 1",
            ]),
            "modules/010-m/hooks/run.sh",
        );
        let mut document = json!({"m": {"a": {}, "list": []}});
        stored.reapply(&mut document).unwrap();
        assert_eq!(document, json!({"m": {"a": {"b": 1}, "list": []}}));

        let error = stored.reapply(&mut json!({"m": {"a": 5}})).unwrap_err();
        let expected = "applying \"add /m/a/b, stored by modules/010-m/hooks/run.sh\": \
                        /m/a is a number, which holds no keys";
        assert_eq!(chain(&error), expected);
    }

    #[test]
    fn stored_operations_read_as_a_patch() {
        let stored = StoredPatches::default().with(&patch(&["remove /m/b", "add /m/a 1"]), "x");
        let expected = json!([
            {"op": "add", "path": "/m/a", "value": 1},
            {"op": "remove", "path": "/m/b"},
        ]);
        assert_eq!(stored.to_value(), expected);
    }

    fn any_operation() -> impl Strategy<Value = Operation> {
        let key = prop::sample::select(vec!["a", "b", "a-", "c~1d"]);
        let path = prop::collection::vec(key, 1..4);
        let value = prop::sample::select(vec!["{}", "{\"a\":{\"b\":1}}", "1", "null"]);
        (path, prop::option::of(value)).prop_map(|(path, value)| {
            let path = format!("/{}", path.join("/"));
            match value {
                Some(value) => operation(&format!("add {path} {value}")),
                None => operation(&format!("remove {path}")),
            }
        })
    }

    proptest! {
        // Lists are left out: there, compaction is known to lose appends.
        #[test]
        fn compaction_changes_nothing_about_maps(
            operations in prop::collection::vec(any_operation(), 0..12)
        ) {
            let base = json!({"a": {"a": {"b": {}}, "b": {}}, "b": {"a": 1}});
            let mut one_by_one = base.clone();
            let mut stored = StoredPatches::default();
            for operation in operations {
                let fits = apply(&operation, &mut one_by_one).is_ok();
                if fits || operation.verb == Verb::Remove {
                    stored = stored.with(&ValuesPatch(vec![operation]), "hook");
                }
            }
            let mut at_once = base;
            stored.reapply(&mut at_once).unwrap();
            prop_assert_eq!(&at_once, &one_by_one);
            // Applied to their own result they change nothing more.
            stored.reapply(&mut at_once).unwrap();
            prop_assert_eq!(at_once, one_by_one);
        }

        #[test]
        fn refused_operation_leaves_the_document(operation in any_operation()) {
            let base = json!({"a": {"b": 1}});
            let mut document = base.clone();
            if apply(&operation, &mut document).is_err() {
                prop_assert_eq!(document, base);
            }
        }
    }
}

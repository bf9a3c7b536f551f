//! Object patches and metrics of hooks: no text makes the readers panic, and what was read can be
//! told without the values that it holds.
//!
//! Run it with `cargo +nightly fuzz run object_patch`, with the patch files of hooks as corpus.

#![no_main]

use std::collections::BTreeMap;

use addon_operator::patch::{self, ObjectOperation};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Ok(operations) = patch::parse_object_operations(text) {
        for operation in &operations {
            let target = operation.target();
            let is_create = matches!(operation, ObjectOperation::Create { .. });
            assert!(!target.kind.is_empty());
            assert!(is_create || !target.name.is_empty());
            assert!(!target.name.contains(['/', '%', '?', '#']));
            assert_eq!(operation.to_string(), format!("{operation:?}"));
        }
    }
    let labels = BTreeMap::from([("hook".to_owned(), "h".to_owned())]);
    if let Ok(read) = patch::parse_metric_operations(text, &labels, None) {
        let registry = addon_operator::metric::Registry::new("");
        registry.write(&read.operations);
        assert!(registry.text().lines().all(|line| !line.is_empty()));
    }
});

//! Kubernetes YAML: no text makes the reader panic, and what was read can be written and read again.
//!
//! Run it with `cargo +nightly fuzz run yaml`, with the documents of a cluster as corpus.

#![no_main]

use addon_operator::yaml::{self, Profile};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    for profile in [Profile::V2, Profile::V3] {
        let fast = yaml::read_value(text, profile);
        let Ok(node) = yaml::read(text, profile) else {
            assert!(fast.is_err(), "with places it is an error: {text:?}");
            continue;
        };
        let value = node.into_value();
        assert_eq!(fast.ok().as_ref(), Some(&value), "without places it is another");
        let written = yaml::write(&value);
        match yaml::read_value(&written, Profile::V2) {
            Ok(again) => assert_eq!(again, value, "{written}"),
            Err(error) => panic!("{error} in {written:?}"),
        }
    }
    for document in yaml::documents(text) {
        assert!(text.contains(document.text));
    }
});

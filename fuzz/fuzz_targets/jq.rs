//! Filters over JSON: no filter and no document makes the engine panic or run on, and what comes out
//! is JSON that the engine reads back as the same.
//!
//! The text is a filter, a line, and a document. Run it with `cargo +nightly fuzz run jq`, with
//! `-dict` of the words of jq where coverage is wanted soon.

#![no_main]

use addon_operator::jq::Filter;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let (filter, input) = text.split_once('\n').unwrap_or((text, "null"));
    let Ok(filter) = Filter::compile(filter) else {
        return;
    };
    let first = filter.project(input).map_err(|error| error.to_string());
    let again = filter.project(input).map_err(|error| error.to_string());
    assert!(first == again, "{first:?} and then {again:?}");
    let Ok(projected) = first else {
        return;
    };
    let identity = Filter::compile(".").unwrap();
    assert_eq!(identity.project(&projected).unwrap(), projected);
});

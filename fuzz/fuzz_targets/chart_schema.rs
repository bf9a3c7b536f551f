//! Schemas of charts: no schema and no value make the checker panic or run out of its stack.
//!
//! Run it with `cargo +nightly fuzz run chart_schema`. What is behind the first line `----` is the value.

#![no_main]

use addon_operator::govalue::from_json;
use addon_operator::jsonschema::Schema;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let (schema, value) = text.split_once("\n----\n").unwrap_or((text, "{}"));
    let Ok(schema) = Schema::compile(schema.as_bytes()) else {
        return;
    };
    if let Ok(value) = from_json(value.as_bytes()) {
        let first = schema.check(&value);
        assert_eq!(schema.check(&value), first);
    }
});

//! Go's templates: no text makes the parser or the interpreter panic or run on, and what it says is
//! about the text.
//!
//! Run it with `cargo +nightly fuzz run gotemplate`, with the templates of charts as corpus.

#![no_main]

use addon_operator::gotemplate::{Limits, Set};
use addon_operator::govalue::{Map, Nowhere, Value};
use addon_operator::sprig::{self, HelmVersion};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &[u8]| {
    let mut set = Set::new(|name| sprig::find(name, HelmVersion::V4));
    if let Err(error) = set.add("t", text) {
        assert!(error.text().starts_with("template: t:"), "{error}");
        return;
    }
    let values = Map::any();
    values.insert("s", Value::from("text"));
    values.insert("n", Value::Float(1.5));
    values.insert("l", Value::from(vec![Value::Int(1), Value::Nil]));
    let data = Map::any();
    data.insert("Values", Value::Map(values.clone()));
    let limits = Limits {
        steps: 20_000,
        output: 1 << 20,
    };
    // What comes of it does not matter, only that something does.
    let _ = set.execute("t", &Value::Map(data.clone()), &Nowhere, limits);
    values.clear();
    data.clear();
});

//! Formats: no format makes `printf` panic or write more than it may, whatever values it is given.
//!
//! Run it with `cargo +nightly fuzz run printf`.

#![no_main]

use addon_operator::govalue::{Map, Nowhere, Value, print};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (&[u8], i64, f64, &[u8])| {
    let (format, whole, number, text) = input;
    let map = Map::any();
    map.insert("k", Value::text(text));
    let values = [
        Value::text(text),
        Value::Int(whole),
        Value::Float(number),
        Value::from(vec![Value::Nil, Value::Int64(whole), Value::Bytes(text.into())]),
        Value::Map(map),
        Value::Complex(number, number),
    ];
    if let Ok(written) = print::printf(&Nowhere, format, &values) {
        // A verb and its width take at least two bytes, and no width is beyond a million.
        let values = 64 * (text.len() + 64);
        assert!(written.len() <= (format.len() + 1) * (12_000_000 + values));
    }
});

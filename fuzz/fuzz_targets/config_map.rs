//! The `ConfigMap` in which people set values: no data makes the reader panic, places are in the text, and
//! what is written back is no change.
//!
//! Run it with `cargo +nightly fuzz run config_map`. The text is cut at lines of `---- KEY`; what comes before
//! the first is passed over. The data is read once whole and once without its last key.

#![no_main]

use std::collections::{BTreeMap, BTreeSet};

use addon_operator::config_values::{changes, read};
use addon_operator::name::ValuesKey;
use addon_operator::values::Layer;
use addon_operator::yaml;
use addon_operator_fuzz::{last_line, parts};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let parts = parts(text);
    let owned = |(key, text): &(&str, &str)| ((*key).to_owned(), (*text).to_owned());
    let data: BTreeMap<String, String> = parts.iter().skip(1).map(owned).collect();
    let (whole, mistakes) = read("ns/config", &data);
    for mistake in &mistakes.0 {
        let text = data.get(&mistake.path);
        let lines = text.map_or(usize::MAX, |text| last_line(text));
        assert!(usize::try_from(mistake.line).expect("a line") <= lines, "{mistake}");
        assert!(mistake.to_string().starts_with("ConfigMap ns/config"), "{mistake}");
    }
    assert_eq!(read("ns/config", &data).0, whole);
    assert!(changes(&whole, &whole).is_empty());
    let _ = whole.unknown_modules("ns/config", &BTreeSet::from([ValuesKey::parse("m").expect("a key")]));

    let fewer = data.clone().into_iter().take(data.len().saturating_sub(1)).collect();
    let (fewer, _) = read("ns/config", &fewer);
    assert_eq!(changes(&whole, &fewer).is_empty(), changes(&fewer, &whole).is_empty());

    if mistakes.0.is_empty() {
        let write = |layer: &Layer| yaml::write(&layer.to_value());
        let mut written = data.clone();
        if let Some(global) = &whole.global {
            written.insert("global".to_owned(), write(global));
        }
        for (key, section) in &whole.modules {
            if let Some(values) = &section.values {
                written.insert(key.to_string(), write(values));
            }
        }
        let (again, mistakes) = read("ns/config", &written);
        assert!(mistakes.0.is_empty(), "{mistakes} in {written:?}");
        assert!(changes(&whole, &again).is_empty(), "{written:?}");
    }
});

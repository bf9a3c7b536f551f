//! Values of charts: no text makes a reader panic, both readers of YAML read the same, and what was written is
//! read back.
//!
//! Run it with `cargo +nightly fuzz run chart_values`, with the values of charts as corpus.

#![no_main]

use addon_operator::govalue::{self, JsonForm, Value};
use addon_operator::yaml::{self, Profile};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(value) = govalue::from_json(bytes) {
        let text = in_json(&value);
        let again = govalue::from_json(text.as_bytes()).map(|value| in_json(&value));
        assert_eq!(again.ok(), Some(text));
    }
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    let read = govalue::from_yaml(text);
    let slowly = yaml::read(text, Profile::V2).map(Value::from);
    match (read, slowly) {
        (Ok(value), Ok(slowly)) => {
            assert_eq!(in_json(&value), in_json(&slowly));
            round_trip(&value);
        }
        (Err(_), Err(_)) => {}
        (read, _) => panic!("one reader alone takes it: {}", read.is_ok()),
    }
});

/// What `toYaml` gives is read back as it was, but for keys that mean a merge.
fn round_trip(value: &Value) {
    let Ok(text) = govalue::to_yaml(value, &|_| Ok(())) else {
        return;
    };
    if text.contains("<<") || text.contains('\u{85}') {
        return;
    }
    let again = govalue::from_yaml(&text).unwrap_or_else(|error| panic!("{error} in {text:?}"));
    let rewritten = govalue::to_yaml(&again, &|_| Ok(())).unwrap_or_default();
    assert_eq!(rewritten, text);
    let pretty = govalue::to_yaml_pretty(value, &|_| Ok(())).unwrap_or_default();
    // A text that begins with a tab is written by go-yaml v3 as what it does not read itself.
    let has_tab = pretty.lines().any(|line| line.trim_start_matches(' ').starts_with('\t'));
    assert!(has_tab || govalue::from_yaml(&pretty).is_ok(), "{pretty:?}");
}

fn in_json(value: &Value) -> String {
    let text = govalue::to_json(value, JsonForm::Raw, &|_| Ok(())).unwrap_or_default();
    String::from_utf8(text).unwrap_or_default()
}

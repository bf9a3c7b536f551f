//! What narrows a binding: label, field, name and namespace selectors are texts that the API server can read,
//! and filters give the same for the same object.
//!
//! Run it with `cargo +nightly fuzz run binding_filter`. The text is cut at lines of `---- NAME`: a hook's
//! configuration first, then objects in JSON.

#![no_main]

use addon_operator::binding::{self, KubernetesBinding, Place};
use addon_operator::watch::Namespaces;
use addon_operator_fuzz::parts;
use libfuzzer_sys::fuzz_target;

/// The requirements of a label selector: no commas but between them and in parentheses.
fn label_requirements(selector: &str) -> Vec<&str> {
    let mut depth = 0_i32;
    selector
        .split(|letter| {
            depth += i32::from(letter == '(') - i32::from(letter == ')');
            letter == ',' && depth == 0
        })
        .collect()
}

fn check_labels(selector: &str) {
    if selector.is_empty() {
        return;
    }
    let is_name = |text: &str| {
        !text.is_empty() && text.chars().all(|letter| letter.is_ascii_alphanumeric() || "-_./".contains(letter))
    };
    let is_value = |text: &str| text.is_empty() || is_name(text);
    for requirement in label_requirements(selector) {
        let is_good = if let Some((key, values)) = requirement.split_once(" in (").or(requirement.split_once(" notin (")) {
            let values = values.strip_suffix(')');
            is_name(key) && values.is_some_and(|values| values.split(',').all(is_value))
        } else if let Some(key) = requirement.strip_prefix('!') {
            is_name(key)
        } else if let Some((key, value)) = requirement.split_once('=') {
            is_name(key) && is_value(value)
        } else {
            is_name(requirement)
        };
        assert!(is_good, "{requirement:?} of {selector:?}");
    }
}

/// As the API server splits it: a backslash takes the next letter with it.
fn check_fields(selector: &str) {
    let mut letters = selector.chars();
    while let Some(letter) = letters.next() {
        if letter == '\\' {
            let next = letters.next();
            assert!(matches!(next, Some('\\' | ',' | '=')), "{selector:?}");
        }
    }
}

fn check(binding: &KubernetesBinding, objects: &[(&str, &str)]) {
    let selection = &binding.selection;
    assert!(!selection.kind.is_empty());
    assert!(selection.to_string().starts_with(&selection.kind));
    check_labels(&selection.labels);
    check_fields(&selection.fields);
    if let Namespaces::Labelled(selector) = &selection.namespaces {
        check_labels(selector);
    }
    let Some(filter) = &binding.filter else {
        return;
    };
    for (_, object) in objects {
        let first = filter.project(object).ok();
        assert_eq!(filter.project(object).ok(), first);
        let first = first.as_deref().map(serde_json::from_str::<serde_json::Value>);
        assert!(first.is_none_or(|first| first.is_ok()));
    }
}

fuzz_target!(|text: &str| {
    let parts = parts(text);
    let Some(((_, config), objects)) = parts.split_first() else {
        return;
    };
    for place in [Place::Module, Place::Standalone] {
        if let Ok(config) = binding::parse_config("hook --config", config, place) {
            for binding in &config.kubernetes {
                check(binding, objects);
            }
        }
    }
});

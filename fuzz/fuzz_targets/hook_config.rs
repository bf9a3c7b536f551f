//! Hook configurations and declared hooks: no text makes the reader panic, and what was read can be told about.
//!
//! Run it with `cargo +nightly fuzz run hook_config`, with the configurations of hooks as corpus.

#![no_main]

use addon_operator::binding::{self, Context, Lifecycle, Place};
use addon_operator::name::ValuesKey;
use addon_operator_fuzz::last_line;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    for place in [Place::Global, Place::Module] {
        let config = match binding::parse_config("hook --config", text, place) {
            Ok(config) => config,
            Err(mistakes) => {
                assert!(!mistakes.0.is_empty());
                continue;
            }
        };
        let mut contexts = vec![Context::lifecycle(Lifecycle::BeforeHelm)];
        contexts.extend(config.schedules.iter().map(Context::schedule));
        let bindings = config.kubernetes.iter().enumerate();
        contexts.extend(bindings.map(|(index, binding)| Context::synchronization(index, binding)));
        let contexts = binding::combine(contexts);
        let written = binding::write_contexts(&config, &contexts, &|_| Vec::new());
        let told: serde_json::Value = serde_json::from_str(&written).expect("JSON is written");
        assert_eq!(told.as_array().map(Vec::len), Some(contexts.len()));
    }
    for scope in [ValuesKey::global(), ValuesKey::parse("hello").expect("a key")] {
        let declared = binding::parse_declaration("x.hook.yaml", text, &scope);
        for mistake in &declared.mistakes.0 {
            assert!(usize::try_from(mistake.line).expect("a line") <= last_line(text), "{mistake}");
        }
    }
});

//! Values, their schemas and patches of hooks: no text makes a store panic, a patch that was refused changes
//! nothing, and what is stored can be told, explained and applied again.
//!
//! Run it with `cargo +nightly fuzz run values_patch`. The text is cut at lines of `---- NAME`: `values`,
//! `config`, `config-schema`, `values-schema`, `patch` and `config-patch`, the last two as often as wanted.

#![no_main]

use addon_operator::name::ValuesKey;
use addon_operator::patch::{self, StoredPatches, ValuesPatch};
use addon_operator::schema::{SchemaFile, Schemas};
use addon_operator::values::{Layer, Origin, Store, merge};
use addon_operator_fuzz::parts;
use libfuzzer_sys::fuzz_target;

fn store(parts: &[(&str, &str)], scope: &ValuesKey) -> Option<Store> {
    let part = |wanted: &str| parts.iter().find(|(name, _)| *name == wanted).map(|(_, text)| *text);
    let schema = |file, text| Some(SchemaFile { file, text: text? });
    let config = part("config-schema");
    let values = part("values-schema");
    let schemas = Schemas::read(
        config.and_then(|text| schema("config-values.yaml", Some(text))),
        values.and_then(|text| schema("values.yaml", Some(text))),
    );
    let file = "values.yaml".to_owned();
    let statics = Layer::read(Origin::StaticFile { file }, part("values").unwrap_or("{}"));
    let is_map = |layer: &Layer| layer.to_value().is_object();
    let statics = statics.ok().filter(is_map)?;
    let mut store = Store::new(scope.clone(), vec![statics], schemas.ok()?).ok()?;
    if let Some(text) = part("config") {
        let (name, key) = ("ns/config".to_owned(), "m".to_owned());
        let layer = Layer::read(Origin::ConfigMap { name, key }, text).ok()?;
        let _ = store.set_config(Some(layer));
    }
    Some(store)
}

fn laws(patch: &ValuesPatch, store: &Store) {
    let stored = StoredPatches::default().with(patch, "h");
    assert_eq!(stored.with(&ValuesPatch::default(), "i"), stored);
    let scope = ValuesKey::parse("m").expect("a key");
    let again = patch::parse(&stored.to_value().to_string(), &scope).expect("our own words");
    let again = StoredPatches::default().with(&again.values, "h");
    assert_eq!(again, stored, "operations that were told are read as they were");
    let values = serde_json::json!({ "m": (*store.snapshot().values).clone() });
    if let Ok(after) = patch.apply(&values) {
        let mut merged = values.clone();
        merge(&mut merged, values.clone());
        assert_eq!(merged, values, "values laid over themselves stay");
        drop(after);
    }
}

fuzz_target!(|text: &str| {
    let scope = ValuesKey::parse("m").expect("a key");
    let parts = parts(text);
    let Some(mut store) = store(&parts, &scope) else {
        return;
    };
    let by = Origin::HookPatch { hook: "h".to_owned() };
    for (name, text) in parts {
        let before = store.snapshot();
        let Ok(read) = patch::parse(text, &scope) else {
            continue;
        };
        match name {
            "patch" => {
                laws(&read.values, &store);
                match store.apply_values_patch(&read.values, &by) {
                    Ok(changed) => {
                        let after = store.snapshot();
                        assert_eq!(changed, before.values != after.values);
                        assert_eq!(changed, before.checksum != after.checksum);
                    }
                    Err(_) => assert_eq!(store.snapshot().values, before.values),
                }
            }
            "config-patch" => drop(store.plan_config_patch(&read.values, &by)),
            _ => {}
        }
        for leaf in store.explain(None) {
            let _ = format!("{leaf:?}");
        }
        let masked = store.masked();
        assert_eq!(store.mask(&masked), masked, "what is masked stays so");
        let _ = (store.patches(), store.secrets(), store.check_static(), store.check_for_helm());
    }
    store.forget_patches();
    let bare = store.snapshot();
    assert!(!store.forget_patches());
    assert_eq!(store.snapshot().checksum, bare.checksum);
});

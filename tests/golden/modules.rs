//! The modules of this repository: what they render to with values that people may set.
//!
//! A case is a folder `tests/golden/modules/<module>/<case>/` with `values.yaml`, the module's section
//! of the `ConfigMap`; `hooks.yaml`, if there, are operations of its hooks, and `global.yaml` the global
//! values. It goes the way that it goes in the operator: discovery, schema, layers, render.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use addon_operator::chart;
use addon_operator::module::{Folders, Module, Settings};
use addon_operator::name::ValuesKey;
use addon_operator::patch;
use addon_operator::render::{
    Capabilities, Input, Program, Release, ValuesStyle, ValuesTree, values_tree,
};
use addon_operator::schema::{SchemaFile, Schemas};
use addon_operator::values::{Layer, Origin, Store, static_layers};
use addon_operator::yaml::{self, Profile};
use serde_json::{Value, json};

use super::{compare, show};

macro_rules! cases {
    ($($test:ident $module:literal $case:literal,)+) => {
        $(
            #[test]
            fn $test() {
                check($module, $case);
            }
        )+

        #[test]
        fn every_case_is_listed() {
            let mut listed = vec![$(concat!($module, "/", $case).to_owned()),+];
            listed.sort();
            let mut found: Vec<_> = names(&cases())
                .into_iter()
                .flat_map(|module| {
                    let cases = names(&cases().join(&module));
                    cases.into_iter().map(move |case| format!("{module}/{case}"))
                })
                .collect();
            found.sort();
            assert_eq!(found, listed);
        }
    };
}

cases! {
    priority_classes_come_as_shipped "priority-classes" "default",
    priority_classes_follow_the_list "priority-classes" "own-list",
    no_priority_classes_are_fine "priority-classes" "none",
    two_default_priority_classes_are_refused "priority-classes" "two-defaults",
    reserved_priority_class_is_refused "priority-classes" "reserved-name",
    bad_priority_classes_are_told_with_their_lines "priority-classes" "bad-values",
    namespaces_come_as_shipped "namespaces" "default",
    namespaces_follow_the_list "namespaces" "several",
    namespace_listed_twice_is_refused "namespaces" "listed-twice",
    namespace_of_kubernetes_is_refused "namespaces" "reserved-name",
    bad_namespaces_are_told_with_their_lines "namespaces" "bad-values",
    a_pull_secret_has_no_chart "registry-secret" "default",
    bad_places_of_a_pull_secret_are_told "registry-secret" "bad-values",
    no_egress_is_closed_unasked "namespace-egress" "default",
    bad_profiles_are_told_with_their_lines "namespace-egress" "bad-values",
    taints_have_no_chart "node-taints" "default",
    bad_prefix_of_taints_is_told "node-taints" "bad-values",
    storage_guard_waits_for_the_facts "storage-guard" "no-facts",
    storage_guard_knows_the_classes "storage-guard" "default",
    storage_guard_may_refuse "storage-guard" "deny",
    storage_guard_knows_when_there_is_none "storage-guard" "no-classes",
}

pub(super) fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn cases() -> PathBuf {
    root().join("tests/golden/modules")
}

pub(super) fn names(folder: &Path) -> Vec<String> {
    fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect()
}

pub(super) fn discover() -> Vec<Arc<Module>> {
    let settings = Settings::new([root().join("modules")]);
    let discovery = Folders::new(settings).discover(SystemTime::UNIX_EPOCH);
    assert!(discovery.broken.is_empty(), "{:?}", discovery.broken);
    discovery.modules
}

#[test]
fn modules_are_enabled_and_nothing_about_them_is_odd() {
    for module in discover() {
        assert!(module.warnings.is_empty(), "{:?}", module.warnings);
        assert!(
            module.flags.iter().all(|flag| flag.enabled),
            "{:?}",
            module.flags
        );
        assert!(!module.flags.is_empty(), "{}", module.name);
        let store = store(&module);
        assert_eq!(store.schemas().warnings, []);
        assert_eq!(store.check_static().0, []);
        assert_eq!(store.check_for_helm().0, []);
    }
}

/// The store of a module, as the operator has it without a `ConfigMap`.
pub(super) fn store(module: &Module) -> Store {
    let text = fs::read_to_string(module.folder.join("values.yaml")).unwrap();
    let origin = Origin::StaticFile {
        file: "values.yaml".to_owned(),
    };
    let own = Layer::read(origin, &text).unwrap();
    let statics = static_layers(&module.key, &[], Some(&own)).unwrap();
    let schemas = schemas(&module.folder);
    Store::new(module.key.clone(), statics.layers, schemas).unwrap()
}

/// The store of the global values, without a `ConfigMap` and without static values.
pub(super) fn global_store() -> Store {
    let schemas = schemas(&root().join("global-hooks"));
    Store::new(ValuesKey::global(), Vec::new(), schemas).unwrap()
}

fn schemas(folder: &Path) -> Schemas {
    let read = |name: &str| fs::read_to_string(folder.join("openapi").join(name)).unwrap();
    let (config, values) = (read("config-values.yaml"), read("values.yaml"));
    let file = |file, text| Some(SchemaFile { file, text });
    Schemas::read(
        file("openapi/config-values.yaml", &config),
        file("openapi/values.yaml", &values),
    )
    .unwrap()
}

fn check(module: &str, case: &str) {
    let folder = cases().join(module).join(case);
    let modules = discover();
    let module = modules
        .iter()
        .find(|found| found.name.as_str() == module)
        .unwrap();
    let mut store = store(module);
    let origin = Origin::ConfigMap {
        name: "operator/addon-operator".to_owned(),
        key: module.key.to_string(),
    };
    let section = fs::read_to_string(folder.join("values.yaml")).unwrap();
    let section = Layer::read(origin, &section).unwrap();
    let global = read_optional(&folder.join("global.yaml")).unwrap_or_else(|| json!({}));
    let text = match store.set_config(Some(section)) {
        Ok(_) => {
            if let Some(operations) = read_optional(&folder.join("hooks.yaml")) {
                let patch = patch::parse(&operations.to_string(), &module.key).unwrap();
                let by = Origin::HookPatch {
                    hook: "test".to_owned(),
                };
                store.apply_values_patch(&patch.values, &by).unwrap();
            }
            render(module, &store, &global)
        }
        Err(mistakes) => format!("REFUSED\n{mistakes}\n"),
    };
    compare(&folder, &text);
}

fn read_optional(path: &Path) -> Option<Value> {
    let text = fs::read_to_string(path).ok()?;
    Some(yaml::read_value(&text, Profile::V3).unwrap())
}

fn render(module: &Module, store: &Store, global: &Value) -> String {
    let chart = chart::read(&module.folder, &module.name).unwrap().unwrap();
    let values = values_tree(
        ValuesStyle::Nested,
        &ValuesTree::new(global),
        &module.key,
        &ValuesTree::new(&store.snapshot().values),
    );
    let input = Input {
        values,
        release: Release {
            name: module.name.to_string(),
            namespace: "addon-operator".to_owned(),
            revision: 1,
            is_install: true,
            is_upgrade: false,
        },
        capabilities: Arc::new(Capabilities::default()),
    };
    match Program::compile(&chart)
        .and_then(|program| program.render(&input, Arc::new(addon_operator::task::Alone::new())))
    {
        Ok(rendered) => show(&rendered),
        Err(error) => format!("REFUSED\n{error}\n"),
    }
}

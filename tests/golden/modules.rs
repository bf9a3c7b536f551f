//! The modules of this repository: what they render to with values that people may set.
//!
//! A case is a folder `tests/golden/modules/<module>/<case>/` with `values.yaml`, the module's section
//! of the `ConfigMap`. It goes the way that it goes in the operator: discovery, schema, layers, render.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use addon_operator::chart;
use addon_operator::module::{Folders, Module, Settings};
use addon_operator::render::{
    Capabilities, Input, Program, Release, ValuesStyle, ValuesTree, values_tree,
};
use addon_operator::schema::{SchemaFile, Schemas};
use addon_operator::values::{Layer, Origin, Store, static_layers};
use serde_json::json;

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
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn cases() -> PathBuf {
    root().join("tests/golden/modules")
}

fn names(folder: &Path) -> Vec<String> {
    fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect()
}

fn discover() -> Vec<Arc<Module>> {
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
fn store(module: &Module) -> Store {
    let read = |path: &str| fs::read_to_string(module.folder.join(path)).unwrap();
    let origin = Origin::StaticFile {
        file: "values.yaml".to_owned(),
    };
    let own = Layer::read(origin, &read("values.yaml")).unwrap();
    let statics = static_layers(&module.key, &[], Some(&own)).unwrap();
    let (config, values) = (
        read("openapi/config-values.yaml"),
        read("openapi/values.yaml"),
    );
    let file = |file, text| Some(SchemaFile { file, text });
    let schemas = Schemas::read(
        file("openapi/config-values.yaml", &config),
        file("openapi/values.yaml", &values),
    )
    .unwrap();
    Store::new(module.key.clone(), statics.layers, schemas).unwrap()
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
    let text = match store.set_config(Some(section)) {
        Ok(_) => render(module, &store),
        Err(mistakes) => format!("REFUSED\n{mistakes}\n"),
    };
    compare(&folder, &text);
}

fn render(module: &Module, store: &Store) -> String {
    let chart = chart::read(&module.folder, &module.name).unwrap().unwrap();
    let values = values_tree(
        ValuesStyle::Nested,
        &ValuesTree::new(&json!({})),
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
    match Program::compile(&chart).and_then(|program| program.render(&input)) {
        Ok(rendered) => show(&rendered),
        Err(error) => format!("REFUSED\n{error}\n"),
    }
}

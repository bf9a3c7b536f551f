//! The hooks of this repository: what they ask for when the cluster is as a case says.
//!
//! A case is a folder `tests/golden/hooks/<module>/<case>/` with `case.yaml`: the objects in the
//! cluster, the module's section of the `ConfigMap`, and what happened. The hook runs as a process with
//! the files of the contract; what it writes is read by the operator's own readers.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use addon_operator::binding::{Context, Lifecycle, Place};
use addon_operator::hook;
use addon_operator::jq::Filter;
use addon_operator::name::ModuleName;
use addon_operator::patch::{self, parse_metric_operations, parse_object_operations};
use addon_operator::values::{Layer, Origin, Store};
use addon_operator::yaml::{self, Profile};
use serde_json::{Deserializer, Value, json};

use super::compare;
use super::modules::{discover, global_store, names, root, store};
use crate::support::{Declared, Hook, Outcome};

macro_rules! cases {
    ($($test:ident $hook:ident $case:literal,)+) => {
        $(
            #[test]
            fn $test() {
                check($hook, $case);
            }
        )+

        #[test]
        fn every_case_of_a_hook_is_listed() {
            let mut listed = vec![$(format!("{}/{}", scope_of($hook), $case)),+];
            listed.sort();
            let scopes = names(&cases()).into_iter();
            let mut found: Vec<_> = scopes
                .flat_map(|scope| {
                    let cases = names(&cases().join(&scope)).into_iter();
                    cases.map(move |case| format!("{scope}/{case}"))
                })
                .collect();
            found.sort();
            assert_eq!(found, listed);
        }
    };
}

const SECRET: &str = "modules/071-registry-secret/hooks/copy_secret.py";
const EGRESS: &str = "modules/072-namespace-egress/hooks/namespaces.hook.yaml";
const TAINTS: &str = "modules/073-node-taints/hooks/taint_nodes.py";
const NODES: &str = "global-hooks/hooks/nodes.py";
const CLASSES: &str = "global-hooks/hooks/storage_classes.py";
const RANGES: &str = "global-hooks/hooks/service_ranges.py";

#[rustfmt::skip]
cases! {
    pull_secret_goes_where_it_is_asked_for SECRET "asked-for",
    pull_secret_follows_its_source SECRET "source-changed",
    pull_secret_is_put_right SECRET "tampered",
    pull_secret_of_others_is_left_alone SECRET "of-others",
    copies_stay_when_the_source_is_gone SECRET "source-gone",
    copies_follow_the_values SECRET "other-values",
    copies_go_with_the_module SECRET "switched-off",
    nothing_to_copy_is_fine SECRET "empty",
    copies_in_order_are_not_written SECRET "in-order",
    labelled_namespaces_have_a_policy EGRESS "labelled",
    policies_follow_profiles EGRESS "profiles",
    unknown_profile_is_told EGRESS "unknown-profile",
    namespaces_that_lose_the_label_are_taken_back EGRESS "label-removed",
    the_label_may_be_another_one EGRESS "other-label",
    no_namespaces_are_fine EGRESS "empty",
    labels_become_taints TAINTS "labelled",
    taints_of_others_stay TAINTS "of-others",
    taints_go_with_their_labels TAINTS "label-removed",
    a_taint_that_cannot_be_holds_up_no_other TAINTS "bad-label",
    taints_go_with_the_module TAINTS "switched-off",
    no_nodes_are_fine TAINTS "empty",
    nodes_are_counted_and_described NODES "nodes",
    known_facts_of_nodes_are_not_written NODES "nodes-known",
    a_cluster_without_nodes_is_described NODES "nodes-none",
    newest_default_storage_class_counts CLASSES "classes",
    a_cluster_without_storage_classes_is_described CLASSES "classes-none",
    ranges_of_services_are_found RANGES "ranges",
}

const HOOKS: [&str; 6] = [SECRET, EGRESS, TAINTS, NODES, CLASSES, RANGES];

#[test]
fn every_hook_is_found_and_tested() {
    let mut folders: Vec<_> = discover()
        .iter()
        .map(|module| (Place::Module, module.folder.join("hooks")))
        .collect();
    folders.push((Place::Global, root().join("global-hooks")));
    let mut found = Vec::new();
    for (place, folder) in folders {
        let discovered = hook::discover(place, &folder);
        assert_eq!(discovered.warnings, []);
        found.extend(discovered.hooks.into_iter().map(|hook| hook.path));
    }
    found.sort();
    let mut tested: Vec<_> = HOOKS.iter().map(|hook| root().join(hook)).collect();
    tested.sort();
    assert_eq!(found, tested);
}

#[test]
fn hooks_take_no_contexts_and_no_values() {
    // What is declared is given both, always.
    let programs = HOOKS.into_iter().filter(|hook| !is_declared(hook));
    for hook in programs {
        let outcome = ask(hook).run(&json!({}), "[]");
        assert_eq!(outcome.objects, "", "{hook}");
    }
}

/// One run is enough for a cluster of any size; an object that is told twice counts once.
#[test]
fn thousands_of_objects_take_one_run() {
    let operations = |outcome: &Outcome| {
        let stream = Deserializer::from_str(&outcome.objects).into_iter::<Value>();
        stream.map(Result::unwrap).count()
    };
    let large = |binding: &str, object: &dyn Fn(usize) -> Value, more: Value| {
        let mut objects: Vec<Value> = (0..2000).map(object).collect();
        objects.push(objects[0].clone());
        let mut objects = json!({ binding: objects });
        objects
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        objects
    };
    let namespace = |number: usize| {
        json!({"metadata": {"name": format!("n{number}"), "labels": {
            "addon-operator.io/registry-secret": "true", "addon-operator.io/egress": "deny",
        }}})
    };
    let node = |number: usize| {
        let labels = json!({"taints.addon-operator.io/a": "b.NoSchedule"});
        json!({"metadata": {"name": format!("n{number}"), "labels": labels}})
    };
    let source = json!({"secrets": [{
        "metadata": {"namespace": "addon-operator", "name": "registry"},
        "data": {".dockerconfigjson": "eyJhdXRocyI6e319"},
    }]});
    let outcome = run_on(SECRET, large("namespaces", &namespace, source));
    assert_eq!(operations(&outcome), 2000);
    assert_eq!(outcome.told.lines().count(), 1, "{}", outcome.told);
    let outcome = run_on(TAINTS, large("nodes", &node, json!({})));
    assert_eq!(operations(&outcome), 2000);
    assert_eq!(outcome.told.lines().count(), 6, "{}", outcome.told);
    let case = Case::of(large("namespaces", &namespace, json!({})));
    let store = store_of(scope_of(EGRESS), &case);
    let shown = evaluate(EGRESS, &store, &case);
    assert_eq!(shown.matches("kind: NetworkPolicy").count(), 2001);
}

fn is_declared(hook: &str) -> bool {
    hook.ends_with(".hook.yaml")
}

/// What a declared hook comes to.
fn evaluate(hook: &str, store: &Store, case: &Case) -> String {
    let module = ModuleName::parse(scope_of(hook)).unwrap();
    let declared = Declared::read(&root().join(hook), module);
    let objects = |binding: &str| {
        let objects = case.objects[binding].as_array();
        objects.cloned().unwrap_or_default()
    };
    declared.evaluate(store, &objects).show()
}

/// Runs a hook with the values of its module as they are shipped.
fn run_on(hook: &str, objects: Value) -> Outcome {
    let case = Case::of(objects);
    let store = store_of(scope_of(hook), &case);
    let asked = ask(hook);
    asked.run(&values_for(&store), &contexts(&asked, &case))
}

fn cases() -> PathBuf {
    root().join("tests/golden/hooks")
}

/// `registry-secret` or `global`: the folder of a hook's cases.
fn scope_of(hook: &str) -> &str {
    let folder = hook.strip_prefix("modules/");
    let module = folder.and_then(|path| path.split_once('/')?.0.split_once('-'));
    module.map_or("global", |(_, name)| name)
}

/// What a case says; everything may be left out.
struct Case {
    /// The objects of each binding.
    objects: Value,
    /// The module's section of the `ConfigMap`.
    config: Option<Layer>,
    /// Patches of values by earlier runs.
    earlier: String,
    /// A lifecycle binding, or else the group `main`.
    because: String,
}

impl Case {
    /// Nothing but objects.
    fn of(objects: Value) -> Self {
        Self {
            objects,
            config: None,
            earlier: String::new(),
            because: "main".to_owned(),
        }
    }

    fn read(folder: &Path) -> Self {
        let text = fs::read_to_string(folder.join("case.yaml")).unwrap();
        let case = yaml::read_value(&text, Profile::V3).unwrap();
        let known = ["objects", "config", "earlier", "because"];
        let keys = case.as_object().unwrap().keys();
        keys.for_each(|key| assert!(known.contains(&key.as_str()), "{key}"));
        let part = |name: &str| case.get(name).cloned();
        let origin = Origin::ConfigMap {
            name: "operator/addon-operator".to_owned(),
            key: String::new(),
        };
        Self {
            objects: part("objects").unwrap_or_else(|| json!({})),
            config: part("config").map(|values| Layer::from_value(origin, &values)),
            earlier: part("earlier").map_or_else(String::new, |list| list.to_string()),
            because: part("because").map_or_else(
                || "main".to_owned(),
                |because| because.as_str().unwrap().to_owned(),
            ),
        }
    }
}

/// A hook's store with what the case says in it.
fn store_of(scope: &str, case: &Case) -> Store {
    let mut store = if scope == "global" {
        global_store()
    } else {
        let modules = discover();
        let mut modules = modules.iter();
        store(
            modules
                .find(|module| module.name.as_str() == scope)
                .unwrap(),
        )
    };
    store.set_config(case.config.clone()).unwrap();
    take(&mut store, &case.earlier);
    store
}

/// Applies a patch file as the operator does, schema and all.
fn take(store: &mut Store, text: &str) {
    let patch = patch::parse(text, &store.scope().clone()).unwrap();
    assert!(patch.flags.is_empty());
    let by = Origin::HookPatch {
        hook: "test".to_owned(),
    };
    store.apply_values_patch(&patch.values, &by).unwrap();
}

/// Asks a hook what it listens to.
fn ask(hook: &str) -> Hook {
    let place = match scope_of(hook) {
        "global" => Place::Global,
        _ => Place::Module,
    };
    Hook::ask(&root().join(hook), place)
}

/// The text of the context file of a case.
fn contexts(hook: &Hook, case: &Case) -> String {
    let point = Lifecycle::ALL
        .into_iter()
        .find(|point| point.name() == case.because);
    let context = match point {
        Some(point) => Context::lifecycle(point),
        None => Context::synchronization(0, &hook.config.kubernetes[0]),
    };
    let objects = |binding: &str| {
        let objects = case.objects[binding].as_array();
        objects.cloned().unwrap_or_default()
    };
    hook.contexts(&[context], &objects)
}

/// The values file of a module's hook, or of a global one.
fn values_for(store: &Store) -> Value {
    let values = &*store.snapshot().values;
    let mut tree = json!({"global": {}});
    tree[store.scope().as_str()] = values.clone();
    tree
}

fn check(hook: &str, case: &str) {
    let scope = scope_of(hook);
    let folder = cases().join(scope).join(case);
    let case = Case::read(&folder);
    let mut store = store_of(scope, &case);
    if is_declared(hook) {
        return compare(&folder, &evaluate(hook, &store, &case));
    }
    let asked = ask(hook);
    let outcome = asked.run(&values_for(&store), &contexts(&asked, &case));
    let kept = [&outcome.told, &outcome.values, &outcome.metrics];
    assert!(kept.iter().all(|text| !text.contains("eyJ")), "a secret");
    parse_object_operations(&outcome.objects).unwrap();
    parse_metric_operations(&outcome.metrics, &BTreeMap::new(), None).unwrap();
    take(&mut store, &outcome.values);
    compare(&folder, &show(&outcome, &case));
}

fn show(outcome: &Outcome, case: &Case) -> String {
    let mut text = String::new();
    for (title, part) in [
        ("log", outcome.told.clone()),
        ("objects", show_stream(&outcome.objects)),
        ("nodes after that", show_patched(&outcome.objects, case)),
        ("values", show_stream(&outcome.values)),
        ("metrics", show_stream(&outcome.metrics)),
    ] {
        if !part.is_empty() {
            write!(text, "## {title}\n{part}").unwrap();
        }
    }
    if text.is_empty() {
        text.push_str("## nothing\n");
    }
    text
}

/// A stream of JSON as YAML documents. Filters are shown by what they do.
fn show_stream(text: &str) -> String {
    let mut shown = String::new();
    for value in Deserializer::from_str(text).into_iter::<Value>() {
        let mut value = value.unwrap();
        if value.get("jqFilter").is_some() {
            value["jqFilter"] = json!("…");
        }
        write!(shown, "---\n{}", yaml::write(&value)).unwrap();
    }
    shown
}

/// The specs that jq patches make of the nodes of a case.
fn show_patched(text: &str, case: &Case) -> String {
    let mut shown = String::new();
    for value in Deserializer::from_str(text).into_iter::<Value>() {
        let value = value.unwrap();
        let Some(filter) = value.get("jqFilter") else {
            continue;
        };
        let filter = Filter::compile(filter.as_str().unwrap()).unwrap();
        let nodes = case.objects["nodes"].as_array().unwrap();
        let node = nodes
            .iter()
            .find(|node| node["metadata"]["name"] == value["name"])
            .unwrap();
        let made = filter.run(node.clone()).unwrap();
        assert_eq!(made.len(), 1, "{made:?}");
        let again = filter.run(made[0].clone()).unwrap();
        assert_eq!(again, made, "a second time changes nothing");
        let part = json!({"name": value["name"], "spec": made[0]["spec"]});
        write!(shown, "---\n{}", yaml::write(&part)).unwrap();
    }
    shown
}

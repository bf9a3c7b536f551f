//! The hooks and patches in the documents are run, and read by the operator's own readers.

use std::collections::BTreeMap;
use std::fs;
use std::sync::Arc;

use addon_operator::admission::{Converted, parse_converted, parse_verdict};
use addon_operator::binding::{AdmissionKind, Context, Lifecycle, Place, parse_config};
use addon_operator::name::{ModuleName, ValuesKey};
use addon_operator::patch::{self, parse_metric_operations, parse_object_operations};
use addon_operator::schema::Schemas;
use addon_operator::values::Store;
use addon_operator::watch::WatchEvent;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{Block, blocks};
use crate::support::{Declared, Hook, Outcome};

fn key() -> ValuesKey {
    ValuesKey::parse("hello").unwrap()
}

/// What every binding is told of; it has what filters in the documents look at.
fn object() -> Value {
    json!({"apiVersion": "v1", "kind": "Sample", "metadata": {
        "name": "default", "namespace": "default", "labels": {"team": "shop"},
    }})
}

/// The hook of a block, and the folder that it is in.
fn ask(block: &Block) -> (Hook, TempDir) {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("hook");
    fs::write(&file, &block.text).unwrap();
    (Hook::ask(&file, Place::Module), folder)
}

/// Runs a hook for everything that it listens to, with an object and without.
fn run_all(block: &Block) -> Vec<Outcome> {
    let (hook, _folder) = ask(block);
    let lifecycle = Lifecycle::ALL.into_iter();
    let mut contexts: Vec<Context> = lifecycle
        .filter(|point| hook.config.lifecycle.contains_key(point))
        .map(Context::lifecycle)
        .collect();
    contexts.extend(hook.config.schedules.iter().map(Context::schedule));
    for (index, binding) in hook.config.kubernetes.iter().enumerate() {
        contexts.push(Context::synchronization(index, binding));
        let item = Arc::new(hook.item(index, &object()));
        contexts.push(Context::event(index, binding, WatchEvent::Added, item));
    }
    assert!(!contexts.is_empty(), "{}", block.place);
    let values = json!({"global": {}, "hello": {}});
    let mut outcomes = Vec::new();
    for context in contexts {
        for objects in [vec![object()], Vec::new()] {
            let text = hook.contexts(std::slice::from_ref(&context), &|_| objects.clone());
            outcomes.push(hook.run(&values, &text));
        }
    }
    outcomes
}

#[test]
fn hooks_run_and_ask_for_something() {
    for block in [blocks("python hook"), blocks("bash hook")].concat() {
        let outcomes = run_all(&block);
        for outcome in &outcomes {
            patch::parse(&outcome.values, &key()).unwrap();
            parse_object_operations(&outcome.objects).unwrap();
            assert_eq!(outcome.told, "", "{}", block.place);
        }
        let asks = |outcome: &Outcome| !(outcome.values.clone() + &outcome.objects).is_empty();
        assert!(outcomes.iter().any(asks), "{}", block.place);
    }
}

#[test]
fn declared_hooks_come_to_something() {
    for block in blocks("yaml declared hook") {
        let folder = TempDir::new().unwrap();
        let file = folder.path().join("sample.hook.yaml");
        fs::write(&file, &block.text).unwrap();
        let declared = Declared::read(&file, ModuleName::parse("hello").unwrap());
        let store = Store::new(key(), Vec::new(), Schemas::default()).unwrap();
        let result = declared.evaluate(&store, &|_| vec![object()]);
        let shown = result.show();
        for part in [
            "kind: ConfigMap",
            "path: /hello/namespaces",
            "name: hello_namespaces",
        ] {
            assert!(shown.contains(part), "{}: {shown}", block.place);
        }
        // Nothing new, nothing to do.
        let before = result.documents();
        let again = declared.evaluate_after(&store, &|_| vec![object()], before);
        assert!(again.documents().is_none(), "{}", block.place);
    }
}

#[test]
fn hooks_that_are_asked_about_requests_answer() {
    let pod = |image| json!({"spec": {"containers": [{"image": image}]}});
    let deployment = |image| json!({"metadata": {}, "spec": {"template": pod(image)}});
    for block in [
        blocks("python admission hook"),
        blocks("bash admission hook"),
    ]
    .concat()
    {
        let (hook, _folder) = ask(&block);
        assert_eq!(hook.config.admissions.len(), 1, "{}", block.place);
        let binding = &hook.config.admissions[0];
        let verdicts = ["shop:1", "shop"].map(|image| {
            let request = json!({"uid": "u", "operation": "CREATE", "object": deployment(image)});
            let context = Context::admission(binding, request.to_string().into());
            let outcome = hook.run(&json!({}), &hook.contexts(&[context], &|_| Vec::new()));
            let verdict = parse_verdict(binding.kind, &outcome.admission).unwrap();
            assert_eq!(
                (outcome.told.as_str(), verdict.ignored.as_slice()),
                ("", [].as_slice())
            );
            verdict
        });
        let [good, bad] = verdicts;
        assert_eq!(good.denial, None);
        match binding.kind {
            AdmissionKind::Validating => assert_eq!(bad.summary(), "denied: say a version: shop"),
            AdmissionKind::Mutating => assert!(bad.patch.is_some(), "{}", block.place),
        }
    }
}

#[test]
fn hooks_that_convert_know_the_way_there_and_back() {
    for block in blocks("python conversion hook") {
        let (hook, _folder) = ask(&block);
        let binding = &hook.config.conversions[0];
        let convert = |index: usize, tab: &Value| {
            let request = json!({"uid": "u", "desiredAPIVersion": "", "objects": [tab]});
            let rule = &binding.conversions[index];
            let context = Context::conversion(binding, rule, request.to_string().into());
            let outcome = hook.run(&json!({}), &hook.contexts(&[context], &|_| Vec::new()));
            assert_eq!(outcome.told, "", "{}", block.place);
            parse_converted(&outcome.conversion).unwrap().0
        };
        let tab = |version: &str, spec: Value| {
            let api_version = format!("stable.example.com/{version}");
            json!({"apiVersion": api_version, "kind": "Tab", "metadata": {"name": "a"}, "spec": spec})
        };
        let old = tab("v1", json!({"host": "x"}));
        let new = tab("v2", json!({"hosts": ["x"]}));
        assert_eq!(convert(0, &old), Converted::Objects(vec![new.clone()]));
        assert_eq!(convert(1, &new), Converted::Objects(vec![old]));
        let many = tab("v2", json!({"hosts": ["x", "y"]}));
        let why = "a has 2 hosts, v1 has room for one".to_owned();
        assert_eq!(convert(1, &many), Converted::Failed(why));
    }
}

#[test]
fn configurations_are_good() {
    for (kind, place) in [
        ("yaml hook", Place::Module),
        ("yaml global hook", Place::Global),
    ] {
        for block in blocks(kind) {
            let config = parse_config(&block.place, &block.text, place)
                .unwrap_or_else(|mistakes| panic!("{mistakes}"));
            assert!(config.warnings.is_empty(), "{:?}", config.warnings);
        }
    }
}

#[test]
fn what_hooks_write_is_good() {
    for block in blocks("yaml objects") {
        let operations = parse_object_operations(&block.text).unwrap();
        assert!(!operations.is_empty(), "{}", block.place);
    }
    for block in blocks("json values") {
        let patch = patch::parse(&block.text, &key()).unwrap();
        assert!(!patch.values.is_empty(), "{}", block.place);
    }
    for block in blocks("json metrics") {
        let metrics = parse_metric_operations(&block.text, &BTreeMap::new(), None).unwrap();
        assert_eq!(metrics.warnings, [], "{}", block.place);
    }
    for block in blocks("json contexts") {
        let contexts: Vec<Value> = serde_json::from_str(&block.text).unwrap();
        assert!(
            contexts
                .iter()
                .all(|context| context["binding"].is_string())
        );
    }
}

//! `hook::run`: which function is called for which context.

use serde_json::{Value, json};

use super::{Files, Jq, script};

fn files(contexts: &Value) -> Files {
    Files::new(&contexts.to_string(), "{}", "{}")
}

/// The functions of a hook, each of which says its name.
fn hook(functions: &[&str]) -> String {
    let functions = functions
        .iter()
        .map(|name| format!("function {name}() {{ echo {name}; }}\n"));
    script(&(functions.collect::<String>() + "hook::run \"$@\""))
}

/// One row, one context: the functions from the first choice to the last.
#[test]
#[expect(clippy::too_many_lines, reason = "a table")]
fn the_first_function_that_there_is_runs() {
    let kubernetes = |event: &str| json!({"binding": "my.pods", "type": "Event", "watchEvent": event, "object": {}});
    let conversion = json!({
        "binding": "things", "type": "Conversion", "fromVersion": "x.io/v1", "toVersion": "x.io/v2",
    });
    let rows: Vec<(Value, Vec<&str>)> = vec![
        (json!({"binding": "onStartup"}), vec!["__on_startup"]),
        (
            json!({"binding": "my.pods", "type": "Synchronization", "objects": []}),
            vec![
                "__on_kubernetes::my.pods::synchronization",
                "__on_kubernetes::my.pods",
            ],
        ),
        (
            kubernetes("Added"),
            vec![
                "__on_kubernetes::my.pods::added",
                "__on_kubernetes::my.pods::added_or_modified",
                "__on_kubernetes::my.pods",
            ],
        ),
        (
            kubernetes("Modified"),
            vec![
                "__on_kubernetes::my.pods::modified",
                "__on_kubernetes::my.pods::added_or_modified",
                "__on_kubernetes::my.pods",
            ],
        ),
        (
            kubernetes("Deleted"),
            vec![
                "__on_kubernetes::my.pods::deleted",
                "__on_kubernetes::my.pods",
            ],
        ),
        (
            json!({"binding": "pods", "type": "Group", "groupName": "all-pods", "snapshots": {}}),
            vec!["__on_group::all-pods"],
        ),
        (
            json!({"binding": "night-ly", "type": "Schedule"}),
            vec!["__on_schedule::night-ly"],
        ),
        (
            json!({"binding": "a.b.io", "type": "Validating"}),
            vec!["__on_validating::a.b.io"],
        ),
        (
            json!({"binding": "a.b.io", "type": "Mutating"}),
            vec!["__on_mutating::a.b.io"],
        ),
        (
            conversion,
            vec![
                "__on_conversion::things::x.io.v1::x.io.v2",
                "__on_conversion::things",
            ],
        ),
        (
            json!({"binding": "beforeAll", "snapshots": {}}),
            vec!["__on_before_all"],
        ),
        (
            json!({"binding": "afterAll", "snapshots": {}}),
            vec!["__on_after_all"],
        ),
        (
            json!({"binding": "beforeHelm", "snapshots": {}}),
            vec!["__on_before_helm"],
        ),
        (
            json!({"binding": "afterHelm", "snapshots": {}}),
            vec!["__on_after_helm"],
        ),
        (
            json!({"binding": "beforeDeleteHelm", "snapshots": {}}),
            vec!["__on_before_delete_helm"],
        ),
        (
            json!({"binding": "afterDeleteHelm", "snapshots": {}}),
            vec!["__on_after_delete_helm"],
        ),
    ];
    for (context, functions) in rows {
        let mut choices = functions.clone();
        choices.push("__main__");
        for first in 0..choices.len() {
            let left = files(&json!([context])).run(Jq::all()[0], &hook(&choices[first..]), &[]);
            assert_eq!(
                left.stdout.trim_end(),
                choices[first],
                "{context}: {}",
                left.stderr
            );
        }
        let left = files(&json!([context])).run(Jq::Ours, &hook(&["__on_other"]), &[]);
        let wanted = format!("it may have one of: {}\n", choices.join(" "));
        assert!(left.stderr.contains(&wanted), "{context}: {}", left.stderr);
        assert_ne!(left.code, Some(0));
    }
}

#[test]
fn contexts_are_told_one_after_another() {
    let contexts = json!([
        {"binding": "onStartup"},
        {"binding": "pods", "type": "Event", "watchEvent": "Added", "object": {"n": 1}},
        {"binding": "odd \u{1f}name\n", "type": "Schedule"},
    ]);
    let body = r#"count=0
function __config__() { echo 'configVersion: v1'; }
function __main__() {
  count=$((count + 1))
  echo "$count $BINDING_CONTEXT_CURRENT_INDEX/$CONTEXT_LENGTH $BINDING_CONTEXT_CURRENT_TYPE $(context::get object.n)"
}
hook::run "$@"
echo the end"#;
    for jq in Jq::all() {
        let left = files(&contexts).run(jq, &script(body), &[]);
        // Each has a subshell of its own, so that none leaves anything behind.
        let expected = "1 0/3  null\n1 1/3 Event 1\n1 2/3 Schedule null\nthe end\n";
        assert_eq!(
            (left.stdout.as_str(), left.code),
            (expected, Some(0)),
            "{}",
            left.stderr
        );
        let left = files(&contexts).run(jq, &script(body), &["--config"]);
        assert_eq!(
            (left.stdout.as_str(), left.code),
            ("configVersion: v1\n", Some(0))
        );
        let left = files(&json!([])).run(jq, &script(body), &[]);
        assert_eq!(
            (left.stdout.as_str(), left.code),
            ("the end\n", Some(0)),
            "{}",
            left.stderr
        );
    }
}

#[test]
fn a_failure_ends_the_hook_and_is_told_once() {
    let contexts = json!([{"binding": "onStartup"}, {"binding": "beforeHelm"}]);
    let body = "function __main__() {\n  echo begun\n  (exit 3)\n  echo not here\n}\nhook::run\necho nor here";
    for jq in Jq::all() {
        let left = files(&contexts).run(jq, &script(body), &[]);
        assert_eq!((left.stdout.as_str(), left.code), ("begun\n", Some(3)));
        assert_eq!(
            left.stderr.matches("failed with status").count(),
            1,
            "{}",
            left.stderr
        );
        assert!(
            left.stderr.contains("hook.sh:4, in __main__\n"),
            "{}",
            left.stderr
        );
    }
}

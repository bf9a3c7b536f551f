//! What object patch files mean, and what is told about those that mean nothing.

use serde_json::json;

use super::super::Error;
use super::*;

/// Each operation as people see it.
fn names(text: &str) -> Vec<String> {
    let operations = parse_object_operations(text).unwrap_or_else(|error| {
        panic!("{}", crate::report::chain(&error));
    });
    operations.iter().map(ToString::to_string).collect()
}

fn one(text: &str) -> ObjectOperation {
    let mut operations = parse_object_operations(text).unwrap();
    assert_eq!(operations.len(), 1, "{operations:?}");
    operations.remove(0)
}

fn mistakes(text: &str) -> Vec<String> {
    match parse_object_operations(text) {
        Err(Error::ReadObjects(mistakes)) => mistakes.0.iter().map(ToString::to_string).collect(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn every_operation_is_read_from_json_lines() {
    let text = r#"
{"operation":"Create","object":{"apiVersion":"v1","kind":"ConfigMap","metadata":{"namespace":"n","name":"a"}}}
{"operation":"CreateIfNotExists","object":{"kind":"Node","metadata":{"name":"b"}}}
{"operation":"CreateOrUpdate","object":{"apiVersion":"v1","kind":"Pod","metadata":{"namespace":"n","generateName":"c-"}}}
{"operation":"Delete","apiVersion":"apps/v1","kind":"Deployment","namespace":"n","name":"d"}
{"operation":"DeleteInBackground","kind":"Deployment","namespace":"n","name":"e"}
{"operation":"DeleteNonCascading","kind":"deploy","namespace":"n","name":"f"}
{"operation":"MergePatch","kind":"Node","name":"g","mergePatch":{"a":null}}
{"operation":"JSONPatch","kind":"Node","name":"h","jsonPatch":[{"op":"remove","path":"/a"}]}
{"operation":"JQPatch","kind":"Node","name":"i","jqFilter":".a = 1"}"#;
    let expected = [
        "Create v1 ConfigMap n/a",
        "CreateIfNotExists Node b",
        "CreateOrUpdate v1 Pod n/",
        "Delete apps/v1 Deployment n/d",
        "DeleteInBackground Deployment n/e",
        "DeleteNonCascading deploy n/f",
        "MergePatch Node g",
        "JSONPatch Node h",
        "JQPatch Node i",
    ];
    assert_eq!(names(text), expected);
}

#[test]
fn documents_of_yaml_and_lists_are_read_in_order() {
    let text = "\
# what follows
operation: MergePatch
kind: Node
name: 007
mergePatch: |
  spec: {unschedulable: true}
---
- {operation: Delete, kind: Node, name: b}
- operation: CreateOrUpdate
  object: '{\"kind\":\"Node\",\"metadata\":{\"name\":\"c\"}}'
---
# nothing
---
null
---
operation: Delete
kind: Node
name: on
";
    let expected = [
        "MergePatch Node 7",
        "Delete Node b",
        "CreateOrUpdate Node c",
        "Delete Node on",
    ];
    assert_eq!(names(text), expected);
    for empty in ["", " \n", "---\n---\n", "[]", "null"] {
        assert_eq!(names(empty), Vec::<String>::new(), "{empty:?}");
    }
    let lists = r#"[{"operation":"Delete","kind":"Node","name":"a"}] [{"operation":"Delete","kind":"Node","name":"b"}]"#;
    assert_eq!(names(lists), ["Delete Node a", "Delete Node b"]);
}

#[test]
fn patches_are_texts_or_values() {
    let patch = |more: &str| {
        let text = format!("{{operation: MergePatch, kind: K, name: n, {more}}}");
        match one(&text) {
            ObjectOperation::Patch {
                patch: ObjectPatch::Merge(value),
                ..
            } => value,
            other => panic!("{other:?}"),
        }
    };
    let large = json!({"spec": {"count": 9_007_199_254_740_993_u64, "mode": 420}});
    assert_eq!(
        patch("mergePatch: {spec: {count: 9007199254740993, mode: 0644}}"),
        large
    );
    assert_eq!(
        patch(r#"mergePatch: "spec: {count: 9007199254740993, mode: 0644}""#),
        large
    );
    assert_eq!(
        patch(r#"mergePatch: '{"a":	{"b": null}}'"#),
        json!({"a": {"b": null}})
    );
    let text = r#"{"operation":"JSONPatch","kind":"K","name":"n","jsonPatch":"[{\"op\":\"test\",\"path\":\"\",\"value\":null}]"}"#;
    let ObjectOperation::Patch {
        patch: ObjectPatch::Json(value),
        ..
    } = one(text)
    else {
        panic!("a patch");
    };
    assert_eq!(value, json!([{"op": "test", "path": "", "value": null}]));
}

#[test]
fn options_of_patches_are_read_in_all_their_spellings() {
    let options = |more: &str| {
        let text =
            format!("{{operation: MergePatch, kind: K, name: n, mergePatch: {{a: 1}}{more}}}");
        match one(&text) {
            ObjectOperation::Patch {
                subresource,
                ignore_missing,
                ignore_hook_error,
                ..
            } => (subresource, ignore_missing, ignore_hook_error),
            other => panic!("{other:?}"),
        }
    };
    let status = || Some("status".to_owned());
    for (more, expected) in [
        ("", (None, false, false)),
        (", subresource: status", (status(), false, false)),
        (", subresource: /status", (status(), false, false)),
        (", subresource: '', namespace: null", (None, false, false)),
        (", ignoreMissingObject: true", (None, true, false)),
        (", ignoreMissingObjects: true", (None, true, false)),
        (", ignoreMissingObject: false", (None, false, false)),
        (
            ", ignoreHookError: true, subresource: /status, more: [1]",
            (status(), false, true),
        ),
    ] {
        assert_eq!(options(more), expected, "{more}");
    }
}

#[test]
fn deletions_and_creations_know_their_subresource() {
    let part = |text: &str| match one(text) {
        ObjectOperation::Delete { subresource, .. }
        | ObjectOperation::Create { subresource, .. } => subresource,
        other @ ObjectOperation::Patch { .. } => panic!("{other:?}"),
    };
    let object = "object: {kind: Node, metadata: {name: n}}";
    for (text, expected) in [
        ("operation: Delete, kind: Node, name: n", None),
        (
            "operation: Delete, kind: Node, name: n, subresource: status",
            Some("status"),
        ),
        (
            "operation: DeleteInBackground, kind: Node, name: n, subresource: /approval",
            Some("approval"),
        ),
        (&format!("operation: Create, {object}"), None),
        (
            &format!("operation: CreateIfNotExists, {object}, subresource: /status"),
            Some("status"),
        ),
        (
            &format!("operation: CreateOrUpdate, {object}, subresource: status"),
            Some("status"),
        ),
    ] {
        assert_eq!(part(&format!("{{{text}}}")).as_deref(), expected, "{text}");
    }
    let scale = format!("{{operation: Create, {object}, subresource: scale}}");
    let expected = "line 1: subresource: operation 1 in document 1: scale cannot be written with a new object \
                    (only status can; write a patch of the object for the rest)";
    assert_eq!(mistakes(&scale), [expected]);
}

#[test]
fn only_patches_of_the_status_survive_an_error_of_the_hook() {
    for (more, survives) in [
        ("ignoreHookError: true, subresource: status", true),
        ("ignoreHookError: true, subresource: /status", true),
        ("ignoreHookError: true", false),
        ("ignoreHookError: true, subresource: scale", false),
        ("subresource: status", false),
    ] {
        let text =
            format!("{{operation: MergePatch, kind: K, name: n, mergePatch: {{a: 1}}, {more}}}");
        assert_eq!(one(&text).survives_hook_error(), survives, "{more}");
    }
}

#[test]
fn capitals_of_fields_do_not_count_but_the_exact_name_wins() {
    let text = r#"{"Operation":"Delete","KIND":"Node","Name":"x","name":"a"}"#;
    assert_eq!(names(text), ["Delete Node a"]);
}

const ALL_WRONG: &str = "\
operation: DeleteInBackgruond
---
- operation: MergePatch
  kind: Node
  mergePatch: {}
  ignoreMissingObject: \"yes\"
- operation: JSONPatch
  name: [a]
  jsonPatch:
  - {op: remove, path: /a}
  - {op: repalce, path: /a, value: 1}
  - {op: add, path: a}
  - {op: move, path: /a/b, from: /a}
  - {op: copy, path: 1}
  - {path: /a}
  - nothing
---
{operation: Create, object: \"a: 1\\n---\\nb: 2\"}
---
5
---
operation: CreateOrUpdate
object:
  apiVersion: a/b/c
  metadata:
    name: 5
    namespace: a/b
---
operation: Create
object: {kind: List, items: []}
---
operation: JQPatch
kind: Node
namespace: ..
name: a
subresource: /a/b
";

#[test]
fn all_mistakes_of_a_file_are_told_at_once() {
    let expected = "\
line 1: operation: operation 1 in document 1: unknown operation \"DeleteInBackgruond\" (write DeleteInBackground)
line 3: name: operation 2 in document 2: is missing
line 6: ignoreMissingObject: operation 2 in document 2: expected true or false, got a text (write it without quotes)
line 5: mergePatch: operation 2 in document 2: expected a map, got an empty map
line 7: kind: operation 3 in document 2: is missing
line 8: name: operation 3 in document 2: expected a text, got a list
line 11: jsonPatch[1].op: operation 3 in document 2: unknown operation \"repalce\" (write replace)
line 12: jsonPatch[2].path: operation 3 in document 2: \"a\" is not a JSON pointer (it starts with /; ~0 is ~ and ~1 is /)
line 12: jsonPatch[2].value: operation 3 in document 2: `add` needs a value (null is one, too)
line 13: jsonPatch[3].path: operation 3 in document 2: a value cannot be moved into itself
line 14: jsonPatch[4].path: operation 3 in document 2: expected a text, got a number
line 14: jsonPatch[4].from: operation 3 in document 2: is missing (a path is a text: /spec/replicas)
line 15: jsonPatch[5].op: operation 3 in document 2: is missing (one of add, remove, replace, move, copy, test)
line 16: jsonPatch[6]: operation 3 in document 2: expected a map, got a text (write {\"op\": …, \"path\": …})
line 18: object: operation 4 in document 3: the text holds 2 documents, one is expected (write one operation for each)
line 20: operation 5 in document 4: expected an operation, got a number (write {\"operation\": …, …})
line 24: object.apiVersion: operation 6 in document 5: \"a/b/c\" is not an API version (v1, apps/v1)
line 24: object.kind: operation 6 in document 5: is missing
line 27: object.metadata.namespace: operation 6 in document 5: \"a/b\" cannot be a name (names are letters, digits, `-` and `.`)
line 26: object.metadata.name: operation 6 in document 5: expected a text, got a number (quote it)
line 30: object: operation 7 in document 6: a List is not one object (write one operation for each of its items)
line 34: namespace: operation 8 in document 7: \"..\" cannot be a name (names are letters, digits, `-` and `.`)
line 36: subresource: operation 8 in document 7: \"/a/b\" is not the name of a subresource (status, scale)
line 32: jqFilter: operation 8 in document 7: is missing";
    assert_eq!(mistakes(ALL_WRONG).join("\n"), expected);
}

#[test]
fn text_that_breaks_off_is_told_with_the_mistakes_before_it() {
    let text = "{\"operation\":\"Delete\",\"kind\":\"Node\"}\n{\"operation\":\"Del";
    let expected = [
        "line 1: name: operation 1 in document 1: is missing",
        "line 2: document 2: not JSON: EOF while parsing a string",
    ];
    assert_eq!(mistakes(text), expected);
    let yaml = "operation: Delete\nkind: [\n---\noperation: Delete\nkind: Node\nname: a\n";
    assert!(
        mistakes(yaml)[0].contains("document 1: not YAML"),
        "{:?}",
        mistakes(yaml)
    );
    let words = mistakes("kubectl: command not found: jq: no\n");
    assert!(words[0].contains("not YAML"), "{words:?}");
}

#[test]
fn filter_that_is_none_is_told() {
    let text = "operation: JQPatch\nkind: Node\nname: a\njqFilter: '.a |'\n";
    let told = mistakes(text);
    assert!(
        told[0].starts_with("line 4: jqFilter: operation 1 in document 1: "),
        "{told:?}"
    );
}

#[test]
fn values_stay_out_of_what_is_printed() {
    let text = r#"{"operation":"MergePatch","kind":"Secret","namespace":"n","name":"a","mergePatch":{"stringData":{"p":"hunter2"}}}
        {"operation":"Create","object":{"kind":"Secret","metadata":{"name":"a"},"stringData":{"p":"hunter2"}}}"#;
    let operations = parse_object_operations(text).unwrap();
    assert!(!format!("{operations:?}").contains("hunter2"));
    let ObjectOperation::Patch { patch, .. } = &operations[0] else {
        panic!("a patch");
    };
    assert_eq!(format!("{patch:?}"), "Merge");
}

proptest::proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in r#"[\[\]{}",:0-9a-zA-Z/|~\n -]{0,80}"#) {
        let _ = parse_object_operations(&text);
    }
}

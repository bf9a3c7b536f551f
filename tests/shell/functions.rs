//! One row, one call: what it prints, or what it asks for.

use serde_json::{Value, json};

use super::{Files, Jq, script};

const CONTEXTS: &str = r#"[
  {"binding": "first", "snapshots": {}},
  {"binding": "pods", "type": "Event", "watchEvent": "Added", "yes": true, "no": false, "none": null,
   "object": {"kind": "Pod", "metadata": {"name": "web-1", "labels": {"a.b/c": "x", "my-app": "y"}}},
   "snapshots": {"pods": [{"filterResult": {"ready": 1}}, {"filterResult": "text"}]}}
]"#;

const VALUES: &str = r#"{"global": {"domain": "example.com"}, "fooBar": {
  "name": "web", "size": 3, "on": true, "off": false, "none": null, "list": ["a", "b"],
  "my-key": {"a.b": 1}, "rows": [{"id": "x", "n": 1}, {"id": "y", "n": 2}]}}"#;

const CONFIG: &str = r#"{"global": {}, "fooBar": {"name": "set", "off": false}}"#;

fn files() -> Files {
    Files::new(CONTEXTS, VALUES, CONFIG)
}

/// Runs each row, and compares what is printed.
fn assert_printed(rows: &[(&str, &str)]) {
    for jq in Jq::all() {
        for (call, printed) in rows {
            let body = format!("export BINDING_CONTEXT_CURRENT_INDEX=1\n{call}");
            let left = files().run(jq, &script(&body), &[]);
            assert_eq!(
                (left.stdout.trim_end(), left.stderr.as_str()),
                (*printed, ""),
                "{jq:?}: {call}"
            );
        }
    }
}

/// Runs each row, and compares what is asked for.
fn assert_asked(file: &str, rows: &[(&str, Vec<Value>)]) {
    for jq in Jq::all() {
        for (call, asked) in rows {
            let files = files();
            let left = files.run(jq, &script(call), &[]);
            assert_eq!(left.stderr, "", "{jq:?}: {call}");
            assert_eq!(files.documents(file), *asked, "{jq:?}: {call}");
        }
    }
}

#[test]
fn contexts_are_read() {
    assert_printed(&[
        ("context::get binding", "pods"),
        ("context::get object.metadata.name", "web-1"),
        (r#"context::get 'object.metadata.labels."a.b/c"'"#, "x"),
        (r#"context::get "object.metadata.labels.'a.b/c'""#, "x"),
        ("context::get object.metadata.labels.my-app", "y"),
        ("context::get snapshots.pods.1.filterResult", "text"),
        ("context::get 'snapshots.pods[1].filterResult'", "text"),
        ("context::get snapshots.pods.0.filterResult.ready", "1"),
        ("context::get 'snapshots.pods | length'", "2"),
        ("context::get 'snapshots.pods[].filterResult.ready?'", "1"),
        ("context::get nothing.here", "null"),
        ("context::get --required binding", "pods"),
        ("context::jq -r '.binding'", "pods"),
        (
            "context::jq -c '.object.metadata | {name}'",
            r#"{"name":"web-1"}"#,
        ),
        ("context::jq --arg a x -r '.binding + $a # why'", "podsx"),
        ("context::jq -s -c 'length'", "1"),
        ("context::jq -r 'def f: .kind; .object | f'", "Pod"),
        (
            "context::global::jq -c '[.[].binding]'",
            r#"["first","pods"]"#,
        ),
        ("context::has object.kind && echo has", "has"),
        ("context::has none && echo has", "has"),
        ("context::has object.x || echo not", "not"),
        ("context::has x.y.z || echo not", "not"),
        ("context::has snapshots.pods.1 && echo has", "has"),
        ("context::has snapshots.pods.2 || echo not", "not"),
        (
            r#"context::has 'object.metadata.labels."a.b/c"' && echo has"#,
            "has",
        ),
        ("context::is_true yes && echo is", "is"),
        ("context::is_true no || echo not", "not"),
        ("context::is_true binding || echo not", "not"),
        ("context::is_false no && echo is", "is"),
        ("context::is_false none || echo not", "not"),
        ("context::is_null none && echo is", "is"),
        ("context::is_null x.y && echo is", "is"),
        ("context::is_null yes || echo not", "not"),
        // What is asked in a condition does not end the hook; what is required does.
        (
            "if context::has x; then :; else echo goes on; fi",
            "goes on",
        ),
    ]);
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table")]
fn values_are_read() {
    assert_printed(&[
        ("values::get fooBar.name", "web"),
        ("values::get --config fooBar.name", "set"),
        ("values::get_config fooBar.name", "set"),
        ("values::get global.domain", "example.com"),
        ("values::get fooBar.nothing", "null"),
        ("values::get --required fooBar.size", "3"),
        (r#"values::get 'fooBar.my-key."a.b"'"#, "1"),
        ("values::get fooBar.rows.1.id", "y"),
        ("values::json_get fooBar.list", r#"["a","b"]"#),
        ("values::json_get --config fooBar.name", r#""set""#),
        ("values::jq -r '.fooBar.list[]'", "a\nb"),
        ("values::jq --config -r .fooBar.name", "set"),
        ("values::jq '' -r .fooBar.name", "web"),
        ("values::has fooBar.none && echo has", "has"),
        ("values::has fooBar.x.y || echo not", "not"),
        ("values::has --config fooBar.size || echo not", "not"),
        ("values::has fooBar.list.1 && echo has", "has"),
        ("values::is_true fooBar.on && echo is", "is"),
        ("values::is_true fooBar.name || echo not", "not"),
        ("values::is_true --config fooBar.on || echo not", "not"),
        ("values::is_false fooBar.off && echo is", "is"),
        ("values::is_false --config fooBar.off && echo is", "is"),
        ("values::is_false fooBar.none || echo not", "not"),
        (
            "values::is_empty '' && values::is_empty null && echo is",
            "is",
        ),
        ("values::is_empty 0 || echo not", "not"),
        ("values::array_has fooBar.list b && echo has", "has"),
        ("values::array_has fooBar.list c || echo not", "not"),
        ("values::array_has fooBar.name web || echo not", "not"),
        (
            "values::get_first_defined fooBar.x fooBar.size fooBar.name",
            "3",
        ),
        (
            "values::get_first_defined --config fooBar.size fooBar.name",
            "set",
        ),
        (
            "values::get_first_defined fooBar.x fooBar.y || echo none",
            "none",
        ),
        ("values::require_in_config fooBar.name && echo is", "is"),
        (
            "password=$(values::generate_password); echo ${#password}",
            "20",
        ),
        // What a hook sets it reads back.
        (
            "values::set fooBar.name new; values::get fooBar.name",
            "new",
        ),
        (
            "values::set --config fooBar.name new; values::get fooBar.name",
            "web",
        ),
        (
            "values::set --config fooBar.name new; values::get --config fooBar.name",
            "new",
        ),
        (
            "values::unset fooBar.name; values::has fooBar.name || echo not",
            "not",
        ),
        ("(values::set fooBar.size 7); values::get fooBar.size", "7"),
    ]);
}

fn set(path: &str, value: &Value) -> Value {
    json!({"op": "add", "path": path, "value": value})
}

fn removed(path: &str) -> Value {
    json!({"op": "remove", "path": path})
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table")]
fn values_are_set() {
    let rows = [
        (
            "values::set fooBar.a text",
            vec![set("/fooBar/a", &json!("text"))],
        ),
        ("values::set fooBar.a 3", vec![set("/fooBar/a", &json!(3))]),
        (
            "values::set fooBar.a -1.5",
            vec![set("/fooBar/a", &json!(-1.5))],
        ),
        (
            "values::set fooBar.a 007",
            vec![set("/fooBar/a", &json!("007"))],
        ),
        (
            "values::set fooBar.a nan",
            vec![set("/fooBar/a", &json!("nan"))],
        ),
        (
            "values::set fooBar.a true",
            vec![set("/fooBar/a", &json!(true))],
        ),
        (
            "values::set fooBar.a null",
            vec![set("/fooBar/a", &json!(null))],
        ),
        (
            "values::set fooBar.a ''",
            vec![set("/fooBar/a", &json!(""))],
        ),
        (
            "values::set fooBar.a '\"3\"'",
            vec![set("/fooBar/a", &json!("3"))],
        ),
        (
            "values::set fooBar.a '{\"x\": [1]}'",
            vec![set("/fooBar/a", &json!({"x": [1]}))],
        ),
        (
            "values::set fooBar.a '{ no json'",
            vec![set("/fooBar/a", &json!("{ no json"))],
        ),
        (
            "values::set fooBar.a $'two\\nlines'",
            vec![set("/fooBar/a", &json!("two\nlines"))],
        ),
        (
            "values::set fooBar.a '*'",
            vec![set("/fooBar/a", &json!("*"))],
        ),
        (
            "values::set fooBar.list.1 c",
            vec![set("/fooBar/list/1", &json!("c"))],
        ),
        (
            r#"values::set 'fooBar.my-key."a.b/c~"' 1"#,
            vec![set("/fooBar/my-key/a.b~1c~0", &json!(1))],
        ),
        (
            "values::set fooBar.a 1; values::set fooBar.b 2",
            vec![set("/fooBar/a", &json!(1)), set("/fooBar/b", &json!(2))],
        ),
        (
            "values::set fooBarEnabled true",
            vec![set("/fooBarEnabled", &json!(true))],
        ),
        ("values::unset fooBar.name", vec![removed("/fooBar/name")]),
        ("values::unset fooBar.nothing", vec![]),
        (
            "values::unset fooBar.name; values::unset fooBar.name",
            vec![removed("/fooBar/name")],
        ),
        (
            "values::json_patch add /fooBar/list/- c",
            vec![set("/fooBar/list/-", &json!("c"))],
        ),
        (
            "values::json_patch remove /fooBar/name",
            vec![removed("/fooBar/name")],
        ),
        (
            r#"values::store::replace_row_by_key fooBar.rows id '{"id": "x", "n": 5}'"#,
            vec![set(
                "/fooBar/rows",
                &json!([{"id": "x", "n": 5}, {"id": "y", "n": 2}]),
            )],
        ),
        (
            r#"values::store::replace_row_by_key fooBar.rows id '{"id": "z", "n": 5}'"#,
            vec![set(
                "/fooBar/rows",
                &json!([{"id": "x", "n": 1}, {"id": "y", "n": 2}, {"id": "z", "n": 5}]),
            )],
        ),
        (
            r#"values::store::replace_row_by_key fooBar.rows id '{"id": "x", "n": 1}'"#,
            vec![],
        ),
        (
            r#"values::store::replace_row_by_key fooBar.none id '{"id": "x"}'"#,
            vec![set("/fooBar/none", &json!([{"id": "x"}]))],
        ),
        (
            r#"values::store::unset_row_by_key fooBar.rows id '{"id": "x"}'"#,
            vec![set("/fooBar/rows", &json!([{"id": "y", "n": 2}]))],
        ),
        (
            r#"values::store::unset_row_by_key fooBar.rows id '{"id": "q"}'"#,
            vec![],
        ),
    ];
    assert_asked("VALUES_JSON_PATCH_PATH", &rows);
    let rows = [
        (
            "values::set --config fooBar.a 1",
            vec![set("/fooBar/a", &json!(1))],
        ),
        (
            "values::unset --config fooBar.name",
            vec![removed("/fooBar/name")],
        ),
        ("values::unset --config fooBar.size", vec![]),
        (
            "values::json_patch --config remove /fooBar/name",
            vec![removed("/fooBar/name")],
        ),
        (
            r#"values::store::replace_row_by_key --config fooBar.rows id '{"id": "x"}'"#,
            vec![set("/fooBar/rows", &json!([{"id": "x"}]))],
        ),
        ("values::set fooBar.a 1", vec![]),
    ];
    assert_asked("CONFIG_VALUES_JSON_PATCH_PATH", &rows);
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table")]
fn objects_are_changed() {
    let object = json!({"kind": "ConfigMap", "metadata": {"name": "a"}});
    let text = "kind: ConfigMap\nmetadata: {name: a}\n";
    let json_in = format!("<<< '{object}'");
    let yaml_in = format!("<<< '{}'", text.trim_end());
    let asked =
        |operation: &str, object: &Value| vec![json!({"operation": operation, "object": object})];
    let mut rows = Vec::new();
    for (function, operation) in [
        ("create", "Create"),
        ("create_if_not_exists", "CreateIfNotExists"),
        ("replace_or_create", "CreateOrUpdate"),
        ("replace", "CreateOrUpdate"),
    ] {
        rows.push((
            format!("kubernetes::{function}_json {json_in}"),
            asked(operation, &object),
        ));
        rows.push((
            format!("kubernetes::{function}_yaml {yaml_in}"),
            asked(operation, &json!(text)),
        ));
    }
    rows.push((
        "kubernetes::create_yaml <<< $'# all of it\\n---\\na: 1\\n---\\n# nothing\\n--- \\nb: 2'"
            .to_owned(),
        vec![
            json!({"operation": "Create", "object": "a: 1"}),
            json!({"operation": "Create", "object": "b: 2\n"}),
        ],
    ));
    let pod = json!({"namespace": "shop", "kind": "pod", "name": "web-1"});
    let with = |target: &Value, more: &Value| {
        let mut all = target.clone();
        let fields = more.as_object().unwrap().clone();
        all.as_object_mut().unwrap().extend(fields);
        vec![all]
    };
    let of_pod = |more: Value| with(&pod, &more);
    let thing =
        json!({"namespace": "shop", "apiVersion": "x.io/v1", "kind": "things", "name": "a"});
    let of_thing = |more: Value| with(&thing, &more);
    for (call, asked) in [
        (
            "kubernetes::patch_jq shop pod/web-1 '.a = \"b\"'",
            of_pod(json!({"operation": "JQPatch", "jqFilter": ".a = \"b\""})),
        ),
        (
            "kubernetes::delete shop pod/web-1",
            of_pod(json!({"operation": "Delete"})),
        ),
        (
            "kubernetes::delete_if_exists shop pod/web-1",
            of_pod(json!({"operation": "Delete"})),
        ),
        (
            "kubernetes::delete_if_exists::non_blocking shop pod/web-1",
            of_pod(json!({"operation": "DeleteInBackground"})),
        ),
        (
            "kubernetes::delete_if_exists::non_cascading shop pod/web-1",
            of_pod(json!({"operation": "DeleteNonCascading"})),
        ),
        (
            "kubernetes::delete '' things.x.io/a",
            vec![json!({"operation": "Delete", "kind": "things.x.io", "name": "a"})],
        ),
        (
            "kubernetes::merge_patch shop x.io/v1 things a '{\"a\": 1}'",
            of_thing(json!({"operation": "MergePatch", "mergePatch": {"a": 1}})),
        ),
        (
            "kubernetes::merge_patch shop x.io/v1 things a <<< '{\"a\": 1}'",
            of_thing(json!({"operation": "MergePatch", "mergePatch": {"a": 1}})),
        ),
        (
            "kubernetes::json_patch shop x.io/v1 things a '[{\"op\": \"remove\", \"path\": \"/a\"}]'",
            of_thing(
                json!({"operation": "JSONPatch", "jsonPatch": [{"op": "remove", "path": "/a"}]}),
            ),
        ),
        (
            "kubernetes::status::merge_patch shop x.io/v1 things a '{\"a\": 1}'",
            of_thing(json!({
                "operation": "MergePatch", "subresource": "status", "mergePatch": {"status": {"a": 1}},
            })),
        ),
        (
            "kubernetes::status::json_patch shop x.io/v1 things a '[]'",
            of_thing(json!({"operation": "JSONPatch", "subresource": "status", "jsonPatch": []})),
        ),
    ] {
        rows.push((call.to_owned(), asked));
    }
    let rows: Vec<_> = rows
        .iter()
        .map(|(call, asked)| (call.as_str(), asked.clone()))
        .collect();
    assert_asked("KUBERNETES_PATCH_PATH", &rows);
}

#[test]
fn mistakes_end_the_hook_and_say_where() {
    for jq in Jq::all() {
        for (call, said) in [
            (
                "context::get --required x.y",
                "the binding context must have \"x.y\"\n",
            ),
            (
                "values::get --required fooBar.x",
                "the values must have \"fooBar.x\"\n",
            ),
            (
                "values::require_in_config fooBar.size",
                "the ConfigMap must have \"fooBar.size\"\n",
            ),
            (
                "values::set 'fooBar.list[].x' 1",
                "a value cannot be set at \"fooBar.list[].x\"",
            ),
            (
                "kubernetes::delete shop web-1",
                "\"web-1\" is no resource: write KIND/NAME\n",
            ),
            (
                "unset VALUES_PATH; values::get a",
                "VALUES_PATH: is not set\n",
            ),
            (
                "function f() { false; }; f",
                "failed with status 1: false\n  at ",
            ),
            ("x=$(exit 3)", "failed with status 3: "),
            ("true | false | true", "failed with status 1: "),
            ("echo $nothing", "nothing: unbound variable"),
            ("echo /no/such/*.file", "no match: /no/such/*.file"),
        ] {
            let left = files().run(jq, &script(&format!("{call}\necho goes on")), &[]);
            assert_eq!(left.stdout, "", "{jq:?}: {call}");
            assert_ne!(left.code, Some(0), "{jq:?}: {call}");
            assert!(
                left.stderr.contains(said),
                "{jq:?}: {call}: {}",
                left.stderr
            );
        }
    }
}

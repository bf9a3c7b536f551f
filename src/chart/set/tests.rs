//! Arguments and what the real program makes of them.

use serde_json::{Value as Json, json};

use super::super::values::to_json;
use super::*;

/// Rows of flag, argument, values and error.
const ANSWERS: &str = include_str!("../../../tests/data/helm/set.json");

#[test]
fn arguments_are_read_as_helm_does() {
    let rows: Vec<(String, String, Json, String)> = serde_json::from_str(ANSWERS).unwrap();
    assert!(rows.len() > 100);
    for (flag, argument, expected, error) in rows {
        let mut options = ValueOptions::default();
        let arguments = match flag.as_str() {
            "--set" => &mut options.typed,
            "--set-string" => &mut options.texts,
            "--set-json" => &mut options.json,
            _ => &mut options.literals,
        };
        arguments.push(argument.clone());
        let found = match options.to_values(&|_| Err(String::new())) {
            Ok(values) => (to_json(&values), String::new()),
            Err(error) => (Json::Null, error.to_string()),
        };
        // Numbers are compared by their worth: how they are printed is not known here.
        assert_eq!(floats(found.0), floats(expected), "{flag} {argument}");
        assert_eq!(found.1, error, "{flag} {argument}");
    }
}

fn floats(json: Json) -> Json {
    to_json(&Map::from_iter([(
        "".into(),
        crate::chart::Tree::from(json).to_value(),
    )]))
}

#[test]
fn files_are_read_and_merged_in_order() {
    let read = |name: &str| match name {
        "one" => Ok(b"a: {x: 1, w: [1]}\nb: 1\nc: {d: 1}\n".to_vec()),
        "two" => Ok(b"a: {x: null, w: [2], z: 3}\nb: {c: 1}\nc: null\n".to_vec()),
        "bad" => Ok(b"- a\n".to_vec()),
        "empty" => Ok(Vec::new()),
        _ => Err(format!("open {name}: no such file or directory")),
    };
    let options = |files: &[&str], contents: &[&str]| ValueOptions {
        files: files.iter().map(ToString::to_string).collect(),
        contents: contents.iter().map(ToString::to_string).collect(),
        ..ValueOptions::default()
    };
    let merged = options(&["one", "empty", "two"], &["f=empty,g.h=bad"]).to_values(&read);
    assert_eq!(
        to_json(&merged.unwrap()),
        json!({"a": {"x": null, "w": [2.0], "z": 3.0}, "b": {"c": 1.0}, "c": null, "f": "", "g": {"h": "- a\n"}})
    );
    for (files, contents, expected) in [
        (
            vec!["bad"],
            vec![],
            "failed to parse bad: error unmarshaling JSON: while decoding JSON: json: cannot unmarshal array into Go value of type map[string]interface {}",
        ),
        (vec!["none"], vec![], "open none: no such file or directory"),
        (
            vec![],
            vec!["a=none"],
            "failed parsing --set-file data: open none: no such file or directory",
        ),
    ] {
        let error = options(&files, &contents).to_values(&read).unwrap_err();
        assert_eq!(error.to_string(), expected);
    }
}

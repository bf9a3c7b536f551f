//! Schemas, values and what the real program says about them.

use serde_json::Value as Json;

use super::*;
use crate::govalue::from_json;

/// Rows of schema (its text where it is no JSON), values, and what Helm says about them.
const ANSWERS: &str = include_str!("../../tests/data/helm/schema.json");

fn check_text(schema: &str, values: &Json) -> String {
    let values = values.to_string();
    let values = from_json(values.as_bytes()).unwrap();
    let checked = Schema::compile(schema.as_bytes()).and_then(|schema| schema.check(&values));
    let words = checked.err().unwrap_or_default();
    let head = "jsonschema validation failed with 'file:///values.schema.json#'\n";
    words.strip_prefix(head).unwrap_or(&words).to_owned()
}

/// The library tells what is wrong with several properties in random order.
fn sorted(text: &str) -> Vec<&str> {
    let mut lines: Vec<_> = text.trim_end().lines().collect();
    lines.sort_unstable();
    lines
}

#[test]
fn values_are_checked_as_helm_does() {
    let rows: Vec<(Json, Json, String)> = serde_json::from_str(ANSWERS).unwrap();
    assert!(rows.len() > 200);
    for (schema, values, expected) in rows {
        let schema = match &schema {
            Json::String(text) => text.clone(),
            schema => schema.to_string(),
        };
        let found = check_text(&schema, &values);
        assert_eq!(sorted(&found), sorted(&expected), "{schema} {values}");
    }
}

#[test]
fn nothing_is_read_from_elsewhere() {
    for reference in [
        "https://example.com/a.json",
        "http://example.com/a.json#/b",
        "file:///etc/hostname",
        "other.json",
        "../x/values.schema.json",
    ] {
        let schema = format!("{{\"properties\":{{\"a\":{{\"$ref\":\"{reference}\"}}}}}}");
        let words = Schema::compile(schema.as_bytes()).unwrap_err();
        assert!(words.starts_with("failing loading \""), "{words}");
        assert!(words.ends_with("nothing is read from elsewhere"), "{words}");
    }
    let words = Schema::compile(br#"{"$schema": "https://example.com/meta"}"#).unwrap_err();
    assert!(words.contains("https://example.com/meta"), "{words}");
}

#[test]
fn unknown_names_are_told_and_accept_everything() {
    let schema = Schema::compile(br#"{"properties": {"a": {"$ref": "urn:x:y"}}}"#).unwrap();
    assert_eq!(
        schema.warnings(),
        ["WARNING: unresolved URN reference ignored; using permissive schema: urn:x:y"]
    );
    assert!(schema.check(&from_json(br#"{"a": 1}"#).unwrap()).is_ok());
}

#[test]
fn deep_schemas_and_values_fit_the_stack() {
    let schema = br##"{"properties": {"a": {"$ref": "#"}}, "required": ["a"]}"##;
    let schema = Schema::compile(schema).unwrap();
    let value = format!("{}{{}}{}", "{\"a\":".repeat(400), "}".repeat(400));
    let words = schema
        .check(&from_json(value.as_bytes()).unwrap())
        .unwrap_err();
    assert!(words.ends_with(": missing property 'a'"), "{words}");
    let chain: Vec<_> = (0..20_000)
        .map(|at| format!("\"{at}\": {{\"$ref\": \"#/$defs/{}\"}}", at + 1))
        .collect();
    let chain = chain.join(",");
    let text = format!("{{\"$ref\": \"#/$defs/0\", \"$defs\": {{{chain}, \"20000\": {{}}}}}}");
    let schema = Schema::compile(text.as_bytes()).unwrap();
    let words = schema.check(&Value::Nil).unwrap_err();
    assert!(words.contains("nests too deep"), "{words}");
}

#[test]
fn schema_is_shared_between_threads() {
    fn assert_shared<T: Send + Sync>() {}
    assert_shared::<Schema>();
}

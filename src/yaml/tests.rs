//! What Kubernetes' own tools make of texts and values, and laws.

use serde_json::Value;

use super::*;

/// 208 texts and what `kubectl` answered.
#[test]
fn kubectl_reads_the_same() {
    let file: Value =
        serde_json::from_str(include_str!("../../tests/data/yaml-cases.json")).unwrap();
    let cases = file["cases"].as_array().unwrap();
    assert_eq!(cases.len(), 208);
    let wrong: Vec<String> = cases.iter().filter_map(difference).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn difference(case: &Value) -> Option<String> {
    let read: Result<Vec<Value>, Error> = documents(case["yaml"].as_str()?)
        .iter()
        .map(|document| read_value(document.text, Profile::V2))
        .collect();
    let is_right = match (&read, case.get("documents").and_then(Value::as_array)) {
        (Ok(read), Some(expected)) => {
            read.len() == expected.len()
                && read
                    .iter()
                    .zip(expected)
                    .all(|(read, expected)| is_same(read, expected))
        }
        (Err(_), None) => true,
        _ => false,
    };
    (!is_right).then(|| format!("{}: {read:?}", case["name"]))
}

/// Compares with what `kubectl annotate` printed, without the annotation it was asked to add.
fn is_same(read: &Value, printed: &Value) -> bool {
    let printed = printed.as_str().unwrap_or_default();
    let expected = printed.replacen("\"annotations\":{\"zz\":\"1\"},", "", 1);
    assert_ne!(expected, printed, "the annotation is always there");
    match serde_json::from_str::<Value>(&expected) {
        Ok(expected) => *read == as_kubernetes(expected),
        // Nested deeper than the JSON reader goes.
        Err(_) => read.to_string() == expected,
    }
}

/// Integers beyond 64 signed bits are floats for Kubernetes; the JSON reader here keeps 64 unsigned.
fn as_kubernetes(value: Value) -> Value {
    match value {
        Value::Number(number) if number.is_u64() && !number.is_i64() => number.as_f64().into(),
        Value::Array(items) => items.into_iter().map(as_kubernetes).collect(),
        Value::Object(entries) => entries
            .into_iter()
            .map(|(key, value)| (key, as_kubernetes(value)))
            .collect(),
        other => other,
    }
}

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
        Err(_) => *read == expected,
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

fn oracle() -> Value {
    serde_json::from_str(include_str!("../../tests/data/yaml-oracle.json")).unwrap()
}

#[test]
fn go_writes_the_same() {
    let oracle = oracle();
    let rows = oracle["write"].as_array().unwrap();
    assert!(rows.len() > 900);
    for row in rows {
        assert_eq!(write(&row["value"]), row["text"].as_str().unwrap(), "{row}");
    }
}

#[test]
fn go_reads_the_same() {
    let oracle = oracle();
    let rows = oracle["read"].as_array().unwrap();
    assert!(rows.len() > 300);
    for row in rows {
        let text = row["text"].as_str().unwrap();
        for (profile, expected) in [(Profile::V2, &row["v2"]), (Profile::V3, &row["v3"])] {
            let expected = expected.get("value").cloned().map(as_kubernetes);
            assert_eq!(
                read_value(text, profile).ok(),
                expected,
                "{profile:?} {row}"
            );
        }
    }
}

/// The words of go-yaml are part of what Helm prints.
#[test]
fn errors_can_be_told_in_the_words_of_go() {
    let oracle = oracle();
    let rows = oracle["read"].as_array().unwrap().iter();
    let (mut same, mut other) = (0, Vec::new());
    for row in rows {
        let Some(expected) = row["v2"]["error"].as_str() else {
            continue;
        };
        let error = read(row["text"].as_str().unwrap(), Profile::V2).unwrap_err();
        if error.as_go_yaml() == expected {
            same += 1;
        } else {
            other.push(format!("{}: {expected}", error.as_go_yaml()));
        }
    }
    assert!(same > 90, "{same}");
    // A key that is no text is printed as text here: `map[interface {}]interface {}{1:"i"}`.
    assert!(other.len() <= 1, "{other:#?}");
}

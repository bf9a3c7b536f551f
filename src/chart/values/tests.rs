//! Charts and what the real program makes of their values.

use std::collections::BTreeMap;
use std::fs;

use serde::Deserialize;
use serde_json::Value as Json;

use super::*;
use crate::chart::{SetKind, ValueOptions, load, set};
use crate::govalue::Value;

/// Charts with what each of them sees as `.Values`, by its path.
const ANSWERS: &str = include_str!("../../../tests/data/helm/values.json");

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    files: BTreeMap<String, String>,
    args: Vec<String>,
    #[serde(default)]
    values: BTreeMap<String, Json>,
    #[serde(default)]
    warnings: Vec<String>,
    #[serde(default)]
    error: String,
}

impl Case {
    /// The chart on disk. Files that stand beside it are called `../f`.
    fn write(&self) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        for (path, text) in &self.files {
            let path = match path.strip_prefix("../") {
                Some(beside) => dir.path().join(beside),
                None => dir.path().join("chart").join(path),
            };
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        dir
    }

    fn values(&self, dir: &tempfile::TempDir) -> Result<Map, Error> {
        let mut options = ValueOptions::default();
        for pair in self.args.chunks(2) {
            let into = match pair[0].as_str() {
                "-f" => &mut options.files,
                "--set" => &mut options.typed,
                "--set-json" => &mut options.json,
                flag => panic!("{flag}"),
            };
            into.push(pair[1].clone());
        }
        let read = |name: &str| {
            let path = dir.path().join(name.trim_start_matches("FILES/"));
            fs::read(path).map_err(|error| error.to_string())
        };
        options.to_values(&read)
    }
}

pub(in crate::chart) fn to_json(map: &Map) -> Json {
    let entries = map.snapshot();
    let entries = entries.iter();
    entries
        .map(|(key, value)| (key.to_string(), value_to_json(value)))
        .collect()
}

fn value_to_json(value: &Value) -> Json {
    match value {
        Value::Nil => Json::Null,
        Value::Bool(truth) => (*truth).into(),
        Value::Int64(number) => (*number).into(),
        Value::Float(number) => (*number).into(),
        Value::Text(text) => text.to_string().into(),
        Value::List(items) => items.iter().map(value_to_json).collect(),
        Value::Map(map) => to_json(map),
        other => panic!("{other:?} is no value of a chart"),
    }
}

/// Compares numbers by their worth.
fn plain(json: &Json) -> Json {
    match json {
        Json::Number(number) => number.as_f64().unwrap().into(),
        Json::Array(items) => items.iter().map(plain).collect(),
        Json::Object(entries) => {
            let entries = entries.iter();
            entries
                .map(|(key, value)| (key.clone(), plain(value)))
                .collect()
        }
        other => other.clone(),
    }
}

fn list_values(member: &Member, into: &mut BTreeMap<String, Json>) {
    let values = plain(&to_json(&member.values));
    into.insert(member.path.clone(), values);
    for dependency in &member.dependencies {
        list_values(dependency, into);
    }
}

#[test]
fn values_are_merged_as_helm_does() {
    let cases: Vec<Case> = serde_json::from_str(ANSWERS).unwrap();
    assert!(cases.len() > 40);
    for (number, case) in cases.iter().enumerate() {
        let dir = case.write();
        let user = match case.values(&dir) {
            Ok(user) => user,
            Err(error) => {
                assert_eq!(error.to_string(), case.error, "case {number}");
                continue;
            }
        };
        let chart = load(&dir.path().join("chart")).unwrap().chart;
        // The second time of each finds what the first one kept.
        for care in [Care::ForWarnings, Care::ForSpeed, Care::ForWarnings] {
            let coalesced = match coalesce(&chart, &user, care) {
                Ok(coalesced) => coalesced,
                Err(error) => {
                    assert_eq!(error.to_string(), case.error, "case {number}");
                    continue;
                }
            };
            assert_eq!(case.error, "", "case {number}");
            let mut found = BTreeMap::new();
            list_values(&coalesced.root, &mut found);
            let expected = case.values.iter();
            let expected = expected.map(|(path, values)| (path.clone(), plain(values)));
            assert_eq!(found, expected.collect(), "case {number}");
            if care == Care::ForWarnings {
                let mut warnings = coalesced.warnings;
                warnings.sort();
                assert_eq!(warnings, case.warnings, "case {number}");
            }
        }
    }
}

#[test]
fn section_of_a_chart_is_the_map_that_the_chart_sees() {
    let cases: Vec<Case> = serde_json::from_str(ANSWERS).unwrap();
    let mut seen = 0;
    for case in cases.iter().filter(|case| case.error.is_empty()) {
        let dir = case.write();
        let chart = load(&dir.path().join("chart")).unwrap().chart;
        let user = case.values(&dir).unwrap();
        let root = coalesce(&chart, &user, Care::ForSpeed).unwrap().root;
        assert_eq!(root.values.kind(), MapKind::Values);
        for child in &root.dependencies {
            let Some(Value::Map(section)) = root.values.get(child.metadata.name.as_bytes()) else {
                panic!("expected a section")
            };
            assert!(section.is_same(&child.values));
            assert_eq!(section.kind(), MapKind::Any);
            assert_eq!(child.values.kind(), MapKind::Values);
            set(&child.values, "new=1", &SetKind::Typed).unwrap();
            assert!(matches!(section.get(b"new"), Some(Value::Int64(1))));
            seen += 1;
        }
    }
    assert!(seen > 40);
}

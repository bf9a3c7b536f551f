//! What is delivered names what there is: metrics, values, files, versions.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use addon_operator::yaml::{self, Profile};
use serde_json::Value;

use super::{ROOT, page};

const CHART: &str = "charts/addon-operator";
/// Values whose keys are the reader's own: they end a path.
const OPEN: [&str; 4] = [
    "resources",
    "podSecurityContext",
    "securityContext",
    "labels",
];

fn text(path: &str) -> String {
    fs::read_to_string(Path::new(ROOT).join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn yaml_of(path: &str) -> Value {
    yaml::read_value(&text(path), Profile::V2).unwrap()
}

/// The metrics that a text names, by METRICS.md's names, without what a histogram adds.
fn metrics_in(text: &str) -> BTreeSet<String> {
    let words = text.split(|letter: char| !letter.is_alphanumeric() && letter != '_');
    let names = words.filter_map(|word| word.strip_prefix("addon_operator_"));
    let plain = |name: &str| {
        let ends = ["_seconds_bucket", "_seconds_sum", "_seconds_count"];
        let end = ends.iter().find(|end| name.ends_with(*end));
        let stem = end.map_or(name, |end| {
            &name[..name.len() - end.len() + "_seconds".len()]
        });
        stem.to_owned()
    };
    names.map(plain).collect()
}

/// The metrics that METRICS.md says are emitted.
fn emitted() -> BTreeSet<String> {
    let page = page("docs/METRICS.md");
    let rows = page.text.lines().filter_map(|line| {
        let (name, rest) = line.strip_prefix("| `{P}")?.split_once('`')?;
        rest.trim_end()
            .ends_with("| yes |")
            .then(|| name.to_owned())
    });
    rows.collect()
}

#[test]
fn alerts_and_dashboard_use_metrics_that_exist() {
    let emitted = emitted();
    assert!(emitted.len() > 30, "{emitted:?}");
    for file in ["alerts.yaml", "dashboard.json"] {
        let used = metrics_in(&text(&format!("{CHART}/monitoring/{file}")));
        assert!(used.len() > 10, "{used:?}");
        let unknown: Vec<_> = used.difference(&emitted).collect();
        assert!(unknown.is_empty(), "{file}: {unknown:?}");
    }
    assert_eq!(
        metrics_in("rate(addon_operator_a_seconds_bucket[5m]) / addon_operator_b"),
        BTreeSet::from(["a_seconds".to_owned(), "b".to_owned()])
    );
}

#[test]
fn every_alert_says_how_bad_it_is_and_is_documented() {
    let alerts = yaml_of(&format!("{CHART}/monitoring/alerts.yaml"));
    let metrics = page("docs/METRICS.md");
    let troubles = page("docs/TROUBLESHOOTING.md");
    let mut count = 0;
    for rule in alerts["groups"][0]["rules"].as_array().unwrap() {
        let name = rule["alert"].as_str().unwrap();
        let severity = rule["labels"]["severity"].as_str().unwrap();
        assert!(
            ["critical", "warning", "info"].contains(&severity),
            "{name}"
        );
        let summary = rule["annotations"]["summary"].as_str().unwrap();
        assert!(summary.ends_with('.'), "{name}");
        let row = format!("| `{name}` | {severity} |");
        assert!(metrics.text.contains(&row), "{row}");
        assert!(troubles.text.contains(&format!("`{name}`")), "{name}");
        count += 1;
    }
    let rows = metrics.text.matches("| `AddonOperator").count();
    assert_eq!(rows, count, "METRICS.md has an alert that is not there");
}

#[test]
fn the_dashboard_has_panels_with_titles_and_places_of_their_own() {
    let dashboard: Value =
        serde_json::from_str(&text(&format!("{CHART}/monitoring/dashboard.json"))).unwrap();
    let mut seen = BTreeSet::new();
    let mut taken = BTreeSet::new();
    for panel in dashboard["panels"].as_array().unwrap() {
        assert!(seen.insert(panel["title"].as_str().unwrap()), "{panel}");
        let place = |name: &str| panel["gridPos"][name].as_u64().unwrap();
        assert!(place("x") + place("w") <= 24, "{panel}");
        for row in place("y")..place("y") + place("h") {
            for column in place("x")..place("x") + place("w") {
                assert!(taken.insert((row, column)), "{panel} lies on another");
            }
        }
    }
    assert!(seen.len() > 10);
}

/// The paths of all values: `image.tag`.
fn paths(values: &Value, before: &str, into: &mut BTreeSet<String>) {
    for (key, value) in values.as_object().unwrap() {
        let path = format!("{before}{key}");
        let is_open = OPEN.contains(&key.as_str());
        match value.as_object().filter(|map| !map.is_empty() && !is_open) {
            Some(_) => paths(value, &format!("{path}."), into),
            None => drop(into.insert(path)),
        }
    }
}

#[test]
fn readme_of_the_chart_lists_every_value_with_its_default() {
    let values = yaml_of(&format!("{CHART}/values.yaml"));
    let mut known = BTreeSet::new();
    paths(&values, "", &mut known);
    let readme = page(&format!("{CHART}/README.md"));
    let mut listed = BTreeSet::new();
    for line in readme.text.lines() {
        let Some((path, rest)) = line
            .strip_prefix("| `")
            .and_then(|line| line.split_once('`'))
        else {
            continue;
        };
        let default = rest.split(" | ").nth(1).unwrap().trim();
        let pointer = format!("/{}", path.replace('.', "/"));
        let value = values
            .pointer(&pointer)
            .unwrap_or_else(|| panic!("no value {path}"));
        let is_shown = match value {
            Value::Object(map) if map.is_empty() => default == "`{}`",
            Value::Array(list) if list.is_empty() => default == "`[]`",
            Value::String(empty) if empty.is_empty() => default.is_empty(),
            Value::Object(_) | Value::Array(_) => default == "see values.yaml",
            Value::String(text) => default == format!("`{text}`"),
            other => default == format!("`{other}`"),
        };
        assert!(is_shown, "{path}: {value} is shown as {default}");
        listed.insert(path.to_owned());
    }
    assert_eq!(listed, known, "left: README.md, right: values.yaml");
}

#[test]
fn the_schema_of_the_chart_has_every_value_and_no_other() {
    fn compare(values: &Value, schema: &Value, path: &str) {
        let Some(properties) = schema.get("properties").and_then(Value::as_object) else {
            return;
        };
        let keys = |map: &serde_json::Map<String, Value>| -> BTreeSet<String> {
            map.keys().filter(|key| *key != "global").cloned().collect()
        };
        assert_eq!(
            keys(values.as_object().unwrap()),
            keys(properties),
            "at {path}"
        );
        for (key, value) in values.as_object().unwrap() {
            compare(value, &properties[key], &format!("{path}/{key}"));
        }
    }
    let schema = serde_json::from_str(&text(&format!("{CHART}/values.schema.json"))).unwrap();
    compare(&yaml_of(&format!("{CHART}/values.yaml")), &schema, "");
}

#[test]
fn versions_are_that_of_the_program() {
    let version = env!("CARGO_PKG_VERSION");
    let chart = yaml_of(&format!("{CHART}/Chart.yaml"));
    assert_eq!(chart["appVersion"], version);
    let deployment = text("deploy/4-deployment.yaml");
    assert!(deployment.contains(&format!("image: addon-operator:{version}\n")));
    let dockerfile = text("deploy/Dockerfile");
    assert!(dockerfile.contains(&format!("-t addon-operator:{version} .")));
    let manifest = text("Cargo.toml");
    let rust = manifest
        .lines()
        .find_map(|line| line.strip_prefix("rust-version = "));
    let rust = rust.unwrap().trim_matches('"');
    assert!(
        dockerfile.contains(&format!("ARG RUST_VERSION={rust}\n")),
        "{rust}"
    );
}

#[test]
fn the_dockerfile_copies_what_there_is() {
    let text = text("deploy/Dockerfile");
    // A line that ends in a backslash goes on.
    let text = text.replace("\\\n", " ");
    let (mut stages, mut copies) = (BTreeSet::new(), 0);
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let words: Vec<&str> = line.split_whitespace().collect();
        let plain = |word: &&&str| !word.starts_with("--");
        match words.first() {
            Some(&"FROM") => {
                let image = words[1..].iter().find(plain).unwrap();
                let is_known =
                    *image == "scratch" || image.contains('/') || stages.contains(*image);
                assert!(is_known, "{line}");
                let at = words.iter().position(|word| *word == "AS").unwrap();
                stages.insert(words[at + 1].to_owned());
            }
            Some(&"COPY") => {
                let from = words.iter().find_map(|word| word.strip_prefix("--from="));
                assert!(from.is_none_or(|stage| stages.contains(stage)), "{line}");
                let source = words[1..].iter().find(plain).unwrap();
                let is_here = from.is_some() || Path::new(ROOT).join(source).exists();
                assert!(is_here, "{line}");
                copies += 1;
            }
            Some(&"ENV") => {
                for name in words[1..]
                    .iter()
                    .map(|pair| pair.split('=').next().unwrap())
                {
                    let settings = page("docs/RUNNING.md");
                    assert!(settings.text.contains(&format!("`{name}`")), "{line}");
                }
            }
            _ => {}
        }
    }
    assert!(copies > 3, "{copies}");
    let wanted = ["build", "static", "tools", "shell-operator", "hooks"];
    assert_eq!(stages, wanted.map(str::to_owned).into());
    let script = fs::metadata(Path::new(ROOT).join("deploy/static.sh")).unwrap();
    let mode = std::os::unix::fs::PermissionsExt::mode(&script.permissions());
    assert_eq!(mode & 0o111, 0o111, "the build runs deploy/static.sh");
}

#[test]
fn variables_of_the_deployment_are_settings() {
    let settings = page("docs/RUNNING.md");
    let deployment = text(&format!("{CHART}/templates/deployment.yaml"));
    let names = deployment
        .lines()
        .filter_map(|line| line.trim().strip_prefix("- name: "));
    let names = names.filter(|name| {
        name.chars()
            .all(|letter| letter.is_uppercase() || letter == '_')
    });
    let names: Vec<&str> = names.filter(|name| *name != "HOME").collect();
    assert!(names.len() > 8, "{names:?}");
    for name in names {
        assert!(settings.text.contains(&format!("`{name}`")), "{name}");
    }
}

//! Reads a hook that is declared: the bindings of the second form, and what follows from them.

use crate::binding::{Declaration, Declared, Lifecycle, ObjectsText, Place, Rule, Version};
use crate::jq::{self, Filter};
use crate::name::ValuesKey;
use crate::report::{Mistake, Mistakes, nearest};
use crate::yaml::{self, Data, Node, Profile};

use super::sheet::{Map, Sheet, Spot};
use super::{empty, hint_for, is_allowed, read_lifecycle, read_second, webhook};

/// The keys that say what follows.
const RESULTS: [&str; 3] = ["values", "objects", "metrics"];

/// Reads a `*.hook.yaml`. `scope` is the key of the values that it may set.
///
/// `file` names it in messages. Every mistake is in the answer, but those inside of the template.
pub fn parse_declaration(file: &str, text: &str, scope: &ValuesKey) -> Declared {
    let nothing = |mistakes| Declared {
        config: empty(Version::V1),
        declaration: Declaration::default(),
        mistakes,
    };
    let node = match yaml::read(text, Profile::V3) {
        Ok(node) => node,
        Err(error) => return nothing(error.to_mistake(file).into()),
    };
    if node.data == Data::Scalar(serde_json::Value::Null) {
        let mistake = Mistake::new(file, "expected a declared hook, got nothing");
        let hint = "write `configVersion: v1`, bindings, and `values` or `objects`";
        return nothing(mistake.hint(hint).into());
    }
    let sheet = Sheet::new(file, text);
    let mut declared = read(&sheet, &node, scope).unwrap_or_else(|| nothing(Mistakes::default()));
    declared.config.warnings = sheet.warnings.take();
    declared.mistakes.0 = sheet.mistakes.take();
    declared
        .mistakes
        .0
        .sort_by_key(|mistake| (mistake.line, mistake.column));
    declared
}

fn read<'a>(sheet: &'a Sheet<'a>, node: &'a Node, scope: &ValuesKey) -> Option<Declared> {
    let place = if scope.is_global() {
        Place::Global
    } else {
        Place::Module
    };
    let root = sheet.root(node);
    let map = root.open_map()?;
    check_keys(&map, place);
    let mut config = empty(Version::V1);
    config.lifecycle = read_lifecycle(&map, place);
    let implied = match place {
        // A shell-operator reads none.
        Place::Global | Place::Standalone => Lifecycle::BeforeAll,
        Place::Module => Lifecycle::BeforeHelm,
    };
    // Behind the hooks that may change the values.
    config.lifecycle.entry(implied).or_insert(f64::INFINITY);
    read_second(&map, &mut config);
    let declaration = Declaration {
        values: map
            .get("values")
            .map(|spot| read_values(&spot, scope))
            .unwrap_or_default(),
        metrics: map
            .get("metrics")
            .map(|spot| read_metrics(&spot))
            .unwrap_or_default(),
        objects: map
            .get("objects")
            .and_then(|spot| read_objects(&spot, place)),
    };
    Some(Declared {
        config,
        declaration,
        mistakes: Mistakes::default(),
    })
}

fn check_keys(map: &Map<'_>, place: Place) {
    let mut known = vec!["configVersion", "settings", "schedule", "kubernetes"];
    let is_useful = |point: &Lifecycle| is_allowed(*point, place) && !is_of_the_end(*point);
    let points = Lifecycle::ALL.into_iter().filter(is_useful);
    known.extend(points.map(Lifecycle::name));
    known.extend(RESULTS);
    for entry in map.entries {
        let key = entry.key.as_str();
        if !known.contains(&key) {
            map.unknown(entry, &hint_for_key(key, &known, place));
        }
    }
    if let Some(version) = map.need("configVersion")
        && version.text().is_some_and(|version| version != "v1")
    {
        version.expected("v1", "");
    }
    if RESULTS.iter().all(|key| map.get(key).is_none()) {
        let hint = format!("known are {}", RESULTS.join(", "));
        map.spot.wrong("nothing follows from it", hint);
    }
}

/// Objects go with their module, and its values as well.
fn is_of_the_end(point: Lifecycle) -> bool {
    matches!(
        point,
        Lifecycle::BeforeDeleteHelm | Lifecycle::AfterDeleteHelm
    )
}

fn hint_for_key(key: &str, known: &[&str], place: Place) -> String {
    let point = Lifecycle::ALL.into_iter().find(|point| point.name() == key);
    match point {
        Some(point) if !is_allowed(point, place) => match place {
            Place::Global | Place::Standalone => "it is for hooks of modules".to_owned(),
            Place::Module => "it is for global hooks".to_owned(),
        },
        Some(_) => "what is declared goes with the module by itself".to_owned(),
        None if webhook::KEYS.contains(&key) => {
            "only a program can answer the API server".to_owned()
        }
        None => hint_for(key, known),
    }
}

fn read_values(spot: &Spot<'_>, scope: &ValuesKey) -> Vec<Rule> {
    let Some(map) = spot.open_map() else {
        return Vec::new();
    };
    let mut rules: Vec<Rule> = Vec::new();
    for entry in map.entries {
        let value = map.value(entry);
        let filter = read_filter(&value);
        let pointer = match pointer(&entry.key, scope) {
            Ok(pointer) => pointer,
            Err((message, hint)) => {
                map.wrong_key(entry, message, hint);
                continue;
            }
        };
        let is_around = |rule: &&Rule| {
            let (one, other) = (format!("{}/", rule.pointer), format!("{pointer}/"));
            one.starts_with(&other) || other.starts_with(&one)
        };
        if let Some(other) = rules.iter().find(is_around) {
            let message = format!("one of this and {:?} lies in the other", other.name);
            map.wrong_key(entry, message, "set the parts, or the whole");
        }
        if let Some(filter) = filter {
            rules.push(Rule {
                name: entry.key.clone(),
                pointer,
                filter,
                place: value.node.place,
            });
        }
    }
    rules
}

/// The pointer of `hello.internal.names`, or what is wrong with it and what to do.
fn pointer(path: &str, scope: &ValuesKey) -> Result<String, (String, String)> {
    let parts: Vec<&str> = path.split('.').collect();
    let first = parts.first().copied().unwrap_or_default();
    let is_flag = scope.is_global() && parts.len() == 1 && first.ends_with("Enabled");
    let own = scope.as_str();
    if first != own && !is_flag {
        let message = format!("a hook sets values of its own place, which is {own}");
        let hint = match parts.get(1..) {
            Some(rest) if nearest(first, [own]).is_some() && !rest.is_empty() => {
                format!("did you mean {:?}?", format!("{own}.{}", rest.join(".")))
            }
            _ => format!("write {own}.NAME"),
        };
        return Err((message, hint));
    }
    if parts.len() == 1 && !is_flag {
        let message = "that is all values of its place".to_owned();
        return Err((message, format!("say which one: {own}.NAME")));
    }
    if parts.iter().any(|part| part.is_empty()) {
        return Err(("a part of the path is empty".to_owned(), String::new()));
    }
    let parts = parts
        .iter()
        .map(|part| format!("/{}", part.replace('~', "~0").replace('/', "~1")));
    Ok(parts.collect())
}

fn read_metrics(spot: &Spot<'_>) -> Vec<Rule> {
    let Some(map) = spot.open_map() else {
        return Vec::new();
    };
    let mut rules = Vec::new();
    for entry in map.entries {
        let value = map.value(entry);
        if !is_metric_name(&entry.key) {
            let message = format!("{:?} is no name of a metric", entry.key);
            map.wrong_key(entry, message, "letters, digits and _");
        }
        if let Some(filter) = read_filter(&value) {
            rules.push(Rule {
                name: entry.key.clone(),
                pointer: String::new(),
                filter,
                place: value.node.place,
            });
        }
    }
    rules
}

fn is_metric_name(name: &str) -> bool {
    let is_letter = |letter: char| letter.is_ascii_alphabetic() || matches!(letter, '_' | ':');
    name.starts_with(is_letter)
        && name
            .chars()
            .all(|letter| is_letter(letter) || letter.is_ascii_digit())
}

fn read_filter(spot: &Spot<'_>) -> Option<Filter> {
    let text = spot.full_text()?;
    let error = match Filter::compile(text) {
        Ok(filter) => return Some(filter),
        Err(error) => error,
    };
    match error {
        jq::Error::Compile {
            line,
            column,
            message,
        } => {
            let (line, column) = spot.place_in(line, column);
            spot.wrong_at((line, column), format!("jq: {message}"), "");
        }
        error => spot.wrong(format!("jq: {error}"), ""),
    }
    None
}

fn read_objects(spot: &Spot<'_>, place: Place) -> Option<ObjectsText> {
    if place == Place::Global {
        let message = "a global hook has no set of objects that they could belong to";
        spot.wrong(
            message,
            "put the hook into a module; it knows the global values",
        );
        return None;
    }
    let text = spot.full_text()?;
    let Some((above, indent)) = spot.block() else {
        spot.wrong(
            "expected a text after `objects: |`",
            "one line of it is one line of the file",
        );
        return None;
    };
    Some(ObjectsText {
        text: text.to_owned(),
        above,
        indent,
    })
}

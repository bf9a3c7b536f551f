//! Which fields of ours somebody else owns.
//!
//! `managedFields` name fields as a tree (`f:` a key, `k:` a list item by its keys, `v:` a list item
//! by its value, `.` the node itself). The tree is walked beside our manifest: only what we also
//! write counts.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use crate::object::Writer;

/// A field of our manifest that another writer owns, and we do not.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Taken {
    /// `.spec.template.spec.containers[name="web"].image`.
    pub field: String,
    /// The field manager that owns it now.
    pub manager: String,
}

/// The fields of `manifest` that others took: theirs now, and not ours any more.
pub fn taken(manifest: &Value, writers: &[Writer], our_manager: &str) -> Vec<Taken> {
    let fields_of = |writer: &Writer| {
        let mut fields = BTreeSet::new();
        if let Ok(Value::Object(tree)) = serde_json::from_str(&writer.fields) {
            walk(manifest, &tree, &mut String::new(), &mut fields);
        }
        fields
    };
    let is_ours = |writer: &&Writer| writer.manager == our_manager && writer.applied;
    let ours: BTreeSet<String> = writers.iter().filter(is_ours).flat_map(fields_of).collect();
    let mut taken: Vec<Taken> = writers
        .iter()
        .filter(|writer| !is_ours(writer))
        .flat_map(|writer| fields_of(writer).into_iter().map(|field| (field, &writer.manager)))
        .filter(|(field, _)| !ours.contains(field))
        .map(|(field, manager)| Taken { field, manager: manager.clone() })
        .collect();
    taken.sort();
    taken.dedup();
    taken
}

/// Collects the leaves of `tree` that `value` has as well.
fn walk(value: &Value, tree: &Map<String, Value>, path: &mut String, fields: &mut BTreeSet<String>) {
    for (step, below) in tree {
        let Some((child, name)) = descend(value, step) else { continue };
        let length = path.len();
        path.push_str(&name);
        match below.as_object() {
            Some(below) if below.keys().any(|key| key != ".") => walk(child, below, path, fields),
            _ => {
                fields.insert(path.clone());
            }
        }
        path.truncate(length);
    }
}

fn descend<'a>(value: &'a Value, step: &str) -> Option<(&'a Value, String)> {
    let (sort, text) = step.split_once(':')?;
    match sort {
        "f" => Some((value.get(text)?, format!(".{text}"))),
        "k" => {
            let keys: Map<String, Value> = serde_json::from_str(text).ok()?;
            let item = value.as_array()?.iter().find(|item| has_keys(item, &keys))?;
            let keys: Vec<String> = keys.iter().map(|(key, value)| format!("{key}={value}")).collect();
            Some((item, format!("[{}]", keys.join(","))))
        }
        "v" => {
            let wanted: Value = serde_json::from_str(text).ok()?;
            let item = value.as_array()?.iter().find(|item| **item == wanted)?;
            Some((item, format!("[={wanted}]")))
        }
        _ => None,
    }
}

/// Whether a list item has these keys. A key that the manifest leaves out was filled by the server
/// (`protocol: TCP`), so its absence does not tell the item apart.
fn has_keys(item: &Value, keys: &Map<String, Value>) -> bool {
    let named = keys.keys().any(|key| item.get(key).is_some());
    named && keys.iter().all(|(key, value)| item.get(key).is_none_or(|own| own == value))
}

/// Removes one field, named as a path (`.spec.replicas`, `.spec.ports[port=80].name`, with or
/// without the first dot). Answers whether it was there.
pub fn remove_at(manifest: &mut Value, path: &str) -> bool {
    let Some((last, parents)) = steps(path).split_last().map(|(last, parents)| (last.clone(), parents.to_vec()))
    else {
        return false;
    };
    let mut place = manifest;
    for step in &parents {
        let Some(next) = step.enter(place) else { return false };
        place = next;
    }
    match (last, place) {
        (Step::Key(key), Value::Object(map)) => map.remove(&key).is_some(),
        (Step::Item(keys), Value::Array(items)) => {
            let before = items.len();
            items.retain(|item| !keys.iter().all(|(key, text)| matches_text(item.get(key), text)));
            items.len() < before
        }
        (Step::Index(index), Value::Array(items)) if index < items.len() => {
            items.remove(index);
            true
        }
        _ => false,
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    Key(String),
    Item(Vec<(String, String)>),
    Index(usize),
}

impl Step {
    fn enter<'a>(&self, value: &'a mut Value) -> Option<&'a mut Value> {
        match self {
            Self::Key(key) => value.get_mut(key),
            Self::Index(index) => value.get_mut(*index),
            Self::Item(keys) => value
                .as_array_mut()?
                .iter_mut()
                .find(|item| keys.iter().all(|(key, text)| matches_text(item.get(key), text))),
        }
    }
}

fn matches_text(value: Option<&Value>, text: &str) -> bool {
    value.is_some_and(|value| value.to_string() == text || value.as_str() == Some(text))
}

/// Splits `.spec.ports[port=80,protocol="TCP"].name`; a JSON pointer (`/spec/replicas`) is taken as
/// well.
fn steps(path: &str) -> Vec<Step> {
    if let Some(pointer) = path.strip_prefix('/') {
        let unescape = |part: &str| part.replace("~1", "/").replace("~0", "~");
        return pointer
            .split('/')
            .map(|part| part.parse().map_or_else(|_| Step::Key(unescape(part)), Step::Index))
            .collect();
    }
    let mut steps = Vec::new();
    let mut rest = path;
    while !rest.is_empty() {
        if let Some(inside) = rest.strip_prefix('[') {
            let Some((item, after)) = inside.split_once(']') else { break };
            steps.push(item.parse().map_or_else(|_| Step::Item(item_keys(item)), Step::Index));
            rest = after;
        } else {
            rest = rest.strip_prefix('.').unwrap_or(rest);
            let end = rest.find(['.', '[']).unwrap_or(rest.len());
            let (key, after) = rest.split_at(end);
            if !key.is_empty() {
                steps.push(Step::Key(key.to_owned()));
            }
            rest = after;
        }
    }
    steps
}

fn item_keys(text: &str) -> Vec<(String, String)> {
    text.split(',')
        .filter_map(|pair| pair.split_once('='))
        .map(|(key, value)| (key.trim().to_owned(), value.trim().trim_matches('"').to_owned()))
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn writer(manager: &str, applied: bool, fields: &Value) -> Writer {
        Writer {
            manager: manager.to_owned(),
            applied,
            subresource: String::new(),
            fields: fields.to_string(),
        }
    }

    #[test]
    fn what_another_took_is_named_with_who_took_it() {
        let manifest = json!({"spec": {"replicas": 2, "template": {"spec": {"containers": [
            {"name": "web", "image": "a", "ports": [{"containerPort": 80}]}]}}}});
        let ours = writer("us", true, &json!({"f:spec": {"f:template": {"f:spec": {"f:containers": {
            "k:{\"name\":\"web\"}": {".": {}, "f:name": {}}}}}}}));
        let theirs = writer("hpa", false, &json!({"f:spec": {"f:replicas": {}, "f:paused": {}, "f:template": {
            "f:spec": {"f:containers": {"k:{\"name\":\"web\"}": {"f:image": {}, "f:name": {},
            "f:ports": {"k:{\"containerPort\":80,\"protocol\":\"TCP\"}": {".": {}, "f:containerPort": {}}}}}}}}}));
        let fields: Vec<String> =
            taken(&manifest, &[ours, theirs], "us").into_iter().map(|taken| taken.field).collect();
        assert_eq!(
            fields,
            [
                ".spec.replicas",
                ".spec.template.spec.containers[name=\"web\"].image",
                ".spec.template.spec.containers[name=\"web\"].ports[containerPort=80,protocol=\"TCP\"].containerPort",
            ]
        );
    }

    #[test]
    fn fields_are_removed_by_path() {
        let object = json!({"spec": {"replicas": 1, "ports": [{"port": 80, "name": "a"}, {"port": 81}]}});
        for (path, left) in [
            (".spec.replicas", json!({"spec": {"ports": [{"port": 80, "name": "a"}, {"port": 81}]}})),
            ("/spec/replicas", json!({"spec": {"ports": [{"port": 80, "name": "a"}, {"port": 81}]}})),
            ("spec.ports[port=80].name", json!({"spec": {"replicas": 1, "ports": [{"port": 80}, {"port": 81}]}})),
            ("spec.ports[port=81]", json!({"spec": {"replicas": 1, "ports": [{"port": 80, "name": "a"}]}})),
            ("spec.ports[0]", json!({"spec": {"replicas": 1, "ports": [{"port": 81}]}})),
        ] {
            let mut changed = object.clone();
            assert!(remove_at(&mut changed, path), "{path}");
            assert_eq!(changed, left, "{path}");
        }
        assert!(!remove_at(&mut object.clone(), ".spec.missing"));
    }
}

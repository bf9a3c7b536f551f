//! Which fields of ours somebody else owns.
//!
//! `managedFields` name fields as a tree (`f:` a key, `k:` a list item by its keys, `v:` a list item
//! by its value, `.` the node itself). The tree is walked beside our manifest: only what we also
//! write counts.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use crate::object::{ObjectRef, Writer};

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
        .flat_map(|writer| {
            fields_of(writer)
                .into_iter()
                .map(|field| (field, &writer.manager))
        })
        .filter(|(field, _)| !ours.contains(field))
        .map(|(field, manager)| Taken {
            field,
            manager: manager.clone(),
        })
        .collect();
    taken.sort();
    taken.dedup();
    taken
}

/// Collects the leaves of `tree` that `value` has as well.
fn walk(
    value: &Value,
    tree: &Map<String, Value>,
    path: &mut String,
    fields: &mut BTreeSet<String>,
) {
    for (step, below) in tree {
        let Some((child, name)) = descend(value, step) else {
            continue;
        };
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
    Some((child_of_tree(value, step)?, field_of_tree(step)?))
}

/// What a step of a tree of `managedFields` leads to in a value.
pub fn child_of_tree<'a>(value: &'a Value, step: &str) -> Option<&'a Value> {
    let (sort, text) = step.split_once(':')?;
    match sort {
        "f" => value.get(text),
        "k" => {
            let keys: Map<String, Value> = serde_json::from_str(text).ok()?;
            value.as_array()?.iter().find(|item| has_keys(item, &keys))
        }
        "v" => {
            let wanted: Value = serde_json::from_str(text).ok()?;
            value.as_array()?.iter().find(|item| **item == wanted)
        }
        _ => None,
    }
}

/// A step of such a tree as part of a path: `.spec`, `[port=80]`; `None` for the node itself.
pub fn field_of_tree(step: &str) -> Option<String> {
    let (sort, text) = step.split_once(':')?;
    match sort {
        "f" => Some(format!(".{text}")),
        "k" => {
            let keys: Map<String, Value> = serde_json::from_str(text).ok()?;
            let keys: Vec<String> = keys
                .iter()
                .map(|(key, value)| format!("{key}={value}"))
                .collect();
            Some(format!("[{}]", keys.join(",")))
        }
        "v" => Some(format!("[={text}]")),
        _ => None,
    }
}

/// Whether a list item has these keys. A key that the manifest leaves out was filled by the server
/// (`protocol: TCP`), so its absence does not tell the item apart.
fn has_keys(item: &Value, keys: &Map<String, Value>) -> bool {
    let named = keys.keys().any(|key| item.get(key).is_some());
    named
        && keys
            .iter()
            .all(|(key, value)| item.get(key).is_none_or(|own| own == value))
}

/// Removes one field, named as a path (`.spec.replicas`, `.spec.ports[port=80].name`, with or
/// without the first dot). Answers whether it was there.
pub fn remove_at(manifest: &mut Value, path: &str) -> bool {
    let Some((last, parents)) = steps(path)
        .split_last()
        .map(|(last, parents)| (last.clone(), parents.to_vec()))
    else {
        return false;
    };
    let mut place = manifest;
    for step in &parents {
        let Some(next) = step.enter(place) else {
            return false;
        };
        place = next;
    }
    match (last, place) {
        (Step::Key(key), Value::Object(map)) => map.remove(&key).is_some(),
        (Step::Item(keys), Value::Array(items)) => {
            let before = items.len();
            items.retain(|item| !is_item(item, &keys));
            items.len() < before
        }
        (Step::Index(index), Value::Array(items)) if index < items.len() => {
            items.remove(index);
            true
        }
        _ => false,
    }
}

/// A copy of the last value at a path; of several list items with these keys, the last.
pub fn find_last(object: &Value, path: &str) -> Option<Value> {
    let steps = steps(path);
    let (last, parents) = steps.split_last()?;
    let mut place = object;
    for step in parents {
        place = step.look(place)?;
    }
    match (last, place) {
        (Step::Item(keys), Value::Array(items)) => {
            items.iter().rev().find(|item| is_item(item, keys)).cloned()
        }
        (step, place) => step.look(place).cloned(),
    }
}

/// How many items the list at a path has; 0 when there is none.
pub fn count(object: &Value, path: &str) -> usize {
    find_last(object, path)
        .and_then(|list| list.as_array().map(Vec::len))
        .unwrap_or(0)
}

/// Appends an item to the list at a path, when there is one.
pub fn push(object: &mut Value, path: &str, item: Value) {
    let mut place = object;
    for step in &steps(path) {
        let Some(next) = step.enter(place) else {
            return;
        };
        place = next;
    }
    if let Value::Array(items) = place {
        items.push(item);
    }
}

/// Fields of some objects that are left to whoever else owns them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ignore {
    /// The kind.
    pub kind: String,
    /// The group; `None` for any.
    pub group: Option<String>,
    /// The name; `None` for any.
    pub name: Option<String>,
    /// The fields: `.spec.replicas`, `/spec/replicas`.
    pub fields: Vec<String>,
}

impl Ignore {
    /// Whether it speaks of this object.
    pub fn is_about(&self, object: &ObjectRef) -> bool {
        self.kind == object.kind
            && self
                .group
                .as_ref()
                .is_none_or(|group| *group == object.group)
            && self.name.as_ref().is_none_or(|name| *name == object.name)
    }
}

/// Whether a field of an object, as [`Taken`] names it, is to be left alone.
pub fn is_ignored(ignore: &[Ignore], object: &ObjectRef, field: &str) -> bool {
    let field = steps(field);
    let about = ignore.iter().filter(|ignore| ignore.is_about(object));
    about
        .flat_map(|ignore| &ignore.fields)
        .any(|path| field.starts_with(&steps(path)))
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
                .find(|item| is_item(item, keys)),
        }
    }

    fn look<'a>(&self, value: &'a Value) -> Option<&'a Value> {
        match self {
            Self::Key(key) => value.get(key),
            Self::Index(index) => value.get(*index),
            Self::Item(keys) => value.as_array()?.iter().find(|item| is_item(item, keys)),
        }
    }
}

fn is_item(item: &Value, keys: &[(String, String)]) -> bool {
    keys.iter().all(|(key, text)| match item.get(key) {
        Some(value) => matches_text(value, text),
        // The one list key that the server fills in.
        None => key == "protocol" && text.trim_matches('"') == "TCP",
    })
}

fn matches_text(value: &Value, text: &str) -> bool {
    let written = value.to_string();
    written == text || value.as_str() == Some(text)
}

/// Splits `.spec.ports[port=80,protocol="TCP"].name`; a JSON pointer (`/spec/replicas`) is taken as
/// well.
fn steps(path: &str) -> Vec<Step> {
    if let Some(pointer) = path.strip_prefix('/') {
        let unescape = |part: &str| part.replace("~1", "/").replace("~0", "~");
        return pointer
            .split('/')
            .map(|part| {
                part.parse()
                    .map_or_else(|_| Step::Key(unescape(part)), Step::Index)
            })
            .collect();
    }
    let mut steps = Vec::new();
    let mut rest = path;
    while !rest.is_empty() {
        if let Some(inside) = rest.strip_prefix('[') {
            let Some((item, after)) = inside.split_once(']') else {
                break;
            };
            steps.push(
                item.parse()
                    .map_or_else(|_| Step::Item(item_keys(item)), Step::Index),
            );
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
        .map(|(key, value)| {
            (
                key.trim().to_owned(),
                value.trim().trim_matches('"').to_owned(),
            )
        })
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
        let ours = writer(
            "us",
            true,
            &json!({"f:spec": {"f:template": {"f:spec": {"f:containers": {
            "k:{\"name\":\"web\"}": {".": {}, "f:name": {}}}}}}}),
        );
        let theirs = writer(
            "hpa",
            false,
            &json!({"f:spec": {"f:replicas": {}, "f:paused": {}, "f:template": {
            "f:spec": {"f:containers": {"k:{\"name\":\"web\"}": {"f:image": {}, "f:name": {},
            "f:ports": {"k:{\"containerPort\":80,\"protocol\":\"TCP\"}": {".": {}, "f:containerPort": {}}}}}}}}}),
        );
        let fields: Vec<String> = taken(&manifest, &[ours, theirs], "us")
            .into_iter()
            .map(|taken| taken.field)
            .collect();
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
    fn ignored_fields_cover_what_is_below_them() {
        let object = ObjectRef {
            group: "apps".into(),
            kind: "Deployment".into(),
            namespace: None,
            name: "web".into(),
        };
        let ignore = |path: &str| {
            let fields = vec![path.to_owned()];
            [Ignore {
                kind: "Deployment".into(),
                group: None,
                name: None,
                fields,
            }]
        };
        for (path, field, expected) in [
            (".spec.replicas", ".spec.replicas", true),
            ("/spec/replicas", ".spec.replicas", true),
            ("spec.template", ".spec.template.spec.x", true),
            (
                ".spec.c[name=web].image",
                ".spec.c[name=\"web\"].image",
                true,
            ),
            (".spec.replica", ".spec.replicas", false),
        ] {
            assert_eq!(
                is_ignored(&ignore(path), &object, field),
                expected,
                "{path} {field}"
            );
        }
    }

    #[test]
    fn fields_are_removed_by_path() {
        let object =
            json!({"spec": {"replicas": 1, "ports": [{"port": 80, "name": "a"}, {"port": 81}]}});
        for (path, left) in [
            (
                ".spec.replicas",
                json!({"spec": {"ports": [{"port": 80, "name": "a"}, {"port": 81}]}}),
            ),
            (
                "/spec/replicas",
                json!({"spec": {"ports": [{"port": 80, "name": "a"}, {"port": 81}]}}),
            ),
            (
                "spec.ports[port=80].name",
                json!({"spec": {"replicas": 1, "ports": [{"port": 80}, {"port": 81}]}}),
            ),
            (
                "spec.ports[port=81]",
                json!({"spec": {"replicas": 1, "ports": [{"port": 80, "name": "a"}]}}),
            ),
            (
                ".spec.ports[port=81,protocol=\"TCP\"]",
                json!({"spec": {"replicas": 1, "ports": [{"port": 80, "name": "a"}]}}),
            ),
            (
                "spec.ports[0]",
                json!({"spec": {"replicas": 1, "ports": [{"port": 81}]}}),
            ),
        ] {
            let mut changed = object.clone();
            assert!(remove_at(&mut changed, path), "{path}");
            assert_eq!(changed, left, "{path}");
        }
        for missing in [".spec.missing", ".spec.ports[port=81,protocol=\"UDP\"]"] {
            assert!(!remove_at(&mut object.clone(), missing), "{missing}");
        }
    }
}

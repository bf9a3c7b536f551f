//! A schema in the form in which it is used: keywords parsed, references resolved; and the secrets it
//! marks in values.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use regex::Regex;
use serde_json::{Number, Value};

use super::format::Format;
use crate::report::Step;
use crate::secret::SECRET;
use crate::yaml::{Node, Place};

/// What a value at one place may look like. The default accepts everything.
#[derive(Clone, Default)]
pub(super) struct Shape {
    /// The file it is written in; `x-extend` mixes files.
    pub(super) file: Arc<str>,
    /// The types allowed; empty allows all.
    pub(super) types: Vec<Type>,
    pub(super) nullable: bool,
    /// The first line of the description, for hints.
    pub(super) description: String,
    pub(super) default: Option<Node>,
    pub(super) secret: bool,
    pub(super) allowed: Option<Vec<Value>>,
    pub(super) map: MapRules,
    pub(super) list: ListRules,
    pub(super) text: TextRules,
    pub(super) number: NumberRules,
    pub(super) format: Option<Format>,
    pub(super) all_of: Vec<Arc<Self>>,
    pub(super) any_of: Vec<Arc<Self>>,
    pub(super) one_of: Vec<Arc<Self>>,
    pub(super) not: Option<Arc<Self>>,
    /// Where `x-extend` names a schema; it matters at the root only.
    pub(super) extends: Option<Place>,
}

/// The types of JSON schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Type {
    Map,
    List,
    Text,
    Number,
    Integer,
    Boolean,
    Null,
}

/// Keywords for maps.
#[derive(Clone, Default)]
pub(super) struct MapRules {
    pub(super) properties: BTreeMap<String, Arc<Shape>>,
    pub(super) patterns: Vec<(Regex, Arc<Shape>)>,
    pub(super) additional: Additional,
    pub(super) required: BTreeSet<String>,
    pub(super) required_for_helm: BTreeSet<String>,
    pub(super) fewest: Option<u64>,
    pub(super) most: Option<u64>,
}

/// What keys beyond the known ones may hold.
#[derive(Clone, Default)]
pub(super) enum Additional {
    #[default]
    Anything,
    Nothing,
    Each(Arc<Shape>),
}

/// Keywords for lists.
#[derive(Clone, Default)]
pub(super) struct ListRules {
    pub(super) items: Items,
    pub(super) fewest: Option<u64>,
    pub(super) most: Option<u64>,
    pub(super) unique: bool,
}

/// What the items of a list may hold.
#[derive(Clone, Default)]
pub(super) enum Items {
    #[default]
    Anything,
    Each(Arc<Shape>),
    /// One shape per position; items beyond are free.
    Tuple(Vec<Arc<Shape>>),
}

/// Keywords for text; lengths count characters.
#[derive(Clone, Default)]
pub(super) struct TextRules {
    pub(super) shortest: Option<u64>,
    pub(super) longest: Option<u64>,
    /// The pattern as it is written, and ready to use.
    pub(super) pattern: Option<(String, Regex)>,
}

/// Keywords for numbers.
#[derive(Clone, Default)]
pub(super) struct NumberRules {
    pub(super) least: Option<Bound>,
    pub(super) most: Option<Bound>,
    pub(super) multiple_of: Option<Number>,
}

/// An end of a range.
#[derive(Clone)]
pub(super) struct Bound {
    pub(super) number: Number,
    /// The number itself is outside.
    pub(super) exclusive: bool,
}

impl Shape {
    /// The shapes that say something about the same value.
    pub(super) fn alternatives(&self) -> impl Iterator<Item = &Self> {
        let lists = [&self.all_of, &self.any_of, &self.one_of];
        lists
            .into_iter()
            .flatten()
            .chain(&self.not)
            .map(AsRef::as_ref)
    }

    /// The shape of an item of a list.
    pub(super) fn item(&self, index: usize) -> Option<&Self> {
        match &self.list.items {
            Items::Anything => None,
            Items::Each(shape) => Some(shape),
            Items::Tuple(shapes) => shapes.get(index).map(AsRef::as_ref),
        }
    }

    /// The shapes of the value of a key: of its property and all patterns, or else what additional
    /// keys may hold.
    pub(super) fn children(&self, key: &str) -> Vec<&Self> {
        let patterns = self.map.patterns.iter();
        let mut children: Vec<&Self> = patterns
            .filter(|(pattern, _)| pattern.is_match(key))
            .map(|(_, shape)| shape.as_ref())
            .collect();
        if let Some(property) = self.map.properties.get(key) {
            children.insert(0, property);
        }
        if let (true, Additional::Each(shape)) = (children.is_empty(), &self.map.additional) {
            children.push(shape);
        }
        children
    }

    /// `x-extend`: takes over what the parent says about keys; what both say is the child's. As in the
    /// original, type, `additionalProperties`, default and combinations of the parent do not count.
    pub(super) fn extend(mut self, parent: &Self) -> Self {
        for (key, shape) in &parent.map.properties {
            let properties = &mut self.map.properties;
            properties
                .entry(key.clone())
                .or_insert_with(|| shape.clone());
        }
        for (pattern, shape) in &parent.map.patterns {
            let known = |(other, _): &(Regex, _)| other.as_str() == pattern.as_str();
            if !self.map.patterns.iter().any(known) {
                self.map.patterns.push((pattern.clone(), shape.clone()));
            }
        }
        let required = parent.map.required.iter().cloned();
        self.map.required.extend(required);
        if self.map.required_for_helm.is_empty() {
            let required = &parent.map.required_for_helm;
            self.map.required_for_helm.clone_from(required);
        }
        if self.description.is_empty() {
            self.description.clone_from(&parent.description);
        }
        self.secret |= parent.secret;
        self
    }
}

impl Type {
    /// The type of this name in a schema.
    pub(super) fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "object" => Self::Map,
            "array" => Self::List,
            "string" => Self::Text,
            "number" => Self::Number,
            "integer" => Self::Integer,
            "boolean" => Self::Boolean,
            "null" => Self::Null,
            _ => return None,
        })
    }

    /// Whether a value has this type.
    pub(super) fn admits(self, value: &Value) -> bool {
        match self {
            Self::Map => value.is_object(),
            Self::List => value.is_array(),
            Self::Text => value.is_string(),
            Self::Number => value.is_number(),
            Self::Integer => match value {
                Value::Number(number) => {
                    !number.is_f64() || number.as_f64().is_some_and(|float| float.fract() == 0.0)
                }
                _ => false,
            },
            Self::Boolean => value.is_boolean(),
            Self::Null => value.is_null(),
        }
    }
}

impl fmt::Display for Type {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Map => "a map",
            Self::List => "a list",
            Self::Text => "a string",
            Self::Number => "a number",
            Self::Integer => "a whole number",
            Self::Boolean => "true or false",
            Self::Null => "null",
        })
    }
}

/// Replaces everything that the shape marks; null stays, so that an unset secret is seen.
pub(super) fn mask(shape: &Shape, value: &mut Value) {
    if shape.secret && !value.is_null() {
        *value = Value::String(SECRET.to_owned());
        return;
    }
    for alternative in shape.alternatives() {
        mask(alternative, value);
    }
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                for child in shape.children(key) {
                    mask(child, value);
                }
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter_mut().enumerate() {
                if let Some(shape) = shape.item(index) {
                    mask(shape, item);
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// The same of a value that stands at a path.
pub(super) fn mask_at(shape: &Shape, path: &[Step], value: &mut Value) {
    let Some((first, rest)) = path.split_first() else {
        return mask(shape, value);
    };
    if shape.secret && !value.is_null() {
        *value = Value::String(SECRET.to_owned());
        return;
    }
    for alternative in shape.alternatives() {
        mask_at(alternative, path, value);
    }
    match first {
        Step::Key(key) => {
            for child in shape.children(key) {
                mask_at(child, rest, value);
            }
        }
        Step::Index(index) => {
            // A pointer does not say whether its number is one of an item or a key.
            let key = shape.children(&index.to_string());
            for child in shape.item(*index).into_iter().chain(key) {
                mask_at(child, rest, value);
            }
        }
    }
}

/// Finds everything that the shape marks.
pub(super) fn find_secrets<'a>(shape: &Shape, value: &'a Value, found: &mut Vec<&'a Value>) {
    if shape.secret {
        found.push(value);
        return;
    }
    for alternative in shape.alternatives() {
        find_secrets(alternative, value, found);
    }
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                for child in shape.children(key) {
                    find_secrets(child, value, found);
                }
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                if let Some(shape) = shape.item(index) {
                    find_secrets(shape, item, found);
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Whether the place, or one above it, is marked.
pub(super) fn is_secret(shape: &Shape, path: &[Step]) -> bool {
    if shape.secret || shape.alternatives().any(|other| is_secret(other, path)) {
        return true;
    }
    match path.split_first() {
        None => false,
        Some((Step::Key(key), rest)) => {
            let children = shape.children(key);
            children.into_iter().any(|child| is_secret(child, rest))
        }
        Some((Step::Index(index), rest)) => {
            shape.item(*index).is_some_and(|item| is_secret(item, rest))
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::{SchemaFile, Schemas};
    use crate::report::Path;

    const MARKED: &str = "
properties:
  token: {type: string, x-secret: true}
  tls: {type: object, x-secret: true, properties: {key: {type: string}}}
  users: {type: array, items: {type: object, properties: {name: {}, password: {format: password}}}}
  byName: {additionalProperties: {properties: {token: {x-secret: true}}}}
  either: {oneOf: [{properties: {token: {x-secret: true}}}, {type: string}]}
  patterns: {patternProperties: {'Key$': {x-secret: true}}}
  plain: {type: string}
";

    #[test]
    fn secrets_are_masked_wherever_they_are_marked() {
        let text = MARKED;
        let file = "values.yaml";
        let schemas = Schemas::read(Some(SchemaFile { file, text }), None).unwrap();
        let value = json!({
            "token": "x", "tls": {"key": "x"},
            "users": [{"name": "a", "password": "x"}, {"password": null}],
            "byName": {"one": {"token": ["x"], "plain": 1}},
            "either": {"token": 5},
            "patterns": {"apiKey": "x", "other": "y"},
            "plain": "y",
        });
        let expected = json!({
            "token": "[secret]", "tls": "[secret]",
            "users": [{"name": "a", "password": "[secret]"}, {"password": null}],
            "byName": {"one": {"token": "[secret]", "plain": 1}},
            "either": {"token": "[secret]"},
            "patterns": {"apiKey": "[secret]", "other": "y"},
            "plain": "y",
        });
        assert_eq!(schemas.mask(&value), expected);
        assert!(schemas.is_secret(&Path::default().key("tls").key("key")));
        assert!(!schemas.is_secret(&Path::default().key("plain")));
    }
}

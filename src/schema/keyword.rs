//! Keywords of a schema, one family after another.

use serde_json::Value;

use super::format::Format;
use super::pattern;
use super::read::{Mood, Reader};
use super::shape::{Additional, Bound, Items, Shape, Type};
use crate::report::nearest;
use crate::yaml::{Data, Entry, Node};

/// Keywords that change nothing here and are no mistake.
const SILENT: [&str; 17] = [
    "title",
    "example",
    "examples",
    "definitions",
    "$defs",
    "components",
    "$schema",
    "$id",
    "id",
    "$comment",
    "readOnly",
    "writeOnly",
    "deprecated",
    "externalDocs",
    "xml",
    "discriminator",
    "collectionFormat",
];

/// Keywords that are acted on, for proposals.
pub(super) const KNOWN: [&str; 30] = [
    "type",
    "nullable",
    "description",
    "default",
    "enum",
    "const",
    "format",
    "properties",
    "patternProperties",
    "additionalProperties",
    "required",
    "minProperties",
    "maxProperties",
    "items",
    "minItems",
    "maxItems",
    "uniqueItems",
    "minLength",
    "maxLength",
    "pattern",
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "multipleOf",
    "allOf",
    "anyOf",
    "oneOf",
    "not",
    "$ref",
];

const TYPES: [&str; 7] = [
    "object", "array", "string", "number", "integer", "boolean", "null",
];

impl Reader<'_> {
    /// Takes one keyword; one that nobody knows is a warning.
    pub(super) fn keyword(&mut self, shape: &mut Shape, entry: &Entry, mood: Mood) {
        let taken = self.plain_keyword(shape, entry)
            || self.map_keyword(shape, entry, mood)
            || self.list_keyword(shape, entry, mood)
            || self.text_keyword(shape, entry)
            || self.number_keyword(shape, entry)
            || self.combining_keyword(shape, entry)
            || self.extension(shape, entry);
        let key = entry.key.as_str();
        if taken || SILENT.contains(&key) || key.starts_with("x-") {
            return;
        }
        let mut warning = self.notes.note(
            entry.place,
            &self.path,
            format!("unknown keyword `{key}` has no effect"),
        );
        if let Some(meant) = nearest(key, KNOWN) {
            warning = warning.hint(format!("did you mean `{meant}`?"));
        }
        self.notes.warnings.push(warning);
    }

    fn plain_keyword(&mut self, shape: &mut Shape, entry: &Entry) -> bool {
        let (node, path) = (&entry.node, &self.path);
        match entry.key.as_str() {
            "type" => self.types(shape, node),
            "nullable" => shape.nullable = self.notes.flag(node, path),
            "default" => shape.default = Some(node.clone()),
            "enum" => {
                let items = self.notes.items(node, path).iter();
                shape.allowed = Some(items.map(Node::to_value).collect());
            }
            "const" => shape.allowed = Some(vec![node.to_value()]),
            "description" => {
                let text = self.notes.text(node, path).unwrap_or_default();
                let first = text.lines().next().unwrap_or_default();
                first.trim().clone_into(&mut shape.description);
            }
            "format" => {
                let name = self.notes.text(node, path).unwrap_or_default();
                shape.format = Format::parse(&name);
                shape.secret |= name == "password";
            }
            _ => return false,
        }
        true
    }

    fn types(&mut self, shape: &mut Shape, node: &Node) {
        let items = match &node.data {
            Data::Sequence(items) => items.as_slice(),
            _ => std::slice::from_ref(node),
        };
        for item in items {
            let name = match &item.data {
                Data::Scalar(Value::Null) => "null".to_owned(),
                _ => self.notes.text(item, &self.path).unwrap_or_default(),
            };
            match Type::parse(&name) {
                Some(kind) => shape.types.push(kind),
                None if name.is_empty() => {}
                None => self.unknown_type(item, &name),
            }
        }
    }

    fn unknown_type(&mut self, node: &Node, name: &str) {
        let hint = match nearest(name, TYPES) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => format!("the types are {}", TYPES.join(", ")),
        };
        let message = format!("unknown type `{name}`");
        let mistake = self.notes.note(node.place, &self.path, message);
        self.notes.mistakes.push(mistake.hint(hint));
    }

    fn map_keyword(&mut self, shape: &mut Shape, entry: &Entry, mood: Mood) -> bool {
        let (node, path) = (&entry.node, &self.path);
        match entry.key.as_str() {
            "properties" => {
                shape.map.properties = self.shapes_by_key(node, mood).into_iter().collect();
            }
            "patternProperties" => {
                for (pattern, child) in self.shapes_by_key(node, Mood::Open) {
                    match pattern::compile(&pattern) {
                        Ok(pattern) => shape.map.patterns.push((pattern, child)),
                        Err(error) => {
                            let message = format!("bad pattern {pattern:?}: {error}");
                            self.notes.mistake(node.place, &self.path, message);
                        }
                    }
                }
            }
            "additionalProperties" => {
                shape.map.additional = match &node.data {
                    Data::Scalar(Value::Bool(true)) => Additional::Anything,
                    Data::Scalar(Value::Bool(false)) => Additional::Nothing,
                    _ => Additional::Each(self.shape(node, Mood::Open)),
                }
            }
            "required" => {
                let names = self.notes.names(node, path);
                shape.map.required.extend(names);
            }
            "minProperties" => shape.map.fewest = self.notes.count(node, path),
            "maxProperties" => shape.map.most = self.notes.count(node, path),
            _ => return false,
        }
        true
    }

    fn list_keyword(&mut self, shape: &mut Shape, entry: &Entry, mood: Mood) -> bool {
        let (node, path) = (&entry.node, &self.path);
        match entry.key.as_str() {
            "items" => {
                shape.list.items = match &node.data {
                    Data::Sequence(_) => Items::Tuple(self.shapes(node, mood)),
                    _ => Items::Each(self.shape(node, mood)),
                }
            }
            "minItems" => shape.list.fewest = self.notes.count(node, path),
            "maxItems" => shape.list.most = self.notes.count(node, path),
            "uniqueItems" => shape.list.unique = self.notes.flag(node, path),
            _ => return false,
        }
        true
    }

    fn text_keyword(&mut self, shape: &mut Shape, entry: &Entry) -> bool {
        let (node, path) = (&entry.node, &self.path);
        match entry.key.as_str() {
            "minLength" => shape.text.shortest = self.notes.count(node, path),
            "maxLength" => shape.text.longest = self.notes.count(node, path),
            "pattern" => {
                let text = self.notes.text(node, path).unwrap_or_default();
                match pattern::compile(&text) {
                    Ok(pattern) => shape.text.pattern = Some((text, pattern)),
                    Err(error) => {
                        let message = format!("bad pattern {text:?}: {error}");
                        self.notes.mistake(node.place, path, message);
                    }
                }
            }
            _ => return false,
        }
        true
    }

    fn number_keyword(&mut self, shape: &mut Shape, entry: &Entry) -> bool {
        let (node, path) = (&entry.node, &self.path);
        match entry.key.as_str() {
            "multipleOf" => shape.number.multiple_of = self.notes.number(node, path),
            // Read together, once all keywords are known.
            "minimum" | "exclusiveMinimum" | "maximum" | "exclusiveMaximum" => {}
            _ => return false,
        }
        true
    }

    fn combining_keyword(&mut self, shape: &mut Shape, entry: &Entry) -> bool {
        let node = &entry.node;
        match entry.key.as_str() {
            "allOf" => shape.all_of = self.shapes(node, Mood::Open),
            "anyOf" => shape.any_of = self.shapes(node, Mood::Open),
            "oneOf" => shape.one_of = self.shapes(node, Mood::Open),
            "not" => shape.not = Some(self.shape(node, Mood::Open)),
            _ => return false,
        }
        true
    }

    fn extension(&mut self, shape: &mut Shape, entry: &Entry) -> bool {
        let (node, path) = (&entry.node, &self.path);
        match entry.key.as_str() {
            "x-secret" => shape.secret |= self.notes.flag(node, path),
            "x-required-for-helm" => shape.map.required_for_helm = self.notes.names(node, path),
            "x-extend" => {
                let named = node.entry("schema").map(|entry| &entry.node);
                let named = named.filter(|node| node.data != Data::Scalar(Value::Null));
                shape.extends = named.map(|node| node.place);
            }
            "x-kubernetes-int-or-string" if self.notes.flag(node, path) => {
                shape.types.extend([Type::Integer, Type::Text]);
            }
            "x-kubernetes-preserve-unknown-fields" if self.notes.flag(node, path) => {
                shape.map.additional = Additional::Anything;
            }
            "x-deckhouse-validations" => {
                let message = "rules in CEL are not evaluated; values that break them are accepted";
                let warning = self.notes.note(entry.place, path, message);
                self.notes.warnings.push(warning);
            }
            _ => return false,
        }
        true
    }

    /// `minimum: 1` alone or with `exclusiveMinimum: true` (draft 4), or `exclusiveMinimum: 1` (later).
    pub(super) fn bound(&mut self, node: &Node, plain: &str, exclusive: &str) -> Option<Bound> {
        let at = self.path.key(exclusive);
        let exclusive = match node.entry(exclusive).map(|entry| &entry.node) {
            Some(node) if matches!(node.data, Data::Scalar(Value::Number(_))) => {
                let number = self.notes.number(node, &at)?;
                let exclusive = true;
                return Some(Bound { number, exclusive });
            }
            Some(node) => self.notes.flag(node, &at),
            None => false,
        };
        let number = &node.entry(plain)?.node;
        let number = self.notes.number(number, &self.path.key(plain))?;
        Some(Bound { number, exclusive })
    }
}

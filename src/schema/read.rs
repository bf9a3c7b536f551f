//! The text of a schema file → [`Shape`], with every mistake and its line.
//!
//! Each map is read in one of two moods. *Closed*: `additionalProperties` is false unless it is
//! written; so the root is read, and from there everything through `properties` and `items`, also
//! below a place that says otherwise for itself (the original stops there). *Open*, as JSON schema
//! is: everything below other keywords.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::{Number, Value};

use super::shape::{Additional, Shape};
use crate::report::{Mistake, Path, Step};
use crate::yaml::{self, Data, Entry, Node, Place, Profile};

/// Deeper schemas are refused; whatever walks along a schema recurses no deeper than this.
const DEEPEST: usize = 100;

/// What reading one file came to; the shape is of use only when there are no mistakes.
pub(super) struct Read {
    pub(super) shape: Shape,
    pub(super) mistakes: Vec<Mistake>,
    pub(super) warnings: Vec<Mistake>,
}

/// Reads a schema file; an empty one accepts everything that a map may hold.
pub(super) fn read(file: &str, text: &str) -> Read {
    let mut notes = Notes {
        file: file.into(),
        mistakes: Vec::new(),
        warnings: Vec::new(),
    };
    let shape = match yaml::read(text, Profile::V3) {
        Ok(root) => read_root(&root, &mut notes),
        Err(error) => {
            notes.mistakes.push(error.to_mistake(file));
            Shape::default()
        }
    };
    Read {
        shape,
        mistakes: notes.mistakes,
        warnings: notes.warnings,
    }
}

fn read_root(root: &Node, notes: &mut Notes) -> Shape {
    if root.data == Data::Scalar(Value::Null) {
        return Shape {
            file: notes.file.clone(),
            ..Shape::default()
        };
    }
    let mut reader = Reader {
        root,
        notes,
        path: Path::default(),
        references: Vec::new(),
        resolved: BTreeMap::new(),
        depth: 0,
    };
    let shape = reader.shape(root, Mood::Closed);
    Arc::unwrap_or_clone(shape)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Mood {
    Closed,
    Open,
}

pub(super) struct Reader<'r> {
    root: &'r Node,
    pub(super) notes: &'r mut Notes,
    /// The place in the schema that is being read.
    pub(super) path: Path,
    /// The references that are being followed, to find circles.
    references: Vec<String>,
    resolved: BTreeMap<(String, Mood), Arc<Shape>>,
    depth: usize,
}

impl<'r> Reader<'r> {
    pub(super) fn shape(&mut self, node: &Node, mood: Mood) -> Arc<Shape> {
        if self.depth >= DEEPEST {
            let message = format!("schemas may be nested {DEEPEST} levels deep");
            self.notes.mistake(node.place, &self.path, message);
            return Arc::default();
        }
        self.depth += 1;
        let shape = match node.entry("$ref") {
            Some(reference) => self.referenced(node, reference, mood),
            None => Arc::new(self.written(node, mood)),
        };
        self.depth -= 1;
        shape
    }

    /// The shape that `$ref` names. What stands beside a reference does not count, as in the
    /// original, but for `x-secret`.
    fn referenced(&mut self, node: &Node, reference: &Entry, mood: Mood) -> Arc<Shape> {
        let beside = self.notes.entries(node, &self.path);
        for entry in beside.iter().filter(|entry| entry.key != "$ref") {
            if !matches!(entry.key.as_str(), "title" | "description")
                && !entry.key.starts_with("x-")
            {
                let message = format!("`{}` beside `$ref` has no effect", entry.key);
                let warning = self.notes.note(entry.place, &self.path, message);
                self.notes
                    .warnings
                    .push(warning.hint("put both into allOf"));
            }
        }
        let Some(target) = self.notes.text(&reference.node, &self.path) else {
            return Arc::default();
        };
        let shape = self.follow(&target, reference, mood);
        let secret = node.entry("x-secret").map(|entry| &entry.node.data);
        if secret == Some(&Data::Scalar(Value::Bool(true))) {
            let mut shape = Arc::unwrap_or_clone(shape);
            shape.secret = true;
            return Arc::new(shape);
        }
        shape
    }

    fn follow(&mut self, target: &str, reference: &Entry, mood: Mood) -> Arc<Shape> {
        let place = reference.node.place;
        let known = (target.to_owned(), mood);
        if let Some(shape) = self.resolved.get(&known) {
            return shape.clone();
        }
        if self.references.iter().any(|other| other == target) {
            let message = format!("{target} refers to itself; what is below accepts everything");
            let warning = self.notes.note(place, &self.path, message);
            self.notes.warnings.push(warning);
            return Arc::default();
        }
        let Some(node) = self.find(target) else {
            let mut mistake =
                self.notes
                    .note(place, &self.path, format!("{target} is not in this file"));
            if !target.starts_with('#') {
                mistake =
                    mistake.hint("references lead to places in the same file: #/definitions/name");
            }
            self.notes.mistakes.push(mistake);
            return Arc::default();
        };
        self.references.push(target.to_owned());
        let shape = self.shape(node, mood);
        self.references.pop();
        self.resolved.insert(known, shape.clone());
        shape
    }

    /// The place that a reference (`#/definitions/name`) leads to.
    fn find(&self, target: &str) -> Option<&'r Node> {
        let pointer = target.strip_prefix('#')?;
        let mut node = self.root;
        for step in pointer.split('/').skip(1) {
            let step = step.replace("~1", "/").replace("~0", "~");
            node = match &node.data {
                Data::Mapping(_) => &node.entry(&step)?.node,
                Data::Sequence(items) => items.get(step.parse::<usize>().ok()?)?,
                Data::Scalar(_) => return None,
            };
        }
        Some(node)
    }

    fn written(&mut self, node: &Node, mood: Mood) -> Shape {
        let mut shape = Shape {
            file: self.notes.file.clone(),
            ..Shape::default()
        };
        if mood == Mood::Closed {
            shape.map.additional = Additional::Nothing;
        }
        for entry in self.notes.entries(node, &self.path) {
            self.path.0.push(Step::Key(entry.key.clone()));
            self.keyword(&mut shape, entry, mood);
            self.path.0.pop();
        }
        shape.number.least = self.bound(node, "minimum", "exclusiveMinimum");
        shape.number.most = self.bound(node, "maximum", "exclusiveMaximum");
        shape
    }

    pub(super) fn shapes(&mut self, node: &Node, mood: Mood) -> Vec<Arc<Shape>> {
        let mut shapes = Vec::new();
        for (index, item) in self.notes.items(node, &self.path).iter().enumerate() {
            self.path.0.push(Step::Index(index));
            shapes.push(self.shape(item, mood));
            self.path.0.pop();
        }
        shapes
    }

    pub(super) fn shapes_by_key(&mut self, node: &Node, mood: Mood) -> Vec<(String, Arc<Shape>)> {
        let mut shapes = Vec::new();
        for entry in self.notes.entries(node, &self.path) {
            self.path.0.push(Step::Key(entry.key.clone()));
            shapes.push((entry.key.clone(), self.shape(&entry.node, mood)));
            self.path.0.pop();
        }
        shapes
    }
}

/// What is found while one schema file is read.
#[derive(Debug)]
pub(super) struct Notes {
    pub(super) file: Arc<str>,
    pub(super) mistakes: Vec<Mistake>,
    pub(super) warnings: Vec<Mistake>,
}

impl Notes {
    pub(super) fn mistake(&mut self, place: Place, path: &Path, message: impl Into<String>) {
        let mistake = self.note(place, path, message);
        self.mistakes.push(mistake);
    }

    pub(super) fn note(&self, place: Place, path: &Path, message: impl Into<String>) -> Mistake {
        Mistake::new(&*self.file, message)
            .at(place.line, place.column)
            .path(path.to_string())
    }

    /// Says that a keyword holds the wrong form of value.
    fn expected(&mut self, node: &Node, path: &Path, form: &str) {
        self.mistake(node.place, path, format!("expected {form}"));
    }

    pub(super) fn text(&mut self, node: &Node, path: &Path) -> Option<String> {
        if let Data::Scalar(Value::String(text)) = &node.data {
            return Some(text.clone());
        }
        self.expected(node, path, "text");
        None
    }

    pub(super) fn flag(&mut self, node: &Node, path: &Path) -> bool {
        if let Data::Scalar(Value::Bool(flag)) = &node.data {
            return *flag;
        }
        self.expected(node, path, "true or false");
        false
    }

    /// A number of characters, items or keys.
    pub(super) fn count(&mut self, node: &Node, path: &Path) -> Option<u64> {
        let count = match &node.data {
            Data::Scalar(Value::Number(number)) => number.as_u64(),
            _ => None,
        };
        if count.is_none() {
            self.expected(node, path, "a whole number from 0");
        }
        count
    }

    pub(super) fn number(&mut self, node: &Node, path: &Path) -> Option<Number> {
        if let Data::Scalar(Value::Number(number)) = &node.data {
            return Some(number.clone());
        }
        self.expected(node, path, "a number");
        None
    }

    /// One name, or a list of names.
    pub(super) fn names(&mut self, node: &Node, path: &Path) -> BTreeSet<String> {
        match &node.data {
            Data::Scalar(Value::String(name)) => BTreeSet::from([name.clone()]),
            Data::Sequence(items) => {
                let names = items.iter().filter_map(|item| self.text(item, path));
                names.collect()
            }
            _ => {
                self.expected(node, path, "a list of keys");
                BTreeSet::new()
            }
        }
    }

    pub(super) fn entries<'n>(&mut self, node: &'n Node, path: &Path) -> &'n [Entry] {
        if let Data::Mapping(entries) = &node.data {
            return entries;
        }
        self.expected(node, path, "a map");
        &[]
    }

    pub(super) fn items<'n>(&mut self, node: &'n Node, path: &Path) -> &'n [Node] {
        if let Data::Sequence(items) = &node.data {
            return items;
        }
        self.expected(node, path, "a list");
        &[]
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::{Purpose, SchemaFile, Schemas};
    use super::*;
    use crate::report::Mistakes;

    fn schemas(config: &str, values: &str) -> Result<Schemas, Mistakes> {
        let file = |file, text| Some(SchemaFile { file, text });
        Schemas::read(
            file("config-values.yaml", config),
            file("values.yaml", values),
        )
    }

    fn lines(mistakes: &[Mistake]) -> String {
        let lines: Vec<String> = mistakes.iter().map(ToString::to_string).collect();
        lines.join("\n")
    }

    #[test]
    fn all_mistakes_of_both_files_are_told_with_their_lines() {
        let config = "\
type: objekt
required: true
properties:
  a: {pattern: '(x', minLength: -1}
  b: [1]
  c: {$ref: '#/definitions/nowhere'}
  d: {$ref: 'other.yaml#/x'}
";
        let values = "properties:\n\ta: 1\n";
        let expected = "\
config-values.yaml:1:7: type: unknown type `objekt` (did you mean `object`?)
config-values.yaml:2:11: required: expected a list of keys
config-values.yaml:4:16: properties.a.pattern: bad pattern \"(x\": unclosed group
config-values.yaml:4:33: properties.a.minLength: expected a whole number from 0
config-values.yaml:5:6: properties.b: expected a map
config-values.yaml:6:13: properties.c: #/definitions/nowhere is not in this file
config-values.yaml:7:13: properties.d: other.yaml#/x is not in this file (references lead to places in the same file: #/definitions/name)";
        let mistakes = schemas(config, values).unwrap_err().0;
        let (last, first) = mistakes.split_last().unwrap();
        assert_eq!(lines(first), expected);
        assert!(last.to_string().starts_with("values.yaml:2:1: "), "{last}");
    }

    proptest::proptest! {
        #[test]
        fn any_keyword_takes_or_refuses_any_value(
            keyword in proptest::sample::select(super::super::keyword::KNOWN.to_vec()),
            value in proptest::sample::select(vec![
                "null", "true", "-1", "1.5", "text", "'('", "[]", "[null]", "[{}]", "[1, a]", "{}",
                "{a: {}}", "{a: 1}", "{'(': {}}", "'#'", "'#/x'", "{$ref: '#'}",
            ]),
            checked in proptest::sample::select(vec!["{}", "{\"a\":null}", "{\"a\":[1,{}]}"]),
        ) {
            let text = format!("{keyword}: {value}\nx: {{}}");
            if let Ok(schemas) = schemas(&text, "") {
                let mut value = checked.parse().unwrap();
                schemas.config.as_ref().unwrap().fill(&mut value);
                schemas.check_config(&value);
                schemas.mask(&value);
            }
        }
    }

    #[test]
    fn oddities_are_warnings() {
        let config = "\
type: object
x-anything: 1
x-deckhouse-validations:
- {expression: 'self.a > 1', message: too small}
propertis: {}
definitions:
  tree: {properties: {left: {$ref: '#/definitions/tree'}}}
properties:
  a: {$ref: '#/definitions/tree', default: {}, description: A tree.}
";
        let expected = "\
config-values.yaml:3:1: x-deckhouse-validations: rules in CEL are not evaluated; values that break them are accepted
config-values.yaml:5:1: propertis: unknown keyword `propertis` has no effect (did you mean `properties`?)
config-values.yaml:9:35: properties.a: `default` beside `$ref` has no effect (put both into allOf)
config-values.yaml:7:36: properties.a.properties.left: #/definitions/tree refers to itself; what is below accepts everything
values.yaml:1:20: x-extend: there is no config schema to extend";
        let extending = "x-extend: {schema: config-values.yaml}";
        let mut warnings = schemas(config, "").unwrap().warnings;
        let file = "values.yaml";
        let alone = Schemas::read(
            None,
            Some(SchemaFile {
                file,
                text: extending,
            }),
        )
        .unwrap();
        warnings.extend(alone.warnings);
        assert_eq!(lines(&warnings), expected);
    }

    #[test]
    fn references_anchors_and_merge_keys_are_resolved() {
        let config = "
definitions:
  port: &port {type: integer, minimum: 1, maximum: 65535}
  a~b/c: {type: string}
properties:
  http: {$ref: '#/definitions/port'}
  https: *port
  metrics: {<<: *port, maximum: 9}
  odd: {$ref: '#/definitions/a~0b~1c'}
  secret: {$ref: '#/definitions/a~0b~1c', x-secret: true}
";
        let schemas = schemas(config, "").unwrap();
        let value = json!({"http": 0, "https": 0, "metrics": 10, "odd": 1, "secret": 1});
        let findings = schemas.check_config(&value);
        let text: Vec<String> = findings
            .iter()
            .map(|finding| format!("{}: {}", finding.path, finding.message))
            .collect();
        let expected = [
            "http: expected at least 1, got a number (0)",
            "https: expected at least 1, got a number (0)",
            "metrics: expected at most 9, got a number (10)",
            "odd: expected a string, got a number (1)",
            "secret: expected a string, got a number ([secret])",
        ];
        assert_eq!(text, expected);
    }

    #[test]
    fn many_references_to_references_stay_small() {
        let mut config = "properties: {a: {$ref: '#/definitions/d0'}}\ndefinitions:\n".to_owned();
        for level in 0..40 {
            let next = format!("{{$ref: '#/definitions/d{}'}}", level + 1);
            let both = format!("  d{level}: {{properties: {{x: {next}, y: {next}}}}}\n");
            config.push_str(&both);
        }
        config.push_str("  d40: {type: string}\n");
        assert!(schemas(&config, "").is_ok());
    }

    #[test]
    fn schemas_have_a_depth() {
        let config = format!("{}{{}}{}", "{not: ".repeat(120), "}".repeat(120));
        let mistakes = schemas(&config, "").unwrap_err().0;
        assert_eq!(mistakes[0].message, "schemas may be nested 100 levels deep");
    }

    #[test]
    fn extending_takes_over_keys_and_nothing_else() {
        let config = "
type: object
description: From people.
required: [a]
x-required-for-helm: [c]
additionalProperties: true
minProperties: 5
properties:
  a: {type: string, default: x}
  b: {type: string}
  c: {type: string, x-secret: true}
patternProperties:
  '^p': {type: string}
";
        let values = "
x-extend: {schema: config-values.yaml}
required: [d]
properties:
  b: {type: integer}
  d: {}
";
        let schemas = schemas(config, values).unwrap();
        let value = json!({"a": 1, "b": 1, "p": 1, "typo": 1});
        let findings = schemas.check_values(&value, Purpose::Helm);
        let text: Vec<String> = findings
            .iter()
            .map(|finding| format!("{}: {}", finding.path, finding.message))
            .collect();
        let expected = [
            "d: this key is required",
            "c: this key is required to render the chart",
            "a: expected a string, got a number (1)",
            "p: expected a string, got a number (1)",
            "typo: unknown key",
        ];
        assert_eq!(text, expected);
        let mut filled = json!({});
        schemas.values.as_ref().unwrap().fill(&mut filled);
        assert_eq!(filled, json!({"a": "x"}));
        assert_eq!(
            schemas.mask(&json!({"c": "hunter2"})),
            json!({"c": "[secret]"})
        );
    }

    #[test]
    fn child_of_an_extension_wins() {
        let config = "x-required-for-helm: [a]\nproperties: {a: {}, b: {}}\npatternProperties: {'^p': {type: string}}";
        let values = "x-extend: {schema: any name}\nx-required-for-helm: [b]\npatternProperties: {'^p': {type: integer}}";
        let schemas = schemas(config, values).unwrap();
        let findings = schemas.check_values(&json!({"p": 1}), Purpose::Helm);
        let paths: Vec<String> = findings
            .iter()
            .map(|finding| finding.path.to_string())
            .collect();
        assert_eq!(paths, ["b"]);
    }
}

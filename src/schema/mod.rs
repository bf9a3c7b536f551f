//! What values may look like: schemas, their defaults, and mistakes against them.
//!
//! In: the text of `openapi/config-values.yaml` and `openapi/values.yaml` · Out: [`Schemas`], which
//! fill defaults, find mistakes and mask secrets in a value · Never: knows layers or where a value
//! came from.
//!
//! The language is the part of `OpenAPI` v2 that the original understands, with its three additions:
//! `additionalProperties` is false unless said otherwise, `x-extend` takes over what the config
//! schema says, and `x-required-for-helm` asks for keys only when the chart is rendered. Our own
//! are `x-secret` (also `format: password`), and the `x-kubernetes-*` words for integers that may be
//! text and for maps with unknown keys. References are resolved inside the file. Rules in CEL
//! (`x-deckhouse-validations`) are not evaluated; a schema that has them gets a warning.

mod check;
mod fill;
mod format;
mod keyword;
mod pattern;
mod read;
mod sample;
mod shape;
mod words;

use std::fmt;
use std::sync::Arc;

use serde_json::{Map, Value};

pub use check::{Finding, Purpose, Spot};
pub use pattern::compile as compile_pattern;

use crate::report::{Mistake, Mistakes, Path};
use crate::yaml::Place;
use shape::Shape;

/// The text of a schema file.
#[derive(Debug, Clone, Copy)]
pub struct SchemaFile<'a> {
    /// The file as the person knows it.
    pub file: &'a str,
    /// Its text.
    pub text: &'a str,
}

/// The schemas of one scope.
#[derive(Debug, Clone, Default)]
pub struct Schemas {
    /// What people may set; from `config-values.yaml`. `None` accepts everything.
    pub config: Option<Schema>,
    /// What hooks and charts see; from `values.yaml`. `None` accepts everything.
    pub values: Option<Schema>,
    /// What is odd in the files and yet lets them work: unknown keywords, rules in CEL.
    pub warnings: Vec<Mistake>,
}

impl Schemas {
    /// Reads both files; either may be absent. All mistakes of both come together.
    pub fn read(
        config: Option<SchemaFile<'_>>,
        values: Option<SchemaFile<'_>>,
    ) -> Result<Self, Mistakes> {
        let mut mistakes = Vec::new();
        let mut warnings = Vec::new();
        let mut read = |source: SchemaFile<'_>| {
            let read = read::read(source.file, source.text);
            mistakes.extend(read.mistakes);
            warnings.extend(read.warnings);
            read.shape
        };
        let config = config.map(&mut read);
        let values = values.map(&mut read);
        Mistakes(mistakes).into_result()?;
        let values = values.map(|values| match &config {
            Some(parent) if values.extends.is_some() => values.extend(parent),
            _ => {
                warnings.extend(values.extends.as_ref().map(|place| {
                    Mistake::new(&*values.file, "there is no config schema to extend")
                        .at(place.line, place.column)
                        .path("x-extend")
                }));
                values
            }
        });
        Ok(Self {
            config: config.map(Schema::new),
            values: values.map(Schema::new),
            warnings,
        })
    }

    /// All mistakes of a `ConfigMap` section, looked at with the config schema's defaults. An empty
    /// section has none.
    pub fn check_config(&self, section: &Value) -> Vec<Finding> {
        let mut filled = section.clone();
        match &self.config {
            _ if section.as_object().is_some_and(Map::is_empty) => Vec::new(),
            Some(schema) => {
                schema.fill(&mut filled);
                schema.check(&filled, Purpose::Values)
            }
            None => check::check(&Shape::default(), section, Purpose::Values),
        }
    }

    /// All mistakes of values, which have their defaults already.
    pub fn check_values(&self, values: &Value, purpose: Purpose) -> Vec<Finding> {
        match &self.values {
            Some(schema) => schema.check(values, purpose),
            None => check::check(&Shape::default(), values, purpose),
        }
    }

    /// The same values with something made up where hooks or people have to set what is missing: what
    /// the values schema adds to the config schema, and what is required.
    pub fn sample(&self, values: &Value) -> Value {
        let mut sampled = values.clone();
        if let Some(schema) = &self.values {
            let config = self.config.as_ref().map(|schema| &*schema.root);
            sample::fill(&schema.root, config, &mut sampled);
        } else if let Some(schema) = &self.config {
            sample::fill(&schema.root, Some(&schema.root), &mut sampled);
        }
        sampled
    }

    /// The same value with [`SECRET`](crate::secret::SECRET) in place of what one of the schemas marks as secret.
    pub fn mask(&self, value: &Value) -> Value {
        let mut masked = value.clone();
        for schema in [&self.config, &self.values].into_iter().flatten() {
            shape::mask(&schema.root, &mut masked);
        }
        masked
    }

    /// Masks what stands at a place, as in an operation of a patch.
    pub fn mask_at(&self, path: &Path, value: &mut Value) {
        for schema in [&self.config, &self.values].into_iter().flatten() {
            shape::mask_at(&schema.root, &path.0, value);
        }
    }

    /// What one of the schemas marks as secret in a value.
    pub fn find_secrets<'a>(&self, value: &'a Value) -> Vec<&'a Value> {
        let mut found = Vec::new();
        for schema in [&self.config, &self.values].into_iter().flatten() {
            shape::find_secrets(&schema.root, value, &mut found);
        }
        found
    }

    /// Whether one of the schemas marks this place, or one above it, as secret.
    pub fn is_secret(&self, path: &Path) -> bool {
        [&self.config, &self.values]
            .into_iter()
            .flatten()
            .any(|schema| shape::is_secret(&schema.root, &path.0))
    }
}

/// A schema, ready to be used. Cloning it is cheap.
#[derive(Clone)]
pub struct Schema {
    root: Arc<Shape>,
}

/// Shapes share parts and would be long; the file says enough.
impl fmt::Debug for Schema {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Schema({})", self.root.file)
    }
}

impl Schema {
    fn new(root: Shape) -> Self {
        Self {
            root: Arc::new(root),
        }
    }

    /// Sets the defaults of keys that are absent: of `properties`, and below `items`. Defaults
    /// below a key take effect only when the key is there, or has a default itself. A key that is
    /// null is there.
    pub fn fill(&self, value: &mut Value) {
        fill::fill(&self.root, value);
    }

    /// The file and the place of the default that [`fill`](Self::fill) sets at `path` in `base`;
    /// `None` when what is there does not come from a default.
    pub fn default_place(&self, base: &Value, path: &[&str]) -> Option<(&str, Place)> {
        fill::default_place(&self.root, base, path)
    }

    /// All mistakes of a value, in the order of its keys. Values of secrets are not told.
    pub fn check(&self, value: &Value, purpose: Purpose) -> Vec<Finding> {
        check::check(&self.root, value, purpose)
    }
}

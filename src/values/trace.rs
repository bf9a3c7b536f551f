//! What the layers of a scope come to, and which of them set a place.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::layer::{Layer, Origin};
use super::{merge, number};
use crate::name::ValuesKey;
use crate::patch::{self, Stored, StoredPatches, Verb};
use crate::report::{Mistake, Path, Step};
use crate::schema::{Finding, Schemas, Spot};
use crate::yaml::Place;

/// Everything that makes up the values of one scope.
#[derive(Clone, Copy)]
pub(super) struct Inputs<'a> {
    pub(super) scope: &'a ValuesKey,
    pub(super) statics: &'a [Layer],
    pub(super) schemas: &'a Schemas,
    pub(super) config: Option<&'a Layer>,
    pub(super) injected: &'a Value,
    pub(super) patches: &'a StoredPatches,
}

impl<'a> Inputs<'a> {
    /// The values; an error when a stored operation does not fit what is below it.
    pub(super) fn values(&self) -> Result<Value, patch::Error> {
        Ok(self.trace()?.values)
    }

    /// The values, with what is needed to tell who set what.
    pub(super) fn trace(&self) -> Result<Trace<'a>, patch::Error> {
        let mut statics = Value::Object(Map::new());
        for layer in self.statics {
            merge(&mut statics, layer.to_value());
        }
        let mut layered = statics.clone();
        if let Some(schema) = &self.schemas.config {
            schema.fill(&mut layered);
        }
        if let Some(config) = self.config {
            merge(&mut layered, config.to_value());
        }
        let mut values = layered.clone();
        if let Some(schema) = &self.schemas.values {
            schema.fill(&mut values);
        }
        if self.injected.is_object() {
            merge(&mut values, self.injected.clone());
        }
        let mut document = wrap(self.scope, values);
        let mut applied = Vec::new();
        let mut keep = |stored: &'a Stored, _: &Value| applied.push(stored);
        self.patches.reapply_each(&mut document, &mut keep)?;
        let mut values = unwrap(self.scope, document);
        number::settle(&mut values);
        let inputs = *self;
        Ok(Trace {
            inputs,
            statics,
            layered,
            applied,
            values,
        })
    }
}

/// The values and the steps on the way to them.
pub(super) struct Trace<'a> {
    inputs: Inputs<'a>,
    /// The static layers alone.
    statics: Value,
    /// With the config schema's defaults and the section.
    layered: Value,
    /// The stored operations that took effect.
    applied: Vec<&'a Stored>,
    pub(super) values: Value,
}

/// Who set a place.
enum Setter<'a> {
    Layer(&'a Layer),
    Default(&'a str, Place),
    Hook(&'a Stored),
    Operator,
}

impl Trace<'_> {
    /// Where the value at these keys comes from, and its place there.
    pub(super) fn origin(&self, keys: &[&str]) -> Option<(Origin, Place)> {
        let path = Path(
            keys.iter()
                .map(|key| Step::Key((*key).to_owned()))
                .collect(),
        );
        Some(told(&self.setter(keys)?, &path, Spot::Value))
    }

    /// The mistakes that findings about these values come to.
    pub(super) fn mistakes(&self, findings: &[Finding]) -> Vec<Mistake> {
        let known: BTreeSet<String> = injected_paths(self.inputs.injected);
        let ours = |finding: &&Finding| {
            finding.spot != Spot::Key || !known.contains(&finding.path.to_string())
        };
        let findings = findings.iter().filter(ours);
        findings.map(|finding| self.mistake(finding)).collect()
    }

    fn mistake(&self, finding: &Finding) -> Mistake {
        let keys: Vec<&str> = finding.path.0.iter().map_while(key).collect();
        let nearest = (0..=keys.len())
            .rev()
            .find_map(|length| self.setter(keys.get(..length)?));
        let path = below(self.inputs.scope, &finding.path);
        let (file, place) = match &nearest {
            Some(setter) => {
                let (origin, place) = told(setter, &finding.path, finding.spot);
                (origin.to_string(), place)
            }
            None => (format!("values of {}", self.inputs.scope), Place::default()),
        };
        Mistake::new(file, finding.message.clone())
            .at(place.line, place.column)
            .path(path.to_string())
            .hint(finding.hint.clone())
    }

    /// From the top down: the first that has something there is it. What a default fills is what
    /// the layers below it lack.
    fn setter(&self, keys: &[&str]) -> Option<Setter<'_>> {
        let inputs = &self.inputs;
        let list = at(&self.values, keys).is_some_and(Value::is_array);
        let patched = |stored: &&&Stored| sets(stored, keys, list);
        if let Some(stored) = self.applied.iter().rev().find(patched) {
            return Some(Setter::Hook(stored));
        }
        if !keys.is_empty() && at(inputs.injected, keys).is_some() {
            return Some(Setter::Operator);
        }
        if at(&self.layered, keys).is_none() {
            let schema = inputs.schemas.values.as_ref()?;
            let (file, place) = schema.default_place(&self.layered, keys)?;
            return Some(Setter::Default(file, place));
        }
        if let Some(config) = inputs.config.filter(|config| config.has(keys)) {
            return Some(Setter::Layer(config));
        }
        if at(&self.statics, keys).is_none() {
            let schema = inputs.schemas.config.as_ref()?;
            let (file, place) = schema.default_place(&self.statics, keys)?;
            return Some(Setter::Default(file, place));
        }
        let layer = inputs.statics.iter().rev().find(|layer| layer.has(keys))?;
        Some(Setter::Layer(layer))
    }
}

fn told(setter: &Setter<'_>, path: &Path, spot: Spot) -> (Origin, Place) {
    match setter {
        Setter::Layer(layer) => (layer.origin.clone(), layer.place(path, spot)),
        Setter::Default(file, place) => {
            let file = (*file).to_owned();
            (Origin::SchemaDefault { file }, *place)
        }
        Setter::Hook(stored) => {
            let hook = stored.by.to_string();
            (Origin::HookPatch { hook }, Place::default())
        }
        Setter::Operator => (Origin::Operator, Place::default()),
    }
}

/// Whether an operation sets, or takes away, what is at these keys. A list is one leaf: operations inside it count.
fn sets(stored: &Stored, keys: &[&str], list: bool) -> bool {
    let segments = stored.operation.segments();
    let segments: Vec<&str> = segments.iter().skip(1).map(String::as_str).collect();
    if list && segments.len() > keys.len() {
        return segments.starts_with(keys);
    }
    match (
        &stored.operation.verb,
        keys.strip_prefix(segments.as_slice()),
    ) {
        (Verb::Add(value), Some(rest)) => at(value, rest).is_some(),
        (Verb::Remove, Some(_)) => true,
        _ => false,
    }
}

fn at<'v>(value: &'v Value, keys: &[&str]) -> Option<&'v Value> {
    keys.iter()
        .try_fold(value, |value, key| value.as_object()?.get(*key))
}

fn key(step: &Step) -> Option<&str> {
    match step {
        Step::Key(key) => Some(key),
        Step::Index(_) => None,
    }
}

/// The paths of all keys that the operator adds.
fn injected_paths(injected: &Value) -> BTreeSet<String> {
    let mut paths = BTreeSet::new();
    let mut rest = vec![(Path::default(), injected)];
    while let Some((path, value)) = rest.pop() {
        for (key, value) in value.as_object().into_iter().flatten() {
            let path = path.key(key);
            paths.insert(path.to_string());
            rest.push((path, value));
        }
    }
    paths
}

/// A path as people see it: below the scope's key.
pub(super) fn below(scope: &ValuesKey, path: &Path) -> Path {
    let mut steps = vec![Step::Key(scope.to_string())];
    steps.extend(path.0.iter().cloned());
    Path(steps)
}

/// The document that patches are written for: `{key: values}`.
pub(super) fn wrap(scope: &ValuesKey, values: Value) -> Value {
    let mut document = Map::new();
    document.insert(scope.to_string(), values);
    Value::Object(document)
}

/// The values in such a document; null when a patch removed them.
pub(super) fn unwrap(scope: &ValuesKey, mut document: Value) -> Value {
    document
        .get_mut(scope.as_str())
        .map_or(Value::Null, Value::take)
}

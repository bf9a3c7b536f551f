//! A schema, ready to check values with.

use std::collections::BTreeMap;

use regex::Regex;

use super::Draft;
use crate::jsonschema::check::Format;
use crate::jsonschema::json::Json;
use crate::jsonschema::number::Number;

/// The place of a schema in [`Schema::parts`].
pub(in crate::jsonschema) type PartId = usize;

/// One schema of those that a schema consists of.
#[derive(Debug, Default)]
pub(in crate::jsonschema) struct Part {
    /// Its address.
    pub(in crate::jsonschema) location: String,
    pub(in crate::jsonschema) draft: Option<Draft>,
    /// What it belongs to.
    pub(in crate::jsonschema) resource: PartId,
    /// `true` and `false` are schemas as well.
    pub(in crate::jsonschema) verdict: Option<bool>,
    pub(in crate::jsonschema) reference: Option<PartId>,
    pub(in crate::jsonschema) recursive: Option<PartId>,
    pub(in crate::jsonschema) is_recursive_anchor: bool,
    pub(in crate::jsonschema) dynamic: Option<(PartId, String)>,
    pub(in crate::jsonschema) dynamic_anchor: String,
    pub(in crate::jsonschema) dynamic_anchors: BTreeMap<String, PartId>,
    pub(in crate::jsonschema) types: Types,
    pub(in crate::jsonschema) constant: Option<Json>,
    pub(in crate::jsonschema) choice: Option<Vec<Json>>,
    pub(in crate::jsonschema) format: Option<Format>,
    pub(in crate::jsonschema) object: ObjectRules,
    pub(in crate::jsonschema) array: ArrayRules,
    pub(in crate::jsonschema) text: TextRules,
    pub(in crate::jsonschema) number: NumberRules,
    pub(in crate::jsonschema) all_of: Vec<PartId>,
    pub(in crate::jsonschema) any_of: Vec<PartId>,
    pub(in crate::jsonschema) one_of: Vec<PartId>,
    pub(in crate::jsonschema) not: Option<PartId>,
    pub(in crate::jsonschema) condition: Option<PartId>,
    pub(in crate::jsonschema) then: Option<PartId>,
    pub(in crate::jsonschema) otherwise: Option<PartId>,
}

#[derive(Debug, Default)]
pub(in crate::jsonschema) struct ObjectRules {
    pub(in crate::jsonschema) least: Option<usize>,
    pub(in crate::jsonschema) most: Option<usize>,
    pub(in crate::jsonschema) required: Vec<String>,
    pub(in crate::jsonschema) properties: BTreeMap<Box<str>, PartId>,
    pub(in crate::jsonschema) patterns: Vec<(Regex, PartId)>,
    pub(in crate::jsonschema) additional: Option<Additional>,
    pub(in crate::jsonschema) dependencies: BTreeMap<Box<str>, Needs>,
    pub(in crate::jsonschema) names: Option<PartId>,
    pub(in crate::jsonschema) dependent_schemas: BTreeMap<Box<str>, PartId>,
    pub(in crate::jsonschema) dependent_required: BTreeMap<Box<str>, Vec<String>>,
    pub(in crate::jsonschema) unevaluated: Option<PartId>,
}

#[derive(Debug, Default)]
pub(in crate::jsonschema) struct ArrayRules {
    pub(in crate::jsonschema) least: Option<usize>,
    pub(in crate::jsonschema) most: Option<usize>,
    pub(in crate::jsonschema) unique: bool,
    /// Schemas of the first items.
    pub(in crate::jsonschema) first: Vec<PartId>,
    /// The schema of the items behind them.
    pub(in crate::jsonschema) rest: Option<Additional>,
    /// Whether `rest` was called `additionalItems`.
    pub(in crate::jsonschema) is_additional: bool,
    pub(in crate::jsonschema) contains: Option<PartId>,
    pub(in crate::jsonschema) least_contained: Option<usize>,
    pub(in crate::jsonschema) most_contained: Option<usize>,
    pub(in crate::jsonschema) unevaluated: Option<PartId>,
}

#[derive(Debug, Default)]
pub(in crate::jsonschema) struct TextRules {
    pub(in crate::jsonschema) least: Option<usize>,
    pub(in crate::jsonschema) most: Option<usize>,
    /// As it is written, and ready to use.
    pub(in crate::jsonschema) pattern: Option<(String, Regex)>,
}

#[derive(Debug, Default)]
pub(in crate::jsonschema) struct NumberRules {
    pub(in crate::jsonschema) minimum: Option<Number>,
    pub(in crate::jsonschema) above: Option<Number>,
    pub(in crate::jsonschema) maximum: Option<Number>,
    pub(in crate::jsonschema) below: Option<Number>,
    pub(in crate::jsonschema) multiple_of: Option<Number>,
}

/// What holds for all that is not named.
#[derive(Debug, Clone, Copy)]
pub(in crate::jsonschema) enum Additional {
    Allowed(bool),
    Schema(PartId),
}

/// What must be there if a property is.
#[derive(Debug)]
pub(in crate::jsonschema) enum Needs {
    Names(Vec<String>),
    Schema(PartId),
}

/// Types of JSON, one bit each; none for any.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(in crate::jsonschema) struct Types(u8);

/// The names of types, in the order in which they are told.
pub(in crate::jsonschema) const TYPES: [&str; 7] = [
    "null", "boolean", "number", "integer", "string", "array", "object",
];

impl Types {
    pub(super) fn of(json: &Json) -> Self {
        let names = match json {
            Json::Text(name) => vec![&**name],
            Json::Array(names) => names.iter().filter_map(Json::as_text).collect(),
            _ => Vec::new(),
        };
        let bits = names
            .iter()
            .filter_map(|name| TYPES.iter().position(|known| known == name));
        Self(bits.fold(0, |types, bit| types | 1 << bit))
    }

    pub(in crate::jsonschema) fn is_empty(self) -> bool {
        self.0 == 0
    }

    pub(in crate::jsonschema) fn has(self, name: &str) -> bool {
        let bit = TYPES.iter().position(|known| *known == name);
        bit.is_some_and(|bit| self.0 & 1 << bit != 0)
    }

    pub(in crate::jsonschema) fn told(self) -> String {
        let names = TYPES.iter().filter(|name| self.has(name));
        names.copied().collect::<Vec<_>>().join(" or ")
    }
}

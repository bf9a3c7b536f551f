//! Where a check stands: in the value, in the schemas, and in what was seen already.

use std::collections::BTreeSet;

use crate::jsonschema::Schema;
use crate::jsonschema::compile::{Part, PartId};
use crate::jsonschema::json::Json;
use crate::jsonschema::place::escape;

/// Where the value is that is checked.
pub(super) enum Spot<'a> {
    Root,
    Key(&'a Self, &'a str),
    Item(&'a Self, usize),
}

impl Spot<'_> {
    pub(super) fn pointer(&self) -> String {
        match self {
            Self::Root => String::new(),
            Self::Key(before, key) => format!("{}/{}", before.pointer(), escape(key)),
            Self::Item(before, at) => format!("{}/{at}", before.pointer()),
        }
    }
}

/// The schemas on the way to this one.
pub(super) struct Scope<'a> {
    pub(super) part: PartId,
    /// The keyword that led here from elsewhere.
    pub(super) keyword: &'static str,
    /// Which value it is about: the depth in the value.
    pub(super) value: usize,
    pub(super) depth: usize,
    pub(super) before: Option<&'a Self>,
}

impl Scope<'_> {
    /// Where a check begins.
    pub(super) const OUTERMOST: Self = Self {
        part: 0,
        keyword: "",
        value: 0,
        depth: 0,
        before: None,
    };

    pub(super) fn child(&self, part: PartId, keyword: &'static str, value: usize) -> Scope<'_> {
        Scope {
            part,
            keyword,
            value,
            depth: self.depth + 1,
            before: Some(self),
        }
    }

    /// The same schema, entered for the same value.
    pub(super) fn cycle(&self) -> Option<&Self> {
        let mut scope = self.before;
        while let Some(found) = scope.filter(|found| found.value == self.value) {
            if found.part == self.part {
                return Some(found);
            }
            scope = found.before;
        }
        None
    }

    pub(super) fn keywords(&self, schema: &Schema) -> String {
        let Some(before) = self.before else {
            return String::new();
        };
        let head = before.keywords(schema);
        if !self.keyword.is_empty() {
            return format!("{head}/{}", escape(self.keyword));
        }
        let (own, above) = (schema.part(self.part), schema.part(before.part));
        let end = own
            .location
            .strip_prefix(&above.location)
            .unwrap_or_default();
        format!("{head}{end}")
    }
}

/// What no schema looked at yet. `None` when nobody asks.
#[derive(Default)]
pub(in crate::jsonschema) struct Unseen<'j> {
    pub(super) keys: Option<BTreeSet<&'j str>>,
    pub(super) items: Option<BTreeSet<usize>>,
}

impl<'j> Unseen<'j> {
    pub(super) fn of(json: &'j Json, part: &Part, is_asked: bool) -> Self {
        let mut unseen = Self::default();
        match json {
            Json::Object(entries) => {
                let asks = is_asked || part.object.unevaluated.is_some();
                if asks && part.object.additional.is_none() {
                    unseen.keys = Some(entries.keys().map(|key| &**key).collect());
                }
            }
            Json::Array(items) => {
                let asks = is_asked || part.array.unevaluated.is_some();
                let first = part.array.first.len();
                if asks && part.array.rest.is_none() && first < items.len() {
                    unseen.items = Some((first..items.len()).collect());
                }
            }
            _ => {}
        }
        unseen
    }

    pub(super) fn is_empty(&self) -> bool {
        self.keys.as_ref().is_none_or(BTreeSet::is_empty)
            && self.items.as_ref().is_none_or(BTreeSet::is_empty)
    }

    /// What another schema saw is seen.
    pub(super) fn merge(&mut self, other: &Self) {
        if let Some(keys) = &mut self.keys {
            keys.retain(|key| other.keys.as_ref().is_some_and(|left| left.contains(key)));
        }
        if let Some(items) = &mut self.items {
            items.retain(|at| other.items.as_ref().is_some_and(|left| left.contains(at)));
        }
    }
}

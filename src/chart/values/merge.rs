//! Maps laid over maps, as Helm's coalescing does it, with its warnings.
//!
//! Helm's maps are shared, and what is merged into one is seen by all who hold it. So it is here: what
//! a function takes over from a map is that map's own value.

use std::fmt;

use crate::chart::{Branch, Tree};
use crate::govalue::{Map, Value};

use super::need::Need;
use super::words::{plain, quoted};

/// The name of the values that all charts of a release see.
pub(super) const GLOBAL: &str = "global";

/// Where a value stands, for warnings: put together only when one is told.
#[derive(Clone, Copy)]
pub(super) struct Prefix<'a> {
    before: Option<&'a Self>,
    key: &'a str,
}

impl<'a> Prefix<'a> {
    pub(super) const NONE: Self = Self {
        before: None,
        key: "",
    };

    pub(super) fn with(&'a self, key: &'a str) -> Self {
        Self {
            before: Some(self),
            key,
        }
    }
}

impl fmt::Display for Prefix<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let before = self.before.map(ToString::to_string).unwrap_or_default();
        if before.is_empty() {
            out.write_str(self.key)
        } else {
            write!(out, "{before}.{}", self.key)
        }
    }
}

/// What is told on standard error.
pub(super) type Warnings = Vec<String>;

/// How two maps become one.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Nulls {
    /// A `null` over a value removes the value.
    Remove,
    /// A `null` stays, for a later pass.
    Keep,
}

/// How one map is laid over another.
#[derive(Clone, Copy)]
pub(super) struct How<'a> {
    nulls: Nulls,
    /// Which values are wanted; all without it.
    pub(super) need: Option<&'a Need>,
    /// Where the maps stand.
    prefix: Prefix<'a>,
}

impl<'a> How<'a> {
    pub(super) fn new(nulls: Nulls, need: Option<&'a Need>) -> Self {
        Self {
            nulls,
            need,
            prefix: Prefix::NONE,
        }
    }

    /// How the values of a key are treated.
    pub(super) fn at<'b>(&'b self, key: &'b str, need: Option<&'b Need>) -> How<'b> {
        How {
            nulls: self.nulls,
            need,
            prefix: self.prefix.with(key),
        }
    }

    /// The same for a part of which other values are wanted.
    pub(super) fn needing(self, need: Option<&'a Need>) -> Self {
        Self { need, ..self }
    }

    /// The same with every `null` kept.
    pub(super) fn keeping_nulls(self) -> Self {
        let nulls = Nulls::Keep;
        Self { nulls, ..self }
    }

    pub(super) fn removes_nulls(&self) -> bool {
        self.nulls == Nulls::Remove
    }

    /// The place of a key, as warnings tell it.
    pub(super) fn place(&self, key: &str) -> String {
        self.prefix.with(key).to_string()
    }
}

/// Lays `over` over the values of a map, and puts what is new from `under` into it.
pub(super) fn merge_maps(over: &Map, under: &Map, how: &How<'_>, warnings: &mut Warnings) {
    let before = under.snapshot();
    for (key, value) in over.snapshot() {
        if matches!(value, Value::Nil) {
            under.insert(key, Value::Nil);
        }
    }
    for (key, value) in before {
        let Some(above) = over.get(&key) else {
            over.insert(key, value);
            continue;
        };
        match (&above, &value) {
            (Value::Nil, value) => {
                if how.removes_nulls() && !matches!(value, Value::Nil) {
                    over.remove(&key);
                }
            }
            (Value::Map(above), Value::Map(below)) => {
                let key = key.as_str();
                merge_maps(above, below, &how.at(&key, None), warnings);
            }
            (above, below) => mismatch(above, below, &how.place(&key.as_str()), warnings),
        }
    }
}

/// The same for a part of a chart that nobody else holds.
pub(super) fn merge_branch(over: &Map, under: &Branch, how: &How<'_>, warnings: &mut Warnings) {
    for (key, value, need) in Need::entries(how.need, under) {
        let Some(above) = over.get(key.as_bytes()) else {
            over.insert(key, thaw(value, need));
            continue;
        };
        match (&above, value) {
            (Value::Nil, value) => {
                if how.removes_nulls() && *value != Tree::Null {
                    over.remove(key.as_bytes());
                }
            }
            (Value::Map(above), Tree::Map(below)) => {
                merge_branch(above, below, &how.at(key, need), warnings);
            }
            (above, below) => {
                if matches!(above, Value::Map(_)) || matches!(below, Tree::Map(_)) {
                    mismatch(above, &below.to_value(), &how.place(key), warnings);
                }
            }
        }
    }
}

/// Tells of a map and a value that is none in one place: the upper one stays.
fn mismatch(above: &Value, below: &Value, place: &str, warnings: &mut Warnings) {
    match (above, below) {
        (_, Value::Map(_)) => warnings.push(format!(
            "warning: cannot overwrite table with non table for {place} ({})",
            plain(below)
        )),
        (Value::Map(_), Value::Nil) => {}
        (Value::Map(_), _) => warnings.push(format!(
            "warning: destination for {place} is a table. Ignoring non-table value ({})",
            plain(below)
        )),
        _ => {}
    }
}

/// A value as templates hold it, as far as it is needed.
pub(super) fn thaw(value: &Tree, need: Option<&Need>) -> Value {
    let (Some(need), Tree::Map(branch)) = (need, value) else {
        return value.to_value();
    };
    let map = Map::any();
    for (key, value, need) in Need::entries(Some(need), branch) {
        map.insert(key, thaw(value, need));
    }
    Value::Map(map)
}

/// A copy of a map as far as it is needed, all maps in it copied as well.
pub(super) fn copy_map(map: &Map, need: Option<&Need>) -> Map {
    match need {
        Some(Need::Keys(keys)) => {
            let copy = Map::any();
            for (key, need) in keys {
                if let Some(value) = map.get(key.as_bytes()) {
                    copy.insert(key.as_str(), copy_value(&value, Some(need)));
                }
            }
            copy
        }
        Some(Need::Kind) => Map::any(),
        Some(Need::All) | None => {
            let entries = map.entries();
            let entries = entries.iter();
            let copied = entries.map(|(key, value)| (key.clone(), copy_value(value, None)));
            copied.collect()
        }
    }
}

fn copy_value(value: &Value, need: Option<&Need>) -> Value {
    match value {
        Value::Map(map) => Value::Map(copy_map(map, need)),
        Value::List(items)
            if items
                .iter()
                .any(|item| matches!(item, Value::Map(_) | Value::List(_))) =>
        {
            let items: Vec<_> = items.iter().map(|item| copy_value(item, None)).collect();
            Value::from(items)
        }
        value => value.clone(),
    }
}

/// Pushes the global values of a chart (`from`) down into the values of a chart in it.
pub(super) fn push_globals(into: &Map, from: &Map, how: &How<'_>, warnings: &mut Warnings) {
    let globals_of = |map: &Map| match map.get(GLOBAL.as_bytes()) {
        None => Some(Map::any()),
        Some(Value::Map(globals)) => Some(globals),
        Some(_) => None,
    };
    let Some(lower) = globals_of(into) else {
        warnings.push(
            "warning: skipping globals because destination global is not a table.".to_owned(),
        );
        return;
    };
    let Some(upper) = globals_of(from) else {
        warnings.push("warning: skipping globals because source global is not a table.".to_owned());
        return;
    };
    for (key, value) in upper.snapshot() {
        let below = lower.get(&key);
        match (value, below) {
            (Value::Map(above), None) => lower.insert(key, Value::Map(shallow_copy(&above))),
            (Value::Map(above), Some(Value::Map(below))) => {
                let copy = shallow_copy(&above);
                let name = key.as_str();
                let how = how.at(&name, None).keeping_nulls();
                merge_maps(&copy, &below, &how, warnings);
                drop(name);
                lower.insert(key, Value::Map(copy));
            }
            (Value::Map(_), Some(_)) => warnings.push(format!(
                "Conflict: cannot merge map onto non-map for {}. Skipping.",
                quoted(&key.as_str())
            )),
            (_, Some(Value::Map(_))) => {
                warnings.push(format!("key {} is table. Skipping", key.as_str()));
            }
            (value, _) => lower.insert(key, value),
        }
    }
    into.insert(GLOBAL, Value::Map(lower));
}

fn shallow_copy(map: &Map) -> Map {
    map.snapshot().into_iter().collect()
}

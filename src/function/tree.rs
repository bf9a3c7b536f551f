//! Plain data as templates see it, and back.
//!
//! Maps are our own object, for three reasons: looking up a key costs no conversion, they can be
//! shared between renders for nothing, and they remember the last key that was not there, so that an
//! undefined value can be told together with the keys that do exist.

use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use minijinja::Value;
use minijinja::value::{Enumerator, Object, ObjectExt as _, ValueKind};
use serde_json::Number;

use crate::yaml;

/// How deep data may be before it is refused: each level costs stack, and no deeper text is read.
const DEPTH: usize = yaml::MAX_DEPTH;
/// How many parts data may have, those counted again that it holds more than once: a list may hold
/// another one twice, and so on, and be too large for any memory when it is written out.
const PARTS: usize = 1_000_000;

thread_local! {
    static LAST_MISS: RefCell<Option<Miss>> = const { RefCell::new(None) };
}

/// A map, as templates see it.
#[derive(Default, Clone)]
pub struct Tree(pub(super) BTreeMap<Arc<str>, Value>);

/// A key that a map did not have.
#[derive(Clone)]
pub struct Miss {
    /// The key that was asked for.
    pub key: String,
    map: Arc<Tree>,
}

impl Miss {
    /// The keys that the map has, sorted.
    pub fn known(&self) -> impl Iterator<Item = &str> {
        self.map.0.keys().map(|key| &**key)
    }
}

/// The last key that a map did not have, on this thread; asking forgets it.
pub fn last_miss() -> Option<Miss> {
    LAST_MISS.with(RefCell::take)
}

impl Tree {
    /// A map from its entries.
    pub fn value(entries: impl IntoIterator<Item = (Arc<str>, Value)>) -> Value {
        Value::from_object(Self(entries.into_iter().collect()))
    }

    /// The same map with one entry more, or another in its place.
    #[must_use]
    pub fn with(&self, key: &str, value: Value) -> Self {
        let mut entries = self.0.clone();
        entries.insert(key.into(), value);
        Self(entries)
    }
}

/// Values may be secret, so they are never shown.
impl fmt::Debug for Tree {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "[{} keys]", self.0.len())
    }
}

impl Object for Tree {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        self.get_value_by_str(key.as_str()?)
    }

    fn get_value_by_str(self: &Arc<Self>, key: &str) -> Option<Value> {
        let found = self.0.get(key).cloned();
        if found.is_none() {
            let miss = Miss {
                key: key.to_owned(),
                map: Arc::clone(self),
            };
            LAST_MISS.with(|last| last.replace(Some(miss)));
        }
        found
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        self.mapped_key_value_enumerator(|this| {
            Box::new(
                this.0
                    .iter()
                    .map(|(key, value)| (Value::from(key), value.clone())),
            )
        })
    }

    fn enumerator_len(self: &Arc<Self>) -> Option<usize> {
        Some(self.0.len())
    }

    fn render(self: &Arc<Self>, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = to_json(&Value::from_dyn_object(Arc::clone(self))).unwrap_or_default();
        write!(out, "{text}")
    }
}

/// The entries of any map: of ours without a copy, of a template's own (`{"a": 1}`) with one.
pub(super) fn entries_of(value: &Value) -> Option<Cow<'_, BTreeMap<Arc<str>, Value>>> {
    if let Some(tree) = value.downcast_object_ref::<Tree>() {
        return Some(Cow::Borrowed(&tree.0));
    }
    if value.kind() != ValueKind::Map {
        return None;
    }
    let mut entries = BTreeMap::new();
    for key in value.try_iter().ok()? {
        let entry = value.get_item(&key).ok()?;
        entries.insert(key_of(&key)?, entry);
    }
    Some(Cow::Owned(entries))
}

/// A key of a template's own map: strings, and what YAML makes strings of.
fn key_of(key: &Value) -> Option<Arc<str>> {
    match key.kind() {
        ValueKind::String => key.to_str(),
        ValueKind::Bool | ValueKind::Number => Some(text_of(key).ok()?.into()),
        _ => None,
    }
}

/// Plain data as templates see it.
pub fn to_value(data: &serde_json::Value) -> Value {
    match data {
        serde_json::Value::Null => Value::from(()),
        serde_json::Value::Bool(truth) => Value::from(*truth),
        serde_json::Value::Number(number) => number_value(number),
        serde_json::Value::String(text) => Value::from(text.as_str()),
        serde_json::Value::Array(items) => items.iter().map(to_value).collect(),
        serde_json::Value::Object(entries) => Tree::value(
            entries
                .iter()
                .map(|(key, entry)| (Arc::from(key.as_str()), to_value(entry))),
        ),
    }
}

fn number_value(number: &Number) -> Value {
    if let Some(whole) = number.as_i64() {
        return Value::from(whole);
    }
    number.as_u64().map_or_else(
        || Value::from(number.as_f64().unwrap_or_default()),
        Value::from,
    )
}

/// What templates see, as plain data.
///
/// # Errors
///
/// In plain words, when there is no such data: undefined values, functions, binary files, numbers
/// that JSON does not have.
pub fn to_json(value: &Value) -> Result<serde_json::Value, String> {
    to_json_within(value, DEPTH, &Room::default())
}

/// What is left of the parts that data may have.
pub(super) struct Room(Cell<usize>);

impl Default for Room {
    fn default() -> Self {
        Self(Cell::new(PARTS))
    }
}

impl Room {
    /// Takes one part of data that may go so deep.
    pub(super) fn enter(&self, depth: usize) -> Result<usize, String> {
        let left = self.0.get().checked_sub(1);
        let left = left.ok_or_else(|| format!("the value has more than {PARTS} parts"))?;
        self.0.set(left);
        let depth = depth.checked_sub(1);
        depth.ok_or_else(|| format!("the value is nested deeper than {DEPTH} levels"))
    }
}

fn to_json_within(value: &Value, depth: usize, room: &Room) -> Result<serde_json::Value, String> {
    let depth = room.enter(depth)?;
    match value.kind() {
        ValueKind::Undefined => Err("a part of the value is undefined".to_owned()),
        ValueKind::None => Ok(serde_json::Value::Null),
        ValueKind::Bool => Ok(value.is_true().into()),
        ValueKind::Number => number_of(value).map(serde_json::Value::Number),
        ValueKind::String => Ok(value.as_str().unwrap_or_default().into()),
        ValueKind::Bytes => Err("a binary file must go through b64enc first".to_owned()),
        ValueKind::Seq | ValueKind::Iterable => value
            .try_iter()
            .map_err(|error| error.to_string())?
            .map(|item| to_json_within(&item, depth, room))
            .collect(),
        ValueKind::Map => entries_of(value)
            .ok_or("a key of the map is neither a string nor a number")?
            .iter()
            .map(|(key, entry)| Ok((key.to_string(), to_json_within(entry, depth, room)?)))
            .collect(),
        _ => Err("the value is no plain data".to_owned()),
    }
}

fn number_of(value: &Value) -> Result<Number, String> {
    let whole = whole_of(value).and_then(|whole| {
        let small = i64::try_from(whole).map(Number::from);
        small
            .or_else(|_| u64::try_from(whole).map(Number::from))
            .ok()
    });
    whole.map_or_else(|| number_from(float_of(value)), Ok)
}

fn number_from(float: f64) -> Result<Number, String> {
    Number::from_f64(float).ok_or_else(|| format!("{float} is no number that YAML and JSON share"))
}

/// A whole number, if it is one; `1.0` is not.
pub(super) fn whole_of(value: &Value) -> Option<i128> {
    Some(value)
        .filter(|value| value.is_integer())
        .and_then(|value| i128::try_from(value.clone()).ok())
}

/// A number as a float; 0 for what is no number.
pub(super) fn float_of(value: &Value) -> f64 {
    f64::try_from(value.clone()).unwrap_or_default()
}

/// A value as text: what `{{ value }}` prints.
///
/// Strings are printed as they are, everything else as YAML would write it on one line.
///
/// # Errors
///
/// In plain words: it is too large.
pub fn text_of(value: &Value) -> Result<Cow<'_, str>, String> {
    Ok(match value.kind() {
        ValueKind::String => Cow::Borrowed(value.as_str().unwrap_or_default()),
        ValueKind::Undefined => Cow::Borrowed(""),
        ValueKind::None => Cow::Borrowed("null"),
        ValueKind::Bool => Cow::Borrowed(if value.is_true() { "true" } else { "false" }),
        ValueKind::Number => Cow::Owned(number_text(value)),
        ValueKind::Bytes => String::from_utf8_lossy(value.as_bytes().unwrap_or_default()),
        _ => {
            let room = Room::default();
            let json = to_json_within(value, DEPTH, &room);
            // Not even the engine is to write it out.
            if let (Err(why), 0) = (&json, room.0.get()) {
                return Err(why.clone());
            }
            Cow::Owned(json.map_or_else(|_| value.to_string(), |json| json.to_string()))
        }
    })
}

fn number_text(value: &Value) -> String {
    if let Some(whole) = whole_of(value) {
        return whole.to_string();
    }
    let float = float_of(value);
    match number_from(float) {
        Ok(number) => yaml::write(&number.into()).trim_end().to_owned(),
        Err(_) if float.is_nan() => ".nan".to_owned(),
        Err(_) if float > 0.0 => ".inf".to_owned(),
        Err(_) => "-.inf".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::{Value as Json, json};

    fn data() -> impl Strategy<Value = Json> {
        let leaf = prop_oneof![
            Just(Json::Null),
            any::<bool>().prop_map(Json::from),
            any::<i64>().prop_map(Json::from),
            any::<u64>().prop_map(Json::from),
            any::<f64>().prop_map(Json::from),
            "\\PC*".prop_map(Json::from),
        ];
        leaf.prop_recursive(4, 32, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Json::from),
                prop::collection::btree_map("\\PC*", inner, 0..4)
                    .prop_map(|entries| Json::Object(entries.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn data_survives_being_seen_by_templates(data in data()) {
            prop_assert_eq!(to_json(&to_value(&data)), Ok(data));
        }
    }

    #[test]
    fn deepest_data_that_is_read_fits_the_stack() {
        let deep = (1..DEPTH).fold(json!(1), |inner, _| json!({"a": inner}));
        assert_eq!(to_json(&to_value(&deep)), Ok(deep.clone()));
        let too_deep = json!([deep]);
        assert!(
            to_json(&to_value(&too_deep))
                .unwrap_err()
                .contains("nested deeper")
        );
    }

    #[test]
    fn what_holds_itself_many_times_is_refused_in_time() {
        let list = (0..60).fold(Value::from(1), |inner, _| vec![inner.clone(), inner].into());
        let told = "the value has more than 1000000 parts";
        assert_eq!(to_json(&list), Err(told.to_owned()));
        assert_eq!(text_of(&list), Err(told.to_owned()));
        // Undefined values are no JSON, and yet not a reason to write everything out.
        let list = vec![list, Value::UNDEFINED].into();
        assert_eq!(text_of(&list), Err(told.to_owned()));
    }

    #[test]
    fn text_is_what_yaml_would_write() {
        for (value, text) in [
            (Value::from(()), "null"),
            (Value::from(true), "true"),
            (Value::from(1_000_000), "1000000"),
            (Value::from(1e6), "1000000"),
            (Value::from(1e-5), "1e-05"),
            (Value::from(0.5), "0.5"),
            (Value::from(f64::NAN), ".nan"),
            (Value::from(f64::INFINITY), ".inf"),
            (Value::from(f64::NEG_INFINITY), "-.inf"),
            (Value::from(u64::MAX), "18446744073709551615"),
            (Value::from("yes"), "yes"),
            (
                to_value(&json!({"b": [1, "x"], "a": null})),
                r#"{"a":null,"b":[1,"x"]}"#,
            ),
            (Value::from_pairs([(1, true)]), r#"{"1":true}"#),
        ] {
            assert_eq!(text_of(&value).as_deref(), Ok(text));
        }
    }

    #[test]
    fn missed_key_is_remembered_once() {
        last_miss();
        let map = to_value(&json!({"image": 1, "replicas": 2}));
        assert!(map.get_attr("image").is_ok() && last_miss().is_none());
        assert!(map.get_attr("imag").unwrap().is_undefined());
        let miss = last_miss().unwrap();
        assert_eq!(miss.key, "imag");
        assert_eq!(miss.known().collect::<Vec<_>>(), ["image", "replicas"]);
        assert!(last_miss().is_none());
    }
}

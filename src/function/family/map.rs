//! Maps. They are never changed: every function gives a new one.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use minijinja::Value;

use crate::function::{Arguments, Error, Function, Piped, Tree, tree};

use super::MANY;

pub(super) const ALL: &[Function] = &[
    Function::new("dict", "key, value…", (0, MANY), dict),
    Function::new("get", "map, key", (2, 2), get).piped(Piped::First),
    Function::new("hasKey", "map, key", (2, 2), has_key).piped(Piped::First),
    Function::new("dig", "key…, default, map", (3, MANY), dig),
    Function::new("keys", "map…", (1, MANY), keys),
    Function::new("values", "map", (1, 1), values),
    Function::new("pick", "map, key…", (1, MANY), pick).piped(Piped::First),
    Function::new("omit", "map, key…", (1, MANY), omit).piped(Piped::First),
    Function::new("merge", "map, other…", (1, MANY), merge).piped(Piped::First),
    Function::new("mustMerge", "map, other…", (1, MANY), merge).piped(Piped::First),
    Function::new("mergeOverwrite", "map, other…", (1, MANY), merge_overwrite).piped(Piped::First),
    Function::new(
        "mustMergeOverwrite",
        "map, other…",
        (1, MANY),
        merge_overwrite,
    )
    .piped(Piped::First),
];

type Entries = BTreeMap<Arc<str>, Value>;

/// Keys and values by turns; a key without a value gets the empty text, as in sprig.
fn dict(arguments: &Arguments<'_>) -> Result<Value, Error> {
    let mut entries = Entries::new();
    for index in (0..arguments.all().len()).step_by(2) {
        let value = arguments.rest(index + 1).first().cloned();
        let key = arguments.shown(arguments.value(index))?;
        entries.insert(Arc::from(&*key), value.unwrap_or_else(|| "".into()));
    }
    Ok(Tree::value(entries))
}

/// The empty text when the key is not there, as in sprig.
fn get(arguments: &Arguments<'_>) -> Result<Value, Error> {
    let (map, key) = (arguments.map(0)?, arguments.text(1)?);
    Ok(map.get(key).cloned().unwrap_or_else(|| "".into()))
}

fn has_key(arguments: &Arguments<'_>) -> Result<Value, Error> {
    let (map, key) = (arguments.map(0)?, arguments.text(1)?);
    Ok(map.contains_key(key).into())
}

/// `dig("a", "b", default, map)`: the value of `map.a.b`, the default where a key is missing.
fn dig(arguments: &Arguments<'_>) -> Result<Value, Error> {
    let last = arguments.all().len() - 1;
    arguments.map(last)?;
    let mut here = arguments.value(last).clone();
    for index in 0..last - 1 {
        let key = arguments.text(index)?;
        let entries = tree::entries_of(&here).ok_or_else(|| {
            arguments.unusable(format!("there is no map in which {key:?} could be"))
        })?;
        let Some(next) = entries.get(key).cloned() else {
            return Ok(arguments.value(last - 1).clone());
        };
        here = next;
    }
    Ok(here)
}

/// Sorted, which sprig's are not.
fn keys(arguments: &Arguments<'_>) -> Result<Value, Error> {
    let mut keys = Vec::new();
    for index in 0..arguments.all().len() {
        keys.extend(arguments.map(index)?.keys().map(Value::from));
    }
    Ok(keys.into())
}

/// In the order of their keys.
fn values(arguments: &Arguments<'_>) -> Result<Value, Error> {
    Ok(arguments.map(0)?.values().cloned().collect())
}

fn pick(arguments: &Arguments<'_>) -> Result<Value, Error> {
    filtered(arguments, true)
}

fn omit(arguments: &Arguments<'_>) -> Result<Value, Error> {
    filtered(arguments, false)
}

/// The entries whose key is among the other arguments, or the others.
fn filtered(arguments: &Arguments<'_>, are_named: bool) -> Result<Value, Error> {
    let names: Vec<_> = (1..arguments.all().len())
        .map(|index| arguments.text(index))
        .collect::<Result<_, _>>()?;
    let mut entries = arguments.map(0)?.into_owned();
    entries.retain(|key, _| names.contains(&&**key) == are_named);
    Ok(Tree::value(entries))
}

/// What the first map has stays, unless it is empty (0 and `false` are); the others fill in.
fn merge(arguments: &Arguments<'_>) -> Result<Value, Error> {
    merge_all(arguments, |ours, _| !ours.is_true())
}

/// What a later map has replaces what an earlier one has.
fn merge_overwrite(arguments: &Arguments<'_>) -> Result<Value, Error> {
    merge_all(arguments, |_, _| true)
}

fn merge_all(
    arguments: &Arguments<'_>,
    replaces: fn(&Value, &Value) -> bool,
) -> Result<Value, Error> {
    let mut merged = arguments.map(0)?.into_owned();
    for index in 1..arguments.all().len() {
        let other = arguments.map(index)?;
        merge_into(&mut merged, &other, replaces);
    }
    Ok(Tree::value(merged))
}

/// Maps are merged key by key, lists are not.
fn merge_into(merged: &mut Entries, other: &Entries, replaces: fn(&Value, &Value) -> bool) {
    for (key, theirs) in other {
        let Some(ours) = merged.get_mut(key) else {
            merged.insert(Arc::clone(key), theirs.clone());
            continue;
        };
        match (
            tree::entries_of(ours).map(Cow::into_owned),
            tree::entries_of(theirs),
        ) {
            (Some(mut entries), Some(theirs)) => {
                merge_into(&mut entries, &theirs, replaces);
                *ours = Tree::value(entries);
            }
            _ if replaces(ours, theirs) => *ours = theirs.clone(),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::rows;

    rows! {
        dict ["a", 1, "b", [2]] => {"a": 1, "b": [2]};
        dict ["a"] => {"a": ""};
        dict [] => {};
        dict [1, 2] => {"1": 2};
        get [{"a": 1}, "a"] => 1;
        get [{"a": 1}, "b"] => "";
        get [[], "b"] != "get(map, key): map must be a map, got a list";
        hasKey [{"a": null}, "a"] => true;
        hasKey [{"a": 1}, "b"] => false;
        hasKey [null, "b"] != "map must be a map, got null";
        dig ["a", "b", 0, {"a": {"b": 1}}] => 1;
        dig ["a", "c", 0, {"a": {"b": 1}}] => 0;
        dig ["x", "c", 0, {"a": {"b": 1}}] => 0;
        dig ["a", "b", 0, {"a": 1}] != "no map in which \"b\" could be";
        keys [{"b": 1, "a": 2}] => ["a", "b"];
        keys [{"b": 1}, {"a": 2}] => ["b", "a"];
        keys ["a"] != "must be a map, got a string";
        values [{"b": 1, "a": 2}] => [2, 1];
        pick [{"a": 1, "b": 2, "c": 3}, "a", "c", "x"] => {"a": 1, "c": 3};
        pick [{"a": 1}] => {};
        pick [{"a": 1}, 1] != "must be a string";
        omit [{"a": 1, "b": 2}, "a"] => {"b": 2};
        merge [{"a": 1, "m": {"x": 1}}, {"a": 2, "m": {"x": 2, "y": 2}}, {"z": 3}] =>
            {"a": 1, "m": {"x": 1, "y": 2}, "z": 3};
        merge [{"f": false, "n": 0, "e": "", "l": []}, {"f": true, "n": 5, "e": "E", "l": [1]}] =>
            {"f": true, "n": 5, "e": "E", "l": [1]};
        merge [{"m": {"a": 1}}, {"m": 1}] => {"m": {"a": 1}};
        merge [{"l": [1]}, {"l": [2]}] => {"l": [1]};
        merge [{}, 1] != "must be a map, got a whole number";
        mergeOverwrite [{"a": 1, "m": {"x": 1, "y": 1}}, {"a": 0, "m": {"x": null}}] =>
            {"a": 0, "m": {"x": null, "y": 1}};
        mergeOverwrite [{"m": {"a": 1}}, {"m": 1}] => {"m": 1};
        mustMergeOverwrite [{"l": [1]}, {"l": [2]}] => {"l": [2]};
        mustMerge [{"l": [1]}, {"l": [2]}] => {"l": [1]};
    }
}

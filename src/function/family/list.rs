//! Lists.

use std::borrow::Cow;
use std::collections::BTreeSet;

use minijinja::Value;

use crate::function::{Arguments, Error, Function, Piped, tree};

use super::MANY;

pub(super) const ALL: &[Function] = &[
    Function::new("list", "item…", (0, MANY), list),
    Function::new("append", "list, item", (2, 2), append).piped(Piped::First),
    Function::new("prepend", "list, item", (2, 2), prepend).piped(Piped::First),
    Function::new("concat", "list…", (1, MANY), concat).piped(Piped::First),
    Function::new("has", "item, list", (2, 2), has),
    Function::new("without", "list, item…", (1, MANY), without).piped(Piped::First),
    Function::new("compact", "list", (1, 1), compact),
    Function::new("uniq", "list", (1, 1), uniq),
    Function::new("sortAlpha", "list", (1, 1), sort_alpha),
    Function::new("join", "separator, list", (2, 2), join),
    Function::new("splitList", "separator, text", (2, 2), split_list),
    Function::new("until", "count", (1, 1), until),
    Function::new("untilStep", "start, stop, step", (3, 3), until_step),
];

/// The longest list of numbers that a template can ask for.
const LONGEST: i64 = 100_000;

#[expect(clippy::unnecessary_wraps, reason = "functions have one signature")]
fn list(arguments: &Arguments<'_>) -> Result<Value, Error> {
    Ok(arguments.all().iter().cloned().collect())
}

fn append(arguments: &Arguments<'_>) -> Result<Value, Error> {
    let mut items = arguments.list(0)?;
    items.push(arguments.value(1).clone());
    Ok(items.into())
}

fn prepend(arguments: &Arguments<'_>) -> Result<Value, Error> {
    let mut items = arguments.list(0)?;
    items.insert(0, arguments.value(1).clone());
    Ok(items.into())
}

fn concat(arguments: &Arguments<'_>) -> Result<Value, Error> {
    let mut items = Vec::new();
    for index in 0..arguments.all().len() {
        items.extend(arguments.list(index)?);
    }
    Ok(items.into())
}

fn has(arguments: &Arguments<'_>) -> Result<Value, Error> {
    Ok(arguments.list(1)?.contains(arguments.value(0)).into())
}

fn without(arguments: &Arguments<'_>) -> Result<Value, Error> {
    let unwanted = arguments.rest(1);
    let mut items = arguments.list(0)?;
    items.retain(|item| !unwanted.contains(item));
    Ok(items.into())
}

fn compact(arguments: &Arguments<'_>) -> Result<Value, Error> {
    let mut items = arguments.list(0)?;
    items.retain(Value::is_true);
    Ok(items.into())
}

/// The first of equal items stays where it is.
fn uniq(arguments: &Arguments<'_>) -> Result<Value, Error> {
    let mut seen = BTreeSet::new();
    let mut items = arguments.list(0)?;
    items.retain(|item| {
        seen.insert(tree::to_json(item).map_or_else(|text| text, |json| json.to_string()))
    });
    Ok(items.into())
}

/// By their text, byte by byte; the result is a list of texts, as in sprig.
fn sort_alpha(arguments: &Arguments<'_>) -> Result<Value, Error> {
    let items = arguments.list(0)?;
    let mut texts: Vec<String> = items
        .iter()
        .map(|item| arguments.shown(item).map(Cow::into_owned))
        .collect::<Result<_, _>>()?;
    texts.sort();
    Ok(texts.into())
}

/// Null is left out; a single value is a list of one, as in sprig.
fn join(arguments: &Arguments<'_>) -> Result<Value, Error> {
    let separator = arguments.text(0)?;
    let items = arguments
        .list(1)
        .unwrap_or_else(|_| vec![arguments.value(1).clone()]);
    let texts: Vec<_> = items
        .iter()
        .filter(|item| !item.is_none())
        .map(|item| arguments.shown(item))
        .collect::<Result<_, _>>()?;
    Ok(texts.join(separator).into())
}

fn split_list(arguments: &Arguments<'_>) -> Result<Value, Error> {
    let (separator, text) = (arguments.text(0)?, arguments.text(1)?);
    if separator.is_empty() {
        return Ok(text.chars().map(|letter| letter.to_string()).collect());
    }
    Ok(text.split(separator).map(Value::from).collect())
}

fn until(arguments: &Arguments<'_>) -> Result<Value, Error> {
    let count = arguments.integer(0)?;
    numbers(arguments, 0, count, if count < 0 { -1 } else { 1 })
}

fn until_step(arguments: &Arguments<'_>) -> Result<Value, Error> {
    let (start, stop) = (arguments.integer(0)?, arguments.integer(1)?);
    numbers(arguments, start, stop, arguments.integer(2)?)
}

fn numbers(arguments: &Arguments<'_>, start: i64, end: i64, step: i64) -> Result<Value, Error> {
    if step == 0 || (end > start) != (step > 0) {
        return Ok(Vec::<Value>::new().into());
    }
    let count = end.abs_diff(start).div_ceil(step.unsigned_abs());
    if count > LONGEST.unsigned_abs() {
        let reason = format!("a list of {count} numbers is too long; {LONGEST} are allowed");
        return Err(arguments.unusable(reason));
    }
    let following = |number: &i64| number.checked_add(step);
    Ok(std::iter::successors(Some(start), following)
        .take(usize::try_from(count).unwrap_or_default())
        .map(Value::from)
        .collect())
}

#[cfg(test)]
mod tests {
    use super::super::rows;

    rows! {
        list [] => [];
        list [1, "a", null] => [1, "a", null];
        append [[1], 2] => [1, 2];
        append [1, 2] != "append(list, item): list must be a list, got a whole number";
        prepend [[1], 2] => [2, 1];
        concat [[1], [2, 3], []] => [1, 2, 3];
        concat [[1], 2] != "must be a list";
        has ["a", ["a", "b"]] => true;
        has ["c", ["a", "b"]] => false;
        has ["a", "abc"] != "list must be a list, got a string";
        without [[1, 2, 3], 2, 3] => [1];
        compact [[0, "", null, false, "a", [], {}, 1]] => ["a", 1];
        uniq [["b", "a", "b", 1, "1"]] => ["b", "a", 1, "1"];
        sortAlpha [["b", "B", "a", 10, 9]] => ["10", "9", "B", "a", "b"];
        sortAlpha [null] != "list must be a list, got null";
        join [", ", ["a", 1, null, true, 1e6]] => "a, 1, true, 1000000";
        join [",", "a"] => "a";
        join [1, ["a"]] != "separator must be a string";
        splitList [",", "a,b,"] => ["a", "b", ""];
        splitList ["", "ab"] => ["a", "b"];
        until [3] => [0, 1, 2];
        until [-2] => [0, -1];
        until [0] => [];
        until [1_000_000_000] != "too long";
        untilStep [1, 6, 2] => [1, 3, 5];
        untilStep [6, 1, -2] => [6, 4, 2];
        untilStep [1, 6, -1] => [];
        untilStep [1, 6, 0] => [];
        untilStep [i64::MIN, i64::MAX, 1] != "too long";
        untilStep [9_223_372_036_854_775_806_i64, i64::MAX, 5] => [9_223_372_036_854_775_806_i64];
    }
}

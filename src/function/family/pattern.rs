//! Regular expressions.

use std::cell::RefCell;
use std::collections::BTreeMap;

use minijinja::Value;
use regex::{NoExpand, Regex, RegexBuilder};

use crate::function::{Arguments, Error, Function, Piped};

pub(super) const ALL: &[Function] = &[
    Function::new("regexMatch", "regex, text", (2, 2), matches),
    Function::new("mustRegexMatch", "regex, text", (2, 2), matches),
    Function::new("regexFind", "regex, text", (2, 2), find),
    Function::new("mustRegexFind", "regex, text", (2, 2), find),
    Function::new("regexFindAll", "regex, text, count", (3, 3), find_all).piped(Piped::Second),
    Function::new("regexReplaceAll", "regex, text, new", (3, 3), replace_all).piped(Piped::Second),
    Function::new(
        "mustRegexReplaceAll",
        "regex, text, new",
        (3, 3),
        replace_all,
    )
    .piped(Piped::Second),
    Function::new(
        "regexReplaceAllLiteral",
        "regex, text, new",
        (3, 3),
        replace_all_literal,
    )
    .piped(Piped::Second),
    Function::new("regexSplit", "regex, text, count", (3, 3), split).piped(Piped::Second),
    Function::new("regexQuoteMeta", "text", (1, 1), quote_meta),
];

/// The largest compiled pattern, in bytes: a pattern may come from values.
const SIZE: usize = 1024 * 1024;
/// How many compiled patterns a thread keeps. Charts have a handful, used again and again.
const KEPT: usize = 64;

thread_local! {
    static COMPILED: RefCell<BTreeMap<String, Regex>> = const { RefCell::new(BTreeMap::new()) };
}

fn compiled(arguments: &Arguments<'_>) -> Result<Regex, Error> {
    let pattern = arguments.text(0)?;
    let known = COMPILED.with_borrow(|compiled| compiled.get(pattern).cloned());
    if let Some(regex) = known {
        return Ok(regex);
    }
    let regex = RegexBuilder::new(pattern)
        .size_limit(SIZE)
        .build()
        .map_err(|error| arguments.unusable(format!("bad regular expression: {error}")))?;
    COMPILED.with_borrow_mut(|compiled| {
        if compiled.len() >= KEPT {
            compiled.clear();
        }
        compiled.insert(pattern.to_owned(), regex.clone());
    });
    Ok(regex)
}

/// How many results are wanted; a negative number means all.
fn count(arguments: &Arguments<'_>) -> Result<usize, Error> {
    Ok(usize::try_from(arguments.integer(2)?).unwrap_or(usize::MAX))
}

fn matches(arguments: &Arguments<'_>) -> Result<Value, Error> {
    Ok(compiled(arguments)?.is_match(arguments.text(1)?).into())
}

fn find(arguments: &Arguments<'_>) -> Result<Value, Error> {
    let found = compiled(arguments)?.find(arguments.text(1)?);
    Ok(found.map_or("", |found| found.as_str()).into())
}

fn find_all(arguments: &Arguments<'_>) -> Result<Value, Error> {
    let regex = compiled(arguments)?;
    let found = regex.find_iter(arguments.text(1)?);
    Ok(found
        .take(count(arguments)?)
        .map(|found| Value::from(found.as_str()))
        .collect())
}

fn replace_all(arguments: &Arguments<'_>) -> Result<Value, Error> {
    let (text, new) = (arguments.text(1)?, arguments.text(2)?);
    Ok(compiled(arguments)?
        .replace_all(text, new)
        .into_owned()
        .into())
}

fn replace_all_literal(arguments: &Arguments<'_>) -> Result<Value, Error> {
    let (text, new) = (arguments.text(1)?, arguments.text(2)?);
    let replaced = compiled(arguments)?
        .replace_all(text, NoExpand(new))
        .into_owned();
    Ok(replaced.into())
}

fn split(arguments: &Arguments<'_>) -> Result<Value, Error> {
    let regex = compiled(arguments)?;
    let parts = regex.splitn(arguments.text(1)?, count(arguments)?);
    Ok(parts.map(Value::from).collect())
}

fn quote_meta(arguments: &Arguments<'_>) -> Result<Value, Error> {
    Ok(regex::escape(arguments.text(0)?).into())
}

#[cfg(test)]
mod tests {
    use super::super::rows;

    rows! {
        regexMatch ["^a+$", "aaa"] => true;
        regexMatch ["^a+$", "aab"] => false;
        regexMatch ["(", "aab"] != "bad regular expression";
        regexMatch ["a{1000}{1000}", "a"] != "bad regular expression";
        mustRegexMatch ["a", 1] != "text must be a string, got a whole number";
        regexFind ["[0-9]+", "a12b3"] => "12";
        regexFind ["x", "a"] => "";
        regexFindAll ["[0-9]", "1a2b3", 2] => ["1", "2"];
        regexFindAll ["[0-9]", "1a2b3", -1] => ["1", "2", "3"];
        regexReplaceAll ["a(x*)b", "-ab-axxb-", "${1}W"] => "-W-xxW-";
        regexReplaceAll ["a(x*)b", "-ab-axxb-", "$1W"] => "---";
        regexReplaceAllLiteral ["a(x*)b", "-ab-", "${1}"] => "-${1}-";
        regexSplit ["z+", "pizza", -1] => ["pi", "a"];
        regexSplit ["z", "pizza", 2] => ["pi", "za"];
        regexQuoteMeta ["a.b"] => "a\\.b";
    }
}

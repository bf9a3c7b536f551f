//! Regular expressions of Go: translated, compiled once, searched as Go does.

mod class;
mod error;
mod search;
mod translate;

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use super::arguments::{bytes, int, text};
use crate::govalue::{Context, Element, Error, Function, List, Parameter, Text, Value, print};
use search::Pattern;

const INT: Parameter = Parameter::Int;
const TEXT: Parameter = Parameter::Text;

pub(super) const ALL: &[Function] = &[
    Function::new("regexMatch", &[TEXT, TEXT], is_match),
    Function::new("mustRegexMatch", &[TEXT, TEXT], must_match),
    Function::new("regexFind", &[TEXT, TEXT], |context, arguments| {
        find(context, arguments, panics)
    }),
    Function::new("mustRegexFind", &[TEXT, TEXT], |context, arguments| {
        find(context, arguments, fails)
    }),
    Function::new("regexFindAll", &[TEXT, TEXT, INT], |context, arguments| {
        find_all(context, arguments, panics)
    }),
    Function::new(
        "mustRegexFindAll",
        &[TEXT, TEXT, INT],
        |context, arguments| find_all(context, arguments, fails),
    ),
    Function::new(
        "regexReplaceAll",
        &[TEXT, TEXT, TEXT],
        |context, arguments| replace_all(context, arguments, (panics, true)),
    ),
    Function::new(
        "mustRegexReplaceAll",
        &[TEXT, TEXT, TEXT],
        |context, arguments| replace_all(context, arguments, (fails, true)),
    ),
    Function::new(
        "regexReplaceAllLiteral",
        &[TEXT, TEXT, TEXT],
        |context, arguments| replace_all(context, arguments, (panics, false)),
    ),
    Function::new(
        "mustRegexReplaceAllLiteral",
        &[TEXT, TEXT, TEXT],
        |context, arguments| replace_all(context, arguments, (fails, false)),
    ),
    Function::new("regexSplit", &[TEXT, TEXT, INT], |context, arguments| {
        split(context, arguments, panics)
    }),
    Function::new(
        "mustRegexSplit",
        &[TEXT, TEXT, INT],
        |context, arguments| split(context, arguments, fails),
    ),
    Function::new("regexQuoteMeta", &[TEXT], quote_meta),
];

/// How a pattern that is none is told.
type Complain = fn(&[u8], &str) -> Error;

/// The functions that cannot fail in Go panic.
fn panics(pattern: &[u8], why: &str) -> Error {
    let shown = if print::can_backquote(pattern) {
        format!("`{}`", String::from_utf8_lossy(pattern))
    } else {
        String::from_utf8_lossy(&print::quote(pattern)).into_owned()
    };
    Error::Failed(format!("regexp: Compile({shown}): {why}"))
}

fn fails(_: &[u8], why: &str) -> Error {
    Error::Failed(why.to_owned())
}

/// How many patterns are kept.
const KEPT: usize = 256;

type Compiled = Rc<Result<Pattern, String>>;

thread_local! {
    /// Charts use the same patterns again and again.
    static PATTERNS: RefCell<HashMap<Text, Compiled>> = RefCell::default();
}

/// The pattern of the first argument.
fn compile(arguments: &[Value]) -> Compiled {
    let text = text(arguments, 0);
    if let Some(known) = PATTERNS.with_borrow(|known| known.get(&text).cloned()) {
        return known;
    }
    let pattern = Rc::new(Pattern::compile(&text));
    PATTERNS.with_borrow_mut(|known| {
        if known.len() >= KEPT {
            known.clear();
        }
        known.insert(text, Rc::clone(&pattern));
    });
    pattern
}

/// Runs with the pattern of the first argument, or tells what is wrong with it.
fn with<T>(
    arguments: &[Value],
    complain: Complain,
    run: impl FnOnce(&Pattern) -> Result<T, Error>,
) -> Result<T, Error> {
    match &*compile(arguments) {
        Ok(pattern) => run(pattern),
        Err(why) => Err(complain(bytes(arguments, 0), why)),
    }
}

/// What is no pattern matches nothing.
#[expect(clippy::unnecessary_wraps, reason = "functions have one signature")]
fn is_match(_: &Context<'_>, arguments: &[Value]) -> Result<Value, Error> {
    let pattern = compile(arguments);
    let is_match = |pattern: &Pattern| pattern.find(bytes(arguments, 1), 0).is_some();
    Ok((*pattern).as_ref().is_ok_and(is_match).into())
}

fn must_match(_: &Context<'_>, arguments: &[Value]) -> Result<Value, Error> {
    with(arguments, fails, |pattern| {
        Ok(pattern.find(bytes(arguments, 1), 0).is_some().into())
    })
}

fn find(_: &Context<'_>, arguments: &[Value], complain: Complain) -> Result<Value, Error> {
    let text = bytes(arguments, 1);
    with(arguments, complain, |pattern| {
        let found = pattern.find(text, 0);
        let found = found.and_then(|range| text.get(range));
        Ok(Value::text(found.unwrap_or_default()))
    })
}

/// So many, or all with a negative number.
fn find_all(
    context: &Context<'_>,
    arguments: &[Value],
    complain: Complain,
) -> Result<Value, Error> {
    let (text, most) = (bytes(arguments, 1), int(arguments, 2));
    with(arguments, complain, |pattern| {
        let ranges = pattern.find_all(context.world, text, most)?;
        let found = ranges.into_iter().filter_map(|range| text.get(range));
        Ok(texts(found.map(Value::text).collect()))
    })
}

fn replace_all(
    context: &Context<'_>,
    arguments: &[Value],
    (complain, expands): (Complain, bool),
) -> Result<Value, Error> {
    let (whole, new) = (bytes(arguments, 1), bytes(arguments, 2));
    with(arguments, complain, |pattern| {
        let made = pattern.replace_all(context.world, whole, (new, expands))?;
        Ok(made.map_or_else(|| Value::Text(text(arguments, 1)), Value::text))
    })
}

fn split(context: &Context<'_>, arguments: &[Value], complain: Complain) -> Result<Value, Error> {
    let (text, most) = (bytes(arguments, 1), int(arguments, 2));
    with(arguments, complain, |pattern| {
        if most == 0 {
            return Ok(texts(Vec::new()));
        }
        let parts = pattern.split(context.world, text, most)?;
        let parts = parts.into_iter().map(Value::text).collect();
        Ok(Value::List(List::new(Element::Text, parts)))
    })
}

/// A nil slice when there are none.
fn texts(texts: Vec<Value>) -> Value {
    Value::List(if texts.is_empty() {
        List::nil(Element::Text)
    } else {
        List::new(Element::Text, texts)
    })
}

#[expect(clippy::unnecessary_wraps, reason = "functions have one signature")]
fn quote_meta(_: &Context<'_>, arguments: &[Value]) -> Result<Value, Error> {
    let given = bytes(arguments, 0);
    let mut quoted = Vec::with_capacity(given.len());
    for byte in given {
        if br"\.+*?()|[]{}^$".contains(byte) {
            quoted.push(b'\\');
        }
        quoted.push(*byte);
    }
    Ok(Value::text(quoted))
}

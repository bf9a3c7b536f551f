//! Strings: cut, joined, replaced, quoted. Their places are counted in bytes, as sprig does.

#![expect(clippy::unnecessary_wraps, reason = "functions have one signature")]

mod case;
mod cut;
mod part;
mod quote;
mod rune;
mod word;
mod wrap;

pub(super) use rune::{first as first_rune, runes};

use memchr::memmem;

use super::arguments::{bytes, int, text, value};
use crate::govalue::{Context, Error, Function, Parameter, Value, World};

const ANY: Parameter = Parameter::Any;
const INT: Parameter = Parameter::Int;
const TEXT: Parameter = Parameter::Text;

pub(super) const ALL: &[Function] = &[
    Function::new("abbrev", &[INT, TEXT], cut::abbrev),
    Function::new("abbrevboth", &[INT, INT, TEXT], cut::abbrevboth),
    Function::new("camelcase", &[TEXT], case::camelcase),
    Function::new("cat", &[], quote::cat).rest(ANY),
    Function::new("contains", &[TEXT, TEXT], contains),
    Function::new("hasPrefix", &[TEXT, TEXT], has_prefix),
    Function::new("hasSuffix", &[TEXT, TEXT], has_suffix),
    Function::new("indent", &[INT, TEXT], indent),
    Function::new("initials", &[TEXT], cut::initials),
    Function::new("join", &[TEXT, ANY], part::join),
    Function::new("kebabcase", &[TEXT], word::kebabcase),
    Function::new("lower", &[TEXT], case::lower),
    Function::new("nindent", &[INT, TEXT], nindent),
    Function::new("nospace", &[TEXT], cut::nospace),
    Function::new("plural", &[TEXT, TEXT, INT], plural),
    Function::new("quote", &[], quote::quote).rest(ANY),
    Function::new("repeat", &[INT, TEXT], repeat),
    Function::new("replace", &[TEXT, TEXT, TEXT], part::replace),
    Function::new("snakecase", &[TEXT], word::snakecase),
    Function::new("split", &[TEXT, TEXT], part::split),
    Function::new("splitList", &[TEXT, TEXT], part::split_list),
    Function::new("splitn", &[TEXT, INT, TEXT], part::splitn),
    Function::new("squote", &[], quote::squote).rest(ANY),
    Function::new("substr", &[INT, INT, TEXT], cut::substr),
    Function::new("swapcase", &[TEXT], case::swapcase),
    Function::new("title", &[TEXT], case::title),
    Function::new("toString", &[ANY], quote::to_string),
    Function::new("toStrings", &[ANY], quote::to_strings),
    Function::new("trim", &[TEXT], cut::trim),
    Function::new("trimAll", &[TEXT, TEXT], cut::trim_all),
    Function::new("trimPrefix", &[TEXT, TEXT], cut::trim_prefix),
    Function::new("trimSuffix", &[TEXT, TEXT], cut::trim_suffix),
    Function::new("trimall", &[TEXT, TEXT], cut::trim_all),
    Function::new("trunc", &[INT, TEXT], cut::trunc),
    Function::new("untitle", &[TEXT], case::untitle),
    Function::new("upper", &[TEXT], case::upper),
    Function::new("wrap", &[INT, TEXT], wrap::wrap),
    Function::new("wrapWith", &[INT, TEXT, TEXT], wrap::wrap_with),
];

fn contains(_: &Context<'_>, arguments: &[Value]) -> Result<Value, Error> {
    let (part, whole) = (bytes(arguments, 0), bytes(arguments, 1));
    Ok(memmem::find(whole, part).is_some().into())
}

fn has_prefix(_: &Context<'_>, arguments: &[Value]) -> Result<Value, Error> {
    let (part, whole) = (bytes(arguments, 0), bytes(arguments, 1));
    Ok(whole.starts_with(part).into())
}

fn has_suffix(_: &Context<'_>, arguments: &[Value]) -> Result<Value, Error> {
    let (part, whole) = (bytes(arguments, 0), bytes(arguments, 1));
    Ok(whole.ends_with(part).into())
}

fn plural(_: &Context<'_>, arguments: &[Value]) -> Result<Value, Error> {
    let chosen = usize::from(int(arguments, 2) != 1);
    Ok(value(arguments, chosen).clone())
}

fn indent(context: &Context<'_>, arguments: &[Value]) -> Result<Value, Error> {
    indented(context.world, arguments, b"")
}

fn nindent(context: &Context<'_>, arguments: &[Value]) -> Result<Value, Error> {
    indented(context.world, arguments, b"\n")
}

/// Blank lines are indented too.
fn indented(world: &dyn World, arguments: &[Value], head: &[u8]) -> Result<Value, Error> {
    let margin = count(int(arguments, 0))?;
    let text = bytes(arguments, 1);
    let breaks = memchr::memchr_iter(b'\n', text).count();
    let added = margin.saturating_mul(breaks + 1);
    let size = added.saturating_add(text.len() + head.len());
    world.spend(size)?;
    let mut made = Vec::with_capacity(size);
    made.extend_from_slice(head);
    made.resize(made.len() + margin, b' ');
    let mut from = 0;
    for place in memchr::memchr_iter(b'\n', text) {
        made.extend_from_slice(text.get(from..=place).unwrap_or_default());
        made.resize(made.len() + margin, b' ');
        from = place + 1;
    }
    made.extend_from_slice(text.get(from..).unwrap_or_default());
    Ok(Value::text(made))
}

fn repeat(context: &Context<'_>, arguments: &[Value]) -> Result<Value, Error> {
    let (times, text) = (count(int(arguments, 0))?, text(arguments, 1));
    if times == 0 || text.is_empty() {
        return Ok("".into());
    }
    context.world.spend(times.saturating_mul(text.len()))?;
    Ok(Value::text(text.repeat(times)))
}

/// How often something is repeated.
fn count(number: i64) -> Result<usize, Error> {
    usize::try_from(number).map_err(|_| Error::Failed("strings: negative Repeat count".to_owned()))
}

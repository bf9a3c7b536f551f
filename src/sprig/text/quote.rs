//! Values as strings, with quotes and without.

use crate::govalue::{Context, Element, Error, List, Value, print};
use crate::sprig::arguments::value;
use crate::sprig::words::{to_text, to_texts};

/// What is there, with blanks between.
fn each(
    arguments: &[Value],
    mut write: impl FnMut(&mut Vec<u8>, &Value) -> Result<(), Error>,
) -> Result<Value, Error> {
    let mut made = Vec::new();
    let mut is_first = true;
    for value in arguments
        .iter()
        .filter(|value| !matches!(value, Value::Nil))
    {
        if !std::mem::take(&mut is_first) {
            made.push(b' ');
        }
        write(&mut made, value)?;
    }
    Ok(Value::text(made))
}

pub(super) fn quote(context: &Context<'_>, arguments: &[Value]) -> Result<Value, Error> {
    each(arguments, |made, value| {
        let text = to_text(context.world, value)?;
        print::write_quoted(made, &text, false);
        Ok(())
    })
}

/// A quote within is left as it is.
pub(super) fn squote(context: &Context<'_>, arguments: &[Value]) -> Result<Value, Error> {
    each(arguments, |made, value| {
        made.push(b'\'');
        print::write(context.world, made, value)?;
        made.push(b'\'');
        Ok(())
    })
}

pub(super) fn cat(context: &Context<'_>, arguments: &[Value]) -> Result<Value, Error> {
    each(arguments, |made, value| {
        print::write(context.world, made, value)
    })
}

pub(super) fn to_string(context: &Context<'_>, arguments: &[Value]) -> Result<Value, Error> {
    to_text(context.world, value(arguments, 0)).map(Value::Text)
}

pub(super) fn to_strings(context: &Context<'_>, arguments: &[Value]) -> Result<Value, Error> {
    let list = value(arguments, 0);
    if let Value::List(texts) = list
        && texts.element() == Element::Text
    {
        return Ok(list.clone());
    }
    let texts = to_texts(context.world, list)?;
    let texts = texts.into_iter().map(Value::Text).collect();
    Ok(Value::List(List::new(Element::Text, texts)))
}

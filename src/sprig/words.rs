//! Values as text, as sprig makes it of them.

use super::arguments::items;
use crate::govalue::{Error, Text, Value, World, print};

/// One value as text: what prints itself does so, bytes are taken for text.
pub(super) fn to_text(world: &dyn World, value: &Value) -> Result<Text, Error> {
    match value {
        Value::Text(text) => Ok(text.clone()),
        Value::Bytes(bytes) => Ok(Text::from(&**bytes)),
        other => print::to_text(world, other),
    }
}

/// The items of a list as texts, without nil; anything else as a list of one.
pub(super) fn to_texts(world: &dyn World, value: &Value) -> Result<Vec<Text>, Error> {
    let Some(items) = items(value) else {
        return match value {
            Value::Nil => Ok(Vec::new()),
            other => Ok(vec![to_text(world, other)?]),
        };
    };
    let items = items.to_vec();
    let items = items.iter().filter(|item| !matches!(item, Value::Nil));
    items.map(|item| to_text(world, item)).collect()
}

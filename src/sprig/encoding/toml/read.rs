//! TOML → values.

use crate::govalue::{Context, Element, Error, List, Map, Value};
use crate::sprig::arguments::bytes;

/// A map; what is wrong is in it, as `Error`.
pub(in crate::sprig::encoding) fn from_toml(
    context: &Context<'_>,
    arguments: &[Value],
) -> Result<Value, Error> {
    let text = String::from_utf8_lossy(bytes(arguments, 0));
    context.world.spend(text.len())?;
    let table = match text.parse::<::toml::Table>() {
        Ok(table) => from_table(table),
        Err(error) => {
            let map = Map::any();
            map.insert("Error", in_words(&error, &text).into());
            map
        }
    };
    Ok(Value::Map(table))
}

fn from_table(table: ::toml::Table) -> Map {
    let entries = table.into_iter();
    entries
        .map(|(key, value)| (key.into(), from_value(value)))
        .collect()
}

fn from_value(value: ::toml::Value) -> Value {
    match value {
        ::toml::Value::String(text) => text.into(),
        ::toml::Value::Integer(number) => Value::Int64(number),
        ::toml::Value::Float(number) => Value::Float(number),
        ::toml::Value::Boolean(truth) => truth.into(),
        ::toml::Value::Datetime(time) => in_full(&time).into(),
        ::toml::Value::Array(items) => {
            let items = items.into_iter().map(from_value).collect();
            Value::List(List::new(Element::Any, items))
        }
        ::toml::Value::Table(table) => Value::Map(from_table(table)),
    }
}

/// A time as JSON would have Go's: what is not said is the first of January of year 0, or midnight UTC.
fn in_full(time: &::toml::value::Datetime) -> String {
    let date = time
        .date
        .map_or("0000-01-01".to_owned(), |date| date.to_string());
    let clock = time
        .time
        .map_or("00:00:00".to_owned(), |clock| clock.to_string());
    let zone = time
        .offset
        .map_or("Z".to_owned(), |offset| offset.to_string());
    format!("{date}T{clock}{zone}")
}

fn in_words(error: &::toml::de::Error, text: &str) -> String {
    let at = error.span().map_or(0, |span| span.start);
    let before = text.get(..at).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let message = error.message();
    // Those that BurntSushi's reader words alike.
    let Some(key) = message.strip_prefix("duplicate key") else {
        return format!("toml: line {line}: {message}");
    };
    let rest = text.get(at..).unwrap_or_default();
    let name = rest.split(['=', ']', '.', '\n']).next().unwrap_or(key);
    let name = name.trim().trim_matches(['"', '\'', '[']);
    let last = if before.ends_with('[') {
        String::new()
    } else {
        format!(" (last key \"{name}\")")
    };
    format!("toml: line {line}{last}: Key '{name}' has already been defined.")
}

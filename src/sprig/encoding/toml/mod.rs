//! TOML, as the library of `BurntSushi` reads and writes it.

mod read;
mod write;

pub(super) use read::from_toml;

use crate::govalue::{Context, Error, Value};
use crate::sprig::arguments::value;

/// What cannot be written is said in place of the text.
pub(super) fn to_toml(context: &Context<'_>, arguments: &[Value]) -> Result<Value, Error> {
    match must_to_toml(context, arguments) {
        Err(Error::Failed(why)) if !why.starts_with(PANIC) => Ok(why.into()),
        other => other,
    }
}

pub(super) fn must_to_toml(context: &Context<'_>, arguments: &[Value]) -> Result<Value, Error> {
    let value = value(arguments, 0);
    if matches!(value, Value::Nil) {
        return Err(Error::Failed(format!(
            "{PANIC} call of reflect.Value.Type on zero Value"
        )));
    }
    let spend = |bytes| context.world.spend(bytes);
    write::write(value, &spend).map(Value::text)
}

/// What Go panics with is no error that `toToml` gives as its text.
const PANIC: &str = "reflect:";

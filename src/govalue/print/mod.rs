//! Values as Go's `fmt` prints them: `%v` of everything, and formats with all their verbs and flags.
//!
//! Mistakes in formats are told in the text, as Go does: `%!d(string=a)`.

mod format;
mod number;
mod printer;
mod quote;
mod verb;

pub use number::{write_float, write_integer, write_unsigned};
pub use quote::{can_backquote, count_runes, first_rune, is_printable, write_quoted, write_rune};

use super::{Error, Text, Value, World};
use printer::Printer;

/// `fmt.Sprint`: values one after another, with a blank between two that are no strings.
///
/// # Errors
///
/// [`Error::Limit`] for values that contain themselves, and texts that are too long.
pub fn print(world: &dyn World, values: &[Value]) -> Result<Vec<u8>, Error> {
    let mut out = Vec::new();
    let mut printer = Printer::new(world, &mut out);
    let mut before = false;
    for (index, value) in values.iter().enumerate() {
        let is_text = matches!(value, Value::Text(_));
        if index > 0 && !is_text && !before {
            printer.out.push(b' ');
        }
        printer.argument(value, 'v')?;
        before = is_text;
    }
    printer.finish()?;
    Ok(out)
}

/// `fmt.Sprintln`: values with blanks between them, and a line break.
///
/// # Errors
///
/// As for [`print()`].
pub fn println(world: &dyn World, values: &[Value]) -> Result<Vec<u8>, Error> {
    let mut out = Vec::new();
    let mut printer = Printer::new(world, &mut out);
    for (index, value) in values.iter().enumerate() {
        if index > 0 {
            printer.out.push(b' ');
        }
        printer.argument(value, 'v')?;
    }
    printer.out.push(b'\n');
    printer.finish()?;
    Ok(out)
}

/// `fmt.Sprintf`: a format and the values that it names.
///
/// # Errors
///
/// As for [`print()`].
pub fn printf(world: &dyn World, format: &[u8], values: &[Value]) -> Result<Vec<u8>, Error> {
    let mut out = Vec::with_capacity(format.len() + 16);
    let mut printer = Printer::new(world, &mut out);
    format::write(&mut printer, format, values)?;
    printer.finish()?;
    Ok(out)
}

/// Writes a value as `%v` prints it, behind what is there.
///
/// # Errors
///
/// As for [`print()`].
pub fn write(world: &dyn World, out: &mut Vec<u8>, value: &Value) -> Result<(), Error> {
    match value {
        Value::Text(text) => out.extend_from_slice(text),
        Value::Int(number) | Value::Int64(number) => write_integer(out, *number),
        Value::Bool(true) => out.extend_from_slice(b"true"),
        Value::Bool(false) => out.extend_from_slice(b"false"),
        Value::Float(number) => write_float(out, *number, b'g', None),
        value => {
            let mut printer = Printer::new(world, out);
            printer.argument(value, 'v')?;
            printer.finish()?;
        }
    }
    Ok(())
}

/// A value as `%v` prints it; the same text when it is one.
///
/// # Errors
///
/// As for [`print()`].
pub fn to_text(world: &dyn World, value: &Value) -> Result<Text, Error> {
    if let Value::Text(text) = value {
        return Ok(text.clone());
    }
    let mut out = Vec::new();
    write(world, &mut out, value)?;
    Ok(out.into())
}

/// A string as `%q` prints it.
pub fn quote(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len() + 2);
    write_quoted(&mut out, bytes, false);
    out
}

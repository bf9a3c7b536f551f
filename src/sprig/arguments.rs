//! The arguments of one call, whose number and types have been checked.
//!
//! What is asked for and is not there is nil, zero or empty; that happens only where Go has a nil map or
//! slice.

use crate::govalue::Value;

const NIL: &Value = &Value::Nil;

/// One argument, whatever it is.
pub(super) fn value(arguments: &[Value], index: usize) -> &Value {
    arguments.get(index).unwrap_or(NIL)
}

/// A `string`.
pub(super) fn bytes(arguments: &[Value], index: usize) -> &[u8] {
    match value(arguments, index) {
        Value::Text(text) => text,
        _ => &[],
    }
}

/// A `bool`.
pub(super) fn truth(arguments: &[Value], index: usize) -> bool {
    matches!(value(arguments, index), Value::Bool(true))
}

/// All from one on.
pub(super) fn from(arguments: &[Value], index: usize) -> &[Value] {
    arguments.get(index..).unwrap_or_default()
}

//! Values in Go's words, for warnings and errors.

use crate::govalue::{Nowhere, Value, print};

/// A value as `%v` prints it.
pub(super) fn plain(value: &Value) -> String {
    let text = print::to_text(&Nowhere, value);
    text.map(|text| text.to_string()).unwrap_or_default()
}

/// A value as `%t` prints it, which is for booleans.
pub(super) fn as_bool(value: &Value) -> String {
    let text = print::printf(&Nowhere, b"%t", std::slice::from_ref(value));
    String::from_utf8_lossy(&text.unwrap_or_default()).into_owned()
}

/// A text as `%q` prints it.
pub(super) fn quoted(text: &str) -> String {
    String::from_utf8_lossy(&print::quote(text.as_bytes())).into_owned()
}

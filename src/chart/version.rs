//! Versions of charts and of what they depend on.

use std::sync::LazyLock;

use regex::Regex;

/// Whether a chart may have this version.
pub(super) fn is_valid(version: &str) -> bool {
    static FORM: LazyLock<Option<Regex>> = LazyLock::new(|| {
        Regex::new(
            r"^v?[0-9]+(\.[0-9]+)?(\.[0-9]+)?(-[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*)?(\+[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*)?$",
        )
        .ok()
    });
    FORM.as_ref().is_some_and(|form| form.is_match(version))
}

/// Whether a version is one of those that a constraint asks for.
pub(super) fn is_compatible(constraint: &str, version: &str) -> bool {
    is_valid(version) && (constraint == version || matches!(constraint, "" | "*"))
}

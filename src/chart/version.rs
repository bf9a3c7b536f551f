//! Versions of charts and of what they depend on.

use crate::semver::{Constraint, Version};

/// Whether a chart may have this version.
pub(super) fn is_valid(version: &str) -> bool {
    Version::parse(version).is_ok()
}

/// Whether a version is one of those that a constraint asks for.
pub(super) fn is_compatible(constraint: &str, version: &str) -> bool {
    match (Constraint::parse(constraint), Version::parse(version)) {
        (Ok(constraint), Ok(version)) => constraint.is_met(&version),
        _ => false,
    }
}

//! Versions and constraints on them, in the dialect of charts: `>=1.21-0 <2 || ~1.19`.
//!
//! The rules are those of [`crate::semver`], with two that surprise: a version with a pre-release suffix
//! meets no constraint that has none itself, and `>2` means 3.0.0 or later, because `2` stands for every
//! 2.x.

use minijinja::Value;

use crate::function::{Arguments, Error, Function};
use crate::semver::{Constraint, Version};

pub(super) const ALL: &[Function] = &[Function::new(
    "semverCompare",
    "constraint, version",
    (2, 2),
    semver_compare,
)];

fn semver_compare(arguments: &Arguments<'_>) -> Result<Value, Error> {
    let (constraint, version) = (arguments.text(0)?, arguments.text(1)?);
    matches(constraint, version)
        .map(Value::from)
        .map_err(|reason| arguments.unusable(reason))
}

/// Whether a version meets a constraint.
///
/// # Errors
///
/// In plain words, when one of them cannot be read.
pub fn matches(constraint: &str, version: &str) -> Result<bool, String> {
    let parsed = Version::parse(version).map_err(|_| format!("{version:?} is not a version"))?;
    let constraint = Constraint::parse(constraint)
        .map_err(|_| format!("{constraint:?} is not a constraint on versions"))?;
    Ok(constraint.is_met(&parsed))
}

#[cfg(test)]
mod tests {
    use super::super::rows;

    rows! {
        semverCompare [">=1.21-0", "v1.29.1-gke.100"] => true;
        semverCompare [">=1.21", "v1.29.1-gke.100"] => false;
        semverCompare ["x", "1.2.3.4"] != "\"1.2.3.4\" is not a version";
        semverCompare [">>1", "1.2.3"] != "\">>1\" is not a constraint on versions";
        semverCompare [1, "1.2.3"] != "constraint must be a string";
    }
}

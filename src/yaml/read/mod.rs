//! Text → values, in two steps: the tree as it was written, then what it means.

mod budget;
mod compose;
mod explain;
mod keys;
mod parse;
mod quick;
mod source;
mod tags;

pub(super) use explain::{Words, explain};
pub(super) use quick::quick;

use serde_json::Value;

use super::{Error, Node, Profile};

/// Reads one document. An empty text is null.
///
/// Anchors and merge keys are resolved. A timestamp stays the text that was written, in both profiles.
///
/// Numbers are what Kubernetes makes of them: an integer that fits 64 signed bits stays exact, `1.0` is
/// the integer 1, anything else is a float.
///
/// # Errors
/// The first thing that is wrong, with its place: YAML allows no safe way to go on after it.
pub fn read(text: &str, profile: Profile) -> Result<Node, Error> {
    let quick = match profile {
        Profile::V2 => quick(text),
        Profile::V3 => None,
    };
    quick.map_or_else(|| thorough(text, profile), Ok)
}

/// Reads one document by the reader that knows all of YAML.
pub(super) fn thorough(text: &str, profile: Profile) -> Result<Node, Error> {
    compose::compose(parse::parse(text, profile)?, profile)
}

/// Reads one document, without the places of its values.
///
/// # Errors
/// As [`read`].
pub fn read_value(text: &str, profile: Profile) -> Result<Value, Error> {
    read(text, profile).map(Node::into_value)
}

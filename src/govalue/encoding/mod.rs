//! Values ⇄ JSON, as Go's `encoding/json` has it; and values made of YAML.

mod guard;
mod number;
mod read;
mod scan;
mod serde;
mod write;
mod yaml;

#[cfg(test)]
mod tests;

pub use read::{JsonError, from_json};
pub use serde::to_serde;
pub use write::{JsonForm, to_json};
pub use yaml::{from_yaml, to_yaml, to_yaml_pretty};

/// How deep the values of a text may nest: Go's limit, for JSON and for YAML.
const MAX_DEPTH: usize = 10_000;

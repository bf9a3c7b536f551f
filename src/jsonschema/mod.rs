//! JSON Schema, as charts use it: drafts 4, 6, 7, 2019-09 and 2020-12.
//!
//! *In:* the text of a schema, values · *Out:* what does not fit, in the words of the library that Helm
//! uses (santhosh-tekuri/jsonschema 6.0.3) · *Never:* reads files or the network: a schema refers only
//! to what is in it, and to the published schemas of schemas.

mod check;
mod compile;
mod json;
mod number;
mod place;
mod words;

use crate::govalue::Value;

use compile::{Part, PartId};
use json::Json;

/// The address by which Helm knows the schema of a chart.
const ADDRESS: &str = "file:///values.schema.json";

/// A schema, ready to check values with. The caller keeps it by the text's digest.
#[derive(Debug)]
pub struct Schema {
    /// All schemas that it consists of, itself first.
    parts: Vec<Part>,
    warnings: Vec<String>,
}

/// How schemas are read.
#[derive(Debug, Clone, Copy)]
struct Options {
    /// `format` is more than a remark in every version.
    formats: bool,
    /// Schemas must fit the schema of their version.
    checked: bool,
}

impl Schema {
    /// Reads the text of a schema.
    ///
    /// # Errors
    ///
    /// In the library's words; for references to what is elsewhere, in ours.
    pub fn compile(text: &[u8]) -> Result<Self, String> {
        let text = String::from_utf8_lossy(text);
        let json = Json::parse(&text)?;
        let options = Options {
            formats: false,
            checked: true,
        };
        Self::compile_document(ADDRESS, Some(json), options)
    }

    /// What is odd in it and yet lets it work, in Helm's words.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// Checks a value.
    ///
    /// # Errors
    ///
    /// What does not fit, a line each, without a line break at the end.
    pub fn check(&self, value: &Value) -> Result<(), String> {
        check::check(self, &Json::of_value(value), None).map_err(|failure| failure.to_string())
    }

    fn part(&self, id: PartId) -> &Part {
        // Every place that is named was added.
        &self.parts[id]
    }
}

#[cfg(test)]
mod tests;

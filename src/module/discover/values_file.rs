//! Values files: `values.yaml` of a module and of a modules directory.

use serde_json::Value;

use crate::name::ValuesKey;
use crate::report::{Mistake, Mistakes};
use crate::yaml::{self, Data, Node, Place, Profile};

use super::super::enabled::Opinion;

/// A values file, whole, with the places of its values.
#[derive(Debug, Clone, PartialEq)]
pub struct ValuesFile {
    /// The file, for messages and for explaining values.
    pub file: String,
    /// Its content: a mapping, or null when the file is empty.
    pub node: Node,
}

/// `fooEnabled` in a values file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flag {
    /// What it says.
    pub enabled: bool,
    /// The file, for messages.
    pub file: String,
    /// Where in the file.
    pub place: Place,
}

impl Flag {
    /// The flag as an opinion: told by its file and line.
    pub fn to_opinion(&self) -> Opinion {
        Opinion {
            enabled: self.enabled,
            told_by: format!("{}:{}", self.file, self.place.line),
        }
    }
}

impl ValuesFile {
    /// Reads a text by the rules for files of modules.
    pub(super) fn parse(file: &str, text: &str) -> Result<Self, Mistakes> {
        let node = yaml::read(text, Profile::V3)
            .map_err(|error| Mistakes::from(error.to_mistake(file)))?;
        if matches!(node.data, Data::Mapping(_) | Data::Scalar(Value::Null)) {
            return Ok(Self {
                file: file.to_owned(),
                node,
            });
        }
        let mistake = Mistake::new(file, "expected a map of values");
        Err(mistake.at(node.place.line, node.place.column).into())
    }

    /// The section of a key. Anything but a map is a mistake.
    pub(super) fn section(&self, key: &ValuesKey) -> Result<Option<&Node>, Mistakes> {
        let Some(entry) = self.node.entry(key.as_str()) else {
            return Ok(None);
        };
        if matches!(entry.node.data, Data::Mapping(_)) {
            return Ok(Some(&entry.node));
        }
        let hint = format!("write {key}: {{}}, or leave it out");
        Err(Mistake::new(self.file.as_str(), "expected a map of values")
            .at(entry.place.line, entry.place.column)
            .path(key.as_str())
            .hint(hint)
            .into())
    }

    /// The flag of a key: a boolean, or `"true"` and `"false"` as text.
    pub(super) fn flag(&self, key: &ValuesKey) -> Result<Option<Flag>, Mistakes> {
        let name = format!("{key}{FLAG}");
        let Some(entry) = self.node.entry(&name) else {
            return Ok(None);
        };
        let enabled = match &entry.node.data {
            Data::Scalar(Value::Bool(enabled)) => *enabled,
            Data::Scalar(Value::String(text)) if text == "true" => true,
            Data::Scalar(Value::String(text)) if text == "false" => false,
            _ => {
                let place = entry.node.place;
                return Err(Mistake::new(self.file.as_str(), "expected true or false")
                    .at(place.line, place.column)
                    .path(name)
                    .into());
            }
        };
        Ok(Some(Flag {
            enabled,
            file: self.file.clone(),
            place: entry.place,
        }))
    }

    /// What the file says that nobody will hear, when these are the modules.
    ///
    /// Keys that begin with `x-`, `_` or `.` are places for YAML anchors.
    pub(super) fn unheard<'a>(
        &self,
        keys: impl Fn(&str) -> bool,
        nearest: impl Fn(&str) -> Option<&'a str>,
    ) -> Vec<Mistake> {
        let Data::Mapping(entries) = &self.node.data else {
            return Vec::new();
        };
        entries
            .iter()
            .filter(|entry| !entry.key.starts_with("x-") && !entry.key.starts_with(['_', '.']))
            .filter_map(|entry| {
                let key = entry.key.strip_suffix(FLAG).unwrap_or(&entry.key);
                if key == "global" || keys(key) || keys(&entry.key) {
                    return None;
                }
                let mistake = Mistake::new(self.file.as_str(), "no module has this key")
                    .at(entry.place.line, entry.place.column)
                    .path(entry.key.as_str());
                Some(match nearest(key) {
                    Some(meant) => mistake.hint(format!("did you mean {meant}?")),
                    None => mistake,
                })
            })
            .collect()
    }
}

/// What a flag's name ends with.
const FLAG: &str = "Enabled";

/// Collects what is good and what is not.
pub(super) fn sort<T>(result: Result<T, Mistakes>, mistakes: &mut Mistakes) -> Option<T> {
    result.map_err(|found| mistakes.0.extend(found.0)).ok()
}

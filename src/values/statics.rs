//! Static values: the sections and flags in values files.

use serde_json::Value;

use super::{Layer, describe};
use crate::name::ValuesKey;
use crate::report::{Mistake, Mistakes, nearest};
use crate::yaml::{Data, Entry};

/// The static values of one scope.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct StaticLayers {
    /// From lowest to highest.
    pub layers: Vec<Layer>,
    /// Keys that look like the scope's key and are not: they have no effect.
    pub warnings: Vec<Mistake>,
}

/// Cuts the section of `key` out of values files, which are given whole.
///
/// `common` are the files of the modules directories that concern the scope: for a module the one
/// of its own directory, for `global` all of them in order. `own` is the file in the module's folder.
/// Each section must be a map; one that a later file replaces may also be something else.
pub fn static_layers(
    key: &ValuesKey,
    common: &[&Layer],
    own: Option<&Layer>,
) -> Result<StaticLayers, Mistakes> {
    let mut found = StaticLayers::default();
    let mut mistakes = Vec::new();
    let mut wrong_section = None;
    for file in common.iter().copied().chain(own) {
        if !matches!(file.node.data, Data::Mapping(_) | Data::Scalar(Value::Null)) {
            mistakes.push(wrong_form(file, "", &file.node));
        }
        let Some(entry) = file.node.entry(key.as_str()) else {
            continue;
        };
        if matches!(entry.node.data, Data::Mapping(_)) {
            wrong_section = None;
            found.layers.push(Layer {
                origin: file.origin.clone(),
                node: entry.node.clone(),
            });
        } else {
            found.layers.clear();
            wrong_section = Some(wrong_form(file, key.as_str(), &entry.node));
        }
    }
    mistakes.extend(wrong_section);
    Mistakes(mistakes).into_result()?;
    found.warnings = own.map_or_else(Vec::new, |file| misspelt(key, file));
    Ok(found)
}

/// Reads a flag (`fooEnabled`) at the top of a values file: true or false, as boolean or as text.
pub fn flag(file: &Layer, name: &str) -> Result<Option<bool>, Mistake> {
    let Some(entry) = file.node.entry(name) else {
        return Ok(None);
    };
    match &entry.node.data {
        Data::Scalar(Value::Bool(flag)) => Ok(Some(*flag)),
        Data::Scalar(Value::String(text)) if text.eq_ignore_ascii_case("true") => Ok(Some(true)),
        Data::Scalar(Value::String(text)) if text.eq_ignore_ascii_case("false") => Ok(Some(false)),
        data => {
            let message = format!("expected true or false, got {}", describe(data));
            Err(file.mistake(entry.node.place, name, message))
        }
    }
}

fn wrong_form(file: &Layer, path: &str, node: &crate::yaml::Node) -> Mistake {
    let message = format!("expected a map, got {}", describe(&node.data));
    let mistake = file.mistake(node.place, path, message);
    match node.data {
        Data::Scalar(Value::Null) => mistake.hint("remove the key, or write {}"),
        _ => mistake,
    }
}

/// Keys beside the section that were most likely meant to be it.
fn misspelt(key: &ValuesKey, own: &Layer) -> Vec<Mistake> {
    let Data::Mapping(entries) = &own.node.data else {
        return Vec::new();
    };
    let flag = format!("{key}Enabled");
    let meant = |entry: &Entry| {
        let right = [key.as_str(), &flag].contains(&entry.key.as_str());
        let meant = nearest(&entry.key, [key.as_str(), &flag]).filter(|_| !right)?;
        let message = "this key has no effect here";
        let mistake = own.mistake(entry.place, &entry.key, message);
        Some(mistake.hint(format!("did you mean `{meant}`?")))
    };
    entries.iter().filter_map(meant).collect()
}

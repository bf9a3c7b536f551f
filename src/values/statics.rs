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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::values::Origin;

    fn file(name: &str, text: &str) -> Layer {
        let file = name.to_owned();
        Layer::read(Origin::StaticFile { file }, text).unwrap()
    }

    fn parsed(key: &str) -> ValuesKey {
        ValuesKey::parse(key).unwrap()
    }

    fn cut(key: &str, common: &str, own: &str) -> Result<Vec<Value>, String> {
        let key = parsed(key);
        let (common, own) = (file("values.yaml", common), file("010-m/values.yaml", own));
        let layers =
            static_layers(&key, &[&common], Some(&own)).map_err(|error| error.to_string())?;
        Ok(layers.layers.iter().map(Layer::to_value).collect())
    }

    #[test]
    fn only_the_section_of_the_key_is_taken() {
        for (common, own, expected) in [
            ("", "", vec![]),
            (
                "m: {a: 1}\nother: {a: 2}",
                "m: {b: 1}\nglobal: {c: 1}",
                vec![json!({"a": 1}), json!({"b": 1})],
            ),
            ("other: 5", "m: {}", vec![json!({})]),
            ("mEnabled: true", "# nothing", vec![]),
            // What a later file replaces does not matter.
            ("m:", "m: {b: 1}", vec![json!({"b": 1})]),
            ("m: []", "m: {b: 1}", vec![json!({"b": 1})]),
        ] {
            assert_eq!(cut("m", common, own), Ok(expected), "{common} {own}");
        }
    }

    #[test]
    fn sections_and_files_must_be_maps() {
        for (common, own, expected) in [
            (
                "m:",
                "",
                "values.yaml:1:3: m: expected a map, got nothing (remove the key, or write {})",
            ),
            (
                "",
                "a: 1\nm: [1]",
                "010-m/values.yaml:2:4: m: expected a map, got a list",
            ),
            (
                "m: {a: 1}",
                "m: text",
                "010-m/values.yaml:1:4: m: expected a map, got a string",
            ),
            (
                "[m]",
                "m",
                "values.yaml:1:1: expected a map, got a list\n010-m/values.yaml:1:1: expected a map, got a string",
            ),
        ] {
            assert_eq!(
                cut("m", common, own),
                Err(expected.to_owned()),
                "{common} {own}"
            );
        }
    }

    #[test]
    fn misspelt_section_is_a_warning() {
        let key = ValuesKey::parse("certManager").unwrap();
        let own = file(
            "values.yaml",
            "certManger: {}\ncert-manager: {}\ncertManagerEnabeld: true\ncertManagerEnabled: true\nimage: {}\n",
        );
        let layers = static_layers(&key, &[], Some(&own)).unwrap();
        let warnings: Vec<String> = layers.warnings.iter().map(ToString::to_string).collect();
        let expected = [
            "values.yaml:1:1: certManger: this key has no effect here (did you mean `certManager`?)",
            "values.yaml:2:1: cert-manager: this key has no effect here (did you mean `certManager`?)",
            "values.yaml:3:1: certManagerEnabeld: this key has no effect here (did you mean `certManagerEnabled`?)",
        ];
        assert_eq!(warnings, expected);
    }

    #[test]
    fn global_sections_come_from_every_directory() {
        let (one, two) = (
            file("a.yaml", "global: {a: 1}"),
            file("b.yaml", "global: {b: 1}"),
        );
        let layers = static_layers(&ValuesKey::global(), &[&one, &two], None).unwrap();
        assert_eq!(layers.layers.len(), 2);
        assert_eq!(layers.layers[1].origin.to_string(), "b.yaml");
    }

    #[test]
    fn flags_are_booleans_or_their_names() {
        let file = file("values.yaml", "a: true\nb: 'False'\nc: yes\nd:\ne: {}\n");
        let read = |name: &str| flag(&file, name).map_err(|mistake| mistake.to_string());
        assert_eq!(read("a"), Ok(Some(true)));
        assert_eq!(read("b"), Ok(Some(false)));
        assert_eq!(read("absent"), Ok(None));
        assert_eq!(
            read("c"),
            Err("values.yaml:3:4: c: expected true or false, got a string".to_owned())
        );
        assert_eq!(
            read("d"),
            Err("values.yaml:4:3: d: expected true or false, got nothing".to_owned())
        );
        assert_eq!(
            read("e"),
            Err("values.yaml:5:4: e: expected true or false, got a map".to_owned())
        );
    }
}

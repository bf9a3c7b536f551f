//! A `ConfigMap`'s data → sections, flags and maintenance; every mistake at once.
//!
//! | key | value |
//! |---|---|
//! | `global` | a map; empty text is an empty map |
//! | `<key>` | a map or a list; the store refuses the list, with the module's other mistakes |
//! | `<key>Enabled` | `true` or `false` |
//! | `<key>Maintenance` | `NoResourceReconciliation`, or empty |

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::name::ValuesKey;
use crate::report::{Mistake, Mistakes, nearest};
use crate::values::{Layer, Origin};
use crate::yaml::Data;

/// What the `ConfigMap` says about one module.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Section {
    /// The values; `None` when only flags are set.
    pub values: Option<Layer>,
    /// `<key>Enabled`; `None` when it is not set.
    pub enabled: Option<bool>,
    /// `<key>Maintenance` is set: nothing of this module is reconciled.
    pub maintenance: bool,
}

/// Everything that the `ConfigMap` says. The default is an absent `ConfigMap`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ConfigValues {
    /// The global section.
    pub global: Option<Layer>,
    /// By key of the module, known or not.
    pub modules: BTreeMap<ValuesKey, Section>,
}

/// Reads the data of the `ConfigMap` `name` (`namespace/name`): what is readable, so that it can be
/// checked further, and all mistakes. With mistakes the values are not to be used.
pub fn read(name: &str, data: &BTreeMap<String, String>) -> (ConfigValues, Mistakes) {
    let mut reader = Reader {
        name,
        values: ConfigValues::default(),
        mistakes: Vec::new(),
    };
    for (key, text) in data {
        reader.take(key, text);
    }
    (reader.values, Mistakes(reader.mistakes))
}

impl ConfigValues {
    /// A warning for each module that does not exist, with the nearest one that does. `name` is
    /// what was given to [`read`].
    pub fn unknown_modules(&self, name: &str, known: &BTreeSet<ValuesKey>) -> Vec<Mistake> {
        let unknown = self.modules.keys().filter(|key| !known.contains(key));
        let warning = |key: &ValuesKey| {
            let message = format!("there is no module {}", key.module());
            let mistake = mistake(name, key.as_str(), message);
            match nearest(key.as_str(), known.iter().map(ValuesKey::as_str)) {
                Some(meant) => mistake.hint(format!("did you mean `{meant}`?")),
                None => mistake,
            }
        };
        unknown.map(warning).collect()
    }

    /// The section of `key`, of a module or `global`.
    pub fn section(&self, key: &ValuesKey) -> Option<&Layer> {
        if key.is_global() {
            return self.global.as_ref();
        }
        self.modules.get(key)?.values.as_ref()
    }

    /// Sets the section of `key`, as after a write of our own, so that reading it back is no change.
    pub fn set_section(&mut self, key: &ValuesKey, values: Option<Layer>) {
        if key.is_global() {
            self.global = values;
        } else {
            self.modules.entry(key.clone()).or_default().values = values;
        }
    }
}

struct Reader<'a> {
    name: &'a str,
    values: ConfigValues,
    mistakes: Vec<Mistake>,
}

impl Reader<'_> {
    fn take(&mut self, key: &str, text: &str) {
        if key == "global" {
            return self.take_global(text);
        }
        if let Some(module) = key.strip_suffix("Enabled") {
            let enabled = match text {
                "true" => Some(true),
                "false" => Some(false),
                other => {
                    let message = format!("expected \"true\" or \"false\", got {}", short(other));
                    self.refuse(key, message, "");
                    None
                }
            };
            self.with_section(key, module, "Enabled", |section| section.enabled = enabled);
        } else if let Some(module) = key.strip_suffix("Maintenance") {
            let maintenance = matches!(
                text,
                "NoResourceReconciliation" | "noresourcereconciliation"
            );
            if !maintenance && !text.is_empty() {
                let message = format!(
                    "expected \"NoResourceReconciliation\" or nothing, got {}",
                    short(text)
                );
                self.refuse(key, message, "");
            }
            let set = |section: &mut Section| section.maintenance = maintenance;
            self.with_section(key, module, "Maintenance", set);
        } else {
            let values = self.section(key, text);
            self.with_section(key, key, "", |section| section.values = values);
        }
    }

    fn take_global(&mut self, text: &str) {
        let Some(layer) = self.parse("global", text) else {
            return;
        };
        match layer.node.data {
            Data::Scalar(Value::Null) => {}
            Data::Mapping(_) => self.values.global = Some(layer),
            Data::Sequence(_) | Data::Scalar(_) => {
                self.refuse_at(
                    &layer,
                    "global",
                    "expected a map",
                    "write key: value, one per line",
                );
            }
        }
    }

    fn section(&mut self, key: &str, text: &str) -> Option<Layer> {
        let layer = self.parse(key, text)?;
        match layer.node.data {
            Data::Mapping(_) | Data::Sequence(_) => return Some(layer),
            Data::Scalar(Value::Null) => {
                let hint = "write {} or remove the key";
                self.refuse_at(&layer, key, "expected a map, got nothing", hint);
            }
            Data::Scalar(_) => {
                let hint = "write key: value, one per line";
                self.refuse_at(&layer, key, "expected a map", hint);
            }
        }
        None
    }

    fn parse(&mut self, key: &str, text: &str) -> Option<Layer> {
        let origin = Origin::ConfigMap {
            name: self.name.to_owned(),
            key: key.to_owned(),
        };
        match Layer::read(origin, text) {
            Ok(layer) => Some(layer),
            Err(mistake) => {
                self.mistakes.push(mistake);
                None
            }
        }
    }

    /// Changes the section of a module, when its name is one.
    fn with_section(
        &mut self,
        key: &str,
        module: &str,
        suffix: &str,
        change: impl FnOnce(&mut Section),
    ) {
        match ValuesKey::parse(module) {
            Ok(module) if !module.is_global() => {
                change(self.values.modules.entry(module).or_default());
            }
            // The original takes these for flags of a module that does not exist.
            Ok(_) => self.refuse(
                key,
                "global values have no flags".to_owned(),
                "remove the key",
            ),
            Err(bad) => {
                let hint = format!("rename it to `{}{suffix}`", bad.proposal);
                let message = "not a key of a module: it must be the module's name in camelCase";
                self.refuse(key, message.to_owned(), &hint);
            }
        }
    }

    fn refuse(&mut self, key: &str, message: String, hint: &str) {
        self.mistakes
            .push(mistake(self.name, key, message).hint(hint));
    }

    fn refuse_at(&mut self, layer: &Layer, key: &str, message: &str, hint: &str) {
        let place = layer.node.place;
        let mistake = mistake(self.name, key, message.to_owned());
        self.mistakes
            .push(mistake.at(place.line, place.column).hint(hint));
    }
}

/// The text of a flag; a long one is something else, in the wrong place, and is not repeated.
fn short(text: &str) -> String {
    if text.len() > 40 {
        return "a longer text".to_owned();
    }
    format!("{text:?}")
}

fn mistake(name: &str, key: &str, message: String) -> Mistake {
    Mistake::new(format!("ConfigMap {name}"), message).path(key)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn data(entries: &[(&str, &str)]) -> BTreeMap<String, String> {
        let owned = |(key, text): &(&str, &str)| ((*key).to_owned(), (*text).to_owned());
        entries.iter().map(owned).collect()
    }

    fn key(text: &str) -> ValuesKey {
        ValuesKey::parse(text).unwrap()
    }

    /// The values of data without mistakes.
    fn read_good(entries: &[(&str, &str)]) -> ConfigValues {
        let (values, mistakes) = read("ns/config", &data(entries));
        assert_eq!(mistakes, Mistakes::default());
        values
    }

    #[test]
    fn sections_flags_and_maintenance_are_read() {
        let values = read_good(&[
            ("global", "a: 1\n"),
            ("certManager", "b: 020\nc: yes\n"),
            ("certManagerEnabled", "true"),
            ("flagOnlyEnabled", "false"),
            ("listed", "- 1"),
            ("paused", "{}"),
            ("pausedMaintenance", "NoResourceReconciliation"),
            ("resumedMaintenance", ""),
        ]);
        let value = |text: &str| values.section(&key(text)).map(Layer::to_value);
        assert_eq!(value("global"), Some(json!({"a": 1})));
        assert_eq!(value("certManager"), Some(json!({"b": 16, "c": "yes"})));
        assert_eq!(value("listed"), Some(json!([1])));
        assert_eq!(value("flagOnly"), None);
        assert_eq!(values.modules[&key("certManager")].enabled, Some(true));
        assert_eq!(values.modules[&key("flagOnly")].enabled, Some(false));
        assert_eq!(values.modules[&key("paused")].enabled, None);
        assert!(values.modules[&key("paused")].maintenance);
        assert!(!values.modules[&key("resumed")].maintenance);
    }

    #[test]
    fn empty_data_and_an_empty_global_section_say_nothing() {
        for entries in [
            &[][..],
            &[("global", "")],
            &[("global", "# only a comment\n")],
        ] {
            assert_eq!(read_good(entries), ConfigValues::default());
        }
    }

    #[test]
    fn all_mistakes_are_told_at_once() {
        let (values, mistakes) = read(
            "ns/config",
            &data(&[
                ("global", "- 1"),
                ("globalEnabled", "true"),
                ("broken", "a: 1\n\tb: 2\n"),
                ("text", "just text"),
                ("nothing", ""),
                ("onEnabled", "yes"),
                ("onMaintenance", "true"),
                ("cert-manager", "a: 1"),
                ("Cert_managerEnabled", "true"),
                ("good", "a: 1"),
            ]),
        );
        assert!(values.section(&key("good")).is_some());
        let mut lines: Vec<String> = mistakes.0.iter().map(ToString::to_string).collect();
        let broken = lines
            .iter()
            .position(|line| line.contains("broken"))
            .unwrap();
        let broken = lines.remove(broken);
        assert!(
            broken.starts_with("ConfigMap ns/config:2:1: broken: "),
            "{broken}"
        );
        let expected = [
            "ConfigMap ns/config: Cert_managerEnabled: not a key of a module: it must be the module's name in camelCase (rename it to `certManagerEnabled`)",
            "ConfigMap ns/config: cert-manager: not a key of a module: it must be the module's name in camelCase (rename it to `certManager`)",
            "ConfigMap ns/config:1:1: global: expected a map (write key: value, one per line)",
            "ConfigMap ns/config: globalEnabled: global values have no flags (remove the key)",
            "ConfigMap ns/config:1:1: nothing: expected a map, got nothing (write {} or remove the key)",
            "ConfigMap ns/config: onEnabled: expected \"true\" or \"false\", got \"yes\"",
            "ConfigMap ns/config: onMaintenance: expected \"NoResourceReconciliation\" or nothing, got \"true\"",
            "ConfigMap ns/config:1:1: text: expected a map (write key: value, one per line)",
        ];
        assert_eq!(lines, expected);
    }

    #[test]
    fn unknown_modules_are_warnings_with_a_proposal() {
        let values = read_good(&[("certManger", "{}"), ("xEnabled", "true"), ("known", "{}")]);
        let known = BTreeSet::from([key("certManager"), key("known")]);
        let warnings = values.unknown_modules("ns/config", &known);
        let lines: Vec<String> = warnings.iter().map(ToString::to_string).collect();
        let expected = [
            "ConfigMap ns/config: certManger: there is no module cert-manger (did you mean `certManager`?)",
            "ConfigMap ns/config: x: there is no module x",
        ];
        assert_eq!(lines, expected);
    }
}

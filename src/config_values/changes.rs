//! What differs between two states of the `ConfigMap`.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::read::{ConfigValues, Section};
use crate::name::ValuesKey;
use crate::values::Layer;

/// What differs between two states of the `ConfigMap`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Changes {
    /// The global values differ.
    pub global: bool,
    /// Modules whose values differ.
    pub modules: BTreeSet<ValuesKey>,
    /// Modules whose flag differs, with the new one.
    pub enabled: BTreeMap<ValuesKey, Option<bool>>,
    /// Modules whose maintenance differs, with the new state.
    pub maintenance: BTreeMap<ValuesKey, bool>,
}

impl Changes {
    /// Whether nothing differs.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// What differs, by value: comments, order and layout of the text do not count, and an empty
/// section is the same as none.
pub fn changes(old: &ConfigValues, new: &ConfigValues) -> Changes {
    let mut changes = Changes {
        global: differ(old.global.as_ref(), new.global.as_ref()),
        ..Changes::default()
    };
    let none = Section::default();
    let keys: BTreeSet<&ValuesKey> = old.modules.keys().chain(new.modules.keys()).collect();
    for key in keys {
        let before = old.modules.get(key).unwrap_or(&none);
        let after = new.modules.get(key).unwrap_or(&none);
        if differ(before.values.as_ref(), after.values.as_ref()) {
            changes.modules.insert(key.clone());
        }
        if before.enabled != after.enabled {
            changes.enabled.insert(key.clone(), after.enabled);
        }
        if before.maintenance != after.maintenance {
            changes.maintenance.insert(key.clone(), after.maintenance);
        }
    }
    changes
}

fn differ(old: Option<&Layer>, new: Option<&Layer>) -> bool {
    let value = |layer: Option<&Layer>| match layer.map(Layer::to_value) {
        Some(Value::Object(map)) if map.is_empty() => None,
        other => other,
    };
    value(old) != value(new)
}

#[cfg(test)]
mod tests {
    use super::super::read;
    use super::*;
    use crate::values::Origin;
    use crate::yaml;

    fn config(entries: &[(&str, &str)]) -> ConfigValues {
        let owned = |(key, text): &(&str, &str)| ((*key).to_owned(), (*text).to_owned());
        read("ns/config", &entries.iter().map(owned).collect()).0
    }

    /// What changed, as one word each.
    fn words(old: &[(&str, &str)], new: &[(&str, &str)]) -> Vec<String> {
        let changes = changes(&config(old), &config(new));
        let mut words = Vec::new();
        words.extend(changes.global.then(|| "global".to_owned()));
        words.extend(changes.modules.iter().map(ToString::to_string));
        words.extend(
            changes
                .enabled
                .iter()
                .map(|(key, flag)| format!("{key}={flag:?}")),
        );
        words.extend(
            changes
                .maintenance
                .iter()
                .map(|(key, on)| format!("{key}~{on}")),
        );
        words
    }

    #[test]
    fn changes_are_told_by_kind() {
        let base = [("global", "a: 1"), ("m", "a: 1"), ("mEnabled", "true")];
        for (new, expected) in [
            (&base[..], &[][..]),
            (
                &[
                    ("global", "# comment\na: 1.0"),
                    ("m", "{a: 1}"),
                    ("mEnabled", "true"),
                ],
                &[],
            ),
            (
                &[("global", "a: 2"), ("m", "a: 1"), ("mEnabled", "true")],
                &["global"],
            ),
            (&[("m", "a: 1"), ("mEnabled", "true")], &["global"]),
            (
                &[("global", "a: 1"), ("m", "a: 2"), ("mEnabled", "true")],
                &["m"],
            ),
            (&[("global", "a: 1"), ("mEnabled", "true")], &["m"]),
            (
                &[("global", "a: 1"), ("m", "a: 1"), ("mEnabled", "false")],
                &["m=Some(false)"],
            ),
            (&[("global", "a: 1"), ("m", "a: 1")], &["m=None"]),
            (
                &[
                    ("global", "a: 1"),
                    ("m", "a: 1"),
                    ("mEnabled", "true"),
                    ("mMaintenance", "NoResourceReconciliation"),
                ],
                &["m~true"],
            ),
            (
                &[
                    ("global", "a: 1"),
                    ("m", "a: 1"),
                    ("mEnabled", "true"),
                    ("n", "{}"),
                ],
                &[],
            ),
            (&[], &["global", "m", "m=None"]),
        ] {
            assert_eq!(words(&base, new), expected, "{new:?}");
        }
    }

    #[test]
    fn reading_back_what_we_wrote_is_no_change() {
        let mut ours = config(&[("global", "a: 1")]);
        let key = ValuesKey::parse("m").unwrap();
        let origin = Origin::ConfigMap {
            name: "ns/config".to_owned(),
            key: key.to_string(),
        };
        let section = serde_json::json!({"list": [1, 2.5], "text": "yes", "deep": {"x": null}});
        ours.set_section(&key, Some(Layer::from_value(origin, &section)));
        let theirs = config(&[("global", "a: 1"), ("m", &yaml::write(&section))]);
        assert!(changes(&ours, &theirs).is_empty());
    }
}

//! Names that must be valid: modules (`cert-manager`) and the keys of their values (`certManager`).
//!
//! In: text from folder names and `ConfigMap` keys · Out: names known to be good · Never: reads
//! files. The conversion is the original's (Go library `ettle/strcase`): a name is good when it comes
//! back from its key unchanged, so underscores, capitals and doubled dashes are refused.

use std::fmt;

use serde::Serialize;

/// Why a name was refused, with the nearest good one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("bad {what} {given:?}: {why}; rename it to {proposal:?}")]
pub struct BadName {
    what: &'static str,
    given: String,
    why: &'static str,
    /// A good name that is near the one given.
    pub proposal: String,
}

/// The name of a module: kebab case, `cert-manager`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct ModuleName(String);

impl ModuleName {
    /// Takes a name that its values key restores.
    pub fn parse(text: &str) -> Result<Self, BadName> {
        let restored = to_kebab(&to_camel(text));
        let restored_is_good = !restored.is_empty() && restored.chars().all(is_good_in_a_name);
        if text == restored && restored_is_good {
            return Ok(Self(restored));
        }
        let proposal: String = restored
            .chars()
            .filter(|letter| is_good_in_a_name(*letter))
            .collect();
        Err(BadName {
            what: "module name",
            given: text.to_owned(),
            why: "a module name is lower case words joined by single dashes",
            proposal: if proposal.is_empty() {
                "module".to_owned()
            } else {
                proposal
            },
        })
    }

    /// The key of this module in values and in the `ConfigMap`.
    pub fn key(&self) -> ValuesKey {
        ValuesKey(to_camel(&self.0))
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A key of the values: `global`, or a module's name in camel case (`certManager`).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct ValuesKey(String);

impl ValuesKey {
    /// The key of the global values.
    pub fn global() -> Self {
        Self("global".to_owned())
    }

    /// Takes a key that its module name restores; `global` is one.
    pub fn parse(text: &str) -> Result<Self, BadName> {
        let kebab = to_kebab(text);
        let restored = to_camel(&kebab);
        if text == restored && !text.is_empty() && kebab.chars().all(is_good_in_a_name) {
            return Ok(Self(restored));
        }
        Err(BadName {
            what: "values key",
            given: text.to_owned(),
            why: "a key is a module's name in camelCase",
            proposal: if restored.is_empty() {
                "module".to_owned()
            } else {
                restored
            },
        })
    }

    /// The name of the module this key belongs to.
    pub fn module(&self) -> ModuleName {
        ModuleName(to_kebab(&self.0))
    }

    /// Whether this is the key of the global values.
    pub fn is_global(&self) -> bool {
        self.0 == "global"
    }

    /// The key as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ModuleName {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl fmt::Display for ValuesKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

fn is_good_in_a_name(letter: char) -> bool {
    letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '-'
}

/// `cert-manager` → `certManager`: words start at `-`, `_`, `.` and white space.
fn to_camel(text: &str) -> String {
    words(text)
        .into_iter()
        .enumerate()
        .map(|(index, word)| {
            if index == 0 {
                word.to_lowercase()
            } else {
                capitalize(&word)
            }
        })
        .collect()
}

/// `certManager` → `cert-manager`: a word also starts at a capital.
fn to_kebab(text: &str) -> String {
    words(text)
        .into_iter()
        .map(|word| word.to_lowercase())
        .collect::<Vec<_>>()
        .join("-")
}

fn capitalize(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map_or_else(String::new, |first| {
        first
            .to_uppercase()
            .chain(letters.flat_map(char::to_lowercase))
            .collect()
    })
}

/// Splits at separators, before a capital that follows another kind of letter, and before the last
/// capital of a run that a small letter follows (`HTTPServer` is `HTTP` and `Server`).
fn words(text: &str) -> Vec<String> {
    let letters: Vec<char> = text.chars().collect();
    let mut words = vec![String::new()];
    for (index, letter) in letters.iter().enumerate() {
        if matches!(letter, '-' | '_' | '.') || letter.is_whitespace() {
            words.push(String::new());
            continue;
        }
        if letter.is_uppercase() && index > 0 {
            let after_capital = letters[index - 1].is_uppercase();
            let before_small = letters
                .get(index + 1)
                .is_some_and(|next| next.is_lowercase());
            if !after_capital || before_small {
                words.push(String::new());
            }
        }
        if let Some(word) = words.last_mut() {
            word.push(*letter);
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_keys_convert_as_the_original_does() {
        for (name, key) in [
            ("module1", "module1"),
            ("prometheus-operator", "prometheusOperator"),
            ("cert-manager-crd", "certManagerCrd"),
            ("l2-load-balancer", "l2LoadBalancer"),
            ("2-module-name", "2ModuleName"),
            ("module-one01", "moduleOne01"),
            ("a-b", "aB"),
        ] {
            let parsed = ModuleName::parse(name).unwrap();
            assert_eq!(parsed.key().as_str(), key);
            assert_eq!(ValuesKey::parse(key).unwrap().module(), parsed);
        }
    }

    #[test]
    fn bad_names_get_a_proposal() {
        for (name, proposal) in [
            ("module_one", "module-one"),
            ("certManager", "cert-manager"),
            ("Nginx", "nginx"),
            ("a--b", "a-b"),
            ("a-", "a"),
            (".git", "git"),
            ("ü", "module"),
        ] {
            assert_eq!(
                ModuleName::parse(name).unwrap_err().proposal,
                proposal,
                "{name}"
            );
        }
        assert_eq!(
            ValuesKey::parse("cert-manager").unwrap_err().proposal,
            "certManager"
        );
        assert_eq!(
            ValuesKey::parse("CertManager").unwrap_err().proposal,
            "certManager"
        );
    }
}

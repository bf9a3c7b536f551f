//! Where the API server sends a request: one path for each binding.
//!
//! Every part of a path that the API server takes is a domain in small letters. A hook's name is told in
//! such letters, and by a hash, as two names may look alike then.

use sha2::{Digest as _, Sha256};

use crate::binding::AdmissionKind;
use crate::name::ModuleName;

/// A longer name of a hook is cut in paths.
const LONGEST: usize = 60;
/// How many bytes of the hash are told.
const HASH: usize = 5;

/// One admission binding of one hook. No two have the same path.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address {
    /// Whose the hook is; `None` for global hooks.
    pub place: Option<ModuleName>,
    /// The hook, `hooks/x.sh`.
    pub hook: String,
    /// What the binding may do.
    pub kind: AdmissionKind,
    /// The binding.
    pub binding: String,
}

impl Address {
    /// `/validate/module/web/hooks-x-sh-0123456789/limits.example.com`, `/mutate/global/…`.
    pub fn path(&self) -> String {
        let place = match &self.place {
            Some(module) => format!("module/{module}"),
            None => "global".to_owned(),
        };
        let (word, hook, binding) = (word(self.kind), hook_word(&self.hook), &self.binding);
        format!("/{word}/{place}/{hook}/{binding}")
    }
}

/// Where a request goes, read from its path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Route {
    /// To an admission binding of a hook.
    Admission {
        /// Whose the hook is; `None` for global hooks.
        place: Option<ModuleName>,
        /// The hook as paths tell it.
        hook: String,
        /// What the binding may do.
        kind: AdmissionKind,
        /// The binding.
        binding: String,
    },
    /// To those who convert the objects of a definition.
    Conversion {
        /// The name of the `CustomResourceDefinition`.
        definition: String,
    },
}

impl Route {
    /// The path of the conversions of a definition.
    pub fn conversion(definition: &str) -> String {
        format!("/convert/{definition}")
    }

    /// Reads a path; `None` when it is none of ours.
    pub fn parse(path: &str) -> Option<Self> {
        let path = path.split('?').next()?;
        let parts: Vec<&str> = path.strip_prefix('/')?.split('/').collect();
        let (kind, place, hook, binding) = match parts.as_slice() {
            ["convert", definition] if !definition.is_empty() => {
                return Some(Self::Conversion {
                    definition: (*definition).to_owned(),
                });
            }
            [kind, "global", hook, binding] => (kind, None, hook, binding),
            [kind, "module", module, hook, binding] => {
                (kind, Some(ModuleName::parse(module).ok()?), hook, binding)
            }
            _ => return None,
        };
        Some(Self::Admission {
            place,
            hook: (*hook).to_owned(),
            kind: AdmissionKind::ALL
                .into_iter()
                .find(|it| word(*it) == *kind)?,
            binding: (*binding).to_owned(),
        })
    }

    /// Whether this is the route to a hook of its place with this name.
    pub fn leads_to(&self, name: &str) -> bool {
        matches!(self, Self::Admission { hook, .. } if *hook == hook_word(name))
    }
}

fn word(kind: AdmissionKind) -> &'static str {
    match kind {
        AdmissionKind::Validating => "validate",
        AdmissionKind::Mutating => "mutate",
    }
}

/// A hook's name as a domain of one part: `hooks-x-sh-0123456789`.
fn hook_word(name: &str) -> String {
    let mut word = plain(name);
    let hash: [u8; 32] = Sha256::digest(name.as_bytes()).into();
    if !word.is_empty() {
        word.push('-');
    }
    word.extend(hash.iter().take(HASH).map(|byte| format!("{byte:02x}")));
    word
}

/// Small letters and digits, all else as single dashes between them.
pub(super) fn plain(name: &str) -> String {
    let mut plain = String::new();
    for letter in name.chars() {
        let letter = letter.to_ascii_lowercase();
        if letter.is_ascii_alphanumeric() {
            plain.push(letter);
        } else if !plain.is_empty() && !plain.ends_with('-') {
            plain.push('-');
        }
        if plain.len() >= LONGEST {
            break;
        }
    }
    plain.trim_end_matches('-').to_owned()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn address(place: Option<&str>, hook: &str, kind: AdmissionKind) -> Address {
        Address {
            place: place.map(|name| ModuleName::parse(name).unwrap()),
            hook: hook.to_owned(),
            kind,
            binding: "limits.example.com".to_owned(),
        }
    }

    #[test]
    fn paths_say_kind_place_hook_and_binding() {
        let rows = [
            (
                address(None, "hooks/x.sh", AdmissionKind::Validating),
                "/validate/global/hooks-x-sh-18d9f74874/limits.example.com",
            ),
            (
                address(Some("web"), "hooks/x.sh", AdmissionKind::Mutating),
                "/mutate/module/web/hooks-x-sh-18d9f74874/limits.example.com",
            ),
        ];
        for (address, path) in rows {
            assert_eq!(address.path(), path);
        }
        assert_eq!(Route::conversion("a.b.c"), "/convert/a.b.c");
    }

    #[test]
    fn names_that_look_alike_have_paths_of_their_own() {
        let hooks = [
            "a_b.sh", "a-b.sh", "A-b.sh", "a/b.sh", "a--b.sh", "ü", "ä", "-",
        ];
        let mut paths = BTreeSet::new();
        for hook in hooks {
            for place in [None, Some("web"), Some("global"), Some("module")] {
                for kind in AdmissionKind::ALL {
                    assert!(paths.insert(address(place, hook, kind).path()), "{hook}");
                }
            }
        }
    }

    #[test]
    fn foreign_paths_lead_nowhere() {
        for path in [
            "",
            "/",
            "/validate",
            "/validate/global/a",
            "/convert",
            "/convert/",
            "/convert/a/b",
            "/validate/module/web/a",
            "/validate/module/No Module/a/b",
            "/ask/global/a/b",
            "validate/global/a/b",
        ] {
            assert_eq!(Route::parse(path), None, "{path}");
        }
        let route = Route::parse("/convert/a.b.c?timeout=30s").unwrap();
        assert_eq!(
            route,
            Route::Conversion {
                definition: "a.b.c".to_owned()
            }
        );
    }

    proptest! {
        /// Every part is what the API server takes, and the path leads back.
        #[test]
        fn paths_are_taken_and_lead_back(hook in "\\PC{0,80}", module in proptest::option::of("[a-z]{1,9}")) {
            let address = address(module.as_deref(), &hook, AdmissionKind::Mutating);
            let path = address.path();
            for part in path.strip_prefix('/').unwrap().split('/') {
                let good = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || "-.".contains(letter);
                prop_assert!(part.chars().all(good), "{}", part);
                prop_assert!(part.starts_with(|it: char| it.is_ascii_alphanumeric()));
                prop_assert!(part.ends_with(|it: char| it.is_ascii_alphanumeric()));
                prop_assert!(part.len() <= 253);
            }
            let route = Route::parse(&format!("{path}?timeout=10s")).unwrap();
            prop_assert!(route.leads_to(&hook));
            let Route::Admission { place, kind, binding, .. } = route else { panic!() };
            prop_assert_eq!((place, kind, binding), (address.place, address.kind, address.binding));
        }
    }
}

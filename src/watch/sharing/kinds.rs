//! Which of the kinds that monitors name are served, and which are asked for again.
//!
//! | kind | heard | becomes |
//! |---|---|---|
//! | unknown | answer | served, or missing |
//! | missing | a definition came or changed | asked again, some times: the server learns with a delay |
//! | served | a definition went, or the server does not find it | asked again, some times |

use super::news::Trouble;
use crate::cluster::Resource;
use crate::watch::Selection;

/// How often a kind is asked for after something happened to definitions.
const TRIES: u8 = 8;

/// Groups of the server itself that look like those of custom kinds.
const GROUPS: [&str; 16] = [
    "admissionregistration.k8s.io",
    "apiextensions.k8s.io",
    "apiregistration.k8s.io",
    "authentication.k8s.io",
    "authorization.k8s.io",
    "certificates.k8s.io",
    "coordination.k8s.io",
    "discovery.k8s.io",
    "events.k8s.io",
    "flowcontrol.apiserver.k8s.io",
    "networking.k8s.io",
    "node.k8s.io",
    "rbac.authorization.k8s.io",
    "resource.k8s.io",
    "scheduling.k8s.io",
    "storage.k8s.io",
];

/// A kind as monitors name it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct KindName {
    pub(super) api_version: Option<String>,
    pub(super) kind: String,
}

impl KindName {
    pub(super) fn of(selection: &Selection) -> Self {
        Self {
            api_version: selection
                .api_version
                .clone()
                .filter(|version| !version.is_empty()),
            kind: selection.kind.clone(),
        }
    }

    /// Whether it may be in a group.
    fn may_be_in(&self, group: &str) -> bool {
        self.api_version.as_deref().is_none_or(|api_version| {
            api_version.split_once('/').map_or("", |(group, _)| group) == group
        })
    }
}

/// What is known of a kind.
#[derive(Debug, Default)]
pub(super) struct Kind {
    pub(super) known: Known,
    /// How often it is still asked for.
    tries: u8,
    /// Why the cluster could not be asked.
    broken: Option<Trouble>,
}

/// What the cluster last said of a kind.
#[derive(Debug, Default)]
pub(super) enum Known {
    /// Nothing yet.
    #[default]
    Unknown,
    /// It is served.
    Served(Resource),
    /// It is not served; the words tell what is.
    Missing(String),
}

impl Kind {
    /// Whether the cluster is asked now, and whether its last answer does not count.
    pub(super) const fn asks(&self) -> Option<bool> {
        match self.known {
            Known::Unknown => Some(self.tries > 0),
            _ if self.tries > 0 => Some(true),
            _ => None,
        }
    }

    /// What keeps those who name it from watching.
    pub(super) fn trouble(&self) -> Option<Trouble> {
        match &self.known {
            Known::Unknown => self.broken.clone(),
            Known::Served(_) => None,
            Known::Missing(message) => Some(Trouble::Unserved {
                message: message.clone(),
            }),
        }
    }

    /// The cluster could not be asked. Says whether that is news to those who wait for it.
    pub(super) fn breaks(&mut self, trouble: &Trouble) -> bool {
        let is_news = self.broken.as_ref() != Some(trouble);
        self.broken = Some(trouble.clone());
        is_news && matches!(self.known, Known::Unknown)
    }

    /// A definition of this group came, changed or went; `None`: of any group.
    pub(super) fn nudge(&mut self, name: &KindName, group: Option<&str>, is_gone: bool) -> bool {
        let is_meant = match &self.known {
            Known::Unknown => false,
            Known::Missing(_) => group.is_none_or(|group| name.may_be_in(group)),
            Known::Served(resource) => {
                let is_its = |group| resource.group == group;
                is_gone && is_custom(&resource.group) && group.is_none_or(is_its)
            }
        };
        if is_meant {
            self.tries = TRIES;
        }
        is_meant
    }

    /// Takes the cluster's answer; says whether it is another one than before.
    pub(super) fn answer(&mut self, answer: Result<Resource, String>) -> bool {
        self.broken = None;
        let before = std::mem::take(&mut self.known);
        let is_same = match (&before, &answer) {
            (Known::Served(old), Ok(new)) => old == new,
            (Known::Missing(_), Err(_)) => true,
            _ => false,
        };
        self.tries = if is_same {
            self.tries.saturating_sub(1)
        } else {
            0
        };
        self.known = match answer {
            Ok(resource) => Known::Served(resource),
            Err(message) => Known::Missing(message),
        };
        !is_same
    }

    /// Whether definitions are to be watched for its sake.
    pub(super) fn needs_definitions(&self) -> bool {
        match &self.known {
            Known::Unknown => false,
            Known::Missing(_) => true,
            Known::Served(resource) => is_custom(&resource.group),
        }
    }
}

/// Whether the kinds of a group come and go.
fn is_custom(group: &str) -> bool {
    group.contains('.') && !GROUPS.contains(&group)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn widgets() -> Resource {
        Resource::known("example.com", "v1", "Widget", "widgets", true)
    }

    fn name(api_version: Option<&str>) -> KindName {
        KindName {
            api_version: api_version.map(str::to_owned),
            kind: "widget".to_owned(),
        }
    }

    #[test]
    fn missing_kind_is_asked_for_again_only_when_definitions_move() {
        let mut kind = Kind::default();
        assert_eq!(kind.asks(), Some(false));
        assert!(kind.answer(Err("no".to_owned())));
        assert_eq!(kind.asks(), None);
        assert!(!kind.nudge(&name(Some("example.com/v1")), Some("other.com"), false));
        assert!(kind.nudge(&name(Some("example.com/v1")), Some("example.com"), false));
        for _ in 0..TRIES {
            assert_eq!(kind.asks(), Some(true));
            assert!(!kind.answer(Err("no".to_owned())));
        }
        assert_eq!(kind.asks(), None);
        assert!(kind.nudge(&name(None), Some("any.com"), false));
        assert!(kind.answer(Ok(widgets())));
        assert_eq!(kind.asks(), None);
    }

    #[test]
    fn served_kind_is_doubted_when_a_definition_goes() {
        let mut kind = Kind::default();
        kind.answer(Ok(widgets()));
        assert!(!kind.nudge(&name(None), Some("example.com"), false));
        assert!(kind.nudge(&name(None), Some("example.com"), true));
        assert!(!kind.answer(Ok(widgets())));
        assert!(kind.answer(Err("no".to_owned())));
        assert!(kind.needs_definitions());
    }

    #[test]
    fn definitions_are_watched_for_custom_kinds_alone() {
        for (group, expected) in [
            ("", false),
            ("apps", false),
            ("storage.k8s.io", false),
            ("snapshot.storage.k8s.io", true),
            ("example.com", true),
        ] {
            assert_eq!(is_custom(group), expected, "{group}");
        }
    }
}

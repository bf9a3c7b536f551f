//! What a monitor asks to see, and what it is shown.

use std::collections::BTreeSet;
use std::fmt;
use std::time::Duration;

use crate::jq::Filter;

/// Which objects are watched: a kind, and what narrows it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Selection {
    /// `v1`, `apps/v1`; `None` is the version that the cluster prefers.
    pub api_version: Option<String>,
    /// The kind in any of its names: `Pod`, `pods`, `po`; capitals do not count.
    pub kind: String,
    /// Names of objects; empty is all.
    pub names: Vec<String>,
    /// In which namespaces.
    pub namespaces: Namespaces,
    /// A label selector in the API's text form (`app=web,tier in (a,b)`); empty is all.
    pub labels: String,
    /// A field selector in the API's text form (`status.phase!=Running`); empty is all.
    pub fields: String,
}

/// `Secret registry in namespace shop with labels app=web`.
impl fmt::Display for Selection {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.kind)?;
        if !self.names.is_empty() {
            write!(out, " {}", self.names.join(", "))?;
        }
        match &self.namespaces {
            Namespaces::All => {}
            Namespaces::Named(names) => {
                let names: Vec<&str> = names.iter().map(String::as_str).collect();
                let s = if names.len() == 1 { "" } else { "s" };
                write!(out, " in namespace{s} {}", names.join(", "))?;
            }
            Namespaces::Labelled(labels) => write!(out, " in namespaces with labels {labels}")?,
        }
        for (what, selector) in [("labels", &self.labels), ("fields", &self.fields)] {
            if !selector.is_empty() {
                write!(out, " with {what} {selector}")?;
            }
        }
        Ok(())
    }
}

/// Which namespaces are watched.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Namespaces {
    /// The whole cluster, and every object of a kind that has no namespaces.
    All,
    /// These.
    Named(BTreeSet<String>),
    /// Those with such labels, as they come and go: a label selector in the API's text form.
    Labelled(String),
}

/// The name of a monitor while the operator runs; never used twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MonitorId(pub u64);

/// One listener: what it watches, and what is kept of each object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Monitor {
    /// Its name.
    pub id: MonitorId,
    /// What it watches.
    pub selection: Selection,
    /// What is taken from each object; a change elsewhere in the object is no event.
    pub filter: Option<Filter>,
    /// Whether the objects themselves are kept beside their filter results.
    pub keep_full: bool,
    /// After which time all objects are listed anew; `None` for never. Of those who share a stream the
    /// shortest counts.
    pub resynchronization: Option<Duration>,
}

/// What happened to an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum WatchEvent {
    /// It is new to the selection.
    Added,
    /// It changed.
    Modified,
    /// It is gone, or no longer in the selection.
    Deleted,
}

impl WatchEvent {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Added, Self::Modified, Self::Deleted];

    /// The word in the API and in binding contexts.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Added => "Added",
            Self::Modified => "Modified",
            Self::Deleted => "Deleted",
        }
    }
}

/// What a monitor keeps of one object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// `v1`, `apps/v1`.
    pub api_version: String,
    /// The kind as the API spells it.
    pub kind: String,
    /// `None` for what lives in no namespace.
    pub namespace: Option<String>,
    /// The name.
    pub name: String,
    /// The object as compact JSON without `managedFields`; `None` when full objects are not kept.
    pub object: Option<Box<str>>,
    /// What the filter took from it, as compact JSON; `None` without a filter.
    pub filter_result: Option<Box<str>>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn selections_are_told_in_words() {
        let all = Selection {
            api_version: None,
            kind: "Secret".to_owned(),
            names: Vec::new(),
            namespaces: Namespaces::All,
            labels: String::new(),
            fields: String::new(),
        };
        let one = Selection {
            names: vec!["registry".to_owned()],
            namespaces: Namespaces::Named(["shop".to_owned()].into()),
            ..all.clone()
        };
        let chosen = Selection {
            namespaces: Namespaces::Labelled("team=a".to_owned()),
            labels: "app=web".to_owned(),
            fields: "type=Opaque".to_owned(),
            ..all.clone()
        };
        for (selection, text) in [
            (all, "Secret"),
            (one, "Secret registry in namespace shop"),
            (
                chosen,
                "Secret in namespaces with labels team=a with labels app=web with fields type=Opaque",
            ),
        ] {
            assert_eq!(selection.to_string(), text);
        }
    }
}

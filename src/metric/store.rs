//! The families of a registry by name, and what may stand beside what.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::Refusal;
use super::cell::{Cell, Distribution, Number};
use super::family::{Core, Declaration, Kind};
use super::operation::Sample;

/// How many families a registry holds at most: far more than a program and its hooks name on purpose.
const FAMILY_LIMIT: usize = 5_000;

/// What the text format appends to the name of a histogram.
const SUFFIXES: [&str; 3] = ["_bucket", "_sum", "_count"];

/// All families.
#[derive(Debug)]
pub(super) struct Store {
    families: BTreeMap<String, Entry>,
    series_limit: usize,
    /// Counts what the limit kept out.
    dropped: Arc<Core<Number>>,
}

#[derive(Debug)]
struct Entry {
    family: AnyFamily,
    /// Somebody may hold a handle on it, so it stays when it is empty.
    is_registered: bool,
}

#[derive(Debug)]
pub(super) enum AnyFamily {
    Number(Arc<Core<Number>>),
    Distribution(Arc<Core<Distribution>>),
}

/// A cell whose families a store can hold.
pub(super) trait Storable: Cell {
    fn into_any(core: Arc<Core<Self>>) -> AnyFamily;
    fn from_any(family: &AnyFamily) -> Option<&Arc<Core<Self>>>;
}

/// What a family is to be.
pub(super) struct Wanted<'a, S> {
    pub(super) kind: Kind,
    pub(super) help: &'a str,
    pub(super) labels: &'a [&'a str],
    pub(super) shape: S,
}

impl Store {
    /// An empty store; `dropped` is the full name of the counter of what the limit kept out.
    pub(super) fn new(dropped: &str, series_limit: usize) -> Self {
        let core = Arc::new(Core::new(
            Declaration {
                name: dropped.to_owned(),
                help: "Uses of series that were not kept because their metric has too many."
                    .to_owned(),
                kind: Kind::Counter,
                shape: (),
                limit: FAMILY_LIMIT,
                dropped: None,
            },
            vec!["metric".to_owned()],
        ));
        let entry = Entry {
            family: Number::into_any(Arc::clone(&core)),
            is_registered: true,
        };
        Self {
            families: BTreeMap::from([(dropped.to_owned(), entry)]),
            series_limit,
            dropped: core,
        }
    }

    /// The family of this name for a room that keeps it, made when it is not there.
    pub(super) fn register<C: Storable>(
        &mut self,
        name: &str,
        wanted: Wanted<'_, C::Shape>,
    ) -> Result<Arc<Core<C>>, Refusal> {
        let shape = wanted.shape.clone();
        let core = self.family::<C>(name, wanted)?;
        if *core.shape() != shape {
            return Err(Refusal::OtherBuckets);
        }
        if let Some(entry) = self.families.get_mut(name) {
            entry.is_registered = true;
        }
        Ok(core)
    }

    /// The series that a sample is written to, made when it is not there.
    pub(super) fn series<C: Storable>(
        &mut self,
        name: &str,
        kind: Kind,
        shape: C::Shape,
        sample: &Sample,
    ) -> Result<Arc<C>, Refusal> {
        let labels: Vec<&str> = sample.labels.keys().map(String::as_str).collect();
        let wanted = Wanted {
            kind,
            help: "",
            labels: &labels,
            shape,
        };
        let core = self.family::<C>(name, wanted)?;
        let pairs: Vec<(&str, &str)> = sample
            .labels
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        core.series(&pairs, sample.group.as_deref())
            .map_err(|_unseen| Refusal::TooManySeries(self.series_limit))
    }

    /// Removes the series of these groups.
    pub(super) fn expire(&mut self, groups: &BTreeSet<&str>) {
        for entry in self.families.values() {
            entry.family.expire(groups);
        }
        self.forget_empty();
    }

    /// Forgets families that hooks made and that hold nothing, so that a name can come back as
    /// something else.
    pub(super) fn forget_empty(&mut self) {
        self.families
            .retain(|_, entry| entry.is_registered || !entry.family.is_empty());
    }

    pub(super) fn text(&self) -> String {
        let mut out = String::new();
        for entry in self.families.values() {
            entry.family.write_text(&mut out);
        }
        out
    }

    fn family<C: Storable>(
        &mut self,
        name: &str,
        wanted: Wanted<'_, C::Shape>,
    ) -> Result<Arc<Core<C>>, Refusal> {
        check_names(name, &wanted)?;
        let labels = wanted.labels;
        let core = if let Some(entry) = self.families.get(name) {
            C::from_any(&entry.family)
                .filter(|core| core.kind() == wanted.kind)
                .map(Arc::clone)
                .ok_or(Refusal::OtherType(entry.family.kind().as_str()))?
        } else {
            self.add(name, wanted)?
        };
        core.grow(labels)?;
        Ok(core)
    }

    fn add<C: Storable>(
        &mut self,
        name: &str,
        wanted: Wanted<'_, C::Shape>,
    ) -> Result<Arc<Core<C>>, Refusal> {
        if let Some(other) = self.lookalike(name, wanted.kind) {
            return Err(Refusal::Ambiguous(other));
        }
        if self.families.len() >= FAMILY_LIMIT {
            return Err(Refusal::TooManyFamilies(FAMILY_LIMIT));
        }
        let core = Arc::new(Core::new(
            Declaration {
                name: name.to_owned(),
                help: wanted.help.to_owned(),
                kind: wanted.kind,
                shape: wanted.shape,
                limit: self.series_limit,
                dropped: Some(Arc::clone(&self.dropped)),
            },
            Vec::new(),
        ));
        let entry = Entry {
            family: C::into_any(Arc::clone(&core)),
            is_registered: false,
        };
        self.families.insert(name.to_owned(), entry);
        Ok(core)
    }

    /// The family whose lines would have the same name as lines of this one.
    fn lookalike(&self, name: &str, kind: Kind) -> Option<String> {
        let is_histogram = |base: &str| {
            self.families
                .get(base)
                .is_some_and(|entry| entry.family.kind() == Kind::Histogram)
        };
        let mut bases = SUFFIXES
            .iter()
            .filter_map(|suffix| name.strip_suffix(suffix));
        if let Some(base) = bases.find(|base| is_histogram(base)) {
            return Some(base.to_owned());
        }
        let mut longer = SUFFIXES.iter().map(|suffix| format!("{name}{suffix}"));
        longer.find(|other| kind == Kind::Histogram && self.families.contains_key(other))
    }
}

impl AnyFamily {
    fn kind(&self) -> Kind {
        match self {
            Self::Number(core) => core.kind(),
            Self::Distribution(core) => core.kind(),
        }
    }

    fn expire(&self, groups: &BTreeSet<&str>) {
        match self {
            Self::Number(core) => core.expire(groups),
            Self::Distribution(core) => core.expire(groups),
        }
    }

    fn is_empty(&self) -> bool {
        match self {
            Self::Number(core) => core.is_empty(),
            Self::Distribution(core) => core.is_empty(),
        }
    }

    fn write_text(&self, out: &mut String) {
        match self {
            Self::Number(core) => core.write_text(out),
            Self::Distribution(core) => core.write_text(out),
        }
    }
}

impl Storable for Number {
    fn into_any(core: Arc<Core<Self>>) -> AnyFamily {
        AnyFamily::Number(core)
    }

    fn from_any(family: &AnyFamily) -> Option<&Arc<Core<Self>>> {
        match family {
            AnyFamily::Number(core) => Some(core),
            AnyFamily::Distribution(_) => None,
        }
    }
}

impl Storable for Distribution {
    fn into_any(core: Arc<Core<Self>>) -> AnyFamily {
        AnyFamily::Distribution(core)
    }

    fn from_any(family: &AnyFamily) -> Option<&Arc<Core<Self>>> {
        match family {
            AnyFamily::Distribution(core) => Some(core),
            AnyFamily::Number(_) => None,
        }
    }
}

fn check_names<S>(name: &str, wanted: &Wanted<'_, S>) -> Result<(), Refusal> {
    if !is_name(name, |letter| letter == '_' || letter == ':') {
        return Err(Refusal::BadName);
    }
    let mut seen = BTreeSet::new();
    for label in wanted.labels {
        let is_reserved =
            label.starts_with("__") || (*label == "le" && wanted.kind == Kind::Histogram);
        if is_reserved || !is_name(label, |letter| letter == '_') {
            return Err(Refusal::BadLabel((*label).to_owned()));
        }
        if !seen.insert(label) {
            return Err(Refusal::RepeatedLabel((*label).to_owned()));
        }
    }
    Ok(())
}

fn is_name(text: &str, is_extra: impl Fn(char) -> bool) -> bool {
    let is_good = |letter: char| letter.is_ascii_alphanumeric() || is_extra(letter);
    let starts_well = text
        .chars()
        .next()
        .is_some_and(|first| !first.is_ascii_digit());
    starts_well && text.chars().all(is_good)
}

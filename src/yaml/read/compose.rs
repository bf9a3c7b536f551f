//! The tree as it was written → the value it means: aliases, merge keys, duplicate keys, tags.

use serde_json::Value;

use super::budget::Budget;
use super::keys::{Keep, refuse_duplicates, unique};
use super::parse::{Kind, Style, Tree};
use crate::yaml::number::{self, Numeric};
use crate::yaml::resolve::{self, Meaning, Tagged};
use crate::yaml::{Data, Entry, Error, MAX_DEPTH, Node, Place, Profile};

/// Makes the value of a tree; of an empty one, null.
pub(super) fn compose(tree: Tree, profile: Profile) -> Result<Node, Error> {
    let mut composer = Composer {
        tree,
        profile,
        budget: Budget::default(),
        depth: 0,
    };
    if composer.tree.nodes.is_empty() {
        let place = Place { line: 1, column: 1 };
        let data = Data::Scalar(Value::Null);
        return Ok(Node { place, data });
    }
    composer.node(0)
}

struct Composer {
    tree: Tree,
    profile: Profile,
    budget: Budget,
    depth: usize,
}

impl Composer {
    fn node(&mut self, at: usize) -> Result<Node, Error> {
        let raw = &self.tree.nodes[at];
        let place = raw.place;
        self.budget.count(place)?;
        let data = match &raw.kind {
            Kind::Scalar { .. } => Data::Scalar(self.scalar(at)?),
            Kind::Sequence => Data::Sequence(self.nested(at, Self::items)?),
            Kind::Mapping => Data::Mapping(self.nested(at, Self::entries)?),
            Kind::Alias { target } => {
                let target = *target;
                return self.aliased(|composer| composer.node(target));
            }
        };
        Ok(Node { place, data })
    }

    /// Aliases may lead deeper than the text itself nests.
    fn nested<T>(
        &mut self,
        at: usize,
        read: impl FnOnce(&mut Self, usize) -> Result<T, Error>,
    ) -> Result<T, Error> {
        if self.depth == MAX_DEPTH {
            return Err(Error::too_deep(self.tree.nodes[at].place));
        }
        self.depth += 1;
        let result = read(self, at);
        self.depth -= 1;
        result
    }

    fn aliased<T>(&mut self, read: impl FnOnce(&mut Self) -> Result<T, Error>) -> Result<T, Error> {
        self.budget.enter_alias();
        let result = read(self);
        self.budget.leave_alias();
        result
    }

    fn scalar(&mut self, at: usize) -> Result<Value, Error> {
        let meaning = self.meaning(at)?;
        let value = match meaning {
            Tagged::Decoded(text) => Value::String(text),
            Tagged::Plain(Meaning::Null) => Value::Null,
            Tagged::Plain(Meaning::Bool(truth)) => Value::Bool(truth),
            Tagged::Plain(Meaning::Number(numeric)) => number::to_json(numeric)
                .ok_or_else(|| not_finite(self.tree.nodes[at].place, numeric))?,
            Tagged::Plain(Meaning::Text | Meaning::Timestamp | Meaning::Merge) => {
                Value::String(self.text(at)?)
            }
        };
        Ok(value)
    }

    fn meaning(&self, at: usize) -> Result<Tagged, Error> {
        let raw = &self.tree.nodes[at];
        let Kind::Scalar { text, tag, style } = &raw.kind else {
            return Ok(Tagged::Plain(Meaning::Null));
        };
        match (tag.as_deref(), style) {
            (Some(tag), _) if self.is_tag(tag) => resolve::tagged(tag, text, self.profile)
                .map_err(|mismatch| Error::mismatch(raw.place, &mismatch.0)),
            (_, Style::Plain) => Ok(Tagged::Plain(resolve::plain(text, self.profile))),
            (_, Style::Quoted) => Ok(Tagged::Plain(Meaning::Text)),
        }
    }

    /// `!` alone makes a string in v2 and nothing in v3.
    fn is_tag(&self, tag: &str) -> bool {
        tag != "!" || self.profile == Profile::V2
    }

    /// The text of a scalar: taken out of the tree unless an alias may need it again.
    fn text(&mut self, at: usize) -> Result<String, Error> {
        let is_shared = self.tree.has_aliases;
        let raw = &mut self.tree.nodes[at];
        let Kind::Scalar { text, .. } = &mut raw.kind else {
            return Ok(String::new());
        };
        if !is_shared {
            return Ok(std::mem::take(text));
        }
        self.budget.copy(text.len(), raw.place)?;
        Ok(text.clone())
    }

    fn items(&mut self, at: usize) -> Result<Vec<Node>, Error> {
        let end = self.tree.nodes[at].end;
        let mut items = Vec::new();
        let mut next = at + 1;
        while next < end {
            items.push(self.node(next)?);
            next = self.tree.nodes[next].end;
        }
        Ok(items)
    }

    /// The entries of a mapping, each key once.
    fn entries(&mut self, at: usize) -> Result<Vec<Entry>, Error> {
        let end = self.tree.nodes[at].end;
        let mut entries = Vec::new();
        let mut merged = Vec::new();
        let mut merge_key = None;
        let mut next = at + 1;
        while next < end {
            let value = self.tree.nodes[next].end;
            if !self.is_merge(next) {
                entries.push(self.entry(at, next, value)?);
            } else if self.profile == Profile::V2 {
                // In place: a key before `<<` gives way to the merged one.
                self.merge(value, &mut entries)?;
            } else {
                let place = self.tree.nodes[next].place;
                if let Some(first) = merge_key.replace(place) {
                    return Err(Error::duplicate_key(place, "<<", first));
                }
                self.merge(value, &mut merged)?;
            }
            next = self.tree.nodes[value].end;
        }
        if self.profile == Profile::V2 {
            return Ok(unique(entries, Keep::Last));
        }
        refuse_duplicates(&entries)?;
        if merged.is_empty() {
            return Ok(entries);
        }
        entries.append(&mut merged);
        Ok(unique(entries, Keep::First))
    }

    fn entry(&mut self, mapping: usize, key: usize, value: usize) -> Result<Entry, Error> {
        let place = self.tree.nodes[key].place;
        let key = self.key(mapping, key)?;
        let node = self.node(value)?;
        match key {
            Key::Text(key) => Ok(Entry { key, place, node }),
            Key::Null => Err(Error::null_key(place, &node.into_value())),
            Key::Large(number) => Err(Error::large_key(place, number, &node.into_value())),
        }
    }

    /// A key as `sigs.k8s.io/yaml` makes a string of it.
    fn key(&mut self, mapping: usize, at: usize) -> Result<Key, Error> {
        let raw = &self.tree.nodes[at];
        let place = raw.place;
        self.budget.count(place)?;
        match &raw.kind {
            Kind::Scalar { .. } => {}
            Kind::Alias { target } => {
                let target = *target;
                return self.aliased(|composer| composer.key(mapping, target));
            }
            Kind::Sequence | Kind::Mapping => {
                let opening = self.tree.nodes[mapping].place;
                let is_template = opening.line == place.line && opening.column + 1 == place.column;
                let key = self.node(at)?.into_value();
                return Err(Error::collection_key(place, is_template, &key));
            }
        }
        let text = match self.meaning(at)? {
            Tagged::Plain(Meaning::Null) => return Ok(Key::Null),
            Tagged::Plain(Meaning::Number(Numeric::Unsigned(number))) => {
                return Ok(Key::Large(number));
            }
            Tagged::Plain(Meaning::Bool(truth)) => truth.to_string(),
            Tagged::Plain(Meaning::Number(Numeric::Integer(integer))) => integer.to_string(),
            Tagged::Plain(Meaning::Number(Numeric::Float(float))) => number::to_key(float),
            Tagged::Plain(Meaning::Text | Meaning::Timestamp | Meaning::Merge) => self.text(at)?,
            Tagged::Decoded(text) => text,
        };
        Ok(Key::Text(text))
    }

    fn is_merge(&self, at: usize) -> bool {
        let Kind::Scalar { text, tag, style } = &self.tree.nodes[at].kind else {
            return false;
        };
        text == "<<"
            && match tag.as_deref() {
                None => *style == Style::Plain,
                Some("!") => *style == Style::Plain || self.profile == Profile::V2,
                Some(tag) => tag == MERGE_TAG,
            }
    }

    /// Adds what stands behind `<<`: a mapping, or a list of them, of which the first has its way.
    fn merge(&mut self, at: usize, into: &mut Vec<Entry>) -> Result<(), Error> {
        if !matches!(self.tree.nodes[at].kind, Kind::Sequence) {
            return self.merge_mapping(at, into);
        }
        let end = self.tree.nodes[at].end;
        let mut items = Vec::new();
        let mut next = at + 1;
        while next < end {
            items.push(next);
            next = self.tree.nodes[next].end;
        }
        if self.profile == Profile::V2 {
            // There the last one has its way.
            items.reverse();
        }
        for item in items {
            self.merge_mapping(item, into)?;
        }
        Ok(())
    }

    fn merge_mapping(&mut self, at: usize, into: &mut Vec<Entry>) -> Result<(), Error> {
        let raw = &self.tree.nodes[at];
        let place = raw.place;
        let target = match raw.kind {
            Kind::Alias { target } => Some(target),
            _ => None,
        };
        let mapping = target.unwrap_or(at);
        if !matches!(self.tree.nodes[mapping].kind, Kind::Mapping) {
            return Err(Error::merge(place));
        }
        self.budget.count(place)?;
        let mut merged = match target {
            None => self.nested(at, Self::entries)?,
            Some(target) => self.aliased(|composer| {
                composer.budget.count(place)?;
                composer.nested(target, Self::entries)
            })?,
        };
        into.append(&mut merged);
        Ok(())
    }
}

/// A key, or what go-yaml refuses as one once it has seen the value.
enum Key {
    Text(String),
    Null,
    Large(u64),
}

const MERGE_TAG: &str = "tag:yaml.org,2002:merge";

fn not_finite(place: Place, numeric: Numeric) -> Error {
    let printed = match numeric {
        Numeric::Float(float) if float.is_nan() => "NaN",
        Numeric::Float(float) if float < 0.0 => "-Inf",
        _ => "+Inf",
    };
    Error::not_finite(place, printed)
}

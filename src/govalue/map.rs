//! Maps of Go: shared by all who hold them, changed in place.

use std::cell::{Ref, RefCell};
use std::collections::BTreeMap;
use std::fmt;
use std::rc::Rc;

use super::{Text, Value};

/// A map with strings as keys. Clones are the same map.
#[derive(Clone)]
pub struct Map(Rc<Content>);

struct Content {
    kind: MapKind,
    entries: RefCell<BTreeMap<Text, Value>>,
    /// The map that holds the entries, when this one only has another type.
    of: Option<Map>,
}

/// The type of a map, as far as templates can tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MapKind {
    /// `map[string]interface {}`
    Any,
    /// `map[string]string`
    Text,
    /// A named type over `map[string]interface {}`: `chartutil.Values`. Goes where such a map is wanted.
    Values,
    /// Anything else: the name of its type, and whether its values are interfaces.
    Other(&'static str),
}

impl MapKind {
    /// The name of the type in Go.
    pub fn type_name(self) -> &'static str {
        match self {
            Self::Any => "map[string]interface {}",
            Self::Text => "map[string]string",
            Self::Values => "chartutil.Values",
            Self::Other(name) => name,
        }
    }
}

impl Map {
    /// A map of a kind with these entries.
    pub fn new(kind: MapKind, entries: BTreeMap<Text, Value>) -> Self {
        let entries = RefCell::new(entries);
        let of = None;
        Self(Rc::new(Content { kind, entries, of }))
    }

    /// The same map with another type, as Go converts one named type into another: what is changed in
    /// one is changed in both.
    #[must_use]
    pub fn viewed_as(&self, kind: MapKind) -> Self {
        Self(Rc::new(Content {
            kind,
            entries: RefCell::default(),
            of: Some(self.of().clone()),
        }))
    }

    /// The map that holds the entries.
    fn of(&self) -> &Self {
        self.0.of.as_ref().unwrap_or(self)
    }

    fn held(&self) -> &RefCell<BTreeMap<Text, Value>> {
        &self.of().0.entries
    }

    /// An empty `map[string]interface {}`.
    pub fn any() -> Self {
        Self::new(MapKind::Any, BTreeMap::new())
    }

    /// Its type.
    pub fn kind(&self) -> MapKind {
        self.0.kind
    }

    /// The value of a key.
    pub fn get(&self, key: &[u8]) -> Option<Value> {
        self.held().borrow().get(key).cloned()
    }

    /// Sets a key, for all who hold the map. The caller sees to it that a map which then contains itself
    /// is freed: [`super::Context::note_change`].
    pub fn insert(&self, key: impl Into<Text>, value: Value) {
        self.held().borrow_mut().insert(key.into(), value);
    }

    /// Removes a key, for all who hold the map.
    pub fn remove(&self, key: &[u8]) -> Option<Value> {
        self.held().borrow_mut().remove(key)
    }

    /// Removes everything: what contains itself is freed so.
    pub fn clear(&self) {
        // The values are dropped when the map is no longer borrowed: one of them may be this map.
        let entries = std::mem::take(&mut *self.held().borrow_mut());
        drop(entries);
    }

    /// How many keys it has.
    pub fn len(&self) -> usize {
        self.held().borrow().len()
    }

    /// Whether it has no key.
    pub fn is_empty(&self) -> bool {
        self.held().borrow().is_empty()
    }

    /// Its entries in the order of their bytes, to look at. Nothing that may change the map is called
    /// while they are held.
    pub fn entries(&self) -> Ref<'_, BTreeMap<Text, Value>> {
        self.held().borrow()
    }

    /// Its entries as they are now, in the order of their bytes.
    pub fn snapshot(&self) -> Vec<(Text, Value)> {
        let entries = self.held().borrow();
        let pairs = entries.iter();
        pairs
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect()
    }

    /// Whether both are one and the same map.
    pub fn is_same(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.of().0, &other.of().0)
    }
}

/// A map may contain itself, so its values are not shown.
impl fmt::Debug for Map {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}({} keys)", self.kind().type_name(), self.len())
    }
}

impl FromIterator<(Text, Value)> for Map {
    fn from_iter<I: IntoIterator<Item = (Text, Value)>>(entries: I) -> Self {
        Self::new(MapKind::Any, entries.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_map_of_another_type_is_the_same_map() {
        let map = Map::any();
        let viewed = map.viewed_as(MapKind::Values);
        viewed.insert("a", Value::Bool(true));
        assert_eq!(map.len(), 1);
        assert!(viewed.viewed_as(MapKind::Any).is_same(&map));
        assert_eq!((map.kind(), viewed.kind()), (MapKind::Any, MapKind::Values));
        viewed.clear();
        assert!(map.is_empty());
    }
}

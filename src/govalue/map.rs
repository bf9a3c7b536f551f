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
    is_nil: bool,
    entries: RefCell<BTreeMap<Text, Value>>,
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
        Self(Rc::new(Content {
            kind,
            is_nil: false,
            entries,
        }))
    }

    /// A nil map: it behaves as an empty one does, but is `null` in JSON, and Go panics when a key of it
    /// is set (`assignment to entry in nil map`), which its callers see to.
    pub fn nil(kind: MapKind) -> Self {
        Self(Rc::new(Content {
            kind,
            is_nil: true,
            entries: RefCell::default(),
        }))
    }

    /// Whether it is a nil map.
    pub fn is_nil(&self) -> bool {
        self.0.is_nil
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
        self.0.entries.borrow().get(key).cloned()
    }

    /// Sets a key, for all who hold the map. The caller sees to it that a map which then contains itself
    /// is freed: [`super::Context::note_change`].
    pub fn insert(&self, key: impl Into<Text>, value: Value) {
        self.0.entries.borrow_mut().insert(key.into(), value);
    }

    /// Removes a key, for all who hold the map.
    pub fn remove(&self, key: &[u8]) -> Option<Value> {
        self.0.entries.borrow_mut().remove(key)
    }

    /// Removes everything: what contains itself is freed so.
    pub fn clear(&self) {
        // The values are dropped when the map is no longer borrowed: one of them may be this map.
        let entries = std::mem::take(&mut *self.0.entries.borrow_mut());
        drop(entries);
    }

    /// How many keys it has.
    pub fn len(&self) -> usize {
        self.0.entries.borrow().len()
    }

    /// Whether it has no key.
    pub fn is_empty(&self) -> bool {
        self.0.entries.borrow().is_empty()
    }

    /// Its entries in the order of their bytes, to look at. Nothing that may change the map is called
    /// while they are held.
    pub fn entries(&self) -> Ref<'_, BTreeMap<Text, Value>> {
        self.0.entries.borrow()
    }

    /// Its entries as they are now, in the order of their bytes.
    pub fn snapshot(&self) -> Vec<(Text, Value)> {
        let entries = self.0.entries.borrow();
        let pairs = entries.iter();
        pairs
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect()
    }

    /// Whether both are one and the same map.
    pub fn is_same(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
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

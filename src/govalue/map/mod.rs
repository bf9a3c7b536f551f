//! Maps of Go: shared by all who hold them, changed in place.

mod values;

use std::cell::{Ref, RefCell};
use std::collections::BTreeMap;
use std::fmt;
use std::rc::Rc;

use super::{Function, Text, Value, grow_stack};

/// A map with strings as keys. Clones are the same map.
#[derive(Clone)]
pub struct Map {
    kind: MapKind,
    content: Rc<Content>,
}

struct Content {
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
    /// Any other type.
    Named(&'static MapType),
}

/// A type of maps.
pub struct MapType {
    /// Its name in Go: `engine.files`.
    pub type_name: &'static str,
    /// Its methods. The receiver is their first argument, which `parameters` does not name.
    pub methods: &'static [Function],
}

impl fmt::Debug for MapType {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.type_name)
    }
}

/// Types are told apart by their names.
impl PartialEq for MapType {
    fn eq(&self, other: &Self) -> bool {
        self.type_name == other.type_name
    }
}

impl Eq for MapType {}

impl MapKind {
    /// The name of the type in Go.
    pub fn type_name(self) -> &'static str {
        match self {
            Self::Any => "map[string]interface {}",
            Self::Text => "map[string]string",
            Self::Values => "chartutil.Values",
            Self::Named(named) => named.type_name,
        }
    }

    /// The methods of the type.
    pub fn methods(self) -> &'static [Function] {
        match self {
            Self::Values => &values::METHODS,
            Self::Named(named) => named.methods,
            Self::Any | Self::Text => &[],
        }
    }
}

/// Maps nest as deep as a template makes them.
impl Drop for Content {
    fn drop(&mut self) {
        let entries = std::mem::take(self.entries.get_mut());
        if !entries.is_empty() {
            grow_stack(|| drop(entries));
        }
    }
}

impl Map {
    /// A map of a kind with these entries.
    pub fn new(kind: MapKind, entries: BTreeMap<Text, Value>) -> Self {
        Self::build(kind, false, entries)
    }

    /// A nil map: it behaves as an empty one does, but is `null` in JSON, and Go panics when a key of it
    /// is set (`assignment to entry in nil map`), which its callers see to.
    pub fn nil(kind: MapKind) -> Self {
        Self::build(kind, true, BTreeMap::new())
    }

    fn build(kind: MapKind, is_nil: bool, entries: BTreeMap<Text, Value>) -> Self {
        let entries = RefCell::new(entries);
        let content = Rc::new(Content { is_nil, entries });
        Self { kind, content }
    }

    /// Whether it is a nil map.
    pub fn is_nil(&self) -> bool {
        self.content.is_nil
    }

    /// An empty `map[string]interface {}`.
    pub fn any() -> Self {
        Self::new(MapKind::Any, BTreeMap::new())
    }

    /// Its type.
    pub fn kind(&self) -> MapKind {
        self.kind
    }

    /// The same map as another type, as Go converts one named type into another: what is changed in one
    /// is changed in both.
    #[must_use]
    pub fn viewed_as(&self, kind: MapKind) -> Self {
        let content = Rc::clone(&self.content);
        Self { kind, content }
    }

    /// The value of a key.
    pub fn get(&self, key: &[u8]) -> Option<Value> {
        self.content.entries.borrow().get(key).cloned()
    }

    /// Sets a key, for all who hold the map. The caller sees to it that a map which then contains itself
    /// is freed: [`crate::govalue::World::note_change`].
    pub fn insert(&self, key: impl Into<Text>, value: Value) {
        self.content.entries.borrow_mut().insert(key.into(), value);
    }

    /// Removes a key, for all who hold the map.
    pub fn remove(&self, key: &[u8]) -> Option<Value> {
        self.content.entries.borrow_mut().remove(key)
    }

    /// Removes everything: what contains itself is freed so.
    pub fn clear(&self) {
        // The values are dropped when the map is no longer borrowed: one of them may be this map.
        let entries = std::mem::take(&mut *self.content.entries.borrow_mut());
        drop(entries);
    }

    /// How many keys it has.
    pub fn len(&self) -> usize {
        self.content.entries.borrow().len()
    }

    /// Whether it has no key.
    pub fn is_empty(&self) -> bool {
        self.content.entries.borrow().is_empty()
    }

    /// Its entries in the order of their bytes, to look at. Nothing that may change the map is called
    /// while they are held.
    pub fn entries(&self) -> Ref<'_, BTreeMap<Text, Value>> {
        self.content.entries.borrow()
    }

    /// Its entries as they are now, in the order of their bytes.
    pub fn snapshot(&self) -> Vec<(Text, Value)> {
        let entries = self.content.entries.borrow();
        let pairs = entries.iter();
        pairs
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect()
    }

    /// Whether both are one and the same map.
    pub fn is_same(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.content, &other.content)
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

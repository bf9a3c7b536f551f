//! Maps of Go: shared by all who hold them, changed in place.

mod values;

use std::cell::{Ref, RefCell};
use std::collections::BTreeMap;
use std::fmt;
use std::rc::Rc;

use super::{Function, Text, Value};

/// A map with strings as keys. Clones are the same map.
#[derive(Clone)]
pub struct Map {
    kind: MapKind,
    entries: Rc<RefCell<BTreeMap<Text, Value>>>,
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
            Self::Values => values::METHODS,
            Self::Named(named) => named.methods,
            Self::Any | Self::Text => &[],
        }
    }
}

impl Map {
    /// A map of a kind with these entries.
    pub fn new(kind: MapKind, entries: BTreeMap<Text, Value>) -> Self {
        let entries = Rc::new(RefCell::new(entries));
        Self { kind, entries }
    }

    /// An empty `map[string]interface {}`.
    pub fn any() -> Self {
        Self::new(MapKind::Any, BTreeMap::new())
    }

    /// Its type.
    pub fn kind(&self) -> MapKind {
        self.kind
    }

    /// The same map as another type: what changes in one changes in the other.
    #[must_use]
    pub fn with_kind(&self, kind: MapKind) -> Self {
        let entries = Rc::clone(&self.entries);
        Self { kind, entries }
    }

    /// The value of a key.
    pub fn get(&self, key: &[u8]) -> Option<Value> {
        self.entries.borrow().get(key).cloned()
    }

    /// Sets a key, for all who hold the map. The caller sees to it that a map which then contains itself
    /// is freed: [`super::Context::note_change`].
    pub fn insert(&self, key: impl Into<Text>, value: Value) {
        self.entries.borrow_mut().insert(key.into(), value);
    }

    /// Removes a key, for all who hold the map.
    pub fn remove(&self, key: &[u8]) -> Option<Value> {
        self.entries.borrow_mut().remove(key)
    }

    /// Removes everything: what contains itself is freed so.
    pub fn clear(&self) {
        // The values are dropped when the map is no longer borrowed: one of them may be this map.
        let entries = std::mem::take(&mut *self.entries.borrow_mut());
        drop(entries);
    }

    /// How many keys it has.
    pub fn len(&self) -> usize {
        self.entries.borrow().len()
    }

    /// Whether it has no key.
    pub fn is_empty(&self) -> bool {
        self.entries.borrow().is_empty()
    }

    /// Its entries in the order of their bytes, to look at. Nothing that may change the map is called
    /// while they are held.
    pub fn entries(&self) -> Ref<'_, BTreeMap<Text, Value>> {
        self.entries.borrow()
    }

    /// Its entries as they are now, in the order of their bytes.
    pub fn snapshot(&self) -> Vec<(Text, Value)> {
        let entries = self.entries.borrow();
        let pairs = entries.iter();
        pairs
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect()
    }

    /// Whether both are one and the same map.
    pub fn is_same(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.entries, &other.entries)
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

//! Slices of Go. Nothing in a template changes one in place, so they are shared as they are.

use std::fmt;
use std::ops::Deref;
use std::rc::Rc;

use super::{Function, Value, grow_stack};

/// A slice.
#[derive(Clone, Debug)]
pub struct List(Rc<Content>);

#[derive(Debug)]
struct Content {
    element: Element,
    items: Vec<Value>,
    is_nil: bool,
}

/// The type of a slice's elements, as far as templates can tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Element {
    /// `interface {}`
    Any,
    /// `string`
    Text,
    /// `int`
    Int,
    /// `map[string]interface {}`
    Map,
    /// Anything else without methods: the name of the slice's type.
    Other(&'static str),
    /// A named type with methods.
    Named(&'static SliceType),
}

/// A named type of slices.
pub struct SliceType {
    /// Its name in Go: `chartutil.VersionSet`.
    pub type_name: &'static str,
    /// Its methods. The receiver is their first argument, which `parameters` does not name.
    pub methods: &'static [Function],
}

impl fmt::Debug for SliceType {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.type_name)
    }
}

/// Types are told apart by their names.
impl PartialEq for SliceType {
    fn eq(&self, other: &Self) -> bool {
        self.type_name == other.type_name
    }
}

impl Eq for SliceType {}

impl Element {
    /// The name of a slice of it: `[]string`.
    pub fn slice_name(self) -> &'static str {
        match self {
            Self::Any => "[]interface {}",
            Self::Text => "[]string",
            Self::Int => "[]int",
            Self::Map => "[]map[string]interface {}",
            Self::Other(name) => name,
            Self::Named(named) => named.type_name,
        }
    }

    /// The methods of a slice of it.
    pub fn methods(self) -> &'static [Function] {
        match self {
            Self::Named(named) => named.methods,
            _ => &[],
        }
    }
}

/// Lists nest as deep as a template makes them.
impl Drop for Content {
    fn drop(&mut self) {
        if !self.items.is_empty() {
            let items = std::mem::take(&mut self.items);
            grow_stack(|| drop(items));
        }
    }
}

impl List {
    /// A slice of these items, which must be of the element's type.
    pub fn new(element: Element, items: Vec<Value>) -> Self {
        Self(Rc::new(Content {
            element,
            items,
            is_nil: false,
        }))
    }

    /// A nil slice: it behaves as an empty one does, but is `null` in JSON.
    pub fn nil(element: Element) -> Self {
        Self(Rc::new(Content {
            element,
            items: Vec::new(),
            is_nil: true,
        }))
    }

    /// Whether it is a nil slice.
    pub fn is_nil(&self) -> bool {
        self.0.is_nil
    }

    /// The type of its elements.
    pub fn element(&self) -> Element {
        self.0.element
    }
}

impl Deref for List {
    type Target = [Value];

    fn deref(&self) -> &[Value] {
        &self.0.items
    }
}

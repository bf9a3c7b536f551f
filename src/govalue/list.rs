//! Slices of Go. Nothing in a template changes one in place, so they are shared as they are.

use std::ops::Deref;
use std::rc::Rc;

use super::Value;

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
    /// Anything else: the name of the slice's type.
    Other(&'static str),
}

impl Element {
    /// The name of a slice of it: `[]string`.
    pub fn slice_name(self) -> &'static str {
        match self {
            Self::Any => "[]interface {}",
            Self::Text => "[]string",
            Self::Int => "[]int",
            Self::Map => "[]map[string]interface {}",
            Self::Other(name) => name,
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

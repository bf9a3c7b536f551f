//! Structs of Go and pointers to them: a shape that all of them share, and their fields.

use std::any::Any;
use std::cell::RefCell;
use std::fmt;
use std::rc::Rc;

use super::{Function, Kind, Text, Value};

/// A struct, or a pointer to one. Clones are the same struct.
#[derive(Clone)]
pub struct Record(Rc<Content>);

struct Content {
    shape: &'static Shape,
    fields: RefCell<Vec<Value>>,
    native: Option<Box<dyn Any>>,
}

/// What all structs of one type have in common.
pub struct Shape {
    /// The name of the type: `*semver.Version`, `chart.Metadata`.
    pub type_name: &'static str,
    /// [`Kind::Struct`] or [`Kind::Pointer`].
    pub kind: Kind,
    /// The names of the exported fields, in the order in which Go prints them.
    pub fields: &'static [&'static str],
    /// How the fields are told in JSON, one for each; empty when all go by their names.
    pub tags: &'static [Tag],
    /// Its methods. The receiver is their first argument, which `parameters` does not name.
    pub methods: &'static [Function],
    /// How it prints, when it has a `String` method of its own.
    pub to_text: Option<fn(&Record) -> Text>,
}

/// How a field is told in JSON.
#[derive(Clone, Copy, Debug)]
pub struct Tag {
    /// Its key.
    pub name: &'static str,
    /// Left out when it is empty.
    pub omits_empty: bool,
    /// An embedded struct: its fields are told, and found, as if they were here.
    pub is_embedded: bool,
}

impl Tag {
    /// A field by this key, left out when it is empty.
    pub const fn omit_empty(name: &'static str) -> Self {
        Self {
            name,
            omits_empty: true,
            is_embedded: false,
        }
    }

    /// A field by this key.
    pub const fn key(name: &'static str) -> Self {
        Self {
            name,
            omits_empty: false,
            is_embedded: false,
        }
    }

    /// An embedded struct.
    pub const EMBEDDED: Self = Self {
        name: "",
        omits_empty: false,
        is_embedded: true,
    };
}

impl Record {
    /// A struct of this shape, with one value for each of its fields.
    pub fn new(shape: &'static Shape, fields: Vec<Value>) -> Self {
        Self::build(shape, fields, None)
    }

    /// A struct that is more than its fields: its methods read `native`.
    pub fn with_native(shape: &'static Shape, fields: Vec<Value>, native: Box<dyn Any>) -> Self {
        Self::build(shape, fields, Some(native))
    }

    fn build(shape: &'static Shape, fields: Vec<Value>, native: Option<Box<dyn Any>>) -> Self {
        let fields = RefCell::new(fields);
        Self(Rc::new(Content {
            shape,
            fields,
            native,
        }))
    }

    /// What it has in common with its like.
    pub fn shape(&self) -> &'static Shape {
        self.0.shape
    }

    /// The value of a field, of its own or of a struct embedded in it; `None` when the type has no such
    /// field.
    pub fn field(&self, name: &str) -> Option<Value> {
        let shape = self.0.shape;
        match shape.fields.iter().position(|field| *field == name) {
            Some(place) => self.0.fields.borrow().get(place).cloned(),
            None => self.embedded().find_map(|record| record.field(name)),
        }
    }

    /// The structs embedded in it.
    fn embedded(&self) -> impl Iterator<Item = Self> {
        let tags = self.0.shape.tags.iter().enumerate();
        tags.filter(|(_, tag)| tag.is_embedded)
            .filter_map(|(place, _)| match self.0.fields.borrow().get(place) {
                Some(Value::Record(record)) => Some(record.clone()),
                _ => None,
            })
    }

    /// The values of all fields, in the order of the shape.
    pub fn fields(&self) -> Vec<Value> {
        self.0.fields.borrow().clone()
    }

    /// What it is beside its fields.
    pub fn native<T: 'static>(&self) -> Option<&T> {
        self.0.native.as_ref()?.downcast_ref()
    }

    /// A method.
    pub fn method(&self, name: &str) -> Option<&'static Function> {
        let methods = self.0.shape.methods.iter();
        methods.into_iter().find(|method| method.name == name)
    }

    /// Whether both are one and the same struct.
    pub fn is_same(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }
}

impl fmt::Debug for Record {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.0.shape.type_name)
    }
}

impl fmt::Debug for Shape {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.type_name)
    }
}

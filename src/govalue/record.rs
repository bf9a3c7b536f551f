//! Structs of Go and pointers to them: a shape that all of them share, and their fields.

use std::any::Any;
use std::cell::RefCell;
use std::fmt;
use std::rc::Rc;

use super::{Error, Function, Kind, Text, Value};

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
    /// [`Kind::Struct`] or [`Kind::Pointer`]; for a named number its kind, and an `i64` beside no fields.
    pub kind: Kind,
    /// The names of the exported fields, in the order in which Go prints them.
    pub fields: &'static [&'static str],
    /// The field that is an embedded struct: its fields are found as if they were of this one.
    pub embedded: Option<&'static str>,
    /// Its methods. The receiver is their first argument, which `parameters` does not name.
    pub methods: &'static [Function],
    /// How it prints, when it has a `String` method of its own.
    pub to_text: Option<fn(&Record) -> Text>,
    /// How it prints as Go source, when it has a `GoString` method of its own.
    pub to_source: Option<fn(&Record) -> Text>,
    /// How two of it compare, when that is not by their fields.
    pub alike: Option<Alike>,
    /// How it is written as JSON, and so as YAML.
    pub json: Json,
    /// Why one of it cannot be written as JSON, in the words of its `MarshalJSON`.
    pub json_fault: fn(&Record) -> Option<&'static str>,
    /// What it has beside its fields.
    pub hidden: Option<Hidden>,
}

/// Whether two structs of one type are equal: as `==` has it, where pointers are equal to themselves alone; or
/// in depth, what they point to with them.
pub type Alike = fn(&Record, &Record, Depth) -> bool;

/// How far a comparison goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// `==`
    Shallow,
    /// `reflect.DeepEqual`
    Deep,
}

/// Fields that Go does not export: no template reads them, but some verbs of `printf` print them.
#[derive(Clone, Copy, Debug)]
pub struct Hidden {
    /// Their names.
    pub names: &'static [&'static str],
    /// Their values, in the same order.
    pub values: fn(&Record) -> Vec<Value>,
}

/// How JSON is made of structs of a type.
#[derive(Clone, Copy)]
pub enum Json {
    /// Every field by its own name.
    Fields,
    /// These members, in this order: what the `json:` tags say.
    Members(&'static [Member]),
    /// What this gives is written instead: a `MarshalJSON` method, or fields of structs within.
    Made(fn(&Record) -> Value),
}

/// A member of a JSON object that a field makes.
#[derive(Clone, Copy, Debug)]
pub struct Member {
    /// Its name in JSON.
    pub name: &'static str,
    /// The field that it shows.
    pub field: &'static str,
    /// Whether it is left out when the field is empty: false, 0, nil, or without content.
    pub omits_empty: bool,
}

impl Member {
    /// A member that is always there.
    pub const fn new(name: &'static str, field: &'static str) -> Self {
        Self {
            name,
            field,
            omits_empty: false,
        }
    }

    /// `omitempty`
    pub const fn optional(name: &'static str, field: &'static str) -> Self {
        Self {
            name,
            field,
            omits_empty: true,
        }
    }
}

impl Shape {
    /// A type with these fields, without methods.
    pub const fn new(type_name: &'static str, kind: Kind, fields: &'static [&'static str]) -> Self {
        Self {
            type_name,
            kind,
            fields,
            embedded: None,
            methods: &[],
            to_text: None,
            to_source: None,
            alike: None,
            json: Json::Fields,
            json_fault: |_| None,
            hidden: None,
        }
    }

    /// With fields that are not exported.
    #[must_use]
    pub const fn hides(
        mut self,
        names: &'static [&'static str],
        values: fn(&Record) -> Vec<Value>,
    ) -> Self {
        self.hidden = Some(Hidden { names, values });
        self
    }

    /// With these methods.
    #[must_use]
    pub const fn methods(mut self, methods: &'static [Function]) -> Self {
        self.methods = methods;
        self
    }

    /// With an embedded struct in this field.
    #[must_use]
    pub const fn embeds(mut self, field: &'static str) -> Self {
        self.embedded = Some(field);
        self
    }

    /// With a `String` method.
    #[must_use]
    pub const fn prints(mut self, to_text: fn(&Record) -> Text) -> Self {
        self.to_text = Some(to_text);
        self
    }

    /// With a `GoString` method.
    #[must_use]
    pub const fn prints_source(mut self, to_source: fn(&Record) -> Text) -> Self {
        self.to_source = Some(to_source);
        self
    }

    /// Compared by this.
    #[must_use]
    pub const fn compares(mut self, alike: Alike) -> Self {
        self.alike = Some(alike);
        self
    }

    /// With a `MarshalJSON` method that may fail.
    #[must_use]
    pub const fn json_may_fail(mut self, fault: fn(&Record) -> Option<&'static str>) -> Self {
        self.json_fault = fault;
        self
    }

    /// With `json:` tags, or a `MarshalJSON` method.
    #[must_use]
    pub const fn json(mut self, json: Json) -> Self {
        self.json = json;
        self
    }
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

    /// A number of a named type.
    pub fn named(shape: &'static Shape, number: i64) -> Self {
        Self::build(shape, Vec::new(), Some(Box::new(number)))
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
            None => match self.field(shape.embedded?) {
                Some(Value::Record(embedded)) => embedded.field(name),
                _ => None,
            },
        }
    }

    /// The values of all fields, in the order of the shape.
    pub fn fields(&self) -> Vec<Value> {
        self.0.fields.borrow().clone()
    }

    /// What it is beside its fields.
    pub fn native<T: 'static>(&self) -> Option<&T> {
        self.0.native.as_ref()?.downcast_ref()
    }

    /// The number that one of a named number type is: `time.Month`.
    pub fn number(&self) -> Option<i64> {
        match self.0.shape.kind {
            Kind::Int | Kind::Int64 => self.native().copied(),
            _ => None,
        }
    }

    /// Whether it can be written as JSON.
    ///
    /// # Errors
    ///
    /// In Go's words, when it cannot be written.
    pub(super) fn check_json(&self) -> Result<(), Error> {
        match (self.0.shape.json_fault)(self) {
            None => Ok(()),
            Some(why) => {
                let name = self.0.shape.type_name;
                Err(Error::Failed(format!(
                    "json: error calling MarshalJSON for type {name}: {why}"
                )))
            }
        }
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

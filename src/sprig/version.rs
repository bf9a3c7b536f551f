//! Versions, and what they meet.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use super::arguments::{bytes, text, value};
use crate::govalue::{Context, Error, Function, Json, Kind, Parameter, Record, Shape, Text, Value};
use crate::semver::{Constraint, Version};

const TEXT: Parameter = Parameter::Text;
static VERSION: [Parameter; 1] = [Parameter::Record(&POINTER)];

pub(super) const ALL: &[Function] = &[
    Function::new("semver", &[TEXT], semver),
    Function::new("semverCompare", &[TEXT, TEXT], semver_compare),
];

/// What `semver` gives.
static POINTER: Shape = Shape::new("*semver.Version", Kind::Pointer, &[])
    .methods(&POINTER_METHODS)
    .prints(to_text)
    .json(Json::Made(to_json));

/// What comes next: a struct, on which Go does not find the methods of the pointer.
static STRUCT: Shape = Shape::new("semver.Version", Kind::Struct, &[])
    .methods(POINTER_METHODS.split_at(OF_STRUCT).0)
    .prints(to_text)
    .json(Json::Made(to_json));

/// So many of the methods of the pointer, the first, take no other version and are found on the struct too.
const OF_STRUCT: usize = 11;

static POINTER_METHODS: [Function; 18] = [
    MAJOR,
    MINOR,
    PATCH,
    PRERELEASE,
    METADATA,
    STRING,
    INC_MAJOR,
    INC_MINOR,
    INC_PATCH,
    SET_PRERELEASE,
    SET_METADATA,
    Function::new("Original", &[], |_, arguments| {
        read(arguments, |version| version.original.as_str().into())
    }),
    Function::new("Compare", &VERSION, |_, arguments| {
        compare(arguments, |order| Value::Int(order as i64))
    }),
    Function::new("Equal", &VERSION, |_, arguments| {
        compare(arguments, |order| order.is_eq().into())
    }),
    Function::new("LessThan", &VERSION, |_, arguments| {
        compare(arguments, |order| order.is_lt().into())
    }),
    Function::new("LessThanEqual", &VERSION, |_, arguments| {
        compare(arguments, |order| order.is_le().into())
    }),
    Function::new("GreaterThan", &VERSION, |_, arguments| {
        compare(arguments, |order| order.is_gt().into())
    }),
    Function::new("GreaterThanEqual", &VERSION, |_, arguments| {
        compare(arguments, |order| order.is_ge().into())
    }),
];

const MAJOR: Function = Function::new("Major", &[], |_, arguments| {
    read(arguments, |version| Value::Uint64(version.major))
});
const MINOR: Function = Function::new("Minor", &[], |_, arguments| {
    read(arguments, |version| Value::Uint64(version.minor))
});
const PATCH: Function = Function::new("Patch", &[], |_, arguments| {
    read(arguments, |version| Value::Uint64(version.patch))
});
const PRERELEASE: Function = Function::new("Prerelease", &[], |_, arguments| {
    read(arguments, |version| version.prerelease.as_str().into())
});
const METADATA: Function = Function::new("Metadata", &[], |_, arguments| {
    read(arguments, |version| version.metadata.as_str().into())
});
const STRING: Function = Function::new("String", &[], |_, arguments| {
    read(arguments, |version| version.to_string().into())
});
const INC_MAJOR: Function = Function::new("IncMajor", &[], |_, arguments| {
    next(arguments, "major", Version::next_major)
});
const INC_MINOR: Function = Function::new("IncMinor", &[], |_, arguments| {
    next(arguments, "minor", Version::next_minor)
});
const INC_PATCH: Function = Function::new("IncPatch", &[], |_, arguments| {
    next(arguments, "patch", Version::next_patch)
});
const SET_PRERELEASE: Function = Function::new("SetPrerelease", &[TEXT], |_, arguments| {
    change(arguments, Version::with_prerelease)
});
const SET_METADATA: Function = Function::new("SetMetadata", &[TEXT], |_, arguments| {
    change(arguments, Version::with_metadata)
});

fn record(shape: &'static Shape, version: Version) -> Value {
    Value::Record(Record::with_native(shape, Vec::new(), Box::new(version)))
}

fn to_text(record: &Record) -> Text {
    let version: Option<&Version> = record.native();
    version.map(ToString::to_string).unwrap_or_default().into()
}

fn to_json(record: &Record) -> Value {
    Value::Text(to_text(record))
}

/// The version of a method, or of one of its arguments.
fn version(arguments: &[Value], index: usize) -> Result<&Version, Error> {
    let version = match value(arguments, index) {
        Value::Record(record) => record.native(),
        _ => None,
    };
    version.ok_or_else(|| {
        let why = "runtime error: invalid memory address or nil pointer dereference";
        Error::Failed(why.to_owned())
    })
}

fn read(arguments: &[Value], part: fn(&Version) -> Value) -> Result<Value, Error> {
    version(arguments, 0).map(part)
}

fn compare(arguments: &[Value], told: fn(std::cmp::Ordering) -> Value) -> Result<Value, Error> {
    let order = version(arguments, 0)?.cmp(version(arguments, 1)?);
    Ok(told(order))
}

fn next(
    arguments: &[Value],
    part: &str,
    next: fn(&Version) -> Option<Version>,
) -> Result<Value, Error> {
    let next = next(version(arguments, 0)?)
        .ok_or_else(|| Error::Failed(format!("{part} version increment would overflow uint64")))?;
    Ok(record(&STRUCT, next))
}

fn change(
    arguments: &[Value],
    change: fn(&Version, &str) -> Result<Version, crate::semver::Error>,
) -> Result<Value, Error> {
    let text = text(arguments, 1);
    let changed = change(version(arguments, 0)?, &text.as_str()).map_err(failed)?;
    Ok(record(&STRUCT, changed))
}

#[expect(clippy::needless_pass_by_value, reason = "as map_err wants it")]
fn failed(error: crate::semver::Error) -> Error {
    Error::Failed(error.to_string())
}

fn semver(_: &Context<'_>, arguments: &[Value]) -> Result<Value, Error> {
    let text = String::from_utf8_lossy(bytes(arguments, 0));
    let version = Version::parse(&text).map_err(failed)?;
    Ok(record(&POINTER, version))
}

fn semver_compare(_: &Context<'_>, arguments: &[Value]) -> Result<Value, Error> {
    let constraint = constraint(&text(arguments, 0))?;
    let text = String::from_utf8_lossy(bytes(arguments, 1));
    let version = Version::parse(&text).map_err(failed)?;
    Ok(constraint.is_met(&version).into())
}

/// How many constraints are kept.
const KEPT: usize = 256;

thread_local! {
    /// Charts ask for the same constraints again and again.
    static CONSTRAINTS: RefCell<HashMap<Text, Rc<Constraint>>> = RefCell::default();
}

fn constraint(text: &Text) -> Result<Rc<Constraint>, Error> {
    if let Some(known) = CONSTRAINTS.with_borrow(|known| known.get(text).cloned()) {
        return Ok(known);
    }
    let constraint = Rc::new(Constraint::parse(&text.as_str()).map_err(failed)?);
    CONSTRAINTS.with_borrow_mut(|known| {
        if known.len() >= KEPT {
            known.clear();
        }
        known.insert(text.clone(), Rc::clone(&constraint));
    });
    Ok(constraint)
}

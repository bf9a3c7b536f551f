//! The functions that Go's templates have by themselves.

mod escape;
mod index;

use std::cmp::Ordering;

pub(super) use index::length;

use crate::govalue::{Error, Text, Value, World, compare, print};

/// One of Go's functions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Builtin {
    And,
    Call,
    Eq,
    Ge,
    Gt,
    Html,
    Index,
    Js,
    Le,
    Len,
    Lt,
    Ne,
    Not,
    Or,
    Print,
    Printf,
    Println,
    Slice,
    Urlquery,
}

impl Builtin {
    const ALL: [(&'static str, Self); 19] = [
        ("and", Self::And),
        ("call", Self::Call),
        ("eq", Self::Eq),
        ("ge", Self::Ge),
        ("gt", Self::Gt),
        ("html", Self::Html),
        ("index", Self::Index),
        ("js", Self::Js),
        ("le", Self::Le),
        ("len", Self::Len),
        ("lt", Self::Lt),
        ("ne", Self::Ne),
        ("not", Self::Not),
        ("or", Self::Or),
        ("print", Self::Print),
        ("printf", Self::Printf),
        ("println", Self::Println),
        ("slice", Self::Slice),
        ("urlquery", Self::Urlquery),
    ];

    pub(super) fn find(name: &str) -> Option<Self> {
        let mut all = Self::ALL.iter();
        all.find(|(known, _)| *known == name).map(|(_, this)| *this)
    }

    pub(super) fn name(self) -> &'static str {
        let mut all = Self::ALL.iter();
        all.find(|(_, this)| *this == self)
            .map_or("", |(name, _)| name)
    }

    /// How many arguments it takes at least, and whether it takes more.
    pub(super) fn arity(self) -> (usize, bool) {
        match self {
            Self::Len | Self::Not => (1, false),
            Self::Ge | Self::Gt | Self::Le | Self::Lt | Self::Ne => (2, false),
            Self::Html | Self::Js | Self::Print | Self::Println | Self::Urlquery => (0, true),
            Self::And
            | Self::Call
            | Self::Eq
            | Self::Index
            | Self::Or
            | Self::Printf
            | Self::Slice => (1, true),
        }
    }

    /// Calls it. `and`, `or` and `call` are the machine's.
    pub(super) fn call(self, world: &dyn World, arguments: &[Value]) -> Result<Value, Error> {
        let (first, rest) = match arguments {
            [first, rest @ ..] => (first, rest),
            [] => (&Value::Nil, &[][..]),
        };
        let second = rest.first().unwrap_or(&Value::Nil);
        let value = match self {
            Self::Eq => Value::Bool(compare::equal(world, first, rest)?),
            Self::Ne => Value::Bool(!compare::equal(world, first, rest)?),
            Self::Lt => Value::Bool(is_less(first, second)?),
            Self::Le => Value::Bool(is_less_or_equal(world, first, second)?),
            Self::Gt => Value::Bool(!is_less_or_equal(world, first, second)?),
            Self::Ge => Value::Bool(!is_less(first, second)?),
            Self::Not => Value::Bool(!first.is_true()),
            Self::Index => index::index(first, rest)?,
            Self::Slice => index::slice(first, rest)?,
            Self::Len => length(arguments, false)?,
            Self::Print => Value::Text(print::print(world, arguments)?.into()),
            Self::Println => Value::Text(print::println(world, arguments)?.into()),
            Self::Printf => {
                let format = match first {
                    Value::Text(format) => format.clone(),
                    _ => Text::default(),
                };
                Value::Text(print::printf(world, &format, rest)?.into())
            }
            Self::Html => Value::Text(escape::html(&escape::text(world, arguments)?).into()),
            Self::Js => Value::Text(escape::js(&escape::text(world, arguments)?).into()),
            Self::Urlquery => {
                Value::Text(escape::url_query(&escape::text(world, arguments)?).into())
            }
            Self::And | Self::Or | Self::Call => Value::Nil,
        };
        Ok(value)
    }
}

fn is_less(first: &Value, second: &Value) -> Result<bool, Error> {
    Ok(compare::order(first, second)? == Some(Ordering::Less))
}

fn is_less_or_equal(world: &dyn World, first: &Value, second: &Value) -> Result<bool, Error> {
    if is_less(first, second)? {
        return Ok(true);
    }
    compare::equal(world, first, std::slice::from_ref(second))
}

//! What a filter is made of, and how it is read from its text.

mod header;
mod lexer;
mod parser;
mod terms;

use super::value::{Text, Value};

/// What is wrong with a filter's text, and at which byte.
#[derive(Debug)]
pub(super) struct Wrong {
    pub(super) place: usize,
    pub(super) message: String,
}

impl Wrong {
    /// The line and the column in the text, from 1, in characters.
    pub(super) fn line_and_column(&self, text: &str) -> (usize, usize) {
        let before = text.get(..self.place).unwrap_or(text);
        let line_start = before.rfind('\n').map_or(0, |end| end + 1);
        let line = before.matches('\n').count() + 1;
        let last = before.get(line_start..).unwrap_or_default();
        (line, last.chars().count() + 1)
    }

    /// The same in a sentence, of a file.
    pub(super) fn told_of(&self, path: &str, text: &str) -> String {
        let (line, column) = self.line_and_column(text);
        format!("{path}, line {line}, column {column}: {}", self.message)
    }
}

/// Reads a whole filter, and what stands before it.
pub(super) fn parse(text: &str) -> Result<(Header, Query), Wrong> {
    parser::Parser::new(text)?.program()
}

/// Reads a module: a filter behind its definitions is checked and counts for nothing.
pub(super) fn parse_module(text: &str) -> Result<Module, Wrong> {
    parser::Parser::new(text)?.module()
}

/// Reads a text of definitions only.
pub(super) fn parse_definitions(text: &str) -> Result<Vec<Definition>, Wrong> {
    parser::Parser::new(text)?.definitions()
}

/// What stands before a filter or the definitions of a module.
#[derive(Debug)]
pub(super) struct Header {
    /// What it says of itself.
    pub(super) meta: Option<Value>,
    pub(super) imports: Vec<Import>,
}

/// One `import` or `include`.
#[derive(Debug)]
pub(super) struct Import {
    /// Its byte offset into the text.
    pub(super) place: usize,
    /// The name of the module.
    pub(super) path: String,
    /// What it is called here, with `$` when it is data; `None` when all of it is taken over.
    pub(super) alias: Option<String>,
    pub(super) meta: Option<Value>,
}

/// A module.
#[derive(Debug)]
pub(super) struct Module {
    pub(super) header: Header,
    pub(super) definitions: Vec<Definition>,
}

/// A part of a filter. Numbers beside names are byte offsets into the text.
#[derive(Debug)]
pub(super) enum Query {
    Identity,
    Literal(Value),
    Pipe(Box<Self>, Box<Self>),
    Comma(Box<Self>, Box<Self>),
    Alternative(Box<Self>, Box<Self>),
    And(Box<Self>, Box<Self>),
    Or(Box<Self>, Box<Self>),
    /// A function of two values, by its internal name.
    Operate(&'static str, Box<Self>, Box<Self>),
    Assign(Box<Self>, Box<Self>),
    Modify(Box<Self>, Box<Self>),
    /// `+=` and its kin, by the internal name of the function.
    Update(&'static str, Box<Self>, Box<Self>),
    Sign(&'static str, Box<Self>),
    Define(Box<Definition>, Box<Self>),
    Bind {
        source: Box<Self>,
        patterns: Vec<Pattern>,
        body: Box<Self>,
    },
    Label(String, Box<Self>),
    Break(String, usize),
    Field(Box<Self>, Text),
    Index(Box<Self>, Box<Self>),
    Slice {
        term: Box<Self>,
        from: Option<Box<Self>>,
        to: Option<Box<Self>>,
    },
    Iterate(Box<Self>),
    Call {
        name: String,
        arguments: Vec<Self>,
        place: usize,
    },
    Variable(String, usize),
    Object(Vec<(Key, Option<Self>)>),
    Array(Option<Box<Self>>),
    String(Template),
    Format(String),
    If {
        condition: Box<Self>,
        then: Box<Self>,
        otherwise: Option<Box<Self>>,
    },
    Try(Box<Self>, Option<Box<Self>>),
    Reduce(Box<Fold>),
    Foreach(Box<Fold>),
}

/// `reduce` and `foreach`.
#[derive(Debug)]
pub(super) struct Fold {
    pub(super) source: Query,
    pub(super) pattern: Pattern,
    pub(super) start: Query,
    pub(super) update: Query,
    pub(super) extract: Option<Query>,
}

/// A function. Parameters that are values keep their `$`.
#[derive(Debug)]
pub(super) struct Definition {
    pub(super) name: String,
    pub(super) parameters: Vec<String>,
    pub(super) body: Query,
}

/// A text with values in it, and how these are written.
#[derive(Debug)]
pub(super) struct Template {
    pub(super) format: Option<String>,
    pub(super) parts: Vec<Part>,
}

/// A piece of a text.
#[derive(Debug)]
pub(super) enum Part {
    Plain(String),
    Value(Query),
}

/// The key of an object's entry.
#[derive(Debug)]
pub(super) enum Key {
    Name(String),
    Variable(String, usize),
    String(Template),
    Query(Query),
}

/// Where a value's parts go.
#[derive(Debug)]
pub(super) enum Pattern {
    Variable(String),
    Array(Vec<Self>),
    Object(Vec<(Key, Option<Self>)>),
}

impl Pattern {
    /// The names of all its variables.
    pub(super) fn variables<'a>(&'a self, names: &mut Vec<&'a str>) {
        match self {
            Self::Variable(name) => names.push(name),
            Self::Array(items) => items.iter().for_each(|item| item.variables(names)),
            Self::Object(entries) => {
                for (key, value) in entries {
                    if let Key::Variable(name, _) = key {
                        names.push(name);
                    }
                    if let Some(value) = value {
                        value.variables(names);
                    }
                }
            }
        }
    }
}

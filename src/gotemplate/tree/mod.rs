//! A parsed file: flat, so that nothing of it nests, however deep its blocks and parentheses do.

mod number;
mod text;

use std::sync::Arc;

pub(super) use number::{Number, unquote};

use super::builtin::Builtin;
use crate::govalue::Function;

/// What one file or one text of `tpl` was parsed to. All its templates share it.
#[derive(Debug)]
pub(super) struct File {
    /// As errors name it.
    pub(super) name: Box<str>,
    pub(super) text: Box<[u8]>,
    pub(super) lists: Vec<Box<[Statement]>>,
    pub(super) pipes: Vec<Pipe>,
    /// The strings in actions, without their quotes.
    pub(super) literals: Vec<Box<[u8]>>,
    /// The numbers of those among them that are names of templates.
    pub(super) symbols: Vec<Option<usize>>,
    /// Its number in the set; `None` for a text of `tpl`.
    pub(super) number: Option<usize>,
}

/// A template with a name.
#[derive(Debug)]
pub(super) struct Template {
    pub(super) name: Box<str>,
    pub(super) file: Arc<File>,
    /// Its list of statements in the file.
    pub(super) root: usize,
    /// How many variables live in it at once.
    pub(super) slots: usize,
    /// It holds nothing but blanks and comments.
    pub(super) is_empty: bool,
    /// It nests deep enough to look after the stack.
    pub(super) is_deep: bool,
}

/// The number of a node in its file, by which errors find it again.
pub(super) type Id = u32;

/// A part of a template that makes output.
#[derive(Debug)]
pub(super) struct Statement {
    pub(super) id: Id,
    pub(super) position: usize,
    pub(super) kind: StatementKind,
}

#[derive(Debug)]
pub(super) enum StatementKind {
    /// From the position up to here.
    Text(usize),
    Action(usize),
    If(Branch),
    With(Branch),
    Range(Branch),
    Template {
        name: Box<str>,
        symbol: Option<usize>,
        pipe: Option<usize>,
    },
    Break,
    Continue,
}

/// A pipeline, and what depends on it.
#[derive(Debug)]
pub(super) struct Branch {
    pub(super) pipe: usize,
    pub(super) list: usize,
    pub(super) otherwise: Option<usize>,
}

/// Commands, each the last argument of the next, and the variables that take their result.
#[derive(Debug)]
pub(super) struct Pipe {
    pub(super) id: Id,
    pub(super) position: usize,
    /// The variables were declared before.
    pub(super) is_assignment: bool,
    pub(super) variables: Box<[Target]>,
    pub(super) commands: Box<[Command]>,
    /// Variables that only some evaluations of it declare.
    pub(super) unsure: Box<[usize]>,
}

/// A variable that takes a value.
#[derive(Debug)]
pub(super) struct Target {
    pub(super) name: Box<str>,
    pub(super) place: Place,
}

/// Where a variable is found: the first of these slots that holds one. None for what was never declared.
pub(super) type Place = Box<[usize]>;

#[derive(Debug)]
pub(super) struct Command {
    pub(super) id: Id,
    pub(super) position: usize,
    pub(super) arguments: Box<[Operand]>,
}

/// One word of a command.
#[derive(Debug)]
pub(super) struct Operand {
    pub(super) id: Id,
    pub(super) position: usize,
    pub(super) kind: OperandKind,
}

#[derive(Debug)]
pub(super) enum OperandKind {
    Field(Box<[Name]>),
    /// Fields of what a pipeline or a function gives.
    Chain(Box<Operand>, Box<[Name]>),
    Function(Callee),
    Pipe(usize),
    Variable {
        name: Box<str>,
        place: Place,
        fields: Box<[Name]>,
    },
    Dot,
    Nil,
    Bool(bool),
    Number(Box<Number>),
    /// A string: its end in the text, with quotes, and its number among the literals.
    Text(usize, usize),
}

/// The name of a field, a key or a method.
#[derive(Debug)]
pub(super) struct Name {
    pub(super) text: Box<str>,
    /// Go exports only what starts with a capital letter.
    pub(super) is_exported: bool,
}

/// What a name of a function stands for.
#[derive(Clone, Copy, Debug)]
pub(super) enum Callee {
    Function(&'static Function),
    Builtin(Builtin),
    Include,
    Tpl,
}

impl Callee {
    /// Its name in templates.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Function(function) => function.name,
            Self::Builtin(builtin) => builtin.name(),
            Self::Include => "include",
            Self::Tpl => "tpl",
        }
    }
}

/// A node of a file.
#[derive(Clone, Copy)]
pub(super) enum Node<'a> {
    Statement(&'a Statement),
    Pipe(&'a Pipe),
    Command(&'a Command),
    Operand(&'a Operand),
}

impl Node<'_> {
    pub(super) fn position(self) -> usize {
        match self {
            Node::Statement(statement) => statement.position,
            Node::Pipe(pipe) => pipe.position,
            Node::Command(command) => command.position,
            Node::Operand(operand) => operand.position,
        }
    }
}

impl File {
    /// The node with a number.
    pub(super) fn find(&self, id: Id) -> Option<Node<'_>> {
        let mut statements = self.lists.iter().flatten();
        if let Some(statement) = statements.find(|statement| statement.id == id) {
            return Some(Node::Statement(statement));
        }
        for pipe in &self.pipes {
            if pipe.id == id {
                return Some(Node::Pipe(pipe));
            }
            for command in &pipe.commands {
                if command.id == id {
                    return Some(Node::Command(command));
                }
                for operand in &command.arguments {
                    if operand.id == id {
                        return Some(Node::Operand(operand));
                    }
                    if let OperandKind::Chain(inner, _) = &operand.kind
                        && inner.id == id
                    {
                        return Some(Node::Operand(inner));
                    }
                }
            }
        }
        None
    }

    /// `t/templates/x.yaml:12:8`, as Go tells places: lines from one, bytes from nought.
    pub(super) fn place(&self, position: usize) -> String {
        let before = self.text.get(..position).unwrap_or(&self.text);
        let line = before.split(|byte| *byte == b'\n').count();
        let start = before.iter().rposition(|byte| *byte == b'\n');
        let column = position - start.map_or(0, |start| start + 1);
        format!("{}:{line}:{column}", self.name)
    }
}

//! A filter as steps of a machine with a stack of values and a stack of ways back.
//!
//! Every part of a filter takes its input from the top of the stack and leaves its output there.
//! What has more outputs leaves a way back; taking it brings the next output.

mod assign;
mod compile;
mod folds;
mod functions;
mod import;
mod object;
mod pattern;
mod prelude;

use super::{
    library::Library,
    native::Native,
    syntax::{Wrong, parse},
    value::{Text, Value},
};

pub(super) use self::import::describe;

/// What a filter is compiled with.
#[derive(Debug)]
pub(super) struct Given<'a> {
    pub(super) library: &'a Library,
    /// Names of variables, with `$`, and their values.
    pub(super) variables: Vec<(String, Value)>,
    /// What `env` and `$ENV` are.
    pub(super) environment: Value,
    /// Whether there are more inputs than one.
    pub(super) has_inputs: bool,
}

/// Compiles the text of a filter.
pub(super) fn compile(text: &str, given: Given<'_>) -> Result<Program, Wrong> {
    let (header, query) = parse(text)?;
    compile::Compiler::new(given).program(&header, &query)
}

/// A compiled filter.
#[derive(Debug)]
pub(super) struct Program {
    pub(super) steps: Vec<Step>,
    pub(super) functions: Vec<Function>,
    /// Where `modulemeta` looks.
    pub(super) library: Library,
    /// The texts of all modules.
    pub(super) modules: Box<str>,
}

/// A function: where its steps begin, and how many variables it has.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Function {
    pub(super) entry: u32,
    pub(super) variables: u32,
}

/// A variable: so many functions outwards, and its place there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Variable {
    pub(super) hops: u32,
    pub(super) place: u32,
}

/// A filter that is given to a function.
#[derive(Debug, Clone, Copy)]
pub(super) enum Argument {
    /// A filter written here.
    Closure(u32),
    /// A filter that was given to us.
    Forward(Variable),
}

/// What a call does to the path that is followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Follows {
    Nothing,
    Index,
    Slice,
    GetPath,
}

/// One step.
#[derive(Debug, Clone)]
pub(super) enum Step {
    Push(Value),
    /// Puts a value in place of the top one.
    Const(Value),
    Pop,
    Duplicate,
    Load(Variable),
    /// Loads a variable and leaves null in it.
    Take(Variable),
    Store(Variable),
    /// Adds the top value to the list in a variable.
    Append(Variable),
    /// Makes an object of so many keys and values.
    Object(u32),
    Fork(u32),
    /// A way back for errors raised up to [`Step::TryEnd`].
    Try(u32),
    TryEnd,
    /// A way back for every error.
    ForkAlternative(u32),
    Label(Variable),
    Break(Variable),
    Backtrack,
    Jump(u32),
    JumpUnless(u32),
    Field(Text),
    /// One of the first values of a list, or of null.
    Item(i64),
    Native {
        function: Native,
        arguments: u8,
        follows: Follows,
    },
    Range,
    /// The name of a module → what it says of itself.
    ModuleMeta,
    Iterate,
    /// Between these no path is followed.
    ValueBegin,
    ValueEnd,
    PathBegin,
    PathEnd,
    Call {
        function: u32,
        hops: Option<u32>,
        arguments: Box<[Argument]>,
        tail: bool,
    },
    CallClosure {
        variable: Variable,
        tail: bool,
    },
    Return,
}

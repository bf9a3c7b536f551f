//! jq: filters over JSON, with the meaning that gojq gives them, compiled once and bounded.
//!
//! *In:* the text of a filter, the modules that it imports; JSON. *Out:* JSON, or why there is none.
//! *Never:* opens files, asks the environment or the clock: what there is of them, callers give.

mod error;
mod failure;
mod library;
mod machine;
mod native;
mod program;
mod shell;
mod syntax;
mod value;

#[cfg(test)]
mod tests;

use std::{cmp::Ordering, fmt, hash, sync::Arc};

use self::{
    failure::{Failure, Meter},
    machine::Machine,
    program::{Given, Program},
    value::{Map, Value, read_document, write_json},
};

pub use error::Error;
pub use library::Library;
pub use shell::{Answer, Command, Inputs, Variables};

/// Steps that a run may take: about a quarter of a second.
const MOST_STEPS: u64 = 10_000_000;

/// Bytes that the values of a run may hold beside its input.
const MOST_BYTES: usize = 128 << 20;

/// An input that several filters run on, read once.
pub struct Document(Value);

impl Document {
    /// Reads JSON text.
    pub fn read(text: &str) -> Result<Self, Error> {
        read_document(text).map(Self).map_err(Error::Input)
    }
}

/// It may hold secrets.
impl fmt::Debug for Document {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("[document]")
    }
}

/// A compiled filter. Cheap to clone; equal and ordered by its text and that of its modules.
#[derive(Clone)]
pub struct Filter(Arc<(Box<str>, Program)>);

impl Filter {
    /// Compiles a filter; the error names line and column. Modules come from the library that was
    /// [installed](Library::install).
    pub fn compile(text: &str) -> Result<Self, Error> {
        Self::compile_with(text, &Library::of_process())
    }

    /// The same with a library of its own.
    pub fn compile_with(text: &str, library: &Library) -> Result<Self, Error> {
        let given = Given {
            library,
            variables: Vec::new(),
            // The same object gives the same result, wherever the operator runs.
            environment: Value::Map(Arc::new(Map::new())),
            has_inputs: false,
        };
        let program = compile(text, given)?;
        Ok(Self(Arc::new((text.into(), program))))
    }

    /// The text that was compiled.
    pub fn text(&self) -> &str {
        &self.0.0
    }

    fn key(&self) -> (&str, &str) {
        (self.text(), &self.0.1.modules)
    }

    /// JSON text in; no result → `null`, one → it, more → a list of them; compact JSON with
    /// sorted keys out.
    pub fn project(&self, input: &str) -> Result<String, Error> {
        let mut results = self.results(input)?;
        let mut out = String::new();
        match results.len() {
            0 => out.push_str("null"),
            1 => write_json(&results.remove(0), &mut out),
            _ => write_json(
                &Value::list(results).map_err(|deep| told(&deep.into()))?,
                &mut out,
            ),
        }
        Ok(out)
    }

    /// All results for one input; the first failure ends the run.
    pub fn run(&self, input: serde_json::Value) -> Result<Vec<serde_json::Value>, Error> {
        let text = input.to_string();
        drop(input);
        self.run_on(&Document::read(&text)?)
    }

    /// The same for an input that was read before.
    pub fn run_on(&self, input: &Document) -> Result<Vec<serde_json::Value>, Error> {
        let results = self.results_of(input.0.clone())?;
        let mut json = String::new();
        results
            .iter()
            .map(|result| {
                json.clear();
                write_json(result, &mut json);
                serde_json::from_str(&json).map_err(|error| Error::Run(error.to_string()))
            })
            .collect()
    }

    fn results(&self, input: &str) -> Result<Vec<Value>, Error> {
        self.results_of(read_document(input).map_err(Error::Input)?)
    }

    fn results_of(&self, input: Value) -> Result<Vec<Value>, Error> {
        let meter = Meter::new(MOST_STEPS, MOST_BYTES);
        let mut machine = Machine::new(&self.0.1, input, meter);
        let (mut results, mut bytes) = (Vec::new(), 0_u64);
        loop {
            match machine.next() {
                Ok(Some(result)) => {
                    bytes = bytes.saturating_add(result.bytes());
                    if bytes > MOST_BYTES as u64 / 2 || results.len() > MOST_BYTES / 64 {
                        return Err(Error::Limit("the output that a filter may have"));
                    }
                    results.push(result);
                }
                Ok(None) | Err(Failure::Halt(None)) => return Ok(results),
                Err(failure) => return Err(told(&failure)),
            }
        }
    }
}

fn compile(text: &str, given: Given<'_>) -> Result<Program, Error> {
    program::compile(text, given).map_err(|wrong| {
        let (line, column) = wrong.line_and_column(text);
        Error::Compile {
            line,
            column,
            message: wrong.message,
        }
    })
}

fn told(failure: &Failure) -> Error {
    match failure {
        Failure::Limit(what) => Error::Limit(what),
        failure => Error::Run(failure.told()),
    }
}

impl fmt::Debug for Filter {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("Filter").field(&self.text()).finish()
    }
}

impl PartialEq for Filter {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl Eq for Filter {}

impl PartialOrd for Filter {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Filter {
    fn cmp(&self, other: &Self) -> Ordering {
        self.key().cmp(&other.key())
    }
}

impl hash::Hash for Filter {
    fn hash<H: hash::Hasher>(&self, state: &mut H) {
        self.key().hash(state);
    }
}

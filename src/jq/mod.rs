//! jq: filters over JSON, with the meaning that gojq gives them, compiled once and bounded.
//!
//! *In:* the text of a filter; JSON. *Out:* JSON, or why there is none. *Never:* files, the
//! environment, the clock.

mod error;
mod failure;
mod machine;
mod native;
mod program;
mod syntax;
mod value;

#[cfg(test)]
mod tests;

use std::{cmp::Ordering, fmt, hash, sync::Arc};

use self::{
    failure::{Failure, Meter},
    machine::Machine,
    program::Program,
    value::{Value, read_document, write_json},
};

pub use error::Error;

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

/// A compiled filter. Cheap to clone; equal and ordered by its text.
#[derive(Clone)]
pub struct Filter(Arc<(Box<str>, Program)>);

impl Filter {
    /// Compiles a filter; the error names line and column.
    pub fn compile(text: &str) -> Result<Self, Error> {
        let program = program::compile(text).map_err(|wrong| {
            let before = text.get(..wrong.place).unwrap_or(text);
            let line_start = before.rfind('\n').map_or(0, |end| end + 1);
            Error::Compile {
                line: before.matches('\n').count() + 1,
                column: before.get(line_start..).unwrap_or_default().chars().count() + 1,
                message: wrong.message,
            }
        })?;
        Ok(Self(Arc::new((text.into(), program))))
    }

    /// The text that was compiled.
    pub fn text(&self) -> &str {
        &self.0.0
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
        self.text() == other.text()
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
        self.text().cmp(other.text())
    }
}

impl hash::Hash for Filter {
    fn hash<H: hash::Hasher>(&self, state: &mut H) {
        self.text().hash(state);
    }
}

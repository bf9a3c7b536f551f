//! jq: filters over JSON, with the meaning that gojq gives them, compiled once and bounded.
//!
//! *In:* the text of a filter; JSON. *Out:* JSON, or why there is none. *Never:* files, the
//! environment, the clock.

mod error;

use std::{cmp::Ordering, fmt, hash, sync::Arc};

use jaq_core::{Compiler, Ctx, Vars, data::JustLut, load, unwrap_valr};
use jaq_json::{Val, read};
use serde_json::Value;

pub use error::Error;

type Program = jaq_core::Filter<JustLut<Val>>;

/// A compiled filter. Cheap to clone; equal and ordered by its text.
#[derive(Clone)]
pub struct Filter(Arc<(Box<str>, Program)>);

impl Filter {
    /// Compiles a filter; the error names line and column.
    pub fn compile(text: &str) -> Result<Self, Error> {
        let wrong = |message: String| Error::Compile {
            line: 1,
            column: 1,
            message,
        };
        let defs = jaq_core::defs()
            .chain(jaq_std::defs())
            .chain(jaq_json::defs());
        let funs = jaq_core::funs()
            .chain(jaq_std::funs())
            .chain(jaq_json::funs());
        let arena = load::Arena::default();
        let modules = load::Loader::new(defs)
            .load(
                &arena,
                load::File {
                    code: text,
                    path: (),
                },
            )
            .map_err(|_| wrong("the filter cannot be parsed".to_owned()))?;
        let program = Compiler::default()
            .with_funs(funs)
            .compile(modules)
            .map_err(|_| wrong("the filter names something that is not defined".to_owned()))?;
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
        let result = match results.len() {
            0 => Value::Null,
            1 => results.swap_remove(0),
            _ => Value::Array(results),
        };
        Ok(result.to_string())
    }

    /// All results for one input; the first failure ends the run.
    pub fn run(&self, input: Value) -> Result<Vec<Value>, Error> {
        self.results(&input.to_string())
    }

    fn results(&self, input: &str) -> Result<Vec<Value>, Error> {
        let input =
            read::parse_single(input.as_bytes()).map_err(|e| Error::Input(e.to_string()))?;
        let context = Ctx::<JustLut<Val>>::new(&self.0.1.lut, Vars::new([]));
        self.0
            .1
            .id
            .run((context, input))
            .map(unwrap_valr)
            .map(read_result)
            .collect()
    }
}

fn read_result(result: Result<Val, jaq_core::Error<Val>>) -> Result<Value, Error> {
    let value = result.map_err(|e| Error::Run(e.to_string()))?;
    serde_json::from_str(&value.to_string()).map_err(|e| Error::Run(e.to_string()))
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

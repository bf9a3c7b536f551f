//! Templates that know each other by name.

use std::collections::HashMap;
use std::sync::Arc;

use super::error::Error;
use super::machine::Machine;
use super::parse::{self, Names};
use super::tree::Template;
use crate::govalue::{Function, Value, World};

/// What templates may call: a function by its name. It goes before the builtin of that name.
pub type Functions = fn(&str) -> Option<&'static Function>;

/// How much one execution may do. Bytes and time are also limited by [`World::spend`], which is asked
/// again and again, also where nothing is written.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Statements and commands.
    pub steps: u64,
    /// Bytes of output, those of `include` and `tpl` among them while they are kept.
    pub output: usize,
}

impl Default for Limits {
    /// More than any chart needs: a hundred million steps, 256 MiB.
    fn default() -> Self {
        Self {
            steps: 100_000_000,
            output: 256 << 20,
        }
    }
}

/// Templates by name. Made once, in order; then it is executed as often as wanted, by any thread.
#[derive(Clone, Debug)]
pub struct Set {
    functions: Functions,
    /// The number of each name that was defined or asked for.
    symbols: HashMap<Box<str>, usize>,
    definitions: Vec<Option<Arc<Template>>>,
    files: usize,
}

/// Templates that are executed one after the other. What they have in common is made once.
pub struct Render<'a>(Machine<'a>);

impl Render<'_> {
    /// As [`Set::execute`]. The limits count anew for each template; none is executed behind an error.
    ///
    /// # Errors
    ///
    /// Any of [`Error`] but that of the parser.
    pub fn execute(&mut self, name: &str, data: &Value) -> Result<Vec<u8>, Error> {
        self.0.run(name, data)
    }
}

impl Set {
    /// No templates, which may call these functions, Go's builtins, `include` and `tpl`.
    pub fn new(functions: Functions) -> Self {
        Self {
            functions,
            symbols: HashMap::new(),
            definitions: Vec::new(),
            files: 0,
        }
    }

    /// Parses a file. It is a template by its own name, as is all that it defines. What was defined by
    /// files before is replaced, but not by what holds only blanks and comments.
    ///
    /// # Errors
    ///
    /// [`Error::Parse`]; the set is then as it was.
    pub fn add(&mut self, name: &str, text: &[u8]) -> Result<(), Error> {
        let symbols = &mut self.symbols;
        let mut symbol = |name: &str| Some(number_of(symbols, name));
        let names = Names {
            function: &self.functions,
            symbol: &mut symbol,
        };
        let parsed = parse::parse(name, text, Some(self.files), names);
        let parsed = parsed.map_err(|text| Error::Parse { text })?;
        self.files += 1;
        for template in parsed.defined.into_iter().chain([parsed.main]) {
            self.define(template);
        }
        self.definitions.resize(self.symbols.len(), None);
        Ok(())
    }

    fn define(&mut self, template: Template) {
        let symbol = number_of(&mut self.symbols, &template.name);
        if self.definitions.len() <= symbol {
            self.definitions.resize(symbol + 1, None);
        }
        if let Some(place) = self.definitions.get_mut(symbol)
            && (place.is_none() || !template.is_empty)
        {
            *place = Some(Arc::new(template));
        }
    }

    /// Whether there is a template of that name.
    pub fn has(&self, name: &str) -> bool {
        self.find(name).is_some()
    }

    /// Executes a template. What Go prints for values that are missing (`<no value>`) is left out of
    /// the text, as Helm does.
    ///
    /// # Errors
    ///
    /// Any of [`Error`] but that of the parser.
    pub fn execute(
        &self,
        name: &str,
        data: &Value,
        world: &dyn World,
        limits: Limits,
    ) -> Result<Vec<u8>, Error> {
        self.begin(world, limits).execute(name, data)
    }

    /// Begins a render, in which many templates are executed.
    pub fn begin<'a>(&'a self, world: &'a dyn World, limits: Limits) -> Render<'a> {
        Render(Machine::new(self, world, limits))
    }

    pub(super) fn functions(&self) -> Functions {
        self.functions
    }

    pub(super) fn files(&self) -> usize {
        self.files
    }

    pub(super) fn symbols(&self) -> usize {
        self.definitions.len()
    }

    pub(super) fn symbol(&self, name: &str) -> Option<usize> {
        self.symbols.get(name).copied()
    }

    pub(super) fn definition(&self, symbol: usize) -> Option<&Template> {
        self.definitions.get(symbol)?.as_deref()
    }

    pub(super) fn find(&self, name: &str) -> Option<&Template> {
        self.definition(self.symbol(name)?)
    }
}

fn number_of(symbols: &mut HashMap<Box<str>, usize>, name: &str) -> usize {
    if let Some(number) = symbols.get(name) {
        return *number;
    }
    let number = symbols.len();
    symbols.insert(name.into(), number);
    number
}

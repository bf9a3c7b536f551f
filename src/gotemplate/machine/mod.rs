//! Executes templates: one machine per render, which writes into one text.

mod argument;
mod call;
mod failure;
mod field;
mod include;
mod pipeline;
mod place;
mod walk;

use std::cell::OnceCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

use failure::Failure;
use place::Step;

use super::error::Error;
use super::set::{Limits, Set};
use super::tree::{File, Id, Template};
use crate::govalue::{Context, Error as CallError, Kind, Record, Value, World, grow_stack, print};

/// Steps between two looks at the limits.
const STRIDE: u64 = 1024;
/// How deep `template` may go, in Go as well.
const DEEPEST: usize = 100_000;

type Outcome<T> = Result<T, Failure>;

/// A value, and what Go's reflection knows of it.
#[derive(Clone, Debug, Default)]
struct Local {
    value: Value,
    seen: Seen,
}

/// How a value is seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Seen {
    /// Nothing was declared here.
    #[default]
    Undeclared,
    /// As what it is; nil is no value at all.
    Plain,
    /// As an `interface {}` that holds it: elements of maps and slices. Nil is a value then.
    Boxed,
}

impl Local {
    fn plain(value: Value) -> Self {
        let seen = Seen::Plain;
        Self { value, seen }
    }

    fn boxed(value: Value) -> Self {
        let seen = Seen::Boxed;
        Self { value, seen }
    }

    /// The name of its type, as errors tell it.
    fn type_name(&self) -> &'static str {
        match self.seen {
            Seen::Boxed => "interface {}",
            Seen::Plain | Seen::Undeclared => self.value.type_name(),
        }
    }
}

/// The strings of a file as values, made when they are first needed.
type Literals = Rc<[OnceCell<Value>]>;

/// One execution of one template.
struct Frame<'t> {
    template: &'t Template,
    file: &'t File,
    /// Where its variables begin.
    base: usize,
    literals: Literals,
    /// How many `template` actions lead here.
    depth: usize,
}

/// What happens after a statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Flow {
    Next,
    Break,
    Continue,
}

/// A render under way.
pub(super) struct Machine<'a> {
    set: &'a Set,
    world: &'a dyn World,
    limits: Limits,
    out: Vec<u8>,
    /// How much of the output the world was told of.
    told: usize,
    slots: Vec<Local>,
    arguments: Vec<Value>,
    /// What the texts of `tpl` under way define, the innermost last.
    overlays: Vec<(Box<str>, Arc<Template>)>,
    /// The node that Go would blame.
    at: Id,
    steps: u64,
    /// How many `include` of each name are under way, by its number or by itself.
    includes: Vec<usize>,
    other_includes: HashMap<Box<str>, usize>,
    /// How many `tpl` are under way.
    texts: usize,
    literals: Vec<Option<Literals>>,
    /// The file that is rendered.
    main: Option<&'a Template>,
    /// How the machine came from there to where it is.
    trail: Vec<Step<'a>>,
}

impl<'a> Machine<'a> {
    pub(super) fn new(set: &'a Set, world: &'a dyn World, limits: Limits) -> Self {
        Self {
            set,
            world,
            limits,
            out: Vec::new(),
            told: 0,
            slots: Vec::new(),
            arguments: Vec::new(),
            overlays: Vec::new(),
            at: 0,
            steps: 0,
            includes: vec![0; set.symbols()],
            other_includes: HashMap::new(),
            texts: 0,
            literals: vec![None; set.files()],
            main: None,
            trail: Vec::new(),
        }
    }

    /// Executes a template from outside.
    pub(super) fn run(&mut self, name: &str, data: &Value) -> Result<Vec<u8>, Error> {
        let Some(template) = self.set.find(name) else {
            let text = no_template(name);
            return Err(Error::Execute { text });
        };
        let data = data.clone();
        self.out.clear();
        (self.told, self.steps) = (0, 0);
        self.main = Some(template);
        match self.execute(template, data, 0) {
            Ok(()) => {
                remove_no_value(&mut self.out, 0);
                // The buffer, which has grown, serves the next one too.
                Ok(self.out.as_slice().to_vec())
            }
            Err(failure) => Err(failure.into_error()),
        }
    }

    /// Executes a template: its text goes behind what was written.
    fn execute(&mut self, template: &Template, data: Value, depth: usize) -> Outcome<()> {
        let base = self.slots.len();
        self.slots.resize(base + template.slots, Local::default());
        let dot = Local::plain(data);
        if let Some(dollar) = self.slots.get_mut(base) {
            *dollar = dot.clone();
        }
        let frame = Frame {
            template,
            file: &template.file,
            base,
            literals: self.literals_of(&template.file),
            depth,
        };
        let at = std::mem::take(&mut self.at);
        let walked = grow_stack(|| self.list(&frame, &dot, template.root));
        if walked.is_err() {
            // What Go would blame was told already.
            return walked.map(drop);
        }
        self.at = at;
        self.slots.truncate(base);
        Ok(())
    }

    fn literals_of(&mut self, file: &File) -> Literals {
        let make = || -> Literals { file.literals.iter().map(|_| OnceCell::new()).collect() };
        match file.number.and_then(|number| self.literals.get_mut(number)) {
            Some(place) => Rc::clone(place.get_or_insert_with(make)),
            None => make(),
        }
    }

    fn context(&self) -> Context<'a> {
        Context { world: self.world }
    }

    /// Counts a step, and looks at the limits now and then.
    fn step(&mut self, frame: &Frame<'_>) -> Outcome<()> {
        self.steps += 1;
        if self.steps.is_multiple_of(STRIDE) {
            return self.check(frame);
        }
        Ok(())
    }

    fn check(&mut self, frame: &Frame<'_>) -> Outcome<()> {
        if self.steps > self.limits.steps {
            let why = format!("more than {} steps", self.limits.steps);
            return Err(self.limit(frame, why));
        }
        if self.out.len() > self.limits.output {
            let why = format!("more than {} bytes of output", self.limits.output);
            return Err(self.limit(frame, why));
        }
        let written = self.out.len().saturating_sub(self.told);
        self.told = self.out.len();
        match self.world.spend(written) {
            Ok(()) => Ok(()),
            Err(error) => Err(self.failed(frame, error)),
        }
    }

    /// Writes a value as an action prints it.
    fn print(&mut self, frame: &Frame<'_>, value: &Value) -> Outcome<()> {
        let printed = match value {
            Value::Text(text) => {
                self.out.extend_from_slice(text);
                return Ok(());
            }
            Value::Nil => {
                self.out.extend_from_slice(b"<no value>");
                return Ok(());
            }
            Value::Record(record) => self.print_record(record),
            value => print::write(self.world, &mut self.out, value),
        };
        printed.map_err(|error| self.failed(frame, error))
    }

    /// Writes a struct, also where a pointer to one is printed. Go calls a `String` method of pointers
    /// here, but not where a function prints the struct.
    fn print_record(&mut self, record: &Record) -> Result<(), CallError> {
        let value = Value::Record(record.clone());
        let shape = record.shape();
        if shape.to_text.is_none()
            && let Some(method) = record.method("String")
        {
            let text = (method.call)(&self.context(), &[value])?;
            return print::write(self.world, &mut self.out, &text);
        }
        let start = self.out.len();
        print::write(self.world, &mut self.out, &value)?;
        let is_pointer = shape.to_text.is_none() && shape.kind == Kind::Pointer;
        if is_pointer && self.out.get(start) == Some(&b'&') {
            self.out.remove(start);
        }
        Ok(())
    }

    fn limit(&self, frame: &Frame<'_>, why: String) -> Failure {
        self.failed(frame, CallError::Limit(why))
    }
}

/// What Go says when a name is not defined.
fn no_template(name: &str) -> String {
    let name = print::quote(name.as_bytes());
    let name = String::from_utf8_lossy(&name);
    format!("template: no template {name} associated with template \"gotpl\"")
}

/// Removes `<no value>` from a text behind a place, as Helm does.
fn remove_no_value(out: &mut Vec<u8>, start: usize) {
    const NO_VALUE: &[u8] = b"<no value>";
    let find = |out: &[u8], from: usize| {
        let found = memchr::memmem::find(out.get(from..)?, NO_VALUE)?;
        Some(from + found)
    };
    let Some(first) = find(out, start) else {
        return;
    };
    let (mut end, mut place) = (first, first);
    while let Some(found) = find(out, place) {
        out.copy_within(place..found, end);
        end += found - place;
        place = found + NO_VALUE.len();
    }
    out.copy_within(place.., end);
    let removed = place - end;
    out.truncate(out.len() - removed);
}

//! A [`Query`] → steps.

use std::collections::BTreeMap;

use super::{Follows, Function, Given, Program, Step, Variable, import::Imported};
use crate::jq::{
    library::Library,
    native,
    syntax::{Header, Query, Wrong},
    value::Value,
};

/// What a name stands for.
#[derive(Debug, Clone)]
pub(super) enum Meaning {
    Variable {
        level: usize,
        place: u32,
    },
    Parameter {
        level: usize,
        place: u32,
    },
    Function {
        level: usize,
        index: u32,
        arity: usize,
    },
    Label {
        level: usize,
        place: u32,
    },
    /// A variable whose value is known before the filter runs.
    Constant(Value),
}

/// The steps of a function that is being compiled.
#[derive(Debug, Default)]
pub(super) struct Body {
    pub(super) steps: Vec<Step>,
    pub(super) variables: u32,
}

/// Compiles one filter.
#[derive(Debug)]
pub(super) struct Compiler {
    pub(super) functions: Vec<Option<Body>>,
    /// The functions that are being compiled, the innermost last. The first is the filter itself.
    pub(super) open: Vec<Body>,
    /// What names mean here, the nearest last.
    pub(super) names: Vec<(String, Meaning)>,
    /// Functions of the prelude that are compiled already.
    pub(super) builtins: BTreeMap<(String, usize), u32>,
    pub(super) imported: Imported,
    pub(super) environment: Value,
    pub(super) has_inputs: bool,
}

impl Compiler {
    pub(super) fn new(given: Given<'_>) -> Self {
        let constant = |(name, value)| (name, Meaning::Constant(value));
        Self {
            functions: vec![None],
            open: vec![Body::default()],
            names: given.variables.into_iter().map(constant).collect(),
            builtins: BTreeMap::new(),
            imported: Imported::of(given.library),
            environment: given.environment,
            has_inputs: given.has_inputs,
        }
    }

    pub(super) fn program(mut self, header: &Header, query: &Query) -> Result<Program, Wrong> {
        self.imports(header)?;
        self.query(query)?;
        self.step(Step::Return);
        self.functions[0] = self.open.pop();
        let Imported { library, texts, .. } = self.imported;
        Ok(link(self.functions, library, texts))
    }

    // ── Emitting ─────────────────────────────────────────────────────────────────────────────────

    pub(super) fn body(&mut self) -> &mut Body {
        if self.open.is_empty() {
            self.open.push(Body::default());
        }
        let last = self.open.len() - 1;
        &mut self.open[last]
    }

    pub(super) fn step(&mut self, step: Step) {
        self.body().steps.push(step);
    }

    /// The place of the next step.
    pub(super) fn here(&mut self) -> u32 {
        u32::try_from(self.body().steps.len()).unwrap_or(u32::MAX)
    }

    /// Adds a step that leads to a place not known yet; see [`Self::land`].
    pub(super) fn leap(&mut self, step: fn(u32) -> Step) -> u32 {
        let place = self.here();
        self.step(step(0));
        place
    }

    /// Lets the step at a place lead here.
    pub(super) fn land(&mut self, leap: u32) {
        let here = self.here();
        let step = self.body().steps.get_mut(leap as usize);
        if let Some(target) = step.and_then(target_of) {
            *target = here;
        }
    }

    pub(super) fn new_variable(&mut self) -> Variable {
        let body = self.body();
        body.variables += 1;
        Variable {
            hops: 0,
            place: body.variables - 1,
        }
    }

    pub(super) fn level(&self) -> usize {
        self.open.len() - 1
    }

    pub(super) fn reach(&self, level: usize) -> u32 {
        u32::try_from(self.level() - level).unwrap_or(u32::MAX)
    }

    /// Gives a variable a name from here to the end of the scope.
    pub(super) fn declare(&mut self, name: &str) -> Variable {
        let variable = self.new_variable();
        let meaning = Meaning::Variable {
            level: self.level(),
            place: variable.place,
        };
        self.names.push((name.to_owned(), meaning));
        variable
    }

    /// Compiles a part whose names end with it.
    pub(super) fn scoped(&mut self, query: &Query) -> Result<(), Wrong> {
        let names = self.names.len();
        let result = self.query(query);
        self.names.truncate(names);
        result
    }

    // ── Queries ──────────────────────────────────────────────────────────────────────────────────

    #[expect(clippy::too_many_lines, reason = "one arm for each kind of query")]
    pub(super) fn query(&mut self, query: &Query) -> Result<(), Wrong> {
        match query {
            Query::Identity => {}
            Query::Literal(value) => self.step(Step::Const(value.clone())),
            Query::Pipe(left, right) => {
                self.scoped(left)?;
                self.scoped(right)?;
            }
            Query::Comma(left, right) => {
                let fork = self.leap(Step::Fork);
                self.scoped(left)?;
                let end = self.leap(Step::Jump);
                self.land(fork);
                self.scoped(right)?;
                self.land(end);
            }
            Query::Alternative(left, right) => self.alternative(left, right)?,
            Query::And(left, right) => self.junction(left, right, false)?,
            Query::Or(left, right) => self.junction(left, right, true)?,
            Query::Operate(name, left, right) => {
                self.native(name, &[left, right], Follows::Nothing)?;
            }
            Query::Sign(name, term) => {
                self.scoped(term)?;
                self.native(name, &[], Follows::Nothing)?;
            }
            Query::Assign(..) | Query::Modify(..) | Query::Update(..) => self.update(query)?,
            Query::Define(definition, rest) => {
                let names = self.names.len();
                self.definition(definition)?;
                self.query(rest)?;
                self.names.truncate(names);
            }
            Query::Bind {
                source,
                patterns,
                body,
            } => self.bind(source, patterns, body)?,
            Query::Label(name, body) => self.label(name, body)?,
            Query::Break(name, place) => self.break_out(name, *place)?,
            Query::Field(term, key) => {
                self.scoped(term)?;
                self.step(Step::Field(key.clone()));
            }
            Query::Index(term, key) => self.native("_index", &[term, key], Follows::Index)?,
            Query::Slice { term, from, to } => {
                let null = Query::Literal(Value::Null);
                let [from, to] = [from, to].map(|end| end.as_deref().unwrap_or(&null));
                self.native("_slice", &[term, to, from], Follows::Slice)?;
            }
            Query::Iterate(term) => {
                self.scoped(term)?;
                self.step(Step::Iterate);
            }
            Query::Call {
                name,
                arguments,
                place,
            } => self.call(name, arguments, *place)?,
            Query::Variable(name, place) => self.variable(name, *place)?,
            Query::Object(entries) => self.object(entries)?,
            Query::Array(None) => self.step(Step::Const(Value::empty_list())),
            Query::Array(Some(items)) => self.array(items)?,
            Query::String(template) => self.template(template)?,
            Query::Format(name) => self.format(name)?,
            Query::If {
                condition,
                then,
                otherwise,
            } => {
                self.branch(condition, then, otherwise.as_deref())?;
            }
            Query::Try(body, catch) => self.attempt(body, catch.as_deref())?,
            Query::Reduce(fold) => self.reduce(fold)?,
            Query::Foreach(fold) => self.foreach(fold)?,
        }
        Ok(())
    }

    /// Calls a native function: its arguments are asked for from the last to the first.
    pub(super) fn native(
        &mut self,
        name: &str,
        arguments: &[&Query],
        follows: Follows,
    ) -> Result<(), Wrong> {
        let Some(function) = native::find(name, arguments.len()) else {
            return Err(Wrong {
                place: 0,
                message: format!("function not defined: {name}"),
            });
        };
        let count = u8::try_from(arguments.len()).unwrap_or(u8::MAX);
        if arguments.is_empty() {
            self.step(Step::Native {
                function,
                arguments: count,
                follows,
            });
            return Ok(());
        }
        let input = self.new_variable();
        self.step(Step::Store(input));
        // The path goes on through the term that is indexed, which is the first argument.
        let followed = match follows {
            Follows::Nothing => None,
            Follows::GetPath => Some(arguments.len()),
            Follows::Index | Follows::Slice => Some(0),
        };
        if followed.is_some() {
            self.step(Step::ValueBegin);
        }
        for (index, argument) in arguments.iter().enumerate().rev() {
            if followed == Some(index) {
                self.step(Step::ValueEnd);
            }
            self.step(Step::Load(input));
            self.scoped(argument)?;
        }
        if followed == Some(arguments.len()) {
            self.step(Step::ValueEnd);
        }
        self.step(if followed == Some(0) {
            Step::Push(Value::Null)
        } else {
            Step::Load(input)
        });
        self.step(Step::Native {
            function,
            arguments: count,
            follows,
        });
        Ok(())
    }

    fn alternative(&mut self, left: &Query, right: &Query) -> Result<(), Wrong> {
        let found = self.new_variable();
        self.step(Step::Push(Value::Bool(false)));
        self.step(Step::Store(found));
        let fork = self.leap(Step::Fork);
        self.scoped(left)?;
        self.step(Step::Duplicate);
        let untrue = self.leap(Step::JumpUnless);
        self.step(Step::Push(Value::Bool(true)));
        self.step(Step::Store(found));
        let end = self.leap(Step::Jump);
        self.land(untrue);
        self.step(Step::Backtrack);
        self.land(fork);
        self.step(Step::Load(found));
        let none = self.leap(Step::JumpUnless);
        self.step(Step::Backtrack);
        self.land(none);
        self.scoped(right)?;
        self.land(end);
        Ok(())
    }

    /// `and` and `or`: the second is asked only if the first does not decide.
    fn junction(&mut self, left: &Query, right: &Query, decides: bool) -> Result<(), Wrong> {
        self.step(Step::Duplicate);
        self.step(Step::ValueBegin);
        self.scoped(left)?;
        self.step(Step::ValueEnd);
        let mut ends = Vec::new();
        let first = self.leap(Step::JumpUnless);
        if decides {
            self.step(Step::Const(Value::Bool(true)));
            ends.push(self.leap(Step::Jump));
            self.land(first);
        }
        self.step(Step::ValueBegin);
        self.scoped(right)?;
        self.step(Step::ValueEnd);
        // The input of the second is used up by it: the answer is pushed.
        let second = self.leap(Step::JumpUnless);
        self.step(Step::Push(Value::Bool(true)));
        ends.push(self.leap(Step::Jump));
        self.land(second);
        self.step(Step::Push(Value::Bool(false)));
        if !decides {
            ends.push(self.leap(Step::Jump));
            self.land(first);
            self.step(Step::Const(Value::Bool(false)));
        }
        for end in ends {
            self.land(end);
        }
        Ok(())
    }

    pub(super) fn branch(
        &mut self,
        condition: &Query,
        then: &Query,
        otherwise: Option<&Query>,
    ) -> Result<(), Wrong> {
        self.step(Step::Duplicate);
        self.step(Step::ValueBegin);
        self.scoped(condition)?;
        self.step(Step::ValueEnd);
        let untrue = self.leap(Step::JumpUnless);
        self.scoped(then)?;
        let end = self.leap(Step::Jump);
        self.land(untrue);
        if let Some(otherwise) = otherwise {
            self.scoped(otherwise)?;
        }
        self.land(end);
        Ok(())
    }

    fn attempt(&mut self, body: &Query, catch: Option<&Query>) -> Result<(), Wrong> {
        let fork = self.leap(Step::Try);
        self.scoped(body)?;
        self.step(Step::TryEnd);
        let end = self.leap(Step::Jump);
        self.land(fork);
        match catch {
            Some(catch) => self.scoped(catch)?,
            None => self.step(Step::Backtrack),
        }
        self.land(end);
        Ok(())
    }
}

/// Puts all functions one after another.
fn link(bodies: Vec<Option<Body>>, library: Library, modules: String) -> Program {
    let mut steps = Vec::new();
    let mut functions = Vec::new();
    for body in bodies.into_iter().map(Option::unwrap_or_default) {
        let entry = u32::try_from(steps.len()).unwrap_or(u32::MAX);
        functions.push(Function {
            entry,
            variables: body.variables,
        });
        steps.extend(body.steps.into_iter().map(|mut step| {
            if let Some(target) = target_of(&mut step) {
                *target += entry;
            }
            step
        }));
    }
    mark_tails(&mut steps);
    Program {
        steps,
        functions,
        library,
        modules: modules.into(),
    }
}

fn target_of(step: &mut Step) -> Option<&mut u32> {
    match step {
        Step::Fork(target)
        | Step::Try(target)
        | Step::ForkAlternative(target)
        | Step::Jump(target)
        | Step::JumpUnless(target) => Some(target),
        _ => None,
    }
}

/// A call that is followed by a return need not come back.
fn mark_tails(steps: &mut [Step]) {
    for index in 0..steps.len() {
        let mut next = index + 1;
        // Jumps only lead forward, so that this ends.
        while let Some(Step::Jump(target)) = steps.get(next) {
            next = *target as usize;
        }
        let returns = matches!(steps.get(next), Some(Step::Return));
        if let Step::Call { tail, .. } | Step::CallClosure { tail, .. } = &mut steps[index] {
            *tail = returns;
        }
    }
}

//! Runs the steps of a filter on one input. The stacks are our own, so that no filter can run the
//! thread's stack out; every step is counted.

mod fork;
mod frame;
mod path;
mod trail;

use std::{collections::VecDeque, sync::Arc};

use self::{
    fork::{Fork, Resume},
    frame::Frame,
    path::Trace,
    trail::Trail,
};
use super::{
    failure::{Failure, Meter},
    program::{Follows, Program, Step, Variable, describe},
    value::{Value, to_float},
};

/// Frames, ways back and values on the stacks altogether.
const MOST_CELLS: usize = 600_000;

/// How a step ended.
enum Flow {
    Next,
    Backtrack,
    Output(Value),
}

/// A run of a filter.
#[derive(Debug)]
pub(super) struct Machine<'a> {
    program: &'a Program,
    meter: Meter,
    pc: u32,
    values: Trail<Value>,
    paths: Trail<Trace>,
    /// More than 0 while what is evaluated is no part of the path that is followed.
    aside: u32,
    frames: Vec<Frame>,
    variables: Vec<Value>,
    /// The frame of the function that runs.
    frame: u32,
    /// Frames below this place are needed by a way back.
    frames_guard: u32,
    forks: Vec<Fork>,
    labels: i64,
    begun: bool,
}

impl<'a> Machine<'a> {
    pub(super) fn new(program: &'a Program, input: Value, meter: Meter) -> Self {
        let main = program.functions.first().copied().unwrap_or_default();
        let mut values = Trail::new();
        values.push(input);
        Self {
            program,
            meter,
            pc: main.entry,
            values,
            paths: Trail::new(),
            aside: 0,
            frames: vec![Frame::default()],
            variables: vec![Value::Null; main.variables as usize],
            frame: 0,
            frames_guard: 0,
            forks: Vec::new(),
            labels: 0,
            begun: false,
        }
    }

    /// The next output, or nothing after the last one. After a failure there are no more.
    pub(super) fn next(&mut self) -> Result<Option<Value>, Failure> {
        let mut flow = if self.begun {
            Ok(Flow::Backtrack)
        } else {
            Ok(Flow::Next)
        };
        self.begun = true;
        loop {
            match flow {
                Ok(Flow::Next) => {}
                Ok(Flow::Output(value)) => return Ok(Some(value)),
                Ok(Flow::Backtrack) => {
                    if !self.backtrack()? {
                        return Ok(None);
                    }
                }
                Err(failure) => {
                    if !self.unwind(failure)? {
                        return Ok(None);
                    }
                }
            }
            flow = self.step();
        }
    }

    #[expect(clippy::too_many_lines, reason = "one line for each kind of step")]
    fn step(&mut self) -> Result<Flow, Failure> {
        self.meter.tick()?;
        let program = self.program;
        let Some(step) = program.steps.get(self.pc as usize) else {
            return Ok(Flow::Backtrack);
        };
        self.pc += 1;
        match step {
            Step::Push(value) => self.values.push(value.clone()),
            Step::Const(value) => {
                self.pop();
                self.values.push(value.clone());
            }
            Step::Pop => _ = self.pop(),
            Step::Duplicate => {
                let value = self.values.top().cloned().unwrap_or(Value::Null);
                self.values.push(value);
            }
            Step::Load(variable) => {
                let value = self.variable(*variable).clone();
                self.values.push(value);
            }
            Step::Take(variable) => {
                let value = std::mem::replace(self.variable(*variable), Value::Null);
                self.values.push(value);
            }
            Step::Store(variable) => {
                let value = self.pop();
                *self.variable(*variable) = value;
            }
            Step::Append(variable) => self.append(*variable)?,
            Step::Object(count) => self.object(*count)?,
            Step::Fork(target) => self.fork(Resume::At(*target))?,
            Step::Try(handler) => self.fork(Resume::Catch(*handler))?,
            Step::TryEnd => self.fork(Resume::Escaped)?,
            Step::ForkAlternative(target) => self.fork(Resume::OnError(*target))?,
            Step::Label(variable) => {
                self.labels += 1;
                self.fork(Resume::Label(self.labels))?;
                let label = Value::Int(self.labels);
                *self.variable(*variable) = label;
            }
            Step::Break(variable) => {
                let Value::Int(label) = self.variable(*variable) else {
                    return Ok(Flow::Backtrack);
                };
                return Err(Failure::Break(*label));
            }
            Step::Backtrack => return Ok(Flow::Backtrack),
            Step::Jump(target) => self.pc = *target,
            Step::JumpUnless(target) => {
                if !self.pop().is_true() {
                    self.pc = *target;
                }
            }
            Step::Field(key) => self.field(key)?,
            Step::Item(index) => self.item(*index)?,
            Step::Native {
                function,
                arguments,
                follows,
            } => {
                return self.native(function, *arguments, *follows);
            }
            Step::Range => return self.range(),
            Step::ModuleMeta => self.module_meta()?,
            Step::Iterate => return self.iterate(),
            Step::ValueBegin => self.aside += 1,
            Step::ValueEnd => self.aside = self.aside.saturating_sub(1),
            Step::PathBegin => self.begin_path(),
            Step::PathEnd => self.end_path()?,
            Step::Call {
                function,
                hops,
                arguments,
                tail,
            } => {
                self.call(*function, *hops, arguments, *tail)?;
            }
            Step::CallClosure { variable, tail } => self.call_closure(*variable, *tail)?,
            Step::Return => return Ok(self.leave()),
        }
        Ok(Flow::Next)
    }

    fn pop(&mut self) -> Value {
        self.values.pop().unwrap_or(Value::Null)
    }

    fn module_meta(&mut self) -> Result<(), Failure> {
        let name = self.pop();
        let Value::Text(name) = name else {
            return Err(Failure::applied("modulemeta", &name));
        };
        let meta = describe(&name, &self.program.library).map_err(Failure::Message)?;
        self.values.push(meta);
        Ok(())
    }

    /// What `input` has not taken.
    pub(super) fn inputs_left(self) -> VecDeque<Value> {
        self.meter.inputs
    }

    fn append(&mut self, variable: Variable) -> Result<(), Failure> {
        let item = self.pop();
        if let Value::List(list) = self.variable(variable) {
            Arc::make_mut(list).push(item)?;
        }
        Ok(())
    }

    fn object(&mut self, count: u32) -> Result<(), Failure> {
        let mut entries = Vec::with_capacity(count as usize);
        for _ in 0..count {
            let value = self.pop();
            match self.pop() {
                Value::Text(key) => entries.push((key, value)),
                key => {
                    return Err(Failure::about(
                        "expected a string for object key but got",
                        &key,
                    ));
                }
            }
        }
        // Entries come off the stack from the last to the first; of two the later one counts.
        entries.reverse();
        self.values.push(Value::map(entries)?);
        Ok(())
    }

    fn native(
        &mut self,
        function: &super::native::Native,
        count: u8,
        follows: Follows,
    ) -> Result<Flow, Failure> {
        let mut inputs = [Value::Null, Value::Null, Value::Null, Value::Null];
        for input in inputs.iter_mut().take(usize::from(count) + 1) {
            *input = self.values.pop().unwrap_or(Value::Null);
        }
        if follows == Follows::Nothing || !self.follows_path() {
            let value = function.call(&mut self.meter, inputs)?;
            self.values.push(value);
            return Ok(Flow::Next);
        }
        let kept = inputs.clone();
        let value = function.call(&mut self.meter, inputs)?;
        self.values.push(value.clone());
        self.follow_call(follows, kept, value)?;
        Ok(Flow::Next)
    }

    /// `from`, `to` and `step` in a list → the first number, and a way back to the others.
    fn range(&mut self) -> Result<Flow, Failure> {
        let Value::List(list) = self.pop() else {
            return Ok(Flow::Backtrack);
        };
        let [from, to, step] = &**list else {
            return Ok(Flow::Backtrack);
        };
        self.fork(Resume::Range {
            next: from.clone(),
            end: to.clone(),
            step: step.clone(),
        })?;
        Ok(Flow::Backtrack)
    }

    fn iterate(&mut self) -> Result<Flow, Failure> {
        let container = self.pop();
        let count = match &container {
            Value::List(list) => list.len(),
            Value::Map(map) => map.len(),
            _ => return Err(Failure::about("cannot iterate over", &container)),
        };
        let followed = self.follows_path();
        if followed && !self.is_on_path(&container) {
            return Err(Failure::about(
                "invalid path on iterating against",
                &container,
            ));
        }
        if count == 0 {
            return Ok(Flow::Backtrack);
        }
        if count > 1 {
            self.fork(Resume::Items {
                container: container.clone(),
                next: 1,
            })?;
        }
        self.push_item(&container, 0, followed);
        Ok(Flow::Next)
    }

    fn push_item(&mut self, container: &Value, index: usize, followed: bool) {
        let (key, value) = match container {
            Value::List(list) => (None, list.get(index).cloned()),
            Value::Map(map) => {
                let entry = map.get(index..).and_then(<[_]>::first);
                (
                    entry.map(|entry| &entry.0),
                    entry.map(|entry| entry.1.clone()),
                )
            }
            _ => (None, None),
        };
        let value = value.unwrap_or(Value::Null);
        if followed {
            let key = key.map_or_else(|| Value::from(index), |key| Value::Text(key.clone()));
            self.paths.push(Trace::Step {
                key,
                value: value.clone(),
            });
        }
        self.values.push(value);
    }

    fn holds_too_much(&self) -> Result<(), Failure> {
        let cells = self.frames.len() + self.variables.len() + self.forks.len();
        if cells + self.values.cells() + self.paths.cells() > MOST_CELLS {
            return Err(Failure::Limit("the depth that a filter may reach"));
        }
        Ok(())
    }
}

/// Whether a range of this step has come to its end.
fn is_past(next: &Value, end: &Value, step: &Value) -> bool {
    let order = super::value::compare(next, end);
    match to_float(step) {
        Some(step) if step > 0.0 => order.is_ge(),
        Some(0.0) => true,
        // No number counts as less than all, as in every comparison.
        _ => order.is_le(),
    }
}

//! Pipelines, commands and variables.

use super::call::Given;
use super::{Frame, Local, Machine, Outcome, Seen};
use crate::gotemplate::tree::{Callee, Command, Operand, OperandKind, Pipe, Target};
use crate::govalue::{Value, grow_stack};

impl Machine<'_> {
    pub(super) fn pipeline_at(
        &mut self,
        frame: &Frame<'_>,
        dot: &Local,
        pipe: usize,
    ) -> Outcome<Value> {
        match frame.file.pipes.get(pipe) {
            None => Ok(Value::Nil),
            Some(pipe) => self.pipeline(frame, dot, pipe),
        }
    }

    /// A pipeline in parentheses, on more stack where they nest deep.
    pub(super) fn inner_pipeline(
        &mut self,
        frame: &Frame<'_>,
        dot: &Local,
        pipe: usize,
    ) -> Outcome<Value> {
        if frame.template.is_deep {
            return grow_stack(|| self.pipeline_at(frame, dot, pipe));
        }
        self.pipeline_at(frame, dot, pipe)
    }

    /// The value of a pipeline. What it holds is no interface any more: nil is no value.
    pub(super) fn pipeline(
        &mut self,
        frame: &Frame<'_>,
        dot: &Local,
        pipe: &Pipe,
    ) -> Outcome<Value> {
        self.at = pipe.id;
        for slot in &pipe.unsure {
            if let Some(local) = self.slots.get_mut(frame.base + slot) {
                *local = Local::default();
            }
        }
        let mut value = None;
        for command in &pipe.commands {
            value = Some(self.command(frame, dot, command, value)?);
        }
        let value = value.unwrap_or_default();
        for variable in &pipe.variables {
            self.assign(frame, variable, Local::plain(value.clone()))?;
        }
        Ok(value)
    }

    fn command(
        &mut self,
        frame: &Frame<'_>,
        dot: &Local,
        command: &Command,
        last: Option<Value>,
    ) -> Outcome<Value> {
        self.step(frame)?;
        let Some(first) = command.arguments.first() else {
            return Ok(Value::Nil);
        };
        let arguments = command.arguments.get(1..).unwrap_or_default();
        let has_arguments = command.arguments.len() > 1 || last.is_some();
        match &first.kind {
            OperandKind::Function(callee) => {
                self.at = first.id;
                self.function(frame, dot, (callee, command), (arguments, last))
            }
            OperandKind::Field(names) => {
                self.at = first.id;
                let found = self.fields(frame, dot, (dot, names, first.id), (arguments, last))?;
                Ok(found.value)
            }
            OperandKind::Chain(of, names) => {
                self.at = first.id;
                let receiver = self.operand(frame, dot, of)?;
                let of = (&receiver, &**names, first.id);
                Ok(self.fields(frame, dot, of, (arguments, last))?.value)
            }
            OperandKind::Variable {
                name,
                place,
                fields,
            } => {
                self.at = first.id;
                if fields.is_empty() {
                    let value = self.variable(frame, name, place)?.value.clone();
                    if has_arguments {
                        return Err(self.no_function(frame, first));
                    }
                    return Ok(value);
                }
                let receiver = self.variable(frame, name, place)?.clone();
                let of = (&receiver, &**fields, first.id);
                Ok(self.fields(frame, dot, of, (arguments, last))?.value)
            }
            OperandKind::Pipe(pipe) => {
                if has_arguments {
                    return Err(self.no_function(frame, first));
                }
                self.inner_pipeline(frame, dot, *pipe)
            }
            OperandKind::Dot
            | OperandKind::Nil
            | OperandKind::Bool(_)
            | OperandKind::Number(_)
            | OperandKind::Text(..) => self.simple(frame, dot, first, has_arguments),
        }
    }

    /// The dot or a literal, which take no arguments.
    fn simple(
        &mut self,
        frame: &Frame<'_>,
        dot: &Local,
        operand: &Operand,
        has_arguments: bool,
    ) -> Outcome<Value> {
        self.at = operand.id;
        if has_arguments {
            return Err(self.no_function(frame, operand));
        }
        match operand.kind {
            OperandKind::Dot => Ok(dot.value.clone()),
            OperandKind::Nil => Err(self.fail(frame, "nil is not a command")),
            _ => self.literal(frame, operand),
        }
    }

    /// A function with the arguments of its command.
    fn function(
        &mut self,
        frame: &Frame<'_>,
        dot: &Local,
        (callee, command): (&Callee, &Command),
        given: Given<'_>,
    ) -> Outcome<Value> {
        match callee {
            Callee::Function(function) => self.call(frame, dot, (function, command.id), given),
            Callee::Builtin(builtin) => {
                self.call_builtin(frame, dot, (*builtin, command.id), given)
            }
            Callee::Include => self.include_text(frame, dot, command, given.1),
            Callee::Tpl => self.tpl(frame, dot, (given.0, command.id), given.1),
        }
    }

    fn no_function(&self, frame: &Frame<'_>, first: &Operand) -> super::Failure {
        let text = frame
            .file
            .text_of(crate::gotemplate::tree::Node::Operand(first));
        self.fail(
            frame,
            &format!("can't give argument to non-function {text}"),
        )
    }

    /// What a variable holds.
    pub(super) fn variable(
        &self,
        frame: &Frame<'_>,
        name: &str,
        place: &[usize],
    ) -> Outcome<&Local> {
        for slot in place {
            if let Some(local) = self.slots.get(frame.base + slot)
                && local.seen != Seen::Undeclared
            {
                return Ok(local);
            }
        }
        Err(self.fail(frame, &format!("undefined variable: {name}")))
    }

    /// Gives a variable a value.
    pub(super) fn assign(
        &mut self,
        frame: &Frame<'_>,
        variable: &Target,
        value: Local,
    ) -> Outcome<()> {
        if let [slot] = *variable.place
            && let Some(local) = self.slots.get_mut(frame.base + slot)
        {
            *local = value;
            return Ok(());
        }
        for slot in &variable.place {
            if let Some(local) = self.slots.get_mut(frame.base + slot)
                && local.seen != Seen::Undeclared
            {
                *local = value;
                return Ok(());
            }
        }
        Err(self.fail(frame, &format!("undefined variable: {}", variable.name)))
    }
}

//! Calls of functions: arguments counted, fitted, and what drawing functions gave before.

use super::{Frame, Local, Machine, Outcome, Seen};
use crate::gotemplate::builtin::{self, Builtin};
use crate::gotemplate::tree::{Id, Node, Operand};
use crate::govalue::{Error as CallError, Function, Parameter, Value};

/// The arguments that are written out, and the one from the command before.
pub(super) type Given<'o> = (&'o [Operand], Option<Value>);

impl Machine<'_> {
    /// Calls a function, which the node of this number names.
    pub(super) fn call(
        &mut self,
        frame: &Frame<'_>,
        dot: &Local,
        (function, node): (&'static Function, Id),
        given: Given<'_>,
    ) -> Outcome<Value> {
        self.call_with(frame, dot, (function, node, function.name), (None, given))
    }

    /// Calls a method, whose first argument is its receiver.
    pub(super) fn call_method(
        &mut self,
        frame: &Frame<'_>,
        dot: &Local,
        (function, node): (&'static Function, Id),
        (receiver, given): (Value, Given<'_>),
    ) -> Outcome<Value> {
        let receiver = Some(receiver);
        self.call_with(
            frame,
            dot,
            (function, node, function.name),
            (receiver, given),
        )
    }

    fn call_with(
        &mut self,
        frame: &Frame<'_>,
        dot: &Local,
        (function, node, name): (&'static Function, Id, &str),
        (receiver, (operands, last)): (Option<Value>, Given<'_>),
    ) -> Outcome<Value> {
        let fixed = function.parameters.len();
        let count = operands.len() + usize::from(last.is_some());
        if count != fixed && (function.rest.is_none() || count < fixed) {
            let why = match function.rest {
                Some(_) => {
                    let given = operands.len();
                    format!("wrong number of args for {name}: want at least {fixed} got {given}")
                }
                None => format!("wrong number of args for {name}: want {fixed} got {count}"),
            };
            return Err(self.fail(frame, &why));
        }
        if let Some(why) = function.unfit {
            return Err(self.fail(frame, why));
        }
        let parameter = |index: usize| {
            let parameter = function.parameters.get(index).copied().or(function.rest);
            parameter.unwrap_or(Parameter::Any)
        };
        let base = self.arguments.len();
        self.arguments.extend(receiver);
        for (index, operand) in operands.iter().enumerate() {
            let value = self.argument(frame, dot, operand, parameter(index))?;
            self.arguments.push(value);
        }
        if let Some(last) = last {
            let value = match parameter(operands.len()) {
                Parameter::Any => last,
                parameter => self.validate(frame, Local::plain(last), parameter)?,
            };
            self.arguments.push(value);
        }
        let arguments = self.arguments.get(base..).unwrap_or_default();
        let result = if function.draws {
            self.draw((function, &self.place(frame, node)), arguments)
        } else {
            (function.call)(&self.context(), arguments)
        };
        self.arguments.truncate(base);
        match result {
            Ok(value) => Ok(value),
            Err(error) => {
                self.at = node;
                Err(self.failed_call(frame, name, error))
            }
        }
    }

    /// What a drawing function gave before in this place, or what it gives now.
    fn draw(
        &self,
        (function, place): (&Function, &[u8]),
        arguments: &[Value],
    ) -> Result<Value, CallError> {
        self.world.note_place(place);
        if let Some(value) = self.world.recall(function.name, arguments) {
            return Ok(value);
        }
        // Keys take long to make: the time is looked at before each.
        self.world.spend(0)?;
        let value = (function.call)(&self.context(), arguments)?;
        self.world.keep(function.name, arguments, &value);
        Ok(value)
    }

    /// Calls one of Go's own functions.
    pub(super) fn call_builtin(
        &mut self,
        frame: &Frame<'_>,
        dot: &Local,
        (builtin, node): (Builtin, Id),
        (operands, last): Given<'_>,
    ) -> Outcome<Value> {
        let name = builtin.name();
        let (fixed, is_variadic) = builtin.arity();
        let count = operands.len() + usize::from(last.is_some());
        if count != fixed && (!is_variadic || count < fixed) {
            let why = if is_variadic {
                let given = operands.len();
                format!("wrong number of args for {name}: want at least {fixed} got {given}")
            } else {
                format!("wrong number of args for {name}: want {fixed} got {count}")
            };
            return Err(self.fail(frame, &why));
        }
        if matches!(builtin, Builtin::And | Builtin::Or) {
            return self.choose(frame, dot, builtin == Builtin::Or, (operands, last));
        }
        let base = self.arguments.len();
        let mut first_seen = Seen::Plain;
        for (index, operand) in operands.iter().enumerate() {
            let value = if builtin == Builtin::Printf && index == 0 {
                self.argument(frame, dot, operand, Parameter::Text)?
            } else {
                let local = self.any(frame, dot, operand)?;
                if index == 0 {
                    first_seen = local.seen;
                }
                local.value
            };
            self.arguments.push(value);
        }
        if let Some(last) = last {
            let value = if builtin == Builtin::Printf && operands.is_empty() {
                self.validate(frame, Local::plain(last), Parameter::Text)?
            } else {
                last
            };
            self.arguments.push(value);
        }
        let arguments = self.arguments.get(base..).unwrap_or_default();
        let result = match builtin {
            Builtin::Call => Err(no_function(frame, operands, arguments)),
            Builtin::Len => builtin::length(arguments, first_seen == Seen::Boxed),
            builtin => builtin.call(self.world, arguments),
        };
        self.arguments.truncate(base);
        match result {
            Ok(value) => Ok(value),
            Err(error) => {
                self.at = node;
                Err(self.failed_call(frame, name, error))
            }
        }
    }

    /// An argument of any type, with what is known of it.
    fn any(&mut self, frame: &Frame<'_>, dot: &Local, operand: &Operand) -> Outcome<Local> {
        self.operand(frame, dot, operand)
    }

    /// `and` and `or`: the first argument that decides, or the last one.
    fn choose(
        &mut self,
        frame: &Frame<'_>,
        dot: &Local,
        wanted: bool,
        (operands, last): Given<'_>,
    ) -> Outcome<Value> {
        let mut value = Value::Nil;
        for operand in operands {
            value = self.any(frame, dot, operand)?.value;
            if value.is_true() == wanted {
                return Ok(value);
            }
        }
        Ok(last.unwrap_or(value))
    }
}

/// `call` of something: there are no functions among values.
fn no_function(frame: &Frame<'_>, operands: &[Operand], arguments: &[Value]) -> CallError {
    let Some(value) = arguments.first() else {
        return CallError::Failed("call of nil".to_owned());
    };
    if matches!(value, Value::Nil) {
        return CallError::Failed("call of nil".to_owned());
    }
    let name = match operands.first() {
        Some(operand) => frame.file.text_of(Node::Operand(operand)),
        None => match value {
            Value::Text(text) => text.as_str().into_owned(),
            value => format!("<{} Value>", value.type_name()),
        },
    };
    CallError::Failed(format!("non-function {name} of type {}", value.type_name()))
}

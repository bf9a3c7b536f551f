//! Statements: text, actions, and what repeats or chooses them.

use super::place::Step;
use super::{DEEPEST, Flow, Frame, Local, Machine, Outcome, Seen};
use crate::gotemplate::tree::{Branch, Callee, Id, OperandKind, Pipe, Statement, StatementKind};
use crate::govalue::{Element, List, Map, MapKind, Record, Value, grow_stack, print};

impl Machine<'_> {
    pub(super) fn list(&mut self, frame: &Frame<'_>, dot: &Local, list: usize) -> Outcome<Flow> {
        for statement in frame.file.lists.get(list).into_iter().flatten() {
            let flow = self.statement(frame, dot, statement)?;
            if flow != Flow::Next {
                return Ok(flow);
            }
        }
        Ok(Flow::Next)
    }

    /// A list in a block, on more stack where blocks nest deep.
    fn inner_list(&mut self, frame: &Frame<'_>, dot: &Local, list: usize) -> Outcome<Flow> {
        if frame.template.is_deep {
            return grow_stack(|| self.list(frame, dot, list));
        }
        self.list(frame, dot, list)
    }

    fn statement(
        &mut self,
        frame: &Frame<'_>,
        dot: &Local,
        statement: &Statement,
    ) -> Outcome<Flow> {
        self.at = statement.id;
        self.step(frame)?;
        match &statement.kind {
            StatementKind::Text(end) => {
                let text = frame.file.text.get(statement.position..*end);
                self.out.extend_from_slice(text.unwrap_or_default());
                Ok(Flow::Next)
            }
            StatementKind::Action(pipe) => self.action(frame, dot, *pipe),
            StatementKind::If(branch) => {
                let value = self.pipeline_at(frame, dot, branch.pipe)?;
                if value.is_true() {
                    return self.inner_list(frame, dot, branch.list);
                }
                self.otherwise(frame, dot, branch)
            }
            StatementKind::With(branch) => {
                let value = self.pipeline_at(frame, dot, branch.pipe)?;
                if value.is_true() {
                    return self.inner_list(frame, &Local::plain(value), branch.list);
                }
                self.otherwise(frame, dot, branch)
            }
            StatementKind::Range(branch) => self.range(frame, dot, branch),
            StatementKind::Template { name, symbol, pipe } => {
                self.template(frame, dot, (name, *symbol, statement.id), *pipe)
            }
            StatementKind::Break => Ok(Flow::Break),
            StatementKind::Continue => Ok(Flow::Continue),
        }
    }

    fn otherwise(&mut self, frame: &Frame<'_>, dot: &Local, branch: &Branch) -> Outcome<Flow> {
        match branch.otherwise {
            None => Ok(Flow::Next),
            Some(list) => self.inner_list(frame, dot, list),
        }
    }

    fn action(&mut self, frame: &Frame<'_>, dot: &Local, pipe: usize) -> Outcome<Flow> {
        let Some(pipe) = frame.file.pipes.get(pipe) else {
            return Ok(Flow::Next);
        };
        if is_include(pipe)
            && let [command] = &*pipe.commands
        {
            // What it writes stands where it belongs.
            self.include(frame, dot, command, None)?;
            return Ok(Flow::Next);
        }
        let value = self.pipeline(frame, dot, pipe)?;
        if pipe.variables.is_empty() {
            self.print(frame, &value)?;
        }
        Ok(Flow::Next)
    }

    fn template(
        &mut self,
        frame: &Frame<'_>,
        dot: &Local,
        (name, symbol, node): (&str, Option<usize>, Id),
        pipe: Option<usize>,
    ) -> Outcome<Flow> {
        let Some(found) = self.find(name, symbol) else {
            let name = print::quote(name.as_bytes());
            let name = String::from_utf8_lossy(&name);
            return Err(self.fail(frame, &format!("template {name} not defined")));
        };
        if frame.depth >= DEEPEST {
            let why = format!("exceeded maximum template depth ({DEEPEST})");
            return Err(self.fail(frame, &why));
        }
        let data = match pipe {
            None => Value::Nil,
            Some(pipe) => self.pipeline_at(frame, dot, pipe)?,
        };
        self.trail.push(Step::Call(node, found.clone()));
        self.execute(found.as_ref(), data, frame.depth + 1)?;
        self.trail.pop();
        Ok(Flow::Next)
    }

    fn range(&mut self, frame: &Frame<'_>, dot: &Local, branch: &Branch) -> Outcome<Flow> {
        let Some(pipe) = frame.file.pipes.get(branch.pipe) else {
            return Ok(Flow::Next);
        };
        let value = self.pipeline(frame, dot, pipe)?;
        let looped = match &value {
            Value::Nil => false,
            Value::List(list) => self.range_list(frame, (branch, pipe), list)?,
            Value::Map(map) => self.range_map(frame, (branch, pipe), map)?,
            Value::Bytes(bytes) => {
                for (index, byte) in bytes.iter().enumerate() {
                    let byte = Local::plain(Value::Uint8(*byte));
                    if !self.iteration(frame, (branch, pipe), place(index), &byte)? {
                        break;
                    }
                }
                !bytes.is_empty()
            }
            Value::Int(_) | Value::Int64(_) | Value::Uint8(_) | Value::Uint64(_) => {
                self.range_number(frame, (branch, pipe), &value)?
            }
            Value::Record(record) if record.number().is_some() => {
                self.range_number(frame, (branch, pipe), &value)?
            }
            other => {
                let mut why = b"range can't iterate over ".to_vec();
                if let Err(error) = print::write(self.world, &mut why, other) {
                    return Err(self.failed(frame, error));
                }
                return Err(self.fail(frame, &String::from_utf8_lossy(&why)));
            }
        };
        if looped {
            return Ok(Flow::Next);
        }
        self.otherwise(frame, dot, branch)
    }

    fn range_list(
        &mut self,
        frame: &Frame<'_>,
        of: (&Branch, &Pipe),
        list: &List,
    ) -> Outcome<bool> {
        let seen = match list.element() {
            Element::Any => Seen::Boxed,
            _ => Seen::Plain,
        };
        for (index, item) in list.iter().enumerate() {
            let value = item.clone();
            let item = Local { value, seen };
            if !self.iteration(frame, of, place(index), &item)? {
                break;
            }
        }
        Ok(!list.is_empty())
    }

    fn range_map(&mut self, frame: &Frame<'_>, of: (&Branch, &Pipe), map: &Map) -> Outcome<bool> {
        let seen = match map.kind() {
            MapKind::Any | MapKind::Values => Seen::Boxed,
            MapKind::Text | MapKind::Named(_) => Seen::Plain,
        };
        // The map may change meanwhile; what was in it is seen all the same.
        let entries = map.snapshot();
        let is_any = !entries.is_empty();
        for (key, value) in entries {
            let item = Local { value, seen };
            if !self.iteration(frame, of, Local::plain(Value::Text(key)), &item)? {
                break;
            }
        }
        Ok(is_any)
    }

    fn range_number(
        &mut self,
        frame: &Frame<'_>,
        of: (&Branch, &Pipe),
        value: &Value,
    ) -> Outcome<bool> {
        if of.1.variables.len() > 1 {
            let mut why = b"can't use ".to_vec();
            if let Err(error) = print::write(self.world, &mut why, value) {
                return Err(self.failed(frame, error));
            }
            why.extend_from_slice(b" to iterate over more than one variable");
            return Err(self.fail(frame, &String::from_utf8_lossy(&why)));
        }
        let end = match value {
            Value::Int(number) | Value::Int64(number) => u64::try_from(*number).unwrap_or(0),
            Value::Uint8(number) => u64::from(*number),
            Value::Uint64(number) => *number,
            Value::Record(record) => u64::try_from(record.number().unwrap_or(0)).unwrap_or(0),
            _ => 0,
        };
        for number in 0..end {
            let signed = i64::try_from(number).unwrap_or(i64::MAX);
            let item = match value {
                Value::Int(_) => Value::Int(signed),
                Value::Int64(_) => Value::Int64(signed),
                Value::Record(record) => Value::Record(Record::named(record.shape(), signed)),
                Value::Uint8(_) => Value::Uint8(u8::try_from(number).unwrap_or(u8::MAX)),
                _ => Value::Uint64(number),
            };
            if !self.iteration(frame, of, Local::default(), &Local::plain(item))? {
                break;
            }
        }
        Ok(end > 0)
    }

    /// One turn; `false` when it is the last.
    fn iteration(
        &mut self,
        frame: &Frame<'_>,
        (branch, pipe): (&Branch, &Pipe),
        index: Local,
        item: &Local,
    ) -> Outcome<bool> {
        self.step(frame)?;
        let turn = Step::Turn(index.value.clone(), item.value.clone());
        self.trail.push(turn);
        match &*pipe.variables {
            [] => {}
            [variable] => self.assign(frame, variable, item.clone())?,
            [first, second, ..] => {
                let index = match index.seen {
                    Seen::Undeclared => Local::plain(Value::Nil),
                    _ => index,
                };
                self.assign(frame, first, index)?;
                self.assign(frame, second, item.clone())?;
            }
        }
        let flow = self.inner_list(frame, item, branch.list)?;
        self.trail.pop();
        Ok(flow != Flow::Break)
    }
}

fn place(index: usize) -> Local {
    Local::plain(Value::Int(i64::try_from(index).unwrap_or(i64::MAX)))
}

/// Whether a pipeline is an `include` whose text is wanted where it stands.
fn is_include(pipe: &Pipe) -> bool {
    let first = pipe.commands.first();
    let first = first.and_then(|command| command.arguments.first());
    pipe.commands.len() == 1
        && pipe.variables.is_empty()
        && first.is_some_and(|first| matches!(first.kind, OperandKind::Function(Callee::Include)))
}

//! `=`, `|=` and `+=` with their kin: every path of the left side, set one after another.

use super::{Follows, Step, Variable, compile::Compiler};
use crate::jq::{
    native,
    syntax::{Query, Wrong},
    value::Value,
};

impl Compiler {
    pub(super) fn update(&mut self, query: &Query) -> Result<(), Wrong> {
        match query {
            Query::Assign(paths, value) => self.assign(paths, value),
            Query::Modify(paths, update) => self.modify(paths, |compiler| compiler.scoped(update)),
            Query::Update(name, paths, value) => {
                self.step(Step::Duplicate);
                self.scoped(value)?;
                let operand = self.new_variable();
                self.step(Step::Store(operand));
                self.modify(paths, |compiler| {
                    compiler.operate(name, operand);
                    Ok(())
                })
            }
            _ => Ok(()),
        }
    }

    /// The value of the right side is asked for once for each of its outputs, then set everywhere.
    fn assign(&mut self, paths: &Query, value: &Query) -> Result<(), Wrong> {
        let [state, operand, path] = [
            self.new_variable(),
            self.new_variable(),
            self.new_variable(),
        ];
        self.step(Step::Duplicate);
        self.step(Step::ValueBegin);
        self.scoped(value)?;
        self.step(Step::Store(operand));
        self.step(Step::ValueEnd);
        let fork = self.leap(Step::Fork);
        self.step(Step::Duplicate);
        self.step(Step::Store(state));
        self.step(Step::PathBegin);
        self.scoped(paths)?;
        self.step(Step::PathEnd);
        self.step(Step::Store(path));
        self.step(Step::Load(operand));
        self.step(Step::Load(path));
        self.step(Step::Take(state));
        self.step_native("setpath", 2, Follows::Nothing);
        self.step(Step::Store(state));
        self.step(Step::Backtrack);
        self.land(fork);
        self.step(Step::Pop);
        self.step(Step::Load(state));
        Ok(())
    }

    /// Sets each path to the first output for what stands there; paths without one are deleted
    /// in the end.
    fn modify(
        &mut self,
        paths: &Query,
        update: impl FnOnce(&mut Self) -> Result<(), Wrong>,
    ) -> Result<(), Wrong> {
        let [state, deleted, path] = [
            self.new_variable(),
            self.new_variable(),
            self.new_variable(),
        ];
        let (label, result) = (self.new_variable(), self.new_variable());
        self.step(Step::Push(Value::empty_list()));
        self.step(Step::Store(deleted));
        self.step(Step::Duplicate);
        self.step(Step::Store(state));
        let done = self.leap(Step::Fork);
        self.step(Step::PathBegin);
        self.scoped(paths)?;
        self.step(Step::PathEnd);
        self.step(Step::Store(path));
        self.step(Step::Push(Value::Null));
        self.step(Step::Label(label));
        let none = self.leap(Step::Fork);
        self.step(Step::Pop);
        self.step(Step::Load(path));
        self.step(Step::Load(state));
        self.step_native("getpath", 1, Follows::Nothing);
        update(self)?;
        self.set_first(state, path, result);
        // One output is enough: the ways back into the update are given up.
        self.step(Step::Break(label));
        self.land(none);
        self.step(Step::Pop);
        self.step(Step::Load(path));
        self.step(Step::Append(deleted));
        self.step(Step::Backtrack);
        self.land(done);
        self.step(Step::Pop);
        self.step(Step::Take(deleted));
        self.step(Step::Take(state));
        self.step_native("delpaths", 1, Follows::Nothing);
        Ok(())
    }

    fn set_first(&mut self, state: Variable, path: Variable, result: Variable) {
        self.step(Step::Store(result));
        self.step(Step::Take(result));
        self.step(Step::Load(path));
        self.step(Step::Take(state));
        self.step_native("setpath", 2, Follows::Nothing);
        self.step(Step::Store(state));
    }

    fn operate(&mut self, name: &'static str, operand: Variable) {
        let current = self.new_variable();
        self.step(Step::Store(current));
        self.step(Step::Load(operand));
        self.step(Step::Take(current));
        self.step(Step::Push(Value::Null));
        self.step_native(name, 2, Follows::Nothing);
    }

    fn step_native(&mut self, name: &str, arguments: usize, follows: Follows) {
        if let Some(function) = native::find(name, arguments) {
            let arguments = u8::try_from(arguments).unwrap_or(u8::MAX);
            self.step(Step::Native {
                function,
                arguments,
                follows,
            });
        }
    }
}

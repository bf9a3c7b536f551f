//! Frames: the variables of a function that runs, and where it returns to.

use super::{Flow, Machine};
use crate::jq::{
    failure::Failure,
    program::{Argument, Variable},
    value::Value,
};

/// A function that runs.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Frame {
    /// The frame of the function around it.
    parent: u32,
    /// Where its variables begin.
    base: u32,
    return_pc: u32,
    return_to: u32,
}

impl Machine<'_> {
    fn outer(&self, hops: u32) -> u32 {
        let mut frame = self.frame;
        for _ in 0..hops {
            frame = self
                .frames
                .get(frame as usize)
                .map_or(0, |frame| frame.parent);
        }
        frame
    }

    pub(super) fn variable(&mut self, variable: Variable) -> &mut Value {
        let frame = self.outer(variable.hops);
        let base = self
            .frames
            .get(frame as usize)
            .map_or(0, |frame| frame.base);
        let place = (base + variable.place) as usize;
        if place >= self.variables.len() {
            self.variables.resize(place + 1, Value::Null);
        }
        &mut self.variables[place]
    }

    pub(super) fn call(
        &mut self,
        function: u32,
        hops: Option<u32>,
        arguments: &[Argument],
        tail: bool,
    ) -> Result<(), Failure> {
        let parent = hops.map_or(0, |hops| self.outer(hops));
        let base = self.variables.len();
        // The frame may go if nothing that is called refers to it.
        let mut free = tail && (parent != self.frame || hops.is_none());
        for argument in arguments {
            let closure = match argument {
                Argument::Closure(function) => Value::Closure(*function, self.frame),
                Argument::Forward(variable) => self.variable(*variable).clone(),
            };
            free &= !matches!(closure, Value::Closure(_, frame) if frame >= self.frame);
            self.variables.push(closure);
        }
        self.enter(function, parent, base, Tail { last: tail, free })
    }

    pub(super) fn call_closure(&mut self, variable: Variable, tail: bool) -> Result<(), Failure> {
        let Value::Closure(function, parent) = *self.variable(variable) else {
            return Ok(());
        };
        let free = tail && parent < self.frame;
        let base = self.variables.len();
        self.enter(function, parent, base, Tail { last: tail, free })
    }

    fn enter(
        &mut self,
        function: u32,
        parent: u32,
        base: usize,
        tail: Tail,
    ) -> Result<(), Failure> {
        self.holds_too_much()?;
        let function = self
            .program
            .functions
            .get(function as usize)
            .copied()
            .unwrap_or_default();
        let mut base = u32::try_from(base).unwrap_or(u32::MAX);
        let current = self
            .frames
            .get(self.frame as usize)
            .copied()
            .unwrap_or_default();
        let is_last = self.frame as usize + 1 == self.frames.len();
        let (mut return_pc, mut return_to) = (self.pc, self.frame);
        if tail.last && self.frame > 0 {
            (return_pc, return_to) = (current.return_pc, current.return_to);
            if tail.free && is_last && self.frame >= self.frames_guard {
                self.variables.drain(current.base as usize..base as usize);
                self.frames.pop();
                base = current.base;
            }
        }
        self.variables
            .resize((base + function.variables) as usize, Value::Null);
        self.frame = u32::try_from(self.frames.len()).unwrap_or(u32::MAX);
        self.frames.push(Frame {
            parent,
            base,
            return_pc,
            return_to,
        });
        self.pc = function.entry;
        Ok(())
    }

    /// Returns from a function; frames that no way back needs go.
    pub(super) fn leave(&mut self) -> Flow {
        if self.frame == 0 {
            let output = self.pop();
            return Flow::Output(output);
        }
        let frame = self
            .frames
            .get(self.frame as usize)
            .copied()
            .unwrap_or_default();
        self.pc = frame.return_pc;
        self.frame = frame.return_to;
        let keep = (self.frame + 1).max(self.frames_guard) as usize;
        if let Some(first) = self.frames.get(keep) {
            self.variables.truncate(first.base as usize);
            self.frames.truncate(keep);
        }
        Flow::Next
    }
}

/// Whether a call need not come back, and whether the caller's frame may go.
#[derive(Debug, Clone, Copy)]
struct Tail {
    last: bool,
    free: bool,
}

//! Ways back: where a run goes on when a part has no more outputs, or fails.

use super::{Machine, is_past, trail::Mark};
use crate::jq::{failure::Failure, native::add, value::Value};

/// A way back and the state of then.
#[derive(Debug)]
pub(super) struct Fork {
    resume: Resume,
    state: State,
}

/// What a way back goes back to.
#[derive(Debug, Clone, Copy)]
struct State {
    pc: u32,
    values: Mark,
    paths: Mark,
    aside: u32,
    frame: u32,
    frames: u32,
    frames_guard: u32,
    variables: u32,
}

/// What happens on the way back.
#[derive(Debug)]
pub(super) enum Resume {
    /// Goes on at a step.
    At(u32),
    /// Goes on at a step with a failure that came from between here and `Escaped`.
    Catch(u32),
    /// From here on failures are none of the `Catch` before.
    Escaped,
    /// Goes on at a step after every failure.
    OnError(u32),
    /// Where a `break` with this number leads.
    Label(i64),
    /// The next values of a container.
    Items { container: Value, next: usize },
    /// The next numbers of a range.
    Range {
        next: Value,
        end: Value,
        step: Value,
    },
}

impl Machine<'_> {
    pub(super) fn fork(&mut self, resume: Resume) -> Result<(), Failure> {
        self.holds_too_much()?;
        let length = |length: usize| u32::try_from(length).unwrap_or(u32::MAX);
        let frames = length(self.frames.len());
        let state = State {
            pc: self.pc,
            values: self.values.save(),
            paths: self.paths.save(),
            aside: self.aside,
            frame: self.frame,
            frames,
            frames_guard: self.frames_guard,
            variables: length(self.variables.len()),
        };
        self.forks.push(Fork { resume, state });
        self.frames_guard = frames;
        Ok(())
    }

    /// Takes the nearest way back; there is none if this says `false`.
    pub(super) fn backtrack(&mut self) -> Result<bool, Failure> {
        while let Some(fork) = self.forks.last_mut() {
            let state = fork.state;
            match &mut fork.resume {
                Resume::At(_) => {
                    self.release(state);
                    return Ok(true);
                }
                Resume::Items { container, next } => {
                    let (container, index) = (container.clone(), *next);
                    *next += 1;
                    self.resume_items(state, &container, index);
                    return Ok(true);
                }
                Resume::Range { next, end, step } if !is_past(next, end, step) => {
                    let value = add(next, step)?;
                    let value = std::mem::replace(next, value);
                    self.restore(state);
                    self.values.push(value);
                    return Ok(true);
                }
                _ => self.release(state),
            }
            self.meter.charge(1)?;
        }
        Ok(false)
    }

    fn resume_items(&mut self, state: State, container: &Value, index: usize) {
        let count = match container {
            Value::List(list) => list.len(),
            Value::Map(map) => map.len(),
            _ => 0,
        };
        if index + 1 < count {
            self.restore(state);
        } else {
            self.release(state);
        }
        let followed = self.follows_path();
        self.push_item(container, index, followed);
    }

    /// Goes back to where a failure is caught; to nowhere if this says `false`, which only a
    /// `break` of the outermost label can lead to.
    pub(super) fn unwind(&mut self, failure: Failure) -> Result<bool, Failure> {
        let mut escaped = 0_u32;
        while let Some(fork) = self.forks.last() {
            let state = fork.state;
            match fork.resume {
                Resume::Escaped => escaped += 1,
                Resume::Catch(_) if escaped > 0 => escaped -= 1,
                Resume::Catch(handler) => {
                    if let Failure::Message(_) | Failure::Raised(_) = failure {
                        self.release(state);
                        self.pc = handler;
                        self.pop();
                        self.values.push(match failure {
                            Failure::Message(message) => Value::from(message),
                            Failure::Raised(value) => value,
                            _ => Value::Null,
                        });
                        return Ok(true);
                    }
                }
                Resume::OnError(handler)
                    if !matches!(failure, Failure::Limit(_) | Failure::Halt(_)) =>
                {
                    self.release(state);
                    self.pc = handler;
                    return Ok(true);
                }
                Resume::Label(label) if matches!(failure, Failure::Break(to) if to == label) => {
                    self.release(state);
                    return self.backtrack();
                }
                _ => {}
            }
            self.release(state);
        }
        Err(failure)
    }

    /// Goes back to the state of the nearest way back, which stays.
    fn restore(&mut self, state: State) {
        self.pc = state.pc;
        self.values.restore(state.values);
        self.paths.restore(state.paths);
        self.aside = state.aside;
        self.frame = state.frame;
        self.frames.truncate(state.frames as usize);
        self.frames_guard = state.frames;
        self.variables.truncate(state.variables as usize);
    }

    /// Goes back to the state of the nearest way back and forgets it.
    fn release(&mut self, state: State) {
        let resume = self.forks.pop().map(|fork| fork.resume);
        self.restore(state);
        if let Some(Resume::At(target)) = resume {
            self.pc = target;
        }
        self.values.release(state.values);
        self.paths.release(state.paths);
        self.frames_guard = state.frames_guard;
    }
}

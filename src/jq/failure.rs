//! How a step fails, and what a run may use up.

use std::collections::{BTreeMap, VecDeque};

use regex::Regex;

use super::value::{TooDeep, Value, live_bytes, preview, typed_preview, write_json};

/// Why a step has no output.
#[derive(Debug)]
pub(super) enum Failure {
    Message(String),
    /// `error(value)`.
    Raised(Value),
    /// `break`, to the label of this number.
    Break(i64),
    /// `halt`, or `halt_error` with a value.
    Halt(Option<Value>),
    /// Can be caught by nothing.
    Limit(&'static str),
}

impl Failure {
    /// `name cannot be applied to: input`.
    pub(super) fn applied(name: &str, input: &Value) -> Self {
        Self::Message(format!(
            "{name} cannot be applied to: {}",
            typed_preview(input)
        ))
    }

    /// The same for a function with arguments.
    pub(super) fn applied_with(name: &str, arguments: &[&Value], input: &Value) -> Self {
        let arguments: Vec<_> = arguments.iter().map(|argument| preview(argument)).collect();
        let input = typed_preview(input);
        Self::Message(format!(
            "{name}({}) cannot be applied to: {input}",
            arguments.join("; ")
        ))
    }

    /// A failure inside of a function.
    pub(super) fn within(self, name: &str, arguments: &[&Value], input: &Value) -> Self {
        let Self::Message(cause) = self else {
            return self;
        };
        let arguments: Vec<_> = arguments.iter().map(|argument| preview(argument)).collect();
        let call = match arguments.as_slice() {
            [] => name.to_owned(),
            _ => format!("{name}({})", arguments.join("; ")),
        };
        Self::Message(format!(
            "{call} cannot be applied to {}: {cause}",
            preview(input)
        ))
    }

    /// A message about a value.
    pub(super) fn about(message: &str, value: &Value) -> Self {
        Self::Message(format!("{message}: {}", typed_preview(value)))
    }

    /// What a person is told when nothing caught it.
    pub(super) fn told(&self) -> String {
        match self {
            Self::Message(message) => message.clone(),
            Self::Raised(Value::Text(text)) => format!("error: {}", text.as_str()),
            Self::Raised(value) => format!("error: {}", written(value)),
            Self::Halt(Some(Value::Text(text))) => format!("halt error: {}", text.as_str()),
            Self::Halt(value) => format!(
                "halt error: {}",
                written(value.as_ref().unwrap_or(&Value::Null))
            ),
            Self::Break(_) => "break".to_owned(),
            Self::Limit(what) => (*what).to_owned(),
        }
    }
}

fn written(value: &Value) -> String {
    let mut text = String::new();
    write_json(value, &mut text);
    text
}

impl From<TooDeep> for Failure {
    fn from(_: TooDeep) -> Self {
        Self::Limit("512 levels or 64 MiB in one value")
    }
}

/// What a run may still use up.
#[derive(Debug)]
pub(super) struct Meter {
    steps: u64,
    begun: usize,
    most_bytes: usize,
    /// Regular expressions compiled by this run, by pattern and flags.
    pub(super) patterns: BTreeMap<(String, String), Regex>,
    /// What `input` takes.
    pub(super) inputs: VecDeque<Value>,
}

impl Meter {
    pub(super) fn new(steps: u64, most_bytes: usize) -> Self {
        Self {
            steps,
            begun: live_bytes(),
            most_bytes,
            patterns: BTreeMap::new(),
            inputs: VecDeque::new(),
        }
    }

    /// Counts one step.
    pub(super) fn tick(&mut self) -> Result<(), Failure> {
        self.charge(1)?;
        if self.steps.is_multiple_of(32) {
            self.reserve(0)
        } else {
            Ok(())
        }
    }

    /// Counts work that takes as long as so many steps.
    pub(super) fn charge(&mut self, steps: u64) -> Result<(), Failure> {
        match self.steps.checked_sub(steps) {
            Some(rest) => {
                self.steps = rest;
                Ok(())
            }
            None => Err(Failure::Limit("the steps that a filter may take")),
        }
    }

    /// Holds that so many bytes more may be held.
    pub(super) fn reserve(&self, bytes: usize) -> Result<(), Failure> {
        let live = live_bytes().wrapping_sub(self.begun);
        // A value of the filter itself that is dropped can only make the sum too small.
        let live = if live > usize::MAX / 2 { 0 } else { live };
        if live.saturating_add(bytes) > self.most_bytes {
            return Err(Failure::Limit("the memory that a filter may hold"));
        }
        Ok(())
    }
}

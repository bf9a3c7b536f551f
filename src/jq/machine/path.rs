//! Paths: which keys lead to the value that is worked on.

use super::Machine;
use crate::jq::{
    failure::Failure,
    native::item_of,
    program::Follows,
    value::{Text, Value},
};

/// A step of a path.
#[derive(Debug, Clone)]
pub(super) enum Trace {
    /// Where a path begins, and whether another one was followed before.
    Begin {
        aside: u32,
        value: Value,
    },
    Step {
        key: Value,
        value: Value,
    },
}

impl Machine<'_> {
    pub(super) fn follows_path(&self) -> bool {
        self.aside == 0 && !self.paths.is_empty()
    }

    /// Whether a value is the one that the path leads to.
    pub(super) fn is_on_path(&self, value: &Value) -> bool {
        match self.paths.top() {
            Some(Trace::Begin { value: end, .. } | Trace::Step { value: end, .. }) => {
                end.is_same(value)
            }
            None => false,
        }
    }

    pub(super) fn begin_path(&mut self) {
        let value = self.values.top().cloned().unwrap_or(Value::Null);
        self.paths.push(Trace::Begin {
            aside: self.aside,
            value,
        });
        self.aside = 0;
    }

    pub(super) fn end_path(&mut self) -> Result<(), Failure> {
        let value = self.pop();
        if !self.is_on_path(&value) {
            return Err(Failure::about("invalid path against", &value));
        }
        let mut keys = Vec::new();
        while let Some(trace) = self.paths.pop() {
            match trace {
                Trace::Step { key, .. } => keys.push(key),
                Trace::Begin { aside, .. } => {
                    self.aside = aside;
                    break;
                }
            }
        }
        self.meter.charge(keys.len() as u64)?;
        keys.reverse();
        self.values.push(Value::list(keys)?);
        Ok(())
    }

    pub(super) fn field(&mut self, key: &Text) -> Result<(), Failure> {
        let value = self.pop();
        let found = match &value {
            Value::Map(map) => map.find(key).cloned().unwrap_or(Value::Null),
            Value::Null => Value::Null,
            _ => return Err(Failure::about("expected an object but got", &value)),
        };
        self.follow(&value, || Value::Text(key.clone()), found)
    }

    /// What a pattern takes from a list.
    pub(super) fn item(&mut self, place: i64) -> Result<(), Failure> {
        let value = self.pop();
        if !matches!(value, Value::List(_) | Value::Null) {
            return Err(Failure::about("expected an array but got", &value));
        }
        let found = item_of(&value, place);
        self.follow(&value, || Value::Int(place), found)
    }

    fn follow(
        &mut self,
        value: &Value,
        key: impl FnOnce() -> Value,
        found: Value,
    ) -> Result<(), Failure> {
        if self.follows_path() {
            if !self.is_on_path(value) {
                return Err(Failure::about("invalid path against", value));
            }
            self.paths.push(Trace::Step {
                key: key(),
                value: found.clone(),
            });
        }
        self.values.push(found);
        Ok(())
    }

    /// Follows what a call of `_index`, `_slice` or `getpath` led to.
    pub(super) fn follow_call(
        &mut self,
        follows: Follows,
        inputs: [Value; 4],
        found: Value,
    ) -> Result<(), Failure> {
        let [input, first, second, third] = inputs;
        let from = if follows == Follows::GetPath {
            &input
        } else {
            &first
        };
        if !self.is_on_path(from) {
            return Err(Failure::about("invalid path against", from));
        }
        match follows {
            Follows::GetPath => {
                let Value::List(keys) = &first else {
                    return Ok(());
                };
                for key in keys.iter() {
                    self.paths.push(Trace::Step {
                        key: key.clone(),
                        value: found.clone(),
                    });
                }
                self.holds_too_much()?;
            }
            Follows::Slice => {
                let ends = vec![(Text::from("end"), second), (Text::from("start"), third)];
                self.paths.push(Trace::Step {
                    key: Value::map(ends)?,
                    value: found,
                });
            }
            _ => self.paths.push(Trace::Step {
                key: second,
                value: found,
            }),
        }
        Ok(())
    }
}

//! Patterns that take values apart → steps.

use super::compile::{Compiler, Meaning};
use super::{Step, Variable};
use crate::jq::syntax::{Key, Pattern, Wrong};

impl Compiler {
    /// Puts the parts of the top value into the variables of a pattern, which are declared.
    pub(super) fn pattern(&mut self, pattern: &Pattern) -> Result<(), Wrong> {
        match pattern {
            Pattern::Variable(name) => {
                let variable = self.pattern_variable(name);
                self.step(Step::Store(variable));
            }
            Pattern::Array(items) => {
                let whole = self.new_variable();
                self.step(Step::Store(whole));
                for (index, item) in items.iter().enumerate() {
                    self.step(Step::Load(whole));
                    self.step(Step::Item(i64::try_from(index).unwrap_or(i64::MAX)));
                    self.pattern(item)?;
                }
            }
            Pattern::Object(entries) => {
                let whole = self.new_variable();
                self.step(Step::Store(whole));
                for (key, value) in entries {
                    self.pattern_entry(whole, key, value.as_ref())?;
                }
            }
        }
        Ok(())
    }

    fn pattern_entry(
        &mut self,
        whole: Variable,
        key: &Key,
        value: Option<&Pattern>,
    ) -> Result<(), Wrong> {
        self.step(Step::Load(whole));
        match key {
            Key::Name(name) => self.step(Step::Field(name.as_str().into())),
            Key::Variable(name, _) => {
                self.step(Step::Field(name.trim_start_matches('$').into()));
                if value.is_some() {
                    self.step(Step::Duplicate);
                }
                let variable = self.pattern_variable(name);
                self.step(Step::Store(variable));
            }
            Key::String(template) => {
                self.template(template)?;
                self.step(Step::Load(whole));
                self.step_index();
            }
            Key::Query(query) => {
                self.scoped(query)?;
                self.step(Step::Load(whole));
                self.step_index();
            }
        }
        value.map_or(Ok(()), |value| self.pattern(value))
    }

    /// The variable of a pattern: the one declared for it, else a new one.
    fn pattern_variable(&mut self, name: &str) -> Variable {
        let level = self.level();
        let found = self
            .names
            .iter()
            .rev()
            .find_map(|(known, meaning)| match meaning {
                Meaning::Variable {
                    level: there,
                    place,
                } if known == name => Some((*there == level).then_some(*place)),
                _ => None,
            });
        match found.flatten() {
            Some(place) => Variable { hops: 0, place },
            None => self.declare(name),
        }
    }
}

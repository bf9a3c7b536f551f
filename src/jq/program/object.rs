//! Objects and texts that a filter writes → steps.

use super::compile::Compiler;
use super::{Follows, Step, Variable};
use crate::jq::{
    native,
    syntax::{Key, Part, Query, Template, Wrong},
    value::Value,
};

impl Compiler {
    pub(super) fn object(&mut self, entries: &[(Key, Option<Query>)]) -> Result<(), Wrong> {
        if entries.is_empty() {
            self.step(Step::Pop);
            self.step(Step::Object(0));
            return Ok(());
        }
        let input = self.new_variable();
        self.step(Step::Store(input));
        for (key, value) in entries {
            self.entry(input, key, value.as_ref())?;
        }
        self.step(Step::Object(
            u32::try_from(entries.len()).unwrap_or(u32::MAX),
        ));
        Ok(())
    }

    fn entry(&mut self, input: Variable, key: &Key, value: Option<&Query>) -> Result<(), Wrong> {
        match (key, value) {
            (Key::Name(name), None) => {
                self.step(Step::Push(Value::text(name)));
                self.step(Step::Load(input));
                self.step(Step::Field(name.as_str().into()));
            }
            (Key::Variable(name, place), None) => {
                self.step(Step::Push(Value::text(name.trim_start_matches('$'))));
                self.step(Step::Load(input));
                self.variable(name, *place)?;
            }
            (Key::Name(name), Some(_)) => self.step(Step::Push(Value::text(name))),
            (Key::Variable(name, place), Some(_)) => {
                self.step(Step::Load(input));
                self.variable(name, *place)?;
            }
            (Key::String(template), value) => {
                self.step(Step::Load(input));
                self.template(template)?;
                if value.is_none() {
                    self.step(Step::Duplicate);
                    self.step(Step::Load(input));
                    self.step_index();
                }
            }
            (Key::Query(query), _) => {
                self.step(Step::Load(input));
                self.scoped(query)?;
            }
        }
        if let Some(value) = value {
            self.step(Step::Load(input));
            self.scoped(value)?;
        }
        Ok(())
    }

    /// `key` and, on top, a value → what stands there in the value.
    pub(super) fn step_index(&mut self) {
        self.step(Step::Push(Value::Null));
        if let Some(function) = native::find("_index", 2) {
            self.step(Step::Native {
                function,
                arguments: 2,
                follows: Follows::Index,
            });
        }
    }

    pub(super) fn template(&mut self, template: &Template) -> Result<(), Wrong> {
        let plain = |parts: &[Part]| match parts {
            [] => Some(Value::text("")),
            [Part::Plain(text)] => Some(Value::text(text)),
            _ => None,
        };
        if let Some(text) = plain(&template.parts) {
            self.step(Step::Const(text));
            return Ok(());
        }
        self.parts(&template.parts, template.format.as_deref())
    }

    /// The parts added up; values are asked for from the last to the first.
    fn parts(&mut self, parts: &[Part], format: Option<&str>) -> Result<(), Wrong> {
        let input = self.new_variable();
        self.step(Step::Store(input));
        for part in parts.iter().rev() {
            match part {
                Part::Plain(text) => self.step(Step::Push(Value::text(text))),
                Part::Value(query) => {
                    self.step(Step::Load(input));
                    self.scoped(query)?;
                    self.format(format.unwrap_or("@text"))?;
                }
            }
        }
        for _ in 1..parts.len() {
            self.step(Step::Push(Value::Null));
            if let Some(function) = native::find("_add", 2) {
                self.step(Step::Native {
                    function,
                    arguments: 2,
                    follows: Follows::Nothing,
                });
            }
        }
        Ok(())
    }

    pub(super) fn format(&mut self, name: &str) -> Result<(), Wrong> {
        if native::find(name, 0).is_some() {
            return self.native(name, &[], Follows::Nothing);
        }
        let name = Query::Literal(Value::text(name.trim_start_matches('@')));
        self.native("format", &[&name], Follows::Nothing)
    }
}

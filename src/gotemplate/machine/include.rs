//! `include`, `tpl`, and how templates are found by name.

use std::sync::Arc;

use super::place::Step;
use super::{Frame, Local, Machine, Outcome, no_template, remove_no_value};
use crate::gotemplate::parse::{self, Names, Parsed};
use crate::gotemplate::tree::{Callee, Command, Id, Operand, OperandKind, Template};
use crate::govalue::{Error as CallError, Parameter, Text, Value, print};

/// So many `include` of one name may be under way, in Helm as well.
const MOST_INCLUDES: usize = 1_001;
/// So many `tpl` may be under way. Helm has no limit and dies some way beyond.
const MOST_TEXTS: usize = 5_000;

/// A template of the set, or one that a text of `tpl` defines.
#[derive(Clone)]
pub(super) enum Found<'a> {
    Set(&'a Template),
    Overlay(Arc<Template>),
}

impl Found<'_> {
    pub(super) fn as_ref(&self) -> &Template {
        match self {
            Self::Set(template) => template,
            Self::Overlay(template) => template,
        }
    }
}

impl<'a> Machine<'a> {
    /// The template of a name, whose number may be known.
    pub(super) fn find(&self, name: &str, symbol: Option<usize>) -> Option<Found<'a>> {
        let mut overlays = self.overlays.iter().rev();
        if let Some((_, template)) = overlays.find(|(defined, _)| **defined == *name) {
            return Some(Found::Overlay(Arc::clone(template)));
        }
        let set = self.set;
        let symbol = symbol.or_else(|| set.symbol(name))?;
        set.definition(symbol).map(Found::Set)
    }

    /// `include` where its text is a value.
    pub(super) fn include_text(
        &mut self,
        frame: &Frame<'_>,
        dot: &Local,
        command: &Command,
        last: Option<Value>,
    ) -> Outcome<Value> {
        let start = self.out.len();
        self.include(frame, dot, command, last)?;
        Ok(Value::Text(self.take_text(start)))
    }

    /// What was written behind a place.
    fn take_text(&mut self, start: usize) -> Text {
        let text = Text::from(self.out.get(start..).unwrap_or_default());
        self.out.truncate(start);
        self.told = self.told.min(start);
        text
    }

    /// `include` where its text is written.
    pub(super) fn include(
        &mut self,
        frame: &Frame<'_>,
        dot: &Local,
        command: &Command,
        last: Option<Value>,
    ) -> Outcome<()> {
        let (first, arguments) = match &*command.arguments {
            [first, arguments @ ..] => (first.id, arguments),
            [] => return Ok(()),
        };
        self.at = first;
        let (name, data, symbol) =
            self.name_and_data(frame, dot, Callee::Include, (arguments, last))?;
        let name = name.as_str();
        let symbol = symbol.or_else(|| self.set.symbol(&name));
        let count = match symbol.and_then(|symbol| self.includes.get_mut(symbol)) {
            Some(count) => count,
            None => self.other_includes.entry((*name).into()).or_default(),
        };
        if *count >= MOST_INCLUDES {
            let why = format!(
                "rendering template has a nested reference name: {name}: unable to execute template"
            );
            self.at = command.id;
            return Err(self.failed_call(frame, "include", CallError::Failed(why)));
        }
        *count += 1;
        let Some(found) = self.find(&name, symbol) else {
            let why = no_template(&name);
            self.at = command.id;
            return Err(self.failed_call(frame, "include", CallError::Failed(why)));
        };
        self.trail.push(Step::Call(first, found.clone()));
        if let Err(failure) = self.execute(found.as_ref(), data, 0) {
            self.at = command.id;
            return Err(self.wrap(frame, "include", failure));
        }
        self.trail.pop();
        let count = match symbol.and_then(|symbol| self.includes.get_mut(symbol)) {
            Some(count) => count,
            None => self.other_includes.entry((*name).into()).or_default(),
        };
        *count = count.saturating_sub(1);
        Ok(())
    }

    /// The two arguments of `include` and `tpl`, and the number of a name that is written out.
    fn name_and_data(
        &mut self,
        frame: &Frame<'_>,
        dot: &Local,
        callee: Callee,
        (arguments, last): (&[Operand], Option<Value>),
    ) -> Outcome<(Text, Value, Option<usize>)> {
        let given = arguments.len() + usize::from(last.is_some());
        if given != 2 {
            let name = callee.name();
            let why = format!("wrong number of args for {name}: want 2 got {given}");
            return Err(self.fail(frame, &why));
        }
        let mut symbol = None;
        let mut values = [const { Value::Nil }; 2];
        for (index, place) in values.iter_mut().enumerate() {
            let parameter = if index == 0 {
                Parameter::Text
            } else {
                Parameter::Any
            };
            if let Some(operand) = arguments.get(index) {
                if let OperandKind::Text(_, literal) = operand.kind
                    && index == 0
                {
                    symbol = frame.file.symbols.get(literal).copied().flatten();
                }
                *place = self.argument(frame, dot, operand, parameter)?;
            } else {
                let last = Local::plain(last.clone().unwrap_or_default());
                *place = self.validate(frame, last, parameter)?;
            }
        }
        let [name, data] = values;
        match name {
            Value::Text(name) => Ok((name, data, symbol)),
            _ => Ok((Text::default(), data, symbol)),
        }
    }

    /// `tpl`: a text parsed and executed among the templates of here and what it defines.
    pub(super) fn tpl(
        &mut self,
        frame: &Frame<'_>,
        dot: &Local,
        (arguments, command): (&[Operand], Id),
        last: Option<Value>,
    ) -> Outcome<Value> {
        let (text, data, _) = self.name_and_data(frame, dot, Callee::Tpl, (arguments, last))?;
        if memchr::memmem::find(&text, b"{{").is_none() {
            // Nothing is asked of the template language.
            let start = self.out.len();
            self.out.extend_from_slice(&text);
            remove_no_value(&mut self.out, start);
            return Ok(Value::Text(self.take_text(start)));
        }
        if self.texts >= MOST_TEXTS {
            let why = format!("more than {MOST_TEXTS} tpl in each other");
            return Err(self.limit(frame, why));
        }
        if let Err(error) = self.world.spend(text.len()) {
            return Err(self.failed(frame, error));
        }
        let parsed = match self.parse(&text) {
            Ok(parsed) => parsed,
            Err(why) => {
                let text = quoted(&text);
                self.at = command;
                let why = format!("cannot parse template {text}: {why}");
                return Err(self.failed_call(frame, "tpl", CallError::Failed(why)));
            }
        };
        let overlays = self.overlays.len();
        let main = self.define(parsed);
        let start = self.out.len();
        self.texts += 1;
        let found = Found::Overlay(Arc::clone(&main));
        self.trail.push(Step::Call(command, found));
        if let Err(failure) = self.execute(&main, data, 0) {
            self.at = command;
            let text = quoted(&text);
            let why = format!("error during tpl function execution for {text}: ");
            return Err(self.wrap(frame, "tpl", failure.before(why)));
        }
        self.trail.pop();
        self.texts -= 1;
        self.overlays.truncate(overlays);
        remove_no_value(&mut self.out, start);
        Ok(Value::Text(self.take_text(start)))
    }

    fn parse(&self, text: &[u8]) -> Result<Parsed, String> {
        let set = self.set;
        let names = Names {
            function: &set.functions(),
            symbol: &mut |name| set.symbol(name),
        };
        parse::parse("gotpl", text, None, names)
    }

    /// Defines what a text of `tpl` defines, for as long as it is executed.
    fn define(&mut self, parsed: Parsed) -> Arc<Template> {
        for template in parsed.defined {
            self.overlay(Arc::new(template));
        }
        let main = Arc::new(parsed.main);
        self.overlay(Arc::clone(&main));
        main
    }

    /// What is empty replaces nothing.
    fn overlay(&mut self, template: Arc<Template>) {
        let replaces = !template.is_empty || self.find(&template.name, None).is_none();
        if replaces {
            self.overlays.push((template.name.clone(), template));
        }
    }
}

fn quoted(text: &[u8]) -> String {
    String::from_utf8_lossy(&print::quote(text)).into_owned()
}

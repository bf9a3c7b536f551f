//! What binds names and gathers outputs: `as`, `label`, `reduce`, `foreach`, lists.

use super::{
    Step, Variable,
    compile::{Compiler, Meaning},
};
use crate::jq::{
    syntax::{Fold, Pattern, Query, Wrong},
    value::Value,
};

impl Compiler {
    /// Declares every variable of the patterns once.
    fn declare_all(&mut self, patterns: &[Pattern]) -> Vec<Variable> {
        let mut names = Vec::new();
        for pattern in patterns {
            pattern.variables(&mut names);
        }
        names.sort_unstable();
        names.dedup();
        names.into_iter().map(|name| self.declare(name)).collect()
    }

    /// `source as pattern ?// pattern … | body`: an error, also in the body, tries the next pattern.
    pub(super) fn bind(
        &mut self,
        source: &Query,
        patterns: &[Pattern],
        body: &Query,
    ) -> Result<(), Wrong> {
        let names = self.names.len();
        self.step(Step::Duplicate);
        self.step(Step::ValueBegin);
        self.scoped(source)?;
        let variables = self.declare_all(patterns);
        let mut bound = Vec::new();
        for (index, pattern) in patterns.iter().enumerate() {
            let last = index + 1 == patterns.len();
            let fork = (!last).then(|| self.leap(Step::ForkAlternative));
            if patterns.len() > 1 {
                for variable in &variables {
                    self.step(Step::Push(Value::Null));
                    self.step(Step::Store(*variable));
                }
            }
            self.pattern(pattern)?;
            if let Some(fork) = fork {
                bound.push(self.leap(Step::Jump));
                self.land(fork);
            }
        }
        for jump in bound {
            self.land(jump);
        }
        self.step(Step::ValueEnd);
        self.query(body)?;
        self.names.truncate(names);
        Ok(())
    }

    pub(super) fn label(&mut self, name: &str, body: &Query) -> Result<(), Wrong> {
        let names = self.names.len();
        let variable = self.new_variable();
        let meaning = Meaning::Label {
            level: self.level(),
            place: variable.place,
        };
        self.names.push((name.to_owned(), meaning));
        self.step(Step::Label(variable));
        self.query(body)?;
        self.names.truncate(names);
        Ok(())
    }

    pub(super) fn break_out(&mut self, name: &str, place: usize) -> Result<(), Wrong> {
        let found = self
            .names
            .iter()
            .rev()
            .find_map(|(known, meaning)| match meaning {
                Meaning::Label { level, place } if known == name => Some((*level, *place)),
                _ => None,
            });
        let Some((level, slot)) = found else {
            return Err(Wrong {
                place,
                message: format!("label not defined: {name}"),
            });
        };
        self.step(Step::Break(Variable {
            hops: self.reach(level),
            place: slot,
        }));
        Ok(())
    }

    pub(super) fn array(&mut self, items: &Query) -> Result<(), Wrong> {
        let list = self.new_variable();
        self.step(Step::Push(Value::empty_list()));
        self.step(Step::Store(list));
        let fork = self.leap(Step::Fork);
        self.scoped(items)?;
        self.step(Step::Append(list));
        self.step(Step::Backtrack);
        self.land(fork);
        self.step(Step::Pop);
        self.step(Step::Take(list));
        Ok(())
    }

    pub(super) fn reduce(&mut self, fold: &Fold) -> Result<(), Wrong> {
        let names = self.names.len();
        let state = self.begin_fold(fold)?;
        let fork = self.leap(Step::Fork);
        self.update_fold(fold, state)?;
        self.step(Step::Store(state));
        self.step(Step::Backtrack);
        self.land(fork);
        self.step(Step::Pop);
        self.step(Step::Load(state));
        self.names.truncate(names);
        Ok(())
    }

    pub(super) fn foreach(&mut self, fold: &Fold) -> Result<(), Wrong> {
        let names = self.names.len();
        let state = self.begin_fold(fold)?;
        self.update_fold(fold, state)?;
        self.step(Step::Duplicate);
        self.step(Step::Store(state));
        if let Some(extract) = &fold.extract {
            self.scoped(extract)?;
        }
        self.names.truncate(names);
        Ok(())
    }

    fn begin_fold(&mut self, fold: &Fold) -> Result<Variable, Wrong> {
        self.step(Step::Duplicate);
        let state = self.new_variable();
        self.scoped(&fold.start)?;
        self.step(Step::Store(state));
        Ok(state)
    }

    fn update_fold(&mut self, fold: &Fold, state: Variable) -> Result<(), Wrong> {
        self.scoped(&fold.source)?;
        self.declare_all(std::slice::from_ref(&fold.pattern));
        self.pattern(&fold.pattern)?;
        self.step(Step::Load(state));
        self.scoped(&fold.update)
    }
}

//! Functions: their definitions, their calls, and which are there without a definition.

use super::{
    Argument, Follows, Step, Variable,
    compile::{Body, Compiler, Meaning},
    prelude,
};
use crate::jq::{
    native,
    syntax::{Definition, Query, Wrong},
    value::Value,
};

/// Functions that are steps rather than calls.
const STEPS: [(&str, usize); 8] = [
    ("empty", 0),
    ("path", 1),
    ("_range", 3),
    ("env", 0),
    ("debug", 0),
    ("debug", 1),
    ("stderr", 0),
    ("modulemeta", 0),
];

/// `name/arity` of every function that a filter may call, sorted.
fn builtin_names() -> Vec<String> {
    let mut names: Vec<(&str, usize)> = native::names().collect();
    names.extend(STEPS);
    names.extend([("halt", 0), ("builtins", 0)]);
    names.extend(
        prelude::definitions()
            .keys()
            .map(|(name, arity)| (name.as_str(), *arity)),
    );
    names.retain(|(name, _)| !name.starts_with(['_', '@']));
    names.sort_unstable();
    names.dedup();
    names
        .into_iter()
        .map(|(name, arity)| format!("{name}/{arity}"))
        .collect()
}

impl Compiler {
    pub(super) fn definition(&mut self, definition: &Definition) -> Result<(), Wrong> {
        let index = self.reserve();
        let meaning = Meaning::Function {
            level: self.level(),
            index,
            arity: definition.parameters.len(),
        };
        self.names.push((definition.name.clone(), meaning));
        self.function(index, &definition.parameters, &definition.body)
    }

    fn reserve(&mut self) -> u32 {
        self.functions.push(None);
        u32::try_from(self.functions.len() - 1).unwrap_or(u32::MAX)
    }

    fn function(&mut self, index: u32, parameters: &[String], body: &Query) -> Result<(), Wrong> {
        let names = self.names.len();
        self.open.push(Body::default());
        let level = self.level();
        for parameter in parameters {
            let place = self.new_variable().place;
            let name = parameter.trim_start_matches('$').to_owned();
            self.names.push((name, Meaning::Parameter { level, place }));
        }
        for (place, parameter) in (0..).zip(parameters) {
            if parameter.starts_with('$') {
                self.step(Step::Duplicate);
                self.step(Step::ValueBegin);
                let closure = Variable { hops: 0, place };
                self.step(Step::CallClosure {
                    variable: closure,
                    tail: false,
                });
                let variable = self.declare(parameter);
                self.step(Step::Store(variable));
                self.step(Step::ValueEnd);
            }
        }
        self.scoped(body)?;
        self.step(Step::Return);
        let body = self.open.pop();
        if let Some(slot) = self.functions.get_mut(index as usize) {
            *slot = body;
        }
        self.names.truncate(names);
        Ok(())
    }

    pub(super) fn variable(&mut self, name: &str, place: usize) -> Result<(), Wrong> {
        let mut names = self.names.iter().rev();
        let found = names.find_map(|(known, meaning)| match meaning {
            Meaning::Variable { .. } | Meaning::Constant(_) if known == name => Some(meaning),
            _ => None,
        });
        match found.cloned() {
            Some(Meaning::Variable { level, place }) => {
                self.step(Step::Pop);
                self.step(Step::Load(Variable {
                    hops: self.reach(level),
                    place,
                }));
            }
            Some(Meaning::Constant(value)) => self.step(Step::Const(value)),
            _ if name == "$ENV" => self.environment(),
            _ => {
                let message = format!("variable not defined: {name}");
                return Err(Wrong { place, message });
            }
        }
        Ok(())
    }

    fn environment(&mut self) {
        let environment = self.environment.clone();
        self.step(Step::Const(environment));
    }

    pub(super) fn call(
        &mut self,
        name: &str,
        arguments: &[Query],
        place: usize,
    ) -> Result<(), Wrong> {
        let found = self
            .names
            .iter()
            .rev()
            .find_map(|(known, meaning)| match meaning {
                Meaning::Function { arity, .. } if known == name && *arity == arguments.len() => {
                    Some(meaning.clone())
                }
                Meaning::Parameter { .. } if known == name && arguments.is_empty() => {
                    Some(meaning.clone())
                }
                _ => None,
            });
        match found {
            Some(Meaning::Function { level, index, .. }) => {
                let hops = Some(self.reach(level));
                self.call_function(index, hops, arguments)
            }
            Some(Meaning::Parameter { level, place }) => {
                let variable = Variable {
                    hops: self.reach(level),
                    place,
                };
                self.step(Step::CallClosure {
                    variable,
                    tail: false,
                });
                Ok(())
            }
            _ => self.call_builtin(name, arguments, place),
        }
    }

    fn call_function(
        &mut self,
        function: u32,
        hops: Option<u32>,
        arguments: &[Query],
    ) -> Result<(), Wrong> {
        let arguments = arguments
            .iter()
            .map(|argument| self.argument(argument))
            .collect::<Result<_, _>>()?;
        self.step(Step::Call {
            function,
            hops,
            arguments,
            tail: false,
        });
        Ok(())
    }

    fn argument(&mut self, query: &Query) -> Result<Argument, Wrong> {
        if let Some(variable) = self.forwarded(query) {
            return Ok(Argument::Forward(variable));
        }
        let index = self.reserve();
        self.function(index, &[], query)?;
        Ok(Argument::Closure(index))
    }

    /// The parameter that a query is nothing more than, which is passed on as it is.
    fn forwarded(&self, query: &Query) -> Option<Variable> {
        let Query::Call {
            name, arguments, ..
        } = query
        else {
            return None;
        };
        if !arguments.is_empty() {
            return None;
        }
        self.names
            .iter()
            .rev()
            .find_map(|(known, meaning)| match meaning {
                Meaning::Parameter { level, place } if known == name => Some(Some(Variable {
                    hops: self.reach(*level),
                    place: *place,
                })),
                Meaning::Function { arity: 0, .. } if known == name => Some(None),
                _ => None,
            })?
    }

    fn call_builtin(&mut self, name: &str, arguments: &[Query], place: usize) -> Result<(), Wrong> {
        match (name, arguments) {
            ("empty", []) => self.step(Step::Backtrack),
            ("debug" | "stderr", []) | ("debug", [_]) => {}
            ("env", []) => self.environment(),
            ("modulemeta", []) => self.step(Step::ModuleMeta),
            ("input", []) if self.has_inputs => self.native("_input", &[], Follows::Nothing)?,
            ("input" | "inputs", []) if !self.has_inputs => {
                let message = format!("{name}/0 is not allowed");
                return Err(Wrong { place, message });
            }
            ("path", [query]) => {
                self.step(Step::PathBegin);
                self.scoped(query)?;
                self.step(Step::PathEnd);
            }
            ("_range", [from, to, step]) => {
                self.native("_range", &[from, to, step], Follows::Nothing)?;
                self.step(Step::Range);
            }
            ("builtins", []) => {
                let names = builtin_names().into_iter().map(Value::from).collect();
                self.step(Step::Const(Value::list(names).unwrap_or(Value::Null)));
            }
            _ => return self.call_defined(name, arguments, place),
        }
        Ok(())
    }

    fn call_defined(&mut self, name: &str, arguments: &[Query], place: usize) -> Result<(), Wrong> {
        if let Some(index) = self.prelude_function(name, arguments.len())? {
            return self.call_function(index, None, arguments);
        }
        if name.starts_with('@') || native::find(name, arguments.len()).is_none() {
            let message = format!("function not defined: {name}/{}", arguments.len());
            return Err(Wrong { place, message });
        }
        let follows = if name == "getpath" {
            Follows::GetPath
        } else {
            Follows::Nothing
        };
        let arguments: Vec<&Query> = arguments.iter().collect();
        self.native(name, &arguments, follows)
    }

    /// A function of the prelude, which is compiled when it is called for the first time.
    pub(super) fn prelude_function(
        &mut self,
        name: &str,
        arity: usize,
    ) -> Result<Option<u32>, Wrong> {
        let key = (name.to_owned(), arity);
        if let Some(index) = self.builtins.get(&key) {
            return Ok(Some(*index));
        }
        let Some(definition) = prelude::definitions().get(&key) else {
            return Ok(None);
        };
        let index = self.reserve();
        self.builtins.insert(key, index);
        let names = std::mem::take(&mut self.names);
        let open = std::mem::take(&mut self.open);
        let result = self.function(index, &definition.parameters, &definition.body);
        self.names = names;
        self.open = open;
        result.map(|()| Some(index))
    }
}

//! The functions that templates may call, one file per family.
//!
//! In: arguments of a call in a template · Out: a value, or what is wrong in plain words · Never:
//! reads files, clocks or random numbers.
//!
//! Names, arguments and results are those of sprig and Helm, so that a person who knows charts knows
//! them. They differ where sprig hides a mistake: what is not a number, a date or a pattern is an
//! error and not a silent 0 or `false`; maps are never changed in place (`merge` returns the result);
//! text is cut between characters, never within one; numbers print as YAML writes them, `1000000` and
//! not `1e+06`.
//!
//! Every function can be called and piped into. The piped value takes the place that
//! [`Piped`] says: `Values.tag | default("latest")` is `default("latest", Values.tag)`, as in Go;
//! `labels | merge(more)` is `merge(labels, more)`, as one reads it.

mod argument;
mod family;
mod tree;

pub use argument::Arguments;
pub use family::semver;
pub use tree::{Miss, Tree, last_miss, text_of, to_json, to_value};

use minijinja::Value;

/// What a function does with its arguments.
type Call = fn(&Arguments<'_>) -> Result<Value, Error>;

/// One function that templates may call.
#[derive(Debug, Clone, Copy)]
pub struct Function {
    /// Its name in templates.
    pub name: &'static str,
    /// The names of its arguments, as shown in errors: `length, text`.
    pub usage: &'static str,
    /// Where a piped value goes.
    pub piped: Piped,
    /// Whether it can be given something that is not defined, as `default` can.
    pub takes_undefined: bool,
    fewest: usize,
    most: usize,
    call: Call,
}

/// Which argument a piped value becomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Piped {
    /// `labels | pick("app")` is `pick(labels, "app")`.
    First,
    /// `text | regexReplaceAll("a", "b")` is `regexReplaceAll("a", text, "b")`.
    Second,
    /// `text | trunc(63)` is `trunc(63, text)`.
    Last,
}

/// Why a call failed, in words for the person who wrote the template.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Too few or too many arguments.
    #[error("{usage} was given {given}")]
    Count {
        /// The function as it wants to be called.
        usage: String,
        /// `1 argument`.
        given: String,
    },
    /// An argument of the wrong type.
    #[error("{usage}: {argument} must be {expected}, got {given}")]
    Kind {
        /// The function as it wants to be called.
        usage: String,
        /// Which argument.
        argument: String,
        /// What it must be, with its article.
        expected: &'static str,
        /// What it is, with its article.
        given: &'static str,
    },
    /// An argument of the right type that cannot be used.
    #[error("{usage}: {reason}")]
    Unusable {
        /// The function as it wants to be called.
        usage: String,
        /// What is wrong.
        reason: String,
    },
    /// The template's own words, from `fail` and `required`.
    #[error("{0}")]
    Told(String),
}

/// All functions, family by family.
pub fn all() -> impl Iterator<Item = &'static Function> {
    family::ALL.iter().copied().flatten()
}

impl Function {
    /// A function of this many arguments; a piped value becomes the last.
    const fn new(
        name: &'static str,
        usage: &'static str,
        arguments: (usize, usize),
        call: Call,
    ) -> Self {
        Self {
            name,
            usage,
            piped: Piped::Last,
            takes_undefined: false,
            fewest: arguments.0,
            most: arguments.1,
            call,
        }
    }

    const fn piped(mut self, piped: Piped) -> Self {
        self.piped = piped;
        self
    }

    const fn takes_undefined(mut self) -> Self {
        self.takes_undefined = true;
        self
    }

    /// `trunc(length, text)`.
    fn shown(&self) -> String {
        format!("{}({})", self.name, self.usage)
    }

    /// Calls the function with its arguments in their own order.
    pub fn call(&self, values: &[Value]) -> Result<Value, Error> {
        if values.len() < self.fewest || values.len() > self.most {
            let s = if values.len() == 1 { "" } else { "s" };
            return Err(Error::Count {
                usage: self.shown(),
                given: format!("{} argument{s}", values.len()),
            });
        }
        (self.call)(&Arguments::new(self, values))
    }

    /// Calls the function with the piped value first, as a template engine hands it over.
    pub fn call_piped(&self, values: &[Value]) -> Result<Value, Error> {
        let Some((piped, rest)) = values.split_first() else {
            return self.call(values);
        };
        let place = match self.piped {
            Piped::First => 0,
            Piped::Second => 1.min(rest.len()),
            Piped::Last => rest.len(),
        };
        if place == 0 {
            return self.call(values);
        }
        let mut ordered = rest.to_vec();
        ordered.insert(place, piped.clone());
        self.call(&ordered)
    }
}

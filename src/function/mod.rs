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
//! What has no such form here is sprig's own ([`crate::sprig`]), as charts have it: `bridge.rs` turns its
//! arguments into values of Go and its result back. Maps are copied on the way, so that `set` as well
//! gives the changed map and changes none; times, versions and durations stay what they are and are
//! asked by the names of Go, `semver("1.2.3").Major`.
//!
//! Every function can be called and piped into. The piped value takes the place that
//! [`Piped`] says: `Values.tag | default("latest")` is `default("latest", Values.tag)`, as in Go;
//! `labels | merge(more)` is `merge(labels, more)`, as one reads it.

mod argument;
mod bridge;
mod family;
mod tree;

pub use argument::Arguments;
pub use bridge::with_world;
pub use family::semver;
pub use tree::{Miss, Tree, last_miss, text_of, to_json, to_value};

use std::borrow::Cow;

use minijinja::Value;

use crate::govalue;

/// What a function does with its arguments.
#[derive(Debug, Clone, Copy)]
enum Call {
    /// Something of its own.
    Own(fn(&Arguments<'_>) -> Result<Value, Error>),
    /// What sprig does.
    Sprig(&'static govalue::Function),
}

/// One function that templates may call.
#[derive(Debug, Clone)]
pub struct Function {
    /// Its name in templates.
    pub name: &'static str,
    /// The names of its arguments, as shown in errors: `length, text`.
    pub usage: Cow<'static, str>,
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

/// All functions: those of the families here, and those of sprig that they do not have.
pub fn all() -> impl Iterator<Item = &'static Function> {
    own().chain([&bridge::INCLUDE]).chain(bridge::all())
}

/// Those of the families here.
pub fn own() -> impl Iterator<Item = &'static Function> {
    family::ALL.iter().copied().flatten()
}

impl Function {
    /// A function of this many arguments; a piped value becomes the last.
    const fn new(
        name: &'static str,
        usage: &'static str,
        arguments: (usize, usize),
        call: fn(&Arguments<'_>) -> Result<Value, Error>,
    ) -> Self {
        Self {
            name,
            usage: Cow::Borrowed(usage),
            piped: Piped::Last,
            takes_undefined: false,
            fewest: arguments.0,
            most: arguments.1,
            call: Call::Own(call),
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
        let arguments = Arguments::new(self, values);
        bridge::check(&arguments)?;
        match self.call {
            Call::Own(call) => call(&arguments),
            Call::Sprig(function) => bridge::call(function, &arguments),
        }
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn find(name: &str) -> &'static Function {
        all().find(|function| function.name == name).unwrap()
    }

    #[test]
    fn no_two_functions_have_one_name() {
        let names: BTreeSet<_> = all().map(|function| function.name).collect();
        assert_eq!(names.len(), all().count());
    }

    #[test]
    fn piped_value_goes_where_one_reads_it() {
        for (name, arguments, expected) in [
            ("trunc", vec![Value::from("abc"), Value::from(2)], "ab"),
            ("sub", vec![Value::from(5), Value::from(3)], "2"),
            (
                "regexReplaceAll",
                vec!["aba".into(), "a".into(), "x".into()],
                "xbx",
            ),
            ("default", vec!["".into(), "x".into()], "x"),
            ("trim", vec![" a ".into()], "a"),
        ] {
            let value = find(name).call_piped(&arguments).unwrap();
            assert_eq!(text_of(&value).as_deref(), Ok(expected), "{name}");
        }
    }

    #[test]
    fn number_of_arguments_is_checked_however_called() {
        let told = "trunc(length, text) was given 1 argument";
        let value = [Value::from("a")];
        assert_eq!(find("trunc").call(&value).unwrap_err().to_string(), told);
        assert_eq!(
            find("trunc").call_piped(&value).unwrap_err().to_string(),
            told
        );
    }
}

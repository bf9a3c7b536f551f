//! The families of functions.

mod encoding;
mod list;
mod logic;
mod map;
mod number;
mod pattern;
pub mod semver;
mod text;

use super::Function;

/// Every function, family by family.
pub(super) const ALL: &[&[Function]] = &[
    encoding::ALL,
    list::ALL,
    logic::ALL,
    map::ALL,
    number::ALL,
    pattern::ALL,
    semver::ALL,
    text::ALL,
];

/// No upper bound of arguments.
const MANY: usize = usize::MAX;

/// Calls a function by its name, as a template would.
#[cfg(test)]
fn call(name: &str, arguments: &serde_json::Value) -> Result<serde_json::Value, String> {
    let function = super::all()
        .find(|function| function.name == name)
        .unwrap_or_else(|| panic!("no function {name}"));
    let arguments: Vec<_> = arguments
        .as_array()
        .unwrap()
        .iter()
        .map(super::to_value)
        .collect();
    let value = function
        .call(&arguments)
        .map_err(|error| error.to_string())?;
    super::to_json(&value)
}

/// Rows of a table: `function [arguments] => result`, or `function [arguments] != error`.
#[cfg(test)]
macro_rules! rows {
    ($($name:ident $arguments:tt $arrow:tt $expected:tt;)+) => {
        #[test]
        fn gives_what_the_table_says() {
            $($crate::function::family::check(
                stringify!($name),
                &serde_json::json!($arguments),
                stringify!($arrow),
                &serde_json::json!($expected),
            );)+
        }
    };
}

#[cfg(test)]
use rows;

#[cfg(test)]
fn check(name: &str, arguments: &serde_json::Value, arrow: &str, expected: &serde_json::Value) {
    let given = call(name, arguments);
    match arrow {
        "=>" => assert_eq!(given.as_ref(), Ok(expected), "{name}{arguments}"),
        _ => {
            let error = given.expect_err(&format!("{name}{arguments}"));
            let part = expected.as_str().unwrap();
            assert!(error.contains(part), "{name}{arguments}: {error}");
        }
    }
}

//! What `--set` and its like say → values.
//!
//! The language is Helm's: `a.b[0].c=1,d={x,y}`, with its types, limits and words for mistakes.

mod options;
mod path;
mod scan;

use crate::govalue::Map;

pub use options::ValueOptions;
use path::{Failure, Parser};
use scan::Scanner;

/// Reads a file that an argument names: what is in it, or why there is nothing.
pub type Reader<'a> = dyn Fn(&str) -> Result<Vec<u8>, String> + 'a;

/// How the values of an argument are read.
pub enum Kind<'a> {
    /// `--set`: whole numbers, booleans and null are understood.
    Typed,
    /// `--set-string`: everything is a text.
    Text,
    /// `--set-file`: what a reader gives for each value, or why it has nothing.
    File(&'a Reader<'a>),
    /// `--set-json`: values are JSON.
    Json,
    /// `--set-literal`: everything behind the first `=` is one text.
    Literal,
}

/// Puts what an argument says into values.
///
/// # Errors
///
/// What is wrong with it, in Helm's words. What was read before is in the values then.
pub fn set(values: &Map, argument: &str, kind: &Kind<'_>) -> Result<(), String> {
    let mut parser = Parser {
        scanner: Scanner::new(argument),
        kind,
    };
    loop {
        match parser.key(values, 0) {
            Ok(()) => {}
            Err(Failure::End) => return Ok(()),
            Err(Failure::Told(words)) => return Err(words),
        }
    }
}

#[cfg(test)]
mod tests;

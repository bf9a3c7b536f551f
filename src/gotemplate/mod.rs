//! Go's `text/template`: lexer, parser, interpreter.
//!
//! *In:* template texts, a table of functions, a value · *Out:* text · *Never:* knows Helm's objects or
//! Kubernetes; reads files, clocks or random numbers.
//!
//! A text is parsed once to flat lists of nodes: variables are slots, functions are pointers. A set of
//! templates is made in order, then shared between threads; the values of a render belong to one
//! thread. `include` and `tpl` are here, with Helm's rules; every other function comes from outside.

mod builtin;
mod error;
mod machine;
mod parse;
mod set;
mod tree;

pub use error::Error;
pub use set::{Functions, Limits, Render, Set};

#[cfg(test)]
mod tests;

//! The `ConfigMap` in which people set values.
//!
//! In: a `ConfigMap`'s data · Out: [`ConfigValues`], or all its mistakes, and [`Changes`] between two of
//! them · Never: decides what a change leads to.

mod changes;
mod read;

pub use changes::{Changes, changes};
pub use read::{ConfigValues, Section, read};

//! The `ConfigMap` in which people set values.
//!
//! In: a `ConfigMap`'s data · Out: [`ConfigValues`], or all its mistakes, and [`Changes`] between two of
//! them · Never: decides what a change leads to.

mod read;

pub use read::{Changes, ConfigValues, Section, changes, read};

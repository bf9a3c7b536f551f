//! The `ConfigMap` in which people set values.
//!
//! In: a `ConfigMap`'s data · Out: [`ConfigValues`], or all its mistakes, and [`Changes`] between two of
//! them; a section written back · Never: decides what a change leads to.

mod changes;
mod read;
mod write;

pub use changes::{Changes, changes};
pub use read::{ConfigValues, Section, read};
pub use write::{WriteError, config_map_resource, data, write};

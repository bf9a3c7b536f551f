//! Kinds and selectors → what changed, as it changes.
//!
//! In: a [`Scope`] · Out: [`Event`]s with raw JSON, and the store of objects that are ours
//! ([`Managed`]) · Never: decides whether a change matters.
//!
//! One stream per kind, whatever the number of modules that use it. Lists and events are read as raw
//! bytes; nothing is decoded into a tree that is thrown away.

mod managed;
mod selection;
mod stream;

pub use managed::{Error, Managed};
pub use selection::{Item, Monitor, MonitorId, Namespaces, Selection, WatchEvent};
pub use stream::{Event, Scope, follow, until};

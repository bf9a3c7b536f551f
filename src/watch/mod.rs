//! Kinds and selectors → what changed, as it changes.
//!
//! In: a [`Scope`], or [`Monitor`]s · Out: [`Event`]s with raw JSON, the store of objects that are
//! ours ([`Managed`]), and [`News`] and snapshots for those who listen ([`Shared`]) · Never: decides
//! what follows from a change.
//!
//! One stream per scope, whatever the number of modules and hooks that use it. Lists and events are read as raw
//! bytes; nothing is decoded into a tree that is thrown away.

mod managed;
mod pause;
mod selection;
mod sharing;
mod stream;

pub use managed::{Error, Managed};
pub use selection::{Item, Monitor, MonitorId, Namespaces, Selection, WatchEvent};
pub use sharing::{News, NewsReceiver, Shared, Snapshot, Trouble, WatchSize};
pub use stream::{Event, Scope, follow, until};

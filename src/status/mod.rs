//! Outcomes → `Module` objects, conditions and events: what people see with `kubectl`.
//!
//! In: what became of a module · Out: its status document, written only when it differs, and
//! Kubernetes events for transitions · Never: decides what to do next.

mod definition;
mod document;
mod error;
mod event;
mod write;

pub use document::{Condition, Report, State, Status};
pub use error::Error;
pub use event::{About, Event, Kind};
pub use write::Reporter;

//! A plan → an outcome in the cluster.
//!
//! In: desired objects and a plan · Out: an [`Outcome`]: what is there now, what was mended, what
//! failed · Never: decides what should be there.
//!
//! Objects go rank by rank in Helm's order, those of one rank at once. A rank that failed stops the
//! ranks behind it and the pruning; everything that succeeded is in the outcome. Every step can be
//! repeated: a kill between any two writes leaves a state from which the next run goes on.

mod carry_out;
mod definition;
mod error;
mod gone;
mod hand_over;
mod helm_hook;
mod left_over;
mod mend;
mod object;
mod operate;
mod parent;
mod prune;
mod ready;

pub use carry_out::{Applier, Drift, Kinds, Outcome, Work};
pub use definition::await_served;
pub use error::Error;
pub use hand_over::{HandOver, HandedOver};
pub use helm_hook::HookWork;
pub use left_over::LeftOver;
pub use object::foreign_owner;
pub use operate::{Foretold, Operated, Rehearsed, Stop, operate, rehearse};
pub use parent::{MODULE_RESOURCE, Parent};
pub use prune::PruneRules;
pub use ready::{Readiness, readiness};

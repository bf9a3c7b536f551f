//! Manifests, inventory and what is there → a plan.
//!
//! In: manifests of one module, its [`Record`], the live objects that carry our labels · Out: the
//! [`Desired`] objects, ready to be sent, and a [`Plan`] of what to apply and to remove · Never: asks
//! a cluster.

mod desired;
mod field;
mod plan;
mod text;

pub use desired::{
    Desired, KnownKind, Owner, Prepared, as_stored, kind_defined_here, prepare, prepare_one, stamp,
};
pub use field::{
    Ignore, Taken, child_of_tree, count, field_of_tree, find_last, is_ignored, push, remove_at,
    taken,
};
pub use plan::{Change, Facts, Plan, Policy, Reason, Record, Recorded, Removal, plan};
pub use text::{mark_hidden, mask_secret, unified};

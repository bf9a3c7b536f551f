//! Certificates: made, kept in a Secret or given as files, and shown.

mod authority;
mod contents;
mod files;
mod identity;
mod present;
mod secret;

pub use files::Files;
pub(super) use identity::{Identity, pem};
pub(super) use present::{Facade, Presenter, State, Trust};
pub(super) use secret::Keeper;

//! Certificates: made, kept in a Secret or given as files, and shown.

mod authority;
mod contents;
mod files;
mod identity;
mod present;
mod secret;

pub use files::Files;
#[cfg(test)]
pub(super) use identity::provider;
pub(super) use identity::{Identity, pem};
#[cfg(test)]
pub(super) use present::trial;
pub(super) use present::{Facade, Presenter, State, Trust};
pub(super) use secret::Keeper;

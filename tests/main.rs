//! The one integration-test binary: one link, and helpers that all parts share.
//!
//! - `support`: a real API server, namespaces, waiting, counting.
//! - `cli`: the built program, as a person meets it.
//! - `cluster`: what only a real API server knows.
//! - `faults`: what goes wrong around the operator, and how long it takes to recover.
//! - `golden`: documents, compared as a whole.
//! - `helm`: what Helm renders, rendered by us.
//! - `layers`: the order of the rooms.
//! - `shell`: what hooks in bash source.
//! - `process`: what is left when the operator is killed.
//! - `docs`: what the documents say is so.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test fails by panicking and tells why, also in helpers, which clippy does not know as tests"
)]

mod support;

mod cli;
mod cluster;
mod faults;
mod golden;
mod helm;
mod layers;
mod process;
mod shell;

mod docs;

//! The one integration-test binary: one link, and helpers that all parts share.
//!
//! - `support`: a real API server, namespaces, waiting, counting.
//! - `cluster`: what only a real API server knows.
//! - `golden`: documents, compared as a whole.
//! - `layers`: the order of the rooms.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking, also in its helpers, which clippy does not know as tests"
)]

mod support;

mod cluster;
mod golden;
mod layers;

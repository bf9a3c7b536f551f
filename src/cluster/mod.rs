//! The only door to the API server (with `watch`, which reads its streams).
//!
//! In: paths, bodies, kinds · Out: answers as bytes or metadata, and [`Error`]s that know whether
//! waiting helps · Never: decides what to write.
//!
//! Requests go over one HTTP/2 connection beneath kube's client (many watches over more); nothing limits their rate here,
//! since priority and fairness are the server's duty. Two things are bounded: writes in flight
//! (halved when the server answers 429), and the time that one call may take. Where several replicas
//! run, every write passes the fence of the one that leads (`fenced.rs`).

mod call;
mod clock;
mod connect;
mod discovery;
mod dry_run;
mod error;
mod exchange;
mod fenced;
mod identity;
mod limit;
mod lines;
mod outage;
mod pace;

pub use call::{Applied, Apply, Client, PatchType, Target, Write, Written};
pub use clock::now;
pub use connect::{Settings, connect};
pub use discovery::{Resource, ServerVersion};
pub use error::{Cause, Error, Refusal};
pub use exchange::{Propagation, REQUESTS};

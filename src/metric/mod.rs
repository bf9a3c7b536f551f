//! Counters, gauges and histograms, and their text form.
//!
//! *In:* names, labels and numbers · *Out:* the Prometheus text format 0.0.4 · *Never:* serves it,
//! reads a clock, or keeps anything outside the [`Registry`] that it was given.
//!
//! A room registers its families once, keeps the handles in its own `Metrics` struct and updates them
//! from anywhere: a handle is an `Arc`, an update is one atomic write or one short lock. What hooks
//! ask for comes in as [`Operation`]s, whose names and labels are known only at run time; a group of
//! theirs can expire as a whole.
//!
//! - The same name may be registered again: label names that are new are added, and the series that
//!   were there have them empty. Another type or other buckets are an error.
//! - A family holds a limited number of series. What comes beyond is not kept but counted in
//!   `{PREFIX}metric_dropped_total`, so that a label made from foreign data cannot fill the memory.
//! - Locks are taken in one order: registry, family, series.

mod cell;
mod error;
mod family;
mod handle;
mod operation;
mod registry;
mod store;
#[cfg(test)]
mod tests;
mod text;

pub use error::{Error, Refusal};
pub use handle::{Counter, CounterFamily, Family, Gauge, GaugeFamily, Histogram, HistogramFamily};
pub use operation::{Change, Operation, Sample};
pub use registry::Registry;

/// The original's buckets for times, in seconds: those of its charts, hooks and watches.
pub const TIME_BUCKETS: [f64; 14] = [
    0.0, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0,
];

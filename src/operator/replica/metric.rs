//! What is counted of leadership.

use std::time::Duration;

use crate::metric::{Counter, Error, Gauge, Histogram, Registry, TIME_BUCKETS};

/// The metrics of a replica.
#[derive(Clone)]
pub(in crate::operator) struct Metrics {
    leads: Gauge,
    changes: Counter,
    renewals: Histogram,
    failures: Counter,
}

impl Metrics {
    /// Registers them; without replicas they are not shown.
    pub(in crate::operator) fn new(registry: &Registry) -> Result<Self, Error> {
        let leads = registry.gauge("{PREFIX}leader", "1 when this replica leads.", &[])?;
        let changes = registry.counter(
            "{PREFIX}leader_changes_total",
            "Leaders that this replica has seen begin.",
            &[],
        )?;
        let renewals = registry.histogram(
            "{PREFIX}lease_renewal_seconds",
            "How long it took to write the Lease.",
            &[],
            &TIME_BUCKETS,
        )?;
        let failures = registry.counter(
            "{PREFIX}lease_errors_total",
            "Requests for the Lease that failed.",
            &[],
        )?;
        Ok(Self {
            leads: leads.with(&[]),
            changes: changes.with(&[]),
            renewals: renewals.with(&[]),
            failures: failures.with(&[]),
        })
    }

    pub(super) fn leads(&self, leads: bool) {
        self.leads.set(if leads { 1.0 } else { 0.0 });
    }

    pub(super) fn changed(&self) {
        self.changes.increment();
    }

    pub(super) fn stored(&self, took: Duration) {
        self.renewals.observe(took.as_secs_f64());
    }

    pub(super) fn failed(&self) {
        self.failures.increment();
    }
}

//! What is counted of webhooks.

use std::time::Duration;

use jiff::Timestamp;

use super::Door;
use crate::metric::{CounterFamily, Error, GaugeFamily, HistogramFamily, Registry};

const BUCKETS: [f64; 13] = [
    0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0,
];

/// The families; cheap to clone.
#[derive(Debug, Clone)]
pub struct Metrics {
    requests: CounterFamily<2>,
    seconds: HistogramFamily<1>,
    failed_handshakes: CounterFamily<1>,
    certificate_end: GaugeFamily<1>,
    certificate_errors: CounterFamily<1>,
    put_right: CounterFamily<2>,
}

impl Metrics {
    /// Registers everything.
    pub fn new(registry: &Registry) -> Result<Self, Error> {
        Ok(Self {
            requests: registry.counter(
                "{PREFIX}webhook_requests_total",
                "Requests of the API server to webhooks.",
                &["server", "code"],
            )?,
            seconds: registry.histogram(
                "{PREFIX}webhook_request_seconds",
                "How long the answers to requests of the API server took.",
                &["server"],
                &BUCKETS,
            )?,
            failed_handshakes: registry.counter(
                "{PREFIX}webhook_handshake_errors_total",
                "TLS handshakes with webhook servers that failed.",
                &["server"],
            )?,
            certificate_end: registry.gauge(
                "{PREFIX}webhook_certificate_end_timestamp_seconds",
                "When the certificate in use ends.",
                &["server"],
            )?,
            certificate_errors: registry.counter(
                "{PREFIX}webhook_certificate_errors_total",
                "Certificate files that could not be used.",
                &["server"],
            )?,
            put_right: registry.counter(
                "{PREFIX}webhook_configurations_put_right_total",
                "Webhook configurations that others had changed or deleted, and that were put right.",
                &["kind", "name"],
            )?,
        })
    }

    pub(super) fn count_request(&self, door: Door, code: u16, took: Duration) {
        let server = door.name();
        self.requests.with(&[server, &code.to_string()]).increment();
        self.seconds.with(&[server]).observe(took.as_secs_f64());
    }

    pub(super) fn count_failed_handshake(&self, door: Door) {
        self.failed_handshakes.with(&[door.name()]).increment();
    }

    pub(super) fn count_certificate_error(&self, door: Door) {
        self.certificate_errors.with(&[door.name()]).increment();
    }

    pub(super) fn show_end(&self, door: Door, end: Timestamp) {
        // Seconds of the next thousands of years are far below what a float holds exactly.
        #[expect(
            clippy::cast_precision_loss,
            reason = "a time has fewer than 2^52 seconds"
        )]
        let seconds = end.as_second() as f64;
        self.certificate_end.with(&[door.name()]).set(seconds);
    }

    pub(super) fn count_put_right(&self, kind: &str, name: &str) {
        self.put_right.with(&[kind, name]).increment();
    }
}

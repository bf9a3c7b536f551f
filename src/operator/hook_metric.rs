//! What hooks cost and how they end, by the original's names.

use std::time::Duration;

use crate::house::HookEnd;
use crate::metric::{CounterFamily, Error, GaugeFamily, HistogramFamily, Registry};
use crate::process::Usage;

const BUCKETS: [f64; 14] = [
    0.0, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0,
];

/// The families of hooks of one sort; `N` labels: module hooks have one more than global ones.
pub(super) struct HookFamilies<const N: usize> {
    seconds: HistogramFamily<N>,
    user: HistogramFamily<N>,
    system: HistogramFamily<N>,
    max_rss: GaugeFamily<N>,
    errors: CounterFamily<N>,
    allowed: CounterFamily<N>,
    successes: CounterFamily<N>,
}

impl<const N: usize> HookFamilies<N> {
    /// `sort` is `module_hook` or `global_hook`.
    pub(super) fn new(registry: &Registry, sort: &str, labels: [&'static str; N]) -> Result<Self, Error> {
        let name = |what: &str| format!("{{PREFIX}}{sort}_{what}");
        let histogram = |what: &str, help: &str| registry.histogram(&name(what), help, &labels, &BUCKETS);
        let counter = |what: &str, help: &str| registry.counter(&name(what), help, &labels);
        Ok(Self {
            seconds: histogram("run_seconds", "How long a run of a hook took.")?,
            user: histogram("run_user_cpu_seconds", "Processor time of a hook's own code.")?,
            system: histogram("run_sys_cpu_seconds", "Processor time in the kernel for a hook.")?,
            max_rss: registry.gauge(
                &name("run_max_rss_bytes"),
                "The most memory that the latest run of a hook had resident.",
                &labels,
            )?,
            errors: counter("errors_total", "Runs of a hook that failed.")?,
            allowed: counter("allowed_errors_total", "Runs of a hook that failed, as allowed.")?,
            successes: counter("success_total", "Runs of a hook that succeeded.")?,
        })
    }

    /// A run ended.
    pub(super) fn count(&self, labels: &[&str; N], end: HookEnd, took: Duration, usage: Usage) {
        self.seconds.with(labels).observe(took.as_secs_f64());
        self.user.with(labels).observe(usage.user.as_secs_f64());
        self.system.with(labels).observe(usage.system.as_secs_f64());
        #[expect(clippy::cast_precision_loss, reason = "no process has 2^52 bytes")]
        self.max_rss.with(labels).set(usage.max_rss_bytes as f64);
        match end {
            HookEnd::Succeeded => self.successes.with(labels).increment(),
            HookEnd::Allowed => self.allowed.with(labels).increment(),
            HookEnd::Failed => self.errors.with(labels).increment(),
        }
    }
}

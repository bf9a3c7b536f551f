//! What hooks cost and how they end, by the original's names.

use std::time::Duration;

use crate::house::{HookEnd, House};
use crate::metric::{CounterFamily, Error, Gauge, GaugeFamily, HistogramFamily, Registry};
use crate::process::Usage;
use crate::watch::{MonitorId, Shared};

const BUCKETS: [f64; 13] = [
    0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0,
];

/// Hooks of a shell-operator are few and may take their time.
const LONG_BUCKETS: [f64; 14] = [
    0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0,
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

/// The names of the families of hooks of one sort.
pub(super) struct Names {
    seconds: &'static str,
    user: &'static str,
    system: &'static str,
    max_rss: &'static str,
    errors: &'static str,
    allowed: &'static str,
    successes: &'static str,
    buckets: &'static [f64],
}

/// Those of modules' hooks.
pub(super) const OF_MODULES: Names = Names {
    seconds: "{PREFIX}module_hook_run_seconds",
    user: "{PREFIX}module_hook_run_user_cpu_seconds",
    system: "{PREFIX}module_hook_run_sys_cpu_seconds",
    max_rss: "{PREFIX}module_hook_run_max_rss_bytes",
    errors: "{PREFIX}module_hook_errors_total",
    allowed: "{PREFIX}module_hook_allowed_errors_total",
    successes: "{PREFIX}module_hook_success_total",
    buckets: &BUCKETS,
};

/// Those of global hooks.
pub(super) const GLOBAL: Names = Names {
    seconds: "{PREFIX}global_hook_run_seconds",
    user: "{PREFIX}global_hook_run_user_cpu_seconds",
    system: "{PREFIX}global_hook_run_sys_cpu_seconds",
    max_rss: "{PREFIX}global_hook_run_max_rss_bytes",
    errors: "{PREFIX}global_hook_errors_total",
    allowed: "{PREFIX}global_hook_allowed_errors_total",
    successes: "{PREFIX}global_hook_success_total",
    buckets: &BUCKETS,
};

/// Those of a shell-operator's hooks.
pub(super) const OF_SHELL_OPERATOR: Names = Names {
    seconds: "{PREFIX}hook_run_seconds",
    user: "{PREFIX}hook_run_user_cpu_seconds",
    system: "{PREFIX}hook_run_sys_cpu_seconds",
    max_rss: "{PREFIX}hook_run_max_rss_bytes",
    errors: "{PREFIX}hook_run_errors_total",
    allowed: "{PREFIX}hook_run_allowed_errors_total",
    successes: "{PREFIX}hook_run_success_total",
    buckets: &LONG_BUCKETS,
};

impl<const N: usize> HookFamilies<N> {
    /// Registers them.
    pub(super) fn new(
        registry: &Registry,
        names: &Names,
        labels: [&'static str; N],
    ) -> Result<Self, Error> {
        let histogram =
            |name: &str, help: &str| registry.histogram(name, help, &labels, names.buckets);
        let counter = |name: &str, help: &str| registry.counter(name, help, &labels);
        Ok(Self {
            seconds: histogram(names.seconds, "How long a run of a hook took.")?,
            user: histogram(names.user, "Processor time of a hook's own code.")?,
            system: histogram(names.system, "Processor time in the kernel for a hook.")?,
            max_rss: registry.gauge(
                names.max_rss,
                "The most memory that the latest run of a hook had resident.",
                &labels,
            )?,
            errors: counter(names.errors, "Runs of a hook that failed.")?,
            allowed: counter(names.allowed, "Runs of a hook that failed, as allowed.")?,
            successes: counter(names.successes, "Runs of a hook that succeeded.")?,
        })
    }

    /// A run ended.
    pub(super) fn count(&self, labels: &[&str; N], end: HookEnd, took: Duration, usage: Usage) {
        self.seconds.with(labels).observe(took.as_secs_f64());
        // What a run cost is not known when its process failed.
        if usage != Usage::default() {
            self.cost(labels, usage);
        }
        match end {
            HookEnd::Succeeded => self.successes.with(labels).increment(),
            HookEnd::Allowed => self.allowed.with(labels).increment(),
            HookEnd::Failed => self.errors.with(labels).increment(),
        }
    }

    /// A hook failed before it could run.
    pub(super) fn count_error(&self, labels: &[&str; N]) {
        self.errors.with(labels).increment();
    }

    fn cost(&self, labels: &[&str; N], usage: Usage) {
        self.user.with(labels).observe(usage.user.as_secs_f64());
        self.system.with(labels).observe(usage.system.as_secs_f64());
        #[expect(clippy::cast_precision_loss, reason = "no process has 2^52 bytes")]
        self.max_rss.with(labels).set(usage.max_rss_bytes as f64);
    }
}

/// What hooks are bound to, and how many objects each binding sees.
pub(super) struct BindingFamilies {
    count: GaugeFamily<2>,
    snapshots: SnapshotFamily<5>,
    /// The state of the house that is shown.
    version: Option<u64>,
}

impl BindingFamilies {
    /// Registers them.
    pub(super) fn new(registry: &Registry) -> Result<Self, Error> {
        Ok(Self {
            count: registry.gauge(
                "{PREFIX}binding_count",
                "Bindings of a hook.",
                &["module", "hook"],
            )?,
            snapshots: SnapshotFamily::new(
                registry,
                ["module", "hook", "binding", "queue", "kind"],
                [0, 1, 2, 3, 4],
            )?,
            version: None,
        })
    }

    /// Shows what is so now. It is asked at every turn of the loop, so only what changed since is
    /// written.
    pub(super) fn show(&mut self, house: &House, watches: &Shared) {
        let version = Some(house.bindings_version());
        if self.version != version {
            self.version = version;
            self.begin(house);
        }
        self.snapshots.show(house, watches);
    }

    #[expect(clippy::cast_precision_loss, reason = "no hook has 2^52 bindings")]
    fn begin(&mut self, house: &House) {
        self.count.clear();
        for (module, hook, count) in house.binding_counts() {
            self.count.with(&[module, hook]).set(count as f64);
        }
    }
}

/// How many objects each binding sees; `N` of the labels that [`House::watched`] has.
pub(super) struct SnapshotFamily<const N: usize> {
    objects: GaugeFamily<N>,
    /// Which labels these are.
    picked: [usize; N],
    /// The state of the house that is shown.
    version: Option<u64>,
    shown: Vec<(MonitorId, Gauge, usize)>,
}

impl<const N: usize> SnapshotFamily<N> {
    /// Registers it.
    pub(super) fn new(
        registry: &Registry,
        labels: [&'static str; N],
        picked: [usize; N],
    ) -> Result<Self, Error> {
        Ok(Self {
            objects: registry.gauge(
                "{PREFIX}kube_snapshot_objects",
                "Objects in the snapshot of a binding.",
                &labels,
            )?,
            picked,
            version: None,
            shown: Vec::new(),
        })
    }

    /// Shows what is so now; only what changed since is written.
    #[expect(clippy::cast_precision_loss, reason = "nobody has 2^52 objects")]
    pub(super) fn show(&mut self, house: &House, watches: &Shared) {
        let version = Some(house.bindings_version());
        if self.version != version {
            self.version = version;
            self.begin(house);
        }
        let counts = watches.counts(self.shown.iter().map(|(monitor, ..)| *monitor));
        for ((_, gauge, known), count) in self.shown.iter_mut().zip(counts) {
            if std::mem::replace(known, count) != count {
                gauge.set(count as f64);
            }
        }
    }

    fn begin(&mut self, house: &House) {
        self.objects.clear();
        let gauge = |(monitor, labels): (MonitorId, [String; 5])| {
            let label = |index: usize| labels.get(index).map_or("", String::as_str);
            let gauge = self.objects.with(&self.picked.map(label));
            gauge.set(0.0);
            (monitor, gauge, 0)
        };
        self.shown = house.watched().into_iter().map(gauge).collect();
    }
}

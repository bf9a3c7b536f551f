//! The metrics of a shell-operator, by the original's names.

use super::hook_metric::{HookFamilies, OF_SHELL_OPERATOR, SnapshotFamily};
use super::queue_metric::QueueFamilies;
use crate::house::{Count, House};
use crate::metric::{CounterFamily, Error, GaugeFamily, Registry};
use crate::queue::QueueName;
use crate::watch::Shared;

/// The binding of a hook that does not say what it is bound to.
const CONFIG: &str = "--config";

/// All families of shell-operator. The binding is the name of the first that a run is for.
pub(super) struct ShellFamilies {
    hooks: HookFamilies<3>,
    snapshots: SnapshotFamily<3>,
    queues: QueueFamilies,
    waited: CounterFamily<3>,
    listing_seconds: GaugeFamily<1>,
    listing_errors: CounterFamily<1>,
    listing_success: GaugeFamily<1>,
}

impl ShellFamilies {
    /// Registers everything.
    pub(super) fn new(registry: &Registry) -> Result<Self, Error> {
        const LABELS: [&str; 3] = ["hook", "binding", "queue"];
        Ok(Self {
            hooks: HookFamilies::new(registry, &OF_SHELL_OPERATOR, LABELS)?,
            snapshots: SnapshotFamily::new(registry, LABELS, [1, 2, 3])?,
            queues: QueueFamilies::new(registry)?,
            waited: registry.counter(
                "{PREFIX}task_wait_in_queue_seconds_total",
                "Seconds that what happened waited until its hook began.",
                &LABELS,
            )?,
            listing_seconds: registry.gauge(
                "{PREFIX}hook_enable_kubernetes_bindings_seconds",
                "How long it took to list what a hook watches.",
                &["hook"],
            )?,
            listing_errors: registry.counter(
                "{PREFIX}hook_enable_kubernetes_bindings_errors_total",
                "Failures to list what a hook watches.",
                &["hook"],
            )?,
            listing_success: registry.gauge(
                "{PREFIX}hook_enable_kubernetes_bindings_success",
                "1 when all that a hook watches is listed.",
                &["hook"],
            )?,
        })
    }

    /// Counts one thing.
    pub(super) fn count(&self, count: &Count) {
        match count {
            Count::HookRun {
                hook,
                name,
                queue,
                end,
                took,
                usage,
                ..
            } => self.hooks.count(&[hook, name, queue], *end, *took, *usage),
            Count::HookWaited {
                hook,
                binding,
                queue,
                waited,
                ..
            } => self
                .waited
                .with(&[hook, binding, queue])
                .add(waited.as_secs_f64()),
            Count::ConfigFailed { hook } => {
                let queue = QueueName::Main.to_string();
                self.hooks.count_error(&[hook, CONFIG, &queue]);
            }
            Count::Listed { hook, took } => {
                self.listing_seconds.with(&[hook]).set(took.as_secs_f64());
                self.listing_success.with(&[hook]).set(1.0);
                // What never failed is shown as well: an alert can only see it grow from 0.
                self.listing_errors.with(&[hook]);
            }
            Count::ListFailed { hook } => {
                self.listing_errors.with(&[hook]).increment();
                self.listing_success.with(&[hook]).set(0.0);
            }
            // There are no modules, and nobody asks for the length of their converge.
            _ => {}
        }
    }

    /// Shows what is so now; only what changed since is written.
    pub(super) fn show(&mut self, house: &House, watches: &Shared) {
        self.snapshots.show(house, watches);
        self.queues.show(house);
    }
}

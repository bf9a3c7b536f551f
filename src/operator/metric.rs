//! The operator's metrics, by the original's names.

use super::hook_metric::{BindingFamilies, GLOBAL, HookFamilies, OF_MODULES};
use super::queue_metric::QueueFamilies;
use super::settings::Flavour;
use super::shell_metric::ShellFamilies;
use crate::house::{Count, House};
use crate::metric::{CounterFamily, Error, GaugeFamily, HistogramFamily, Registry};
use crate::name::ModuleName;
use crate::watch::Shared;

const BUCKETS: [f64; 13] = [
    0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0,
];

/// The families of the flavour that runs.
pub(super) enum Metrics {
    /// Those of addon-operator.
    AddonOperator(Box<Families>),
    /// Those of shell-operator.
    ShellOperator(Box<ShellFamilies>),
}

impl Metrics {
    /// Registers everything.
    pub(super) fn new(registry: &Registry, flavour: Flavour) -> Result<Self, Error> {
        Ok(match flavour {
            Flavour::AddonOperator => Self::AddonOperator(Box::new(Families::new(registry)?)),
            Flavour::ShellOperator => Self::ShellOperator(Box::new(ShellFamilies::new(registry)?)),
        })
    }

    /// Counts one thing.
    pub(super) fn count(&self, count: &Count) {
        match self {
            Self::AddonOperator(families) => families.count(count),
            Self::ShellOperator(families) => families.count(count),
        }
    }

    /// Shows what is so now. It is asked at every turn of the loop, so only what changed since is
    /// written.
    pub(super) fn show(&mut self, house: &House, watches: &Shared) {
        match self {
            Self::AddonOperator(families) => families.show(house, watches),
            Self::ShellOperator(families) => families.show(house, watches),
        }
    }
}

/// All families of addon-operator.
pub(super) struct Families {
    run_seconds: HistogramFamily<2>,
    run_errors: CounterFamily<1>,
    delete_errors: CounterFamily<1>,
    discover_errors: CounterFamily<0>,
    config_errors: CounterFamily<0>,
    absent: CounterFamily<2>,
    altered: CounterFamily<2>,
    converge_seconds: CounterFamily<1>,
    converge_total: CounterFamily<1>,
    queues: QueueFamilies,
    module_info: GaugeFamily<3>,
    module_hooks: HookFamilies<5>,
    global_hooks: HookFamilies<4>,
    bindings: BindingFamilies,
    waited: CounterFamily<4>,
    shown_modules: Vec<(ModuleName, bool)>,
}

/// The label of a run.
fn activation(startup: bool) -> &'static str {
    if startup { "OperatorStartup" } else { "" }
}

impl Families {
    /// Registers everything.
    #[expect(clippy::too_many_lines, reason = "a table: one family after another")]
    fn new(registry: &Registry) -> Result<Self, Error> {
        let metrics = Self {
            run_seconds: registry.histogram(
                "{PREFIX}module_run_seconds",
                "How long a run of a module took.",
                &["module", "activation"],
                &BUCKETS,
            )?,
            run_errors: registry.counter(
                "{PREFIX}module_run_errors_total",
                "Runs of a module that failed.",
                &["module"],
            )?,
            delete_errors: registry.counter(
                "{PREFIX}module_delete_errors_total",
                "Deletions of a module that failed.",
                &["module"],
            )?,
            discover_errors: registry.counter(
                "{PREFIX}modules_discover_errors_total",
                "Enabled scripts that failed.",
                &[],
            )?,
            config_errors: registry.counter(
                "{PREFIX}config_values_errors_total",
                "States of the ConfigMap that were not usable.",
                &[],
            )?,
            absent: registry.counter(
                "{PREFIX}modules_absent_resources_total",
                "Objects that were deleted by others and made again.",
                &["module", "resource"],
            )?,
            altered: registry.counter(
                "{PREFIX}modules_altered_resources_total",
                "Objects that were altered by others and put right.",
                &["module", "resource"],
            )?,
            converge_seconds: registry.counter(
                "{PREFIX}convergence_seconds",
                "Seconds spent in converge.",
                &["activation"],
            )?,
            converge_total: registry.counter(
                "{PREFIX}convergence_total",
                "How often converge was done.",
                &["activation"],
            )?,
            queues: QueueFamilies::new(registry)?,
            module_info: registry.gauge(
                "{PREFIX}mm_module_info",
                "1 for every module.",
                &["module", "enabled", "critical"],
            )?,
            module_hooks: HookFamilies::new(
                registry,
                &OF_MODULES,
                ["module", "hook", "binding", "queue", "activation"],
            )?,
            global_hooks: HookFamilies::new(
                registry,
                &GLOBAL,
                ["hook", "binding", "queue", "activation"],
            )?,
            bindings: BindingFamilies::new(registry)?,
            waited: registry.counter(
                "{PREFIX}task_wait_in_queue_seconds_total",
                "Seconds that what happened waited until its hook began.",
                &["module", "hook", "binding", "queue"],
            )?,
            shown_modules: Vec::new(),
        };
        // What never failed is shown as well: an alert can only see it grow from 0.
        metrics.discover_errors.with(&[]);
        metrics.config_errors.with(&[]);
        Ok(metrics)
    }

    /// Counts one thing.
    fn count(&self, count: &Count) {
        match count {
            Count::Run {
                module,
                took,
                failed,
                startup,
            } => {
                self.run_seconds
                    .with(&[module.as_str(), activation(*startup)])
                    .observe(took.as_secs_f64());
                if *failed {
                    self.run_errors.with(&[module.as_str()]).increment();
                }
            }
            Count::DeleteFailed(module) => self.delete_errors.with(&[module.as_str()]).increment(),
            Count::DiscoverFailed => self.discover_errors.with(&[]).increment(),
            Count::ConfigInvalid => self.config_errors.with(&[]).increment(),
            Count::Drift {
                module,
                object,
                absent,
            } => {
                let family = if *absent { &self.absent } else { &self.altered };
                family.with(&[module.as_str(), object]).increment();
            }
            Count::HookRun { .. } | Count::HookWaited { .. } => self.count_hook(count),
            // Of shell-operator alone.
            Count::ConfigFailed { .. } | Count::Listed { .. } | Count::ListFailed { .. } => {}
            Count::Converged { took, startup } => {
                self.converge_seconds
                    .with(&[activation(*startup)])
                    .add(took.as_secs_f64());
                self.converge_total
                    .with(&[activation(*startup)])
                    .increment();
            }
        }
    }

    /// Counts a run of a hook, or that one waited.
    fn count_hook(&self, count: &Count) {
        match count {
            Count::HookRun {
                module,
                hook,
                binding,
                startup,
                queue,
                end,
                took,
                usage,
                ..
            } => {
                if let Some(module) = module {
                    let labels = [module.as_str(), hook, binding, queue, activation(*startup)];
                    self.module_hooks.count(&labels, *end, *took, *usage);
                } else {
                    let labels = [hook.as_str(), binding, queue, activation(*startup)];
                    self.global_hooks.count(&labels, *end, *took, *usage);
                }
            }
            Count::HookWaited {
                module,
                hook,
                binding,
                queue,
                waited,
            } => {
                let module = module.as_ref().map_or("", ModuleName::as_str);
                self.waited
                    .with(&[module, hook, binding, queue])
                    .add(waited.as_secs_f64());
            }
            _ => {}
        }
    }

    /// Shows modules and queues as they are now. It is asked at every turn of the loop, so only
    /// what changed since is written.
    fn show(&mut self, house: &House, watches: &Shared) {
        self.bindings.show(house, watches);
        if !house.enabled_flags().eq(self
            .shown_modules
            .iter()
            .map(|(name, enabled)| (name, *enabled)))
        {
            self.shown_modules = house
                .enabled_flags()
                .map(|(name, enabled)| (name.clone(), enabled))
                .collect();
            self.module_info.clear();
            for (name, enabled) in &self.shown_modules {
                let enabled = if *enabled { "true" } else { "false" };
                // As all modules that the original finds in folders are.
                let labels = [name.as_str(), enabled, "true"];
                self.module_info.with(&labels).set(1.0);
            }
        }
        self.queues.show(house);
    }
}

//! Start-up, wiring, workers, shutdown.
//!
//! In: [`Settings`] · Out: a running operator, until it is told to stop · Never: decides; that is
//! the house's duty. One loop owns the house: it takes in what the workers tell and what tasks
//! became, and starts what follows.

mod aside;
mod calls;
mod doors;
mod error;
mod folders;
mod hearing;
mod hook_metric;
mod hook_series;
mod metric;
mod outbox;
mod parameters;
mod queue_metric;
mod replica;
mod run;
mod settings;
mod shell_metric;
mod snapshots;
mod startup;
mod takeover;
mod watchers;
mod webhooks;

pub use error::Error;
pub use run::{View, run};
pub use settings::{
    AdmissionSettings, ClientLimits, ClusterSettings, DebugSettings, Flavour, Folders,
    HelmSettings, HookMetrics, Limits, LogForm, LogLevel, LogSettings, LogTime, ModuleSettings,
    Replica, SetLogLevel, Settings,
};
pub use startup::{connect, context, global_schemas, house_settings, namespace, releases};

//! What a hook asked to hear, and what it will be told.
//!
//! *In:* what a hook prints for `--config` or a `*.hook.yaml` says, and what happened · *Out:* the hook's
//! bindings with every mistake in them, what follows from them when that is declared, and the text of the
//! binding context file · *Never:* watches, waits or runs.

mod config;
mod context;
mod declaration;
mod model;
mod webhook;
mod write;

pub use config::{Defaults, defaults_of, parse_config, parse_declaration};
pub use context::{Context, ContextKind, Include, combine};
pub use declaration::{Declaration, Declared, ObjectsText, Rule};
pub use model::{
    Common, HookConfig, KubernetesBinding, Lifecycle, Place, Rate, ScheduleBinding, Version,
};
pub use webhook::{
    AdmissionBinding, AdmissionKind, AdmissionRule, ConversionBinding, ConversionRule,
    FailurePolicy, MatchCondition, SideEffects,
};
pub use write::write_contexts;

#[cfg(test)]
mod tests;

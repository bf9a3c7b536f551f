//! What is counted, for metrics.

use std::time::Duration;

use crate::name::ModuleName;
use crate::process::Usage;

/// One thing that happened.
#[derive(Debug, Clone, PartialEq)]
pub enum Count {
    /// A module's run ended.
    Run {
        /// The module.
        module: ModuleName,
        /// How long it took.
        took: Duration,
        /// Whether it failed.
        failed: bool,
        /// Whether this was the first converge.
        startup: bool,
    },
    /// A module's deletion failed.
    DeleteFailed(ModuleName),
    /// An enabled script failed.
    DiscoverFailed,
    /// The `ConfigMap` is not usable.
    ConfigInvalid,
    /// An object was absent, or altered, and was put right.
    Drift {
        /// The module.
        module: ModuleName,
        /// `ns/Kind/name`.
        object: String,
        /// Whether it was absent.
        absent: bool,
    },
    /// A run of a hook ended.
    HookRun {
        /// Whose; `None` for global hooks.
        module: Option<ModuleName>,
        /// The hook.
        hook: String,
        /// The type of the bindings that it ran for: `kubernetes`, `schedule`, `onStartup` …
        binding: &'static str,
        /// The name of the first of them.
        name: String,
        /// Whether this was the first converge.
        startup: bool,
        /// The queue.
        queue: String,
        /// How it ended.
        end: HookEnd,
        /// How long its process ran.
        took: Duration,
        /// What its process cost.
        usage: Usage,
    },
    /// A run of a hook begins: what it is told waited for it.
    HookWaited {
        /// Whose; `None` for global hooks.
        module: Option<ModuleName>,
        /// The hook.
        hook: String,
        /// The name of the first binding.
        binding: String,
        /// The queue.
        queue: String,
        /// Since the first of it happened.
        waited: Duration,
    },
    /// A hook of a shell-operator does not say what it is bound to.
    ConfigFailed {
        /// The hook.
        hook: String,
    },
    /// Everything that a hook watches is listed.
    Listed {
        /// The hook.
        hook: String,
        /// Since the hook was read.
        took: Duration,
    },
    /// Something that a hook watches cannot be listed.
    ListFailed {
        /// The hook.
        hook: String,
    },
    /// Converge is done.
    Converged {
        /// How long it took.
        took: Duration,
        /// Whether this was the first one.
        startup: bool,
    },
}

/// How a run of a hook ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HookEnd {
    /// Well.
    Succeeded,
    /// Badly, which its binding allows.
    Allowed,
    /// Badly.
    Failed,
}

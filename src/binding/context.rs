//! What a hook is told.

use std::sync::Arc;

use crate::watch::{Item, WatchEvent};

use super::{HookConfig, KubernetesBinding, Lifecycle, ScheduleBinding};

/// One thing that happened, for one binding of a hook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Context {
    /// The name of the binding.
    pub binding: String,
    /// Its group, never empty.
    pub group: Option<String>,
    /// Which snapshots are told with it.
    pub include: Include,
    /// What happened.
    pub kind: ContextKind,
}

/// Which snapshots a context holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Include {
    /// None, and no key for them.
    None,
    /// Those of all `kubernetes` bindings.
    All,
    /// Those of the bindings with these names.
    Named(Vec<String>),
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ContextKind {
    /// A point in a life was reached.
    Lifecycle(Lifecycle),
    /// A crontab fired.
    Schedule,
    /// All objects of a binding, as they are now.
    Synchronization {
        /// The place of the binding in [`HookConfig::kubernetes`].
        binding_index: usize,
    },
    /// One object changed.
    Event {
        /// The place of the binding in [`HookConfig::kubernetes`].
        binding_index: usize,
        /// How it changed.
        event: WatchEvent,
        /// The object after it, or before it when it is gone.
        item: Arc<Item>,
    },
}

impl Context {
    /// A point in a life. All but `onStartup` are told the snapshots of every binding.
    pub fn lifecycle(point: Lifecycle) -> Self {
        let include = match point {
            Lifecycle::OnStartup => Include::None,
            _ => Include::All,
        };
        Self {
            binding: point.name().to_owned(),
            group: None,
            include,
            kind: ContextKind::Lifecycle(point),
        }
    }

    /// A crontab fired.
    pub fn schedule(binding: &ScheduleBinding) -> Self {
        Self {
            binding: binding.name.clone(),
            group: binding.common.group.clone(),
            include: Include::of(&binding.common.include_snapshots),
            kind: ContextKind::Schedule,
        }
    }

    /// The first run of a binding, by its place in [`HookConfig::kubernetes`].
    pub fn synchronization(binding_index: usize, binding: &KubernetesBinding) -> Self {
        Self::kubernetes(binding, ContextKind::Synchronization { binding_index })
    }

    /// A changed object of a binding, by its place in [`HookConfig::kubernetes`].
    pub fn event(
        binding_index: usize,
        binding: &KubernetesBinding,
        event: WatchEvent,
        item: Arc<Item>,
    ) -> Self {
        let kind = ContextKind::Event {
            binding_index,
            event,
            item,
        };
        Self::kubernetes(binding, kind)
    }

    fn kubernetes(binding: &KubernetesBinding, kind: ContextKind) -> Self {
        Self {
            binding: binding.name.clone(),
            group: binding.common.group.clone(),
            include: Include::of(&binding.common.include_snapshots),
            kind,
        }
    }
}

impl Include {
    fn of(names: &[String]) -> Self {
        if names.is_empty() {
            Self::None
        } else {
            Self::Named(names.to_vec())
        }
    }
}

/// Leaves, of adjacent contexts of one group, the last.
pub fn combine(contexts: Vec<Context>) -> Vec<Context> {
    let mut kept: Vec<Context> = Vec::with_capacity(contexts.len());
    for context in contexts {
        if context.group.is_some() && kept.last().is_some_and(|last| last.group == context.group) {
            kept.pop();
        }
        kept.push(context);
    }
    kept
}

/// The text of the binding context file.
///
/// `snapshot` answers the items of a `kubernetes` binding by its place in [`HookConfig::kubernetes`].
pub fn write_contexts(
    config: &HookConfig,
    contexts: &[Context],
    snapshot: &dyn Fn(usize) -> Vec<Arc<Item>>,
) -> String {
    let _ = (config, contexts, snapshot);
    "[]".to_owned()
}

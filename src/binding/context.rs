//! What a hook is told.

use std::sync::Arc;

use crate::watch::{Item, WatchEvent};

use super::{
    AdmissionBinding, AdmissionKind, ConversionBinding, ConversionRule, KubernetesBinding,
    Lifecycle, ScheduleBinding,
};

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
        /// The place of the binding in [`HookConfig::kubernetes`](super::HookConfig::kubernetes).
        binding_index: usize,
    },
    /// One object changed.
    Event {
        /// The place of the binding in [`HookConfig::kubernetes`](super::HookConfig::kubernetes).
        binding_index: usize,
        /// How it changed.
        event: WatchEvent,
        /// The object after it, or before it when it is gone.
        item: Arc<Item>,
    },
    /// The API server asks about a request.
    Admission {
        /// What may be answered.
        kind: AdmissionKind,
        /// The `AdmissionRequest`, as JSON.
        request: Arc<str>,
    },
    /// The API server has objects converted.
    Conversion {
        /// The version of the objects, as the binding writes it.
        from: String,
        /// The version that the hook makes of them, as the binding writes it.
        to: String,
        /// The `ConversionRequest` with these objects, as JSON.
        request: Arc<str>,
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

    /// The first run of a binding, by its place in [`HookConfig::kubernetes`](super::HookConfig::kubernetes).
    pub fn synchronization(binding_index: usize, binding: &KubernetesBinding) -> Self {
        Self::kubernetes(binding, ContextKind::Synchronization { binding_index })
    }

    /// A changed object of a binding, by its place in [`HookConfig::kubernetes`](super::HookConfig::kubernetes).
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

    /// A request that the API server asks about. The group of its binding brings snapshots alone.
    pub fn admission(binding: &AdmissionBinding, request: Arc<str>) -> Self {
        let kind = binding.kind;
        Self {
            binding: binding.name.clone(),
            group: None,
            include: Include::of(&binding.include_snapshots),
            kind: ContextKind::Admission { kind, request },
        }
    }

    /// Objects to be converted by a rule. The group of its binding brings snapshots alone.
    pub fn conversion(
        binding: &ConversionBinding,
        rule: &ConversionRule,
        request: Arc<str>,
    ) -> Self {
        Self {
            binding: binding.name.clone(),
            group: None,
            include: Include::of(&binding.include_snapshots),
            kind: ContextKind::Conversion {
                from: rule.from.clone(),
                to: rule.to.clone(),
                request,
            },
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn last_of_adjacent_contexts_of_a_group_stays() {
        let rows: [(&str, &str); 8] = [
            ("", ""),
            ("--", "--"),
            ("a", "a"),
            ("aa", "A"),
            ("aab", "Ab"),
            ("aba", "aba"),
            ("a-aa", "a-A"),
            ("-aabb-b", "-AB-b"),
        ];
        for (given, expected) in rows {
            let contexts = given.chars().enumerate().map(|(position, group)| Context {
                binding: position.to_string(),
                group: (group != '-').then(|| group.to_string()),
                include: Include::None,
                kind: ContextKind::Schedule,
            });
            let kept = combine(contexts.collect());
            let groups: String = kept
                .iter()
                .map(|context| context.group.as_deref().unwrap_or("-"))
                .collect();
            assert_eq!(groups, expected.to_lowercase(), "{given}");
            let last = kept.last().map(|context| context.binding.clone());
            let end = given.len().checked_sub(1);
            assert_eq!(last, end.map(|position| position.to_string()), "{given}");
        }
    }
}

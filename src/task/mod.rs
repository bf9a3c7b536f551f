//! The kinds of work, one file each; here the line is told as a story.
//!
//! In: what a task needs, copied out of the operator's state · Out: what became of it · Never:
//! changes the operator's state, decides which task is next.

mod context;
mod declaration;
mod declared;
mod enabled;
mod error;
mod examine;
mod hook_folder;
mod hook_rehearsal;
mod hook_run;
mod module_delete;
mod module_diff;
mod module_run;
mod outside;
mod own_sections;
mod releasing;
mod rendering;
mod reply;
mod revised;
mod rules;
mod takeover;

pub use context::{Context, HookContext};
pub use declaration::{Declaration, DeclaredCall, DeclaredRun, Documents, Evaluated};
pub use declared::{Declarations, DeclaredSet, Whole};
pub use enabled::{Asked, Decided, Evaluation, evaluate};
pub use error::Error;
pub use examine::{Examined, examine};
pub use hook_folder::{HookFolder, HooksRead, read_hooks};
pub use hook_rehearsal::{
    HookRehearsal, Preview, preview_declared, preview_objects, rehearse_declared, rehearse_hook,
};
pub use hook_run::{HookCall, HookRan, run_called_hook, run_hook};
pub use module_delete::{Deleted, delete};
pub use module_diff::{Difference, deletion_difference, difference};
pub use module_run::{Known, ModuleRun, Ran, await_ready, look, prepare_offline, run};
pub use outside::{Alone, look_up};
pub use own_sections::OwnSections;
pub use rendering::{Rendering, Values, render_offline};
pub use reply::{Replied, Reply};

use std::collections::BTreeSet;
use std::time::Instant;

use crate::binding::{self, ContextKind};
use crate::name::ModuleName;
use crate::watch::MonitorId;

/// One item of a queue.
#[derive(Debug, Clone, PartialEq)]
pub enum Task {
    /// Decide which modules are enabled, then run or delete each.
    ConvergeModules {
        /// Why, for people.
        reason: String,
    },
    /// Run the hooks that follow converge.
    AfterAll,
    /// Run one hook for what its bindings were told.
    HookRun(Box<HookRun>),
    /// Render and apply one module.
    ModuleRun {
        /// The module.
        module: ModuleName,
        /// Why, for people.
        reason: String,
    },
    /// Bring what the hooks of one module declare now; nothing is rendered and no hook runs.
    ModuleApply {
        /// The module.
        module: ModuleName,
    },
    /// Remove what a module has in the cluster.
    ModuleDelete {
        /// The module.
        module: ModuleName,
        /// Whether its folder is gone for good, so that its `Module` object goes as well.
        purge: bool,
    },
    /// Ask the `enabled` script of one module again: it failed, or its values changed.
    AskScript {
        /// The module.
        module: ModuleName,
    },
    /// Ask the hooks of a shell-operator again that could not be used.
    AskHooks,
    /// Read hooks ahead, as a replica that follows does. It is in no queue.
    ReadHooks {
        /// Whose; `None` for the global ones.
        module: Option<ModuleName>,
    },
    /// Wait until the objects of a module are ready, since another module requires that.
    AwaitReady {
        /// The module.
        module: ModuleName,
    },
}

/// What bindings of one hook were told, for one run.
#[derive(Debug, Clone, PartialEq)]
pub struct HookRun {
    /// Whose the hook is; `None` for global hooks.
    pub module: Option<ModuleName>,
    /// The hook.
    pub hook: String,
    /// What happened, in order.
    pub contexts: Vec<binding::Context>,
    /// The bindings that this run synchronizes.
    pub synchronizes: BTreeSet<MonitorId>,
    /// Whether a failure counts as success.
    pub allow_failure: bool,
    /// When the first of it happened.
    pub since: Instant,
}

impl HookRun {
    /// What happened, in a few words: `pods: Modified default/web`, `pods: 12 events`.
    pub fn summary(&self) -> String {
        let Some(first) = self.contexts.first() else {
            return String::new();
        };
        let more = match self.contexts.len() {
            0 | 1 => String::new(),
            count => format!(" and {} more", count - 1),
        };
        let what = match &first.kind {
            ContextKind::Event { event, item, .. } => {
                let namespace = item.namespace.as_deref();
                let of = namespace.map_or_else(String::new, |of| format!("{of}/"));
                format!("{} {} {of}{}", event.name(), item.kind, item.name)
            }
            ContextKind::Synchronization { .. } => "Synchronization".to_owned(),
            ContextKind::Schedule => "Schedule".to_owned(),
            ContextKind::Admission { kind, .. } => kind.name().to_owned(),
            ContextKind::Conversion { from, to, .. } => format!("Conversion {from} to {to}"),
            ContextKind::Lifecycle(_) => String::new(),
        };
        format!("{}: {what}{more}", first.binding)
    }

    /// Takes over what a later run was to tell, when both are of one hook and one sort.
    fn join(&mut self, later: &Self) -> bool {
        let is_same = self.module == later.module
            && self.hook == later.hook
            && self.allow_failure == later.allow_failure
            && self.synchronizes.is_empty() == later.synchronizes.is_empty();
        if !is_same {
            return false;
        }
        for context in &later.contexts {
            // Of a group only the last is told anyway.
            let is_regrouped = context.group.is_some()
                && self
                    .contexts
                    .last()
                    .is_some_and(|last| last.group == context.group);
            if is_regrouped && later.synchronizes.is_empty() {
                self.contexts.pop();
            }
            self.contexts.push(context.clone());
        }
        self.synchronizes.extend(&later.synchronizes);
        true
    }
}

impl Task {
    /// Joins what happened to a hook to a run of it that waits.
    pub fn join(old: &mut Self, new: &Self) -> bool {
        match (old, new) {
            (Self::HookRun(old), Self::HookRun(new)) => old.join(new),
            _ => false,
        }
    }

    /// Whether `later` may go before `failed`, which backs off: the run of a module goes before hooks
    /// that fail on events, and events are told while the run of a module fails. Its script is asked as well.
    pub fn may_pass(failed: &Self, later: &Self) -> bool {
        matches!(failed, Self::HookRun(_)) != matches!(later, Self::HookRun(_))
            || Self::asks_before(failed, later)
    }

    /// Whether `later` may go before `held`, which something is in the way of: hooks are told of events,
    /// and scripts are asked, although their module cannot run.
    pub fn may_pass_held(held: &Self, later: &Self) -> bool {
        !matches!(held, Self::HookRun(_)) && matches!(later, Self::HookRun(_))
            || Self::asks_before(held, later)
    }

    /// Whether the script may say that a run is not to be.
    fn asks_before(run: &Self, later: &Self) -> bool {
        matches!(run, Self::ModuleRun { .. }) && matches!(later, Self::AskScript { .. })
    }

    /// The type, as the original names it.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::ConvergeModules { .. } => "ConvergeModules",
            Self::ModuleRun { .. } => "ModuleRun",
            Self::ModuleApply { .. } => "ModuleApply",
            Self::ModuleDelete { purge: false, .. } => "ModuleDelete",
            Self::ModuleDelete { purge: true, .. } => "ModulePurge",
            Self::AskScript { .. } => "ModuleEnabledScript",
            Self::AskHooks => "AskHooks",
            Self::ReadHooks { .. } => "ReadHooks",
            Self::AwaitReady { .. } => "ModuleAwaitReady",
            Self::AfterAll => "GlobalHooksAfterAll",
            Self::HookRun(run) if run.module.is_none() => "GlobalHookRun",
            Self::HookRun(_) => "ModuleHookRun",
        }
    }

    /// The module it is about.
    pub fn module(&self) -> Option<&ModuleName> {
        match self {
            Self::ConvergeModules { .. } | Self::AfterAll | Self::AskHooks => None,
            Self::HookRun(run) => run.module.as_ref(),
            Self::ReadHooks { module } => module.as_ref(),
            Self::ModuleRun { module, .. }
            | Self::ModuleApply { module }
            | Self::ModuleDelete { module, .. }
            | Self::AskScript { module }
            | Self::AwaitReady { module } => Some(module),
        }
    }

    /// Whether it is done in steps, with hooks between them.
    pub fn has_chain(&self) -> bool {
        !matches!(
            self,
            Self::HookRun(_)
                | Self::ModuleApply { .. }
                | Self::AskScript { .. }
                | Self::AskHooks
                | Self::ReadHooks { .. }
                | Self::AwaitReady { .. }
        )
    }

    /// What it is for, in a few words.
    pub fn reason(&self) -> String {
        let text = match self {
            Self::ConvergeModules { reason } | Self::ModuleRun { reason, .. } => reason,
            Self::ModuleApply { .. } => "HookChangedObjects",
            Self::ModuleDelete { purge: false, .. } => "Disabled",
            Self::ModuleDelete { purge: true, .. } => "FolderGone",
            Self::AskScript { .. } | Self::AskHooks => "AskAgain",
            Self::ReadHooks { .. } => "Ahead",
            Self::AwaitReady { .. } => "Required",
            Self::AfterAll => "ConvergeDone",
            Self::HookRun(run) => return format!("{}:{}", run.hook, run.summary()),
        };
        text.to_owned()
    }

    /// Whether a waiting task stands for a new one as well; then the older takes over the newer's
    /// reason.
    pub fn absorb(old: &mut Self, new: &Self) -> bool {
        if let (
            Self::ModuleApply { module },
            Self::ModuleRun {
                module: new_module, ..
            },
        ) = (&*old, new)
        {
            // A run brings what is declared as well.
            let is_same = module == new_module;
            if is_same {
                *old = new.clone();
            }
            return is_same;
        }
        match (old, new) {
            (Self::ConvergeModules { reason: old }, Self::ConvergeModules { reason: new }) => {
                old.clone_from(new);
                true
            }
            (
                Self::ModuleRun {
                    module: old,
                    reason,
                },
                Self::ModuleRun {
                    module: new,
                    reason: newer,
                },
            ) => {
                reason.clone_from(newer);
                old == new
            }
            (Self::ModuleDelete { purge: old, .. }, Self::ModuleDelete { purge: new, .. }) => {
                *old |= new;
                true
            }
            (
                Self::ModuleRun { module: old, .. } | Self::ModuleApply { module: old },
                Self::ModuleApply { module: new },
            )
            | (Self::AskScript { module: old }, Self::AskScript { module: new })
            | (Self::AwaitReady { module: old }, Self::AwaitReady { module: new }) => old == new,
            (Self::AfterAll, Self::AfterAll) | (Self::AskHooks, Self::AskHooks) => true,
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(module: &str) -> Task {
        Task::ModuleRun {
            module: ModuleName::parse(module).unwrap(),
            reason: String::new(),
        }
    }

    fn apply(module: &str) -> Task {
        Task::ModuleApply {
            module: ModuleName::parse(module).unwrap(),
        }
    }

    #[test]
    fn a_run_stands_for_what_is_declared_as_well() {
        for (old, new, left) in [
            (run("a"), apply("a"), Some(run("a"))),
            (apply("a"), run("a"), Some(run("a"))),
            (apply("a"), apply("a"), Some(apply("a"))),
            (apply("a"), apply("b"), None),
            (apply("a"), run("b"), None),
            (Task::AfterAll, apply("a"), None),
        ] {
            let mut task = old.clone();
            let absorbed = Task::absorb(&mut task, &new).then_some(task);
            assert_eq!(absorbed, left, "{old:?} {new:?}");
        }
    }
}

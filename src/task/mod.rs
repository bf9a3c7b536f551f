//! The kinds of work, one file each; here the line is told as a story.
//!
//! In: what a task needs, copied out of the operator's state · Out: what became of it · Never:
//! changes the operator's state, decides which task is next.

mod context;
mod enabled;
mod error;
mod module_delete;
mod module_diff;
mod module_run;
mod rendering;

pub use context::Context;
pub use enabled::{Asked, Decided, Evaluation, evaluate};
pub use error::Error;
pub use module_delete::{Deleted, delete};
pub use module_diff::{Difference, difference};
pub use module_run::{Known, ModuleRun, Ran, await_ready, look, prepare_offline, run};
pub use rendering::{Rendering, Values, render_offline};

use crate::name::ModuleName;

/// One item of a queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Task {
    /// Decide which modules are enabled, then run or delete each.
    ConvergeModules {
        /// Why, for people.
        reason: String,
    },
    /// Render and apply one module.
    ModuleRun {
        /// The module.
        module: ModuleName,
        /// Why, for people.
        reason: String,
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
    /// Wait until the objects of a module are ready, since another module requires that.
    AwaitReady {
        /// The module.
        module: ModuleName,
    },
}

impl Task {
    /// The type, as the original names it.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::ConvergeModules { .. } => "ConvergeModules",
            Self::ModuleRun { .. } => "ModuleRun",
            Self::ModuleDelete { purge: false, .. } => "ModuleDelete",
            Self::ModuleDelete { purge: true, .. } => "ModulePurge",
            Self::AskScript { .. } => "ModuleEnabledScript",
            Self::AwaitReady { .. } => "ModuleAwaitReady",
        }
    }

    /// The module it is about.
    pub fn module(&self) -> Option<&ModuleName> {
        match self {
            Self::ConvergeModules { .. } => None,
            Self::ModuleRun { module, .. }
            | Self::ModuleDelete { module, .. }
            | Self::AskScript { module }
            | Self::AwaitReady { module } => Some(module),
        }
    }

    /// What it is for, in a few words.
    pub fn reason(&self) -> &str {
        match self {
            Self::ConvergeModules { reason } | Self::ModuleRun { reason, .. } => reason,
            Self::ModuleDelete { purge: false, .. } => "Disabled",
            Self::ModuleDelete { purge: true, .. } => "FolderGone",
            Self::AskScript { .. } => "AskAgain",
            Self::AwaitReady { .. } => "Required",
        }
    }

    /// Whether a waiting task stands for a new one as well; then the older takes over the newer's
    /// reason.
    pub fn absorb(old: &mut Self, new: &Self) -> bool {
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
            (Self::AskScript { module: old }, Self::AskScript { module: new })
            | (Self::AwaitReady { module: old }, Self::AwaitReady { module: new }) => old == new,
            _ => false,
        }
    }
}

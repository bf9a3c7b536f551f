//! What is on disk: modules, enabled or not, in which order.
//!
//! In: the modules directories, the flags that hooks and the `ConfigMap` set · Out: [`Discovery`],
//! [`Decision`], [`Start`], [`Verdict`] · Never: talks to a cluster, merges values, deletes anything.
//!
//! Reading ([`Folders`]), running `enabled` scripts ([`run_script`]) and watching ([`FolderWatch`])
//! are doors; everything that decides ([`decide`], [`Order`], [`Guard`]) is pure and is given the
//! time.

mod definition;
mod discover;
mod enabled;
mod error;
mod folder_watch;
mod guard;
mod order;
mod script;

pub use definition::{
    Definition, Drift, IgnoredDifference, OrderRule, Prune, Requirement, Timeouts, ValuesShape,
};
pub use discover::{
    Broken, Dir, DirState, Discovery, Flag, Folders, HooksFolder, Module, Settings, Text,
    ValuesFile, split_dirs,
};
pub use enabled::{Decision, Extenders, Heard, Opinion, Opinions, Outcome, Script, Source, decide};
pub use error::Error;
pub use folder_watch::{FolderWatch, WatchSettings};
pub use guard::{Guard, Held, Known, Verdict};
pub use order::{
    Order, OrderMode, Progress, Standing, StandingNow, Start, delete_order, start_order,
};
pub use script::{ScriptInput, ScriptRun, ScriptVerdict, run_script};

//! Hooks: found, asked what they listen to, run.
//!
//! *In:* a folder of programs and declarations; for a run its binding contexts and values · *Out:* what a hook
//! listens to, and all that it asked for, parsed · *Never:* decides when a hook runs, or carries out
//! what it asked for.

mod answer;
mod config;
mod discover;
mod error;
mod files;
mod framework;
mod library;
mod log;
mod run;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

pub use config::{print_config, printed_name, read_config, read_declaration};
pub use discover::{Discovered, discover, is_declaration, one};
pub use error::Error;
pub use framework::{surround, write_framework};
pub use library::jq_library;
pub use run::run;

use crate::binding::{HookConfig, Place};
use crate::name::{ModuleName, ValuesKey};
use crate::patch::{HookPatch, MetricOperations, ObjectOperation};
use crate::process::Usage;
use crate::secret::Secrets;

/// A program, or a declaration, in a folder of hooks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HookFile {
    /// Its name, as the original has it: `hooks/x.sh`, also for the hook of a module; of a
    /// shell-operator `x.sh`.
    pub name: String,
    /// Its name for people, with the folder that holds it: `010-web/hooks/x.sh`.
    pub shown: String,
    /// Whose it is: what it is given follows from it.
    pub place: Place,
    /// The folder of hooks that it was found in.
    pub root: PathBuf,
    /// The file.
    pub path: PathBuf,
    /// The interpreter of the module's own Python environment, for `.py` hooks that have one.
    pub python: Option<PathBuf>,
    /// A sha256 of the file and its interpreter's path: while it is the same, so is the hook.
    pub digest: [u8; 32],
}

/// A hook and what it listens to.
#[derive(Debug, Clone, PartialEq)]
pub struct Hook {
    /// The program.
    pub file: HookFile,
    /// What it listens to.
    pub config: Arc<HookConfig>,
}

/// One run of a hook.
#[derive(Clone, Copy)]
pub struct Call<'a> {
    /// The hook.
    pub hook: &'a Hook,
    /// Whose hook it is; `None` for a global one.
    pub module: Option<&'a ModuleName>,
    /// The key of the values that it may patch: its module's, or `global`.
    pub scope: &'a ValuesKey,
    /// What of all that it is given must not be told of what it says.
    pub secrets: &'a Secrets,
    /// The group of metrics that name none; `None` is no group.
    pub metric_group: Option<&'a str>,
    /// How long it may take; `None` is as long as it wants.
    pub limit: Option<Duration>,
    /// What its lines are logged with.
    pub log: Labels<'a>,
    /// Whether JSON lines of the hook are log records of their own, to be passed on as they are.
    pub proxy_json: bool,
}

/// What a hook is given in files. It is taken by value: once it is on disk, nobody needs it in memory
/// while the hook runs.
pub struct Given {
    /// The text of the binding context file.
    pub contexts: String,
    /// The values as JSON: `{"global": …, "fooBar": …}`, of a global hook `global` alone.
    pub values: String,
    /// The same as people set them, without defaults and static values.
    pub config_values: String,
}

/// What the lines of a hook are logged with, beside the hook and its module.
#[derive(Debug, Clone, Copy)]
pub struct Labels<'a> {
    /// The binding that runs it.
    pub binding: &'a str,
    /// The queue it runs in.
    pub queue: &'a str,
    /// The task that runs it.
    pub task: u64,
}

/// All that a hook asked for in one run that ended well. Nothing of it is done yet.
#[derive(Debug, Clone, PartialEq)]
pub struct Output {
    /// Changes of the values.
    pub values: HookPatch,
    /// Changes of what people set.
    pub config_values: HookPatch,
    /// Changes of objects in the cluster, in order.
    pub objects: Vec<ObjectOperation>,
    /// Metrics.
    pub metrics: MetricOperations,
    /// The text of its answer to an admission request; empty when it gave none.
    pub admission: String,
    /// The text of its answer to a conversion; empty when it gave none.
    pub conversion: String,
    /// What the run cost.
    pub usage: Usage,
    /// From before the start until the hook and all that it started were gone.
    pub took: Duration,
}

impl HookFile {
    /// Where it is asked for its configuration; `None` is where the operator is.
    fn home_of_config(&self) -> Option<&Path> {
        (self.place == Place::Standalone).then_some(self.root.as_path())
    }

    /// Where it runs; `None` is where the operator is.
    fn home_of_run(&self) -> Option<&Path> {
        let folder = self.path.parent();
        folder.filter(|_| self.place == Place::Standalone)
    }

    /// Whether it is no program, but says by itself what follows: `*.hook.yaml`.
    pub fn is_declaration(&self) -> bool {
        is_declaration(&self.name)
    }

    /// The program to start, and what comes before the hook's own arguments and variables.
    fn program(&self) -> (&Path, Vec<&str>, BTreeMap<String, OsString>) {
        let python = self.python.as_deref();
        // A path that is not UTF-8 was not taken as a hook.
        let path = self.path.to_str().unwrap_or_default();
        let Some((python, venv)) =
            python.and_then(|python| Some((python, python.parent()?.parent()?)))
        else {
            return (&self.path, Vec::new(), BTreeMap::new());
        };
        let home = ("PYTHONHOME".to_owned(), venv.as_os_str().to_owned());
        (python, vec![path], BTreeMap::from([home]))
    }
}

impl std::fmt::Debug for Call<'_> {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Call({}, {:?})", self.hook.file.shown, self.log)
    }
}

#[cfg(test)]
mod tests;

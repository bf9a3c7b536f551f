//! What can go wrong with a hook.

use crate::patch::ObjectOperation;
use crate::process;
use crate::report::Mistakes;

/// A hook that could not be asked or run, or did not do well. It concerns this hook alone.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// What it prints for `--config` is not a configuration; every mistake is named.
    #[error("reading the configuration of hook {hook}")]
    Config {
        /// The hook, for people.
        hook: String,
        /// What is wrong with it.
        #[source]
        source: Mistakes,
    },
    /// Run with `--config`, it ended badly.
    #[error(
        "hook {hook} {ending} when asked for its bindings by --config{}; \
         it must print them as YAML or JSON, do nothing else, and exit 0",
        after_colon(last_words)
    )]
    ConfigFailed {
        /// The hook, for people.
        hook: String,
        /// `ended with exit code 3`, or `was ended by signal 9`.
        ending: String,
        /// The last lines of its standard error.
        last_words: String,
    },
    /// It is a binary of several hooks, as the module SDK for Go makes them.
    #[error(
        "hook {hook} does not know --config: it seems to be a binary with several hooks, as the \
         module SDK makes them, which cannot be run here; each hook must be an executable of its own"
    )]
    Batch {
        /// The hook, for people.
        hook: String,
    },
    /// Run with `--config`, it did not end.
    #[error(
        "hook {hook} did not end within {limit:?} when asked for its bindings by --config, and was \
         killed{}; it must print them at once, do nothing else, and exit 0",
        after_colon(last_words)
    )]
    ConfigTimedOut {
        /// The hook, for people.
        hook: String,
        /// The time it had.
        limit: std::time::Duration,
        /// The last lines of its standard error.
        last_words: String,
    },
    /// It could not be started or given its files, took too long, or the operator stops.
    #[error("running hook {hook}")]
    Process {
        /// The hook, for people.
        hook: String,
        /// What stands in the way.
        #[source]
        source: process::Error,
    },
    /// It ran and ended badly; of what it asked for, nothing is read but what survives that.
    #[error("hook {hook} {ending}{}", after_colon(last_words))]
    Failed {
        /// The hook, for people.
        hook: String,
        /// `ended with exit code 3`, or `was ended by signal 9`.
        ending: String,
        /// The last lines of its standard error.
        last_words: String,
        /// What it wants done although it failed: patches of a status with `ignoreHookError`.
        objects: Vec<ObjectOperation>,
    },
    /// It ended well, and what it asked for cannot be understood; nothing of it is done. All mistakes
    /// of all its files are named.
    #[error("reading what hook {hook} asked for")]
    Answer {
        /// The hook, for people.
        hook: String,
        /// What is wrong, each with the variable that names the file.
        #[source]
        source: Mistakes,
    },
}

impl Error {
    /// What is to be done with objects although the hook failed.
    pub fn survivors(&self) -> &[ObjectOperation] {
        match self {
            Self::Failed { objects, .. } => objects,
            _ => &[],
        }
    }

    /// Whether it only did not run to its end because the operator stops.
    pub fn is_stop(&self) -> bool {
        matches!(
            self,
            Self::Process {
                source: process::Error::Stopped { .. },
                ..
            }
        )
    }
}

fn after_colon(said: &str) -> String {
    if said.is_empty() {
        return String::new();
    }
    let hint = if said.contains("shell_lib.sh: No such file or directory") {
        "; `addon-operator shell-framework --into DIR` writes it, with `--into /` for /shell_lib.sh"
    } else {
        ""
    };
    format!(": {said}{hint}")
}

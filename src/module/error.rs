//! What can fail in this room, beside the mistakes that people make in files.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use crate::process;

/// A deed of this room that failed. An error of a script concerns the script's own module only.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The private folder of a script could not be made or filled: a full or read-only disk.
    #[error("preparing the files of script {}", script.display())]
    PrepareScript {
        /// The script.
        script: PathBuf,
        /// What stands in the way.
        #[source]
        source: process::Error,
    },
    /// The script could not be started or waited for: no such interpreter, no right to execute.
    #[error("running script {}", script.display())]
    RunScript {
        /// The script.
        script: PathBuf,
        /// What stands in the way.
        #[source]
        source: process::Error,
    },
    /// The script ran, and its answer could not be read.
    #[error("reading what script {} answered", script.display())]
    ReadAnswer {
        /// The script.
        script: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The script ended badly.
    #[error("script {} {ending}{}", script.display(), after_colon(said))]
    ScriptFailed {
        /// The script.
        script: PathBuf,
        /// `ended with exit code 3`, or `was ended by signal 9`.
        ending: String,
        /// The last lines of its standard error, shortened.
        said: String,
    },
    /// The script did not end in time; it and its children were killed.
    #[error("script {} did not end within {limit:?} and was killed", script.display())]
    ScriptTimedOut {
        /// The script.
        script: PathBuf,
        /// The time it had.
        limit: Duration,
    },
    /// The script ended well and answered neither `true` nor `false`.
    #[error(
        "script {} wrote {wrote:?} to MODULE_ENABLED_RESULT, expected true or false",
        script.display()
    )]
    BadAnswer {
        /// The script.
        script: PathBuf,
        /// What it wrote, shortened.
        wrote: String,
    },
    /// The operating system refuses to tell about changes of files.
    #[error("watching {}", path.display())]
    WatchFolder {
        /// The folder; empty when the watch as a whole could not be made.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: notify::Error,
    },
}

fn after_colon(said: &str) -> String {
    if said.is_empty() {
        String::new()
    } else {
        format!(": {said}")
    }
}

//! What can go wrong around a process, beside its own failure.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

/// A deed of this room that failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A private folder could not be made.
    #[error("making a private folder in {}{}", folder.display(), advice(source))]
    MakeFolder {
        /// The folder in which it was to be made.
        folder: PathBuf,
        /// What the file system said.
        #[source]
        source: io::Error,
    },
    /// A file in a private folder could not be written.
    #[error("writing {}{}", file.display(), advice(source))]
    WriteFile {
        /// The file.
        file: PathBuf,
        /// What the file system said.
        #[source]
        source: io::Error,
    },
    /// What earlier operators left could not be listed.
    #[error("sweeping {}", folder.display())]
    Sweep {
        /// The temporary folder.
        folder: PathBuf,
        /// What the file system said.
        #[source]
        source: io::Error,
    },
    /// The program could not be started: no such interpreter, no right to execute.
    #[error("starting {}{}", program.display(), start_advice(source))]
    Start {
        /// The program.
        program: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The program ran, and its end could not be seen.
    #[error("waiting for {}", program.display())]
    Wait {
        /// The program.
        program: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The program did not end in time; it and its children were ended.
    #[error("{} did not end within {limit:?} and was killed{}", program.display(), after_colon(last_words))]
    TimedOut {
        /// The program.
        program: PathBuf,
        /// The time it had.
        limit: Duration,
        /// The last lines of its standard error.
        last_words: String,
    },
    /// The operator stops: the program was ended, or not started at all.
    #[error("{} was ended, for the operator stops", program.display())]
    Stopped {
        /// The program.
        program: PathBuf,
    },
}

fn after_colon(said: &str) -> String {
    if said.is_empty() {
        String::new()
    } else {
        format!(": {said}")
    }
}

/// What a person can do about a file system that refuses.
fn advice(source: &io::Error) -> &'static str {
    match source.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            " (free some space there, or name a folder with more by --tmp-dir)"
        }
        io::ErrorKind::ReadOnlyFilesystem | io::ErrorKind::PermissionDenied => {
            " (name a folder that can be written by --tmp-dir)"
        }
        _ => "",
    }
}

fn start_advice(source: &io::Error) -> &'static str {
    match source.kind() {
        io::ErrorKind::NotFound => " (is the interpreter of its first line installed?)",
        io::ErrorKind::PermissionDenied => {
            " (is it executable, and its file system not mounted noexec?)"
        }
        io::ErrorKind::ExecutableFileBusy => " (somebody is still writing it)",
        _ if source.raw_os_error() == Some(rustix::io::Errno::NOEXEC.raw_os_error()) => {
            " (a script needs a first line such as #!/bin/bash)"
        }
        _ => "",
    }
}

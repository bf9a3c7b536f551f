//! What can fail when servers are built and started.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

/// A failed deed of this room.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A folder of ours cannot be made.
    #[error("creating the folder {}", path.display())]
    CreateFolder {
        /// The folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file cannot be read.
    #[error("reading {}", path.display())]
    ReadFile {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file cannot be written, moved or locked.
    #[error("writing {}", path.display())]
    WriteFile {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The folder that is said to hold the servers lacks one of them.
    #[error("there is no {tool} in {}", folder.display())]
    FindAsset {
        /// `etcd` or `kube-apiserver`.
        tool: &'static str,
        /// The folder, as given.
        folder: PathBuf,
    },
    /// The go tool is not on the path.
    #[error("go is not installed, and {what} is built with it; {hint}")]
    FindGo {
        /// What was to be built.
        what: &'static str,
        /// The command that installs it.
        hint: &'static str,
    },
    /// The go tool is older than the sources ask for.
    #[error("building {what} takes go {needed} or newer, this is {found}; {hint}")]
    CheckGo {
        /// What was to be built.
        what: &'static str,
        /// The oldest version that will do.
        needed: String,
        /// What the tool says it is.
        found: String,
        /// The command that installs a newer one.
        hint: &'static str,
    },
    /// The go tool cannot be started.
    #[error("running go")]
    RunGo {
        /// What the system said.
        source: io::Error,
    },
    /// The go tool could not build a server.
    #[error("building {what}: go says\n{output}")]
    Build {
        /// What was to be built.
        what: &'static str,
        /// The last lines that it printed.
        output: String,
    },
    /// Another process runs servers on the same data.
    #[error("the servers' data in {} is used by another process", folder.display())]
    LockData {
        /// The data folder.
        folder: PathBuf,
    },
    /// No port of the loopback address is free.
    #[error("finding a free port on 127.0.0.1")]
    FindPort,
    /// A server cannot be started.
    #[error("starting {server}")]
    Start {
        /// `etcd` or `kube-apiserver`.
        server: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// A server ended although nobody asked it to.
    #[error("{server} ended with code {code}; the end of its log:\n{log}")]
    KeepRunning {
        /// `etcd` or `kube-apiserver`.
        server: &'static str,
        /// Its exit code, as the shell tells it.
        code: String,
        /// The last lines of its log.
        log: String,
    },
    /// The servers run, but do not become ready.
    #[error("waiting {}s for kube-apiserver to be ready: {seen}; the end of its log:\n{log}", waited.as_secs())]
    BecomeReady {
        /// How long was waited.
        waited: Duration,
        /// The last answer.
        seen: String,
        /// The last lines of its log.
        log: String,
    },
    /// A server did not end in time.
    #[error("ending {server}")]
    End {
        /// `etcd` or `kube-apiserver`.
        server: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// The memory of a server cannot be read.
    #[error("reading the memory of {server}")]
    Measure {
        /// `etcd` or `kube-apiserver`.
        server: &'static str,
        /// What the system said.
        source: io::Error,
    },
}

impl Error {
    /// Whether starting again with another port may help.
    pub(super) fn is_taken_port(&self) -> bool {
        matches!(self, Self::KeepRunning { log, .. } if log.contains("address already in use"))
    }
}

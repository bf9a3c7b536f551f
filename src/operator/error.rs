//! How the operator fails to start, or to go on.

use std::path::PathBuf;

use crate::report::Mistakes;
use crate::{cluster, serve, status};

/// Why the operator ends.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no way to the cluster.
    #[error(transparent)]
    Connect(#[from] cluster::Error),
    /// The operator's namespace is not there.
    #[error("namespace {0} does not exist; create it with: kubectl create namespace {0}")]
    NoNamespace(String),
    /// The folder of a shell-operator's hooks is not there.
    #[error(
        "the folder of hooks {} does not exist; --hooks-dir or SHELL_OPERATOR_HOOKS_DIR says which it is",
        .0.display()
    )]
    NoHooks(PathBuf),
    /// A schema of the global values is not usable.
    #[error("{0}")]
    GlobalSchemas(Mistakes),
    /// The folder for files of scripts cannot be made.
    #[error("making the folder {} for files of hooks and scripts", path.display())]
    MakeTemporary {
        /// The folder.
        path: PathBuf,
        /// The cause.
        #[source]
        source: std::io::Error,
    },
    /// Files that must be there, by a setting, are not.
    #[error("{0}")]
    Strict(Mistakes),
    /// An address or socket cannot be served.
    #[error(transparent)]
    Serve(#[from] serve::Error),
    /// What people see cannot be set up.
    #[error(transparent)]
    Status(#[from] status::Error),
    /// Metrics cannot be set up.
    #[error("registering the metrics")]
    Metrics(#[from] crate::metric::Error),
    /// A long-lived worker ended before it was told to.
    #[error("worker {name} ended: {why}")]
    Worker {
        /// Which.
        name: &'static str,
        /// Its error or panic.
        why: String,
    },
}

impl Error {
    /// Whether it can go away by itself.
    pub(super) fn is_passing(&self) -> bool {
        match self {
            Self::Connect(source) => source.is_passing(),
            Self::Status(source) => source.is_passing(),
            _ => false,
        }
    }
}

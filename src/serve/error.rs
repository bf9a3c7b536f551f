//! What can go wrong at the doors of the operator, and what a person can do about it.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

/// A door that does not open, or a question that is not answered.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The address of probes and metrics, or the debug address, cannot be listened on.
    #[error("listening on {address} ({hint})")]
    ListenAddress {
        /// The address.
        address: SocketAddr,
        /// What to do.
        hint: String,
        /// What the system said.
        #[source]
        cause: io::Error,
    },
    /// The folder of the debug socket cannot be made.
    #[error("making the folder {folder} of the debug socket ({SOCKET_HINT})")]
    MakeSocketFolder {
        /// The folder.
        folder: PathBuf,
        /// What the system said.
        #[source]
        cause: io::Error,
    },
    /// The debug socket cannot be made, or the stale one cannot be removed.
    #[error("listening on the debug socket {path} ({SOCKET_HINT})")]
    ListenSocket {
        /// The socket.
        path: PathBuf,
        /// What the system said.
        #[source]
        cause: io::Error,
    },
    /// The path cannot be that of a debug socket.
    #[error("listening on the debug socket {path}: {why} ({SOCKET_HINT})")]
    BadSocket {
        /// The path.
        path: PathBuf,
        /// What is wrong with it.
        why: &'static str,
    },
    /// An open door stopped working.
    #[error("serving {door}")]
    Serve {
        /// The address or socket.
        door: String,
        /// What the system said.
        #[source]
        cause: io::Error,
    },
    /// Nobody answers at the debug socket.
    #[error(
        "no operator answers at {path} (is it running? `--socket` or DEBUG_UNIX_SOCKET names another socket)"
    )]
    Connect {
        /// The socket.
        path: PathBuf,
        /// What the system said.
        #[source]
        cause: io::Error,
    },
    /// The operator was reached and the exchange broke off.
    #[error("asking the operator at {path} for {page}")]
    Ask {
        /// The socket.
        path: PathBuf,
        /// The page asked for.
        page: String,
        /// What happened.
        #[source]
        cause: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The operator answered, and not with what was asked for. The text is the operator's.
    #[error("{text}")]
    Refused {
        /// The HTTP status.
        status: u16,
        /// Why, in the operator's words.
        text: String,
    },
}

const SOCKET_HINT: &str = "`--socket` or DEBUG_UNIX_SOCKET names another path";

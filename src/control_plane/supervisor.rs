//! Runs a server for exactly as long as somebody holds its pipe.
//!
//! A small shell script, `supervisor.sh`, stands between us and the server. It reads a pipe from
//! us, and ends the server when the pipe closes: the kernel does that for us when we are killed, on
//! Linux and macOS alike, without signals or thread-bound settings. It has a process group of its
//! own, so that ctrl-c in a terminal reaches us and not the servers.

use std::fs;
use std::io::{self, PipeWriter};
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use tokio::process::{Child, Command};

use super::error::Error;

const SCRIPT: &str = include_str!("supervisor.sh");
/// Longer than the script takes in the worst case.
const END_WITHIN: Duration = Duration::from_secs(30);
/// How much of a log an error repeats.
const LOG_LINES: usize = 30;

/// What is to be run.
pub(super) struct Order<'a> {
    /// The server's name, also of its files in the folder.
    pub(super) server: &'static str,
    /// The program and its arguments.
    pub(super) program: &'a Path,
    pub(super) arguments: Vec<String>,
    /// Where it runs and leaves its files.
    pub(super) folder: &'a Path,
    /// Whether the folder is removed when the server has ended.
    pub(super) folder_is_temporary: bool,
    /// Between asking the server to end and killing it, in tenths of a second.
    pub(super) grace: u32,
    /// A pipe that stays open until this server has ended: the supervisor of another server that
    /// must end later reads it.
    pub(super) outlived_by: Option<PipeWriter>,
}

/// A server and its supervisor. Dropping it ends the server, without waiting for it.
#[derive(Debug)]
pub(super) struct Supervisor {
    server: &'static str,
    pipe: PipeWriter,
    child: Child,
}

impl Supervisor {
    /// Starts a server; it may still fail by itself, see [`ended`].
    pub(super) fn start(order: Order<'_>) -> Result<Self, Error> {
        let failed = |source| Error::Start {
            server: order.server,
            source,
        };
        // The last exit code must not be taken for that of this run.
        let _ = fs::remove_file(order.folder.join(format!("{}.exit", order.server)));
        let (end, pipe) = io::pipe().map_err(failed)?;
        let remove = if order.folder_is_temporary {
            order.folder
        } else {
            Path::new("")
        };
        let mut command = Command::new("sh");
        command
            .args(["-c", SCRIPT, "supervisor", order.server])
            .arg(order.grace.to_string())
            .arg(remove)
            .arg(order.program)
            .args(&order.arguments)
            .current_dir(order.folder)
            .stdin(end)
            // Nothing is written there; holding it is what matters.
            .stdout(order.outlived_by.map_or_else(Stdio::null, Stdio::from))
            .stderr(Stdio::null())
            .process_group(0);
        Ok(Self {
            server: order.server,
            pipe,
            child: command.spawn().map_err(failed)?,
        })
    }

    /// Another end of the pipe, for [`Order::outlived_by`].
    pub(super) fn pipe(&self) -> Result<PipeWriter, Error> {
        self.pipe.try_clone().map_err(|source| Error::Start {
            server: self.server,
            source,
        })
    }

    /// Ends the server and waits until it is gone, with its folder if that is temporary.
    pub(super) async fn end(self) -> Result<(), Error> {
        let Self {
            server,
            pipe,
            mut child,
        } = self;
        drop(pipe);
        let waited = tokio::time::timeout(END_WITHIN, child.wait()).await;
        let waited = waited.map_err(io::Error::from).flatten();
        // The code is the server's; ended by our signal, it is not zero.
        waited
            .map(|_code| ())
            .map_err(|source| Error::End { server, source })
    }
}

/// Fails when the server has ended by itself.
pub(super) fn ended(folder: &Path, server: &'static str) -> Result<(), Error> {
    match fs::read_to_string(folder.join(format!("{server}.exit"))) {
        Ok(code) => Err(Error::KeepRunning {
            server,
            code: code.trim().to_owned(),
            log: log(folder, server),
        }),
        Err(_) => Ok(()),
    }
}

/// The process id of a running server.
pub(super) fn process_id(folder: &Path, server: &'static str) -> Result<u32, Error> {
    let path = folder.join(format!("{server}.pid"));
    let read =
        fs::read_to_string(&path).and_then(|text| text.trim().parse().map_err(io::Error::other));
    read.map_err(|source| Error::ReadFile { path, source })
}

/// The last lines of a server's log, as far as they can be read.
pub(super) fn log(folder: &Path, server: &'static str) -> String {
    let bytes = fs::read(folder.join(format!("{server}.log"))).unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes);
    let lines: Vec<&str> = text.lines().collect();
    let start = lines.len().saturating_sub(LOG_LINES);
    lines.get(start..).unwrap_or_default().join("\n")
}

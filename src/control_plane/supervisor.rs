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
    /// What the supervisor keeps open until the server has ended. Nothing is written there.
    pub(super) holds: Stdio,
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
        // What an earlier run left must not be taken for this one's; mostly there is nothing.
        for note in ["pid", "exit"] {
            let _ = fs::remove_file(order.folder.join(format!("{}.{note}", order.server)));
        }
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
            .stdout(order.holds)
            .stderr(Stdio::null())
            .process_group(0);
        Ok(Self {
            server: order.server,
            pipe,
            child: command.spawn().map_err(failed)?,
        })
    }

    /// The end of the pipe that keeps this server alive, for [`Order::holds`] of another.
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

/// The resident memory of a running server, in bytes.
pub(super) fn resident_bytes(folder: &Path, server: &'static str) -> Result<u64, Error> {
    let failed = |source| Error::Measure { server, source };
    let note = fs::read_to_string(folder.join(format!("{server}.pid"))).map_err(failed)?;
    let process = note.trim();
    let status = fs::read_to_string(format!("/proc/{process}/status"));
    let text = if let Ok(status) = status {
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        line.unwrap_or_default().replace("kB", "")
    } else {
        // macOS has no such file; `ps` is missing in small images of Linux.
        let mut command = std::process::Command::new("ps");
        let output = command.args(["-o", "rss=", "-p", process]).output();
        String::from_utf8_lossy(&output.map_err(failed)?.stdout).into_owned()
    };
    let kibibytes = text.trim().parse::<u64>();
    kibibytes
        .map(|number| number * 1024)
        .map_err(|source| failed(io::Error::other(source)))
}

/// The last lines of a server's log, as far as they can be read.
pub(super) fn log(folder: &Path, server: &'static str) -> String {
    let bytes = fs::read(folder.join(format!("{server}.log"))).unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes);
    let lines: Vec<&str> = text.lines().collect();
    let start = lines.len().saturating_sub(LOG_LINES);
    lines.get(start..).unwrap_or_default().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::PathBuf;

    /// A folder that nobody but the supervisor removes.
    fn folder() -> PathBuf {
        tempfile::tempdir().unwrap().keep()
    }

    fn start(folder: &Path, grace: u32, script: &str) -> Supervisor {
        let order = Order {
            server: "etcd",
            program: Path::new("sh"),
            arguments: vec!["-c".to_owned(), script.to_owned()],
            folder,
            folder_is_temporary: true,
            grace,
            holds: Stdio::null(),
        };
        Supervisor::start(order).unwrap()
    }

    async fn appears(path: &Path) {
        let shown = async {
            while fs::read(path).is_ok_and(|bytes| bytes.is_empty()) || !path.exists() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        let waited = tokio::time::timeout(Duration::from_secs(30), shown).await;
        waited.expect("a note of the supervisor");
    }

    #[tokio::test]
    async fn server_that_ends_tells_why_until_it_is_let_go() {
        let folder = folder();
        let supervisor = start(&folder, 0, "echo no such flag >&2; exit 7");
        appears(&folder.join("etcd.exit")).await;
        assert_eq!(
            ended(&folder, "etcd").unwrap_err().to_string(),
            "etcd ended with code 7; the end of its log:\nno such flag"
        );
        supervisor.end().await.unwrap();
        assert!(!folder.exists());
    }

    #[tokio::test]
    async fn server_that_ignores_the_request_is_killed() {
        let folder = folder();
        let script = "trap '' TERM; echo up; while :; do sleep 0.05; done";
        let supervisor = start(&folder, 2, script);
        appears(&folder.join("etcd.log")).await;
        supervisor.end().await.unwrap();
        assert!(!folder.exists());
    }

    #[tokio::test]
    async fn server_sees_the_path_of_our_environment_only() {
        let folder = folder();
        let supervisor = start(&folder, 0, "env | sed 's/=.*//' | sort");
        appears(&folder.join("etcd.exit")).await;
        let names = log(&folder, "etcd");
        // The shell that the test runs adds names of its own.
        let ours = names
            .lines()
            .filter(|name| !["PWD", "SHLVL", "_", "OLDPWD"].contains(name));
        assert_eq!(ours.collect::<Vec<_>>(), ["PATH"]);
        supervisor.end().await.unwrap();
    }

    #[tokio::test]
    async fn dropping_ends_the_server_too() {
        let folder = folder();
        let supervisor = start(&folder, 0, "echo up; exec sleep 1000");
        appears(&folder.join("etcd.log")).await;
        drop(supervisor);
        let gone = async {
            while folder.exists() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        let waited = tokio::time::timeout(Duration::from_secs(30), gone).await;
        waited.expect("the folder is removed");
    }
}

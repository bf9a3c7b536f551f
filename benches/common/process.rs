//! The operator as a process of its own: the built program, its log, its time and memory.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};
use std::{env, fs, io};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

const PATIENCE: Duration = Duration::from_mins(5);
/// The kernel counts processor time in hundredths of a second on every machine we know.
const TICKS: f64 = 100.0;

/// Which program is measured: the one that was built with the bench, or the one that `BENCH_PROGRAM` names.
pub(crate) fn program() -> PathBuf {
    let built = || PathBuf::from(env!("CARGO_BIN_EXE_addon-operator"));
    env::var_os("BENCH_PROGRAM").map_or_else(built, PathBuf::from)
}

/// A running operator; killed when dropped.
pub(crate) struct Process {
    child: Child,
    lines: Receiver<(Instant, String)>,
    pub(crate) started: Instant,
    folder: TempDir,
}

/// Processor time in seconds: its own, and that of its children that have ended.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Processor {
    pub(crate) own: f64,
    pub(crate) children: f64,
}

impl Processor {
    /// That of a process so far: its number, or `self`.
    pub(crate) fn of(process: &str) -> Self {
        let text = fs::read_to_string(format!("/proc/{process}/stat"));
        let text = text.expect("a running process");
        let (_, rest) = text.rsplit_once(") ").expect("fields");
        // The third field of the line is the first of the rest.
        let field = |number: usize| {
            let text = rest.split_whitespace().nth(number - 3).expect("a field");
            text.parse::<f64>().expect("a number") / TICKS
        };
        Self {
            own: field(14) + field(15),
            children: field(16) + field(17),
        }
    }
}

impl Process {
    /// Starts it with what is in the `modules` and `global-hooks` of a folder.
    pub(crate) fn start(kubeconfig: &Path, namespace: &str, folders: &Path, more: &[&str]) -> Self {
        Self::start_with(kubeconfig, namespace, folders, (more, &[]))
    }

    /// The same, with variables of the environment.
    pub(crate) fn start_with(
        kubeconfig: &Path,
        namespace: &str,
        folders: &Path,
        (more, variables): (&[&str], &[(&str, &str)]),
    ) -> Self {
        let folder = TempDir::new().expect("a folder");
        let path = |name: &str| folder.path().join(name).into_os_string();
        let started = Instant::now();
        let mut child = Command::new(program())
            .arg("start")
            .arg("--modules-dir")
            .arg(folders.join("modules"))
            .arg("--kube-config")
            .arg(kubeconfig)
            .args(["--namespace", namespace])
            .args(["--prometheus-listen-address", "127.0.0.1"])
            .args(["--prometheus-listen-port", "0"])
            .arg("--global-hooks-dir")
            .arg(folders.join("global-hooks"))
            .arg("--tmp-dir")
            .arg(path("files"))
            .arg("--socket")
            .arg(path("debug.socket"))
            .args(more)
            .envs(variables.iter().copied())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("a process");
        let (tell, lines) = channel();
        let log = child.stderr.take().expect("a pipe");
        // It ends with the process.
        thread::spawn(move || {
            for line in BufReader::new(log).lines().map_while(io::Result::ok) {
                if tell.send((Instant::now(), line)).is_err() {
                    return;
                }
            }
        });
        Self {
            child,
            lines,
            started,
            folder,
        }
    }

    /// Waits for a log line with these words; answers when it came.
    pub(crate) fn told(&self, words: &str) -> Instant {
        self.line(words).0
    }

    /// The same; answers the line as well.
    pub(crate) fn line(&self, words: &str) -> (Instant, String) {
        loop {
            let (at, line) = self.lines.recv_timeout(PATIENCE).expect("a log line");
            if line.contains(words) {
                return (at, line);
            }
            assert!(!line.contains("\"level\":\"error\""), "{line}");
        }
    }

    /// A page of the debug socket.
    pub(crate) async fn page(&self, page: &str) -> String {
        let client = addon_operator::serve::Client::new(&self.folder.path().join("debug.socket"));
        client.fetch(page, &[]).await.expect("a page")
    }

    /// A line of `/proc/PID/status` in MiB: `VmRSS`, `VmHWM`.
    pub(crate) fn memory(&self, name: &str) -> f64 {
        let text = fs::read_to_string(format!("/proc/{}/status", self.child.id()));
        let text = text.expect("a running process");
        let line = text.lines().find(|line| line.starts_with(name));
        let kibibytes = line.and_then(|line| line.split_whitespace().nth(1));
        kibibytes
            .expect("a number")
            .parse::<f64>()
            .expect("a number")
            / 1024.0
    }

    /// Its own pages, those of its guard, and its share of what they share with others, in MiB.
    pub(crate) fn memory_with_guard(&self) -> f64 {
        let own = self.child.id();
        let children = fs::read_to_string(format!("/proc/{own}/task/{own}/children"));
        let children = children.unwrap_or_default();
        let others = children
            .split_whitespace()
            .filter_map(|child| child.parse().ok());
        let share = |process: u32| {
            let text = fs::read_to_string(format!("/proc/{process}/smaps_rollup")).ok()?;
            let line = text.lines().find(|line| line.starts_with("Pss:"))?;
            line.split_whitespace().nth(1)?.parse::<f64>().ok()
        };
        let all = std::iter::once(own).chain(others);
        all.filter_map(share).sum::<f64>() / 1024.0
    }

    /// The processor time so far.
    pub(crate) fn processor(&self) -> Processor {
        Processor::of(&self.child.id().to_string())
    }

    /// Asks it to end, or kills it.
    pub(crate) fn send(&self, signal: Signal) {
        let pid = i32::try_from(self.child.id()).expect("a process id");
        let pid = Pid::from_raw(pid).expect("a process id");
        kill_process(pid, signal).expect("a running process");
    }

    /// Ends it in order.
    pub(crate) fn stop(mut self) {
        self.send(Signal::TERM);
        let ended = self.child.wait().expect("an end");
        assert!(ended.success(), "the operator ended with {ended}");
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Both fail when it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

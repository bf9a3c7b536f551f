//! The guard: one process per operator that outlives it by a moment and leaves nothing of it.
//!
//! The guard is our own program. It reads a pipe that ends when the operator does, however that
//! is. It has a group of its own, so that what ends the operator's group leaves it alone, and no
//! descriptor of the operator but the pipe. The pipe tells the groups that run; that tells nothing
//! that the mark would not, but for programs that clear their environment.

use std::collections::BTreeSet;
use std::io::{self, BufRead, PipeWriter, Write};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
use rustix::process::{Signal, kill_process_group};

use super::Inner;
use super::home::{Home, remove};
use super::mark::{Mark, VARIABLE, kill_marked, pid};

/// The hidden command of our program that calls [`run_guard`] with the two arguments after it: the
/// operator's folder, and `keep` or `remove`.
pub const GUARD_COMMAND: &str = "guard-processes";

/// How long the guard's end is waited for when ours is in order.
const END_WITHIN: Duration = Duration::from_millis(200);

/// The operator's end of the pipe.
#[derive(Debug)]
pub(super) struct Guard {
    program: Option<PathBuf>,
    home: Arc<Home>,
    running: Mutex<Option<Running>>,
}

#[derive(Debug)]
struct Running {
    pipe: PipeWriter,
    child: Child,
}

impl Guard {
    pub(super) fn new(program: Option<PathBuf>, home: Arc<Home>) -> Self {
        Self {
            program,
            home,
            running: Mutex::new(None),
        }
    }

    /// Starts the guard when it does not run: before anything that it is to end.
    pub(super) fn wake(&self, inner: &Inner) {
        if self.program.is_some() {
            self.tell("\n", inner);
        }
    }

    /// Tells that a group runs.
    pub(super) fn add(&self, inner: &Inner, group: u32) {
        if self.program.is_some() {
            self.tell(&format!("+{group}\n"), inner);
        }
    }

    /// Tells that a group is no more. When nobody hears it, a new guard does not know the group.
    pub(super) fn remove(&self, group: u32) {
        let mut running = self.running();
        if let Some(running) = running.as_mut() {
            let _ = running.pipe.write_all(format!("-{group}\n").as_bytes());
        }
    }

    fn tell(&self, line: &str, inner: &Inner) {
        let mut running = self.running();
        let told = running
            .as_mut()
            .map(|running| running.pipe.write_all(line.as_bytes()));
        match told {
            Some(Ok(())) => return,
            // A guard that is slow to read will find the process by its mark.
            Some(Err(error)) if error.kind() == io::ErrorKind::WouldBlock => return,
            _ => {}
        }
        if let Some(mut dead) = running.take() {
            let _ = dead.child.wait();
        }
        match self.start(inner) {
            Ok(started) => *running = Some(started),
            Err(error) => tracing::warn!(
                target: "process", error = &error as &dyn std::error::Error,
                "starting the guard: hooks would outlive a kill -9 of the operator"
            ),
        }
    }

    fn start(&self, inner: &Inner) -> io::Result<Running> {
        let program = self.program.as_deref().ok_or(io::ErrorKind::NotFound)?;
        let (end, mut pipe) = io::pipe()?;
        let flags = fcntl_getfl(&pipe)?;
        fcntl_setfl(&pipe, flags | OFlags::NONBLOCK)?;
        let keep = if self.home.keeps_files() {
            "keep"
        } else {
            "remove"
        };
        let child = Command::new(program)
            .args([GUARD_COMMAND.as_ref(), self.home.path().as_os_str()])
            .arg(keep)
            .env_remove(VARIABLE)
            .current_dir("/")
            .stdin(end)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()?;
        let groups: String = inner
            .leaders()
            .iter()
            .map(|group| format!("+{group}\n"))
            .collect();
        pipe.write_all(groups.as_bytes())?;
        Ok(Running { pipe, child })
    }

    fn running(&self) -> std::sync::MutexGuard<'_, Option<Running>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        let Some(Running { pipe, mut child }) = self.running().take() else {
            return;
        };
        drop(pipe);
        let began = Instant::now();
        while matches!(child.try_wait(), Ok(None)) && began.elapsed() < END_WITHIN {
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

/// The guard's work: reads `heard` to its end, then kills every group that was told and not taken
/// back and every process with the operator's mark, and removes the operator's folder.
pub fn run_guard(heard: impl BufRead, home: &Path, keep_files: bool) {
    let mut groups = BTreeSet::new();
    for line in heard.lines().map_while(Result::ok) {
        match line.split_at_checked(1) {
            Some(("+", group)) => groups.extend(group.parse::<u32>()),
            Some(("-", group)) => groups.retain(|known: &u32| known.to_string() != group),
            _ => {}
        }
    }
    for group in groups.into_iter().filter_map(pid) {
        // Nobody left to kill is what we want.
        let _ = kill_process_group(group, Signal::KILL);
    }
    kill_marked(&Mark::of_operator(home));
    if !keep_files {
        // What cannot be removed now is swept at the next start.
        let _ = remove(home);
    }
}

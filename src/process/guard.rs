//! The guard: one process per operator that outlives it by a moment and leaves nothing of it.
//!
//! The guard is our own program. It reads a pipe that ends when the operator does, however that
//! is. It has a group of its own, so that what ends the operator's group leaves it alone, and no
//! descriptor of the operator but the pipe. The pipe tells the groups that run; that tells nothing
//! that the mark would not, but for programs that clear their environment.
//!
//! It may also tell how long the operator may live unless it says more: one that leads other replicas
//! and is stopped (by SIGSTOP, or for want of a processor) must not go on, nor its hooks, when another
//! one leads. What is told, one line each: `+17` the group 17 runs, `-17` it does not any more, `!N` the
//! operator lives until N nanoseconds on the clock of [`cluster::now`], `!` for ever.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, PipeWriter, Read as _, Write};
use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, poll};
use rustix::fs::{OFlags, Timespec, fcntl_getfl, fcntl_setfl};
use rustix::process::{Pid, Signal, getppid, kill_process, kill_process_group};

use super::Inner;
use super::home::{Home, remove};
use super::mark::{Mark, VARIABLE, kill_marked, pid};
use crate::cluster;
use crate::leader::Moment;

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
    /// Until when we may live, unless we say more.
    until: Mutex<Option<Moment>>,
    /// Whether it was told that it cannot be started; it is tried again each time.
    is_missed: AtomicBool,
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
            until: Mutex::new(None),
            is_missed: AtomicBool::new(false),
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

    /// Tells until when we may live, from now on; `None`: for ever.
    pub(super) fn live_until(&self, inner: &Inner, until: Option<Moment>) {
        *self.until.lock().unwrap_or_else(PoisonError::into_inner) = until;
        if self.program.is_some() {
            self.tell(&life(until), inner);
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
            // It is dead already, or stopped listening.
            let _ = dead.child.kill();
            let _ = dead.child.wait();
        }
        match self.start(inner) {
            Ok(started) => *running = Some(started),
            Err(error) if !self.is_missed.swap(true, Ordering::Relaxed) => tracing::warn!(
                target: "process", error = &error as &dyn std::error::Error,
                "starting the guard: hooks would outlive a kill -9 of the operator"
            ),
            Err(_) => {}
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
        for group in inner.leaders().iter() {
            pipe.write_all(format!("+{group}\n").as_bytes())?;
        }
        let until = *self.until.lock().unwrap_or_else(PoisonError::into_inner);
        if until.is_some() {
            pipe.write_all(life(until).as_bytes())?;
        }
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

/// The line that says how long we may live.
fn life(until: Option<Moment>) -> String {
    let until = until.map(|until| until.since(Moment::default()).as_nanos().to_string());
    format!("!{}\n", until.unwrap_or_default())
}

/// The guard's work: reads `heard` to its end, then kills every group that was told and not taken
/// back and every process with the operator's mark, and removes the operator's folder. When the
/// operator's time is over before, it kills it and does the same.
pub fn run_guard(heard: OwnedFd, home: &Path, keep_files: bool) {
    // As long as the pipe is open the operator lives, and is our parent.
    let operator = getppid();
    let mut told = Told::default();
    let mut heard = File::from(heard);
    let mut buffer = [0; 4096];
    loop {
        // All that was told is heard before time counts: the guard may have been stopped, too.
        match readable_within(&heard, told.left()) {
            Ok(true) => match heard.read(&mut buffer) {
                Ok(0) => break,
                Ok(count) => told.take(buffer.get(..count).unwrap_or_default()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => break,
            },
            Ok(false) if told.left().is_some_and(|left| left.is_zero()) => {
                told.until = None;
                end_all(operator, &told.groups, home);
            }
            Ok(false) => {}
            Err(_) => break,
        }
    }
    kill_all(&told.groups, home);
    if !keep_files {
        // What cannot be removed now is swept at the next start.
        let _ = remove(home);
    }
}

/// What the operator told.
#[derive(Debug, Default)]
struct Told {
    groups: BTreeSet<u32>,
    until: Option<Moment>,
    /// The beginning of a line.
    rest: Vec<u8>,
}

impl Told {
    fn take(&mut self, bytes: &[u8]) {
        self.rest.extend_from_slice(bytes);
        while let Some(end) = self.rest.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = self.rest.drain(..=end).collect();
            let line = String::from_utf8_lossy(&line);
            match line.trim_end().split_at_checked(1) {
                Some(("+", group)) => self.groups.extend(group.parse::<u32>()),
                Some(("-", group)) => self.groups.retain(|known| known.to_string() != group),
                Some(("!", until)) => {
                    let until = until.parse().ok().map(Duration::from_nanos);
                    self.until = until.map(Moment::new);
                }
                _ => {}
            }
        }
    }

    /// How long the operator may still live; `None`: for ever.
    fn left(&self) -> Option<Duration> {
        Some(self.until?.since(cluster::now()))
    }
}

/// Whether there is something to read, or the end of it, before the time is over.
fn readable_within(file: &File, time: Option<Duration>) -> io::Result<bool> {
    let time = time.and_then(|time| Timespec::try_from(time).ok());
    let mut polled = [PollFd::new(file, PollFlags::IN)];
    match poll(&mut polled, time.as_ref()) {
        Ok(ready) => Ok(ready > 0),
        Err(rustix::io::Errno::INTR) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// Ends an operator whose time is over, and all that it started. As process 1 of a container it cannot
/// be ended from within; its connections are cut in any case.
fn end_all(operator: Option<Pid>, groups: &BTreeSet<u32>, home: &Path) {
    if let Some(operator) = operator.filter(|_| getppid() == operator) {
        // It may have ended by itself.
        let _ = kill_process(operator, Signal::KILL);
    }
    kill_all(groups, home);
}

fn kill_all(groups: &BTreeSet<u32>, home: &Path) {
    for group in groups.iter().copied().filter_map(pid) {
        // Nobody left to kill is what we want.
        let _ = kill_process_group(group, Signal::KILL);
    }
    kill_marked(&Mark::of_operator(home));
}

//! A process and all that it starts, of which nothing is left when it ends or is dropped.

use std::collections::BTreeMap;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStderr, ChildStdout, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rustix::process::{
    Pid, PidfdFlags, Signal, WaitId, WaitIdOptions, WaitOptions, kill_process_group, pidfd_open,
    waitid, waitpgid, waitpid,
};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use wait4::{ResUse, Wait4};

use super::Inner;
use super::error::Error;
use super::mark::{Dead, Mark, VARIABLE, children, dead_in_session, kill, pid, session_of};

/// How often a program is started that somebody is still writing.
const BUSY_TRIES: u32 = 5;
/// How often a dead leader is looked for where the kernel does not tell.
const LOOK_EVERY: Duration = Duration::from_millis(10);
/// How long the death of what was killed is waited for.
const DIE_WITHIN: Duration = Duration::from_secs(5);
/// The same when the one who waits is dropped: this holds up other work.
const DROP_WITHIN: Duration = Duration::from_millis(200);
/// How long a process may be without an environment while it becomes another program.
const DECIDED_WITHIN: Duration = Duration::from_secs(1);
/// A dead child that nobody waited for in so long was an orphan.
const WAITED_WITHIN: Duration = Duration::from_mins(1);

/// A running process that leads a group of its own.
#[derive(Debug)]
pub(super) struct Group {
    child: Child,
    id: Pid,
    mark: Mark,
    /// How the leader ended, once it is reaped; its number may then belong to others, except while
    /// others of the group are our children.
    ended: Option<io::Result<ResUse>>,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Running,
    /// All of the group are dead and reaped; others with its mark may live.
    Emptied,
    Gone,
}

impl Group {
    /// Starts a program, as the leader of a group.
    pub(super) async fn start(
        inner: &Arc<Inner>,
        mut command: Command,
        mark: Mark,
    ) -> Result<Self, Error> {
        command
            .env(VARIABLE, mark.value())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0);
        inner.guard.wake(inner);
        let mut tries = 1;
        let started = loop {
            match spawn(&mut command) {
                Err(error)
                    if error.kind() == io::ErrorKind::ExecutableFileBusy && tries < BUSY_TRIES =>
                {
                    tokio::time::sleep(LOOK_EVERY * tries).await;
                    tries += 1;
                }
                started => break started,
            }
        };
        let (child, id) = started.map_err(|source| Error::Start {
            program: command.get_program().into(),
            source,
        })?;
        let number = child.id();
        inner.leaders().insert(number);
        tracing::debug!(target: "process", number, program = ?command.get_program(), "a program is started");
        inner.guard.add(inner, number);
        Ok(Self {
            child,
            id,
            mark,
            ended: None,
            state: State::Running,
        })
    }

    pub(super) fn take_output(&mut self) -> (Option<ChildStdout>, Option<ChildStderr>) {
        (self.child.stdout.take(), self.child.stderr.take())
    }

    /// Waits until the leader is dead, and leaves it unreaped: its number stays its own.
    pub(super) async fn leader_is_dead(&self) -> io::Result<()> {
        match self.pidfd() {
            Ok(leader) => leader.readable().await.map(drop),
            // Some sandboxes have no pidfd.
            Err(_) => self.look_for_death().await,
        }
    }

    #[expect(
        deprecated,
        reason = "its successor is unsafe code, for types that own no descriptor; `OwnedFd` does"
    )]
    fn pidfd(&self) -> io::Result<AsyncFd<OwnedFd>> {
        let leader = pidfd_open(self.id, PidfdFlags::NONBLOCK)?;
        AsyncFd::with_interest(leader, Interest::READABLE)
    }

    async fn look_for_death(&self) -> io::Result<()> {
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        while waitid(WaitId::Pid(self.id), options)?.is_none() {
            tokio::time::sleep(LOOK_EVERY).await;
        }
        Ok(())
    }

    /// Asks the group to end.
    pub(super) fn ask_to_end(&self) {
        self.signal(Signal::TERM);
    }

    /// Kills the group and all that left it, and waits until they are gone; how the leader ended.
    pub(super) async fn end(&mut self, inner: &Inner) -> io::Result<ResUse> {
        let began = Instant::now();
        let mut pause = Duration::from_micros(200);
        while !self.clear(inner) && began.elapsed() < DIE_WITHIN {
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LOOK_EVERY);
        }
        let not_dead = || io::Error::new(io::ErrorKind::TimedOut, "it was killed and is not dead");
        match &self.ended {
            Some(Ok(ended)) => Ok(*ended),
            Some(Err(error)) => Err(io::Error::new(error.kind(), error.to_string())),
            None => Err(not_dead()),
        }
    }

    /// Kills and reaps what can be reaped now; whether nothing is left.
    pub(super) fn clear(&mut self, inner: &Inner) -> bool {
        if self.state == State::Running && self.empty() {
            self.state = State::Emptied;
            inner.guard.remove(self.child.id());
            inner.leaders().remove(&self.child.id());
        }
        // The orphans of the group are handed to us before its last member can be reaped.
        if self.state == State::Emptied && inner.orphans.clear(inner, &self.mark) {
            self.state = State::Gone;
        }
        self.state == State::Gone
    }

    /// Kills the group, reaps its leader and those of it who became our children; whether it is empty.
    fn empty(&mut self) -> bool {
        self.signal(Signal::KILL);
        if self.ended.is_none() {
            match self.child.try_wait4() {
                Ok(None) => return false,
                Ok(Some(ended)) => self.ended = Some(Ok(ended)),
                Err(error) => self.ended = Some(Err(error)),
            }
        }
        loop {
            match waitpgid(self.id, WaitOptions::NOHANG) {
                Ok(Some(_)) => {}
                Ok(None) => return false,
                Err(_no_children) => return true,
            }
        }
    }

    fn signal(&self, signal: Signal) {
        // Nobody left to signal is what we want.
        let _ = kill_process_group(self.id, signal);
    }
}

fn spawn(command: &mut Command) -> io::Result<(Child, Pid)> {
    let child = command.spawn()?;
    let id = pid(child.id()).ok_or(io::ErrorKind::InvalidData)?;
    Ok((child, id))
}

/// A group and who ends it: whatever happens to its owner.
pub(super) struct Led {
    inner: Arc<Inner>,
    group: Option<Group>,
}

impl Led {
    pub(super) fn new(inner: &Arc<Inner>, group: Group) -> Self {
        Self {
            inner: inner.clone(),
            group: Some(group),
        }
    }

    pub(super) fn group(&mut self) -> io::Result<&mut Group> {
        self.group
            .as_mut()
            .ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}

impl Drop for Led {
    fn drop(&mut self) {
        let Some(mut group) = self.group.take() else {
            return;
        };
        let began = Instant::now();
        while !group.clear(&self.inner) {
            if began.elapsed() > DROP_WITHIN {
                self.inner.dying().push(group);
                return;
            }
            std::thread::sleep(Duration::from_micros(300));
        }
    }
}

/// Children of ours that we did not start: orphans, which the kernel handed to us.
#[derive(Debug, Default)]
pub(super) struct Orphans {
    /// Dead, killed or undecided ones, and since when; `None` for those that are surely orphans.
    seen: Mutex<BTreeMap<u32, Option<Instant>>>,
}

impl Orphans {
    /// Kills those with the mark and reaps those that are dead; whether there was none of either.
    fn clear(&self, inner: &Inner, mark: &Mark) -> bool {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let mut children = children();
        {
            let leaders = inner.leaders();
            children.retain(|child| !leaders.contains(child));
        }
        seen.retain(|child, _| children.contains(child));
        let mut is_clear = true;
        for child in children {
            match dead_in_session(child) {
                Some(Dead { session }) => is_clear &= !reap(child, session, &mut seen),
                None => match mark.look(child) {
                    Some(true) => {
                        kill(child);
                        seen.insert(child, None);
                        is_clear = false;
                    }
                    Some(false) => {}
                    // A program without any environment is none of ours in the end.
                    None => {
                        let since = seen.entry(child).or_insert_with(|| Some(Instant::now()));
                        is_clear &= since.is_some_and(|since| since.elapsed() > DECIDED_WITHIN);
                    }
                },
            }
        }
        is_clear
    }
}

/// Reaps a dead child if nobody else will; whether it did.
fn reap(child: u32, session: i32, seen: &mut BTreeMap<u32, Option<Instant>>) -> bool {
    // Read as the child's: 0 for both when the session began outside of our PID namespace.
    let ours = session_of(std::process::id());
    let since = seen.entry(child).or_insert_with(|| Some(Instant::now()));
    // None of the processes that this program starts itself is in a session of its own.
    let is_orphan =
        Some(session) != ours || since.is_none_or(|since| since.elapsed() > WAITED_WITHIN);
    if is_orphan {
        let _ = waitpid(pid(child), WaitOptions::NOHANG);
        seen.remove(&child);
    }
    is_orphan
}

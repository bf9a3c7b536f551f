//! A process and its process group, of which nothing is left when it ends or is dropped.

use std::io;
use std::process::ExitStatus;

use rustix::process::{Pid, PidfdFlags, Signal, kill_process_group, pidfd_open};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tokio::process::{Child, ChildStderr, ChildStdout, Command};

/// A running process that leads a group of its own.
pub(super) struct Group {
    child: Child,
    /// The group; `None` once its leader is reaped, for its number may then belong to others.
    id: Option<Pid>,
}

impl Group {
    pub(super) fn start(command: &mut Command) -> io::Result<Self> {
        let child = command.process_group(0).kill_on_drop(true).spawn()?;
        let id = child
            .id()
            .and_then(|id| i32::try_from(id).ok())
            .and_then(Pid::from_raw);
        Ok(Self { child, id })
    }

    pub(super) fn take_output(&mut self) -> (Option<ChildStdout>, Option<ChildStderr>) {
        (self.child.stdout.take(), self.child.stderr.take())
    }

    /// Waits for the leader to end, then ends the rest of the group. May be dropped and called again.
    pub(super) async fn end(&mut self) -> io::Result<ExitStatus> {
        // The group is killed while its dead leader still holds the number. Without pidfd (gVisor)
        // it is killed right after the leader is reaped.
        let is_still_held = self.leader_is_dead().await.is_ok();
        if is_still_held {
            self.kill();
        }
        let status = self.child.wait().await?;
        if !is_still_held {
            self.kill();
        }
        self.id = None;
        Ok(status)
    }

    #[expect(
        deprecated,
        reason = "its successor is unsafe code, for types that own no descriptor; `OwnedFd` does"
    )]
    async fn leader_is_dead(&self) -> io::Result<()> {
        let id = self.id.ok_or(io::ErrorKind::NotFound)?;
        let leader = pidfd_open(id, PidfdFlags::NONBLOCK)?;
        AsyncFd::with_interest(leader, Interest::READABLE)?
            .readable()
            .await
            .map(drop)
    }

    fn kill(&self) {
        if let Some(id) = self.id {
            // Nobody left to kill is what we want.
            let _ = kill_process_group(id, Signal::KILL);
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.kill();
    }
}

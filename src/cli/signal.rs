//! Ctrl-C, SIGTERM, and the end of a terminal.

use std::fs;

use tokio::signal::unix::{SignalKind, signal};

/// Waits for SIGINT or SIGTERM.
pub(super) async fn told_to_stop() {
    tokio::select! {
        () = told(SignalKind::terminate()) => {}
        () = told(SignalKind::interrupt()) => {}
    }
}

/// The same for a command that lives with its terminal: it ends with it, unless it was started
/// with `nohup`.
pub(super) async fn told_to_stop_or_hung_up() {
    let is_ignored = ignores_hangup(&fs::read_to_string("/proc/self/status").unwrap_or_default());
    tokio::select! {
        () = told_to_stop() => {}
        () = told(SignalKind::hangup()), if !is_ignored => {}
    }
}

async fn told(kind: SignalKind) {
    match signal(kind) {
        Ok(mut signal) => drop(signal.recv().await),
        // A process that cannot hear signals is ended by them.
        Err(_) => std::future::pending().await,
    }
}

/// Whether the process ignores SIGHUP, in the words of the kernel: the first bit of `SigIgn`.
fn ignores_hangup(status: &str) -> bool {
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
        .is_some_and(|mask| mask & 1 == 1)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use rustix::process::{Signal, getpid, kill_process};
    use tokio::time::timeout;

    use super::*;

    #[tokio::test]
    async fn a_hangup_ends_what_lives_with_its_terminal() {
        let mut told = std::pin::pin!(told(SignalKind::hangup()));
        assert!(futures::poll!(&mut told).is_pending());
        kill_process(getpid(), Signal::HUP).unwrap();
        timeout(Duration::from_secs(10), told).await.unwrap();
    }

    #[test]
    fn what_is_ignored_is_told_by_the_kernel() {
        for (status, ignored) in [
            ("Name:\tx\nSigIgn:\t0000000000001001\n", true),
            ("Name:\tx\nSigIgn:\t0000000000001000\n", false),
            ("Name:\tx\n", false),
        ] {
            assert_eq!(ignores_hangup(status), ignored, "{status}");
        }
    }
}

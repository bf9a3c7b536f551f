//! Tells when something is mounted or unmounted: no folder tells of that.

use std::fs::File;
use std::future::pending;

use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

/// The kernel's list of mounts. Without `/proc` it never tells anything.
#[derive(Debug)]
pub(super) struct Mounts(Option<AsyncFd<File>>);

impl Mounts {
    #[expect(
        deprecated,
        reason = "its successor is unsafe code, for types that own no descriptor; `File` does"
    )]
    pub(super) fn open() -> Self {
        let list = File::open("/proc/self/mountinfo")
            .and_then(|file| AsyncFd::with_interest(file, Interest::PRIORITY));
        Self(list.ok())
    }

    /// Waits for the next change. May be dropped and called again.
    pub(super) async fn changed(&mut self) {
        let Some(list) = &self.0 else {
            return pending().await;
        };
        match list.ready(Interest::PRIORITY).await {
            Ok(mut ready) => ready.clear_ready(),
            Err(_) => pending().await,
        }
    }
}

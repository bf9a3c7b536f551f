//! Tells when something in the modules directories changed.
//!
//! The signal says only that it is worth to look: what changed is found by reading. A burst of
//! changes is one signal. Directories may be missing, removed and made again, mounted and unmounted;
//! links may lead anywhere and be turned (`..data` of a `ConfigMap` volume, a link to the newest
//! release).

mod mounts;
mod watches;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, mpsc};
use tokio::time::{Instant, sleep, timeout_at};

use super::error::Error;
use mounts::Mounts;
use watches::Watches;

/// What is watched, and how patiently.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WatchSettings {
    /// The modules directories; they need not exist.
    pub dirs: Vec<PathBuf>,
    /// A burst of changes has ended after this long without one.
    pub quiet: Duration,
    /// A burst that does not end is told of after this long.
    pub patience: Duration,
    /// How often to tell without a reason, for file systems that do not tell of changes (NFS).
    pub every: Option<Duration>,
}

impl WatchSettings {
    /// For these directories: 300 ms of quiet, 2 s of patience, nothing without a reason.
    pub fn new(dirs: impl IntoIterator<Item = impl Into<PathBuf>>) -> Self {
        Self {
            dirs: dirs.into_iter().map(Into::into).collect(),
            quiet: Duration::from_millis(300),
            patience: Duration::from_secs(2),
            every: None,
        }
    }
}

/// The worker that watches the modules directories.
#[derive(Debug)]
pub struct FolderWatch {
    settings: WatchSettings,
    /// One place: a second signal would say nothing that the first does not.
    changes: mpsc::Sender<()>,
}

impl FolderWatch {
    /// The worker, and the end at which its signals come out. Nothing is watched before it runs.
    pub fn new(settings: WatchSettings) -> (Self, mpsc::Receiver<()>) {
        let (changes, receiver) = mpsc::channel(1);
        (Self { settings, changes }, receiver)
    }

    /// Watches until the receiver is dropped. The first signal comes when everything is watched:
    /// what changed before is found by looking then.
    pub async fn run(self) -> Result<(), Error> {
        let wake = Arc::new(Notify::new());
        let mut mounts = Mounts::open();
        let mut watches = Watches::new(&self.settings.dirs, Arc::clone(&wake))?;
        loop {
            watches = renew(watches).await?;
            // Full: the signal before is not taken yet, and whoever takes it will look.
            let _ = self.changes.try_send(());
            tokio::select! {
                () = self.changes.closed() => return Ok(()),
                () = wake.notified() => self.settle(&wake).await,
                () = mounts.changed() => self.settle(&wake).await,
                () = self.next_look() => {}
            }
        }
    }

    /// Waits for the end of a burst.
    async fn settle(&self, wake: &Notify) {
        let last = Instant::now() + self.settings.patience;
        loop {
            let quiet = Instant::now() + self.settings.quiet;
            if timeout_at(quiet.min(last), wake.notified()).await.is_err() {
                return;
            }
        }
    }

    async fn next_look(&self) {
        match self.settings.every {
            Some(every) => sleep(every).await,
            None => std::future::pending().await,
        }
    }
}

/// Watches what is there now. Many folders take a while, so it is done aside.
async fn renew(mut watches: Watches) -> Result<Watches, Error> {
    let renewed = tokio::task::spawn_blocking(move || {
        watches.renew();
        watches
    });
    renewed.await.map_err(|error| Error::WatchFolder {
        path: PathBuf::new(),
        source: notify::Error::generic(&error.to_string()),
    })
}

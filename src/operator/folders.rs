//! The worker that reads the modules directories whenever they change.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

use super::settings::Settings;
use crate::module::{self, Discovery, FolderWatch, Folders, WatchSettings};

/// A burst of changes that does not end is read after this long.
const PATIENCE: Duration = Duration::from_secs(2);

/// Reads the folders at once, then after every signal of the watch; tells the latest discovery.
pub(super) struct FolderReader {
    folders: Folders,
    signals: mpsc::Receiver<()>,
    tell: watch::Sender<Option<Arc<Discovery>>>,
}

impl FolderReader {
    /// The reader, and the watch that drives it.
    pub(super) fn new(
        settings: &Settings,
        tell: watch::Sender<Option<Arc<Discovery>>>,
    ) -> (Self, FolderWatch) {
        let dirs = settings.folders.modules.clone();
        let (watch, signals) = FolderWatch::new(WatchSettings {
            dirs: dirs.clone(),
            quiet: settings.modules.folder_settle,
            patience: PATIENCE.max(settings.modules.folder_settle),
            every: None,
        });
        let folders = Folders::new(module::Settings {
            dirs,
            unnumbered: settings.modules.unnumbered_order,
            crd_filters: settings.modules.crd_filters.clone(),
        });
        (
            Self {
                folders,
                signals,
                tell,
            },
            watch,
        )
    }

    /// The worker.
    pub(super) async fn run(mut self, stop: CancellationToken) {
        loop {
            let mut folders = self.folders;
            let read = tokio::task::spawn_blocking(move || {
                #[expect(
                    clippy::disallowed_methods,
                    reason = "compared with the times of files"
                )]
                let discovery = folders.discover(SystemTime::now());
                (folders, discovery)
            });
            let Ok((folders, discovery)) = read.await else {
                return;
            };
            self.folders = folders;
            let _ = self.tell.send_replace(Some(Arc::new(discovery)));
            tokio::select! {
                () = stop.cancelled() => return,
                signal = self.signals.recv() => if signal.is_none() { return },
            }
        }
    }
}

//! The worker that reads the modules directories whenever they change.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::settings::Settings;
use crate::module::{self, Discovery, FolderWatch, Folders, WatchSettings};
use crate::report;

/// A burst of changes that does not end is read after this long.
const PATIENCE: Duration = Duration::from_secs(2);

/// The modules directories, read and watched while the way to the cluster is being made.
pub(super) struct ReadFolders {
    pub(super) discovery: watch::Receiver<Option<Arc<Discovery>>>,
    pub(super) reader: JoinSet<()>,
    pub(super) watch: JoinSet<()>,
}

impl ReadFolders {
    /// Starts both; they end with this, or at the end.
    pub(super) fn begin(settings: &Settings, stop: &CancellationToken) -> Self {
        let (tell, discovery) = watch::channel(None);
        let (folder_reader, folder_watch) = FolderReader::new(settings, tell);
        let (mut reader, mut watch) = (JoinSet::new(), JoinSet::new());
        reader.spawn(folder_reader.run(stop.clone()));
        watch.spawn(watch_folders(folder_watch, stop.clone()));
        Self {
            discovery,
            reader,
            watch,
        }
    }
}

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

/// Waits for the end of a worker; a panic in it goes on.
pub(super) async fn ended(mut worker: JoinSet<()>) {
    if let Some(Err(error)) = worker.join_next().await
        && let Ok(panic) = error.try_into_panic()
    {
        std::panic::resume_unwind(panic);
    }
}

async fn watch_folders(watch: FolderWatch, stop: CancellationToken) {
    tokio::select! {
        () = stop.cancelled() => {}
        ended = watch.run() => if let Err(error) = ended {
            tracing::error!(target: "module", "{}", report::chain(&error));
        },
    }
}

//! The workers that read the modules directories, and the folder of the global hooks, whenever they
//! change.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use sha2::{Digest as _, Sha256};
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

use super::settings::Settings;
use crate::binding::Place;
use crate::hook;
use crate::module::{self, Discovery, FolderWatch, Folders, WatchSettings};

/// A burst of changes that does not end is read after this long.
pub(super) const PATIENCE: Duration = Duration::from_secs(2);

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

/// Reads the folder of the global hooks at once, then after every signal of the watch; tells its
/// content as a digest.
pub(super) struct HookReader {
    place: Place,
    folder: PathBuf,
    signals: mpsc::Receiver<()>,
    tell: watch::Sender<Option<[u8; 32]>>,
}

impl HookReader {
    /// The reader, and the watch that drives it.
    pub(super) fn new(
        settings: &Settings,
        tell: watch::Sender<Option<[u8; 32]>>,
    ) -> (Self, FolderWatch) {
        let folder = settings.folders.global_hooks.clone();
        let (watch, signals) = FolderWatch::new(WatchSettings {
            dirs: vec![folder.clone()],
            quiet: settings.modules.folder_settle,
            patience: PATIENCE.max(settings.modules.folder_settle),
            every: None,
        });
        let reader = Self {
            place: settings.flavour.global_place(),
            folder,
            signals,
            tell,
        };
        (reader, watch)
    }

    /// The worker.
    pub(super) async fn run(mut self, stop: CancellationToken) {
        loop {
            let (place, folder) = (self.place, self.folder.clone());
            let read = tokio::task::spawn_blocking(move || {
                let found = hook::discover(place, &folder);
                let mut hash = Sha256::new();
                for file in &found.hooks {
                    hash.update(file.name.len().to_le_bytes());
                    hash.update(&file.name);
                    hash.update(file.digest);
                }
                <[u8; 32]>::from(hash.finalize())
            });
            let Ok(digest) = read.await else {
                return;
            };
            let is_new = |known: &mut Option<[u8; 32]>| known.replace(digest) != Some(digest);
            self.tell.send_if_modified(is_new);
            tokio::select! {
                () = stop.cancelled() => return,
                signal = self.signals.recv() => if signal.is_none() { return },
            }
        }
    }
}

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
        let mut is_worth_a_look = true;
        loop {
            let others;
            (watches, others) = renew(watches).await?;
            if is_worth_a_look || others {
                // Full: the signal before is not taken yet, and whoever takes it will look.
                let _ = self.changes.try_send(());
            }
            is_worth_a_look = tokio::select! {
                () = self.changes.closed() => return Ok(()),
                () = wake.notified() => {
                    self.settle(&wake).await;
                    true
                }
                // Most mounts are none of our business: the folders tell which are.
                () = mounts.changed() => {
                    sleep(self.settings.quiet).await;
                    false
                }
                () = self.next_look() => true,
            };
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

/// Watches what is there now, and says whether these are other folders than before. Many folders
/// take a while, so it is done aside.
async fn renew(mut watches: Watches) -> Result<(Watches, bool), Error> {
    let renewed = tokio::task::spawn_blocking(move || {
        let others = watches.renew();
        (watches, others)
    });
    renewed.await.map_err(|error| Error::WatchFolder {
        path: PathBuf::new(),
        source: notify::Error::generic(&error.to_string()),
    })
}

#[cfg(test)]
mod tests {
    use std::fs::{self, Permissions};
    use std::os::unix::fs::{PermissionsExt, symlink};
    use std::path::Path;
    use std::process::Command;

    use super::*;

    const QUIET: Duration = Duration::from_millis(30);

    /// A file system that is watched.
    struct Disk {
        root: tempfile::TempDir,
        changes: mpsc::Receiver<()>,
    }

    impl Disk {
        fn path(&self, path: &str) -> PathBuf {
            self.root.path().join(path)
        }

        fn write(&self, path: &str, text: &str) {
            let path = self.path(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }

        fn link(&self, target: &str, path: &str) {
            symlink(target, self.path(path)).unwrap();
        }

        /// Turns a link the way everybody does who does not want it to be missing for a moment.
        fn turn(&self, target: &str, path: &str) {
            self.link(target, "turned");
            fs::rename(self.path("turned"), self.path(path)).unwrap();
        }

        /// Waits for a signal, and for the silence after it.
        async fn tells(&mut self, of: &str) {
            let told = tokio::time::timeout(Duration::from_secs(20), self.changes.recv()).await;
            assert_eq!(told, Ok(Some(())), "{of} is not told");
            while self.is_told_soon().await {}
        }

        async fn is_told_soon(&mut self) -> bool {
            tokio::time::timeout(QUIET * 8, self.changes.recv())
                .await
                .is_ok()
        }
    }

    /// Lets a story happen while the directories are watched, from the first signal on.
    async fn watching(dirs: &[&str], before: impl Fn(&Disk), story: impl AsyncFnOnce(Disk)) {
        let root = tempfile::tempdir().unwrap();
        let settings = WatchSettings {
            quiet: QUIET,
            patience: Duration::from_millis(400),
            ..WatchSettings::new(dirs.iter().map(|dir| root.path().join(dir)))
        };
        let (watch, changes) = FolderWatch::new(settings);
        let mut disk = Disk { root, changes };
        before(&disk);
        tokio::select! {
            ended = watch.run() => panic!("the watch ended: {ended:?}"),
            () = async {
                disk.tells("the start").await;
                story(disk).await;
            } => {}
        }
    }

    #[tokio::test]
    async fn whatever_changes_in_a_module_is_told() {
        let before = |disk: &Disk| disk.write("modules/a/templates/x.yaml", "1");
        watching(&["modules"], before, async |mut disk| {
            disk.write("modules/a/templates/x.yaml", "2");
            disk.tells("a written file").await;
            fs::set_permissions(
                disk.path("modules/a/templates/x.yaml"),
                Permissions::from_mode(0o700),
            )
            .unwrap();
            disk.tells("an execute bit").await;
            disk.write("modules/b/Chart.yaml", "");
            disk.tells("a new module").await;
            fs::create_dir_all(disk.path("modules/b/deep/deeper")).unwrap();
            disk.tells("a new folder").await;
            disk.write("modules/b/deep/deeper/x", "");
            disk.tells("a file in a new folder").await;
            fs::rename(disk.path("modules/b"), disk.path("modules/c")).unwrap();
            disk.tells("a renamed module").await;
            disk.write("modules/c/deep/deeper/x", "1");
            disk.tells("a file in a renamed module").await;
            fs::remove_dir_all(disk.path("modules/c")).unwrap();
            disk.tells("a removed module").await;
            disk.write("modules/values.yaml", "1");
            disk.tells("common values").await;
        })
        .await;
    }

    #[tokio::test]
    async fn directory_may_appear_vanish_and_appear_again() {
        watching(
            &["up/here/modules"],
            |_| {},
            async |mut disk| {
                fs::create_dir(disk.path("up")).unwrap();
                disk.tells("the way").await;
                disk.write("up/here/modules/a/x", "1");
                disk.tells("the directory").await;
                disk.write("up/here/modules/a/x", "2");
                disk.tells("a file in it").await;
                for _ in 0..2 {
                    fs::remove_dir_all(disk.path("up")).unwrap();
                    disk.tells("the way's end").await;
                    disk.write("up/here/modules/a/x", "1");
                    disk.tells("the way again").await;
                    disk.write("up/here/modules/a/x", "2");
                    disk.tells("a file in it again").await;
                }
                fs::rename(disk.path("up"), disk.path("down")).unwrap();
                disk.tells("a renamed way").await;
            },
        )
        .await;
    }

    #[tokio::test]
    async fn links_are_followed_and_watched() {
        let before = |disk: &Disk| {
            disk.write("releases/1/a/x", "1");
            disk.write("releases/2/a/x", "2");
            disk.write("shared/values.yaml", "1");
            disk.write("modules/b/Chart.yaml", "");
            disk.link("1", "releases/current");
            disk.link("../releases/current/a", "modules/a");
            disk.link("../../shared/values.yaml", "modules/b/values.yaml");
        };
        watching(&["modules"], before, async |mut disk| {
            disk.write("releases/1/a/x", "3");
            disk.tells("a file of a linked module").await;
            disk.turn("2", "releases/current");
            disk.tells("a turned link").await;
            disk.write("releases/2/a/x", "4");
            disk.tells("a file behind a turned link").await;
            disk.write("shared/values.yaml", "2");
            disk.tells("a linked file").await;
            disk.write("releases/1/a/x", "5");
            assert!(
                !disk.is_told_soon().await,
                "a file that no link leads to any more"
            );
        })
        .await;
    }

    #[tokio::test]
    async fn swapped_config_map_volume_is_told() {
        let before = |disk: &Disk| {
            disk.write("modules/..one/a/values.yaml", "1");
            disk.write("modules/..two/a/values.yaml", "2");
            disk.link("..one", "modules/..data");
            disk.link("..data/a", "modules/a");
        };
        watching(&["modules"], before, async |mut disk| {
            disk.turn("..two", "modules/..data");
            fs::remove_dir_all(disk.path("modules/..one")).unwrap();
            disk.tells("a swap").await;
            disk.write("modules/..two/a/values.yaml", "3");
            disk.tells("a file behind it").await;
        })
        .await;
    }

    #[tokio::test]
    async fn reading_and_neighbours_are_not_told() {
        let before = |disk: &Disk| disk.write("modules/a/x", "1");
        watching(&["modules"], before, async |mut disk| {
            assert_eq!(fs::read_to_string(disk.path("modules/a/x")).unwrap(), "1");
            assert_eq!(fs::read_dir(disk.path("modules/a")).unwrap().count(), 1);
            disk.write("neighbour/x", "1");
            disk.write("log.txt", "1");
            assert!(!disk.is_told_soon().await);
        })
        .await;
    }

    #[tokio::test]
    async fn burst_is_one_signal_and_an_endless_one_is_told_in_time() {
        let before = |disk: &Disk| disk.write("modules/a/x", "1");
        watching(&["modules"], before, async |mut disk| {
            for index in 0..200 {
                disk.write(&format!("modules/a/{index}"), "1");
            }
            assert_eq!(disk.changes.recv().await, Some(()));
            assert!(!disk.is_told_soon().await, "one burst is told twice");

            // The quiet time never comes: the patience ends first.
            let endless = async {
                loop {
                    fs::write(disk.root.path().join("modules/a/x"), "2").unwrap();
                    sleep(QUIET / 6).await;
                }
            };
            let told = tokio::time::timeout(Duration::from_secs(20), disk.changes.recv());
            tokio::select! {
                () = endless => {}
                told = told => assert_eq!(told, Ok(Some(()))),
            }
        })
        .await;
    }

    #[tokio::test]
    async fn worker_ends_when_nobody_listens() {
        let (watch, changes) = FolderWatch::new(WatchSettings::new(["no/such/place"]));
        drop(changes);
        assert!(watch.run().await.is_ok());
    }

    /// Unmounts when a test fails, too.
    struct Mounted<'a>(&'a Path);

    impl Drop for Mounted<'_> {
        fn drop(&mut self) {
            let _ = Command::new("umount").arg(self.0).status();
        }
    }

    #[tokio::test]
    async fn mounting_and_unmounting_are_told() {
        let before = |disk: &Disk| disk.write("modules/a/x", "1");
        watching(&["modules"], before, async |mut disk| {
            let path = disk.path("modules");
            let mut mount = Command::new("mount");
            let mounted = mount.args(["-t", "tmpfs", "tmpfs"]).arg(&path).output();
            if !mounted.is_ok_and(|output| output.status.success()) {
                eprintln!("skipped: mounting is not allowed here");
                return;
            }
            let mounted = Mounted(&path);
            disk.tells("a mount").await;
            disk.write("modules/b/x", "1");
            disk.tells("a file in the mount").await;
            drop(mounted);
            disk.tells("an unmount").await;
            disk.write("modules/a/x", "2");
            disk.tells("a file behind the mount").await;
        })
        .await;
    }
}

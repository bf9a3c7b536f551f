//! What is watched: every folder of the modules, and every link and folder on the way to them.
//!
//! Each folder is watched by itself and by its real path. All watches are set again after each
//! burst: that is idempotent, and a folder that was removed and made again is a new one. A folder is
//! watched before it is listed, so that what appears meanwhile is told of.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Component, Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use notify::{ErrorKind, Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::Notify;

use super::super::error::Error;

/// More folders are not watched: most likely a link leads out of the modules.
const MOST_FOLDERS: usize = 10_000;

/// As many links in a row as the kernel follows.
const MOST_LINKS: usize = 40;

/// All watches of the modules directories.
#[derive(Debug)]
pub(super) struct Watches {
    dirs: Vec<PathBuf>,
    watcher: RecommendedWatcher,
    watched: BTreeMap<PathBuf, Identity>,
    relevant: Arc<Mutex<Relevant>>,
}

/// Device and inode: tells a folder from another one at the same path.
type Identity = (u64, u64);

/// Which events matter.
#[derive(Debug, Default)]
struct Relevant {
    /// In these folders everything matters.
    folders: BTreeSet<PathBuf>,
    /// These paths matter themselves: links, folders on the way, places where something is missing.
    paths: BTreeSet<PathBuf>,
}

impl Relevant {
    fn concerns(&self, event: &Event) -> bool {
        // Reading is an event too, also our own.
        if matches!(event.kind, EventKind::Access(_)) {
            return false;
        }
        event.need_rescan()
            || event.paths.iter().any(|path| {
                let folder = path.parent().unwrap_or(path);
                self.folders.contains(folder)
                    || self.folders.contains(path)
                    || self.paths.contains(path)
            })
    }
}

impl Watches {
    /// Nothing is watched yet. `wake` is told of every event that matters.
    pub(super) fn new(dirs: &[PathBuf], wake: Arc<Notify>) -> Result<Self, Error> {
        let relevant = Arc::new(Mutex::new(Relevant::default()));
        let seen = Arc::clone(&relevant);
        let watcher = notify::recommended_watcher(move |event: notify::Result<Event>| {
            let matters = match event {
                Ok(event) => seen
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .concerns(&event),
                Err(_) => true,
            };
            if matters {
                wake.notify_one();
            }
        });
        let unmade = |source| Error::WatchFolder {
            path: PathBuf::new(),
            source,
        };
        Ok(Self {
            dirs: dirs.to_vec(),
            watcher: watcher.map_err(unmade)?,
            watched: BTreeMap::new(),
            relevant,
        })
    }

    /// Watches what is there now, and no longer what is not. Says whether these are other folders
    /// than before, be it at the same paths.
    pub(super) fn renew(&mut self) -> bool {
        let mut round = Round {
            watches: self,
            new: Relevant::default(),
            set: BTreeMap::new(),
            is_full: false,
            failed: None,
        };
        for dir in round.watches.dirs.clone() {
            // A relative path that cannot be made absolute: the working directory is gone.
            let Ok(dir) = std::path::absolute(dir) else {
                continue;
            };
            if let Some(real) = round.follow(&dir) {
                round.folder(&real);
            }
        }
        round.tell_failure();
        let Round { new, set, .. } = round;
        let gone: Vec<PathBuf> = self
            .watched
            .keys()
            .filter(|path| !set.contains_key(*path))
            .cloned()
            .collect();
        for path in gone {
            // It fails when the folder itself is gone, and then nothing is left to do.
            let _ = self.watcher.unwatch(&path);
        }
        *self.lock() = new;
        let others = self.watched != set;
        self.watched = set;
        others
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Relevant> {
        self.relevant.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One renewal.
struct Round<'a> {
    watches: &'a mut Watches,
    new: Relevant,
    set: BTreeMap<PathBuf, Identity>,
    is_full: bool,
    /// The first folder of the modules that could not be watched, and why.
    failed: Option<(PathBuf, notify::Error)>,
}

impl Round<'_> {
    /// Follows a path through its links and watches the way. Answers the real path, if it leads
    /// anywhere.
    fn follow(&mut self, path: &Path) -> Option<PathBuf> {
        let mut real = PathBuf::from("/");
        let mut ahead: Vec<OsString> = steps(path);
        let mut links = 0;
        while let Some(step) = ahead.pop() {
            if step == ".." {
                real.pop();
                continue;
            }
            let next = real.join(step);
            self.mark(&next);
            self.watch(&real);
            let metadata = fs::symlink_metadata(&next).ok()?;
            if !metadata.is_symlink() {
                real = next;
                continue;
            }
            links += 1;
            if links > MOST_LINKS {
                return None;
            }
            let target = fs::read_link(&next).ok()?;
            if target.is_absolute() {
                real = PathBuf::from("/");
            }
            ahead.extend(steps(&target));
        }
        Some(real)
    }

    /// Watches a folder and all below it; links are followed.
    fn folder(&mut self, real: &Path) {
        if !real.is_dir() || self.new.folders.contains(real) || !self.has_room() {
            return;
        }
        self.new.folders.insert(real.to_owned());
        self.admit(real);
        self.watch(real);
        let Ok(entries) = fs::read_dir(real) else {
            return;
        };
        for entry in entries.flatten() {
            let Ok(kind) = entry.file_type() else {
                continue;
            };
            if is_hidden(&entry.file_name()) {
                continue;
            }
            let path = entry.path();
            if kind.is_dir() {
                self.folder(&path);
            } else if kind.is_symlink()
                && let Some(target) = self.follow(&path)
            {
                self.folder(&target);
            }
        }
    }

    fn tell_failure(&mut self) {
        if let Some((path, error)) = self.failed.take() {
            let path = path.display();
            tracing::warn!(
                target: "module", %path, %error,
                "changes of this folder, and perhaps of others, are not seen"
            );
        }
    }

    fn has_room(&mut self) -> bool {
        if self.new.folders.len() < MOST_FOLDERS {
            return true;
        }
        if !self.is_full {
            self.is_full = true;
            tracing::warn!(
                target: "module",
                "more than {MOST_FOLDERS} folders are not watched; does a link lead out of the modules?"
            );
        }
        false
    }

    /// What is watched in this round matters from now on, not only after it.
    fn admit(&self, real: &Path) {
        self.watches.lock().folders.insert(real.to_owned());
    }

    fn mark(&mut self, path: &Path) {
        if self.new.paths.insert(path.to_owned()) {
            self.watches.lock().paths.insert(path.to_owned());
        }
    }

    fn watch(&mut self, folder: &Path) {
        if self.set.contains_key(folder) {
            return;
        }
        let Ok(metadata) = fs::metadata(folder) else {
            return;
        };
        let identity = (metadata.dev(), metadata.ino());
        let known = self.watches.watched.get(folder);
        if known.is_some_and(|known| *known != identity) {
            let _ = self.watches.watcher.unwatch(folder);
        }
        let watching = self
            .watches
            .watcher
            .watch(folder, RecursiveMode::NonRecursive);
        if let Err(error) = watching
            && self.new.folders.contains(folder)
            // Gone meanwhile: the folder around it tells. And on the way to the modules, a closed
            // folder is not ours to watch.
            && !matches!(error.kind, ErrorKind::PathNotFound)
        {
            self.failed
                .get_or_insert_with(|| (folder.to_owned(), error));
        }
        self.set.insert(folder.to_owned(), identity);
    }
}

/// The steps of a path, the first one last.
fn steps(path: &Path) -> Vec<OsString> {
    let steps = path.components().rev().filter_map(|step| match step {
        Component::Normal(name) => Some(name.to_owned()),
        Component::ParentDir => Some(OsString::from("..")),
        Component::RootDir | Component::CurDir | Component::Prefix(_) => None,
    });
    steps.collect()
}

fn is_hidden(name: &OsStr) -> bool {
    name.as_encoded_bytes().starts_with(b".")
}

//! The folder in which both servers keep everything: data, logs, keys.

use std::fs::{DirBuilder, File, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::error::Error;

/// A memory file system, where there is one.
const MEMORY: &str = "/dev/shm";
/// The log that etcd writes ahead is 64 MB from the start; the objects come on top.
const MEMORY_NEEDED: u64 = 512 << 20;

/// A folder that this process has for itself.
pub(super) struct Folder {
    /// Its path, without links.
    pub(super) path: PathBuf,
    /// Held by whoever works in the folder, so that no second pair of servers does.
    pub(super) lock: File,
    /// Removes a temporary folder when the servers cannot be started.
    temporary: Option<TempDir>,
}

impl Folder {
    /// Makes the folder, or takes the one that is there; `None` makes a temporary one.
    pub(super) fn open(data: Option<&Path>) -> Result<Self, Error> {
        if let Some(path) = data {
            make_private(path)?;
            return Self::take(real_path(path)?, None);
        }
        let folder = make_temporary()?;
        Self::take(real_path(folder.path())?, Some(folder))
    }

    fn take(path: PathBuf, temporary: Option<TempDir>) -> Result<Self, Error> {
        Ok(Self {
            lock: lock(&path)?,
            path,
            temporary,
        })
    }

    pub(super) fn is_temporary(&self) -> bool {
        self.temporary.is_some()
    }

    /// Leaves the removal to somebody else: the supervisor of etcd, who may outlive this process.
    pub(super) fn hand_over(self) -> PathBuf {
        if let Some(folder) = self.temporary {
            let _same_path = folder.keep();
        }
        self.path
    }
}

fn failed(path: &Path) -> impl FnOnce(io::Error) -> Error {
    let path = path.to_owned();
    move |source| Error::CreateFolder { path, source }
}

fn real_path(path: &Path) -> Result<PathBuf, Error> {
    path.canonicalize().map_err(failed(path))
}

fn make_private(path: &Path) -> Result<(), Error> {
    let mut builder = DirBuilder::new();
    let made = builder.recursive(true).mode(0o700).create(path);
    made.map_err(failed(path))
}

/// In memory where there is room, readable for its owner only.
fn make_temporary() -> Result<TempDir, Error> {
    let has_room = rustix::fs::statvfs(MEMORY)
        .is_ok_and(|system| system.f_bavail.saturating_mul(system.f_frsize) >= MEMORY_NEEDED);
    let parent = if has_room {
        PathBuf::from(MEMORY)
    } else {
        std::env::temp_dir()
    };
    let mut builder = tempfile::Builder::new();
    builder
        .prefix("addon-operator-")
        .permissions(Permissions::from_mode(0o700));
    let made = builder.tempdir_in(&parent);
    made.map_err(failed(&parent))
}

fn lock(folder: &Path) -> Result<File, Error> {
    let path = folder.join("lock");
    let file = File::create(&path).map_err(|source| Error::WriteFile { path, source })?;
    file.try_lock().map_err(|_| Error::LockData {
        folder: folder.to_owned(),
    })?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn temporary_folder_is_private_and_goes_unless_handed_over() {
        let folder = Folder::open(None).unwrap();
        let path = folder.path.clone();
        let mode = path.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
        drop(folder);
        assert!(!path.exists());

        let kept = Folder::open(None).unwrap().hand_over();
        assert!(kept.exists());
        std::fs::remove_dir_all(kept).unwrap();
    }

    #[test]
    fn folder_has_one_user_at_a_time() {
        let parent = tempfile::tempdir().unwrap();
        let data = parent.path().join("new/data");
        let first = Folder::open(Some(&data)).unwrap();
        let second = Folder::open(Some(&data));
        assert!(matches!(second, Err(Error::LockData { .. })));
        drop(first);
        assert!(Folder::open(Some(&data)).is_ok());
    }
}

//! The folder of this operator below the temporary folder, and those that others left there.
//!
//! Each operator has a folder of its own, with a file that it holds locked as long as it lives. The
//! kernel lets go of the lock however an operator ends, so what is not locked is left over.

use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::Swept;
use super::error::Error;
use super::mark::{Mark, kill_marked};

const PREFIX: &str = "operator-";
const LOCK: &str = "lock";
/// Older than this without a lock, a folder is not just being made.
const MADE_WITHIN: Duration = Duration::from_mins(1);

/// The folder of this operator. It is made when first needed and removed when dropped.
#[derive(Debug)]
pub(super) struct Home {
    temporary: PathBuf,
    path: PathBuf,
    keep_files: bool,
    lock: Mutex<Option<File>>,
}

impl Home {
    pub(super) fn new(temporary: PathBuf, keep_files: bool) -> Self {
        let temporary = std::path::absolute(&temporary).unwrap_or(temporary);
        let path = temporary.join(format!("{PREFIX}{}", unique()));
        Self {
            temporary,
            path,
            keep_files,
            lock: Mutex::new(None),
        }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn temporary(&self) -> &Path {
        &self.temporary
    }

    pub(super) fn keeps_files(&self) -> bool {
        self.keep_files
    }

    /// Makes the folder with its lock, when it is not there.
    pub(super) fn make(&self) -> io::Result<()> {
        let mut held = self.lock.lock().unwrap_or_else(PoisonError::into_inner);
        if held.is_some() && self.path.join(LOCK).exists() {
            return Ok(());
        }
        fs::create_dir_all(&self.temporary)?;
        match DirBuilder::new().mode(0o700).create(&self.path) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
            _ => {}
        }
        // Under its name the file is locked from the first moment.
        let new = self.path.join("lock.new");
        let lock = File::create(&new)?;
        lock.lock()?;
        fs::rename(new, self.path.join(LOCK))?;
        *held = Some(lock);
        Ok(())
    }

    pub(super) fn sweep(&self) -> Result<Swept, Error> {
        let mut swept = Swept::default();
        let failed = |source| Error::Sweep {
            folder: self.temporary.clone(),
            source,
        };
        let entries = match fs::read_dir(&self.temporary) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(swept),
            entries => entries.map_err(failed)?,
        };
        for entry in entries {
            let path = entry.map_err(failed)?.path();
            if path == self.path || !is_left_over(&path) {
                continue;
            }
            swept.processes += kill_marked(&Mark::of_operator(&path));
            swept.folders += 1;
            if !self.keep_files {
                remove(&path).map_err(failed)?;
            }
        }
        Ok(swept)
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        let lock = self.lock.get_mut().unwrap_or_else(PoisonError::into_inner);
        if lock.is_none() {
            return;
        }
        // What cannot be removed now is swept at the next start.
        if self.keep_files {
            let _ = fs::remove_file(self.path.join(LOCK));
            let _ = fs::remove_dir(&self.path);
        } else {
            let _ = remove(&self.path);
        }
    }
}

/// Removes a folder; that it is gone already is what we want.
pub(super) fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn is_left_over(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str());
    // A link could lead anywhere.
    let is_folder = fs::symlink_metadata(path).is_ok_and(|found| found.is_dir());
    if !name.is_some_and(is_ours) || !is_folder {
        return false;
    }
    match File::open(path.join(LOCK)) {
        Ok(lock) => lock.try_lock().is_ok(),
        Err(_) => fs::metadata(path)
            .and_then(|found| found.modified())
            .is_ok_and(|made| made.elapsed().is_ok_and(|age| age > MADE_WITHIN)),
    }
}

/// Whether a folder has a name as [`unique`] makes them: in a shared temporary folder others may have
/// folders that begin like ours.
fn is_ours(name: &str) -> bool {
    let parts = name
        .strip_prefix(PREFIX)
        .and_then(|rest| rest.split_once('-'));
    parts.is_some_and(|(process, random)| {
        process.parse::<u32>().is_ok()
            && random.len() == 16
            && random.bytes().all(|byte| byte.is_ascii_hexdigit())
    })
}

/// A name that no other operator has, in other containers with the same process numbers neither.
fn unique() -> String {
    use std::hash::{BuildHasher, RandomState};
    let random = RandomState::new().hash_one(std::process::id());
    format!("{}-{random:016x}", std::process::id())
}

//! The files of one module folder: which there are, whether they changed, and their digest.
//!
//! Links are followed, also to files and folders elsewhere (`ConfigMap` volumes are made of links).
//! Hidden entries do not count, but `.helmignore`. Only plain files are ever opened, so that a pipe
//! or a device in a folder cannot stop the operator.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File, Metadata};
use std::io::{self, Read};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use sha2::{Digest, Sha256};

use crate::report::{Mistake, Mistakes};

/// A module with more files is a mistake: most likely a link leads out of it.
const MOST_FILES: usize = 10_000;

/// Deeper folders are not looked into.
const MOST_LEVELS: usize = 32;

/// A larger file is no template; it is known by its metadata alone.
const LARGEST_FILE: u64 = 16 << 20;

/// Times of files are this coarse, at worst: a file that changed more recently is read again.
const COARSEST_TIME: Duration = Duration::from_secs(2);

/// What tells that a file is as it was, without reading it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stamp {
    device: u64,
    inode: u64,
    size: u64,
    modified: (i64, i64),
    changed: (i64, i64),
    executable: bool,
}

impl Stamp {
    pub(super) fn of(metadata: &Metadata) -> Self {
        Self {
            device: metadata.dev(),
            inode: metadata.ino(),
            size: metadata.len(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
            executable: metadata.permissions().mode() & 0o111 != 0,
        }
    }

    /// Whether the file was left alone for so long before `now` that its next change will show.
    pub(super) fn is_settled(&self, now: SystemTime) -> bool {
        let now = now.duration_since(UNIX_EPOCH).unwrap_or_default();
        let settled_since = now.saturating_sub(COARSEST_TIME).as_secs();
        u64::try_from(self.changed.0).is_ok_and(|changed| changed < settled_since)
    }

    pub(super) fn is_executable(&self) -> bool {
        self.executable
    }
}

/// The files of a folder, by their path within it.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Tree {
    pub(super) files: BTreeMap<PathBuf, Stamp>,
    /// What is there and cannot be looked at: dangling links, closed folders.
    pub(super) warnings: Vec<Mistake>,
}

/// Content digests of files that had this stamp when they were read.
pub(super) type Digests = BTreeMap<PathBuf, (Stamp, [u8; 32])>;

/// Why a folder is not usable at all.
#[derive(Debug)]
pub(super) enum Refusal {
    /// It cannot be listed.
    Unreadable(io::Error),
    /// It holds too much.
    TooManyFiles,
}

impl Tree {
    /// Looks at every file below `root`; `shown` is the folder for messages.
    pub(super) fn walk(root: &Path, shown: &Path) -> Result<Self, Refusal> {
        let metadata = fs::metadata(root).map_err(Refusal::Unreadable)?;
        fs::read_dir(root).map_err(Refusal::Unreadable)?;
        let mut walk = Walk {
            root,
            shown,
            tree: Self::default(),
            above: BTreeSet::from([(metadata.dev(), metadata.ino())]),
        };
        walk.folder(Path::new(""), 0)?;
        Ok(walk.tree)
    }

    /// The digest of all files, and the digests of each for the next time. Files that are in `known`
    /// with the same stamp are not read.
    pub(super) fn digest(
        &self,
        root: &Path,
        known: &Digests,
        now: SystemTime,
    ) -> (Contents, Digests) {
        let mut whole = Sha256::new();
        let mut hooks = Sha256::new();
        let mut has_hooks = false;
        let mut digests = Digests::new();
        for (path, stamp) in &self.files {
            let content = match known.get(path) {
                Some((known_stamp, digest)) if known_stamp == stamp => Some(*digest),
                _ => digest_file(&root.join(path), stamp).ok(),
            };
            let of_hooks = path.starts_with("hooks").then_some(&mut hooks);
            has_hooks |= of_hooks.is_some();
            for hash in [Some(&mut whole), of_hooks].into_iter().flatten() {
                hash_text(hash, path.as_os_str().as_encoded_bytes());
                hash.update([u8::from(stamp.executable), u8::from(content.is_some())]);
                hash.update(content.unwrap_or_default());
            }
            if let Some(content) = content.filter(|_| stamp.is_settled(now)) {
                digests.insert(path.clone(), (*stamp, content));
            }
        }
        let contents = Contents {
            whole: whole.finalize().into(),
            hooks: has_hooks.then(|| hooks.finalize().into()),
        };
        (contents, digests)
    }
}

/// What a folder holds, as digests of names, contents and execute bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Contents {
    /// Of all files.
    pub(super) whole: [u8; 32],
    /// Of those below `hooks/`; `None` when there is none.
    pub(super) hooks: Option<[u8; 32]>,
}

/// Hashes a text so that its end is known: `a`, `bc` is not `ab`, `c`.
pub(super) fn hash_text(hash: &mut Sha256, text: &[u8]) {
    hash.update(text.len().to_le_bytes());
    hash.update(text);
}

struct Walk<'a> {
    root: &'a Path,
    shown: &'a Path,
    tree: Tree,
    /// The folders around the present one: a link to one of them is a circle.
    above: BTreeSet<(u64, u64)>,
}

impl Walk<'_> {
    fn folder(&mut self, inner: &Path, level: usize) -> Result<(), Refusal> {
        let entries = match fs::read_dir(self.root.join(inner)) {
            Ok(entries) => entries,
            Err(error) => {
                self.warn(inner, &error.to_string());
                return Ok(());
            }
        };
        for entry in entries {
            match entry {
                Ok(entry) if counts(entry.file_name().as_encoded_bytes()) => {
                    self.entry(&inner.join(entry.file_name()), level)?;
                }
                Ok(_) => {}
                Err(error) => self.warn(inner, &error.to_string()),
            }
        }
        Ok(())
    }

    fn entry(&mut self, inner: &Path, level: usize) -> Result<(), Refusal> {
        let metadata = match fs::metadata(self.root.join(inner)) {
            Ok(metadata) => metadata,
            Err(error) => {
                self.warn(inner, &error.to_string());
                return Ok(());
            }
        };
        if metadata.is_file() {
            if self.tree.files.len() >= MOST_FILES {
                return Err(Refusal::TooManyFiles);
            }
            self.tree
                .files
                .insert(inner.to_owned(), Stamp::of(&metadata));
        }
        if !metadata.is_dir() {
            return Ok(());
        }
        let identity = (metadata.dev(), metadata.ino());
        if level >= MOST_LEVELS || !self.above.insert(identity) {
            self.warn(inner, "the folder is within itself, or too deep");
            return Ok(());
        }
        let result = self.folder(inner, level + 1);
        self.above.remove(&identity);
        result
    }

    fn warn(&mut self, inner: &Path, why: &str) {
        let file = self.shown.join(inner).display().to_string();
        let mistake = Mistake::new(file, format!("not looked at: {why}"));
        self.tree.warnings.push(mistake);
    }
}

fn counts(name: &[u8]) -> bool {
    !name.starts_with(b".") || name == b".helmignore"
}

fn digest_file(path: &Path, stamp: &Stamp) -> io::Result<[u8; 32]> {
    let mut hash = Sha256::new();
    if stamp.size > LARGEST_FILE {
        let (seconds, nanoseconds) = stamp.modified;
        hash.update(stamp.size.to_le_bytes());
        hash.update(seconds.to_le_bytes());
        hash.update(nanoseconds.to_le_bytes());
        return Ok(hash.finalize().into());
    }
    // A file that grows while it is read is cut; its next change is seen anyway.
    let mut file = File::open(path)?.take(LARGEST_FILE);
    let mut buffer = [0; 16 << 10];
    loop {
        let count = file.read(&mut buffer)?;
        if count == 0 {
            return Ok(hash.finalize().into());
        }
        hash.update(buffer.get(..count).unwrap_or_default());
    }
}

/// Reads a text file that may be absent. What is no plain file, too large or not UTF-8 is a mistake.
pub(super) fn read_text(path: &Path, shown: &str) -> Result<Option<String>, Mistakes> {
    let unreadable =
        |error: io::Error| Mistakes::from(Mistake::new(shown, format!("cannot be read: {error}")));
    let metadata = match fs::metadata(path) {
        Ok(metadata) => metadata,
        // A link that leads nowhere is not an absent file.
        Err(error) if error.kind() == io::ErrorKind::NotFound && !path.is_symlink() => {
            return Ok(None);
        }
        Err(error) => return Err(unreadable(error)),
    };
    if !metadata.is_file() {
        return Err(Mistake::new(shown, "expected a file, got something else").into());
    }
    if metadata.len() > LARGEST_FILE {
        return Err(Mistake::new(shown, "larger than 16 MiB").into());
    }
    let bytes = fs::read(path).map_err(unreadable)?;
    match String::from_utf8(bytes) {
        Ok(text) => Ok(Some(text)),
        Err(error) => {
            let good = error.as_bytes().get(..error.utf8_error().valid_up_to());
            let lines = good
                .unwrap_or_default()
                .iter()
                .filter(|byte| **byte == b'\n');
            let line = u32::try_from(lines.count() + 1).unwrap_or(u32::MAX);
            Err(Mistake::new(shown, "not UTF-8 text").at(line, 0).into())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file that changes twice within one tick has the same times both times.
    #[test]
    fn metadata_is_trusted_only_when_the_next_change_must_show() {
        let stamp = Stamp {
            device: 1,
            inode: 1,
            size: 1,
            modified: (1, 0),
            changed: (1_000, 999),
            executable: false,
        };
        for (now, settled) in [(0, false), (1_000, false), (1_002, false), (1_003, true)] {
            let now = UNIX_EPOCH + Duration::from_secs(now);
            assert_eq!(stamp.is_settled(now), settled, "{now:?}");
        }
    }

    #[test]
    fn files_that_may_have_changed_unseen_are_read_again() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("a"), "1").unwrap();
        let tree = Tree::walk(folder.path(), Path::new("x")).unwrap();
        let later = UNIX_EPOCH + Duration::from_secs(1 << 33);
        let (digest, settled) = tree.digest(folder.path(), &Digests::new(), later);
        let (_, unsettled) = tree.digest(folder.path(), &Digests::new(), UNIX_EPOCH);
        assert_eq!((settled.len(), unsettled.len()), (1, 0));
        // What is remembered is not read: the content behind the same stamp may be anything.
        let forged = settled
            .iter()
            .map(|(path, (stamp, _))| (path.clone(), (*stamp, [0; 32])));
        let (remembered, _) = tree.digest(folder.path(), &forged.collect(), later);
        assert_ne!(digest, remembered);
    }
}

//! The private folder of one run.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tempfile::TempDir;

use super::error::Error;
use super::home::Home;

/// A folder that only we may enter, for the files of one run. It is removed when dropped, unless the
/// settings keep files.
#[derive(Debug)]
pub struct Folder {
    folder: TempDir,
    /// Keeps the folder around it for as long.
    _home: Arc<Home>,
}

impl Folder {
    pub(super) fn make(home: &Arc<Home>, prefix: &str) -> Result<Self, Error> {
        let make = || {
            tempfile::Builder::new()
                .prefix(&format!("{prefix}-"))
                .permissions(Permissions::from_mode(0o700))
                .disable_cleanup(home.keeps_files())
                .tempdir_in(home.path())
        };
        // Mostly it is there; somebody may have cleaned up the temporary folder.
        let made = make().or_else(|error| match error.kind() {
            io::ErrorKind::NotFound => home.make().and_then(|()| make()),
            _ => Err(error),
        });
        match made {
            Ok(folder) => Ok(Self {
                folder,
                _home: home.clone(),
            }),
            Err(source) => Err(Error::MakeFolder {
                folder: home.temporary().to_owned(),
                source,
            }),
        }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// The path of a file in it.
    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a new file that only we may read (0600), and answers its path.
    pub fn write(&self, name: &str, content: &[u8]) -> Result<PathBuf, Error> {
        let file = self.file(name);
        let written = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&file)
            .and_then(|mut opened| opened.write_all(content));
        match written {
            Ok(()) => Ok(file),
            Err(source) => Err(Error::WriteFile { file, source }),
        }
    }
}

/// Reads a file that a process left, if it is a plain file of at most `longest` bytes.
///
/// A link is not followed and a pipe is not waited for: a file outside the folder is none of the
/// process's answers.
pub fn read_answer(path: &Path, longest: u64) -> io::Result<Vec<u8>> {
    let flags = rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK;
    let flags = i32::try_from(flags.bits()).unwrap_or_default();
    let file = File::options()
        .read(true)
        .custom_flags(flags)
        .open(path)
        .map_err(|error| match fs::symlink_metadata(path) {
            Ok(found) if !found.is_file() => not_plain(),
            _ => error,
        })?;
    if !file.metadata()?.is_file() {
        return Err(not_plain());
    }
    let mut bytes = Vec::new();
    file.take(longest.saturating_add(1))
        .read_to_end(&mut bytes)?;
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > longest {
        return Err(io::Error::new(
            io::ErrorKind::FileTooLarge,
            format!("it is larger than {longest} bytes, the most that is read"),
        ));
    }
    Ok(bytes)
}

fn not_plain() -> io::Error {
    io::Error::other("it is not a plain file any more")
}

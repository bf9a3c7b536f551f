//! The file of the debug socket: made, guarded, removed.

use std::fs::{self, DirBuilder, Metadata, Permissions};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, FileTypeExt, MetadataExt, PermissionsExt};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use tokio::net::UnixListener;

use super::super::Error;

/// The longest path of a unix socket in bytes (`sun_path` without its final zero byte).
const LONGEST_PATH: usize = 107;

/// A socket that is listened on.
pub(super) struct Socket {
    listener: UnixListener,
    file: SocketFile,
}

/// The file of a socket. It is removed when this is dropped, unless another one took its place.
pub(super) struct SocketFile {
    path: PathBuf,
    identity: Option<(u64, u64)>,
}

impl Socket {
    /// Makes the folder and the socket, both for the owner alone.
    pub(super) fn bind(path: &Path) -> Result<Self, Error> {
        let bad = |why| Error::BadSocket {
            path: path.to_owned(),
            why,
        };
        if path.as_os_str().len() > LONGEST_PATH {
            return Err(bad(
                "the path is longer than the 107 bytes a unix socket may have",
            ));
        }
        if path.file_name().is_none() || path.as_os_str().as_bytes().ends_with(b"/") {
            return Err(bad("the path names no file"));
        }
        make_folder(path)?;
        match occupant(path).map_err(|cause| failed(path, cause))? {
            Occupant::Nothing => {}
            Occupant::Stale => fs::remove_file(path).map_err(|cause| failed(path, cause))?,
            Occupant::Operator => return Err(bad("another operator answers there")),
            Occupant::Other => return Err(bad("there is something that is not a socket")),
        }
        Self::listen(path).map_err(|cause| failed(path, cause))
    }

    fn listen(path: &Path) -> io::Result<Self> {
        let listener = UnixListener::bind(path)?;
        let file = SocketFile {
            path: path.to_owned(),
            identity: fs::symlink_metadata(path).ok().as_ref().map(identity),
        };
        fs::set_permissions(path, Permissions::from_mode(0o600))?;
        Ok(Self { listener, file })
    }

    /// The listener, and its file to be kept as long.
    pub(super) fn open(self) -> (UnixListener, SocketFile) {
        (self.listener, self.file)
    }
}

impl SocketFile {
    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        let there = fs::symlink_metadata(&self.path).ok();
        if self.identity.is_some() && there.as_ref().map(identity) == self.identity {
            // A file that cannot be removed is a stale socket, which the next start replaces.
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// What is at the place of the socket.
enum Occupant {
    Nothing,
    /// A socket that nobody answers on.
    Stale,
    /// A socket that somebody answers on.
    Operator,
    /// A file, a folder, a link.
    Other,
}

fn occupant(path: &Path) -> io::Result<Occupant> {
    let there = match fs::symlink_metadata(path) {
        Ok(there) => there,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Occupant::Nothing),
        Err(error) => return Err(error),
    };
    if !there.file_type().is_socket() {
        return Ok(Occupant::Other);
    }
    match UnixStream::connect(path) {
        Ok(_) => Ok(Occupant::Operator),
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => Ok(Occupant::Stale),
        Err(error) => Err(error),
    }
}

fn make_folder(path: &Path) -> Result<(), Error> {
    let folder = match path.parent() {
        None => return Ok(()),
        Some(parent) if parent.as_os_str().is_empty() => return Ok(()),
        Some(parent) => parent,
    };
    let mut builder = DirBuilder::new();
    let made = builder.recursive(true).mode(0o700).create(folder);
    made.map_err(|cause| Error::MakeSocketFolder {
        folder: folder.to_owned(),
        cause,
    })
}

fn failed(path: &Path, cause: io::Error) -> Error {
    Error::ListenSocket {
        path: path.to_owned(),
        cause,
    }
}

fn identity(file: &Metadata) -> (u64, u64) {
    (file.dev(), file.ino())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    fn refusal(path: &Path) -> String {
        match Socket::bind(path) {
            Ok(_) => panic!("{} was taken", path.display()),
            Err(error) => error.to_string(),
        }
    }

    #[tokio::test]
    async fn the_socket_is_for_the_owner_and_goes_away() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("run/deep/debug.socket");
        let socket = Socket::bind(&path).unwrap();
        assert_eq!(mode(&path), 0o600);
        assert_eq!(mode(path.parent().unwrap()), 0o700);
        drop(socket);
        assert!(!path.exists());
    }

    #[tokio::test]
    async fn only_a_dead_socket_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("debug.socket");
        let first = Socket::bind(&path).unwrap();
        assert!(refusal(&path).contains("another operator answers there"));

        // A killed operator leaves its socket behind.
        let (listener, file) = first.open();
        std::mem::forget(file);
        drop(listener);
        assert!(path.exists());
        drop(Socket::bind(&path).unwrap());

        fs::write(&path, "precious").unwrap();
        assert!(refusal(&path).contains("not a socket"));
        assert_eq!(fs::read_to_string(&path).unwrap(), "precious");
    }

    #[tokio::test]
    async fn a_successors_socket_stays() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("debug.socket");
        let first = Socket::bind(&path).unwrap();
        fs::remove_file(&path).unwrap();
        let successor = Socket::bind(&path).unwrap();
        drop(first);
        assert!(path.exists());
        drop(successor);
    }

    #[test]
    fn bad_paths_say_what_to_do() {
        let long = PathBuf::from(format!("/tmp/{}", "x".repeat(103)));
        assert!(refusal(&long).contains("longer than the 107 bytes"));
        assert!(refusal(&long).contains("--socket"));
        assert!(refusal(Path::new("/tmp/x/")).contains("names no file"));
        assert!(refusal(Path::new("/dev/null/debug.socket")).contains("/dev/null"));
    }
}

//! Hooks for `sh`, and what they say to the bench.

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, SystemTime};

use rustix::fs::{CWD, FileType, Mode, mknodat};
use serde_json::Value;
use tempfile::TempDir;

const PATIENCE: Duration = Duration::from_mins(3);

/// Writes a hook that prints `config`, and else does `deed`. Neither starts another program.
pub(crate) fn write_hook(file: &Path, config: &Value, deed: &str) {
    fs::create_dir_all(file.parent().expect("a folder")).expect("folders");
    let config = config.to_string();
    assert!(!config.contains('\''), "a quote in {config}");
    let text = format!(
        "#!/bin/sh\nif [ \"$1\" != --config ]; then\n  {deed}\nelse\n  echo '{config}'\nfi\n"
    );
    fs::write(file, text).expect("a file");
    fs::set_permissions(file, fs::Permissions::from_mode(0o755)).expect("a mode");
}

/// A pipe with a name, into which hooks write lines.
pub(crate) struct Ear {
    heard: Receiver<(SystemTime, String)>,
    path: PathBuf,
    _folder: TempDir,
}

impl Ear {
    pub(crate) fn open() -> Self {
        let folder = TempDir::new().expect("a folder");
        let path = folder.path().join("ear");
        mknodat(CWD, &path, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).expect("a pipe");
        // As it is open for writing, too, it never ends and nobody waits for the other side.
        let pipe = File::options().read(true).write(true).open(&path);
        let pipe = BufReader::new(pipe.expect("a pipe"));
        let (tell, heard) = channel();
        // It ends with the bench.
        thread::spawn(move || {
            for line in pipe.lines().map_while(Result::ok) {
                if tell.send((SystemTime::now(), line)).is_err() {
                    return;
                }
            }
        });
        Self {
            heard,
            path,
            _folder: folder,
        }
    }

    /// Where hooks write.
    pub(crate) fn path(&self) -> &str {
        self.path.to_str().expect("UTF-8")
    }

    /// The next line, and when it came.
    pub(crate) fn hear(&self) -> (SystemTime, String) {
        self.heard.recv_timeout(PATIENCE).expect("a line in time")
    }
}

//! A disk that is soon full.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A small file system that is gone with it.
pub(crate) struct SmallDisk(PathBuf);

impl SmallDisk {
    /// One of 64 KiB in a new folder; `None` where mounting is not allowed.
    pub(crate) fn mount(folder: PathBuf) -> Option<Self> {
        fs::create_dir(&folder).expect("a folder");
        let small = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs"];
        run(&small, &folder).then_some(Self(folder))
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// Makes it large enough for all tests.
    pub(crate) fn grow(&self) {
        assert!(run(&["mount", "-o", "remount,size=10m"], &self.0));
    }

    /// Leaves no room, until [`free`](Self::free).
    pub(crate) fn fill(&self) {
        let written = fs::write(self.0.join("filling"), vec![0_u8; 11 << 20]);
        assert!(written.is_err(), "there is room left");
    }

    /// Makes room again.
    pub(crate) fn free(&self) {
        fs::remove_file(self.0.join("filling")).expect("it is full");
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        run(&["umount", "-l"], &self.0);
    }
}

fn run(arguments: &[&str], folder: &Path) -> bool {
    let mut command = Command::new(arguments[0]);
    command.args(&arguments[1..]).arg(folder);
    command.output().is_ok_and(|output| output.status.success())
}

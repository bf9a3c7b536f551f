//! The files of one module folder: which there are, and what is in them.
//!
//! Symbolic links are followed as Helm follows them, but not out of the folder: a chart must not
//! bring a file of the operator's own machine into the cluster.

use std::fs;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use crate::chart::Error;
use crate::report::Mistake;

use super::ignore::Rules;
use super::{Buffered, CHART_LIMIT, FILE_LIMIT};

/// How many files a chart may have, and how deep folders may be: both far above any real chart.
const COUNT_LIMIT: usize = 20_000;
const DEPTH_LIMIT: usize = 64;

/// Folders that belong to a module and not to its chart, when the chart has no `Chart.yaml`.
const MODULE_FOLDERS: [&str; 5] = ["crds", "docs", "hooks", "images", "lib"];

/// One file that was found.
pub(in crate::chart) struct Found {
    /// Its path in the folder, with slashes.
    pub(in crate::chart) path: String,
    /// Where it really is.
    real: PathBuf,
}

/// One entry of a folder, links followed.
struct Entry {
    path: String,
    real: PathBuf,
    is_folder: bool,
}

/// A module folder while it is being read.
pub(in crate::chart) struct Folder {
    /// The folder as the caller knows it, for messages.
    shown: PathBuf,
    /// The folder without symbolic links.
    root: PathBuf,
    /// What `.helmignore` says.
    rules: Rules,
    /// Whether [`MODULE_FOLDERS`] are left out.
    is_bare: bool,
    /// Bytes read so far.
    read: u64,
    /// What a person has to correct.
    pub(in crate::chart) mistakes: Vec<Mistake>,
    /// The same in Helm's words, where it has some.
    pub(in crate::chart) words: Vec<String>,
    /// Links that were followed, told as Helm tells them.
    pub(in crate::chart) followed: Vec<String>,
}

impl Folder {
    pub(in crate::chart) fn open(dir: &Path) -> Result<Self, Error> {
        let root = fs::canonicalize(dir).map_err(|source| Error::Read {
            path: dir.to_owned(),
            source,
        })?;
        let mut folder = Self {
            shown: dir.to_owned(),
            root,
            rules: Rules::default(),
            is_bare: false,
            read: 0,
            mistakes: Vec::new(),
            words: Vec::new(),
            followed: Vec::new(),
        };
        folder.is_bare = !folder.has("Chart.yaml")?;
        if folder.has(".helmignore")? {
            let text = folder.read_named(".helmignore")?;
            let shown = folder.show(".helmignore");
            let (rules, wrong) = Rules::parse(&text);
            folder.rules = rules;
            for (line, message, helm) in wrong {
                folder.words.push(helm.to_owned());
                let mistake = Mistake::new(shown.as_str(), message).at(line, 0);
                folder.mistakes.push(mistake);
            }
        }
        Ok(folder)
    }

    /// Whether the folder has no `Chart.yaml`.
    pub(in crate::chart) fn is_bare(&self) -> bool {
        self.is_bare
    }

    /// Whether there is an entry of this name in the folder, if only a broken link.
    pub(in crate::chart) fn has(&self, name: &str) -> Result<bool, Error> {
        match fs::symlink_metadata(self.root.join(name)) {
            Ok(_) => Ok(true),
            Err(error) if is_absent(&error) => Ok(false),
            Err(source) => Err(self.unreadable(name, source)),
        }
    }

    /// A path of this folder as the caller knows it.
    pub(in crate::chart) fn show(&self, path: &str) -> String {
        self.shown.join(path).display().to_string()
    }

    /// The text of a file known by name, empty (with a mistake) when it cannot be used.
    pub(in crate::chart) fn read_named(&mut self, name: &str) -> Result<String, Error> {
        let Some((real, _)) = self.resolve(name)? else {
            return Ok(String::new());
        };
        self.read_text(&Found {
            path: name.to_owned(),
            real,
        })
    }

    /// The text of a file, without a byte order mark; empty (with a mistake) when it is none.
    pub(in crate::chart) fn read_text(&mut self, found: &Found) -> Result<String, Error> {
        let bytes = self.read_bytes(found)?;
        if let Ok(text) = String::from_utf8(bytes) {
            return Ok(text
                .strip_prefix('\u{feff}')
                .map_or(text.clone(), str::to_owned));
        }
        self.refuse(&found.path, "is not UTF-8 text", "");
        Ok(String::new())
    }

    /// What is in a file; nothing (with a mistake) when it is too large.
    pub(in crate::chart) fn read_bytes(&mut self, found: &Found) -> Result<Vec<u8>, Error> {
        let unreadable = |source| Error::Read {
            path: self.shown.join(&found.path),
            source,
        };
        let mut file = fs::File::open(&found.real).map_err(unreadable)?;
        let size = file.metadata().map_err(unreadable)?.len();
        if size > FILE_LIMIT {
            let message = format!("has {size} bytes; a file of a chart may have {FILE_LIMIT}");
            self.refuse(&found.path, &message, "name it in .helmignore");
            let name = found.path.rsplit('/').next().unwrap_or_default();
            self.word(format!(
                "chart file {name:?} is larger than the maximum file size {FILE_LIMIT}"
            ));
            return Ok(Vec::new());
        }
        let before = self.read;
        self.read += size;
        if self.read > CHART_LIMIT {
            if before <= CHART_LIMIT {
                let message = format!("with it the chart has more than {CHART_LIMIT} bytes");
                self.refuse(
                    &found.path,
                    &message,
                    "name what it does not need in .helmignore",
                );
            }
            return Ok(Vec::new());
        }
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(unreadable)?;
        Ok(bytes)
    }

    /// Adds a mistake about a file of this folder.
    pub(in crate::chart) fn refuse(&mut self, path: &str, message: &str, hint: &str) {
        self.words.push(format!("{path} {message}"));
        self.mistakes
            .push(Mistake::new(self.show(path), message).hint(hint));
    }

    /// Puts Helm's words in the place of ours for the mistake that was added last.
    fn word(&mut self, words: String) {
        self.words.pop();
        self.words.push(words);
    }

    /// All files below `start`, read.
    pub(in crate::chart) fn read_all(&mut self, start: &str) -> Result<Vec<Buffered>, Error> {
        let mut files = Vec::new();
        for found in self.list(start)? {
            let data = self.read_bytes(&found)?;
            files.push(Buffered::new(found.path, data));
        }
        Ok(files)
    }

    /// All files below `start` (the folder itself when empty) that are part of the chart, by path.
    pub(in crate::chart) fn list(&mut self, start: &str) -> Result<Vec<Found>, Error> {
        let mut found = Vec::new();
        if let Some((real, true)) = self.resolve(start)? {
            self.list_folder(start, &[&real], &mut found)?;
        }
        // As a walk through the folders meets them: `a/b` before `a-b`.
        found.sort_by(|one, other| one.path.split('/').cmp(other.path.split('/')));
        Ok(found)
    }

    /// `trail` holds the real folders from the start to this one, so that a link back is noticed.
    fn list_folder(
        &mut self,
        path: &str,
        trail: &[&Path],
        found: &mut Vec<Found>,
    ) -> Result<(), Error> {
        let Some(here) = trail.last() else {
            return Ok(());
        };
        for entry in self.entries(path, here)? {
            let is_folder = entry.is_folder;
            let is_the_modules = self.is_bare && is_folder && is_module_folder(&entry.path);
            if is_the_modules || self.rules.leave_out(&entry.path, is_folder) {
                continue;
            }
            if !is_folder {
                found.push(Found {
                    path: entry.path,
                    real: entry.real,
                });
            } else if trail.contains(&&*entry.real) || trail.len() > DEPTH_LIMIT {
                self.refuse(
                    &entry.path,
                    "leads back to a folder above it, or too deep",
                    "",
                );
            } else {
                let trail: Vec<&Path> = trail.iter().copied().chain([&*entry.real]).collect();
                self.list_folder(&entry.path, &trail, found)?;
            }
        }
        if found.len() > COUNT_LIMIT {
            self.refuse(
                path,
                "the chart has too many files",
                "name them in .helmignore",
            );
            found.clear();
        }
        Ok(())
    }

    /// What is in one folder. Only links cost a look at where they lead.
    fn entries(&mut self, path: &str, real: &Path) -> Result<Vec<Entry>, Error> {
        let mut entries = Vec::new();
        for entry in fs::read_dir(real).map_err(|source| self.unreadable(path, source))? {
            let entry = entry.map_err(|source| self.unreadable(path, source))?;
            let name = entry.file_name();
            let Some(name) = name.to_str() else {
                let shown = format!("{path}/{}", name.to_string_lossy());
                self.refuse(&shown, "its name is not UTF-8", "rename it");
                continue;
            };
            let path = if path.is_empty() {
                name.to_owned()
            } else {
                format!("{path}/{name}")
            };
            let kind = entry
                .file_type()
                .map_err(|source| self.unreadable(&path, source))?;
            if kind.is_file() || kind.is_dir() {
                entries.push(Entry {
                    path,
                    real: entry.path(),
                    is_folder: kind.is_dir(),
                });
            } else if let Some((real, is_folder)) = self.resolve(&path)? {
                self.followed.push(format!(
                    "found symbolic link in path: {} resolves to {}. Contents of linked file \
                     included and used",
                    self.shown.join(&path).display(),
                    real.display()
                ));
                entries.push(Entry {
                    path,
                    real,
                    is_folder,
                });
            }
        }
        Ok(entries)
    }

    /// Where an entry really is, and whether it is a folder. `None`, with a mistake, for a link that
    /// leads nowhere or out of the folder, and for what is neither file nor folder.
    fn resolve(&mut self, path: &str) -> Result<Option<(PathBuf, bool)>, Error> {
        let real = match fs::canonicalize(self.root.join(path)) {
            Ok(real) => real,
            Err(error) if is_absent(&error) => {
                // An entry that was listed and is gone is as if it had not been listed.
                if self.has(path)? {
                    self.refuse(path, "is a symbolic link to nothing", "");
                    let link = self.root.join(path);
                    let target = fs::read_link(&link).unwrap_or_default();
                    let target = link.parent().unwrap_or(&self.root).join(target);
                    self.word(format!(
                        "error evaluating symlink {}: lstat {}: no such file or directory",
                        link.display(),
                        target.display()
                    ));
                }
                return Ok(None);
            }
            Err(source) => return Err(self.unreadable(path, source)),
        };
        if !real.starts_with(&self.root) {
            self.refuse(
                path,
                "is a symbolic link out of the module folder",
                "put a copy there",
            );
            return Ok(None);
        }
        let kind = fs::metadata(&real).map_err(|source| self.unreadable(path, source))?;
        if !kind.is_dir() && !kind.is_file() {
            self.refuse(path, "is neither a file nor a folder", "");
            return Ok(None);
        }
        Ok(Some((real, kind.is_dir())))
    }

    fn unreadable(&self, path: &str, source: io::Error) -> Error {
        Error::Read {
            path: self.shown.join(path),
            source,
        }
    }
}

fn is_module_folder(path: &str) -> bool {
    MODULE_FOLDERS.contains(&path.rsplit('/').next().unwrap_or(path))
}

fn is_absent(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
}

//! What is looked at: all modules, some of them, the folders that were typed.

use std::fs;
use std::path::{Path, PathBuf};

use super::super::cannot_say;
use crate::cli::output::Failure;
use crate::module::Discovery;
use crate::name::ModuleName;
use crate::report::nearest;

/// The word for the global hooks.
pub(super) const GLOBAL: &str = "global";

/// A folder with one of these is a module.
const SIGNS: [&str; 7] = [
    "Chart.yaml",
    "crds",
    "enabled",
    "hooks",
    "module.yaml",
    "openapi",
    "templates",
];

/// What is looked at.
#[derive(Debug, Default)]
pub(super) struct Scope {
    /// The modules directories that are read.
    pub(super) dirs: Vec<PathBuf>,
    /// Whether all of them is told.
    is_all: bool,
    /// Else what is.
    only: Vec<Only>,
    /// Whether the global hooks are looked at, too.
    pub(super) global: bool,
}

#[derive(Debug, PartialEq)]
enum Only {
    Dir(PathBuf),
    Folder(PathBuf),
    Name(String),
}

impl Scope {
    /// Reads what was typed; `dirs` are the modules directories of the flags.
    pub(super) fn read(typed: &[String], dirs: Vec<PathBuf>) -> Self {
        if typed.is_empty() {
            return Self {
                dirs,
                is_all: true,
                global: true,
                ..Self::default()
            };
        }
        let mut scope = Self::default();
        for word in typed {
            let path = Path::new(word);
            let is_name =
                ModuleName::parse(word).is_ok() && dirs.iter().any(|dir| holds(dir, word));
            if word == GLOBAL {
                scope.global = true;
            } else if path.is_dir() && !is_name {
                scope.take_folder(path);
            } else {
                scope.only.push(Only::Name(word.clone()));
            }
        }
        let names = scope.only.iter().any(|only| matches!(only, Only::Name(_)));
        if names || scope.only.is_empty() {
            scope.dirs.extend(dirs);
        }
        scope
    }

    fn take_folder(&mut self, path: &Path) {
        // `.` and `..` have no name.
        let path = match path.file_name() {
            Some(_) => path.to_owned(),
            None => fs::canonicalize(path).unwrap_or_else(|_| path.to_owned()),
        };
        let is_module = SIGNS.iter().any(|sign| path.join(sign).exists());
        if is_module {
            let above = path.parent().map(Path::to_owned).unwrap_or_default();
            let above = if above.as_os_str().is_empty() {
                PathBuf::from(".")
            } else {
                above
            };
            let name = path.file_name().unwrap_or_default();
            self.only.push(Only::Folder(above.join(name)));
            self.dirs.push(above);
        } else {
            self.only.push(Only::Dir(path.clone()));
            self.dirs.push(path);
        }
    }

    /// Whether a modules directory's own file is told.
    pub(super) fn has_dir(&self, dir: &Path) -> bool {
        self.is_all || self.only.contains(&Only::Dir(dir.to_owned()))
    }

    /// Whether modules are looked at, and not the global hooks alone.
    pub(super) fn has_modules(&self) -> bool {
        self.is_all || !self.only.is_empty()
    }

    /// Whether a module is told.
    pub(super) fn has(&self, name: Option<&ModuleName>, folder: &Path) -> bool {
        let dir = folder.parent().unwrap_or(Path::new(""));
        self.has_dir(dir)
            || self.only.iter().any(|only| match only {
                Only::Dir(_) => false,
                Only::Folder(path) => path == folder,
                Only::Name(typed) => name.is_some_and(|name| name.as_str() == typed),
            })
    }

    /// Refuses names of modules that are not there.
    pub(super) fn check(&self, discovery: &Discovery) -> Result<(), Failure> {
        let known: Vec<&str> = discovery
            .names()
            .into_iter()
            .map(ModuleName::as_str)
            .collect();
        for only in &self.only {
            let Only::Name(typed) = only else { continue };
            if !known.contains(&typed.as_str()) {
                return Err(cannot_say(match nearest(typed, known.iter().copied()) {
                    Some(meant) => format!("there is no module {typed}; did you mean {meant}?"),
                    None => format!("there is no module or folder {typed}"),
                }));
            }
        }
        Ok(())
    }
}

/// Whether a modules directory has a module of this name.
fn holds(dir: &Path, name: &str) -> bool {
    let entries = fs::read_dir(dir).into_iter().flatten().flatten();
    let mut names = entries.map(|entry| entry.file_name());
    names.any(|entry| {
        let entry = entry.to_string_lossy();
        let rest = entry.trim_start_matches(|letter: char| letter.is_ascii_digit());
        entry == name || (rest.len() < entry.len() && rest.strip_prefix('-') == Some(name))
    })
}

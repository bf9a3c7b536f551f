//! Finds the hooks of a folder.
//!
//! The rules are the original's: all folders below, but for hidden ones and `lib` (of a module also
//! `venv`); all executable files, but for hidden ones and texts. A link to a folder is not followed,
//! a link to a file is what it leads to: hooks from a `ConfigMap` are links. Beside them, `*.hook.yaml`
//! are hooks that are declared.

use std::fs::{self, Metadata};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::HookFile;
use crate::binding::Place;
use crate::report::Mistake;

/// Files with this ending are hooks that are declared.
const DECLARATION: &str = ".hook.yaml";
/// Other files with these endings are no hooks.
const TEXTS: [&str; 4] = ["yaml", "json", "md", "txt"];

/// What a folder of hooks holds.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Discovered {
    /// The hooks, sorted by name.
    pub hooks: Vec<HookFile>,
    /// Files that are no hooks and look as if they should be.
    pub warnings: Vec<Mistake>,
}

/// Finds the hooks of `folder`: the `hooks` folder of a module; the folder of the global hooks,
/// where a `hooks` folder inside it stands for it; that of a shell-operator. A folder that does not
/// exist holds no hooks.
pub fn discover(place: Place, folder: &Path) -> Discovered {
    let inside = folder.join("hooks");
    let root = match place {
        Place::Global if inside.is_dir() => inside.as_path(),
        _ => folder,
    };
    let prefix = match root.file_name() {
        Some(name) if name == "hooks" && place != Place::Standalone => "hooks/",
        _ => "",
    };
    let shown = match place {
        Place::Standalone => String::new(),
        Place::Global | Place::Module => shown(folder, root) + "/",
    };
    let mut walk = Walk {
        place,
        root,
        prefix,
        shown,
        python: python(place, root),
        found: Discovered::default(),
    };
    walk.enter(root);
    let mut found = walk.found;
    found.hooks.sort_by(|one, other| one.name.cmp(&other.name));
    found
}

/// One file as a hook, wherever it is: as [`discover`] finds it when it lies below a folder `hooks`.
/// `shown` is its name for people.
pub fn one(place: Place, path: &Path, shown: &str) -> Result<HookFile, Mistake> {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let above = path.parent().unwrap_or(Path::new("/"));
    let hooks = above.ancestors().find(|folder| folder.ends_with("hooks"));
    let root = hooks.unwrap_or(above);
    let mut walk = Walk {
        place,
        root,
        prefix: "hooks/",
        shown: String::new(),
        python: python(place, root),
        found: Discovered::default(),
    };
    match fs::metadata(&path) {
        Ok(found) => walk.take(&path, &found),
        Err(error) => walk.warn(&path, format!("cannot be read: {error}"), ""),
    }
    let named = |mistake: Mistake| Mistake {
        file: shown.to_owned(),
        ..mistake
    };
    match walk.found.hooks.pop() {
        Some(file) => Ok(HookFile {
            shown: shown.to_owned(),
            ..file
        }),
        None => Err(walk.found.warnings.pop().map(named).unwrap_or_default()),
    }
}

struct Walk<'a> {
    place: Place,
    root: &'a Path,
    /// What names have before the path below the root.
    prefix: &'static str,
    /// What people see before the path below the root.
    shown: String,
    python: Option<PathBuf>,
    found: Discovered,
}

impl Walk<'_> {
    fn enter(&mut self, folder: &Path) {
        let entries = match fs::read_dir(folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return,
            Err(error) => return self.warn(folder, format!("cannot be read: {error}"), ""),
        };
        for entry in entries {
            match entry.and_then(|entry| Ok((entry.path(), entry.file_type()?))) {
                Ok((path, kind)) if kind.is_dir() => self.folder(&path),
                Ok((path, _)) => self.file(&path),
                Err(error) => self.warn(folder, format!("cannot be read: {error}"), ""),
            }
        }
    }

    fn folder(&mut self, path: &Path) {
        let is_left_out = match path.file_name().and_then(|name| name.to_str()) {
            Some("lib") => true,
            Some("venv") => self.place == Place::Module,
            Some(name) => name.starts_with('.'),
            None => false,
        };
        if !is_left_out {
            self.enter(path);
        }
    }

    fn file(&mut self, path: &Path) {
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else {
            return self.warn(path, "its name is not UTF-8, so it is no hook", "");
        };
        let ending = path.extension().and_then(|ending| ending.to_str());
        let is_text = ending.is_some_and(|ending| TEXTS.contains(&ending));
        let may_declare = self.place != Place::Standalone && is_declaration(name);
        if name.starts_with('.') || (is_text && !may_declare) {
            return;
        }
        match fs::metadata(path) {
            Ok(found) if found.is_dir() => {}
            Ok(found) if found.is_file() => self.take(path, &found),
            Ok(_) => self.warn(path, "is not a file, so it is no hook", ""),
            Err(error) => self.warn(path, format!("cannot be read: {error}"), ""),
        }
    }

    fn take(&mut self, path: &Path, metadata: &Metadata) {
        let is_program = metadata.permissions().mode() & 0o111 != 0;
        if !is_program && !path.to_str().is_some_and(is_declaration) {
            let hint = if path.extension().is_some_and(|ending| ending == "yml") {
                "declared hooks end in .hook.yaml"
            } else {
                "make it executable by chmod +x; what hooks share belongs into lib/"
            };
            return self.warn(path, "is not executable, so it is no hook", hint);
        }
        let Some(below) = self.below(path) else {
            return self.warn(path, "its path is not UTF-8, so it is no hook", "");
        };
        let python = self
            .python
            .clone()
            .filter(|_| path.extension().is_some_and(|ending| ending == "py"));
        match digest(path, python.as_deref()) {
            Ok(digest) => self.found.hooks.push(HookFile {
                name: format!("{}{below}", self.prefix),
                shown: format!("{}{below}", self.shown),
                place: self.place,
                root: self.root.to_owned(),
                path: path.to_owned(),
                python,
                digest,
            }),
            Err(error) => self.warn(path, format!("cannot be read: {error}"), ""),
        }
    }

    fn below(&self, path: &Path) -> Option<String> {
        let below = path.strip_prefix(self.root).ok()?;
        below.to_str().map(str::to_owned)
    }

    fn warn(&mut self, path: &Path, message: impl Into<String>, hint: &str) {
        let below = path.strip_prefix(self.root).unwrap_or(path);
        let mut file = format!("{}{}", self.shown, below.display());
        if file.is_empty() {
            file = path.display().to_string();
        }
        let mistake = Mistake::new(file, message).hint(hint);
        self.found.warnings.push(mistake);
    }
}

/// Whether a file of this name is a hook that is declared.
pub fn is_declaration(name: &str) -> bool {
    name.ends_with(DECLARATION)
}

/// The folder as people know it: `010-web/hooks`, `global-hooks`, `global-hooks/hooks`.
fn shown(folder: &Path, root: &Path) -> String {
    let is_inside = root != folder;
    let is_hooks = root.file_name().is_some_and(|name| name == "hooks");
    let top = match (is_inside, is_hooks) {
        (true, _) => folder,
        (false, true) => folder.parent().unwrap_or(folder),
        (false, false) => root,
    };
    let above = top.parent().unwrap_or(Path::new(""));
    let shown = root.strip_prefix(above).unwrap_or(root);
    shown.display().to_string()
}

/// The interpreter of a module's own Python environment.
fn python(place: Place, root: &Path) -> Option<PathBuf> {
    let python = root.join("venv/bin/python3");
    let is_program = |found: Metadata| found.is_file() && found.permissions().mode() & 0o111 != 0;
    let is_there = place == Place::Module && fs::metadata(&python).is_ok_and(is_program);
    is_there.then_some(python)
}

fn digest(path: &Path, python: Option<&Path>) -> io::Result<[u8; 32]> {
    let mut hash = Sha256::new();
    let python = python.map(|path| path.as_os_str().as_encoded_bytes());
    hash.update(python.unwrap_or_default());
    hash.update([0]);
    hash.update(fs::read(path)?);
    Ok(hash.finalize().into())
}

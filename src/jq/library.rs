//! Where filters find the modules that they import.

use std::{
    fmt,
    sync::{Arc, OnceLock},
};

/// Reads the file at a path: its text, `None` when there is none, or why it cannot be read.
type Read = dyn Fn(&str) -> Result<Option<String>, String> + Send + Sync;

static OF_PROCESS: OnceLock<Library> = OnceLock::new();

/// Folders with modules, and the door through which they are read. Cheap to clone; the default one
/// is empty.
#[derive(Clone, Default)]
pub struct Library {
    folders: Arc<[String]>,
    read: Option<Arc<Read>>,
}

/// A file of a library.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) path: String,
    pub(super) text: String,
}

impl Library {
    /// A library of these folders, the first that has a module counts. A folder whose name is `.jq`
    /// may be a file: every filter includes it.
    pub fn new(
        folders: Vec<String>,
        read: impl Fn(&str) -> Result<Option<String>, String> + Send + Sync + 'static,
    ) -> Self {
        let folders = folders.into_iter().filter(|folder| !folder.is_empty());
        Self {
            folders: folders.collect(),
            read: Some(Arc::new(read)),
        }
    }

    /// Makes this the library of every filter that is compiled from now on without one of its own.
    /// For the start of the process: the first call counts, and a filter before it finds no modules.
    pub fn install(self) {
        // Whoever comes second finds that the start is over.
        let _ = OF_PROCESS.set(self);
    }

    /// The library that was installed.
    pub(super) fn of_process() -> Self {
        OF_PROCESS.get().cloned().unwrap_or_default()
    }

    /// The files that every filter includes.
    pub(super) fn included(&self) -> Result<Vec<Found>, String> {
        let named = self
            .folders
            .iter()
            .filter(|folder| folder.rsplit('/').next() == Some(".jq"));
        let found = named.map(|path| self.at(path.clone()));
        found.filter_map(Result::transpose).collect()
    }

    /// The file of a module. `search` is a folder that is looked at first; `from` the folder of the
    /// module that says so.
    pub(super) fn find(
        &self,
        name: &str,
        ending: &str,
        (search, from): (Option<&str>, &str),
    ) -> Result<Found, String> {
        let last = name.rsplit('/').next().unwrap_or(name);
        let search = search.map(|search| resolved(search, from));
        for folder in search.iter().chain(self.folders.iter()) {
            let inside = format!("{folder}/{name}/{last}{ending}");
            for path in [format!("{folder}/{name}{ending}"), inside] {
                if let Some(found) = self.at(path)? {
                    return Ok(found);
                }
            }
        }
        Err(format!("module not found: {name:?}"))
    }

    fn at(&self, path: String) -> Result<Option<Found>, String> {
        let Some(read) = &self.read else {
            return Ok(None);
        };
        match read(&path) {
            Ok(text) => Ok(text.map(|text| Found { path, text })),
            Err(why) => Err(format!("{path}: {why}")),
        }
    }
}

impl Found {
    /// The folder that it is in.
    pub(super) fn folder(&self) -> &str {
        match self.path.rsplit_once('/') {
            Some(("", _)) => "/",
            Some((folder, _)) => folder,
            None => ".",
        }
    }
}

/// A path that a module says, which lies in the folder `from`.
pub(super) fn resolved(path: &str, from: &str) -> String {
    if path.starts_with('/') || from.is_empty() {
        path.to_owned()
    } else {
        format!("{from}/{path}")
    }
}

impl fmt::Debug for Library {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Library({:?})", self.folders)
    }
}

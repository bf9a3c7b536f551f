//! Finds the modules in the modules directories.
//!
//! A directory entry `NNN-name` that is a folder, or a link to one, is a module. Hidden entries are
//! skipped, plain files ignored. What is wrong with one folder is told beside the others and touches
//! nothing else; the last good version of a broken module is handed on, so that it keeps running.

mod common;
mod folder;
mod folders;
mod list;
mod module;
mod values_file;
mod walk;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use crate::name::ModuleName;
use crate::report::{Mistake, Mistakes};

pub use folders::Folders;
pub use module::{Module, Text};
pub use values_file::{Flag, ValuesFile};

/// Where modules are, and how their folders are read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The modules directories; the first that has a name wins.
    pub dirs: Vec<PathBuf>,
    /// The weight of a module without a number.
    pub unnumbered: u32,
    /// Files under `crds/` whose name starts so are no CRDs.
    pub crd_filters: Vec<String>,
}

impl Settings {
    /// The original's settings for these directories: weight 1, and no CRDs named `doc-…` or `_…`.
    pub fn new(dirs: impl IntoIterator<Item = impl Into<PathBuf>>) -> Self {
        Self {
            dirs: dirs.into_iter().map(Into::into).collect(),
            unnumbered: 1,
            crd_filters: vec!["doc-".to_owned(), "_".to_owned()],
        }
    }
}

/// Splits `a:b` into directories, as `MODULES_DIR` has them; empty parts are dropped.
pub fn split_dirs(text: &str) -> Vec<PathBuf> {
    text.split(':')
        .filter(|part| !part.is_empty())
        .map(PathBuf::from)
        .collect()
}

/// What the modules directories hold at one moment.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Discovery {
    /// The usable modules, by weight and name. A module that has not changed is the same `Arc`.
    pub modules: Vec<Arc<Module>>,
    /// Folders that hold no usable module, by directory and folder name.
    pub broken: Vec<Broken>,
    /// What `requires` says of modules that do not exist, or in a circle. The module itself is among
    /// `modules`; it does not start.
    pub requirement_mistakes: Vec<(ModuleName, Mistakes)>,
    /// One for each directory of the settings, in their order.
    pub dirs: Vec<Dir>,
}

impl Discovery {
    /// The names of all modules that have a folder, good or broken.
    pub fn names(&self) -> BTreeSet<&ModuleName> {
        let good = self.modules.iter().map(|module| &module.name);
        let broken = self.broken.iter().filter_map(|broken| broken.name.as_ref());
        good.chain(broken).collect()
    }

    /// Why what is missing here may be there all the same: a modules directory that does not exist or
    /// cannot be read. While there is a doubt, nothing is to be deleted, be it because its folder is
    /// gone or because nothing enables it any more.
    pub fn doubt(&self) -> Option<String> {
        self.dirs.iter().find_map(|dir| match &dir.state {
            DirState::Missing => Some(format!(
                "modules directory {} does not exist",
                dir.path.display()
            )),
            DirState::Unreadable(why) => Some(format!(
                "modules directory {} cannot be read: {why}",
                dir.path.display()
            )),
            DirState::Present { .. } | DirState::Empty => None,
        })
    }
}

/// A folder that is no usable module.
#[derive(Debug, Clone, PartialEq)]
pub struct Broken {
    /// The module that it would be; `None` when its name is bad or another folder has that name.
    pub name: Option<ModuleName>,
    /// The folder, as the settings name its directory.
    pub folder: PathBuf,
    /// What is wrong, all of it.
    pub mistakes: Mistakes,
    /// The module as it was when it was last good, within this process.
    pub last_good: Option<Arc<Module>>,
}

/// One modules directory.
#[derive(Debug, Clone, PartialEq)]
pub struct Dir {
    /// The directory as the settings name it.
    pub path: PathBuf,
    /// What it looks like.
    pub state: DirState,
    /// Its `values.yaml`: `global` values and sections of modules. While that file is broken, or the
    /// directory is not present: the last good one.
    pub common: Option<Arc<ValuesFile>>,
    /// What is wrong with its `values.yaml`. Without a last good one, every module whose values or
    /// flags it may set is broken too.
    pub mistakes: Mistakes,
    /// What is suspicious and stops nothing: flags and values of modules that do not exist.
    pub warnings: Vec<Mistake>,
}

/// What a modules directory looks like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DirState {
    /// It holds this many modules, good or broken.
    Present {
        /// Folders whose names are names of modules.
        modules: usize,
    },
    /// It does not exist, or is not a directory.
    Missing,
    /// It exists and cannot be listed: why.
    Unreadable(String),
    /// It exists and holds no module.
    Empty,
}

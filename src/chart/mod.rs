//! A chart read from disk.
//!
//! In: a module folder · Out: [`Chart`]: metadata, templates, files and one digest of them all ·
//! Never: renders, looks at values or hooks.
//!
//! A folder is a chart when it has a `Chart.yaml` or a `templates` entry. With a `Chart.yaml`, its
//! files are those Helm would load; without one the original's rules hold: the chart has the
//! module's name and folders called `crds`, `docs`, `hooks`, `images` and `lib` are left out.
//! `.helmignore` counts in both.
//!
//! Files other than templates are read only when a template speaks of `Files` (or calls `tpl`, which
//! could): hooks may be large programs, and nothing else could see them. So the digest changes
//! exactly when something changes that a render could show.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::name::ModuleName;
use crate::report::Mistakes;

mod metadata;

pub use metadata::{Maintainer, Metadata};

/// A chart as it was on disk at one moment.
#[derive(Debug, Clone, PartialEq)]
pub struct Chart {
    /// What `Chart.yaml` says, or what stands in for it.
    pub metadata: Metadata,
    /// Everything below `templates/`, sorted by path.
    pub templates: Vec<TemplateFile>,
    /// The files that templates may read, by their path in the folder; empty when none asks.
    pub files: BTreeMap<String, Arc<[u8]>>,
    /// The sha256 of all of the above, in hex: equal digests render equally.
    pub digest: String,
}

/// One file below `templates/`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TemplateFile {
    /// Its path in the folder, with slashes: `templates/web.yaml.j2`.
    pub path: String,
    /// Its text, without a byte order mark.
    pub text: Arc<str>,
}

/// Why a chart could not be read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A folder or file could not be read.
    #[error("reading {}", path.display())]
    Read {
        /// The folder or file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// Files that a person has to correct.
    #[error("{0}")]
    Mistakes(Mistakes),
}

/// Reads the chart of a module folder; `None` when the folder has none.
///
/// # Errors
///
/// [`Error::Mistakes`] holds everything that is wrong in the folder, not only the first thing.
pub fn read(_dir: &Path, _module: &ModuleName) -> Result<Option<Chart>, Error> {
    Ok(None)
}

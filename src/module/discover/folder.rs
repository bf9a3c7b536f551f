//! One module folder, read.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use sha2::{Digest as _, Sha256};

use crate::name::ModuleName;
use crate::report::{Mistake, Mistakes};

use super::super::definition::{Definition, ValuesShape};
use super::values_file::{Flag, ValuesFile, sort};
use super::walk::{Digests, Refusal, Tree, hash_text, read_text};
use super::{HooksFolder, Settings, Text};

/// What a module's own folder says, before the common files are heard.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Folder {
    pub(super) digest: [u8; 32],
    pub(super) values: Option<Arc<ValuesFile>>,
    pub(super) flag: Option<Flag>,
    pub(super) definition: Definition,
    pub(super) script: Option<PathBuf>,
    /// Its hooks, when it has a folder for them.
    pub(super) hooks: Option<HooksFolder>,
    pub(super) crds: Vec<PathBuf>,
    pub(super) config_values_schema: Option<Text>,
    pub(super) values_schema: Option<Text>,
    pub(super) warnings: Vec<Mistake>,
}

/// A folder as it was read last.
#[derive(Debug, Default)]
pub(super) struct Memory {
    path: PathBuf,
    tree: Tree,
    digests: Digests,
    read: Option<Result<Arc<Folder>, Mistakes>>,
}

/// Which folder is read, for which module.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place<'a> {
    /// The folder with links resolved.
    pub(super) path: &'a Path,
    /// The folder for messages.
    pub(super) shown: &'a Path,
    pub(super) name: &'a ModuleName,
}

impl Memory {
    /// Reads the folder, or answers what it answered last when no file has changed since.
    pub(super) fn read(
        &mut self,
        place: Place<'_>,
        settings: &Settings,
        now: SystemTime,
    ) -> Result<Arc<Folder>, Mistakes> {
        let tree = match Tree::walk(place.path, place.shown) {
            Ok(tree) => tree,
            Err(refusal) => {
                *self = Self::default();
                return Err(Mistakes::from(refused(place.shown, &refusal)));
            }
        };
        let is_settled = tree.files.values().all(|stamp| stamp.is_settled(now));
        if let Some(read) = &self.read
            && is_settled
            && self.digests.len() == tree.files.len()
            && self.path == place.path
            && self.tree == tree
        {
            return read.clone();
        }
        let (digest, digests) = tree.digest(place.path, &self.digests, now);
        let hooks = find_hooks(place, &digests);
        let read = read(place, &tree, settings, (digest, hooks)).map(Arc::new);
        // What is equal stays the same: others compare pointers.
        let read = match (&self.read, read) {
            (Some(Ok(old)), Ok(new)) if *old == new => Ok(Arc::clone(old)),
            (_, new) => new,
        };
        *self = Self {
            path: place.path.to_owned(),
            tree,
            digests,
            read: Some(read.clone()),
        };
        read
    }
}

fn refused(shown: &Path, refusal: &Refusal) -> Mistake {
    let file = shown.display().to_string();
    match refusal {
        Refusal::Unreadable(error) => Mistake::new(file, format!("cannot be read: {error}")),
        Refusal::TooManyFiles => {
            Mistake::new(file, "holds more than 10000 files").hint("does a link lead out of it?")
        }
    }
}

fn read(
    place: Place<'_>,
    tree: &Tree,
    settings: &Settings,
    (digest, hooks): ([u8; 32], Option<HooksFolder>),
) -> Result<Folder, Mistakes> {
    let mut mistakes = Mistakes::default();
    if tree.files.is_empty() {
        let file = place.shown.display().to_string();
        let mistake = Mistake::new(file, "the folder is empty")
            .hint("to remove the module, remove its folder");
        return Err(mistake.into());
    }
    let definition = read_definition(place, &mut mistakes);
    let mut values = None;
    let mut flag = None;
    // With `values: root` the file is the chart's own, and its keys are the chart's.
    if definition.values == ValuesShape::Nested {
        values = read_values(place, &mut mistakes);
        let key = place.name.key();
        if let Some(values) = &values {
            sort(values.section(&key), &mut mistakes);
            flag = sort(values.flag(&key), &mut mistakes).flatten();
        }
    }
    let mut warnings = tree.warnings.clone();
    let script = find_script(place, tree, &mut warnings);
    let config_values_schema = read_schema(place, "openapi/config-values.yaml", &mut mistakes);
    let values_schema = read_schema(place, "openapi/values.yaml", &mut mistakes);
    let folder = Folder {
        digest,
        values: values.map(Arc::new),
        flag,
        definition,
        script,
        hooks,
        crds: find_crds(place, tree, settings),
        config_values_schema,
        values_schema,
        warnings,
    };
    mistakes.into_result().map(|()| folder)
}

fn shown(place: Place<'_>, inner: &str) -> String {
    place.shown.join(inner).display().to_string()
}

fn read_definition(place: Place<'_>, mistakes: &mut Mistakes) -> Definition {
    let file = shown(place, "module.yaml");
    let text = sort(read_text(&place.path.join("module.yaml"), &file), mistakes).flatten();
    let Some(text) = text else {
        return Definition::default();
    };
    Definition::parse(&file, &text).unwrap_or_else(|found| {
        mistakes.0.extend(found.0);
        Definition::default()
    })
}

fn read_values(place: Place<'_>, mistakes: &mut Mistakes) -> Option<ValuesFile> {
    let file = shown(place, "values.yaml");
    let text = sort(read_text(&place.path.join("values.yaml"), &file), mistakes).flatten()?;
    sort(ValuesFile::parse(&file, &text), mistakes)
}

fn read_schema(place: Place<'_>, inner: &str, mistakes: &mut Mistakes) -> Option<Text> {
    let file = shown(place, inner);
    let text = sort(read_text(&place.path.join(inner), &file), mistakes).flatten()?;
    Some(Text { file, text })
}

fn find_script(place: Place<'_>, tree: &Tree, warnings: &mut Vec<Mistake>) -> Option<PathBuf> {
    let stamp = tree.files.get(Path::new("enabled"))?;
    if stamp.is_executable() {
        return Some(place.path.join("enabled"));
    }
    let file = shown(place, "enabled");
    let hint = format!("chmod +x {file}");
    warnings.push(Mistake::new(file, "not executable, so it is not asked").hint(hint));
    None
}

fn find_hooks(place: Place<'_>, digests: &Digests) -> Option<HooksFolder> {
    let mut hash = Sha256::new();
    let mut found = false;
    for (inner, (stamp, digest)) in digests.iter().filter(|(inner, _)| inner.starts_with("hooks")) {
        found = true;
        hash_text(&mut hash, inner.as_os_str().as_encoded_bytes());
        hash.update([u8::from(stamp.is_executable())]);
        hash.update(digest);
    }
    found.then(|| HooksFolder {
        path: place.path.join("hooks"),
        digest: hash.finalize().into(),
    })
}

fn find_crds(place: Place<'_>, tree: &Tree, settings: &Settings) -> Vec<PathBuf> {
    tree.files
        .keys()
        .filter(|inner| inner.starts_with("crds"))
        .filter(|inner| {
            let extension = inner
                .extension()
                .and_then(OsStr::to_str)
                .unwrap_or_default();
            let name = inner.file_name().unwrap_or_default().to_string_lossy();
            let is_left_out = settings
                .crd_filters
                .iter()
                .any(|filter| !filter.is_empty() && name.starts_with(filter));
            matches!(extension, "yaml" | "yml" | "json") && !is_left_out
        })
        .map(|inner| place.path.join(inner))
        .collect()
}

//! One module: its folder, and what the common files say of it.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use sha2::{Digest, Sha256};

use crate::name::{ModuleName, ValuesKey};
use crate::report::{Mistake, Mistakes};

use super::super::definition::Definition;
use super::Dir;
use super::folder::Folder;
use super::values_file::{Flag, ValuesFile, sort};
use super::walk::hash_text;

/// A text file as it is on disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text {
    /// The file, for messages.
    pub file: String,
    /// Its content.
    pub text: String,
}

/// The folder of a module's hooks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HooksFolder {
    /// The folder with links resolved.
    pub path: PathBuf,
    /// sha256 of the names, contents and execute bits of its files.
    pub digest: [u8; 32],
}

/// One module as it is on disk.
#[derive(Debug, Clone, PartialEq)]
pub struct Module {
    /// Its name: the folder's, without the number.
    pub name: ModuleName,
    /// Its key in values.
    pub key: ValuesKey,
    /// The folder's number, or the setting for folders without one.
    pub weight: u32,
    /// The folder as found, for messages (`modules/010-x`).
    pub folder: PathBuf,
    /// The folder with links resolved, for reading.
    pub path: PathBuf,
    /// sha256 of the names, contents and execute bits of all files of the folder that are not
    /// hidden: what a compiled chart depends on.
    pub folder_digest: [u8; 32],
    /// sha256 of everything here: of the folder, and of what the common files say of this module.
    /// Modules with equal digests differ at most in the lines of their values in a common file.
    pub digest: [u8; 32],
    /// Files whose section `key` are its static values, lowest first: its directory's common file
    /// when it has that section, then its own. With `values: root` its own file is the chart's.
    pub values: Vec<Arc<ValuesFile>>,
    /// Static opinions on whether it is enabled, lowest first: common files, then its own.
    pub flags: Vec<Flag>,
    /// Its `module.yaml`.
    pub definition: Definition,
    /// Its `enabled` script, when that can be executed.
    pub script: Option<PathBuf>,
    /// Its `hooks/`, when there are files in it.
    pub hooks: Option<HooksFolder>,
    /// Files of `crds/` that may hold CRDs, in path order.
    pub crds: Vec<PathBuf>,
    /// `openapi/config-values.yaml`.
    pub config_values_schema: Option<Text>,
    /// `openapi/values.yaml`.
    pub values_schema: Option<Text>,
    /// What is suspicious and stops nothing.
    pub warnings: Vec<Mistake>,
}

/// What values files say of one module, from all sides.
#[derive(Debug)]
pub(super) struct Statics {
    pub(super) values: Vec<Arc<ValuesFile>>,
    pub(super) flags: Vec<Flag>,
}

impl Statics {
    /// Hears the common files of all directories and the module's own.
    ///
    /// A directory's sections are for its own modules, its flags for all. A common file that was
    /// never good leaves unknown what it would say, unless a later flag decides anyway.
    pub(super) fn hear(
        key: &ValuesKey,
        own_dir: usize,
        dirs: &[Dir],
        folder: &Folder,
    ) -> Result<Self, Mistakes> {
        let mut mistakes = Mistakes::default();
        let mut unknown: BTreeMap<usize, &Mistakes> = BTreeMap::new();
        let mut values = Vec::new();
        let mut flags: Vec<Flag> = Vec::new();
        for (index, dir) in dirs.iter().enumerate() {
            let Some(common) = &dir.common else {
                if !dir.mistakes.0.is_empty() {
                    unknown.insert(index, &dir.mistakes);
                }
                continue;
            };
            if let Some(flag) = sort(common.flag(key), &mut mistakes).flatten() {
                flags.push(flag);
                unknown.retain(|index, _| *index == own_dir);
            }
            let is_own = index == own_dir;
            if is_own && sort(common.section(key), &mut mistakes).flatten().is_some() {
                values.push(Arc::clone(common));
            }
        }
        if let Some(flag) = &folder.flag {
            flags.push(flag.clone());
            unknown.retain(|index, _| *index == own_dir);
        }
        values.extend(folder.values.clone());
        let unheard = unknown
            .into_values()
            .flat_map(|mistakes| mistakes.0.clone());
        mistakes.0.extend(unheard);
        mistakes.into_result().map(|()| Self { values, flags })
    }
}

/// Where a module is, and what its folder's name says.
#[derive(Debug, Clone)]
pub(super) struct Claim {
    /// The index of its directory.
    pub(super) dir: usize,
    pub(super) shown: PathBuf,
    pub(super) weight: u32,
    pub(super) path: Result<PathBuf, Mistakes>,
}

impl Module {
    pub(super) fn build(
        name: &ModuleName,
        claim: &Claim,
        path: PathBuf,
        folder: &Folder,
        statics: Statics,
    ) -> Self {
        let mut module = Self {
            name: name.clone(),
            key: name.key(),
            weight: claim.weight,
            folder: claim.shown.clone(),
            path,
            folder_digest: folder.digest,
            digest: [0; 32],
            values: statics.values,
            flags: statics.flags,
            definition: folder.definition.clone(),
            script: folder.script.clone(),
            hooks: folder.hooks.clone(),
            crds: folder.crds.clone(),
            config_values_schema: folder.config_values_schema.clone(),
            values_schema: folder.values_schema.clone(),
            warnings: folder.warnings.clone(),
        };
        module.digest = module.hash();
        module
    }

    /// Everything else (definition, script, schemas) comes from files of the folder.
    fn hash(&self) -> [u8; 32] {
        let mut hash = Sha256::new();
        hash.update(self.folder_digest);
        hash.update(self.weight.to_le_bytes());
        hash_text(&mut hash, self.name.as_str().as_bytes());
        for path in [&self.folder, &self.path] {
            hash_text(&mut hash, path.as_os_str().as_encoded_bytes());
        }
        for file in &self.values {
            hash_text(&mut hash, file.file.as_bytes());
            if let Some(section) = file.node.entry(self.key.as_str()) {
                hash_text(&mut hash, section.node.to_value().to_string().as_bytes());
            }
        }
        for flag in &self.flags {
            hash_text(&mut hash, flag.file.as_bytes());
            hash.update([u8::from(flag.enabled)]);
        }
        hash.finalize().into()
    }
}

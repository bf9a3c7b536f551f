//! Reads all modules directories, and remembers.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use crate::name::ModuleName;
use crate::report::{Mistake, Mistakes, nearest};

use super::super::order::requirement_mistakes;
use super::dir_values::DirValues;
use super::folder::{Folder, Memory, Place};
use super::list::{Candidate, list};
use super::module::{Claim, Module, Statics};
use super::values_file::ValuesFile;
use super::{Broken, Dir, DirState, Discovery, Settings};

/// The modules directories, with a memory of what was read: looking again is cheap.
#[derive(Debug)]
pub struct Folders {
    settings: Settings,
    read: BTreeMap<PathBuf, Memory>,
    commons: BTreeMap<PathBuf, DirValues>,
    good: BTreeMap<ModuleName, Good>,
}

/// A module as it was when it was last good.
#[derive(Debug)]
struct Good {
    module: Arc<Module>,
    /// What it was made of.
    folder: Arc<Folder>,
}

impl Folders {
    /// Nothing is read yet.
    pub fn new(mut settings: Settings) -> Self {
        let mut seen = BTreeSet::new();
        settings.dirs.retain(|dir| seen.insert(dir.clone()));
        Self {
            settings,
            read: BTreeMap::new(),
            commons: BTreeMap::new(),
            good: BTreeMap::new(),
        }
    }

    /// Reads what is there. Blocks on the file system, for milliseconds.
    ///
    /// A file whose metadata is as it was is not read again, unless it changed so shortly before
    /// `now` that its times could not tell.
    pub fn discover(&mut self, now: SystemTime) -> Discovery {
        let mut discovery = Discovery::default();
        let mut claims: BTreeMap<ModuleName, Claim> = BTreeMap::new();
        for (index, path) in self.settings.dirs.iter().enumerate() {
            let listed = list(path);
            let common = self.commons.entry(path.clone()).or_default();
            discovery.dirs.push(read_dir(path, &listed, common, now));
            for candidate in listed.unwrap_or_default() {
                let broken = claim(candidate, index, self.settings.unnumbered, &mut claims);
                discovery.broken.extend(broken);
            }
        }
        self.read_modules(&claims, &mut discovery, now);
        self.forget(&claims, &discovery);
        finish(&mut discovery);
        discovery
    }

    fn read_modules(
        &mut self,
        claims: &BTreeMap<ModuleName, Claim>,
        discovery: &mut Discovery,
        now: SystemTime,
    ) {
        for (name, claim) in claims {
            match self.read_module(name, claim, &discovery.dirs, now) {
                Ok(module) => discovery.modules.push(module),
                Err(mistakes) => discovery.broken.push(Broken {
                    name: Some(name.clone()),
                    folder: claim.shown.clone(),
                    mistakes,
                    last_good: self.good.get(name).map(|good| Arc::clone(&good.module)),
                }),
            }
        }
    }

    fn read_module(
        &mut self,
        name: &ModuleName,
        claim: &Claim,
        dirs: &[Dir],
        now: SystemTime,
    ) -> Result<Arc<Module>, Mistakes> {
        let path = claim.path.clone()?;
        let place = Place {
            path: &path,
            shown: &claim.shown,
            name,
        };
        let memory = self.read.entry(claim.shown.clone()).or_default();
        let folder = memory.read(place, &self.settings, now)?;
        let statics = Statics::hear(&name.key(), claim.dir, dirs, &folder)?;
        if let Some(good) = self.good.get(name)
            && Arc::ptr_eq(&good.folder, &folder)
            && good.module.folder == claim.shown
            && good.module.path == path
            && good.module.weight == claim.weight
            && good.module.flags == statics.flags
            && same_files(&good.module.values, &statics.values)
        {
            return Ok(Arc::clone(&good.module));
        }
        let module = Arc::new(Module::build(name, claim, path, &folder, statics));
        let good = Good {
            module: Arc::clone(&module),
            folder,
        };
        self.good.insert(name.clone(), good);
        Ok(module)
    }

    /// Forgets what is gone from directories that are there to tell.
    fn forget(&mut self, claims: &BTreeMap<ModuleName, Claim>, discovery: &Discovery) {
        let may_come_back = |folder: &Path| {
            let dir = discovery
                .dirs
                .iter()
                .find(|dir| folder.parent() == Some(&dir.path));
            dir.is_some_and(|dir| !matches!(dir.state, DirState::Present { .. }))
        };
        let shown: BTreeSet<&PathBuf> = claims.values().map(|claim| &claim.shown).collect();
        self.good
            .retain(|name, good| claims.contains_key(name) || may_come_back(&good.module.folder));
        self.read
            .retain(|folder, _| shown.contains(folder) || may_come_back(folder));
    }
}

fn same_files(left: &[Arc<ValuesFile>], right: &[Arc<ValuesFile>]) -> bool {
    left.len() == right.len()
        && left
            .iter()
            .zip(right)
            .all(|(left, right)| Arc::ptr_eq(left, right))
}

fn read_dir(
    path: &Path,
    listed: &Result<Vec<Candidate>, DirState>,
    common: &mut DirValues,
    now: SystemTime,
) -> Dir {
    let state = match listed {
        Err(state) => state.clone(),
        Ok(candidates) => {
            let named = candidates.iter().filter(|candidate| candidate.name.is_ok());
            match named.count() {
                0 => DirState::Empty,
                modules => DirState::Present { modules },
            }
        }
    };
    // A directory without modules may be one that is not mounted: its last values file still holds.
    if matches!(state, DirState::Present { .. }) || path.join("values.yaml").exists() {
        common.read(path, now);
    }
    Dir {
        path: path.to_owned(),
        state,
        common: common.good.clone(),
        mistakes: common.mistakes.clone(),
        warnings: Vec::new(),
    }
}

/// Gives a folder its name, if it has a good one that no folder before it has.
fn claim(
    candidate: Candidate,
    dir: usize,
    unnumbered: u32,
    claims: &mut BTreeMap<ModuleName, Claim>,
) -> Option<Broken> {
    let mistakes = match candidate.name {
        Err(mistakes) => mistakes,
        Ok(parsed) => match claims.get(&parsed.name) {
            None => {
                let claim = Claim {
                    dir,
                    shown: candidate.shown,
                    weight: parsed.number.unwrap_or(unnumbered),
                    path: candidate.path,
                };
                claims.insert(parsed.name, claim);
                return None;
            }
            Some(first) => Mistake::new(
                candidate.shown.display().to_string(),
                format!(
                    "module {} is already in {}",
                    parsed.name,
                    first.shown.display()
                ),
            )
            .hint("this folder is not used; rename or remove one of the two")
            .into(),
        },
    };
    Some(Broken {
        name: None,
        folder: candidate.shown,
        mistakes,
        last_good: None,
    })
}

/// Sorts, and finds what only shows when all modules are known.
fn finish(discovery: &mut Discovery) {
    discovery
        .modules
        .sort_by(|left, right| (left.weight, &left.name).cmp(&(right.weight, &right.name)));
    discovery
        .broken
        .sort_by(|left, right| left.folder.cmp(&right.folder));
    discovery.requirement_mistakes = find_requirement_mistakes(discovery);
    let keys: BTreeSet<String> = discovery
        .names()
        .into_iter()
        .map(|name| name.key().as_str().to_owned())
        .collect();
    for dir in &mut discovery.dirs {
        if let Some(common) = &dir.common {
            dir.warnings = common.unheard(
                |key| keys.contains(key),
                |key| nearest(key, keys.iter().map(String::as_str)),
            );
        }
    }
}

fn find_requirement_mistakes(discovery: &Discovery) -> Vec<(ModuleName, Mistakes)> {
    let modules = discovery.modules.iter().map(|module| {
        let file = module.folder.join("module.yaml").display().to_string();
        (&module.name, (file, module.definition.requires.as_slice()))
    });
    requirement_mistakes(&modules.collect(), &discovery.names())
}

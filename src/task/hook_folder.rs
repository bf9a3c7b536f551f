//! A folder of hooks: found, asked or read.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use futures::stream::{self, StreamExt as _};

use super::context::Context;
use super::declaration::Declaration;
use super::error::Error;
use crate::binding::{HookConfig, Place};
use crate::hook::{self, Hook, HookFile};
use crate::name::{ModuleName, ValuesKey};
use crate::report;

/// Hooks that are asked for their configuration at once.
const ASKED_AT_ONCE: usize = 4;

/// The hooks of one place, to be read from disk.
#[derive(Debug, Clone)]
pub struct HookFolder {
    /// The folder.
    pub path: PathBuf,
    /// Whose it is; `None` for global hooks.
    pub module: Option<ModuleName>,
    /// What they may be bound to, and are given.
    pub place: Place,
    /// Hooks that answered already: as long as their file is as it was, they are not asked again.
    pub asked: Vec<Arc<Hook>>,
}

/// What was read of a folder.
#[derive(Debug, Default)]
pub struct HooksRead {
    /// The hooks.
    pub hooks: Vec<Hook>,
    /// What those of them that are declared say, by name.
    pub declarations: BTreeMap<String, Arc<Declaration>>,
    /// What is suspicious and stops nothing.
    pub warnings: Vec<String>,
    /// Hooks of a shell-operator that cannot be used, and why: nothing holds them together, so they
    /// stop no other.
    pub broken: BTreeMap<String, String>,
}

/// A declared hook that was read.
type ReadDeclaration = (HookFile, HookConfig, Declaration);

/// What is found in a folder.
struct Found {
    programs: Vec<HookFile>,
    declared: Vec<(String, Result<ReadDeclaration, hook::Error>)>,
    warnings: Vec<String>,
}

impl Found {
    /// Finds the hooks of a folder, and reads those that are declared.
    fn find(folder: &HookFolder) -> Self {
        let module = folder.module.as_ref();
        let scope = module.map_or_else(ValuesKey::global, ModuleName::key);
        let found = hook::discover(folder.place, &folder.path);
        let (declared, programs): (Vec<_>, Vec<_>) =
            found.hooks.into_iter().partition(HookFile::is_declaration);
        let read = |file: HookFile| {
            let name = file.name.clone();
            let read = Declaration::read(&file, &scope);
            let read = read.map(|(config, declaration)| (file, config, declaration));
            (name, read)
        };
        Self {
            programs,
            declared: declared.into_iter().map(read).collect(),
            warnings: found.warnings.iter().map(ToString::to_string).collect(),
        }
    }
}

/// Finds the hooks of a folder and asks each program for its configuration.
pub async fn read_hooks(context: &Context, folder: HookFolder) -> Result<HooksRead, Error> {
    let (place, known) = (folder.place, folder.asked.clone());
    let found = tokio::task::spawn_blocking(move || Found::find(&folder)).await;
    let found = found.map_err(|error| Error::Broken(error.to_string()))?;
    let mut read = HooksRead {
        warnings: found.warnings,
        ..HooksRead::default()
    };
    let declared = found.declared.into_iter().map(|(name, found)| {
        let hook = found.map(|(file, config, declaration)| {
            let config = Arc::new(config);
            read.declarations
                .insert(file.name.clone(), Arc::new(declaration));
            Hook { file, config }
        });
        (name, hook)
    });
    let mut answers: Vec<(String, Result<Hook, hook::Error>)> = declared.collect();
    let ask = async |file: HookFile| {
        if let Some(known) = known.iter().find(|hook| hook.file == file) {
            return (file.name, Ok(Hook::clone(known)));
        }
        let name = file.name.clone();
        let limit = context.hooks.config_timeout;
        let config = hook::read_config(&context.processes, &file, place, limit).await;
        let hook = config.map(|config| Hook {
            file,
            config: Arc::new(config),
        });
        (name, hook)
    };
    let asked = stream::iter(found.programs)
        .map(ask)
        .buffered(ASKED_AT_ONCE);
    answers.extend(asked.collect::<Vec<_>>().await);
    let mut failures = BTreeMap::new();
    for (name, answer) in answers {
        match answer {
            Ok(hook) => {
                let warnings = hook.config.warnings.iter();
                read.warnings.extend(warnings.map(ToString::to_string));
                read.hooks.push(hook);
            }
            Err(error) => drop(failures.insert(name, error)),
        }
    }
    // Hooks that were ended since the operator stops are not broken.
    let is_stopped = failures.values().any(hook::Error::is_stop);
    if failures.is_empty() || (place == Place::Standalone && !is_stopped) {
        let told = |(name, error): (String, hook::Error)| (name, report::chain(&error));
        read.broken = failures.into_iter().map(told).collect();
        Ok(read)
    } else {
        Err(Error::ReadHooks(failures.into_values().collect()))
    }
}

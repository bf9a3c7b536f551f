//! Which hook is meant: `web/hooks/a.sh`, `web/a.sh`, `global/nodes.py`, or the path of its file.

use std::fs;
use std::path::{Path, PathBuf};

use super::super::cannot_say;
use crate::binding::Place;
use crate::cli::output::Failure;
use crate::hook::{self, HookFile};
use crate::module::Discovery;
use crate::name::ModuleName;
use crate::operator::Folders;
use crate::report::nearest;

/// The word for hooks that are of no module.
const GLOBAL: &str = "global";

/// A hook, found.
pub(super) struct Target {
    /// Whose it is; `None` for a global hook.
    pub(super) module: Option<ModuleName>,
    /// The program.
    pub(super) file: HookFile,
}

/// A place that may have hooks.
struct Home {
    module: Option<ModuleName>,
    folder: PathBuf,
}

impl Target {
    pub(super) fn place(&self) -> Place {
        match self.module {
            Some(_) => Place::Module,
            None => Place::Global,
        }
    }

    /// `web/hooks/a.sh`.
    pub(super) fn name(&self) -> String {
        let module = self.module.as_ref().map_or(GLOBAL, ModuleName::as_str);
        format!("{module}/{}", self.file.name)
    }
}

/// Where a hook is typed as a path outside of the known folders, the folder around its module is the
/// modules directory.
pub(super) fn look_around(typed: &str, folders: &mut Folders) {
    let whole = |path: &Path| fs::canonicalize(path).ok();
    let Some(file) = whole(Path::new(typed)).filter(|path| path.is_file()) else {
        return;
    };
    let known = folders.modules.iter().chain([&folders.global_hooks]);
    let is_known = known
        .filter_map(|folder| whole(folder))
        .any(|folder| file.starts_with(folder));
    if is_known {
        return;
    }
    let hooks = file.ancestors().find(|folder| folder.ends_with("hooks"));
    let around = hooks.and_then(Path::parent).and_then(Path::parent);
    if let Some(around) = around {
        folders.modules = vec![around.to_owned()];
    }
}

/// Finds the hook that was typed.
pub(super) fn find(
    typed: &str,
    discovery: &Discovery,
    global_hooks: &Path,
) -> Result<Target, Failure> {
    let homes = homes(discovery, global_hooks);
    if let Ok(path) = fs::canonicalize(typed)
        && path.is_file()
    {
        return by_path(&path, &homes);
    }
    let Some((place, hook)) = typed.split_once('/') else {
        return Err(cannot_say(format!(
            "{typed:?} names no hook; write MODULE/HOOK, such as {}",
            example(&homes)
        )));
    };
    let home = homes.into_iter().find(|home| home.name() == place);
    let Some(home) = home else {
        return Err(no_home(place, discovery));
    };
    by_name(hook, home)
}

fn homes(discovery: &Discovery, global_hooks: &Path) -> Vec<Home> {
    let modules = discovery.modules.iter();
    let of_modules = modules.map(|module| Home {
        module: Some(module.name.clone()),
        folder: module.path.join("hooks"),
    });
    let global = Home {
        module: None,
        folder: global_hooks.to_owned(),
    };
    of_modules.chain([global]).collect()
}

impl Home {
    fn name(&self) -> &str {
        self.module.as_ref().map_or(GLOBAL, ModuleName::as_str)
    }

    fn place(&self) -> Place {
        match self.module {
            Some(_) => Place::Module,
            None => Place::Global,
        }
    }
}

fn by_path(path: &Path, homes: &[Home]) -> Result<Target, Failure> {
    let is_home =
        |home: &&Home| fs::canonicalize(&home.folder).is_ok_and(|folder| path.starts_with(folder));
    let shown = path.display();
    let Some(home) = homes.iter().find(is_home) else {
        return Err(cannot_say(format!(
            "{shown} is in no folder of hooks; name the modules directory by --modules-dir, or that \
             of global hooks by --global-hooks-dir"
        )));
    };
    let found = hook::discover(home.place(), &home.folder);
    let is_it = |file: &HookFile| fs::canonicalize(&file.path).is_ok_and(|known| known == path);
    if let Some(file) = found.hooks.into_iter().find(is_it) {
        return Ok(Target {
            module: home.module.clone(),
            file,
        });
    }
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let told = found
        .warnings
        .iter()
        .find(|warning| warning.file.ends_with(&*name));
    Err(match told {
        Some(warning) => cannot_say(warning),
        None => cannot_say(format!("{shown} is no hook")),
    })
}

fn by_name(typed: &str, home: Home) -> Result<Target, Failure> {
    let found = hook::discover(home.place(), &home.folder);
    let names: Vec<&str> = found.hooks.iter().map(|hook| hook.name.as_str()).collect();
    let whole = [typed.to_owned(), format!("hooks/{typed}")];
    let ending = format!("/{typed}");
    let index = names
        .iter()
        .position(|name| whole.iter().any(|whole| whole == name))
        .or_else(|| names.iter().position(|name| name.ends_with(&ending)));
    if let Some(index) = index
        && let Some(file) = found.hooks.get(index)
    {
        return Ok(Target {
            module: home.module,
            file: file.clone(),
        });
    }
    let told = found
        .warnings
        .iter()
        .find(|warning| warning.file.ends_with(&ending));
    if let Some(warning) = told {
        return Err(cannot_say(warning));
    }
    let of = home.name();
    if names.is_empty() {
        return Err(cannot_say(format!("{of} has no hooks")));
    }
    let meant = nearest(&whole[1], names.iter().copied());
    let hint = meant.map_or_else(
        || format!("there are {}", names.join(", ")),
        |meant| format!("did you mean {of}/{meant}?"),
    );
    Err(cannot_say(format!("{of} has no hook {typed}; {hint}")))
}

fn no_home(typed: &str, discovery: &Discovery) -> Failure {
    let broken = discovery.broken.iter().find(|broken| {
        let name = broken.name.as_ref().map(ModuleName::as_str);
        name == Some(typed)
    });
    if let Some(broken) = broken {
        return cannot_say(&broken.mistakes);
    }
    let mut names: Vec<&str> = discovery
        .names()
        .into_iter()
        .map(ModuleName::as_str)
        .collect();
    names.push(GLOBAL);
    cannot_say(match nearest(typed, names.iter().copied()) {
        Some(meant) => format!("there is no module {typed}; did you mean {meant}?"),
        None => format!("there is no module {typed}; there are {}", names.join(", ")),
    })
}

fn example(homes: &[Home]) -> String {
    let first = homes.iter().find_map(|home| {
        let found = hook::discover(home.place(), &home.folder);
        let file = found.hooks.first()?;
        Some(format!("{}/{}", home.name(), file.name))
    });
    first.unwrap_or_else(|| "web/hooks/a.sh".to_owned())
}

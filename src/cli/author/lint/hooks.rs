//! The hooks of one folder: found, and asked what they listen to, or read when they are declared.

use std::path::{Path, PathBuf};
use std::time::Duration;

use futures::stream::{self, StreamExt as _};

use super::super::finding::Severity;
use super::report::Linted;
use crate::binding::Place;
use crate::hook::{self, Error, HookFile};
use crate::name::ValuesKey;
use crate::process::Processes;
use crate::report::{self, Mistake};
use crate::task::Declaration;

/// Hooks that are asked at once.
const ASKED_AT_ONCE: usize = 8;

/// How hooks are asked; `None`: they are not run.
pub(super) type Asking<'a> = Option<(&'a Processes, Duration)>;

/// A folder with hooks.
pub(super) struct HookFolder {
    pub(super) place: Place,
    /// The key of the values that they may set.
    pub(super) scope: ValuesKey,
    /// The folder.
    pub(super) path: PathBuf,
    /// Its name for people: `modules/010-web/hooks`.
    pub(super) shown: PathBuf,
}

/// Looks at all hooks of a folder.
pub(super) async fn check(folder: &HookFolder, asking: Asking<'_>, linted: &mut Linted) {
    let found = hook::discover(folder.place, &folder.path);
    let warnings = found.warnings.into_iter().map(|warning| Mistake {
        file: folder.name(&warning.file),
        ..warning
    });
    linted.add(Severity::Warning, warnings);
    let (declared, programs): (Vec<_>, Vec<_>) =
        found.hooks.into_iter().partition(HookFile::is_declaration);
    for file in declared {
        let file = folder.named(file);
        match Declaration::read(&file, &folder.scope) {
            Ok((config, _)) => linted.add(Severity::Warning, config.warnings),
            Err(error) => linted.add(Severity::Error, mistakes(&file.shown, error)),
        }
    }
    let Some((processes, limit)) = asking else {
        return;
    };
    let ask = async |file: HookFile| {
        let file = folder.named(file);
        let asked = hook::read_config(processes, &file, folder.place, limit).await;
        (file.shown, asked)
    };
    let asked: Vec<_> = stream::iter(programs)
        .map(ask)
        .buffered(ASKED_AT_ONCE)
        .collect()
        .await;
    for (name, answer) in asked {
        match answer {
            Ok(config) => linted.add(Severity::Warning, config.warnings),
            Err(error) => linted.add(Severity::Error, mistakes(&name, error)),
        }
    }
}

impl HookFolder {
    /// The same hook, named as people write it.
    fn named(&self, file: HookFile) -> HookFile {
        HookFile {
            shown: self.name(&file.shown),
            ..file
        }
    }

    /// The path of a hook as people write it; `known` is how the operator shows it, `010-web/hooks/a.sh`.
    fn name(&self, known: &str) -> String {
        let folder = self.shown.as_path();
        let is_inside = self.place == Place::Global && self.path.join("hooks").is_dir();
        let top = if !is_inside && folder.ends_with("hooks") {
            folder.parent().unwrap_or(folder)
        } else {
            folder
        };
        let above = top.parent().unwrap_or(Path::new(""));
        above.join(known).display().to_string()
    }
}

fn mistakes(name: &str, error: Error) -> Vec<Mistake> {
    const RULE: &str = "print the bindings as YAML or JSON, do nothing else, and exit 0";
    let said = |words: &str| match words {
        "" => String::new(),
        words => format!(": {words}"),
    };
    match error {
        Error::Config { source, .. } => source.0,
        Error::ConfigFailed {
            ending, last_words, ..
        } => {
            let message = format!("{ending} when run with --config{}", said(&last_words));
            vec![Mistake::new(name, message).hint(RULE)]
        }
        Error::ConfigTimedOut {
            limit, last_words, ..
        } => {
            let message = format!(
                "did not end within {limit:?} when run with --config{}",
                said(&last_words)
            );
            vec![Mistake::new(name, message).hint(RULE)]
        }
        Error::Process { source, .. } => vec![Mistake::new(name, report::chain(&source))],
        error => vec![Mistake::new(name, report::chain(&error))],
    }
}

//! `addon-operator module lint`: everything about module folders that can be known without a cluster.

mod hooks;
mod layout;
mod report;
mod scope;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use futures::future::join_all;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use self::hooks::{Asking, HookFolder};
use self::report::{Linted, Report};
use self::scope::{GLOBAL, Scope};
use super::finding::Severity;
use super::{cannot_say, processes, runtime, show};
use crate::binding::Place;
use crate::cli::ask::Format;
use crate::cli::environment::Environment;
use crate::cli::output::{self, Failure};
use crate::cli::place::Folders;
use crate::cli::preview::{offline, render::KUBE_VERSION};
use crate::cli::start;
use crate::house::{global_store_of, store_of};
use crate::module::{Definition, Discovery, Module, Text};
use crate::name::{ModuleName, ValuesKey};
use crate::operator::{self, Settings};
use crate::render::{Capabilities, ValuesTree};
use crate::report::{Mistake, Mistakes};
use crate::task::{self, Examined, Values};
use crate::values::{Checksum, Store};

/// Check module folders without a cluster: everything that is wrong, at once
///
/// Names, module.yaml, values against their schemas, charts and whether they render, crds/, and hooks,
/// which are run with `--config`. TARGET is a module's name, its folder, a modules directory, or
/// `global` for the global hooks; without one, all is checked. What hooks have to set is made up by
/// the schemas.
///
/// Exit codes: 0 no errors, 1 errors (with --strict also warnings), 2 it could not be looked at.
#[derive(Debug, Args)]
pub(in crate::cli) struct Arguments {
    /// What to check [default: all modules and the global hooks]
    #[arg(value_name = "TARGET")]
    targets: Vec<String>,

    /// Warnings count as errors
    #[arg(long)]
    strict: bool,

    /// Do not run hooks
    #[arg(long)]
    no_hooks: bool,

    /// How long a hook may take to print its configuration
    #[arg(long, value_name = "DURATION", default_value = "30s", value_parser = start::parse_positive_duration)]
    timeout: Duration,

    #[command(flatten)]
    folders: Folders,
}

/// Prints all findings.
pub(in crate::cli) fn run(
    arguments: &Arguments,
    format: Format,
    environment: &Environment,
) -> Result<(), Failure> {
    let report = runtime()?.block_on(lint(arguments))?;
    let paint = output::paint(output::is_terminal(), environment);
    show(&report, format, || report.text(paint))?;
    if report.is_good(arguments.strict) {
        Ok(())
    } else {
        Err(Failure::Differs)
    }
}

async fn lint(arguments: &Arguments) -> Result<Report, Failure> {
    let scope = Scope::read(&arguments.targets, arguments.folders.modules());
    let mut settings = Settings::default();
    settings.folders.modules.clone_from(&scope.dirs);
    settings
        .folders
        .global_hooks
        .clone_from(&arguments.folders.global_hooks_dir);
    let discovery = offline::discover(&settings);
    if let (Some(doubt), true) = (discovery.doubt(), scope.has_modules()) {
        return Err(cannot_say(format!("{doubt}; name it with --modules-dir")));
    }
    scope.check(&discovery)?;
    let processes = processes();
    let asking: Asking<'_> = (!arguments.no_hooks).then_some((&processes, arguments.timeout));
    let globals = Globals::read(&settings, &discovery);
    let mut all = of_directories(&discovery, &scope);
    if scope.global {
        all.extend(globals.linted(&settings.folders.global_hooks, asking).await);
    }
    let modules = of_modules(&discovery, &scope, &globals).await?;
    let with_hooks = modules.into_iter().map(async |(module, mut linted)| {
        let folder = HookFolder {
            place: Place::Module,
            scope: module.key.clone(),
            path: module.path.join("hooks"),
            shown: module.folder.join("hooks"),
        };
        hooks::check(&folder, asking, &mut linted).await;
        linted
    });
    all.extend(join_all(with_hooks).await);
    Ok(Report::of(all))
}

/// The values that all modules share.
struct Globals {
    store: Option<Store>,
    mistakes: Vec<Mistake>,
    warnings: Vec<Mistake>,
}

impl Globals {
    fn read(settings: &Settings, discovery: &Discovery) -> Self {
        let schemas = operator::global_schemas(&settings.folders.global_hooks);
        let read = match schemas {
            Ok(schemas) => global_store_of(discovery, schemas),
            Err(operator::Error::GlobalSchemas(mistakes)) => Err(mistakes),
            Err(error) => Err(Mistake::new("", crate::report::chain(&error)).into()),
        };
        match read {
            Ok((mut store, warnings)) => {
                let names = discovery.modules.iter();
                let names: Vec<&str> = names.map(|module| module.name.as_str()).collect();
                // As when all of them are on; a schema does not have to know it.
                let injected = store.set_injected(json!({ "enabledModules": names }));
                Self {
                    store: Some(store),
                    mistakes: injected.err().unwrap_or_default().0,
                    warnings,
                }
            }
            Err(Mistakes(mistakes)) => Self {
                store: None,
                mistakes,
                warnings: Vec::new(),
            },
        }
    }

    /// The folder of the global hooks; `None` when there is none.
    async fn linted(&self, folder: &Path, asking: Asking<'_>) -> Option<Linted> {
        if !folder.is_dir() && self.mistakes.is_empty() {
            return None;
        }
        let mut linted = Linted::new(GLOBAL, folder.display().to_string());
        linted.add(Severity::Error, self.mistakes.clone());
        linted.add(Severity::Warning, self.warnings.clone());
        let folder = HookFolder {
            place: Place::Global,
            scope: ValuesKey::global(),
            path: folder.to_owned(),
            shown: folder.to_owned(),
        };
        hooks::check(&folder, asking, &mut linted).await;
        Some(linted)
    }
}

/// The values files of the modules directories, and folders that are no modules.
fn of_directories(discovery: &Discovery, scope: &Scope) -> Vec<Linted> {
    let mut found = Vec::new();
    for dir in discovery.dirs.iter().filter(|dir| scope.has_dir(&dir.path)) {
        let shown = dir.path.display().to_string();
        let mut linted = Linted::new(shown.clone(), shown);
        linted.add(Severity::Error, dir.mistakes.0.clone());
        linted.add(Severity::Warning, dir.warnings.clone());
        let is_here = |folder: &Path| folder.parent() == Some(&dir.path);
        for broken in &discovery.broken {
            if broken.name.is_none() && is_here(&broken.folder) {
                linted.add(Severity::Error, broken.mistakes.0.clone());
            }
        }
        if !linted.findings.is_empty() {
            found.push(linted);
        }
    }
    found
}

/// The modules without their hooks, in the order in which they run; broken ones last.
async fn of_modules(
    discovery: &Discovery,
    scope: &Scope,
    globals: &Globals,
) -> Result<Vec<(Arc<Module>, Linted)>, Failure> {
    let mut work = JoinSet::new();
    let modules = discovery.modules.iter();
    let wanted = modules.filter(|module| scope.has(Some(&module.name), &module.folder));
    for (index, module) in wanted.cloned().enumerate() {
        let global = globals.store.clone();
        work.spawn_blocking(move || (index, of_module(&module, global.as_ref()), module));
    }
    let mut done = work.join_all().await;
    done.sort_by_key(|(index, ..)| *index);
    let mut found = Vec::new();
    for (_, mut linted, module) in done {
        let requires = discovery.requirement_mistakes.iter();
        for (_, mistakes) in requires.filter(|(name, _)| *name == module.name) {
            linted.add(Severity::Error, mistakes.0.clone());
        }
        found.push((module, linted));
    }
    for broken in &discovery.broken {
        let Some(name) = &broken.name else { continue };
        if scope.has(Some(name), &broken.folder) {
            let module = Arc::new(stand_in(name, &broken.folder));
            let mut linted = of_module(&module, None);
            linted.add(Severity::Error, broken.mistakes.0.clone());
            found.push((module, linted));
        }
    }
    if found.is_empty() && !scope.global {
        return Err(cannot_say("there is no module to look at"));
    }
    Ok(found)
}

/// What can be looked at of a module that is broken: its schemas, its chart, its hooks.
fn stand_in(name: &ModuleName, folder: &Path) -> Module {
    let read = |inner: &str| {
        let path = folder.join(inner);
        let text = std::fs::read_to_string(&path).ok()?;
        let file = path.display().to_string();
        Some(Text { file, text })
    };
    Module {
        name: name.clone(),
        key: name.key(),
        weight: 0,
        folder: folder.to_owned(),
        path: folder.to_owned(),
        folder_digest: [0; 32],
        digest: [0; 32],
        values: Vec::new(),
        flags: Vec::new(),
        definition: Definition::default(),
        script: None,
        hooks: None,
        crds: Vec::new(),
        config_values_schema: read("openapi/config-values.yaml"),
        values_schema: read("openapi/values.yaml"),
        warnings: Vec::new(),
    }
}

/// Everything about a module but its hooks. Without global values its chart is not rendered.
fn of_module(module: &Arc<Module>, global: Option<&Store>) -> Linted {
    let mut linted = Linted::new(module.name.as_str(), module.folder.display().to_string());
    linted.add(Severity::Warning, module.warnings.clone());
    linted.add(
        Severity::Warning,
        layout::misnamed(&module.path, &module.folder),
    );
    let store = match store_of(module) {
        Ok((store, warnings)) => {
            linted.add(Severity::Warning, warnings);
            Some(store)
        }
        Err(mistakes) => {
            linted.add(Severity::Error, mistakes.0);
            None
        }
    };
    let values = match (&store, global) {
        (Some(store), Some(global)) => tries(store, global),
        // Their mistakes are told; nobody knows what the templates would see.
        _ => Vec::new(),
    };
    let capabilities = Arc::new(Capabilities {
        kube_version: KUBE_VERSION.to_owned(),
        ..Capabilities::default()
    });
    let Examined {
        mistakes,
        failures,
        warnings,
    } = task::examine(module, &values, "default", &capabilities);
    linted.add(Severity::Error, mistakes);
    linted.add(Severity::Warning, warnings);
    let is_declared = store.is_some_and(|store| store.schemas().values.is_some());
    if is_declared || module.hooks.is_none() {
        linted.add(Severity::Error, failures);
    } else {
        let hint = "if a hook sets it, declare it in openapi/values.yaml";
        linted.add(
            Severity::Warning,
            failures.into_iter().map(|failure| with_hint(failure, hint)),
        );
    }
    linted
}

fn with_hint(mistake: Mistake, hint: &str) -> Mistake {
    let hints: Vec<&str> = [mistake.hint.as_str(), hint]
        .into_iter()
        .filter(|hint| !hint.is_empty())
        .collect();
    let hint = hints.join("; ");
    Mistake { hint, ..mistake }
}

/// The values of the folders; and the same with what hooks and people have to set made up.
fn tries(store: &Store, global: &Store) -> Vec<Values> {
    let plain = store.snapshot().values;
    let global_plain = global.snapshot().values;
    let values = |global: &Value, own: &Value| Values {
        global: ValuesTree::new(global),
        module: ValuesTree::new(own),
        plain: Arc::new(own.clone()),
        checksums: (Checksum::of(global), Checksum::of(own)),
    };
    let made_up = (
        global.schemas().sample(&global_plain),
        store.schemas().sample(&plain),
    );
    vec![
        values(&global_plain, &plain),
        values(&made_up.0, &made_up.1),
    ]
}

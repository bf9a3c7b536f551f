//! `addon-operator hook config FILE`: what a hook says of itself, and what is wrong with it.

mod sheet;

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;

use self::sheet::{InCluster, Sheet};
use super::{cannot, cannot_say, connect, processes, runtime, show, sight};
use crate::binding::{HookConfig, Place, parse_config};
use crate::cli::ask::Format;
use crate::cli::environment::Environment;
use crate::cli::output::{self, Failure};
use crate::cli::place::Cluster;
use crate::cli::start;
use crate::hook::{self, HookFile};
use crate::name::{ModuleName, ValuesKey};
use crate::report::{self, Mistake, Mistakes};
use crate::task::Declaration;

/// Texts with these endings are configurations, not programs.
const TEXTS: [&str; 3] = ["yaml", "yml", "json"];

/// Show what a hook listens to, or all that is wrong with what it says of itself
///
/// FILE is a hook, which is run with `--config`, or a file with its configuration in YAML or JSON.
///
/// Exit codes: 0 right, 1 wrong, 2 it could not be read.
#[derive(Debug, Args)]
pub(in crate::cli) struct Arguments {
    /// A hook, a file with a configuration, or - for standard input
    file: PathBuf,

    /// It is a global hook; if not said, its folder or its bindings tell
    #[arg(long)]
    global: bool,

    /// The folder of the global hooks
    #[arg(
        long,
        value_name = "DIR",
        env = "ADDON_OPERATOR_GLOBAL_HOOKS_DIR",
        default_value = "global-hooks"
    )]
    global_hooks_dir: PathBuf,

    /// How long the hook may take
    #[arg(long, value_name = "DURATION", default_value = "30s", value_parser = start::parse_positive_duration)]
    timeout: Duration,

    /// Ask the cluster too: which kinds are meant, how many objects match, on which filters fail;
    /// naming a kubeconfig asks as well
    #[arg(long)]
    cluster: bool,

    #[command(flatten)]
    place: Cluster,
}

/// What a hook says, not read yet.
struct Said {
    /// The hook.
    hook: String,
    /// What people see as the file of the text.
    name: String,
    text: String,
    /// The file, when it is declared, and the key of the values that it may set.
    declared: Option<(HookFile, ValuesKey)>,
}

/// Prints what the hook listens to, or all mistakes.
pub(in crate::cli) fn run(
    arguments: &Arguments,
    format: Format,
    environment: &Environment,
) -> Result<(), Failure> {
    runtime()?.block_on(check(arguments, format, environment))
}

async fn check(
    arguments: &Arguments,
    format: Format,
    environment: &Environment,
) -> Result<(), Failure> {
    let said = read(arguments).await?;
    let (place, parsed) = parse(arguments, &said);
    let config = match parsed {
        Ok(config) => config,
        Err(mistakes) => return refuse(&said, place, mistakes, format),
    };
    let mut sheet = Sheet::of(&said.hook, place, &config, &said.text);
    if arguments.cluster || arguments.place.is_named() {
        sheet.take_cluster(ask(arguments, &config).await?);
    }
    for warning in &config.warnings {
        output::warn(&warning.to_string());
    }
    let paint = output::paint(output::is_terminal(), environment);
    show(&sheet, format, || sheet.text(paint))?;
    Ok(())
}

/// Programs get the mistakes as a document; people as text.
fn refuse(said: &Said, place: Place, mistakes: Mistakes, format: Format) -> Result<(), Failure> {
    if format == Format::Text {
        return Err(Failure::Failed(mistakes.into()));
    }
    let sheet = Sheet::refused(&said.hook, place, mistakes);
    show(&sheet, format, String::new)?;
    Err(Failure::Differs)
}

async fn read(arguments: &Arguments) -> Result<Said, Failure> {
    let path = arguments.file.as_path();
    let name = path.display().to_string();
    if path == Path::new("-") {
        let mut text = String::new();
        std::io::stdin().read_to_string(&mut text).map_err(cannot)?;
        let name = "standard input".to_owned();
        return Ok(Said::of_text(name, text));
    }
    if path.is_dir() {
        return Err(cannot_say(format!(
            "{name} is a folder; name one hook in it, or check all by `module lint`"
        )));
    }
    if hook::is_declaration(&name) {
        return read_declared(arguments, path, name);
    }
    let ending = path.extension().and_then(|ending| ending.to_str());
    if ending.is_some_and(|ending| TEXTS.contains(&ending)) {
        let text = std::fs::read_to_string(path)
            .map_err(|error| cannot_say(format!("{name}: cannot be read: {error}")))?;
        return Ok(Said::of_text(name, text));
    }
    let place = place_by_folder(arguments).unwrap_or(Place::Module);
    let file = hook::one(place, path, &name).map_err(cannot_say)?;
    let printed = hook::print_config(&processes(), &file, arguments.timeout).await;
    let text = printed.map_err(|error| cannot_say(report::chain(&error)))?;
    Ok(Said {
        name: hook::printed_name(&file),
        hook: name,
        text,
        declared: None,
    })
}

/// A hook that is declared; its folder tells whose values it sets.
fn read_declared(arguments: &Arguments, path: &Path, name: String) -> Result<Said, Failure> {
    let place = place_by_folder(arguments).unwrap_or(Place::Module);
    let scope = match place {
        Place::Global | Place::Standalone => Some(ValuesKey::global()),
        Place::Module => scope_of(path),
    };
    let Some(scope) = scope else {
        return Err(cannot_say(format!(
            "{name}: it is in no module, so nobody knows whose values it sets; put it into the `hooks` of \
             one, or say --global"
        )));
    };
    let file = hook::one(place, path, &name).map_err(cannot_say)?;
    let text = std::fs::read_to_string(path)
        .map_err(|error| cannot_say(format!("{name}: cannot be read: {error}")))?;
    Ok(Said {
        declared: Some((file, scope)),
        ..Said::of_text(name, text)
    })
}

/// `010-web/hooks/x.hook.yaml` → `web`.
fn scope_of(path: &Path) -> Option<ValuesKey> {
    let path = std::path::absolute(path).ok()?;
    let hooks = path.ancestors().find(|folder| folder.ends_with("hooks"))?;
    let folder = hooks.parent()?.file_name()?.to_str()?;
    let name = match folder.split_once('-') {
        Some((weight, name)) if weight.chars().all(|letter| letter.is_ascii_digit()) => name,
        _ => folder,
    };
    Some(ModuleName::parse(name).ok()?.key())
}

impl Said {
    fn of_text(name: String, text: String) -> Self {
        Self {
            hook: name.clone(),
            name,
            text,
            declared: None,
        }
    }
}

/// Reads it as the hook of the place that is said, or that its folder says; else of the place where
/// it has fewer mistakes.
fn parse(arguments: &Arguments, said: &Said) -> (Place, Result<HookConfig, Mistakes>) {
    if let Some((file, scope)) = &said.declared {
        return parse_declared(file, scope);
    }
    let read = |place| (place, parse_config(&said.name, &said.text, place));
    if let Some(place) = place_by_folder(arguments) {
        return read(place);
    }
    let mistakes = |read: &Result<HookConfig, Mistakes>| match read {
        Ok(_) => 0,
        Err(mistakes) => mistakes.0.len(),
    };
    let (of_module, of_global) = (read(Place::Module), read(Place::Global));
    if mistakes(&of_global.1) < mistakes(&of_module.1) {
        of_global
    } else {
        of_module
    }
}

fn parse_declared(file: &HookFile, scope: &ValuesKey) -> (Place, Result<HookConfig, Mistakes>) {
    let place = if scope.is_global() {
        Place::Global
    } else {
        Place::Module
    };
    let read = match Declaration::read(file, scope) {
        Ok((config, _)) => Ok(config),
        Err(hook::Error::Config { source, .. }) => Err(source),
        Err(error) => Err(Mistake::new(&file.shown, report::chain(&error)).into()),
    };
    (place, read)
}

fn place_by_folder(arguments: &Arguments) -> Option<Place> {
    if arguments.global {
        return Some(Place::Global);
    }
    let whole = |path: &Path| std::fs::canonicalize(path).ok();
    let (file, globals) = (whole(&arguments.file)?, whole(&arguments.global_hooks_dir));
    if globals.is_some_and(|globals| file.starts_with(globals)) {
        return Some(Place::Global);
    }
    // `010-web/hooks/x.sh`: the folder of a module has more than hooks.
    let hooks = file.ancestors().find(|folder| folder.ends_with("hooks"))?;
    let module = hooks.parent()?;
    let signs = ["module.yaml", "values.yaml", "Chart.yaml", "templates"];
    let is_module = signs.iter().any(|sign| module.join(sign).exists());
    is_module.then_some(Place::Module)
}

/// What each binding would see.
async fn ask(arguments: &Arguments, config: &HookConfig) -> Result<Vec<InCluster>, Failure> {
    let client = connect(&arguments.place).await.map_err(cannot)?;
    let seen = sight::look(&client, &config.kubernetes).await;
    let mut answers = Vec::new();
    for (binding, seen) in config.kubernetes.iter().zip(seen) {
        let selection = &binding.selection;
        let api_version = selection.api_version.as_deref().unwrap_or_default();
        let resource = client.named(api_version, &selection.kind).await.ok();
        answers.push(InCluster::of(binding, resource.as_ref(), seen));
    }
    Ok(answers)
}

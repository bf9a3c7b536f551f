//! `addon-operator start`: runs the operator.

mod flag;
mod flavour;
mod parse;
mod read;
mod replica;
mod webhooks;

pub(super) use parse::helm_driver;

use std::path::PathBuf;
use std::time::Duration;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{ArgMatches, Args, Command, FromArgMatches};

use tokio_util::sync::CancellationToken;

use self::read::Typed;
use super::environment::Environment;
use super::log;
use super::output::Failure;
use super::signal;
use crate::operator::{self, Flavour, SetLogLevel, Settings};

/// Threads that read folders and render charts. Nothing there waits for long; with a thread per
/// module, as tokio would have it, their stacks and heaps would be most of the memory.
const BLOCKING_THREADS: usize = 4;

/// Threads for all else, which waits for the API server: more would only have heaps of their own, as
/// on a large machine, where there would be one per core.
const MOST_WORKERS: usize = 4;

/// The flags as they were typed, not read yet: their mistakes are told with those of the
/// environment, all at once.
#[derive(Debug, Clone, Default)]
pub(super) struct Arguments {
    typed: Typed,
}

impl Args for Arguments {
    fn augment_args(command: Command) -> Command {
        let command = command.about("Run the operator").after_help(
            "A flag is stronger than a variable; of several variables the first is the strongest. \
             Lengths of time have a unit: 500ms, 30s, 20m, 1h30m.",
        );
        command.args(flag::ALL.iter().map(flag::Flag::argument))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for Arguments {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let typed = flag::ALL.iter().filter_map(|flag| {
            let texts: Vec<&str> = matches.get_many(flag.name)?.map(String::as_str).collect();
            Some((flag.name, texts.join(",")))
        });
        Ok(Self {
            typed: typed.collect(),
        })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

/// Runs the operator until it is told to stop.
pub(super) fn run(
    arguments: Arguments,
    socket: Option<&str>,
    environment: &Environment,
) -> Result<(), Failure> {
    let mut typed = arguments.typed;
    typed.extend(socket.map(|path| (flag::SOCKET.name, path.to_owned())));
    let mut settings = read::settings(&typed, environment).map_err(Failure::Misused)?;
    settings.folders.guard = std::env::current_exe().ok();
    if settings.flavour == Flavour::ShellOperator {
        // Its hooks do not run where the operator does.
        let folders = &mut settings.folders;
        folders.global_hooks = std::path::absolute(&folders.global_hooks)?;
        folders.temporary = std::path::absolute(&folders.temporary)?;
    }
    let set_level = log::install(&settings, environment)?;
    if settings.flavour == Flavour::ShellOperator {
        let hooks = settings.folders.global_hooks.display();
        tracing::info!(target: "operator", %hooks, "runs as a shell-operator");
    }
    for warning in &settings.warnings {
        tracing::warn!("{warning}");
    }
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(cores.min(MOST_WORKERS))
        .max_blocking_threads(BLOCKING_THREADS)
        .enable_all()
        .build()?;
    runtime.block_on(operate(settings, set_level))
}

/// Runs the operator until a signal; a second one ends the process at once.
async fn operate(settings: Settings, set_level: SetLogLevel) -> Result<(), Failure> {
    let stop = CancellationToken::new();
    let (view, _) = tokio::sync::watch::channel(operator::View::default());
    let running = operator::run(settings, set_level, view, stop.clone());
    tokio::pin!(running);
    tokio::select! {
        ended = &mut running => return Ok(ended?),
        () = signal::told_to_stop() => stop.cancel(),
    }
    tokio::select! {
        ended = running => Ok(ended?),
        () = signal::told_to_stop() => Err(Failure::Failed(anyhow::anyhow!("stopped at once, at the second signal"))),
    }
}

/// The debug socket, for a command that asks. When nobody says which, the operator that runs counts.
pub(super) fn socket(typed: Option<&str>, environment: &Environment) -> PathBuf {
    let (first, other) = flavour::sockets(typed, environment);
    let is_other = |other: &PathBuf| !first.exists() && other.exists();
    other.filter(is_other).unwrap_or(first)
}

/// A flag of `start` behind another command, or behind none, gets a tip.
pub(super) fn with_tip(mut error: clap::Error) -> clap::Error {
    let is_flag = match error.get(ContextKind::InvalidArg) {
        Some(ContextValue::String(typed)) => {
            let name = typed.trim_start_matches('-');
            flag::ALL.iter().any(|flag| flag.name == name)
        }
        _ => false,
    };
    if is_flag && error.kind() == ErrorKind::UnknownArgument {
        let tip = "it is a flag of the command start: addon-operator start …";
        let tips = ContextValue::StyledStrs(vec![tip.into()]);
        error.insert(ContextKind::Suggested, tips);
    }
    error
}

/// The help of the flag for the debug socket.
pub(super) fn socket_help() -> String {
    flag::SOCKET.help_line()
}

/// A length of time above 0, for a command that waits.
pub(super) fn parse_positive_duration(text: &str) -> Result<Duration, String> {
    parse::positive_duration(text)
}

//! The command line: arguments and environment → settings → one command.
//!
//! *In:* what was typed, the environment · *Out:* text on stdout, mistakes on stderr, an exit code
//! (0 done, 1 failed, 2 misuse) · *Never:* decides anything about modules; reads the environment
//! anywhere but in `environment`.
//!
//! A command is one file with its arguments and a `run`. Those in `ask/` ask the running operator
//! through its debug socket; those in `author/` need none.

mod ask;
mod author;
mod environment;
mod framework;
mod guard;
mod jq;
mod log;
mod output;
mod place;
mod preview;
mod signal;
mod start;
mod template;
mod try_out;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use self::environment::Environment;
use self::output::Failure;
use crate::hook::jq_library;

/// Keeps a Kubernetes cluster fitted out: module folders in, cluster state out
///
/// Without a command, the operator starts, with the settings of the environment.
#[derive(Debug, Parser)]
#[command(name = "addon-operator", version, max_term_width = 100)]
#[command(after_help = "Exit codes: 0 done, 1 failed, 2 misuse.")]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,

    #[arg(
        long,
        global = true,
        value_name = "PATH",
        alias = "debug-unix-socket",
        help = start::socket_help()
    )]
    socket: Option<String>,
}

#[derive(Debug, Subcommand)]
enum Command {
    Start(start::Arguments),
    Try(try_out::Arguments),
    Render(preview::render::Arguments),
    Template(Box<template::Arguments>),
    Diff(preview::diff::Arguments),
    Module(ask::module::Arguments),
    Hook(ask::hook::Arguments),
    Global(ask::global::Arguments),
    Values(ask::values::Arguments),
    Queue(ask::queue::Arguments),
    Leader(ask::leader::Arguments),
    Config(ask::config::Arguments),
    Raw(ask::raw::Arguments),
    Jq(jq::Arguments),
    ShellFramework(framework::Arguments),
    #[command(name = crate::process::GUARD_COMMAND, hide = true)]
    Guard(guard::Arguments),
    /// Show the version of this program
    Version,
}

/// Runs the command that was typed; the exit code is that of the process.
pub fn main() -> ExitCode {
    let environment = Environment::of_process();
    match run(std::env::args_os(), &environment) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.tell(),
    }
}

fn run(
    typed: impl IntoIterator<Item = OsString>,
    environment: &Environment,
) -> Result<(), Failure> {
    let Arguments { command, socket } =
        Arguments::try_parse_from(typed).map_err(|error| Failure::Typed(start::with_tip(error)))?;
    let socket = socket.as_deref();
    let asker = || ask::Asker::new(socket, environment);
    if !matches!(command, None | Some(Command::Start(_))) {
        // The operator installs its own, which a flag may name.
        jq_library(&environment::jq_library_path()).install();
    }
    match command {
        None => start::run(start::Arguments::default(), socket, environment),
        Some(Command::Start(arguments)) => start::run(arguments, socket, environment),
        Some(Command::Try(arguments)) => try_out::run(arguments, environment),
        Some(Command::Render(arguments)) => {
            preview::render::run(&arguments, &start::socket(socket, environment))
        }
        Some(Command::Template(arguments)) => template::run(&arguments),
        Some(Command::Diff(arguments)) => {
            preview::diff::run(&arguments, &start::socket(socket, environment))
        }
        Some(Command::Module(arguments)) => arguments.run(asker, environment),
        Some(Command::Hook(arguments)) => arguments.run(asker, environment),
        Some(Command::Global(arguments)) => asker().run(arguments),
        Some(Command::Values(arguments)) => asker().run(arguments),
        Some(Command::Queue(arguments)) => asker().run(arguments),
        Some(Command::Leader(arguments)) => asker().run(arguments),
        Some(Command::Config(arguments)) => asker().run(arguments),
        Some(Command::Raw(arguments)) => asker().run(arguments),
        Some(Command::Jq(arguments)) => jq::run(arguments),
        Some(Command::ShellFramework(arguments)) => framework::run(&arguments),
        Some(Command::Guard(arguments)) => {
            guard::run(&arguments);
            Ok(())
        }
        Some(Command::Version) => {
            output::print(concat!("addon-operator ", env!("CARGO_PKG_VERSION"), "\n"))?;
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    /// The help of a command and of all below it, each with the words that lead there.
    fn helps(command: &mut clap::Command, words: &str, found: &mut Vec<(String, String)>) {
        let help = command.clone().term_width(100).render_long_help();
        found.push((words.to_owned(), help.to_string()));
        for below in command.get_subcommands_mut() {
            if below.get_name() != "help" && !below.is_hide_set() {
                let words = format!("{words}-{}", below.get_name());
                helps(below, &words, found);
            }
        }
    }

    #[test]
    fn help_of_every_command_is_golden() {
        let mut command = Arguments::command();
        command.build();
        let mut found = Vec::new();
        helps(&mut command, "help", &mut found);
        assert!(found.len() > 25);
        insta::with_settings!({
            snapshot_path => "../../tests/golden/cli",
            prepend_module_to_snapshot => false,
            omit_expression => true,
        }, {
            for (name, help) in found {
                insta::assert_snapshot!(name, help);
            }
        });
    }

    #[test]
    fn arguments_are_consistent() {
        Arguments::command().debug_assert();
    }
}

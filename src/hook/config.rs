//! Asks a hook what it listens to, or reads it.

use std::fs;
use std::path::Path;
use std::time::Duration;

use super::error::Error;
use super::log::Log;
use super::{HookFile, Labels};
use crate::binding::{Declared, HookConfig, Place, parse_config, parse_declaration};
use crate::name::ValuesKey;
use crate::process::{self, Hearing, Processes, Run, Stream};
use crate::report::Mistake;
use crate::secret::Secrets;

/// A longer configuration is refused, in bytes.
const LONGEST: usize = 4 << 20;

/// What a binary of several hooks says to `--config`.
const NO_CONFIG: &str = "unknown flag: --config";

/// Runs a hook with `--config` and reads what it prints. What it says on standard error is logged.
pub async fn read_config(
    processes: &Processes,
    file: &HookFile,
    place: Place,
    limit: Duration,
) -> Result<HookConfig, Error> {
    let printed = print_config(processes, file, limit).await?;
    parse_config(&printed_name(file), &printed, place).map_err(|source| Error::Config {
        hook: file.shown.clone(),
        source,
    })
}

/// What people see as the file of a hook's printed configuration.
pub fn printed_name(file: &HookFile) -> String {
    format!("{} --config", file.shown)
}

/// What a hook prints for `--config`, not read yet. What it says on standard error is logged.
pub async fn print_config(
    processes: &Processes,
    file: &HookFile,
    limit: Duration,
) -> Result<String, Error> {
    let (program, mut arguments, variables) = file.program();
    arguments.push("--config");
    let mut printed = String::new();
    let labels = Labels {
        binding: "--config",
        queue: "",
        task: 0,
    };
    let secrets = Secrets::default();
    let mut log = Log::new((None, &file.name), labels, &secrets, false);
    let mut hear = |stream: Stream, line: &str| match stream {
        Stream::Stdout if printed.len() <= LONGEST => {
            printed.push_str(line);
            printed.push('\n');
        }
        Stream::Stdout => {}
        Stream::Stderr => log.hear(stream, line),
    };
    let ran = processes.run(Run {
        program,
        arguments: &arguments,
        directory: file.home_of_config(),
        variables,
        limit: Some(limit),
        hearing: Hearing {
            line: LONGEST,
            total: LONGEST,
        },
        hear: &mut hear,
    });
    let ended = ran.await.map_err(|source| failed(file, source))?;
    log.finish();
    let hook = || file.shown.clone();
    if !ended.status.success() {
        if [&printed, &ended.last_words]
            .iter()
            .any(|said| said.contains(NO_CONFIG))
        {
            return Err(Error::Batch { hook: hook() });
        }
        return Err(Error::ConfigFailed {
            hook: hook(),
            ending: ended.ending(),
            last_words: ended.last_words,
        });
    }
    if printed.len() > LONGEST {
        let message = format!("printed more than {LONGEST} bytes");
        return Err(Error::Config {
            hook: hook(),
            source: Mistake::new(printed_name(file), message).into(),
        });
    }
    Ok(printed)
}

/// Reads a hook that is declared, with all mistakes but those of its template; answers the text, too.
/// `scope` is the key of the values that it may set.
///
/// *Errors*: the file cannot be read, or is no text.
pub fn read_declaration(file: &HookFile, scope: &ValuesKey) -> Result<(Declared, String), Error> {
    let text = read_text(&file.path).map_err(|why| Error::Config {
        hook: file.shown.clone(),
        source: Mistake::new(&file.shown, why).into(),
    })?;
    Ok((parse_declaration(&file.shown, &text, scope), text))
}

fn read_text(path: &Path) -> Result<String, String> {
    let bytes = fs::read(path).map_err(|error| format!("cannot be read: {error}"))?;
    if bytes.len() > LONGEST {
        return Err(format!("has more than {LONGEST} bytes"));
    }
    String::from_utf8(bytes).map_err(|_| "is not UTF-8".to_owned())
}

fn failed(file: &HookFile, source: process::Error) -> Error {
    let hook = file.shown.clone();
    match source {
        process::Error::TimedOut {
            limit, last_words, ..
        } => Error::ConfigTimedOut {
            hook,
            limit,
            last_words,
        },
        source => Error::Process { hook, source },
    }
}

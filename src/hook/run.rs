//! One run of a hook.

use super::answer::{read_answers, read_survivors};
use super::error::Error;
use super::files::Files;
use super::log::Log;
use super::{Call, Given, Output};
use crate::process::{self, Hearing, Processes, Run, Stream};
use crate::secret::Secrets;

/// Of a line more is not logged, in bytes; as in the original.
pub(super) const LONGEST_LINE: usize = 64 << 10;
/// Of one output of one run more is not logged, in bytes.
const MOST_LOGGED: usize = 4 << 20;

/// Runs a hook and reads what it asked for, if it ends well. Its output is logged line by line.
///
/// Dropping the future ends the hook and removes its files.
pub async fn run(processes: &Processes, call: Call<'_>, given: Given) -> Result<Output, Error> {
    let file = &call.hook.file;
    let failed = |source| Error::Process {
        hook: file.shown.clone(),
        source: without_secrets(source, call.secrets),
    };
    let files = Files::write(processes, &call, &given).map_err(failed)?;
    // The snapshots in it may be as large as all that is kept of them.
    drop(given);
    let (program, arguments, mut variables) = file.program();
    variables.extend(files.variables());
    let whose = (call.module, file.name.as_str());
    let mut log = Log::new(whose, call.log, call.secrets, call.proxy_json);
    let mut hear = |stream: Stream, line: &str| log.hear(stream, line);
    let ran = processes.run(Run {
        program,
        arguments: &arguments,
        directory: file.home_of_run(),
        variables,
        limit: call.limit,
        hearing: Hearing {
            line: LONGEST_LINE,
            total: MOST_LOGGED,
        },
        hear: &mut hear,
    });
    let ended = ran.await;
    log.finish();
    let ended = ended.map_err(failed)?;
    if !ended.status.success() {
        return Err(Error::Failed {
            hook: file.shown.clone(),
            ending: ended.ending(),
            last_words: call.secrets.mask_piece(&ended.last_words).into_owned(),
            objects: read_survivors(&files, &call),
        });
    }
    read_answers(&files, &call, &ended)
}

fn without_secrets(error: process::Error, secrets: &Secrets) -> process::Error {
    match error {
        process::Error::TimedOut {
            program,
            limit,
            last_words,
        } => process::Error::TimedOut {
            program,
            limit,
            last_words: secrets.mask_piece(&last_words).into_owned(),
        },
        error => error,
    }
}

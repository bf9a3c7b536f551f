//! What a command says: text for programs on stdout, mistakes for people on stderr, an exit code.

use std::io::{self, ErrorKind, IsTerminal, Write};
use std::process::ExitCode;

use super::environment::Environment;
use crate::report::{self, Mistakes};
use crate::serve::Paint;

/// Why a command did not do what was asked.
#[derive(Debug)]
pub(super) enum Failure {
    /// The arguments make no sense, or help was asked for.
    Typed(clap::Error),
    /// Flags and environment hold mistakes: all of them.
    Misused(Mistakes),
    /// The command failed.
    Failed(anyhow::Error),
    /// A comparison failed: exit code 2, since 1 says that something differs.
    NotCompared(anyhow::Error),
    /// A comparison found differences, which were printed.
    Differs,
    /// What there is to say was said; this is the exit code.
    Told(u8),
}

/// Whether there is still a reader at the other end of stdout.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reader {
    /// There is.
    Listens,
    /// It went away, as `head` does when it has seen enough.
    Gone,
}

impl Failure {
    /// The same failure, of a comparison.
    pub(super) fn with_code_2(self) -> Self {
        match self {
            Self::Failed(error) => Self::NotCompared(error),
            other => other,
        }
    }

    /// Tells the person, and gives the exit code.
    pub(super) fn tell(self) -> ExitCode {
        let (code, text) = match self {
            Self::Typed(error) => {
                // Help goes to stdout with code 0, misuse to stderr with code 2. A closed pipe is
                // the reader's choice.
                let _ = error.print();
                return ExitCode::from(u8::from(error.use_stderr()) * 2);
            }
            Self::Misused(mistakes) => (2, mistakes.to_string()),
            Self::Failed(error) => (1, report::chain(error.as_ref())),
            Self::NotCompared(error) => (2, report::chain(error.as_ref())),
            Self::Differs => return ExitCode::from(1),
            Self::Told(code) => return ExitCode::from(code),
        };
        // Nothing can be told where stderr is closed; the exit code remains.
        let _ = writeln!(io::stderr(), "{}", told(&text));
        ExitCode::from(code)
    }
}

impl<E: std::error::Error + Send + Sync + 'static> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

/// One mistake behind `error:`, several below it.
fn told(text: &str) -> String {
    if text.contains('\n') {
        format!("error:\n  {}", text.replace('\n', "\n  "))
    } else {
        format!("error: {text}")
    }
}

/// Writes to stdout. A reader that went away is no failure.
pub(super) fn print(text: &str) -> io::Result<Reader> {
    let mut stdout = io::stdout().lock();
    let written = stdout
        .write_all(text.as_bytes())
        .and_then(|()| stdout.flush());
    match written {
        Ok(()) => Ok(Reader::Listens),
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(Reader::Gone),
        Err(error) => Err(error),
    }
}

/// Says something beside the answer, on stderr.
pub(super) fn note(text: &str) {
    // Nothing can be told where stderr is closed.
    let _ = writeln!(io::stderr(), "note: {text}");
}

/// Says on stderr what is odd and stops nothing.
pub(super) fn warn(text: &str) {
    // Nothing can be told where stderr is closed.
    let _ = writeln!(io::stderr(), "warning: {}", text.replace('\n', "\n  "));
}

/// Whether the reader of stdout is a person at a terminal.
pub(super) fn is_terminal() -> bool {
    io::stdout().is_terminal()
}

/// Colours for a terminal, unless `NO_COLOR` asks for none.
pub(super) fn paint(terminal: bool, environment: &Environment) -> Paint {
    if terminal && environment.value("NO_COLOR").is_none() {
        Paint::Colored
    } else {
        Paint::Plain
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_mistakes_stand_below_each_other() {
        assert_eq!(told("a: bad"), "error: a: bad");
        assert_eq!(told("a: bad\nb: bad"), "error:\n  a: bad\n  b: bad");
    }

    #[test]
    fn colours_need_a_terminal_and_no_objection() {
        let with = |value: &str| -> Environment {
            [("NO_COLOR".to_owned(), value.to_owned())]
                .into_iter()
                .collect()
        };
        for (terminal, no_color, expected) in [
            (true, "", Paint::Colored),
            (true, "1", Paint::Plain),
            (false, "", Paint::Plain),
        ] {
            assert_eq!(paint(terminal, &with(no_color)), expected);
        }
    }
}

//! Tells how building and starting goes.

use std::io::{self, IsTerminal, Write};

use crate::control_plane::Progress;

/// Tells how building and starting goes: on a terminal one line that moves, else a line per step.
pub(super) struct Teller {
    is_terminal: bool,
    last_told: usize,
}

impl Teller {
    pub(super) fn new() -> Self {
        Self {
            is_terminal: io::stdout().is_terminal(),
            last_told: 0,
        }
    }

    pub(super) fn tell(&mut self, step: &Progress) {
        match step {
            Progress::Waiting { what } => say(&format!(
                "{what} is being built by another process; waiting for it\n"
            )),
            Progress::Building {
                what,
                version,
                expected,
            } => {
                self.last_told = 0;
                say(&format!(
                    "building {what} {version} with the go tool, once; about {} s on two cores\n",
                    expected.as_secs()
                ));
            }
            Progress::Step {
                compiled, packages, ..
            } => self.count(*compiled, *packages),
            Progress::Built { what, took } => {
                let end = if self.is_terminal { "\r" } else { "" };
                say(&format!(
                    "{end}built {what} in {:.0} s            \n",
                    took.as_secs_f64()
                ));
            }
            Progress::Starting => say("starting etcd and kube-apiserver\n"),
            Progress::Ready { took } => say(&format!(
                "the API server is ready after {:.1} s\n\n",
                took.as_secs_f64()
            )),
        }
    }

    /// A line moves on a terminal; elsewhere every quarter is told.
    fn count(&mut self, compiled: usize, packages: usize) {
        if self.is_terminal {
            say(&format!("\r  {compiled} of {packages} packages"));
        } else if packages > 0 && compiled * 4 / packages > self.last_told {
            self.last_told = compiled * 4 / packages;
            say(&format!("  {compiled} of {packages} packages\n"));
        }
    }
}

/// Writes for a person; a reader that went away is no reason to end.
pub(super) fn say(text: &str) {
    let _ = io::stdout().write_all(text.as_bytes());
    let _ = io::stdout().flush();
}

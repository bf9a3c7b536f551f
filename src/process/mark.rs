//! The variable by which a process is known as ours, and the search for those that carry it.
//!
//! Every process that is started here has it, and its children inherit it. Its value is the path of
//! the operator's folder and the number of the run: `…/operator-17-0a1b/4`.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::io::Errno;
use rustix::process::{Pid, Signal, kill_process};

/// The variable's name.
pub(super) const VARIABLE: &str = "ADDON_OPERATOR_RUN";

/// A search must find nothing so often, for a process may just be starting another.
const EMPTY_SEARCHES: u32 = 2;
/// So often the list of children is read until it is the same twice.
const SAME_WITHIN: u32 = 5;
const SEARCH_WITHIN: Duration = Duration::from_secs(10);

/// What the environment of a process is searched for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mark(Vec<u8>);

impl Mark {
    /// The mark of one run.
    pub(super) fn of_run(home: &Path, number: u64) -> Self {
        let mut mark = Self::of_operator(home);
        mark.0.extend(number.to_string().as_bytes());
        mark.0.push(0);
        mark
    }

    /// What the marks of all runs of an operator begin with.
    pub(super) fn of_operator(home: &Path) -> Self {
        let mut text = VARIABLE.as_bytes().to_vec();
        text.push(b'=');
        text.extend(home.as_os_str().as_bytes());
        text.push(b'/');
        Self(text)
    }

    /// The variable's value.
    pub(super) fn value(&self) -> &std::ffi::OsStr {
        let value = self.0.get(VARIABLE.len() + 1..).unwrap_or_default();
        std::ffi::OsStr::from_bytes(value.strip_suffix(b"\0").unwrap_or(value))
    }

    /// Whether a process carries it. A process that is gone, or none of ours, does not.
    pub(super) fn is_on(&self, process: u32) -> bool {
        self.look(process) == Some(true)
    }

    /// The same; `None` when it cannot be told: a process that just becomes another program has no
    /// environment for a moment, and one that just dies has none any more, which newer kernels tell
    /// by ESRCH.
    pub(super) fn look(&self, process: u32) -> Option<bool> {
        match fs::read(format!("/proc/{process}/environ")) {
            Ok(found) if found.is_empty() => None,
            Ok(found) => Some(self.is_in(&found)),
            Err(error) if error.raw_os_error() == Some(Errno::SRCH.raw_os_error()) => None,
            Err(_) => Some(false),
        }
    }

    fn is_in(&self, environment: &[u8]) -> bool {
        environment
            .split_inclusive(|byte| *byte == 0)
            .any(|entry| entry.starts_with(&self.0))
    }
}

/// Kills every process of this machine that carries the mark, until there is none; answers how many.
pub(super) fn kill_marked(mark: &Mark) -> usize {
    let began = Instant::now();
    let mut killed = BTreeSet::new();
    let mut empty = 0;
    while empty < EMPTY_SEARCHES && began.elapsed() < SEARCH_WITHIN {
        let found: Vec<u32> = all().filter(|process| mark.is_on(*process)).collect();
        empty = if found.is_empty() { empty + 1 } else { 0 };
        for process in found {
            kill(process);
            killed.insert(process);
        }
        if empty < EMPTY_SEARCHES {
            std::thread::sleep(Duration::from_millis(2));
        }
    }
    killed.len()
}

/// Kills a process; that it is gone already is what we want.
pub(super) fn kill(process: u32) {
    if let Some(id) = pid(process) {
        let _ = kill_process(id, Signal::KILL);
    }
}

pub(super) fn pid(process: u32) -> Option<Pid> {
    i32::try_from(process).ok().and_then(Pid::from_raw)
}

/// The processes that we see, ourselves left out.
fn all() -> impl Iterator<Item = u32> {
    numbers("/proc").filter(|process| *process != std::process::id())
}

/// Our own children, orphans that the kernel handed to us included.
pub(super) fn children() -> BTreeSet<u32> {
    // Orphans are children of one of our threads; when it ends, another has them, which may be one
    // that was looked at before. And the kernel passes over children while others end.
    let mut before = children_of_threads();
    for _ in 0..SAME_WITHIN {
        let now = children_of_threads();
        if now == before {
            break;
        }
        before = now;
    }
    before
}

fn children_of_threads() -> BTreeSet<u32> {
    let mut children = BTreeSet::new();
    let mut is_known = false;
    for thread in numbers("/proc/self/task") {
        let text = fs::read_to_string(format!("/proc/self/task/{thread}/children"));
        is_known |= text.is_ok();
        let text = text.unwrap_or_default();
        children.extend(
            text.split_whitespace()
                .filter_map(|id| id.parse::<u32>().ok()),
        );
    }
    if !is_known {
        // A kernel without that file: the long way.
        let own = i32::try_from(std::process::id()).ok();
        let is_child = |process: &u32| stat(*process).is_some_and(|of| Some(of.parent) == own);
        children.extend(all().filter(is_child));
    }
    children
}

fn numbers(folder: &str) -> impl Iterator<Item = u32> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok())
}

/// A dead child.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Dead {
    pub(super) session: i32,
}

/// The child, when it is dead and not yet reaped.
pub(super) fn dead_in_session(process: u32) -> Option<Dead> {
    let stat = stat(process)?;
    (stat.state == 'Z').then_some(Dead {
        session: stat.session,
    })
}

/// The session of a process; 0 when it began outside of our PID namespace.
pub(super) fn session_of(process: u32) -> Option<i32> {
    stat(process).map(|stat| stat.session)
}

struct Stat {
    state: char,
    parent: i32,
    session: i32,
}

fn stat(process: u32) -> Option<Stat> {
    let text = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // The name in brackets may hold anything.
    let mut fields = text.rsplit_once(") ")?.1.split(' ');
    Some(Stat {
        state: fields.next()?.chars().next()?,
        parent: fields.next()?.parse().ok()?,
        session: fields.nth(1)?.parse().ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mark_is_told_from_its_like() {
        let mark = Mark::of_run(Path::new("/tmp/operator-1"), 4);
        assert_eq!(mark.value(), "/tmp/operator-1/4");
        let operator = Mark::of_operator(Path::new("/tmp/operator-1"));
        for (environment, run, any) in [
            ("A=b\0ADDON_OPERATOR_RUN=/tmp/operator-1/4\0", true, true),
            ("ADDON_OPERATOR_RUN=/tmp/operator-1/42\0", false, true),
            ("ADDON_OPERATOR_RUN=/tmp/operator-12/4\0", false, false),
            ("X_ADDON_OPERATOR_RUN=/tmp/operator-1/4\0", false, false),
            ("A=ADDON_OPERATOR_RUN=/tmp/operator-1/4\0", false, false),
            ("", false, false),
        ] {
            let found = environment.as_bytes();
            assert_eq!((mark.is_in(found), operator.is_in(found)), (run, any));
        }
    }

    #[test]
    fn stat_is_read() {
        let own = stat(std::process::id()).unwrap();
        // Not with getsid of rustix: it panics where the session began outside of our PID namespace.
        let status = fs::read_to_string("/proc/self/status").unwrap();
        let sessions = status.lines().find_map(|line| line.strip_prefix("NSsid:"));
        let session = sessions.and_then(|of| of.split_whitespace().next_back());
        assert_eq!(session, Some(own.session.to_string().as_str()));
        let parent = status.lines().find_map(|line| line.strip_prefix("PPid:"));
        assert_eq!(parent.map(str::trim), Some(own.parent.to_string().as_str()));
        assert_eq!(dead_in_session(std::process::id()), None);
    }
}

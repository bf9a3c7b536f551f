//! The only place that starts hooks and scripts. Nothing of them survives us.
//!
//! *In:* a program, what it is given, how long it may take · *Out:* its lines as they are said, how it
//! ended and what it cost; private folders · *Never:* knows what a hook is; reads what it answers.
//!
//! A process leads a group of its own. The group is killed when its leader ends, when its time is
//! over, when the operator stops and when the future that runs it is dropped. What left the group is
//! found by a variable that every process inherits, among the orphans that the kernel hands to us.
//! Against a `kill -9` of ourselves stands the [`guard`](run_guard): our own program, once, at the
//! other end of a pipe that ends when we do.

mod attend;
mod error;
mod folder;
mod group;
mod guard;
mod home;
mod lines;
mod mark;

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

use crate::leader::Moment;

pub use error::Error;
pub use folder::{Folder, read_answer};
pub use guard::{GUARD_COMMAND, run_guard};

use attend::attend;
use group::{Group, Orphans};
use guard::Guard;
use home::Home;
use mark::Mark;

/// Where and how processes are run.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Private folders are made below it; it is made when it is missing.
    pub temporary: PathBuf,
    /// Whether private folders stay, for people who look for a mistake.
    pub keep_files: bool,
    /// Our own program, which ends the processes when we are killed with -9; without it they stay
    /// until the next [`sweep`](Processes::sweep).
    pub guard: Option<PathBuf>,
}

/// One of the two outputs of a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stream {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

impl Stream {
    /// `stdout` or `stderr`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Stdout => "stdout",
            Self::Stderr => "stderr",
        }
    }
}

/// How much of each output is heard, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hearing {
    /// Of a longer line the rest is left out, and `…` is put in its place.
    pub line: usize,
    /// What comes after so much is not heard; a line says so.
    pub total: usize,
}

impl Default for Hearing {
    /// Lines of 10 kB, 1 MiB in all.
    fn default() -> Self {
        Self {
            line: 10_000,
            total: 1 << 20,
        }
    }
}

/// One run of a program.
pub struct Run<'a> {
    /// The program.
    pub program: &'a Path,
    /// Its arguments, without its own name.
    pub arguments: &'a [&'a str],
    /// Where it runs; `None` is our own working directory.
    pub directory: Option<&'a Path>,
    /// What its environment has beside ours.
    pub variables: BTreeMap<String, OsString>,
    /// How long it may take; `None` is as long as it wants.
    pub limit: Option<Duration>,
    /// How much of its output is heard.
    pub hearing: Hearing,
    /// Hears each line, without its end; what is not UTF-8 is replaced.
    pub hear: &'a mut (dyn FnMut(Stream, &str) + Send),
}

/// How a process ended by itself, well or badly.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    /// Its exit code or signal.
    pub status: ExitStatus,
    /// The last lines of its standard error, about 1 kB.
    pub last_words: String,
    /// What it cost, with the children that it waited for.
    pub usage: Usage,
    /// From before its start until it and all that it started were gone.
    pub took: Duration,
}

impl Ended {
    /// `ended with exit code 3`, or `was ended by signal 9`.
    pub fn ending(&self) -> String {
        use std::os::unix::process::ExitStatusExt;
        match (self.status.code(), self.status.signal()) {
            (Some(code), _) => format!("ended with exit code {code}"),
            (None, Some(signal)) => format!("was ended by signal {signal}"),
            (None, None) => "ended badly".to_owned(),
        }
    }
}

/// What a process cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Usage {
    /// Processor time of its own code.
    pub user: Duration,
    /// Processor time in the kernel.
    pub system: Duration,
    /// The most memory that it, or the largest of its children, had resident.
    pub max_rss_bytes: u64,
}

/// What a sweep found of earlier lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Swept {
    /// Folders of operators that are no more, removed (left, when files are kept).
    pub folders: usize,
    /// Processes of theirs, killed.
    pub processes: usize,
}

/// Starts processes and knows those that run. Cheap to clone.
///
/// The first one makes us the parent of all orphans below us, as PID 1 is in a container.
#[derive(Debug, Clone)]
pub struct Processes(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    home: Arc<Home>,
    guard: Guard,
    stop: CancellationToken,
    runs: AtomicU64,
    /// The leaders that are running or not yet reaped.
    leaders: Mutex<BTreeSet<u32>>,
    /// Groups that were killed and took longer to die than their owner could wait.
    dying: Mutex<Vec<Group>>,
    orphans: Orphans,
    surroundings: OnceLock<Surroundings>,
}

/// What every program finds around it.
#[derive(Debug)]
struct Surroundings {
    variables: BTreeMap<String, OsString>,
    /// Only its end matters.
    _folder: Option<Folder>,
}

impl Processes {
    /// Makes no folder and starts nothing yet.
    pub fn new(settings: Settings) -> Self {
        // Where the kernel refuses, orphans go to PID 1 and only their group is ended.
        let _ = rustix::process::set_child_subreaper(Some(rustix::process::getpid()));
        let home = Arc::new(Home::new(settings.temporary, settings.keep_files));
        let guard = Guard::new(settings.guard, home.clone());
        Self(Arc::new(Inner {
            home,
            guard,
            stop: CancellationToken::new(),
            runs: AtomicU64::new(0),
            leaders: Mutex::default(),
            dying: Mutex::default(),
            orphans: Orphans::default(),
            surroundings: OnceLock::new(),
        }))
    }

    /// What the environment of every program has from now on, beside ours and below what its run
    /// has; and a folder of that, which is kept as long as we are. The first call counts.
    pub fn surround(&self, variables: BTreeMap<String, OsString>, folder: Option<Folder>) {
        // Whoever comes second finds that programs run already.
        let _ = self.0.surroundings.set(Surroundings {
            variables,
            _folder: folder,
        });
    }

    /// A private folder (0700) that is gone when dropped. `prefix` opens its name.
    pub fn folder(&self, prefix: &str) -> Result<Folder, Error> {
        Folder::make(&self.0.home, prefix)
    }

    /// Runs a program until it ends, and answers how. Its standard input is empty.
    ///
    /// When its time is over, or when we [`stop`](Self::stop), its group hears SIGTERM and 2 s later
    /// SIGKILL. Dropping the future kills at once.
    pub async fn run(&self, run: Run<'_>) -> Result<Ended, Error> {
        if self.0.stop.is_cancelled() {
            return Err(Error::Stopped {
                program: run.program.to_owned(),
            });
        }
        let began = Instant::now();
        self.0.clear_dying();
        let number = self.0.runs.fetch_add(1, Ordering::Relaxed);
        let mark = Mark::of_run(self.0.home.path(), number);
        let mut command = Command::new(run.program);
        if let Some(around) = self.0.surroundings.get() {
            command.envs(&around.variables);
        }
        command.args(run.arguments).envs(&run.variables);
        if let Some(directory) = run.directory {
            command.current_dir(directory);
        }
        let group = Group::start(&self.0, command, mark).await?;
        attend(&self.0, group, run, began).await
    }

    /// Ends all that runs, as [`run`](Self::run) says, and starts nothing any more.
    pub fn stop(&self) {
        self.0.stop.cancel();
    }

    /// How long we may live, with all that we started, unless this is called again: then a guard ends
    /// us, also when we are stopped and cannot do it ourselves. `None`: for ever.
    pub fn live_until(&self, until: Option<Moment>) {
        self.0.guard.live_until(&self.0, until);
    }

    /// Removes what operators that are no more left below our temporary folder, and kills what is
    /// left of their processes. Operators that live are left alone. For the start; it may take
    /// milliseconds.
    pub fn sweep(&self) -> Result<Swept, Error> {
        self.0.home.sweep()
    }
}

impl Inner {
    fn leaders(&self) -> std::sync::MutexGuard<'_, BTreeSet<u32>> {
        self.leaders.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn dying(&self) -> std::sync::MutexGuard<'_, Vec<Group>> {
        self.dying.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reaps what was killed earlier and is dead by now.
    fn clear_dying(&self) {
        let mut dying = self.dying();
        dying.retain_mut(|group| !group.clear(self));
    }
}

#[cfg(test)]
mod tests;

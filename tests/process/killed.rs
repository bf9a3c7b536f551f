//! A stand-in for an operator runs a hook and is killed with -9. It is this very program, which
//! runs the ignored test below; the guard is the real one.

use std::collections::BTreeMap;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use addon_operator::process::{Hearing, Processes, Run, Settings};
use tempfile::TempDir;

/// Tells the stand-in where it works; without it the ignored test does nothing.
const FOLDER: &str = "STAND_IN_FOLDER";
/// What is written last by the hook.
const LAST: &str = "ready";

const HOOK: &str = r"#!/bin/bash
trap '' TERM HUP
cd $(dirname $0)
sleep 1000 & echo $! > child
setsid sleep 1000 & echo $! > daemon
env -i sleep 1000 & echo $! > unmarked
(setsid bash -c 'setsid sleep 1000 & echo $! > grandchild; wait' &)
while ! [ -s grandchild ]; do sleep 0.01; done
echo $$ > leader
mv leader ready
sleep 1000
";

#[test]
#[ignore = "the stand-in for an operator, run by the tests beside it"]
fn stand_in() {
    let Some(folder) = std::env::var_os(FOLDER).map(PathBuf::from) else {
        return;
    };
    let guard = folder.join("guarded").exists();
    let processes = Processes::new(Settings {
        temporary: folder.join("tmp"),
        keep_files: false,
        guard: guard.then(|| env!("CARGO_BIN_EXE_addon-operator").into()),
    });
    if folder.join("limited").exists() {
        let processes = processes.clone();
        // As a leader that renews its Lease.
        std::thread::spawn(move || {
            loop {
                let until = addon_operator::cluster::now().after(Duration::from_secs(1));
                processes.live_until(Some(until));
                std::thread::sleep(Duration::from_millis(100));
            }
        });
    }
    let files = processes.folder("web.hooks-x").unwrap();
    files.write("values.json", b"{}").unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let ended = runtime.block_on(processes.run(Run {
        program: &folder.join("hook"),
        arguments: &[],
        directory: None,
        variables: BTreeMap::new(),
        limit: None,
        hearing: Hearing::default(),
        hear: &mut |_, _| {},
    }));
    panic!("the hook ended: {ended:?}");
}

struct StandIn {
    folder: TempDir,
    child: Child,
}

impl StandIn {
    /// Starts one and waits until its hook runs.
    fn start(guarded: bool) -> Self {
        Self::start_in(TempDir::new().unwrap(), guarded)
    }

    fn start_in(folder: TempDir, guarded: bool) -> Self {
        let hook = folder.path().join("hook");
        fs::write(&hook, HOOK).unwrap();
        fs::set_permissions(&hook, Permissions::from_mode(0o755)).unwrap();
        if guarded {
            fs::write(folder.path().join("guarded"), "").unwrap();
        }
        let child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "process::killed::stand_in", "--ignored"])
            .env(FOLDER, folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let stand_in = Self { folder, child };
        assert!(within(|| stand_in.path(LAST).exists()), "no hook");
        for name in ["ready", "child", "daemon", "unmarked", "grandchild"] {
            assert!(!stand_in.is_gone(name), "{name} does not run");
        }
        stand_in
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Whether the process whose number the hook wrote down runs no more.
    fn is_gone(&self, name: &str) -> bool {
        let id = fs::read_to_string(self.path(name)).unwrap();
        let stat = fs::read_to_string(format!("/proc/{}/stat", id.trim()));
        // A dead process stays until its new parent has asked for its end.
        stat.is_err() || stat.is_ok_and(|stat| stat.contains(") Z ") || stat.contains(") X "))
    }

    /// Names in the temporary folder.
    fn left(&self) -> usize {
        fs::read_dir(self.path("tmp")).map_or(0, Iterator::count)
    }
}

fn within(mut is_so: impl FnMut() -> bool) -> bool {
    let began = Instant::now();
    while began.elapsed() < Duration::from_secs(20) {
        if is_so() {
            return true;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    false
}

#[test]
fn nothing_survives_an_operator_that_was_killed() {
    let mut stand_in = StandIn::start(true);
    assert_eq!(stand_in.left(), 1);
    stand_in.kill();
    for name in ["ready", "child", "daemon", "unmarked", "grandchild"] {
        assert!(within(|| stand_in.is_gone(name)), "{name} survived");
    }
    assert!(within(|| stand_in.left() == 0), "files survived");
}

#[test]
fn operator_that_is_stopped_for_too_long_is_ended_with_its_hooks() {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("limited"), "").unwrap();
    let mut stand_in = StandIn::start_in(folder, true);
    std::thread::sleep(Duration::from_millis(1500));
    assert!(!stand_in.is_gone("ready"), "it says that it lives");
    let number = stand_in.child.id().to_string();
    let stopped = Command::new("kill").args(["-STOP", &number]).status();
    assert!(stopped.unwrap().success());
    for name in ["ready", "child", "daemon", "grandchild"] {
        assert!(within(|| stand_in.is_gone(name)), "{name} survived");
    }
    let ended = stand_in.child.wait().unwrap();
    assert_eq!(
        std::os::unix::process::ExitStatusExt::signal(&ended),
        Some(9)
    );
    assert!(within(|| stand_in.left() == 0), "files survived");
}

#[test]
fn operator_and_guard_killed_leave_work_for_the_next() {
    let mut stand_in = StandIn::start(true);
    kill(&guard(&stand_in.path("tmp")));
    stand_in.kill();
    std::thread::sleep(Duration::from_millis(100));
    assert!(!stand_in.is_gone("daemon"));
    sweep(&stand_in);
}

#[tokio::test]
async fn guard_that_was_killed_is_replaced() {
    let folder = TempDir::new().unwrap();
    let processes = Processes::new(Settings {
        temporary: folder.path().to_owned(),
        keep_files: false,
        guard: Some(env!("CARGO_BIN_EXE_addon-operator").into()),
    });
    let run = || async {
        let mut hear = |_, _: &str| {};
        let ended = processes.run(Run {
            program: Path::new("true"),
            arguments: &[],
            directory: None,
            variables: BTreeMap::new(),
            limit: None,
            hearing: Hearing::default(),
            hear: &mut hear,
        });
        assert!(ended.await.unwrap().status.success());
    };
    run().await;
    let first = guard(folder.path());
    run().await;
    assert_eq!(guard(folder.path()), first, "one guard is enough");
    kill(&first);
    assert!(within(|| has_ended(&first)));
    run().await;
    assert_ne!(guard(folder.path()), first);
    drop(processes);
    let is_gone = || guards(folder.path()).is_empty();
    assert!(within(is_gone), "the guard outlives an orderly end");
}

#[test]
fn next_operator_removes_what_an_unguarded_one_left() {
    let mut stand_in = StandIn::start(false);
    let swept = processes(&stand_in).sweep().unwrap();
    assert_eq!(swept.folders, 0, "a living operator was swept");
    stand_in.kill();
    sweep(&stand_in);
}

fn processes(stand_in: &StandIn) -> Processes {
    Processes::new(Settings {
        temporary: stand_in.path("tmp"),
        keep_files: false,
        guard: None,
    })
}

fn sweep(stand_in: &StandIn) {
    let swept = processes(stand_in).sweep().unwrap();
    assert_eq!(swept.folders, 1);
    assert!(swept.processes >= 4, "{swept:?}");
    for name in ["ready", "child", "daemon", "grandchild"] {
        assert!(within(|| stand_in.is_gone(name)), "{name} survived");
    }
    assert_eq!(stand_in.left(), 0);
    // It cleared its environment and left no trace that a later life could know it by.
    let id = fs::read_to_string(stand_in.path("unmarked")).unwrap();
    kill(id.trim());
}

fn kill(process: &str) {
    let killed = Command::new("kill").args(["-9", process]).status();
    assert!(killed.unwrap().success());
}

/// Whether a process has let go of everything: its command line goes before its pipes do.
fn has_ended(process: &str) -> bool {
    let status = fs::read_to_string(format!("/proc/{process}/stat"));
    status.map_or(true, |status| {
        status
            .rsplit(')')
            .next()
            .is_some_and(|rest| rest.starts_with(" Z"))
    })
}

/// The process number of the guard of the one operator below a temporary folder.
fn guard(temporary: &Path) -> String {
    let found = guards(temporary);
    assert_eq!(found.len(), 1);
    found.into_iter().next().unwrap()
}

fn guards(temporary: &Path) -> Vec<String> {
    let is_guard = |process: &String| {
        let line = fs::read(format!("/proc/{process}/cmdline")).unwrap_or_default();
        let line = String::from_utf8_lossy(&line);
        line.contains("guard-processes") && line.contains(&*temporary.to_string_lossy())
    };
    let entries = fs::read_dir("/proc").unwrap().flatten();
    let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
    names.filter(is_guard).collect()
}

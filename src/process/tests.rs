//! Processes that behave badly in all the ways they do.

use std::collections::BTreeMap;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::*;

/// A script, a folder for temporary files, and the way to run it.
struct Bench {
    folder: TempDir,
    processes: Processes,
    limit: Option<Duration>,
}

impl Bench {
    fn new(script: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("script");
        fs::write(&path, format!("#!/bin/bash\ncd $(dirname $0)\n{script}\n")).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o755)).unwrap();
        let processes = processes(&folder.path().join("tmp"));
        Self {
            folder,
            processes,
            limit: Some(Duration::from_mins(1)),
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    async fn run(&self) -> (Result<Ended, Error>, Vec<(Stream, String)>) {
        let mut heard = Vec::new();
        let mut hear = |stream: Stream, line: &str| heard.push((stream, line.to_owned()));
        let program = self.path("script");
        let ended = self.processes.run(Run {
            program: &program,
            arguments: &["one", "two words"],
            directory: None,
            variables: BTreeMap::from([("GIVEN".to_owned(), "value".into())]),
            limit: self.limit,
            hearing: Hearing::default(),
            hear: &mut hear,
        });
        let ended = ended.await;
        (ended, heard)
    }

    async fn fails(&self) -> String {
        let error = self.run().await.0.unwrap_err();
        let folder = self.folder.path().display().to_string();
        crate::report::chain(&error).replace(&folder, "folder")
    }

    /// Waits until the process whose number the script wrote down is no more.
    async fn is_gone(&self, file: &str) -> bool {
        let deadline = Instant::now() + Duration::from_secs(10);
        while Instant::now() < deadline {
            let id = fs::read_to_string(self.path(file)).unwrap_or_default();
            if let Ok(id) = id.trim().parse::<u32>()
                && !Path::new(&format!("/proc/{id}")).exists()
            {
                return true;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        false
    }
}

fn processes(temporary: &Path) -> Processes {
    Processes::new(Settings {
        temporary: temporary.to_owned(),
        keep_files: false,
        guard: None,
    })
}

#[tokio::test]
async fn program_is_heard_and_its_end_is_told() {
    let bench =
        Bench::new("echo $# $2 $GIVEN; cat; echo no node >&2; printf '\\xff half' ; exit 3");
    let (ended, heard) = bench.run().await;
    let ended = ended.unwrap();
    assert_eq!(ended.ending(), "ended with exit code 3");
    assert_eq!(ended.last_words, "no node");
    let of = |stream| {
        let lines = heard.iter().filter(move |(of, _)| *of == stream);
        lines.map(|(_, line)| line.as_str()).collect::<Vec<_>>()
    };
    assert_eq!(of(Stream::Stdout), ["2 two words value", "\u{fffd} half"]);
    assert_eq!(of(Stream::Stderr), ["no node"]);
    let killed = Bench::new("kill -9 $$").run().await.0.unwrap();
    assert_eq!(killed.ending(), "was ended by signal 9");
}

#[tokio::test]
async fn usage_is_measured() {
    let busy = "for i in {1..300000}; do :; done; head -c 30000000 /dev/zero | tail -c 30000000 >/dev/null";
    let ended = Bench::new(busy).run().await.0.unwrap();
    assert!(ended.usage.user > Duration::from_millis(20), "{ended:?}");
    assert!(ended.usage.max_rss_bytes > 30_000_000, "{ended:?}");
    assert!(ended.took > ended.usage.user, "{ended:?}");
}

#[tokio::test]
async fn program_that_cannot_start_is_told_with_what_to_do() {
    let bench = Bench::new("");
    for (content, mode, told) in [
        (
            "",
            0o644,
            "starting folder/script (is it executable, and its file system not mounted noexec?): Permission denied (os error 13)",
        ),
        (
            "#!/no/such/thing\n",
            0o755,
            "starting folder/script (is the interpreter of its first line installed?): No such file or directory (os error 2)",
        ),
        (
            "echo\n",
            0o755,
            "starting folder/script (a script needs a first line such as #!/bin/bash): Exec format error (os error 8)",
        ),
    ] {
        let path = bench.path("script");
        fs::write(&path, content).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
        assert_eq!(bench.fails().await, told);
    }
}

#[tokio::test]
async fn hanging_program_is_asked_to_end_and_its_last_words_are_told() {
    let mut bench = Bench::new(
        "trap 'echo cleaning up >&2; exit' TERM; sleep 600 & echo $! > child; echo $$ > leader; wait",
    );
    bench.limit = Some(Duration::from_millis(300));
    assert_eq!(
        bench.fails().await,
        "folder/script did not end within 300ms and was killed: cleaning up"
    );
    assert!(bench.is_gone("leader").await && bench.is_gone("child").await);
}

#[tokio::test]
async fn program_that_ignores_sigterm_is_killed() {
    let mut bench = Bench::new("trap '' TERM; echo $$ > leader; while :; do sleep 600; done");
    bench.limit = Some(Duration::from_millis(200));
    let began = Instant::now();
    assert!(bench.fails().await.contains("did not end within 200ms"));
    assert!(began.elapsed() >= Duration::from_secs(2), "no grace");
    assert!(bench.is_gone("leader").await);
}

#[tokio::test]
async fn children_end_with_their_leader() {
    for start in [
        "sleep 600 &",
        "setsid sleep 600 &",
        "(setsid bash -c 'setsid sleep 600 & echo $! > ../child; wait' </dev/null >/dev/null 2>&1 &); while ! [ -s child ]; do sleep 0.01; done; :",
        "set -m; nohup sleep 600 >/dev/null 2>&1 &",
    ] {
        let start = start.replace("../", "");
        let note = if start.ends_with('&') {
            "echo $! > child"
        } else {
            ""
        };
        let bench = Bench::new(&format!("{start}\n{note}"));
        let (ended, _) = bench.run().await;
        assert!(ended.unwrap().status.success(), "{start}");
        let id = fs::read_to_string(bench.path("child")).unwrap();
        let process = format!("/proc/{}", id.trim());
        assert!(
            !Path::new(&process).exists(),
            "{start}: not gone at the end, or not reaped"
        );
    }
}

#[tokio::test]
async fn dead_orphan_of_another_session_is_reaped() {
    // It is dead before its parent is: nobody can see its mark any more.
    let bench = Bench::new(
        "(setsid bash -c 'echo $$ > child' &); while ! [ -s child ]; do sleep 0.01; done; sleep 0.1",
    );
    bench.run().await.0.unwrap();
    assert!(bench.is_gone("child").await);
}

#[tokio::test]
async fn dropped_future_kills_all_and_removes_the_folder() {
    let bench = Bench::new(
        "setsid sleep 600 & echo $! > daemon; sleep 600 & echo $! > child; echo $$ > leader; wait",
    );
    let folder = bench.processes.folder("x").unwrap();
    let path = folder.path().to_owned();
    {
        let mut run = pin!(async {
            let _folder = folder;
            bench.run().await.0
        });
        while fs::read_to_string(bench.path("leader"))
            .unwrap_or_default()
            .is_empty()
        {
            let _ = tokio::time::timeout(Duration::from_millis(5), &mut run).await;
        }
    }
    for file in ["leader", "child", "daemon"] {
        assert!(bench.is_gone(file).await, "{file}");
    }
    assert!(!path.exists());
}

#[tokio::test]
async fn stop_ends_what_runs_and_starts_nothing() {
    let bench = Bench::new("echo $$ > leader; exec sleep 600");
    let stop = async {
        while fs::read_to_string(bench.path("leader"))
            .unwrap_or_default()
            .is_empty()
        {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        bench.processes.stop();
    };
    let ((ended, _), ()) = tokio::join!(bench.run(), stop);
    assert!(matches!(ended, Err(Error::Stopped { .. })), "{ended:?}");
    assert!(bench.is_gone("leader").await);
    assert!(matches!(bench.run().await.0, Err(Error::Stopped { .. })));
}

#[tokio::test]
async fn hundred_megabytes_of_output_hurt_nobody() {
    let bench = Bench::new("head -c 100000000 /dev/zero; yes | head -c 100000000 >&2");
    let (ended, heard) = bench.run().await;
    assert!(ended.unwrap().status.success());
    let size: usize = heard.iter().map(|(_, line)| line.len() + 1).sum();
    assert!(size < 3 << 20, "{size}");
    let last = &heard.last().unwrap().1;
    assert!(
        last.starts_with('\0') || last.contains("not heard"),
        "{last}"
    );
}

#[tokio::test]
async fn folders_are_private_and_go_with_their_owner() {
    let bench = Bench::new("");
    let folder = bench.processes.folder("web.hooks-x").unwrap();
    let file = folder.write("values.json", b"{}").unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o7777;
    assert_eq!((mode(folder.path()), mode(&file)), (0o700, 0o600));
    assert_eq!(mode(folder.path().parent().unwrap()), 0o700);
    drop(folder);
    assert!(!file.exists());
    // Somebody cleans up the temporary folder.
    fs::remove_dir_all(bench.path("tmp")).unwrap();
    bench.processes.folder("again").unwrap();
    drop(bench.processes);
    assert_eq!(
        fs::read_dir(bench.folder.path().join("tmp"))
            .unwrap()
            .count(),
        0
    );
}

#[test]
fn answers_are_plain_files_of_a_limited_size() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    fs::write(path("ten"), "0123456789").unwrap();
    std::os::unix::fs::symlink("/etc/passwd", path("link")).unwrap();
    rustix::fs::mknodat(
        rustix::fs::CWD,
        path("pipe"),
        rustix::fs::FileType::Fifo,
        0o600.into(),
        0,
    )
    .unwrap();
    fs::create_dir(path("folder")).unwrap();
    assert_eq!(read_answer(&path("ten"), 10).unwrap(), b"0123456789");
    for (name, longest, told) in [
        ("ten", 9, "it is larger than 9 bytes, the most that is read"),
        ("link", 99, "it is not a plain file any more"),
        ("pipe", 99, "it is not a plain file any more"),
        ("folder", 99, "it is not a plain file any more"),
    ] {
        let error = read_answer(&path(name), longest).unwrap_err();
        assert_eq!(error.to_string(), told, "{name}");
    }
}

#[tokio::test]
async fn sweep_removes_the_dead_and_leaves_the_living() {
    let bench = Bench::new("");
    let root = bench.path("tmp");
    let living = processes(&root);
    let held = living.folder("held").unwrap();
    // An operator that is no more: its lock is free, and a process with its mark runs.
    let dead = root.join("operator-1-00000000000000aa");
    fs::create_dir_all(dead.join("web.hooks-x-1")).unwrap();
    fs::write(dead.join("lock"), "").unwrap();
    let mut left = Command::new("sleep")
        .arg("600")
        .env("ADDON_OPERATOR_RUN", dead.join("4"))
        .spawn()
        .unwrap();
    // One that is just being made, and what is none of ours.
    fs::create_dir(root.join("operator-2-00000000000000bb")).unwrap();
    fs::create_dir(root.join("other")).unwrap();
    let others = root.join("operator-mine");
    fs::create_dir(&others).unwrap();
    fs::write(others.join("lock"), "").unwrap();
    let swept = bench.processes.sweep().unwrap();
    assert_eq!((swept.folders, swept.processes), (1, 1));
    assert!(!dead.exists() && held.path().exists());
    assert!(root.join("operator-2-00000000000000bb").exists() && root.join("other").exists());
    assert!(others.exists(), "a name that only begins like ours");
    assert!(!left.wait().unwrap().success());
    let nowhere = processes(&root.join("missing"));
    assert_eq!(nowhere.sweep().unwrap(), Swept::default());
}

#[tokio::test]
async fn full_disk_is_told_with_the_folder_and_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tiny");
    fs::create_dir(&path).unwrap();
    let mount = |arguments: &[&str]| {
        let mut command = Command::new(arguments[0]);
        command.args(&arguments[1..]).arg(&path);
        command.output().is_ok_and(|output| output.status.success())
    };
    if !mount(&["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs"]) {
        println!("SKIPPED: a small file system cannot be mounted here");
        return;
    }
    let processes = processes(&path);
    let small = processes.folder("x").unwrap();
    let written = small.write("values.json", &vec![b'x'; 100_000]);
    let next = small.write("next.json", &vec![b'x'; 100_000]);
    drop(small);
    assert!(mount(&["umount", "-l"]));
    for (result, name) in [(written, "values.json"), (next, "next.json")] {
        let told = crate::report::chain(&result.unwrap_err());
        assert!(
            told.starts_with(&format!("writing {}", path.display())),
            "{told}"
        );
        assert!(told.contains(&format!("{name} (free some space there, or name a folder with more by --tmp-dir): No space left")), "{told}");
    }
}

#[tokio::test]
async fn folder_that_cannot_be_made_is_told_with_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("file"), "").unwrap();
    let error = processes(&folder.path().join("file/tmp"))
        .folder("x")
        .unwrap_err();
    let told = crate::report::chain(&error);
    assert!(told.starts_with("making a private folder in /"), "{told}");
    assert!(
        told.contains("file/tmp: Not a directory (os error 20)"),
        "{told}"
    );
}

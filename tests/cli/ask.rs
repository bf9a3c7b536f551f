//! Commands that ask, against a real socket and an operator played by a thread.

use std::io::{BufRead, BufReader, Read};
use std::path::PathBuf;
use std::process::Stdio;
use std::thread::JoinHandle;

use addon_operator::serve::{
    Answer, Asked, DebugServer, Explanation, HookList, LeafOrigin, ModuleList, ModuleRow,
    ModuleState, Query, QueueDump, QueueRow, Refusal,
};
use serde_json::json;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::{program, run, told};

/// An operator that answers at a socket until it is dropped.
struct Played {
    folder: tempfile::TempDir,
    stop: CancellationToken,
    thread: Option<JoinHandle<()>>,
}

impl Played {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("debug.socket");
        let stop = CancellationToken::new();
        let (ready, is_ready) = std::sync::mpsc::channel();
        let stopped = stop.clone();
        let play = async move {
            let (asks, asked) = mpsc::channel(1);
            let server = DebugServer::bind(&path, asks).unwrap();
            ready.send(()).unwrap();
            let (ended, ()) = tokio::join!(server.run(stopped), answer(asked));
            ended.unwrap();
        };
        let thread = std::thread::spawn(|| {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build();
            runtime.unwrap().block_on(play);
        });
        is_ready.recv().unwrap();
        Self {
            folder,
            stop,
            thread: Some(thread),
        }
    }

    fn socket(&self) -> PathBuf {
        self.folder.path().join("debug.socket")
    }

    /// What the program tells when it asks this operator.
    fn tells(&self, arguments: &[&str]) -> (Option<i32>, String, String) {
        let socket = self.socket();
        told(run(
            arguments,
            &[("DEBUG_UNIX_SOCKET", socket.to_str().unwrap())],
        ))
    }

    /// What it answers, when all goes well.
    fn answers(&self, arguments: &[&str]) -> String {
        let (code, stdout, stderr) = self.tells(arguments);
        assert_eq!((code, stderr.as_str()), (Some(0), ""), "{arguments:?}");
        stdout
    }
}

impl Drop for Played {
    fn drop(&mut self) {
        self.stop.cancel();
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap();
        }
    }
}

async fn answer(mut asked: mpsc::Receiver<Asked>) {
    while let Some(Asked { query, answer }) = asked.recv().await {
        answer.send(say(query)).unwrap();
    }
}

fn say(query: Query) -> Answer {
    Ok(match query {
        Query::HookList { .. } => json!(HookList::default()),
        Query::ModuleList => json!(ModuleList::new(vec![nginx()], Vec::new())),
        Query::ModuleValues {
            module,
            with_global,
        } if module == "nginx" => json!({"replicas": 2, "withGlobal": with_global}),
        Query::ModulePatches { .. } => json!([{"op": "add", "path": "/a", "value": 1}]),
        Query::ModuleRender { .. } => json!("kind: ConfigMap\n"),
        Query::ModuleDiff { .. } => json!("nothing would change"),
        Query::ModulePurge { module } => json!(format!("{module} is removed")),
        Query::ModuleExplain { module, path } => json!(explanation(module, path)),
        Query::QueueList { show_empty } => {
            json!(QueueDump::new(
                vec![QueueRow::new("main", "", [])],
                show_empty
            ))
        }
        Query::GlobalValues => json!({"lines": vec!["x".repeat(1000); 1000]}),
        Query::ConfigSet {
            name,
            value,
            duration,
        } => json!(format!("{name}={value} {duration:?}")),
        query => return Err(Refusal::NotFound(format!("{query:?}"))),
    })
}

fn nginx() -> ModuleRow {
    ModuleRow {
        name: "nginx".to_owned(),
        weight: 10,
        state: ModuleState::Failed,
        enabled: true,
        decided_by: "KubeConfig".to_owned(),
        objects: 3,
        reason: "ApplyFailed".to_owned(),
        message: String::new(),
        since: None,
        took_ms: Some(1200),
        path: "modules/010-nginx".to_owned(),
    }
}

fn explanation(module: String, path: Option<String>) -> Explanation {
    let leaf = LeafOrigin {
        path: path.unwrap_or_default(),
        value: json!(1),
        layer: "ConfigMap".to_owned(),
        place: "nginx".to_owned(),
    };
    Explanation {
        module,
        leaves: vec![leaf],
    }
}

#[test]
fn answers_have_the_originals_forms() {
    let operator = Played::start();
    let table = "MODULE  WEIGHT  STATE   OBJECTS  TOOK  DECIDED BY  REASON\n\
                 nginx   10      Failed  3        1.2s  KubeConfig  ApplyFailed\n";
    assert_eq!(operator.answers(&["module", "list"]), table);
    assert_eq!(operator.answers(&["raw", "/module/list.text"]), table);
    let json = operator.answers(&["module", "-o", "json", "list"]);
    assert!(
        json.starts_with("{\n  \"enabledModules\": [\n    \"nginx\"\n  ],"),
        "{json}"
    );
    assert_eq!(operator.answers(&["hook", "list"]), "no hooks\n");
    assert_eq!(
        operator.answers(&["hook", "list", "-o", "yaml"]),
        "hooks: []\n"
    );
    assert_eq!(
        operator.answers(&["module", "values", "nginx"]),
        "replicas: 2\nwithGlobal: false\n"
    );
    assert_eq!(
        operator.answers(&["module", "values", "nginx", "-g", "-o", "json"]),
        "{\n  \"replicas\": 2,\n  \"withGlobal\": true\n}\n"
    );
    assert!(
        operator
            .answers(&["module", "patches", "x"])
            .starts_with("[\n")
    );
    assert_eq!(
        operator.answers(&["module", "render", "x"]),
        "kind: ConfigMap\n"
    );
    assert_eq!(
        operator.answers(&["queue", "list", "-e"]),
        "Summary:\n- 'main' queue: empty.\n- no tasks to handle.\n"
    );
}

#[test]
fn commands_ask_what_they_are_named_for() {
    let operator = Played::start();
    assert_eq!(
        operator.answers(&["module", "render", "x", "--diff", "--debug"]),
        "nothing would change\n"
    );
    assert_eq!(
        operator.answers(&["module", "purge", "x"]),
        "x is removed\n"
    );
    assert_eq!(
        operator.answers(&["values", "explain", "x", "a.b"]),
        "PATH  VALUE  LAYER      PLACE\na.b   1      ConfigMap  nginx\n"
    );
    assert_eq!(
        operator.answers(&["config", "set", "log.level", "debug", "10m"]),
        "log.level=debug Some(600s)\n"
    );
    let unknown = operator.tells(&["module", "resource-monitor", "x"]).2;
    assert!(
        unknown.contains("ModuleResourceMonitor { module: Some(\"x\") }"),
        "{unknown}"
    );
}

#[test]
fn a_refusal_is_a_failure() {
    let operator = Played::start();
    let (code, stdout, stderr) = operator.tells(&["module", "values", "apache"]);
    assert_eq!((code, stdout.as_str()), (Some(1), ""));
    assert!(stderr.starts_with("error: ModuleValues"), "{stderr}");
    let (code, _, stderr) = operator.tells(&["raw", "/nowhere"]);
    assert_eq!(code, Some(1));
    assert_eq!(
        stderr,
        "error: no page GET /nowhere; GET /discovery lists all\n"
    );
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let operator = Played::start();
    let socket = operator.socket();
    let variables = [("DEBUG_UNIX_SOCKET", socket.to_str().unwrap())];
    let mut child = program(&["global", "values"], &variables)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut first = [0; 6];
    child.stdout.take().unwrap().read_exact(&mut first).unwrap();
    assert_eq!(&first, b"lines:");
    let (code, _, stderr) = told(child.wait_with_output().unwrap());
    assert_eq!((code, stderr.as_str()), (Some(0), ""));
}

#[test]
fn ctrl_c_ends_watching_cleanly() {
    let operator = Played::start();
    let socket = operator.socket();
    let variables = [("DEBUG_UNIX_SOCKET", socket.to_str().unwrap())];
    let mut child = program(&["queue", "list", "-w", "-t", "1ms"], &variables)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let seen: Vec<String> = lines.by_ref().take(6).map(Result::unwrap).collect();
    assert_eq!(seen[..3], seen[3..]);
    let process = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(process, rustix::process::Signal::INT).unwrap();
    let (code, _, stderr) = told(child.wait_with_output().unwrap());
    assert_eq!((code, stderr.as_str()), (Some(0), ""));
    // The reader was there to the end, so it was the signal that ended it.
    drop(lines);
}

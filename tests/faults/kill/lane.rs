//! One namespace with its own proxy, in which operators are started and killed, one after another.

use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use addon_operator::serve::Client as DebugClient;
use kube::Client;
use serde_json::Value;
use tempfile::TempDir;
use tokio::time::sleep;

use crate::support::proxy::{Noted, Proxy};
use crate::support::{ApiServer, Namespace};

/// Longer than any life here, on a machine that does other things as well.
const PATIENCE: Duration = Duration::from_mins(2);
/// When so long nothing was asked for and nothing is to be done, nothing will be.
const QUIET: Duration = Duration::from_millis(120);
const ASK_EVERY: Duration = Duration::from_millis(20);
/// Hooks get less than 5 s to end, and the API server as long.
const END_WITHIN: Duration = Duration::from_secs(15);

/// A namespace, a proxy, folders, and at most one process.
pub(super) struct Lane {
    pub(super) proxy: Proxy,
    /// Not through the proxy.
    pub(super) client: Client,
    pub(super) namespace: Namespace,
    home: TempDir,
    process: Option<Child>,
}

impl Lane {
    pub(super) async fn new(server: &'static ApiServer, prefix: &str) -> Self {
        Self {
            proxy: Proxy::new(server.kubeconfig()).await,
            client: server.client().await,
            namespace: server.namespace(prefix).await,
            home: TempDir::new().expect("a folder"),
            process: None,
        }
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    /// Letters that no other lane has, for names of the whole cluster.
    pub(super) fn letters(&self) -> &str {
        self.namespace.name().rsplit('-').next().unwrap_or_default()
    }

    /// Ends what runs there, and empties the folders.
    pub(super) fn empty(&mut self) {
        if self.process.is_some() {
            self.kill();
        }
        for name in ["modules", "global-hooks", "files", "log", "debug.socket"] {
            let path = self.path(name);
            // Some are not there.
            let _ = fs::remove_dir_all(&path).or_else(|_| fs::remove_file(&path));
        }
        for name in ["modules", "global-hooks"] {
            fs::create_dir(self.path(name)).expect("a folder");
        }
    }

    /// Writes a file, as a whole at once; it is executable when it is a script.
    pub(super) fn write(&self, path: &str, text: &str) {
        let text = text
            .replace("NAMESPACE", self.namespace.name())
            .replace("LETTERS", self.letters());
        let path = self.path(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("folders");
        let mode = if text.starts_with("#!") { 0o755 } else { 0o644 };
        let draft = self.path("draft");
        fs::write(&draft, text).expect("a file");
        fs::set_permissions(&draft, fs::Permissions::from_mode(mode)).expect("a mode");
        fs::rename(draft, path).expect("a file");
    }

    /// Removes a file or a folder.
    pub(super) fn remove(&self, path: &str) {
        let (path, gone) = (self.path(path), self.path("gone"));
        fs::rename(path, &gone).expect("it is there");
        fs::remove_dir_all(&gone)
            .or_else(|_| fs::remove_file(&gone))
            .expect("it goes");
    }

    pub(super) fn start(&mut self) {
        let log = File::options()
            .create(true)
            .append(true)
            .open(self.path("log"));
        let log = log.expect("a file");
        let mut command = Command::new(env!("CARGO_BIN_EXE_addon-operator"));
        command
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("ADDON_OPERATOR_NAMESPACE", self.namespace.name())
            .env("ADDON_OPERATOR_LISTEN_ADDRESS", "127.0.0.1")
            .env("ADDON_OPERATOR_LISTEN_PORT", "0")
            .env("ADDON_OPERATOR_FOLDER_SETTLE", "50ms")
            .env("ADDON_OPERATOR_PURGE_SETTLE", "100ms")
            .env("MODULES_DIR", self.path("modules"))
            .env("GLOBAL_HOOKS_DIR", self.path("global-hooks"))
            .env("ADDON_OPERATOR_TMP_DIR", self.path("files"))
            .env("DEBUG_UNIX_SOCKET", self.path("debug.socket"))
            .env("KUBE_CONFIG", self.proxy.kubeconfig())
            .current_dir(self.home.path())
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("a file"))
            .stderr(log);
        self.process = Some(command.spawn().expect("a process"));
    }

    /// Kills it as `kill -9` does, and waits until it is gone.
    pub(super) fn kill(&mut self) {
        let mut process = self.process.take().expect("a process");
        process.kill().expect("a signal");
        process.wait().expect("an end");
    }

    /// Asks it to end.
    pub(super) fn terminate(&self) {
        let number = self.process.as_ref().expect("a process").id().to_string();
        let sent = Command::new("kill").args(["-TERM", &number]).status();
        assert!(sent.expect("kill").success(), "it has ended by itself");
    }

    /// Waits for its end; it must be a good one.
    pub(super) async fn ended(&mut self) -> Result<Duration, String> {
        let begun = Instant::now();
        let process = self.process.as_mut().expect("a process");
        while begun.elapsed() < END_WITHIN {
            if let Some(status) = process.try_wait().expect("a process") {
                self.process = None;
                let took = begun.elapsed();
                return status
                    .success()
                    .then_some(took)
                    .ok_or_else(|| format!("it ended: {status}"));
            }
            sleep(Duration::from_millis(5)).await;
        }
        Err(format!("it did not end within {END_WITHIN:?}"))
    }

    /// Waits until nothing is to be done any more; `tripped` ends that early.
    pub(super) async fn settled(&mut self, tripped: impl Fn() -> bool) -> Result<(), String> {
        let begun = Instant::now();
        let socket = DebugClient::new(&self.path("debug.socket"));
        let mut seen = "no answer".to_owned();
        while begun.elapsed() < PATIENCE {
            if tripped() {
                return Ok(());
            }
            if let Some(status) = self
                .process
                .as_mut()
                .and_then(|child| child.try_wait().ok()?)
            {
                return Err(format!("it ended by itself: {status}"));
            }
            match unsettled(&socket).await {
                None if is_quiet(&self.proxy.noted()) => return Ok(()),
                None => "requests go on".clone_into(&mut seen),
                Some(what) => seen = what,
            }
            sleep(ASK_EVERY).await;
        }
        Err(format!("not settled within {PATIENCE:?}: {seen}"))
    }

    /// What it has logged.
    pub(super) fn log(&self) -> String {
        fs::read_to_string(self.path("log")).unwrap_or_default()
    }

    /// Files for hooks that are left.
    pub(super) fn left_over(&self) -> Vec<String> {
        let mut left = Vec::new();
        collect(&self.path("files"), &mut left);
        left
    }

    /// Processes that work in the folders of this lane.
    pub(super) fn processes(&self) -> Vec<String> {
        let home = self.home.path().to_string_lossy().into_owned();
        let entries = fs::read_dir("/proc").expect("processes").flatten();
        let is_ours = |process: &PathBuf| {
            let reads = |name: &str| fs::read(process.join(name)).unwrap_or_default();
            let holds = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).contains(&home);
            holds(reads("cmdline")) || holds(reads("environ"))
        };
        let paths = entries.map(|entry| entry.path());
        let numbered = paths.filter(|path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            name.bytes().all(|byte| byte.is_ascii_digit())
        });
        let ours = numbered.filter(is_ours);
        ours.map(|path| path.display().to_string()).collect()
    }
}

impl Drop for Lane {
    fn drop(&mut self) {
        if let Some(process) = &mut self.process {
            // It may have ended by itself.
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}

/// Every file below a folder.
fn collect(folder: &Path, into: &mut Vec<String>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        into.push(entry.path().display().to_string());
        collect(&entry.path(), into);
    }
}

/// Whether everything but watches was answered, a while ago.
fn is_quiet(noted: &[Noted]) -> bool {
    let asked = noted.iter().filter(|noted| !noted.asked.is_watch());
    let last = noted.iter().map(|noted| noted.at).max();
    asked.clone().all(|noted| noted.status.is_some())
        && last.is_some_and(|last| last.elapsed() > QUIET)
}

/// What is still to be done, by the operator's own account.
async fn unsettled(socket: &DebugClient) -> Option<String> {
    let page = async |page: &str| -> Result<Value, String> {
        let text = socket
            .fetch(page, &[])
            .await
            .map_err(|error| error.to_string())?;
        serde_json::from_str(&text).map_err(|error| error.to_string())
    };
    let queues = match page("/queue/list.json").await {
        Ok(queues) => queues,
        Err(error) => return Some(error),
    };
    if queues["summary"]["totalTasks"] != 0 {
        return Some(queues["active"].to_string());
    }
    let modules = match page("/module/list.json").await {
        Ok(modules) => modules,
        Err(error) => return Some(error),
    };
    let rows = modules["modules"].as_array().cloned().unwrap_or_default();
    let is_final = |row: &&Value| row["state"] == "Applied" || row["state"] == "Disabled";
    let waiting = rows.iter().find(|row| !is_final(row));
    // Before the first look at the folders there are none.
    if rows.is_empty() {
        return Some("no modules".to_owned());
    }
    waiting.map(ToString::to_string)
}

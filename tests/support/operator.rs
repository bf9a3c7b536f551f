//! An operator in this process, on a server of the tests.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use addon_operator::operator::{self, Settings, View};
use addon_operator::serve::{Client, ConvergePhase, ModuleRow, ModuleState};
use serde_json::Value;
use tempfile::TempDir;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

/// Generous: two slow cores may run several servers and compilers at once.
const PATIENCE: Duration = Duration::from_mins(1);

/// Module folders that a test writes.
pub(crate) struct Modules {
    folder: TempDir,
}

impl Modules {
    /// An empty modules directory.
    pub(crate) fn new() -> Self {
        Self {
            folder: TempDir::new().expect("a folder"),
        }
    }

    /// With these files, by path within the directory.
    pub(crate) fn of(files: &[(&str, &str)]) -> Self {
        let modules = Self::new();
        for (path, text) in files {
            modules.write(path, text);
        }
        modules
    }

    /// Writes one file; its folders are made.
    pub(crate) fn write(&self, path: &str, text: &str) {
        let path = self.folder.path().join(path);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("folders");
        std::fs::write(path, text).expect("a file");
    }

    /// Writes an executable file.
    pub(crate) fn write_script(&self, path: &str, text: &str) {
        use std::os::unix::fs::PermissionsExt as _;
        self.write(path, text);
        let path = self.folder.path().join(path);
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).expect("a mode");
    }

    /// Removes a file or folder.
    pub(crate) fn remove(&self, path: &str) {
        let path = self.folder.path().join(path);
        if path.is_dir() {
            std::fs::remove_dir_all(path).expect("a folder that goes");
        } else {
            std::fs::remove_file(path).expect("a file that goes");
        }
    }

    /// The directory.
    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }
}

/// A running operator. Dropping it ends it at once, as a crash would; [`stop`](Self::stop) ends it
/// in order.
pub(crate) struct Operator {
    view: watch::Receiver<View>,
    stop: CancellationToken,
    running: JoinSet<Result<(), operator::Error>>,
    socket: PathBuf,
    _temporary: TempDir,
}

impl Operator {
    /// Runs on `modules` with `namespace` as its own.
    pub(crate) fn start(kubeconfig: &Path, namespace: &str, modules: &Path) -> Self {
        Self::start_with(kubeconfig, namespace, modules, |_| {})
    }

    /// The same, with settings changed.
    pub(crate) fn start_with(
        kubeconfig: &Path,
        namespace: &str,
        modules: &Path,
        change: impl FnOnce(&mut Settings),
    ) -> Self {
        let temporary = TempDir::new().expect("a folder");
        let mut settings = Settings::default();
        settings.folders.modules = vec![modules.to_owned()];
        settings.folders.global_hooks = temporary.path().join("global-hooks");
        settings.folders.temporary = temporary.path().join("files");
        settings.folders.guard = Some(env!("CARGO_BIN_EXE_addon-operator").into());
        settings.namespace = Some(namespace.to_owned());
        settings.cluster.kubeconfig = Some(kubeconfig.to_owned());
        settings.listen = "127.0.0.1:0".parse().expect("an address");
        settings.debug.socket = temporary.path().join("debug.socket");
        settings.modules.folder_settle = Duration::from_millis(100);
        settings.modules.purge_settle = Duration::from_millis(500);
        change(&mut settings);
        let socket = settings.debug.socket.clone();
        let (tell, view) = watch::channel(View::default());
        let stop = CancellationToken::new();
        let mut running = JoinSet::new();
        running.spawn(operator::run(
            settings,
            Arc::new(|_| {}),
            tell,
            stop.clone(),
        ));
        Self {
            view,
            stop,
            running,
            socket,
            _temporary: temporary,
        }
    }

    /// Waits for the end of the first converge.
    pub(crate) async fn converged(&mut self) -> View {
        self.until("the first converge is done", |view| {
            view.converge.startup == ConvergePhase::Done
        })
        .await
    }

    /// Waits until a view is as wanted; on time-out tells what it last was.
    pub(crate) async fn until(&mut self, what: &str, is_so: impl Fn(&View) -> bool) -> View {
        let waited = timeout(PATIENCE, self.view.wait_for(|view| is_so(view)));
        let Ok(waited) = waited.await.map(|seen| seen.map(|view| view.clone()).ok()) else {
            panic!(
                "waiting until {what}: last seen\n{:#?}",
                *self.view.borrow()
            )
        };
        let Some(view) = waited else {
            let ended = self.running.join_next().await;
            panic!("waiting until {what}: the operator ended: {ended:?}")
        };
        view
    }

    /// Waits until a module is in a state.
    pub(crate) async fn module_is(&mut self, name: &str, state: ModuleState) -> ModuleRow {
        let is_so = |view: &View| row(view, name).is_some_and(|row| row.state == state);
        let view = self
            .until(&format!("module {name} is {state:?}"), is_so)
            .await;
        row(&view, name).expect("a row").clone()
    }

    /// Asks the debug socket for a page, as JSON.
    pub(crate) async fn ask(&self, page: &str) -> Value {
        let text = Client::new(&self.socket)
            .fetch(page, &[])
            .await
            .expect("an answer");
        serde_json::from_str(&text).expect("JSON")
    }

    /// The debug socket.
    pub(crate) fn socket(&self) -> &Path {
        &self.socket
    }

    /// Ends it in order.
    pub(crate) async fn stop(mut self) {
        self.stop.cancel();
        let ended = timeout(PATIENCE, self.running.join_next()).await;
        ended
            .expect("an end")
            .expect("a run")
            .expect("no panic")
            .expect("no error");
    }
}

/// The row of a module.
pub(crate) fn row<'a>(view: &'a View, name: &str) -> Option<&'a ModuleRow> {
    view.modules.modules.iter().find(|row| row.name == name)
}

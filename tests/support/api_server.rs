//! The one API server of a test run, and private ones for tests that stop theirs.

use std::env;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use addon_operator::control_plane::{self, Binaries, ControlPlane, Error, Progress};
use addon_operator::report;
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};
use tokio::runtime::{Builder, Runtime};

use super::namespace::Namespace;

/// A cluster that tests share: make a namespace, leave other people's alone.
pub(crate) struct ApiServer {
    kubeconfig: PathBuf,
    /// `None` for a cluster that was there before. It ends with this process.
    control_plane: Option<ControlPlane>,
    /// Drives what outlives a single test, which has a runtime of its own.
    runtime: Runtime,
}

impl ApiServer {
    /// A kubeconfig that may do everything.
    pub(crate) fn kubeconfig(&self) -> &Path {
        &self.kubeconfig
    }

    /// A client for the running test; clients belong to the runtime that made them.
    pub(crate) async fn client(&self) -> Client {
        client(&self.kubeconfig).await
    }

    /// A fresh namespace, `PREFIX-` and five random letters.
    pub(crate) async fn namespace(&'static self, prefix: &str) -> Namespace {
        Namespace::create(self, prefix).await
    }

    /// The servers behind it, when they are ours.
    pub(crate) fn control_plane(&self) -> Option<&ControlPlane> {
        self.control_plane.as_ref()
    }

    pub(super) fn runtime(&self) -> &Runtime {
        &self.runtime
    }
}

/// A client with the identity of a kubeconfig.
pub(crate) async fn client(kubeconfig: &Path) -> Client {
    let file = Kubeconfig::read_from(kubeconfig).expect("a kubeconfig that can be read");
    let config = Config::from_custom_kubeconfig(file, &KubeConfigOptions::default()).await;
    Client::try_from(config.expect("a usable kubeconfig")).expect("a client")
}

/// The server of this test run, started by the first test that asks; `None` says that the test
/// is skipped, which was told on standard error.
pub(crate) fn api_server() -> Option<&'static ApiServer> {
    static SERVER: OnceLock<Option<ApiServer>> = OnceLock::new();
    // A thread of its own: a test's runtime must not be entered twice.
    let start = || std::thread::spawn(start_shared).join().expect("a server");
    SERVER.get_or_init(start).as_ref()
}

/// A server of the calling test alone, that it may stop, count on and break.
pub(crate) async fn private_server() -> Option<ControlPlane> {
    let binaries = binaries().await?;
    let started = control_plane::start(&binaries, None, &mut |step| tell(&step)).await;
    Some(started.unwrap_or_else(|error| panic!("{}", report::chain(&error))))
}

fn start_shared() -> Option<ApiServer> {
    let runtime = Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .expect("a runtime");
    if let Some(kubeconfig) = env::var_os("ADDON_OPERATOR_TEST_KUBECONFIG") {
        return Some(ApiServer {
            kubeconfig: kubeconfig.into(),
            control_plane: None,
            runtime,
        });
    }
    let control_plane = runtime.block_on(private_server())?;
    Some(ApiServer {
        kubeconfig: control_plane.kubeconfig().to_owned(),
        control_plane: Some(control_plane),
        runtime,
    })
}

/// The programs, built when they are not there; `None` as for [`api_server`].
pub(crate) async fn binaries() -> Option<Binaries> {
    let assets = env::var_os("KUBEBUILDER_ASSETS").map(PathBuf::from);
    built(async |cache, tell| control_plane::binaries(cache, assets.as_deref(), tell).await).await
}

/// The command line client; `None` as for [`api_server`].
pub(crate) async fn kubectl() -> Option<PathBuf> {
    built(async |cache, tell| control_plane::kubectl(cache, tell).await).await
}

/// What is built with go; `None` when there is no go, and none is demanded.
pub(super) async fn built<T>(
    build: impl AsyncFnOnce(&Path, &mut (dyn FnMut(Progress) + Send)) -> Result<T, Error>,
) -> Option<T> {
    match build(&cache(), &mut |step| tell(&step)).await {
        Ok(made) => Some(made),
        Err(error @ (Error::FindGo { .. } | Error::CheckGo { .. }))
            if env::var_os("CI").is_none() =>
        {
            say(&format!("skipped: {}", report::chain(&error)));
            None
        }
        Err(error) => panic!("{}", report::chain(&error)),
    }
}

/// The folder that the program itself would use.
fn cache() -> PathBuf {
    let folder = |variable: &str| env::var_os(variable).map(PathBuf::from);
    folder("ADDON_OPERATOR_CACHE_DIR")
        .or_else(|| Some(folder("XDG_CACHE_HOME")?.join("addon-operator")))
        .or_else(|| Some(folder("HOME")?.join(".cache/addon-operator")))
        .unwrap_or_else(|| env::temp_dir().join("addon-operator"))
}

fn tell(progress: &Progress) {
    match progress {
        Progress::Waiting { what } => say(&format!("another process builds {what}, waiting")),
        Progress::Building {
            what,
            version,
            expected,
        } => say(&format!(
            "building {what} {version}, once, in about {} s",
            expected.as_secs()
        )),
        Progress::Built { what, took } => say(&format!("built {what} in {} s", took.as_secs())),
        _ => {}
    }
}

/// Prints past the test runner, which keeps what a test prints until it fails.
pub(crate) fn say(text: &str) {
    // Nothing can be done when nobody listens.
    let _ = writeln!(std::io::stderr(), "{text}");
}

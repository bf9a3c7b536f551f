//! etcd and kube-apiserver: their flags, their data, started together and ended together.

use std::fs::{self, DirBuilder, File};
use std::hash::{BuildHasher as _, RandomState};
use std::io;
use std::net::TcpListener;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::time::Instant;

use super::binaries::Binaries;
use super::credentials::{self, User};
use super::error::Error;
use super::readiness::Question;
use super::supervisor::{self, Order, Supervisor};
use super::{Listener, Progress};

const ETCD: &str = "etcd";
const API_SERVER: &str = "kube-apiserver";

/// Ready in three seconds on two idle cores; a busy machine gets more time.
const READY_WITHIN: Duration = Duration::from_secs(90);
/// Between two questions whether the server is ready.
const ASK_EVERY: Duration = Duration::from_millis(20);
/// Another program may take a port between our finding it free and the server's using it.
const PORTS_TRIED: u32 = 5;
/// Below the ports that systems give to outgoing connections, so that a port stays free while its
/// API server is stopped.
const PORTS: std::ops::Range<u16> = 20_000..30_000;
/// A memory file system, where there is one.
const MEMORY: &str = "/dev/shm";
/// The log that etcd writes ahead is 64 MB from the start; the objects come on top.
const MEMORY_NEEDED: u64 = 512 << 20;

/// A running etcd and kube-apiserver.
///
/// Both end when this is dropped or the process ends, however it ends; [`ControlPlane::stop`] waits
/// for that. Temporary data is removed then.
#[derive(Debug)]
pub struct ControlPlane {
    binaries: Binaries,
    folder: PathBuf,
    url: String,
    port: u16,
    token: String,
    kubeconfig: PathBuf,
    /// Above etcd, so that it is dropped first.
    api_server: Option<Supervisor>,
    etcd: Supervisor,
    /// Held so that no second pair of servers uses the same data.
    _lock: File,
}

/// What the servers take of the machine's memory, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Memory {
    /// Resident memory of etcd.
    pub etcd: u64,
    /// Resident memory of kube-apiserver.
    pub api_server: u64,
}

/// Starts both servers and waits until they are ready.
///
/// The data goes to `data`, where it stays and is found again by the next start; or, with `None`,
/// into a temporary folder, in memory where there is room.
///
/// # Errors
///
/// A folder that cannot be used, or is in use; a server that ends at once or is not ready in time:
/// then with the end of its log.
pub async fn start(
    binaries: &Binaries,
    data: Option<&Path>,
    progress: Listener<'_>,
) -> Result<ControlPlane, Error> {
    progress(Progress::Starting);
    let started = Instant::now();
    let folder = make_folder(data)?;
    let lock = lock(&folder)?;
    let token = credentials::make_token()?;
    credentials::write_private(&folder.join("tokens"), &credentials::tokens_file(&token))?;
    let etcd = start_etcd(binaries, &folder, data.is_none())?;
    let mut control_plane = ControlPlane {
        binaries: binaries.clone(),
        kubeconfig: folder.join("kubeconfig"),
        folder,
        url: String::new(),
        port: 0,
        token,
        api_server: None,
        etcd,
        _lock: lock,
    };
    control_plane.start_on_free_port().await?;
    credentials::write_private(&control_plane.kubeconfig, &control_plane.config(None)?)?;
    progress(Progress::Ready {
        took: started.elapsed(),
    });
    Ok(control_plane)
}

impl ControlPlane {
    /// The address, `https://127.0.0.1:PORT`.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// A kubeconfig that may do everything.
    pub fn kubeconfig(&self) -> &Path {
        &self.kubeconfig
    }

    /// Where data, logs and kubeconfigs are.
    pub fn data_folder(&self) -> &Path {
        &self.folder
    }

    /// Writes a kubeconfig of a user who may do what RBAC lets that name and these groups do.
    ///
    /// The API server knows one token only; the file lets its owner act as that user.
    ///
    /// # Errors
    ///
    /// The file cannot be written.
    pub fn kubeconfig_for(&self, user: &str, groups: &[&str]) -> Result<PathBuf, Error> {
        let text = self.config(Some(&User { name: user, groups }))?;
        let name = RandomState::new().hash_one((user, groups));
        let path = self.folder.join(format!("kubeconfig-{name:016x}"));
        credentials::write_private(&path, &text)?;
        Ok(path)
    }

    /// What the servers take of the machine's memory now.
    ///
    /// # Errors
    ///
    /// A server does not run.
    pub fn memory(&self) -> Result<Memory, Error> {
        Ok(Memory {
            etcd: resident_bytes(&self.folder, ETCD)?,
            api_server: resident_bytes(&self.folder, API_SERVER)?,
        })
    }

    /// Ends the API server at once, as a crash would; etcd goes on. Does nothing when it is stopped.
    ///
    /// # Errors
    ///
    /// The server does not end.
    pub async fn stop_api_server(&mut self) -> Result<(), Error> {
        match self.api_server.take() {
            Some(server) => server.end().await,
            None => Ok(()),
        }
    }

    /// Starts the API server again, at its old address with its old certificate, and waits until it
    /// is ready. Does nothing when it runs.
    ///
    /// # Errors
    ///
    /// As [`start`].
    pub async fn start_api_server(&mut self) -> Result<(), Error> {
        if self.api_server.is_some() {
            return Ok(());
        }
        self.api_server = Some(self.spawn_api_server()?);
        self.become_ready().await
    }

    /// Ends both servers and waits until they are gone, with the data if it was temporary.
    ///
    /// # Errors
    ///
    /// A server does not end.
    pub async fn stop(mut self) -> Result<(), Error> {
        self.stop_api_server().await?;
        self.etcd.end().await
    }

    async fn start_on_free_port(&mut self) -> Result<(), Error> {
        let mut tried = 0;
        loop {
            tried += 1;
            self.port = free_port()?;
            self.url = format!("https://127.0.0.1:{}", self.port);
            match self.start_api_server().await {
                Err(error) if error.is_taken_port() && tried < PORTS_TRIED => {
                    self.stop_api_server().await?;
                }
                done => return done,
            }
        }
    }

    fn spawn_api_server(&self) -> Result<Supervisor, Error> {
        Supervisor::start(Order {
            server: API_SERVER,
            program: &self.binaries.kube_apiserver,
            arguments: api_server_flags(self.port, self.binaries.are_ours),
            folder: &self.folder,
            folder_is_temporary: false,
            // It keeps nothing that could be lost, and asked nicely it waits a minute for watches.
            grace: 0,
            outlived_by: Some(self.etcd.pipe()?),
        })
    }

    async fn become_ready(&self) -> Result<(), Error> {
        let deadline = Instant::now() + READY_WITHIN;
        let mut question = None;
        loop {
            supervisor::ended(&self.folder, ETCD)?;
            supervisor::ended(&self.folder, API_SERVER)?;
            let seen = match &question {
                Some(question) => Question::ask(question).await,
                None => match self.question() {
                    Ok(made) => {
                        question = Some(made);
                        continue;
                    }
                    Err(why) => Err(why),
                },
            };
            match seen {
                Ok(()) => return Ok(()),
                Err(seen) if Instant::now() > deadline => {
                    return Err(Error::BecomeReady {
                        waited: READY_WITHIN,
                        seen,
                        log: supervisor::log(&self.folder, API_SERVER),
                    });
                }
                Err(_) => tokio::time::sleep(ASK_EVERY).await,
            }
        }
    }

    fn question(&self) -> Result<Question, String> {
        let certificates = self.certificates().map_err(|error| error.to_string())?;
        let authority = credentials::authority(&certificates)
            .ok_or_else(|| "its certificate is not yet written".to_owned())?;
        Question::new(&self.url, authority, &self.token).map_err(|error| error.to_string())
    }

    fn certificates(&self) -> Result<String, Error> {
        let path = self.folder.join("certificates/apiserver.crt");
        fs::read_to_string(&path).map_err(|source| Error::ReadFile { path, source })
    }

    fn config(&self, user: Option<&User<'_>>) -> Result<String, Error> {
        let certificates = self.certificates()?;
        let authority = credentials::authority(&certificates).unwrap_or_default();
        let config = credentials::kubeconfig(&self.url, authority, &self.token, user);
        serde_yaml::to_string(&config).map_err(|source| Error::WriteFile {
            path: self.kubeconfig.clone(),
            source: io::Error::other(source),
        })
    }
}

/// Makes the data folder, or takes the one that is there; its path has no links in it.
fn make_folder(data: Option<&Path>) -> Result<PathBuf, Error> {
    let failed = |path: &Path, source| Error::CreateFolder {
        path: path.to_owned(),
        source,
    };
    let path = match data {
        Some(path) => {
            let mut builder = DirBuilder::new();
            let made = builder.recursive(true).mode(0o700).create(path);
            made.map_err(|source| failed(path, source))?;
            path.to_owned()
        }
        None => {
            let parent = temporary_parent();
            let made = tempfile::Builder::new()
                .prefix("addon-operator-")
                .tempdir_in(&parent);
            // The supervisor of etcd removes it, at a time when this process may be gone.
            made.map_err(|source| failed(&parent, source))?.keep()
        }
    };
    path.canonicalize().map_err(|source| failed(&path, source))
}

fn temporary_parent() -> PathBuf {
    let has_room = rustix::fs::statvfs(MEMORY)
        .is_ok_and(|system| system.f_bavail.saturating_mul(system.f_frsize) >= MEMORY_NEEDED);
    if has_room {
        PathBuf::from(MEMORY)
    } else {
        std::env::temp_dir()
    }
}

fn lock(folder: &Path) -> Result<File, Error> {
    let path = folder.join("lock");
    let file = File::create(&path).map_err(|source| Error::WriteFile { path, source })?;
    file.try_lock().map_err(|_| Error::LockData {
        folder: folder.to_owned(),
    })?;
    Ok(file)
}

fn start_etcd(binaries: &Binaries, folder: &Path, is_temporary: bool) -> Result<Supervisor, Error> {
    // The addresses are relative to the folder: a socket's path may have some hundred bytes only.
    let arguments = [
        "--name=control-plane",
        "--data-dir=etcd",
        "--listen-client-urls=unix://etcd.sock",
        "--advertise-client-urls=unix://etcd.sock",
        "--listen-peer-urls=unix://peer.sock",
        "--initial-advertise-peer-urls=unix://peer.sock",
        "--initial-cluster=control-plane=unix://peer.sock",
        "--unsafe-no-fsync",
        "--log-level=warn",
    ];
    Supervisor::start(Order {
        server: ETCD,
        program: &binaries.etcd,
        arguments: arguments.map(str::to_owned).to_vec(),
        folder,
        folder_is_temporary: is_temporary,
        grace: 50,
        outlived_by: None,
    })
}

fn api_server_flags(port: u16, are_ours: bool) -> Vec<String> {
    let port = format!("--secure-port={port}");
    let mut flags = vec![
        "--etcd-servers=unix://etcd.sock",
        "--bind-address=127.0.0.1",
        "--advertise-address=127.0.0.1",
        &port,
        // It makes its own certificate there, whose key also signs the tokens of service accounts.
        "--cert-dir=certificates",
        "--service-account-issuer=https://kubernetes.default.svc",
        "--service-account-signing-key-file=certificates/apiserver.key",
        "--service-account-key-file=certificates/apiserver.key",
        "--token-auth-file=tokens",
        "--authorization-mode=RBAC",
        // A /24 is full after 254 Services.
        "--service-cluster-ip-range=10.96.0.0/16",
        // Nobody makes the service accounts that it would ask for.
        "--disable-admission-plugins=ServiceAccount",
        "--endpoint-reconciler-type=none",
    ];
    if are_ours {
        // Without it the server renews a Lease of its own: an idle cluster has no writes. Gates
        // come and go, so a server that we do not know gets none.
        flags.push(
            "--feature-gates=APIServerIdentity=false,UnknownVersionInteroperabilityProxy=false",
        );
    }
    flags.into_iter().map(str::to_owned).collect()
}

/// A port that nobody listens on, chosen by chance so that two starts at once seldom meet.
fn free_port() -> Result<u16, Error> {
    let chance = RandomState::new();
    let width = u64::from(PORTS.end - PORTS.start);
    (0..1000)
        .filter_map(|attempt: u64| u16::try_from(chance.hash_one(attempt) % width).ok())
        .map(|offset| PORTS.start + offset)
        .find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok())
        .ok_or(Error::FindPort)
}

/// `ps` knows it on Linux and macOS; where it is missing, Linux has a file.
fn resident_bytes(folder: &Path, server: &'static str) -> Result<u64, Error> {
    let process = supervisor::process_id(folder, server)?.to_string();
    let text = match fs::read_to_string(format!("/proc/{process}/status")) {
        Ok(status) => {
            let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
            line.unwrap_or_default().replace("kB", "")
        }
        Err(_) => {
            let output = std::process::Command::new("ps")
                .args(["-o", "rss=", "-p", &process])
                .output();
            let output = output.map_err(|source| Error::Measure { server, source })?;
            String::from_utf8_lossy(&output.stdout).into_owned()
        }
    };
    let kibibytes: u64 = text.trim().parse().map_err(|source| Error::Measure {
        server,
        source: io::Error::other(source),
    })?;
    Ok(kibibytes * 1024)
}

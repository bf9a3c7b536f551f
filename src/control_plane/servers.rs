//! etcd and kube-apiserver: their flags, their data, started together and ended together.

use std::fs;
use std::hash::{BuildHasher as _, RandomState};
use std::io;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::time::Instant;

use super::binaries::Binaries;
use super::credentials::{self, User};
use super::error::Error;
use super::folder::Folder;
use super::readiness::Question;
use super::supervisor::{self, Order, Supervisor};
use super::{Listener, Progress};

const ETCD: &str = "etcd";
const API_SERVER: &str = "kube-apiserver";

/// Ready in three seconds on two idle cores; a busy machine gets more time.
const READY_WITHIN: Duration = Duration::from_secs(90);
/// Between two questions whether the server is ready.
const ASK_EVERY: Duration = Duration::from_millis(20);
/// Who holds our port need not be our server: a stranger may take a connection and say nothing.
const ANSWER_WITHIN: Duration = Duration::from_secs(2);
/// Another program may take a port between our finding it free and the server's using it.
const PORTS_TRIED: u32 = 5;
/// Below the ports that systems give to outgoing connections, so that a port stays free while its
/// API server is stopped.
const PORTS: std::ops::Range<u16> = 20_000..30_000;
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
    let folder = Folder::open(data)?;
    let token = credentials::make_token()?;
    let tokens = credentials::tokens_file(&token);
    credentials::write_private(&folder.path.join("tokens"), &tokens)?;
    let etcd = start_etcd(binaries, &folder)?;
    let folder = folder.hand_over();
    let mut control_plane = ControlPlane {
        binaries: binaries.clone(),
        kubeconfig: folder.join("kubeconfig"),
        folder,
        url: String::new(),
        port: 0,
        token,
        api_server: None,
        etcd,
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
            etcd: supervisor::resident_bytes(&self.folder, ETCD)?,
            api_server: supervisor::resident_bytes(&self.folder, API_SERVER)?,
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
    /// As [`start`]; the API server is stopped then.
    pub async fn start_api_server(&mut self) -> Result<(), Error> {
        if self.api_server.is_some() && supervisor::ended(&self.folder, API_SERVER).is_ok() {
            return Ok(());
        }
        self.stop_api_server().await?;
        self.api_server = Some(self.spawn_api_server()?);
        let ready = self.become_ready().await;
        if ready.is_err() {
            self.stop_api_server().await?;
        }
        ready
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
                Err(error) if error.is_taken_port() && tried < PORTS_TRIED => {}
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
            // So etcd ends after it, and the folder goes when nobody writes there any more.
            holds: Stdio::from(self.etcd.pipe()?),
        })
    }

    async fn become_ready(&self) -> Result<(), Error> {
        let deadline = Instant::now() + READY_WITHIN;
        let mut question = None;
        loop {
            supervisor::ended(&self.folder, ETCD)?;
            supervisor::ended(&self.folder, API_SERVER)?;
            let Err(seen) = self.ask(&mut question).await else {
                return Ok(());
            };
            if Instant::now() > deadline {
                return Err(Error::BecomeReady {
                    waited: READY_WITHIN,
                    seen,
                    log: supervisor::log(&self.folder, API_SERVER),
                });
            }
            tokio::time::sleep(ASK_EVERY).await;
        }
    }

    /// Asks, as soon as the server has written the certificate that it will answer with.
    async fn ask(&self, question: &mut Option<Question>) -> Result<(), String> {
        if question.is_none() {
            *question = Some(self.question()?);
        }
        let Some(question) = question else {
            return Ok(());
        };
        let answer = tokio::time::timeout(ANSWER_WITHIN, question.ask());
        answer
            .await
            .unwrap_or_else(|_| Err("no answer to the last question".to_owned()))
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

fn start_etcd(binaries: &Binaries, folder: &Folder) -> Result<Supervisor, Error> {
    let lock = folder.lock.try_clone().map_err(|source| Error::Start {
        server: ETCD,
        source,
    })?;
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
        folder: &folder.path,
        folder_is_temporary: folder.is_temporary(),
        grace: 50,
        // The folder is taken until etcd is gone, even if this process goes first.
        holds: Stdio::from(lock),
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

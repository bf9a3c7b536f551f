//! A proxy between an operator and the API server: what goes wrong on the way is scripted.
//!
//! It speaks TLS and HTTP/2 on both sides, as the two do without it. A plan says of each request what
//! becomes of it; connections can be cut, refused or left without an answer. All requests are noted,
//! and those that change something are numbered.

mod authority;
mod connection;
mod deed;
mod forward;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use kube::Config;
use kube::config::{KubeConfigOptions, Kubeconfig};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::sync::watch;
use tokio_rustls::rustls::ServerConfig;
use tokio_util::sync::CancellationToken;

pub(crate) use self::authority::{Authority, Pass};
pub(crate) use self::deed::{Answer, Asked, Deed};
use self::forward::Upstream;

/// What becomes of a request.
type Plan = Arc<dyn Fn(&Asked) -> Deed + Send + Sync>;
/// Whether a caller is known.
type Admit = Arc<dyn Fn(&Caller) -> bool + Send + Sync>;

/// A proxy. Dropping it ends it.
pub(crate) struct Proxy {
    inner: Arc<Inner>,
    address: SocketAddr,
    /// Ends the listener and what it let in.
    listening: Mutex<CancellationToken>,
    kubeconfig: PathBuf,
    authority: Authority,
    folder: TempDir,
    runtime: Option<Runtime>,
}

/// Who asks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Caller {
    /// The bearer token.
    pub(crate) token: String,
    /// The certificate that the connection was made with.
    pub(crate) certificate: Option<Vec<u8>>,
}

/// A request, and what became of it.
#[derive(Debug, Clone)]
pub(crate) struct Noted {
    pub(crate) asked: Asked,
    /// When it came.
    pub(crate) at: Instant,
    /// The code that the server answered; none when it was not asked.
    pub(crate) passed: Option<u16>,
    /// The code that the operator was answered; none when it was not.
    pub(crate) status: Option<u16>,
}

/// What all connections share.
struct Inner {
    upstream: Upstream,
    plan: Mutex<Plan>,
    admit: Mutex<Option<Admit>>,
    certificate: Mutex<Arc<ServerConfig>>,
    noted: Mutex<Vec<Noted>>,
    /// How many requests came, for those who wait.
    count: watch::Sender<usize>,
    /// Ends the connections that there are.
    cut: Mutex<CancellationToken>,
    /// Ends the watches that there are.
    cut_watches: Mutex<CancellationToken>,
    /// Whether nothing is read and nothing is answered.
    silent: watch::Sender<bool>,
    /// Of lists that are to be answered as they were.
    remembered: Mutex<std::collections::BTreeMap<String, forward::Remembered>>,
}

impl Proxy {
    /// One before the server of a kubeconfig; it lets everything pass, with the rights of that file.
    pub(crate) async fn new(kubeconfig: &Path) -> Self {
        let text = std::fs::read_to_string(kubeconfig).expect("a kubeconfig");
        let text: Value = serde_yaml::from_str(&text).expect("YAML");
        let token = text["users"][0]["user"]["token"].as_str();
        let file = Kubeconfig::read_from(kubeconfig).expect("a kubeconfig");
        let config = Config::from_custom_kubeconfig(file, &KubeConfigOptions::default()).await;
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .expect("a runtime");
        let authority = Authority::new();
        let inner = Arc::new(Inner {
            upstream: Upstream::new(&config.expect("a usable kubeconfig"), token),
            plan: Mutex::new(Arc::new(|_| Deed::Pass)),
            admit: Mutex::new(None),
            certificate: Mutex::new(authority.server(None)),
            noted: Mutex::default(),
            count: watch::Sender::new(0),
            cut: Mutex::default(),
            cut_watches: Mutex::default(),
            silent: watch::Sender::new(false),
            remembered: Mutex::default(),
        });
        let folder = TempDir::new().expect("a folder");
        let mut proxy = Self {
            inner,
            address: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            listening: Mutex::default(),
            kubeconfig: folder.path().join("kubeconfig"),
            authority,
            folder,
            runtime: Some(runtime),
        };
        proxy.address = proxy.listen();
        proxy.write_kubeconfig(&json!({"token": "proxied"}));
        proxy
    }

    /// Writes the file for the operator: who it is.
    pub(crate) fn write_kubeconfig(&self, user: &Value) {
        let authority = self.path("authority.pem");
        std::fs::write(&authority, self.authority.pem()).expect("a file");
        let text = json!({
            "apiVersion": "v1", "kind": "Config", "current-context": "x",
            "clusters": [{"name": "x", "cluster": {
                "server": self.url(), "certificate-authority": authority,
            }}],
            "users": [{"name": "x", "user": user}],
            "contexts": [{"name": "x", "context": {"cluster": "x", "user": "x"}}],
        });
        std::fs::write(&self.kubeconfig, text.to_string()).expect("a file");
    }

    /// The kubeconfig for the operator.
    pub(crate) fn kubeconfig(&self) -> &Path {
        &self.kubeconfig
    }

    /// A file beside it.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn url(&self) -> String {
        format!("https://{}", self.address)
    }

    /// From now on this becomes of requests.
    pub(crate) fn plan(&self, plan: impl Fn(&Asked) -> Deed + Send + Sync + 'static) {
        *locked(&self.inner.plan) = Arc::new(plan);
    }

    /// From now on everything passes.
    pub(crate) fn pass(&self) {
        self.plan(|_| Deed::Pass);
    }

    /// From now on only these callers are known; others are answered 401.
    pub(crate) fn admit(&self, admit: impl Fn(&Caller) -> bool + Send + Sync + 'static) {
        *locked(&self.inner.admit) = Some(Arc::new(admit));
    }

    /// From now on new connections see a certificate of this authority; certificates of callers must
    /// be of `callers`.
    pub(crate) fn present(&self, authority: &Authority, callers: Option<&Authority>) {
        *locked(&self.inner.certificate) = authority.server(callers);
    }

    /// The same authority as at first, and callers of `callers`.
    pub(crate) fn present_as_before(&self, callers: Option<&Authority>) {
        self.present(&self.authority, callers);
    }

    /// Ends all connections, and so everything that is under way.
    pub(crate) fn cut(&self) {
        std::mem::take(&mut *locked(&self.inner.cut)).cancel();
    }

    /// Ends all watches; the connections stay.
    pub(crate) fn cut_watches(&self) {
        std::mem::take(&mut *locked(&self.inner.cut_watches)).cancel();
    }

    /// Ends all connections, and refuses new ones.
    pub(crate) fn close(&self) {
        locked(&self.listening).cancel();
        self.cut();
    }

    /// Lets connections in again.
    pub(crate) fn open(&self) {
        self.listen();
    }

    /// Leaves everybody without an answer, as a machine does that lost its power; or no longer.
    pub(crate) fn be_silent(&self, is_so: bool) {
        self.inner.silent.send_replace(is_so);
    }

    /// What was asked, in order.
    pub(crate) fn noted(&self) -> Vec<Noted> {
        locked(&self.inner.noted).clone()
    }

    /// Forgets what was asked; writes are numbered from 1 again.
    pub(crate) fn forget(&self) {
        locked(&self.inner.noted).clear();
        self.inner.count.send_replace(0);
    }

    /// The requests that changed something, or were to.
    pub(crate) fn writes(&self) -> Vec<Noted> {
        let noted = self.noted().into_iter();
        noted.filter(|noted| noted.asked.write.is_some()).collect()
    }

    /// How many requests to a path (a part of it) came.
    pub(crate) fn count(&self, method: &str, part: &str) -> usize {
        let noted = locked(&self.inner.noted);
        let is_one =
            |noted: &&Noted| noted.asked.method == method && noted.asked.path.contains(part);
        noted.iter().filter(is_one).count()
    }

    /// Waits until what was asked is as wanted.
    pub(crate) async fn until(&self, what: &str, is_so: impl Fn(&[Noted]) -> bool) {
        let mut count = self.inner.count.subscribe();
        let waited = tokio::time::timeout(Duration::from_mins(1), async {
            while !is_so(&locked(&self.inner.noted)) {
                count.changed().await.expect("a proxy");
            }
        });
        assert!(
            waited.await.is_ok(),
            "waiting until {what}: {:#?}",
            self.noted()
        );
    }

    fn listen(&self) -> SocketAddr {
        let listener = std::net::TcpListener::bind(self.address).expect("a port");
        listener.set_nonblocking(true).expect("a mode");
        let address = listener.local_addr().expect("an address");
        let stop = CancellationToken::new();
        *locked(&self.listening) = stop.clone();
        let inner = self.inner.clone();
        self.handle()
            .spawn(connection::listen(inner, listener, stop));
        address
    }

    fn handle(&self) -> &Handle {
        self.runtime.as_ref().expect("a runtime").handle()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl Inner {
    /// Notes a request; answers what is planned for it, and its place in the notes.
    fn note(&self, method: &str, path: &str) -> (usize, Deed) {
        let mut noted = locked(&self.noted);
        let is_write = method != "GET" && !path.contains("dryRun=All");
        let writes = noted
            .iter()
            .filter(|noted| noted.asked.write.is_some())
            .count();
        let asked = Asked {
            write: is_write.then_some(writes + 1),
            method: method.to_owned(),
            path: path.to_owned(),
        };
        let place = noted.len();
        // Two that come at once are planned for in the order of their numbers.
        let deed = locked(&self.plan)(&asked);
        noted.push(Noted {
            asked,
            at: Instant::now(),
            passed: None,
            status: None,
        });
        drop(noted);
        self.count.send_modify(|count| *count += 1);
        (place, deed)
    }

    fn passed(&self, place: usize, status: u16) {
        if let Some(noted) = locked(&self.noted).get_mut(place) {
            noted.passed = Some(status);
        }
        self.count.send_modify(|count| *count += 1);
    }

    fn answered(&self, place: usize, status: u16) {
        if let Some(noted) = locked(&self.noted).get_mut(place) {
            noted.status = Some(status);
        }
        self.count.send_modify(|count| *count += 1);
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

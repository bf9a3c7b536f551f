//! The servers of webhooks without an operator: who answers is the test.

use std::net::TcpListener;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use addon_operator::admission::{Answered, Wanted};
use addon_operator::binding::{FailurePolicy, HookConfig, Place, parse_config};
use addon_operator::cluster;
use addon_operator::metric::Registry;
use addon_operator::module::{FolderWatch, WatchSettings};
use addon_operator::webhook::{
    Asked, Clock, Door, Metrics, News, Orders, Settings, Signals, Up, Webhooks,
};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt as _, Empty};
use hyper_util::rt::TokioIo;
use jiff::SignedDuration;
use kube::Client;
use rustls::RootCertStore;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::sync::{Semaphore, mpsc, watch};
use tokio::task::JoinSet;
use tokio_rustls::TlsConnector;
use tokio_util::sync::CancellationToken;

use super::scene::PATIENCE;
use crate::support::{self, ApiServer, Namespace, eventually, rest};

/// A namespace, and how webhooks are served for it.
pub(super) struct Stand {
    pub(super) client: Client,
    pub(super) settings: Settings,
    pub(super) port: u16,
    /// As whom the operator works.
    pub(super) kubeconfig: PathBuf,
    server: &'static ApiServer,
    namespace: Namespace,
}

/// Webhooks that are served. Dropping it ends them at once, as a crash would.
pub(super) struct Serving {
    /// What hooks want.
    pub(super) orders: watch::Sender<Orders>,
    /// How far the clock is ahead.
    pub(super) clock: watch::Sender<SignedDuration>,
    /// What was told.
    pub(super) news: Arc<Mutex<Vec<News>>>,
    /// How many requests came.
    pub(super) asked: Arc<AtomicUsize>,
    pub(super) registry: Registry,
    /// While somebody holds it, nothing is answered.
    pub(super) gate: Arc<Semaphore>,
    stop: CancellationToken,
    running: JoinSet<()>,
}

impl Stand {
    /// `None` when there is no server; then the test is skipped.
    pub(super) async fn new(prefix: &str) -> Option<Self> {
        let server = support::api_server()?;
        let namespace = server.namespace(prefix).await;
        let mut settings = Settings {
            configuration_name: namespace.name().to_owned(),
            ..Settings::default()
        };
        let mut port = 0;
        for place in [&mut settings.conversion, &mut settings.admission] {
            port = free_port();
            place.listen = ([127, 0, 0, 1], port).into();
            place.url = Some(format!("https://127.0.0.1:{port}"));
        }
        Some(Self {
            client: server.client().await,
            settings,
            port,
            kubeconfig: server.kubeconfig().to_owned(),
            server,
            namespace,
        })
    }

    /// A kubeconfig of somebody without rights; `None` in a cluster that is not ours.
    pub(super) fn without_rights(&self) -> Option<PathBuf> {
        let nobody = self.server.control_plane()?.kubeconfig_for("nobody", &[]);
        Some(nobody.expect("a kubeconfig"))
    }

    pub(super) fn namespace(&self) -> &str {
        self.namespace.name()
    }

    /// The name of the configurations.
    pub(super) fn name(&self) -> String {
        format!("{}-hooks", self.namespace())
    }

    /// Serves, with a clock that is ahead by so much.
    pub(super) async fn serve(&self, ahead: SignedDuration) -> Serving {
        self.serve_as(self.settings.clone(), ahead).await
    }

    /// The same with other settings.
    pub(super) async fn serve_as(&self, settings: Settings, ahead: SignedDuration) -> Serving {
        let way = cluster::Settings {
            kubeconfig: Some(self.kubeconfig.clone()),
            ..cluster::Settings::default()
        };
        let client = cluster::connect(&way);
        let registry = Registry::new("test_");
        let news = Arc::new(Mutex::new(Vec::new()));
        let (clock, ahead) = watch::channel(ahead);
        let told = news.clone();
        let folders = |door| settings.place(door).files.folders();
        let folders = [Door::Admission, Door::Conversion].map(folders);
        let webhooks = Webhooks {
            client: client.await.expect("a client"),
            namespace: self.namespace().to_owned(),
            settings,
            clock: Clock::ahead(ahead),
            metrics: Metrics::new(&registry).expect("metrics"),
            tell: Arc::new(move |news| told.lock().expect("no panic").push(news)),
            leads: watch::channel(true).1,
            up: Up::default(),
        };
        let (orders, seen) = watch::channel(Orders::default());
        let (asks, asked) = mpsc::channel(16);
        let stop = CancellationToken::new();
        let mut running = JoinSet::new();
        let mut watch = |dirs| {
            let mut settings = WatchSettings::new(Vec::<PathBuf>::new());
            settings.dirs = dirs;
            settings.quiet = Duration::from_millis(50);
            let (watch, signals) = FolderWatch::new(settings);
            running.spawn(async move { watch.run().await.expect("a watch") });
            signals
        };
        let [admission, conversion] = folders.map(&mut watch);
        let signals = Signals {
            admission,
            conversion,
        };
        running.spawn(webhooks.run(seen, signals, asks, stop.clone()));
        let count = Arc::new(AtomicUsize::new(0));
        let gate = Arc::new(Semaphore::new(1));
        running.spawn(answer(asked, count.clone(), gate.clone()));
        Serving {
            orders,
            clock,
            news,
            asked: count,
            registry,
            gate,
            stop,
            running,
        }
    }

    /// Orders of one hook, that are complete.
    pub(super) fn orders(&self, config: &str) -> Orders {
        let config = self.config(config);
        let hooks = [(None, "hooks/x.sh", &config)];
        Orders {
            wanted: Wanted::new(hooks, FailurePolicy::Fail),
            is_complete: true,
        }
    }

    fn config(&self, text: &str) -> HookConfig {
        let text = text.replace("@NAMESPACE@", self.namespace());
        parse_config("hooks/x.sh", &text, Place::Global).expect("a configuration")
    }

    /// The path of a configuration: `validating` or `mutating`.
    pub(super) fn configuration(&self, kind: &str) -> String {
        let kind = format!("{kind}webhookconfigurations");
        format!(
            "/apis/admissionregistration.k8s.io/v1/{kind}/{}",
            self.name()
        )
    }

    /// The validating configuration.
    pub(super) async fn validating(&self) -> Option<Value> {
        rest::get(&self.client, &self.configuration("validating")).await
    }

    /// Waits until it is as wanted.
    pub(super) async fn until_validating(
        &self,
        what: &str,
        is_so: impl Fn(Option<&Value>) -> bool,
    ) -> Option<Value> {
        let path = self.configuration("validating");
        self.until(&path, what, is_so).await
    }

    /// Waits until an object is as wanted.
    pub(super) async fn until(
        &self,
        path: &str,
        what: &str,
        is_so: impl Fn(Option<&Value>) -> bool,
    ) -> Option<Value> {
        eventually(what, PATIENCE, async || {
            let found = rest::get(&self.client, path).await;
            if is_so(found.as_ref()) {
                Ok(found)
            } else {
                Err(format!("{found:?}"))
            }
        })
        .await
    }

    /// The data of the Secret, decoded.
    pub(super) async fn secret(&self, key: &str) -> Option<String> {
        let secret = rest::get(&self.client, &self.secret_path()).await?;
        let value = secret["data"][key].as_str()?.to_owned();
        let value = STANDARD.decode(value).expect("base64");
        Some(String::from_utf8(value).expect("text"))
    }

    pub(super) fn secret_path(&self) -> String {
        let namespace = self.namespace();
        format!("/api/v1/namespaces/{namespace}/secrets/{namespace}-tls")
    }

    /// Waits until a part of the Secret is another one; answers it.
    pub(super) async fn until_secret(&self, key: &str, before: &str) -> String {
        eventually(&format!("another {key}"), PATIENCE, async || {
            match self.secret(key).await {
                Some(value) if value != before => Ok(value),
                other => Err(format!("{other:?}")),
            }
        })
        .await
    }

    /// Asks the API server to make a `ConfigMap`, without making it. The error is its refusal.
    pub(super) async fn try_map(&self, name: &str) -> Result<(), String> {
        let namespace = self.namespace();
        let path = format!("/api/v1/namespaces/{namespace}/configmaps?dryRun=All");
        let map = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}});
        let request = Request::post(path)
            .header("content-type", "application/json")
            .body(map.to_string().into_bytes());
        let request = request.expect("a request");
        let answer: Result<Value, _> = self.client.request(request).await;
        answer.map(|_| ()).map_err(|error| error.to_string())
    }

    /// Waits until the API server asks us before it makes a `ConfigMap`.
    pub(super) async fn until_asked(&self) {
        eventually("a bad map is refused", PATIENCE, async || {
            match self.try_map("bad").await {
                Err(why) if why.contains("denied the request: bad") => Ok(()),
                other => Err(format!("{other:?}")),
            }
        })
        .await;
    }

    /// What somebody sees who trusts the written `caBundle`; the chain, or what is wrong.
    pub(super) async fn visit(&self) -> Result<Vec<CertificateDer<'static>>, String> {
        let found = self.validating().await.ok_or("no configuration")?;
        let bundle = found["webhooks"][0]["clientConfig"]["caBundle"].as_str();
        let bundle = STANDARD.decode(bundle.ok_or("no bundle")?).expect("base64");
        Box::pin(visit(self.port, &bundle)).await
    }
}

/// Connects to a server, asks for its health, and answers its certificates.
pub(super) async fn visit(
    port: u16,
    bundle: &[u8],
) -> Result<Vec<CertificateDer<'static>>, String> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(bundle) {
        roots.add(certificate.expect("PEM")).expect("an authority");
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_root_certificates(roots)
        .with_no_client_auth();
    let said = |error: std::io::Error| error.to_string();
    let stream = TcpStream::connect(("127.0.0.1", port))
        .await
        .map_err(said)?;
    let name = ServerName::try_from("127.0.0.1").expect("a name");
    let connector = TlsConnector::from(Arc::new(config));
    let stream = connector.connect(name, stream).await.map_err(said)?;
    let chain = stream.get_ref().1.peer_certificates().unwrap_or_default();
    let chain = chain.iter().map(|one| one.clone().into_owned()).collect();
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
        .await
        .map_err(|error| error.to_string())?;
    let request = Request::get("/healthz")
        .header("host", "127.0.0.1")
        .body(Empty::<Bytes>::new())
        .expect("a request");
    let asked = async {
        let answer = sender.send_request(request).await;
        drop(sender);
        let answer = answer.map_err(|error| error.to_string())?;
        let status = answer.status();
        let _ = answer.into_body().collect().await;
        if status == 200 {
            Ok(())
        } else {
            Err(status.to_string())
        }
    };
    let (asked, _) = tokio::join!(asked, connection);
    asked.map(|()| chain)
}

impl Serving {
    /// Moves the clock.
    pub(super) fn move_clock(&self, ahead: SignedDuration) {
        self.clock.send_replace(ahead);
    }

    /// What was told with this reason.
    pub(super) fn told(&self, reason: &str) -> Vec<String> {
        let news = self.news.lock().expect("no panic");
        let told = news.iter().filter(|news| news.reason() == reason);
        told.map(ToString::to_string).collect()
    }

    /// Waits for news with this reason.
    pub(super) async fn until_told(&self, reason: &str) -> String {
        eventually(reason, PATIENCE, async || {
            self.told(reason)
                .pop()
                .ok_or_else(|| format!("{:?}", self.news))
        })
        .await
    }

    /// How many requests came.
    pub(super) fn count(&self) -> usize {
        self.asked.load(Ordering::Relaxed)
    }

    /// The value of a metric.
    pub(super) fn metric(&self, series: &str) -> Option<f64> {
        let text = self.registry.text();
        let line = text.lines().find_map(|line| line.strip_prefix(series))?;
        line.trim().parse().ok()
    }

    /// Ends it in order.
    pub(super) async fn stop(mut self) {
        self.stop.cancel();
        while let Some(ended) = self.running.join_next().await {
            ended.expect("no panic");
        }
    }
}

/// Allows all that is not called `bad`; converts by writing the version.
async fn answer(mut asked: mpsc::Receiver<Asked>, count: Arc<AtomicUsize>, gate: Arc<Semaphore>) {
    while let Some(Asked { path, body, answer }) = asked.recv().await {
        count.fetch_add(1, Ordering::Relaxed);
        drop(gate.acquire().await);
        let review: Value = serde_json::from_slice(&body).expect("a review");
        let request = &review["request"];
        let response = if path.starts_with("/convert/") {
            let version = &request["desiredAPIVersion"];
            let objects = request["objects"].as_array().expect("objects");
            let converted = objects.iter().map(|object| {
                let mut object = object.clone();
                object["apiVersion"] = version.clone();
                object
            });
            json!({
                "uid": request["uid"], "result": {"status": "Success"},
                "convertedObjects": converted.collect::<Vec<_>>(),
            })
        } else {
            let allowed = request["name"] != "bad";
            json!({"uid": request["uid"], "allowed": allowed, "status": {"message": "bad"}})
        };
        let review = json!({
            "apiVersion": review["apiVersion"], "kind": review["kind"], "response": response,
        });
        let _ = answer.send(Answered {
            code: 200,
            content_type: "application/json",
            body: review.to_string().into_bytes(),
        });
    }
}

/// A port that is free now.
fn free_port() -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
    listener.local_addr().expect("an address").port()
}

/// A hook that is asked before a `ConfigMap` of the namespace is made.
pub(super) const MAPS: &str = "
configVersion: v1
kubernetesValidating:
- name: maps.example.com
  namespace: {labelSelector: {matchLabels: {kubernetes.io/metadata.name: @NAMESPACE@}}}
  rules:
  - {apiGroups: [''], apiVersions: [v1], operations: [CREATE], resources: [configmaps], scope: Namespaced}
";

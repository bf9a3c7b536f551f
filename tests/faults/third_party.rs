//! A webhook of somebody else that refuses half of the writes.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use super::scene::Scene;
use super::survived;
use crate::support::proxy::Authority;
use crate::support::{eventually, rest};

const CONFIGURATIONS: &str =
    "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations";

/// Answers reviews: every second write of our operator is refused. Dropping it ends it.
struct Refuser {
    url: String,
    authority: Authority,
    refused: Arc<AtomicUsize>,
    _running: JoinSet<()>,
}

impl Refuser {
    async fn start() -> Self {
        let authority = Authority::new();
        let acceptor = TlsAcceptor::from(authority.server(None));
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let url = format!("https://{}/review", listener.local_addr().unwrap());
        let refused = Arc::new(AtomicUsize::new(0));
        let mut running = JoinSet::new();
        let counted = refused.clone();
        running.spawn(async move {
            let mut visitors = JoinSet::new();
            let asked = Arc::new(AtomicUsize::new(0));
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let (acceptor, counts) = (acceptor.clone(), (asked.clone(), counted.clone()));
                visitors.spawn(async move {
                    let Ok(stream) = acceptor.accept(stream).await else {
                        return;
                    };
                    let service = service_fn(|request| review(request, counts.clone()));
                    let builder = Builder::new(TokioExecutor::new());
                    // The API server may end it as it likes.
                    let _ = builder
                        .serve_connection(TokioIo::new(stream), service)
                        .await;
                });
            }
        });
        Self {
            url,
            authority,
            refused,
            _running: running,
        }
    }

    /// Asks it about everything in a namespace.
    async fn register(&self, scene: &Scene) {
        let name = scene.namespace();
        let configuration = json!({"metadata": {"name": name}, "webhooks": [{
            "name": "half.example.com",
            "clientConfig": {"url": self.url, "caBundle": STANDARD.encode(self.authority.pem())},
            "rules": [{"apiGroups": ["*"], "apiVersions": ["*"], "resources": ["*/*"],
                "operations": ["CREATE", "UPDATE", "DELETE"], "scope": "Namespaced"}],
            "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": name}},
            "failurePolicy": "Fail", "sideEffects": "None", "admissionReviewVersions": ["v1"],
        }]});
        rest::create(&scene.client, CONFIGURATIONS, &configuration).await;
    }
}

async fn review(
    request: Request<Incoming>,
    (asked, refused): (Arc<AtomicUsize>, Arc<AtomicUsize>),
) -> Result<Response<Full<Bytes>>, Infallible> {
    let body = request.into_body().collect().await.unwrap().to_bytes();
    let review: Value = serde_json::from_slice(&body).unwrap();
    // Not those of the test itself, which are of a merge patch under a name.
    let options = review["request"]["options"]["fieldManager"]
        .as_str()
        .unwrap_or_default();
    let is_ours = options.starts_with("addon-operator");
    let is_allowed = !is_ours || asked.fetch_add(1, Ordering::Relaxed) % 2 == 1;
    if !is_allowed {
        refused.fetch_add(1, Ordering::Relaxed);
    }
    let answer = json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "response": {
        "uid": review["request"]["uid"], "allowed": is_allowed,
        "status": {"code": 403, "message": "not today"},
    }});
    let mut response = Response::new(Full::new(Bytes::from(answer.to_string())));
    let json = "application/json".parse().expect("a header");
    response.headers_mut().insert("content-type", json);
    Ok(response)
}

#[tokio::test]
async fn webhook_that_refuses_half_of_the_writes_only_delays_them() {
    let Some(scene) = Scene::new("half").await else {
        return;
    };
    let refuser = Refuser::start().await;
    refuser.register(&scene).await;
    // The server learns of its webhooks after a moment.
    let path = scene.path("configmaps?fieldManager=addon-operator");
    eventually("it is asked", Duration::from_secs(30), async || {
        let probe = json!({"metadata": {"generateName": "probe-"}});
        let probed = rest::try_create(&scene.client, &path, &probe).await;
        if probed.is_err() {
            Ok(())
        } else {
            Err("it is not asked".to_owned())
        }
    })
    .await;

    let begun = Instant::now();
    let mut operator = scene.start();
    operator.converged().await;
    let took = scene.recovered(&mut operator, begun, ("0", "")).await;
    let count = refuser.refused.load(Ordering::Relaxed);
    assert!(count > 3, "{count}");
    let path = format!("{CONFIGURATIONS}/{}", scene.namespace());
    rest::delete(&scene.client, &path).await;
    survived(
        &format!(
            "webhook that refuses half of the writes ({count} refused; from the start, it never ends)"
        ),
        took,
    );
    operator.stop().await;
}

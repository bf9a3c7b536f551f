//! An identity → a connection.

use std::path::PathBuf;
use std::time::Duration;

use hyper_rustls::{FixedServerNameResolver, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client as HttpClient;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use kube::client::{Body, ConfigExt as _};
use tower::{ServiceBuilder, ServiceExt as _};

use super::call::Client;
use super::error::Error;
use super::fenced::{Ends, Fenced};
use super::identity::Identity;
use super::lines::Lines;
use crate::leader::Fence;

/// A watch that is silent for this long is asked whether the connection lives.
const PING_EVERY: Duration = Duration::from_secs(15);
const PING_TIMEOUT: Duration = Duration::from_secs(10);
/// Lists come in pages of some hundred kilobytes; a small window would cost round trips.
const WINDOW: u32 = 1 << 20;

/// How to reach the API server.
#[derive(Debug, Clone)]
pub struct Settings {
    /// A kubeconfig file; `None` for `KUBECONFIG`, `~/.kube/config`, or the pod's own identity.
    pub kubeconfig: Option<PathBuf>,
    /// A context of the kubeconfig; `None` for its current one.
    pub context: Option<String>,
    /// Another server address than the kubeconfig has.
    pub server: Option<String>,
    /// Writes in flight at most.
    pub writes_in_flight: usize,
    /// How long one call may take, with its retries.
    pub deadline: Duration,
    /// Requests a second at most; `None` for no limit of ours.
    pub qps: Option<f32>,
    /// How many may go at once above that.
    pub burst: Option<u32>,
    /// What every write has to pass; `None` where this process alone writes.
    pub fence: Option<Fence>,
    /// A connection over which nothing could be delivered for so long is given up; `None` for as long as
    /// the kernel tries.
    pub delivery: Option<Duration>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            kubeconfig: None,
            context: None,
            server: None,
            writes_in_flight: 16,
            deadline: Duration::from_secs(30),
            qps: None,
            burst: None,
            fence: None,
            delivery: None,
        }
    }
}

/// Makes a client; the first request opens the connection.
pub async fn connect(settings: &Settings) -> Result<Client, Error> {
    let identity = Identity::find(settings).await?;
    let config = &identity.config;
    let url = config.cluster_url.to_string();
    let url = url.trim_end_matches('/').to_owned();
    let namespace = config.default_namespace.clone();
    let ends = Ends {
        fence: settings.fence.clone(),
        delivery: settings.delivery,
    };
    let lines = Lines::new(identity, ends).map_err(|source| Error::FindCluster {
        hint: "the certificates or credentials of the kubeconfig cannot be used".to_owned(),
        source,
    })?;
    Ok(Client::new(lines, url, namespace, settings))
}

/// A client with a connection of its own, opened by its first request.
pub(super) fn http_client(
    identity: &Identity,
    ends: Ends,
) -> Result<kube::Client, Box<dyn std::error::Error + Send + Sync>> {
    let config = &identity.config;
    let mut tcp = HttpConnector::new();
    tcp.enforce_http(false);
    tcp.set_nodelay(true);
    tcp.set_connect_timeout(Some(Duration::from_secs(10)));
    tcp.set_tcp_user_timeout(ends.delivery);
    let tcp = tcp.map_response(move |stream| Fenced::new(stream, ends.fence.clone()));
    let builder = HttpsConnectorBuilder::new()
        .with_tls_config(config.rustls_client_config()?)
        .https_or_http();
    let builder = match &config.tls_server_name {
        Some(name) => builder
            .with_server_name_resolver(FixedServerNameResolver::new(name.clone().try_into()?)),
        None => builder,
    };
    let https = builder.enable_http1().enable_http2().wrap_connector(tcp);
    let http: HttpClient<_, Body> = HttpClient::builder(TokioExecutor::new())
        .timer(TokioTimer::new())
        .http2_keep_alive_interval(PING_EVERY)
        .http2_keep_alive_timeout(PING_TIMEOUT)
        .http2_keep_alive_while_idle(true)
        .http2_initial_stream_window_size(WINDOW)
        .http2_initial_connection_window_size(WINDOW * 4)
        .build(https);
    let service = ServiceBuilder::new()
        .layer(config.base_uri_layer())
        .option_layer(config.auth_layer()?)
        .layer(config.extra_headers_layer()?)
        .map_err(tower::BoxError::from)
        .service(http);
    Ok(kube::Client::new(service, config.default_namespace.clone()))
}

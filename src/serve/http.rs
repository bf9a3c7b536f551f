//! Probes, metrics and the state of converge, over plain HTTP.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{Query, State};
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use axum::serve::Listener;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::{ConvergeStatus, Error, Leadership};

/// How long a shutdown waits for requests that are being answered.
const GRACE: Duration = Duration::from_secs(2);

/// What Prometheus wants to hear about the text form of metrics.
const METRICS_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

const START_PAGE: &str = "<html>
<head><title>{title}</title></head>
<body>
<h1>{title}</h1>
<p>
<a href=\"/metrics\">metrics of the operator</a>
<a href=\"/metrics/hooks\">metrics of hooks</a>
<a href=\"/healthz\">health</a>
<a href=\"/readyz\">readiness</a>
<a href=\"/status/converge\">state of converge</a>
<a href=\"/discovery\">all pages</a>
</p>
</body>
</html>
";

/// All pages, as `/discovery` lists them.
const PAGES: [&str; 7] = [
    "/",
    "/discovery",
    "/healthz",
    "/metrics",
    "/metrics/hooks",
    "/readyz",
    "/status/converge",
];

/// Writes metrics in the Prometheus text form.
pub type MetricsText = Arc<dyn Fn() -> String + Send + Sync>;

/// What the pages are made from.
#[derive(Clone)]
pub struct HttpPages {
    /// The program, for people.
    pub title: &'static str,
    /// How they choose the address.
    pub flags: ListenFlags,
    /// The operator's own metrics.
    pub metrics: MetricsText,
    /// The metrics that hooks made.
    pub hook_metrics: MetricsText,
    /// How far converge is.
    pub converge: watch::Receiver<ConvergeStatus>,
    /// Which replica leads.
    pub leadership: watch::Receiver<Leadership>,
}

/// The server of probes and metrics, bound to its address.
pub struct HttpServer {
    listener: TcpListener,
    pages: HttpPages,
    address: SocketAddr,
}

impl HttpServer {
    /// Takes the address. Requests wait until [`HttpServer::run`].
    ///
    /// # Errors
    /// When the address is taken, is not one of this machine, or is not allowed.
    pub async fn bind(address: SocketAddr, pages: HttpPages) -> Result<Self, Error> {
        let (listener, address) = bind(address, pages.flags).await?;
        Ok(Self {
            listener,
            pages,
            address,
        })
    }

    /// The address in use, with the port that the system chose when 0 was asked for.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until the token is cancelled.
    pub async fn run(self, stop: CancellationToken) -> Result<(), Error> {
        let served = serve_until(self.listener, router(self.pages), stop).await;
        served.map_err(|cause| Error::Serve {
            door: self.address.to_string(),
            cause,
        })
    }
}

/// How a person chooses an address.
#[derive(Debug, Clone, Copy)]
pub struct ListenFlags {
    address: &'static str,
    port: &'static str,
}

impl ListenFlags {
    /// Of addon-operator.
    pub const ADDON_OPERATOR: Self = Self {
        address: "`--prometheus-listen-address` or ADDON_OPERATOR_LISTEN_ADDRESS",
        port: "`--prometheus-listen-port` or ADDON_OPERATOR_LISTEN_PORT",
    };
    /// Of shell-operator.
    pub const SHELL_OPERATOR: Self = Self {
        address: "`--listen-address` or SHELL_OPERATOR_LISTEN_ADDRESS",
        port: "`--listen-port` or SHELL_OPERATOR_LISTEN_PORT",
    };
    /// Of the debug pages over TCP.
    pub(super) const DEBUG: Self = Self {
        address: "`--debug-http-addr` or DEBUG_HTTP_SERVER_ADDR",
        port: "`--debug-http-addr` or DEBUG_HTTP_SERVER_ADDR",
    };
}

/// Takes a TCP address, and says what to do when it cannot be had.
pub(super) async fn bind(
    address: SocketAddr,
    flags: ListenFlags,
) -> Result<(TcpListener, SocketAddr), Error> {
    let failed = |cause: io::Error| Error::ListenAddress {
        address,
        hint: hint(cause.kind(), flags),
        cause,
    };
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    let bound = listener.local_addr().map_err(failed)?;
    Ok((listener, bound))
}

fn hint(kind: io::ErrorKind, ListenFlags { address, port }: ListenFlags) -> String {
    match kind {
        io::ErrorKind::AddrInUse => format!(
            "another program, perhaps another operator, has this port: stop it, or choose another \
             port with {port}"
        ),
        io::ErrorKind::AddrNotAvailable => format!(
            "no network interface of this machine has this address: choose another one with \
             {address}"
        ),
        io::ErrorKind::PermissionDenied => {
            format!("ports below 1024 need a privilege: choose another one with {port}")
        }
        _ => format!("{address} chooses it"),
    }
}

/// Serves until the token is cancelled, then gives running answers a short grace.
pub(super) async fn serve_until<L>(
    listener: L,
    router: Router,
    stop: CancellationToken,
) -> io::Result<()>
where
    L: Listener,
    L::Addr: std::fmt::Debug,
{
    let graceful =
        axum::serve(listener, router).with_graceful_shutdown(stop.clone().cancelled_owned());
    let too_late = async {
        stop.cancelled().await;
        tokio::time::sleep(GRACE).await;
    };
    tokio::select! {
        served = graceful => served,
        () = too_late => Ok(()),
    }
}

fn router(pages: HttpPages) -> Router {
    Router::new()
        .route("/", get(start_page))
        .route("/discovery", get(discovery))
        .route("/healthz", get(async || StatusCode::OK))
        .route("/readyz", get(readyz))
        .route("/metrics", get(metrics))
        .route("/metrics/hooks", get(hook_metrics))
        .route("/status/converge", get(converge))
        .with_state(pages)
}

async fn start_page(State(pages): State<HttpPages>) -> Html<String> {
    Html(START_PAGE.replace("{title}", pages.title))
}

async fn discovery() -> String {
    PAGES.map(|page| format!("GET {page}\n")).concat()
}

async fn readyz(State(pages): State<HttpPages>) -> Response {
    let is_converged = pages.converge.borrow().is_ready();
    let (is_ready, text) = pages.leadership.borrow().readiness(is_converged);
    let status = if is_ready {
        StatusCode::OK
    } else {
        StatusCode::INTERNAL_SERVER_ERROR
    };
    (status, text).into_response()
}

async fn metrics(State(pages): State<HttpPages>) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, METRICS_TYPE)], (pages.metrics)())
}

async fn hook_metrics(State(pages): State<HttpPages>) -> impl IntoResponse {
    let text = (pages.hook_metrics)();
    ([(header::CONTENT_TYPE, METRICS_TYPE)], text)
}

async fn converge(
    State(pages): State<HttpPages>,
    Query(parameters): Query<BTreeMap<String, String>>,
) -> Response {
    let status = *pages.converge.borrow();
    match parameters.get("output").map(String::as_str) {
        Some("json") => axum::Json(status.json()).into_response(),
        None | Some("text" | "") => status.text().into_response(),
        Some(_) => {
            let text = "output: expected text or json\n";
            (StatusCode::BAD_REQUEST, text).into_response()
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};

    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpStream;

    use super::super::ConvergePhase;
    use super::*;

    const LOOPBACK: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

    fn pages(converge: watch::Receiver<ConvergeStatus>) -> HttpPages {
        HttpPages {
            title: "Addon-operator",
            flags: ListenFlags::ADDON_OPERATOR,
            metrics: Arc::new(|| "live_ticks 1\n".to_owned()),
            hook_metrics: Arc::new(|| "from_hooks 2\n".to_owned()),
            converge,
            leadership: watch::channel(Leadership::alone()).1,
        }
    }

    async fn fetch(address: SocketAddr, page: &str) -> String {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let request = format!("GET {page} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap();
        format!("{status} {body}")
    }

    #[tokio::test]
    async fn pages_say_what_the_original_says() {
        let (converge, seen) = watch::channel(ConvergeStatus::default());
        let server = HttpServer::bind(LOOPBACK, pages(seen)).await.unwrap();
        let address = server.address();
        let stop = CancellationToken::new();
        let visitor = async {
            assert_eq!(fetch(address, "/healthz").await, "200 ");
            assert_eq!(fetch(address, "/metrics").await, "200 live_ticks 1\n");
            assert_eq!(fetch(address, "/metrics/hooks").await, "200 from_hooks 2\n");
            assert_eq!(
                fetch(address, "/readyz").await,
                "500 Startup converge in progress\n"
            );
            converge.send_replace(ConvergeStatus {
                startup: ConvergePhase::Done,
                tasks: 0,
            });
            assert_eq!(
                fetch(address, "/readyz").await,
                "200 Startup converge done.\n"
            );
            assert_eq!(
                fetch(address, "/status/converge").await,
                "200 STARTUP_CONVERGE_DONE\nCONVERGE_WAIT_TASK\n"
            );
            assert_eq!(
                fetch(address, "/status/converge?output=json").await,
                format!("200 {}", converge.borrow().json())
            );
            assert!(fetch(address, "/").await.starts_with("200 <html>"));
            assert!(fetch(address, "/nowhere").await.starts_with("404"));
            for page in PAGES {
                assert!(fetch(address, page).await.starts_with("200"), "{page}");
            }
            stop.cancel();
        };
        let (ended, ()) = tokio::join!(server.run(stop.clone()), visitor);
        ended.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn an_idle_visitor_does_not_hold_up_the_end() {
        let (_converge, seen) = watch::channel(ConvergeStatus::default());
        let server = HttpServer::bind(LOOPBACK, pages(seen)).await.unwrap();
        let address = server.address();
        let stop = CancellationToken::new();
        let visitors = async {
            let mut idle = TcpStream::connect(address).await.unwrap();
            idle.write_all(b"GET / HT").await.unwrap();
            // The idle one was there first, so it is served once this one is.
            fetch(address, "/healthz").await;
            stop.cancel();
            let told = tokio::time::Instant::now();
            (idle, told)
        };
        let (ended, (_idle, told)) = tokio::join!(server.run(stop.clone()), visitors);
        ended.unwrap();
        assert!(told.elapsed() < GRACE * 2);
    }

    #[tokio::test]
    async fn a_taken_port_says_what_to_do() {
        let (_converge, seen) = watch::channel(ConvergeStatus::default());
        let first = HttpServer::bind(LOOPBACK, pages(seen.clone()))
            .await
            .unwrap();
        let address = first.address();
        let Err(error) = HttpServer::bind(address, pages(seen)).await else {
            panic!("two servers have one port");
        };
        let text = crate::report::chain(&error);
        assert!(
            text.starts_with(&format!("listening on {address} (another program")),
            "{text}"
        );
        assert!(text.contains("--prometheus-listen-port"), "{text}");
        assert!(
            text.ends_with("Address already in use (os error 98)"),
            "{text}"
        );
    }
}

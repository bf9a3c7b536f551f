//! HTTPS: who connects, with which certificate they are met, and how it ends.

mod request;
#[cfg(test)]
mod tests;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

pub use request::Asked;
use request::Server;

use super::certificate::Facade;
use super::metric::Metrics;
use super::{Door, News, Tell};

/// Connections at once; more wait.
const CONNECTIONS: usize = 512;
/// Requests of one connection at once.
const STREAMS: u32 = 256;
/// How long a handshake may take.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// How long the head of a request may take.
const HEAD: Duration = Duration::from_secs(30);
/// A connection that is silent for so long is asked whether it lives.
const PING_EVERY: Duration = Duration::from_secs(30);
const PING_TIMEOUT: Duration = Duration::from_secs(20);
/// How long the end waits for requests that are being answered.
const GRACE: Duration = Duration::from_secs(4);
/// Nobody asks any more once the configurations are gone; the API server may be a little late.
const LINGER: Duration = Duration::from_secs(10);
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(15);

/// One server: it listens as long as somebody is to be answered.
pub(super) struct Listener {
    pub(super) door: Door,
    pub(super) address: SocketAddr,
    pub(super) facade: watch::Receiver<Option<Arc<Facade>>>,
    /// Where it listens; `None` while it does not.
    pub(super) up: watch::Sender<Option<SocketAddr>>,
    pub(super) asks: mpsc::Sender<Asked>,
    pub(super) metrics: Metrics,
    pub(super) tell: Tell,
}

impl Listener {
    /// Listens while it is wanted, until told to stop; then answers what was asked before.
    pub(super) async fn run(mut self, mut wanted: watch::Receiver<bool>, stop: CancellationToken) {
        loop {
            let listener = tokio::select! {
                () = stop.cancelled() => return,
                listener = self.open(&mut wanted) => listener,
            };
            let Some((listener, address)) = listener else {
                return;
            };
            tracing::info!(target: "webhook", server = %self.door, %address, "listening");
            self.up.send_replace(Some(address));
            self.serve(listener, &mut wanted, &stop).await;
            self.up.send_replace(None);
            if stop.is_cancelled() {
                return;
            }
            tracing::info!(target: "webhook", server = %self.door, "no hook listens any more; closed");
        }
    }

    /// Waits until it is wanted and has a certificate, and takes the address.
    async fn open(
        &mut self,
        wanted: &mut watch::Receiver<bool>,
    ) -> Option<(TcpListener, SocketAddr)> {
        wanted.wait_for(|wanted| *wanted).await.ok()?;
        self.facade.wait_for(Option::is_some).await.ok()?;
        let mut pause = FIRST_PAUSE;
        let mut told = String::new();
        loop {
            match bind(self.address).await {
                Ok(bound) => return Some(bound),
                Err(error) => {
                    let why = error.to_string();
                    if why != told {
                        (self.tell)(News::ListenFailed(format!(
                            "listening on {} for {} webhooks: {why}; trying again",
                            self.address, self.door
                        )));
                        told = why;
                    }
                }
            }
            sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    async fn serve(
        &mut self,
        listener: TcpListener,
        wanted: &mut watch::Receiver<bool>,
        stop: &CancellationToken,
    ) {
        let places = Arc::new(Semaphore::new(CONNECTIONS));
        let server = Arc::new(Server::new(
            self.door,
            self.asks.clone(),
            self.metrics.clone(),
        ));
        let closing = stop.child_token();
        let mut visitors = JoinSet::new();
        let mut unwanted = std::pin::pin!(unwanted(wanted));
        loop {
            let accepted = async {
                // It is closed never.
                let place = Arc::clone(&places).acquire_owned().await.ok();
                (listener.accept().await, place)
            };
            tokio::select! {
                biased;
                () = stop.cancelled() => break,
                () = &mut unwanted => break,
                Some(_) = visitors.join_next() => {}
                (stream, place) = accepted => match stream {
                    Ok((stream, _)) => {
                        let Some(facade) = self.facade.borrow().clone() else { continue };
                        let met = meet(stream, facade, Arc::clone(&server), closing.clone());
                        visitors.spawn(async move {
                            met.await;
                            drop(place);
                        });
                    }
                    // Of one connection, or too many open files: it passes.
                    Err(error) => {
                        tracing::debug!(target: "webhook", %error, "a connection was not accepted");
                        sleep(Duration::from_millis(50)).await;
                    }
                },
            }
        }
        drop(listener);
        closing.cancel();
        let rest = async { while visitors.join_next().await.is_some() {} };
        if timeout(GRACE, rest).await.is_err() {
            tracing::warn!(target: "webhook", server = %self.door, "requests were cut off at the end");
        }
    }
}

/// Waits until nobody is to be answered any more, for a while.
async fn unwanted(wanted: &mut watch::Receiver<bool>) {
    loop {
        if wanted.wait_for(|wanted| !wanted).await.is_err() {
            return std::future::pending().await;
        }
        let again = timeout(LINGER, wanted.wait_for(|wanted| *wanted)).await;
        if again.is_err() {
            return;
        }
    }
}

async fn bind(address: SocketAddr) -> io::Result<(TcpListener, SocketAddr)> {
    let listener = TcpListener::bind(address).await?;
    let address = listener.local_addr()?;
    Ok((listener, address))
}

/// Serves one connection to its end.
async fn meet(
    stream: TcpStream,
    facade: Arc<Facade>,
    server: Arc<Server>,
    closing: CancellationToken,
) {
    // A small answer must not wait for more.
    let _ = stream.set_nodelay(true);
    let acceptor = TlsAcceptor::from(Arc::clone(&facade.config));
    let stream = match timeout(HANDSHAKE, acceptor.accept(stream)).await {
        Ok(Ok(stream)) => stream,
        Ok(Err(error)) => {
            server.count_failed_handshake();
            tracing::debug!(target: "webhook", %error, "a handshake failed");
            return;
        }
        Err(_) => return,
    };
    let has_certificate = stream.get_ref().1.peer_certificates().is_some();
    let is_let_in = has_certificate || !facade.asks_for_certificates;
    let service = service_fn(move |request| {
        let server = Arc::clone(&server);
        async move { server.answer(request, is_let_in).await }
    });
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(STREAMS)
        .keep_alive_interval(PING_EVERY)
        .keep_alive_timeout(PING_TIMEOUT);
    let mut connection = std::pin::pin!(builder.serve_connection(TokioIo::new(stream), service));
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = closing.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(target: "webhook", error, "a connection broke");
    }
}

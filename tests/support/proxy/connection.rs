//! Connections of the operator.

use std::sync::Arc;

use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

use super::{Caller, Inner, locked};

/// More than one operator has watches.
const STREAMS: u32 = 1000;

/// Lets connections in until it is told to stop.
pub(super) async fn listen(
    inner: Arc<Inner>,
    listener: std::net::TcpListener,
    stop: CancellationToken,
) {
    let listener = TcpListener::from_std(listener).expect("a listener");
    let mut visitors = JoinSet::new();
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            Some(_) = visitors.join_next() => {}
            accepted = listener.accept() => {
                // A caller may be gone by now.
                if let Ok((stream, _)) = accepted {
                    visitors.spawn(meet(inner.clone(), stream));
                }
            }
        }
    }
}

/// Serves one connection until it ends or is ended.
async fn meet(inner: Arc<Inner>, stream: TcpStream) {
    let cut = locked(&inner.cut).clone();
    tokio::select! {
        () = cut.cancelled() => {}
        () = serve(inner.clone(), stream) => {}
    }
}

async fn serve(inner: Arc<Inner>, stream: TcpStream) {
    // Small answers must not wait for more.
    let _ = stream.set_nodelay(true);
    let mut silent = inner.silent.subscribe();
    // A sender is there as long as this is.
    let _ = silent.wait_for(|silent| !silent).await;
    let acceptor = TlsAcceptor::from(locked(&inner.certificate).clone());
    let Ok(stream) = acceptor.accept(stream).await else {
        return;
    };
    let certificates = stream.get_ref().1.peer_certificates();
    let certificate = certificates.and_then(<[_]>::first);
    let caller = Caller {
        token: String::new(),
        certificate: certificate.map(|certificate| certificate.to_vec()),
    };
    let end = CancellationToken::new();
    let service = service_fn(|request| {
        let (inner, caller, end) = (inner.clone(), caller.clone(), end.clone());
        async move { inner.answer(request, caller, end).await }
    });
    let mut builder = Builder::new(TokioExecutor::new());
    builder.http2().max_concurrent_streams(STREAMS);
    let mut connection = std::pin::pin!(builder.serve_connection(TokioIo::new(stream), service));
    loop {
        tokio::select! {
            () = end.cancelled() => return,
            _ = connection.as_mut() => return,
            _ = silent.changed() => {}
        }
        // What is not polled reads nothing and answers nothing, not even a ping.
        let _ = silent.wait_for(|silent| !silent).await;
    }
}

//! A server over real TLS, without a cluster.

use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::*;
use crate::admission::Answered;
use crate::metric::Registry;
use crate::webhook::certificate::trial;

/// A server, and the end at which its requests come out.
struct Trial {
    address: SocketAddr,
    connector: TlsConnector,
    asked: mpsc::Receiver<Asked>,
    stop: CancellationToken,
    running: JoinSet<()>,
}

impl Trial {
    async fn new() -> Self {
        let (facade, authority) = trial();
        let (_, facade) = watch::channel(Some(Arc::new(facade)));
        let (up, mut seen) = watch::channel(None);
        let (asks, asked) = mpsc::channel(4);
        let listener = Listener {
            door: Door::Admission,
            address: ([127, 0, 0, 1], 0).into(),
            facade,
            up,
            asks,
            metrics: Metrics::new(&Registry::new("test_")).unwrap(),
            tell: Arc::new(|_| {}),
        };
        let stop = CancellationToken::new();
        let (wanting, wanted) = watch::channel(true);
        let mut running = JoinSet::new();
        let run = listener.run(wanted, stop.clone());
        running.spawn(async move {
            run.await;
            drop(wanting);
        });
        let address = seen.wait_for(Option::is_some).await.unwrap().unwrap();
        let mut roots = RootCertStore::empty();
        roots.add(authority).unwrap();
        let mut config =
            ClientConfig::builder_with_provider(Arc::new(crate::webhook::certificate::provider()))
                .with_safe_default_protocol_versions()
                .unwrap()
                .with_root_certificates(roots)
                .with_no_client_auth();
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Self {
            address,
            connector: TlsConnector::from(Arc::new(config)),
            asked,
            stop,
            running,
        }
    }

    async fn connect(&self) -> TlsStream<TcpStream> {
        let stream = TcpStream::connect(self.address).await.unwrap();
        let name = ServerName::try_from("127.0.0.1").unwrap();
        self.connector.connect(name, stream).await.unwrap()
    }

    /// The status and the body of the answer to a request.
    async fn send(&self, head: &str, body: &[u8]) -> String {
        let mut stream = self.connect().await;
        let length = body.len();
        let head =
            format!("{head}\r\nhost: x\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n");
        stream.write_all(head.as_bytes()).await.unwrap();
        // It may be refused before it is sent.
        let _ = stream.write_all(body).await;
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer).await;
        let answer = String::from_utf8(answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        format!("{} {body}", head.split(' ').nth(1).unwrap())
    }
}

const JSON: &str = "content-type: application/json; charset=utf-8";

#[tokio::test]
async fn health_is_answered_and_all_but_posted_json_is_refused() {
    let trial = Trial::new().await;
    let post = |path: &str, kind: &str| format!("POST {path} HTTP/1.1\r\n{kind}");
    let rows = [
        ("GET /healthz HTTP/1.1".to_owned(), "200 "),
        (post("/healthz", JSON), "405 "),
        ("GET /validate/a HTTP/1.1".to_owned(), "405 expected POST"),
        (
            post("/validate/a", "content-type: text/plain"),
            "415 expected content-type application/json",
        ),
    ];
    for (head, answer) in rows {
        assert_eq!(trial.send(&head, b"").await, answer, "{head}");
    }
    let long = vec![b' '; (16 << 20) + 1];
    let answer = trial.send(&post("/validate/a", JSON), &long).await;
    assert_eq!(answer, "413 the body is longer than 16 MiB");
}

#[tokio::test]
async fn requests_go_out_and_answers_come_back() {
    let mut trial = Trial::new().await;
    let mut asked = std::mem::replace(&mut trial.asked, mpsc::channel(1).1);
    let answerer = async {
        let first = asked.recv().await.unwrap();
        assert_eq!(
            (first.path.as_str(), &first.body[..]),
            ("/validate/a", &b"{}"[..])
        );
        let answered = Answered {
            code: 200,
            content_type: "application/json",
            body: b"[]".to_vec(),
        };
        first.answer.send(answered).unwrap();
        // Of the second one nothing comes.
        drop(asked.recv().await.unwrap());
        // At last nobody takes requests any more.
        drop(asked);
    };
    let head = format!("POST /validate/a?timeout=10s HTTP/1.1\r\n{JSON}");
    let visitor = async {
        assert_eq!(trial.send(&head, b"{}").await, "200 []");
        assert_eq!(trial.send(&head, b"{}").await, "500 the operator is ending");
        assert_eq!(trial.send(&head, b"{}").await, "500 the operator is ending");
    };
    tokio::join!(answerer, visitor);
    trial.stop.cancel();
    trial.running.join_next().await.unwrap().unwrap();
}

#[tokio::test]
async fn visitor_that_goes_is_noticed() {
    let mut trial = Trial::new().await;
    let mut stream = trial.connect().await;
    let head = format!("POST /a HTTP/1.1\r\nhost: x\r\n{JSON}\r\ncontent-length: 2\r\n\r\n{{}}");
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut first = trial.asked.recv().await.unwrap();
    drop(stream);
    first.answer.closed().await;
}

#[tokio::test]
async fn both_versions_of_http_are_offered() {
    let trial = Trial::new().await;
    for protocol in [&b"h2"[..], b"http/1.1"] {
        let mut config = trial.connector.config().as_ref().clone();
        config.alpn_protocols = vec![protocol.to_vec()];
        let stream = TcpStream::connect(trial.address).await.unwrap();
        let name = ServerName::try_from("127.0.0.1").unwrap();
        let stream = TlsConnector::from(Arc::new(config))
            .connect(name, stream)
            .await
            .unwrap();
        assert_eq!(stream.get_ref().1.alpn_protocol(), Some(protocol));
    }
}

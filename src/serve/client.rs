//! Asks the running operator through its debug socket.

use std::error::Error as StdError;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, header};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::UnixStream;

use super::Error;

/// A little longer than the operator takes before it gives up itself.
const ANSWER_WITHIN: Duration = Duration::from_secs(100);

/// The pages at a debug socket.
#[derive(Debug, Clone)]
pub struct Client {
    socket: PathBuf,
}

type Cause = Box<dyn StdError + Send + Sync>;

impl Client {
    /// The pages at this socket; it is not opened yet.
    pub fn new(socket: &Path) -> Self {
        Self {
            socket: socket.to_owned(),
        }
    }

    /// The text of a page, such as `/queue/list.json`; the fields go behind `?`.
    ///
    /// # Errors
    /// When no operator answers there, and when it answers with anything but success.
    pub async fn fetch(&self, page: &str, fields: &[(&str, &str)]) -> Result<String, Error> {
        let page = match fields {
            [] => page.to_owned(),
            _ => format!("{page}?{}", form(fields)),
        };
        self.ask(Method::GET, &page, String::new()).await
    }

    /// The text of a page that changes something; the fields go as a form.
    ///
    /// # Errors
    /// When no operator answers there, and when it answers with anything but success.
    pub async fn post(&self, page: &str, fields: &[(&str, &str)]) -> Result<String, Error> {
        self.ask(Method::POST, page, form(fields)).await
    }

    async fn ask(&self, method: Method, page: &str, form: String) -> Result<String, Error> {
        let stream = UnixStream::connect(&self.socket)
            .await
            .map_err(|cause| Error::Connect {
                path: self.socket.clone(),
                cause,
            })?;
        let exchange = exchange(stream, method, page, form);
        let answered = match tokio::time::timeout(ANSWER_WITHIN, exchange).await {
            Ok(answered) => answered,
            Err(late) => Err(late.into()),
        };
        let (status, text) = answered.map_err(|cause| Error::Ask {
            path: self.socket.clone(),
            page: page.to_owned(),
            cause,
        })?;
        if (200..300).contains(&status) {
            Ok(text)
        } else {
            Err(refused(status, &text))
        }
    }
}

/// One request over a fresh connection; the status and the text of the answer.
async fn exchange(
    stream: UnixStream,
    method: Method,
    page: &str,
    form: String,
) -> Result<(u16, String), Cause> {
    let mut request = Request::builder()
        .method(method)
        .uri(page)
        .header(header::HOST, "operator");
    if !form.is_empty() {
        request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    }
    let request = request.body(Full::new(Bytes::from(form)))?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    let exchange = async move {
        let response = sender.send_request(request).await?;
        let status = response.status().as_u16();
        let body = response.into_body().collect().await?.to_bytes();
        Ok((status, String::from_utf8_lossy(&body).into_owned()))
    };
    // The connection ends when the sender is gone; what it then says is in the exchange as well.
    let (answered, _) = tokio::join!(exchange, connection);
    answered
}

fn refused(status: u16, text: &str) -> Error {
    let text = match text.trim_end() {
        "" => format!("the operator answered with HTTP status {status}"),
        text => text.to_owned(),
    };
    Error::Refused { status, text }
}

fn form(fields: &[(&str, &str)]) -> String {
    let pairs = fields
        .iter()
        .map(|(name, value)| format!("{}={}", encoded(name), encoded(value)));
    pairs.collect::<Vec<_>>().join("&")
}

/// A text as it stands in a path, behind `?` or in a form.
pub fn encoded(text: &str) -> String {
    let mut encoded = String::new();
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                encoded.push(char::from(byte));
            }
            // Writing to a String cannot fail.
            _ => drop(write!(encoded, "%{byte:02X}")),
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use tokio::sync::mpsc;
    use tokio_util::sync::CancellationToken;

    use super::super::{Answer, Asked, DebugServer, Query, QueueDump, QueueRow, Refusal};
    use super::*;

    /// Plays the operator: answers from a table until nobody can ask any more.
    async fn operator(mut asks: mpsc::Receiver<Asked>) {
        while let Some(Asked { query, answer }) = asks.recv().await {
            if let Some(said) = say(query) {
                answer.send(said).unwrap();
            }
        }
    }

    fn say(query: Query) -> Option<Answer> {
        Some(match query {
            Query::QueueList { show_empty } => {
                let queues = vec![QueueRow::new("main", "", []), QueueRow::new("x", "", [])];
                Ok(serde_json::to_value(QueueDump::new(queues, show_empty)).unwrap())
            }
            Query::ModuleValues {
                module,
                with_global,
            } => Ok(json!({"module": module, "withGlobal": with_global})),
            Query::ModuleExplain { path, .. } => Ok(json!(path)),
            Query::ModuleRender { module } => {
                Err(Refusal::NotFound(format!("no module {module:?}")))
            }
            Query::ConfigSet {
                name,
                value,
                duration,
            } => Ok(json!(format!("{name} is {value} for {duration:?}"))),
            Query::ModulePurge { module } => Ok(json!(format!("{module} is removed"))),
            Query::ConfigList => Err(Refusal::Failed("out of order".to_owned())),
            Query::GlobalList => return None,
            _ => Err(Refusal::BadRequest("not in this play".to_owned())),
        })
    }

    /// Runs the questions against a real socket and the played operator.
    async fn with_operator<F: Future<Output = ()>>(questions: impl FnOnce(Client) -> F) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("debug.socket");
        let (asks, asked) = mpsc::channel(1);
        let stop = CancellationToken::new();
        let server = DebugServer::bind(&path, asks).unwrap();
        let questions = async {
            questions(Client::new(&path)).await;
            stop.cancel();
        };
        let (ended, (), ()) = tokio::join!(server.run(stop.clone()), operator(asked), questions);
        ended.unwrap();
        assert!(!path.exists());
    }

    #[tokio::test]
    async fn answers_come_through_the_socket() {
        with_operator(async |client| {
            let fetch = async |page: &str, fields: &[(&str, &str)]| {
                client.fetch(page, fields).await.unwrap()
            };
            assert_eq!(fetch("/", &[]).await, "debug endpoint is alive");
            assert_eq!(
                fetch("/queue/list.text", &[("showEmpty", "true")]).await,
                "\nEmpty queues (2):\n- main\n- x\n\nSummary:\n- 'main' queue: empty.\n\
                 - 1 other queue (0 active, 1 empty): 0 tasks.\n- no tasks to handle.\n"
            );
            assert_eq!(
                fetch("/module/a/values.json", &[("global", "true")]).await,
                r#"{"module":"a","withGlobal":true}"#
            );
            assert_eq!(
                fetch("/module/a/values.yaml", &[]).await,
                "module: a\nwithGlobal: false\n"
            );
            assert_eq!(
                fetch("/module/a/explain.json", &[("path", "a b&c=ü%")]).await,
                "\"a b&c=ü%\""
            );
            assert!(
                fetch("/discovery", &[])
                    .await
                    .contains("GET /module/list[.f]\n")
            );
        })
        .await;
    }

    #[tokio::test]
    async fn changes_go_through_the_socket() {
        with_operator(async |client| {
            let fields = [
                ("name", "log.level"),
                ("value", "debug"),
                ("duration", "10s"),
            ];
            assert_eq!(
                client.post("/config/set", &fields).await.unwrap(),
                "log.level is debug for Some(10s)\n"
            );
            assert_eq!(
                client.post("/module/a/purge", &[]).await.unwrap(),
                "a is removed\n"
            );
        })
        .await;
    }

    #[tokio::test]
    async fn refusals_are_errors() {
        with_operator(async |client| {
            for (page, expected, words) in [
                ("/module/a/render", 404, "no module \"a\""),
                ("/global/values", 400, "not in this play"),
                ("/config/list", 500, "out of order"),
                ("/global/list", 500, "the operator is shutting down"),
                (
                    "/nowhere",
                    404,
                    "no page GET /nowhere; GET /discovery lists all",
                ),
                (
                    "/queue/list?showEmpty=maybe",
                    400,
                    "showEmpty: expected true or false, got \"maybe\"",
                ),
            ] {
                match client.fetch(page, &[]).await {
                    Err(Error::Refused { status, text }) => {
                        assert_eq!((status, text.as_str()), (expected, words));
                    }
                    other => panic!("{page}: {other:?}"),
                }
            }
        })
        .await;
    }

    #[tokio::test]
    async fn a_dead_socket_says_which_flag_names_another() {
        let client = Client::new(Path::new("/nowhere/debug.socket"));
        let error = client.fetch("/", &[]).await.unwrap_err();
        assert_eq!(
            crate::report::chain(&error),
            "no operator answers at /nowhere/debug.socket (is it running? `--socket` or \
             DEBUG_UNIX_SOCKET names another socket): No such file or directory (os error 2)"
        );
    }
}

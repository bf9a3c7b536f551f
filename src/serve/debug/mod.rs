//! The debug socket: the pages by which people look into the running operator and steer it.
//!
//! Who may open the socket may do everything: its folder is made for the owner alone, and so is the
//! socket. The same pages can be had over TCP, where nothing protects them.

mod format;
mod route;
mod socket;

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use axum::Router;
use axum::extract::rejection::FormRejection;
use axum::extract::{Form, Query, State};
use axum::http::{Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use self::format::Format;
use self::route::{Page, Parameters};
use self::socket::Socket;
use super::{Answer, Asked, Error, Refusal, http};

/// How long the operator may take for an answer. A diff of all modules is the slowest.
const ANSWER_WITHIN: Duration = Duration::from_secs(90);

/// The debug pages, bound to a socket or an address.
pub struct DebugServer {
    door: Door,
    asks: mpsc::Sender<Asked>,
}

enum Door {
    Unix(Socket),
    Tcp(TcpListener, SocketAddr),
}

impl DebugServer {
    /// Makes the socket, and its folder for the owner alone. A socket that nobody answers on is
    /// replaced; one that an operator answers on is not.
    ///
    /// # Errors
    /// When the path is too long for a socket, is something else, is in use, or cannot be written.
    pub fn bind(path: &Path, asks: mpsc::Sender<Asked>) -> Result<Self, Error> {
        let door = Door::Unix(Socket::bind(path)?);
        Ok(Self { door, asks })
    }

    /// Takes a TCP address for the same pages.
    ///
    /// # Errors
    /// When the address is taken, is not one of this machine, or is not allowed.
    pub async fn bind_tcp(address: SocketAddr, asks: mpsc::Sender<Asked>) -> Result<Self, Error> {
        let (listener, address) = http::bind(address, http::ListenFlags::DEBUG).await?;
        let door = Door::Tcp(listener, address);
        Ok(Self { door, asks })
    }

    /// Serves until the token is cancelled, then removes the socket.
    pub async fn run(self, stop: CancellationToken) -> Result<(), Error> {
        let router = Router::new().fallback(answer).with_state(self.asks);
        let (door, served) = match self.door {
            Door::Unix(socket) => {
                let (listener, file) = socket.open();
                let served = http::serve_until(listener, router, stop).await;
                (file.path().display().to_string(), served)
            }
            Door::Tcp(listener, address) => {
                let served = http::serve_until(listener, router, stop).await;
                (address.to_string(), served)
            }
        };
        served.map_err(|cause| Error::Serve { door, cause })
    }
}

async fn answer(
    State(asks): State<mpsc::Sender<Asked>>,
    method: Method,
    uri: Uri,
    Query(parameters): Query<Parameters>,
    form: Result<Form<Parameters>, FormRejection>,
) -> Response {
    let read = with_form(parameters, form)
        .and_then(|parameters| route::read(method.as_str(), uri.path(), &parameters));
    let page = match read {
        Ok(page) => page,
        Err(refusal) => return refused(&refusal),
    };
    match page {
        Page::Alive => "debug endpoint is alive".into_response(),
        Page::Discovery => (route::PAGES.join("\n") + "\n").into_response(),
        Page::Ask(query, format) => match ask(&asks, query.clone()).await {
            Ok(document) => written(format, format.write(&query, &document)),
            Err(refusal) => refused(&refusal),
        },
    }
}

/// Adds the fields of a form. A request may have none.
fn with_form(
    mut parameters: Parameters,
    form: Result<Form<Parameters>, FormRejection>,
) -> Result<Parameters, Refusal> {
    match form {
        Ok(Form(fields)) => parameters.extend(fields),
        Err(FormRejection::InvalidFormContentType(_)) => {}
        Err(broken) => return Err(Refusal::BadRequest(broken.body_text())),
    }
    Ok(parameters)
}

/// Puts the question to the operator and waits for its answer.
async fn ask(asks: &mpsc::Sender<Asked>, query: super::Query) -> Answer {
    let stopping = || Refusal::Failed("the operator is shutting down".to_owned());
    let (answer, answered) = oneshot::channel();
    let exchange = async {
        let asked = Asked { query, answer };
        asks.send(asked).await.map_err(|_| stopping())?;
        answered.await.map_err(|_| stopping())?
    };
    let late = |_| {
        let seconds = ANSWER_WITHIN.as_secs();
        Refusal::Failed(format!("the operator gave no answer within {seconds} s"))
    };
    tokio::time::timeout(ANSWER_WITHIN, exchange)
        .await
        .map_err(late)?
}

fn written(format: Format, text: String) -> Response {
    ([(header::CONTENT_TYPE, format.content_type())], text).into_response()
}

fn refused(refusal: &Refusal) -> Response {
    let status = match refusal {
        Refusal::NotFound(_) => StatusCode::NOT_FOUND,
        Refusal::BadRequest(_) => StatusCode::BAD_REQUEST,
        Refusal::Failed(_) => StatusCode::INTERNAL_SERVER_ERROR,
    };
    (status, format!("{refusal}\n")).into_response()
}

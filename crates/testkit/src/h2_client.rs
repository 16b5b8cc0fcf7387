//! A well-behaved HTTP/2 client over the crate `h2`, by prior knowledge or over TLS.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use architrave_core::task;
use bytes::Bytes;
use h2::client::SendRequest;
use http::{HeaderMap, Request, StatusCode};
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::runtime::Runtime;
use tokio::time::timeout;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// A connected client. Its methods block; several requests in one call go side by side.
pub struct H2Client {
    runtime: Runtime,
    send: SendRequest<Bytes>,
}

/// A response that a client got.
#[derive(Clone, Debug)]
pub struct H2Response {
    /// The status.
    pub status: StatusCode,
    /// The fields.
    pub headers: HeaderMap,
    /// The body.
    pub body: Vec<u8>,
    /// The fields behind the body.
    pub trailers: Option<HeaderMap>,
}

/// A request to be sent.
#[derive(Clone, Debug)]
pub struct H2Request {
    head: Request<()>,
    body: Vec<Bytes>,
    trailers: Option<HeaderMap>,
}

impl H2Request {
    /// A request without a body. `uri` is absolute: scheme and authority are sent as they are.
    ///
    /// # Panics
    /// When the URI or a field is malformed.
    #[must_use]
    #[track_caller]
    pub fn new(method: &str, uri: &str, fields: &[(&str, &str)]) -> Self {
        let mut builder = Request::builder().method(method).uri(uri);
        for (name, value) in fields {
            builder = builder.header(*name, *value);
        }
        let head = builder.body(()).expect("the request is well-formed");
        Self { head, body: Vec::new(), trailers: None }
    }

    /// `GET` without more fields.
    #[must_use]
    #[track_caller]
    pub fn get(uri: &str) -> Self {
        Self::new("GET", uri, &[])
    }

    /// Adds a piece of body, a DATA frame of its own.
    #[must_use]
    pub fn data(mut self, piece: impl Into<Bytes>) -> Self {
        self.body.push(piece.into());
        self
    }

    /// Adds trailers.
    #[must_use]
    pub fn trailers(mut self, trailers: HeaderMap) -> Self {
        self.trailers = Some(trailers);
        self
    }
}

impl H2Client {
    /// Connects by prior knowledge.
    ///
    /// # Panics
    /// When nobody listens there.
    #[must_use]
    #[track_caller]
    pub fn connect(address: SocketAddr) -> Self {
        let runtime = runtime();
        let send = runtime.block_on(async {
            let stream = TcpStream::connect(address).await.expect("somebody listens there");
            shake_hands(stream).await
        });
        Self { runtime, send: send.expect("an HTTP/2 handshake") }
    }

    /// Connects over TLS; the configuration should offer `h2`.
    ///
    /// # Errors
    /// When a handshake fails or `h2` is not agreed on.
    ///
    /// # Panics
    /// When nobody listens there.
    #[track_caller]
    pub fn connect_tls(
        address: SocketAddr,
        server_name: &str,
        config: Arc<ClientConfig>,
    ) -> Result<Self, String> {
        let runtime = runtime();
        let name = ServerName::try_from(server_name.to_owned()).map_err(|e| e.to_string())?;
        let send = runtime.block_on(async {
            let stream = TcpStream::connect(address).await.expect("somebody listens there");
            let connector = tokio_rustls::TlsConnector::from(config);
            let stream = connector.connect(name, stream).await.map_err(|e| e.to_string())?;
            match stream.get_ref().1.alpn_protocol() {
                Some(b"h2") => shake_hands(stream).await.map_err(|error| error.to_string()),
                other => Err(format!("agreed on {other:?}")),
            }
        })?;
        Ok(Self { runtime, send })
    }

    /// Sends a request and reads the whole response.
    ///
    /// # Errors
    /// What the protocol or the deadline says, in words.
    pub fn ask(&self, request: H2Request) -> Result<H2Response, String> {
        self.ask_all(vec![request]).remove(0)
    }

    /// `GET uri`, which must be answered.
    ///
    /// # Panics
    /// When it is not.
    #[must_use]
    #[track_caller]
    pub fn get(&self, uri: &str) -> H2Response {
        self.ask(H2Request::get(uri)).unwrap_or_else(|error| panic!("GET {uri}: {error}"))
    }

    /// Sends requests side by side and reads the responses, in the order of the requests.
    ///
    /// # Panics
    /// When a task of it panics.
    pub fn ask_all(&self, requests: Vec<H2Request>) -> Vec<Result<H2Response, String>> {
        self.runtime.block_on(async {
            let tasks: Vec<_> = requests
                .into_iter()
                .map(|request| task::spawn(exchange(self.send.clone(), request)))
                .collect();
            let mut answers = Vec::new();
            for task in tasks {
                answers.push(task.await.expect("an exchange does not panic"));
            }
            answers
        })
    }

    /// Whether the connection still takes requests.
    #[must_use]
    pub fn is_open(&self) -> bool {
        let ready = self.send.clone().ready();
        self.runtime.block_on(async { timeout(PATIENCE, ready).await.is_ok_and(|r| r.is_ok()) })
    }
}

impl H2Response {
    /// The body as text.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// A field as text.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }
}

fn runtime() -> Runtime {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
    runtime.expect("the machine has room for a thread")
}

async fn shake_hands(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
) -> Result<SendRequest<Bytes>, h2::Error> {
    let mut builder = h2::client::Builder::new();
    builder.initial_window_size(1 << 20).initial_connection_window_size(4 << 20);
    let (send, connection) = builder.handshake(stream).await?;
    drop(task::spawn(connection));
    send.ready().await
}

async fn exchange(send: SendRequest<Bytes>, request: H2Request) -> Result<H2Response, String> {
    let answer = timeout(PATIENCE, exchange_at_leisure(send, request)).await;
    answer.map_err(|_| "no answer in time".to_owned())?.map_err(|error| error.to_string())
}

async fn exchange_at_leisure(
    send: SendRequest<Bytes>,
    request: H2Request,
) -> Result<H2Response, h2::Error> {
    let mut send = send.ready().await?;
    let ends = request.body.is_empty() && request.trailers.is_none();
    let (response, mut body) = send.send_request(request.head, ends)?;
    let last = request.body.len();
    for (place, piece) in request.body.into_iter().enumerate() {
        let ends = place + 1 == last && request.trailers.is_none();
        // The other side may answer and close the stream before it has all of the body.
        if body.send_data(piece, ends).is_err() {
            break;
        }
    }
    if let Some(trailers) = request.trailers {
        let _ = body.send_trailers(trailers);
    }
    let (head, mut stream) = response.await?.into_parts();
    let mut whole = Vec::new();
    while let Some(piece) = stream.data().await {
        let piece = piece?;
        stream.flow_control().release_capacity(piece.len())?;
        whole.extend_from_slice(&piece);
    }
    let trailers = stream.trailers().await?;
    Ok(H2Response { status: head.status, headers: head.headers, body: whole, trailers })
}

//! An HTTP/2 origin, in the clear or over TLS: echoes bodies piece by piece, with trailers, and
//! records what it was asked.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use architrave_core::task;
use bytes::Bytes;
use h2::RecvStream;
use h2::server::SendResponse;
use http::{HeaderMap, HeaderValue, Request, Response};
use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;

use crate::wait::{SOON, eventually};

/// A request that the origin got.
#[derive(Clone, Debug)]
pub struct H2Seen {
    /// The head.
    pub head: Arc<http::request::Parts>,
    /// The body.
    pub body: Vec<u8>,
    /// The fields behind it.
    pub trailers: Option<HeaderMap>,
}

#[derive(Default)]
struct Shared {
    listens_first: bool,
    seen: Mutex<Vec<H2Seen>>,
    connections: AtomicUsize,
    open: AtomicUsize,
}

/// An origin that runs until it is dropped.
pub struct H2Origin {
    address: SocketAddr,
    shared: Arc<Shared>,
    _runtime: Runtime,
}

impl H2Origin {
    /// Starts one that speaks HTTP/2 by prior knowledge.
    #[must_use]
    pub fn start() -> Self {
        Self::bind(None, false)
    }

    /// Starts one that answers when it has heard all of the request.
    #[must_use]
    pub fn start_listening_first() -> Self {
        Self::bind(None, true)
    }

    /// Starts one that speaks it over TLS.
    #[must_use]
    pub fn start_tls(config: Arc<ServerConfig>) -> Self {
        Self::bind(Some(config), false)
    }

    fn bind(tls: Option<Arc<ServerConfig>>, listens_first: bool) -> Self {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let runtime = runtime.expect("the machine has room for a thread");
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0"));
        let listener = listener.expect("the system gives a port");
        let address = listener.local_addr().expect("a bound socket has an address");
        let shared = Arc::new(Shared { listens_first, ..Shared::default() });
        let accepting = Arc::clone(&shared);
        runtime.block_on(async {
            drop(task::spawn(async move {
                while let Ok((stream, _)) = listener.accept().await {
                    drop(task::spawn(accept(stream, tls.clone(), Arc::clone(&accepting))));
                }
            }));
        });
        Self { address, shared, _runtime: runtime }
    }

    /// Where it listens.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.address
    }

    /// Every request whose body was read to its end.
    #[must_use]
    pub fn requests(&self) -> Vec<H2Seen> {
        self.shared.seen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The newest request, waiting for one.
    #[must_use]
    #[track_caller]
    pub fn last(&self) -> H2Seen {
        eventually("a request at the origin", SOON, || self.requests().pop())
    }

    /// How many connections were accepted.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.shared.connections.load(Ordering::Acquire)
    }

    /// How many connections are open.
    #[must_use]
    pub fn open_connections(&self) -> usize {
        self.shared.open.load(Ordering::Acquire)
    }
}

async fn accept(stream: TcpStream, tls: Option<Arc<ServerConfig>>, shared: Arc<Shared>) {
    shared.connections.fetch_add(1, Ordering::AcqRel);
    shared.open.fetch_add(1, Ordering::AcqRel);
    match tls {
        None => serve(stream, Arc::clone(&shared)).await,
        Some(config) => {
            if let Ok(stream) = tokio_rustls::TlsAcceptor::from(config).accept(stream).await {
                serve(stream, Arc::clone(&shared)).await;
            }
        }
    }
    shared.open.fetch_sub(1, Ordering::AcqRel);
}

async fn serve(stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static, shared: Arc<Shared>) {
    let Ok(mut connection) = h2::server::handshake(stream).await else { return };
    while let Some(Ok((request, respond))) = connection.accept().await {
        let shared = Arc::clone(&shared);
        drop(task::spawn(async move {
            let _ = echo(request, respond, &shared).await;
        }));
    }
}

/// Answers 200, as a rule at once, sends every piece of the body back as it comes, and ends with trailers:
/// those of the request and `x-echoed`, the number of bytes.
async fn echo(
    request: Request<RecvStream>,
    mut respond: SendResponse<Bytes>,
    shared: &Shared,
) -> Result<(), h2::Error> {
    let (head, mut body) = request.into_parts();
    let path = HeaderValue::from_str(head.uri.path()).unwrap_or(HeaderValue::from_static("?"));
    let mut begin = || {
        let mut answer = Response::new(());
        answer.headers_mut().insert("x-path", path.clone());
        respond.send_response(answer, false)
    };
    let mut begun = if shared.listens_first { None } else { Some(begin()?) };
    let mut whole = Vec::new();
    while let Some(piece) = body.data().await {
        let piece = piece?;
        body.flow_control().release_capacity(piece.len())?;
        whole.extend_from_slice(&piece);
        if let Some(send) = &mut begun {
            send.send_data(piece, false)?;
        }
    }
    let mut send = match begun {
        Some(begun) => begun,
        None => {
            let mut late = begin()?;
            late.send_data(whole.clone().into(), false)?;
            late
        }
    };
    let trailers = body.trailers().await?;
    let mut answered = trailers.clone().unwrap_or_default();
    answered.insert("x-echoed", HeaderValue::from(whole.len()));
    let seen = H2Seen { head: Arc::new(head), body: whole, trailers };
    shared.seen.lock().unwrap_or_else(PoisonError::into_inner).push(seen);
    send.send_trailers(answered)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::h2_client::{H2Client, H2Request};

    #[test]
    fn bodies_and_trailers_come_back() {
        let origin = H2Origin::start();
        let client = H2Client::connect(origin.addr());
        let mut trailers = HeaderMap::new();
        trailers.insert("x-sum", HeaderValue::from_static("7"));
        let request = H2Request::new("POST", "http://echo.example/a?b", &[])
            .data("one")
            .data("two")
            .trailers(trailers);
        let response = client.ask(request).unwrap();
        assert_eq!(response.text(), "onetwo");
        assert_eq!(response.get("x-path"), Some("/a"));
        let trailers = response.trailers.unwrap();
        assert_eq!(trailers["x-sum"], "7");
        assert_eq!(trailers["x-echoed"], "6");
        assert_eq!(origin.last().head.uri.authority().unwrap(), "echo.example");
    }
}

//! Step 1: accepted connections: limits, PROXY header, TLS, and which protocol is spoken.

use std::cell::Cell;
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use architrave_config::ListenerProtocol;
use architrave_core::{Reason, task};
use architrave_net::proxy_protocol::{self, Progress};
use architrave_net::tls::ALPN_H2;
use architrave_net::{Stream, Timer};
use rustix::net::RecvFlags;
use tokio::io::Interest;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use crate::assembly::LiveListener;
use crate::connection::{ClientText, Connection, TlsFacts, unmapped};
use crate::forwarded::is_trusted;
use crate::layer4;
use crate::serve::{h1, h2};
use crate::worker::{BusyGuard, Guest, Socket, Worker};

/// How long to wait when the system has no more to give (file descriptors, memory).
const EXHAUSTED_PAUSE: Duration = Duration::from_millis(50);

/// How often a worker says aloud that a handshake failed; the others are told of at `debug`.
const HANDSHAKE_TOLD_EVERY: Duration = Duration::from_secs(60);

/// Serves one socket until it is told to close.
pub(crate) async fn serve_socket(
    worker: Rc<Worker>,
    slot: Rc<Cell<usize>>,
    socket: Socket,
    closing: watch::Receiver<bool>,
) {
    let _busy = worker.guard();
    let served = match socket {
        Socket::Tcp(socket) => match TcpListener::from_std(socket) {
            Ok(socket) => {
                accept_all(&worker, &slot, &socket, closing).await;
                Ok(())
            }
            Err(error) => Err(error),
        },
        Socket::Udp(socket) => layer4::serve_udp(&worker, slot, socket, closing).await,
    };
    if let Err(error) = served {
        tracing::error!(%error, "a socket could not be served");
    }
}

async fn accept_all(
    worker: &Rc<Worker>,
    slot: &Cell<usize>,
    socket: &TcpListener,
    mut closing: watch::Receiver<bool>,
) {
    loop {
        tokio::select! {
            biased;
            accepted = socket.accept() => take(worker, slot.get(), accepted).await,
            // What the kernel has queued belongs to this socket and would be reset with it; the
            // branch above is asked first, so this one is reached only when the queue is empty.
            _told = closing.wait_for(|closing| *closing) => return,
        }
    }
}

async fn take(worker: &Rc<Worker>, slot: usize, accepted: io::Result<(TcpStream, SocketAddr)>) {
    let (stream, peer) = match accepted {
        Ok(accepted) => accepted,
        Err(error) if is_of_one_connection(&error) => return,
        Err(error) => {
            tracing::warn!(%error, "cannot accept connections for a moment");
            tokio::time::sleep(EXHAUSTED_PAUSE).await;
            return;
        }
    };
    let listener = worker.pinned().assembly().listener_at(slot);
    let Some(listener) = listener else {
        return;
    };
    let Some(open) = Open::take(worker, &listener) else {
        listener.metrics.connection_refused(worker.index());
        return;
    };
    // A socket without the option works too, only slower.
    let _slower = stream.set_nodelay(true);
    let Ok(destination) = stream.local_addr().map(unmapped) else {
        return;
    };
    // A socket of all addresses whose listener has just moved to one of them may have had others
    // in its queue.
    let own = listener.config.ip;
    if !own.is_unspecified() && unmapped(SocketAddr::new(own, 0)).ip() != destination.ip() {
        listener.metrics.connection_refused(worker.index());
        return;
    }
    let connection = Box::new(Connection::new(listener, unmapped(peer), destination));
    task::spawn_local(serve_connection(Rc::clone(worker), connection, stream, open));
}

/// Serves a connection from within the process. Where its listener is gone or full, it is closed.
pub(crate) fn attend(worker: &Rc<Worker>, guest: Guest) {
    let Guest { stream, slot, client, service } = guest;
    let Some(listener) = worker.pinned().assembly().listener_at(slot) else { return };
    let Ok(stream) = TcpStream::from_std(stream) else { return };
    let Some(open) = Open::take(worker, &listener) else {
        listener.metrics.connection_refused(worker.index());
        return;
    };
    let destination = SocketAddr::new(listener.config.ip, *listener.config.ports.start());
    let mut connection = Connection::new(listener, unmapped(client), unmapped(destination));
    // Whoever asks says nothing of others for whom they would ask.
    connection.is_trusted = false;
    connection.only = Some(service);
    let worker = Rc::clone(worker);
    task::spawn_local(async move {
        h1::serve(worker, connection.into(), Stream::from(stream)).await;
        drop(open);
    });
}

fn is_of_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset | Interrupted)
}

/// A connection's place among those that the listener allows.
#[derive(Debug)]
pub(crate) struct Open {
    listener: Arc<LiveListener>,
    worker: usize,
    _busy: BusyGuard,
}

impl Open {
    /// `None` when the listener is full.
    #[must_use]
    pub(crate) fn take(worker: &Rc<Worker>, listener: &Arc<LiveListener>) -> Option<Self> {
        let before = listener.open.fetch_add(1, Ordering::AcqRel);
        if before >= listener.config.limits.connections_max {
            listener.open.fetch_sub(1, Ordering::AcqRel);
            return None;
        }
        listener.metrics.connection_opened(worker.index());
        let listener = Arc::clone(listener);
        Some(Self { listener, worker: worker.index(), _busy: worker.guard() })
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.listener.open.fetch_sub(1, Ordering::AcqRel);
        self.listener.metrics.connection_closed(self.worker);
    }
}

/// Serves a connection to its end.
///
/// What is here is what each of thousands of idle connections takes: what only some do is boxed,
/// and what is passed on is not an argument of an `async fn`, which would keep room for it twice.
#[expect(clippy::manual_async_fn, reason = "it takes less room")]
fn serve_connection(
    worker: Rc<Worker>,
    mut connection: Box<Connection>,
    stream: TcpStream,
    open: Open,
) -> impl Future<Output = ()> {
    async move {
        if connection.listener.config.proxy_protocol
            && let Err(unsound) = Box::pin(read_proxy_header(&mut connection, &stream)).await
        {
            tell_of_proxy_header(&worker, &connection, &unsound);
            return;
        }
        let stream = match connection.listener.config.protocol {
            ListenerProtocol::Http => Stream::from(stream),
            ListenerProtocol::Https(_) => {
                let secured = Box::pin(secure(&worker, &mut connection, stream)).await;
                let Some(stream) = secured else {
                    return;
                };
                if stream.alpn() == Some(ALPN_H2) {
                    return Box::pin(h2::serve(worker, connection.into(), stream)).await;
                }
                stream
            }
            ListenerProtocol::Tcp(_) => {
                return Box::pin(layer4::serve_tcp(worker, connection, stream)).await;
            }
            ListenerProtocol::Tls(_) => {
                return Box::pin(layer4::serve_tls(worker, connection, stream)).await;
            }
            ListenerProtocol::Udp(_) => return,
        };
        h1::serve(worker, connection.into(), stream).await;
        drop(open);
    }
}

/// Why the beginning of a connection was not as it must be.
#[derive(Debug)]
pub(crate) struct Unsound(&'static str);

const GONE: Unsound = Unsound("the connection ended within it");

fn tell_of_proxy_header(worker: &Worker, connection: &Connection, Unsound(why): &Unsound) {
    let (listener, peer) = (&connection.listener, connection.peer);
    listener.metrics.protocol_error(worker.index(), Reason::BadRequest);
    let listener = listener.config.name.as_str();
    tracing::info!(listener, %peer, why, "the PROXY header of a client was refused");
}

/// Reads the PROXY header, and not a byte more: what follows may be a TLS handshake.
async fn read_proxy_header(connection: &mut Connection, stream: &TcpStream) -> Result<(), Unsound> {
    if !connection.is_trusted {
        return Err(Unsound("its peer is none of trusted_proxies"));
    }
    let limit = connection.listener.config.timeouts.handshake;
    let read = read_exactly_the_header(stream);
    let header = tokio::time::timeout(limit, read)
        .await
        .map_err(|_elapsed| Unsound("it did not come in time"))??;
    // Whom to believe about the requests that follow is another question: whoever sends the PROXY
    // header passes on what its own client writes into fields, unread.
    connection.is_trusted = false;
    if let Some((source, destination)) = header {
        connection.client = unmapped(source);
        connection.client_text = ClientText::of(connection.client.ip());
        connection.destination = unmapped(destination);
        let trusted = &connection.listener.config.trusted_proxies;
        connection.is_trusted = is_trusted(trusted, connection.client.ip());
    }
    Ok(())
}

type Addresses = Option<(SocketAddr, SocketAddr)>;

async fn read_exactly_the_header(stream: &TcpStream) -> Result<Addresses, Unsound> {
    let mut bytes = vec![0; proxy_protocol::HEADER_BYTES_MAX];
    let mut seen = 0;
    loop {
        let count = peek_more(stream, &mut bytes, seen).await?;
        seen = count;
        match proxy_protocol::parse(&bytes[..count])
            .map_err(|_error| Unsound("it is none of version 1 or 2"))?
        {
            Progress::Done(header) => {
                let mut consumed = 0;
                while consumed < header.consumed {
                    stream.readable().await.map_err(|_gone| GONE)?;
                    match stream.try_read(&mut bytes[..header.consumed - consumed]) {
                        Ok(0) => return Err(GONE),
                        Ok(count) => consumed += count,
                        Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                        Err(_gone) => return Err(GONE),
                    }
                }
                return Ok(header.addresses.map(|it| (it.source, it.destination)));
            }
            Progress::More => {}
        }
    }
}

/// Waits until more than `seen` bytes can be peeked at; how many there are.
async fn peek_more(stream: &TcpStream, bytes: &mut [u8], seen: usize) -> Result<usize, Unsound> {
    loop {
        let ready = stream.ready(Interest::READABLE).await.map_err(|_gone| GONE)?;
        let peeked = stream.try_io(Interest::READABLE, || {
            let (_, count) = rustix::net::recv(stream, &mut *bytes, RecvFlags::PEEK)?;
            // The same bytes again: with this word the runtime waits until others come.
            if count > 0 && count == seen {
                Err(io::ErrorKind::WouldBlock.into())
            } else {
                Ok(count)
            }
        });
        match peeked {
            Ok(count) if count > seen => return Ok(count),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock && !ready.is_read_closed() => {}
            _ => return Err(GONE),
        }
    }
}

/// Says why a handshake failed: now and then aloud, as whoever scans ports fails at them all day.
fn tell_of_handshake(worker: &Worker, connection: &Connection, why: &str) {
    let (listener, peer) = (connection.listener.config.name.as_str(), connection.peer);
    if worker.may_tell_of_handshake(HANDSHAKE_TOLD_EVERY) {
        tracing::info!(listener, %peer, why, "TLS handshake with a client failed");
    } else {
        tracing::debug!(listener, %peer, why, "TLS handshake with a client failed");
    }
}

/// Shakes hands, and notes what was settled. Nothing where it failed, which it has told then.
async fn secure(worker: &Worker, connection: &mut Connection, stream: TcpStream) -> Option<Stream> {
    let listener = Arc::clone(&connection.listener);
    let tls = listener.tls.as_ref()?;
    let mut timer = Timer::new();
    let limit = listener.config.timeouts.handshake;
    let handshake = timer.within(limit, tls.accept(stream)).await;
    let why = match handshake {
        Ok(Ok(stream)) => {
            let stream = Stream::from(stream);
            connection.tls = stream.accepted_tls().map(TlsFacts::of);
            return Some(stream);
        }
        Ok(Err(error)) => error.to_string(),
        Err(_late) => "it took too long".to_owned(),
    };
    listener.metrics.tls_handshake_failed(worker.index());
    tell_of_handshake(worker, connection, &why);
    None
}

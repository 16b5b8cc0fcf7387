//! A scripted HTTP/1 origin: answers by a closure, records every request and every byte.
//!
//! It is strict: a request that breaks the protocol is a violation, and a test that leaves
//! violations behind fails when the origin is dropped.

mod exchange;

use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use rustls::{ServerConfig, ServerConnection, StreamOwned};

use crate::message::{Framing, Request};
use crate::wait::{SOON, eventually};
use crate::wire::{Stream, Wire, WireError};

pub use exchange::Exchange;

type Script = dyn Fn(&mut Exchange<'_>) + Send + Sync;

/// An origin that runs until it is dropped.
pub struct Origin {
    shared: Arc<Shared>,
}

struct Shared {
    address: SocketAddr,
    script: Box<Script>,
    tls: Option<Arc<ServerConfig>>,
    stopping: AtomicBool,
    open: AtomicUsize,
    log: Mutex<Log>,
}

#[derive(Default)]
struct Log {
    requests: Vec<Request>,
    connections: Vec<Connection>,
    violations: Vec<String>,
}

struct Connection {
    received: Arc<Mutex<Vec<u8>>>,
    socket: Option<TcpStream>,
}

impl Origin {
    /// Starts one on a port of the system's choice.
    #[must_use]
    pub fn start(script: impl Fn(&mut Exchange<'_>) + Send + Sync + 'static) -> Self {
        Self::bind(([127, 0, 0, 1], 0).into(), None, Box::new(script))
    }

    /// Starts one at an address, as after a restart.
    #[must_use]
    pub fn start_at(
        address: SocketAddr,
        script: impl Fn(&mut Exchange<'_>) + Send + Sync + 'static,
    ) -> Self {
        Self::bind(address, None, Box::new(script))
    }

    /// Starts one that speaks TLS.
    #[must_use]
    pub fn start_tls(
        config: Arc<ServerConfig>,
        script: impl Fn(&mut Exchange<'_>) + Send + Sync + 'static,
    ) -> Self {
        Self::bind(([127, 0, 0, 1], 0).into(), Some(config), Box::new(script))
    }

    /// Starts one that answers everything with its name.
    #[must_use]
    pub fn named(name: &str) -> Self {
        let name = name.to_owned();
        Self::start(move |exchange| exchange.reply(200, &[("x-origin", &name)], &name))
    }

    /// Starts one that takes every request and answers none.
    #[must_use]
    pub fn stalled() -> Self {
        Self::start(|exchange| exchange.stall())
    }

    fn bind(address: SocketAddr, tls: Option<Arc<ServerConfig>>, script: Box<Script>) -> Self {
        let listener =
            eventually("the origin's address is free", SOON, || TcpListener::bind(address).ok());
        let shared = Arc::new(Shared {
            address: listener.local_addr().expect("a bound socket has an address"),
            script,
            tls,
            stopping: AtomicBool::new(false),
            open: AtomicUsize::new(0),
            log: Mutex::default(),
        });
        let accepting = Arc::clone(&shared);
        thread::spawn(move || accepting.accept_all(&listener));
        Self { shared }
    }

    /// Where it listens.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.shared.address
    }

    /// Every request whose head was read, in order.
    #[must_use]
    pub fn requests(&self) -> Vec<Request> {
        self.shared.log().requests.clone()
    }

    /// How many request heads were read.
    #[must_use]
    pub fn count(&self) -> usize {
        self.shared.log().requests.len()
    }

    /// The only request so far, waiting for it and for the end of its body.
    ///
    /// # Panics
    /// When there are several, or none comes.
    #[must_use]
    #[track_caller]
    pub fn only(&self) -> Request {
        let request = eventually("a complete request at the origin", SOON, || {
            self.shared.log().requests.first().filter(|request| request.complete).cloned()
        });
        assert_eq!(self.count(), 1, "{:?}", self.requests());
        request
    }

    /// The newest request, waiting for it and for the end of its body.
    #[must_use]
    #[track_caller]
    pub fn last(&self) -> Request {
        eventually("a complete request at the origin", SOON, || {
            self.shared.log().requests.last().filter(|request| request.complete).cloned()
        })
    }

    /// The bytes received, by connection in the order of acceptance.
    #[must_use]
    pub fn bytes(&self) -> Vec<Vec<u8>> {
        let log = self.shared.log();
        let kept = log.connections.iter().map(|connection| &connection.received);
        kept.map(|bytes| bytes.lock().unwrap_or_else(PoisonError::into_inner).clone()).collect()
    }

    /// How many connections were accepted.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.shared.log().connections.len()
    }

    /// How many connections are open.
    #[must_use]
    pub fn open_connections(&self) -> usize {
        self.shared.open.load(Ordering::Acquire)
    }

    /// What broke the protocol so far, taken away so that it is not held against the test.
    #[must_use]
    pub fn take_violations(&self) -> Vec<String> {
        std::mem::take(&mut self.shared.log().violations)
    }

    /// Forgets the requests so far.
    pub fn forget(&self) {
        self.shared.log().requests.clear();
    }

    fn stop(&self) {
        self.shared.stopping.store(true, Ordering::Release);
        // The accepting thread wakes up by a connection and sees that it should stop.
        let _ = TcpStream::connect_timeout(&self.shared.address, Duration::from_secs(1));
        for connection in &self.shared.log().connections {
            if let Some(socket) = &connection.socket {
                let _ = socket.shutdown(std::net::Shutdown::Both);
            }
        }
    }
}

impl Drop for Origin {
    fn drop(&mut self) {
        self.stop();
        let violations = self.take_violations();
        if !thread::panicking() {
            assert!(violations.is_empty(), "an origin was sent bad bytes: {violations:?}");
        }
    }
}

impl Shared {
    fn log(&self) -> MutexGuard<'_, Log> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn accept_all(self: &Arc<Self>, listener: &TcpListener) {
        while let Ok((socket, _)) = listener.accept() {
            if self.stopping.load(Ordering::Acquire) {
                return;
            }
            let shared = Arc::clone(self);
            let serve = move || {
                shared.open.fetch_add(1, Ordering::AcqRel);
                shared.serve(socket);
                shared.open.fetch_sub(1, Ordering::AcqRel);
            };
            let started = thread::Builder::new().stack_size(256 << 10).spawn(serve);
            started.expect("the machine has room for a thread");
        }
    }

    fn serve(&self, socket: TcpStream) {
        let clone = socket.try_clone().ok();
        let stream: Box<dyn Stream> = match &self.tls {
            None => Box::new(socket),
            Some(config) => match ServerConnection::new(Arc::clone(config)) {
                Ok(session) => Box::new(StreamOwned::new(session, socket)),
                Err(_) => return,
            },
        };
        let mut wire = Wire::new(stream);
        wire.patience(Duration::from_secs(120));
        let connection = {
            let mut log = self.log();
            log.connections.push(Connection { received: wire.kept(), socket: clone });
            log.connections.len() - 1
        };
        while self.serve_one(&mut wire, connection) {}
        self.log().connections[connection].socket = None;
    }

    /// Serves one request; whether another may follow on the connection.
    fn serve_one(&self, wire: &mut Wire, connection: usize) -> bool {
        let head = match wire.read_head() {
            Ok(Some(head)) => head,
            Err(WireError::Violation(what)) if self.tls.is_none() => {
                return self.refuse(wire, what);
            }
            _ => return false,
        };
        let framing = match head.request_framing() {
            Ok(framing) => framing,
            Err(what) => return self.refuse(wire, what),
        };
        let mut words = head.start.split(' ').map(str::to_owned);
        let mut word = || words.next().unwrap_or_default();
        let (method, target, version) = (word(), word(), word());
        if head.start.split(' ').count() != 3 || !version.starts_with("HTTP/1.") {
            return self.refuse(wire, format!("bad request line {:?}", head.start));
        }
        if head.all("host").len() != 1 && version == "HTTP/1.1" {
            return self.refuse(wire, format!("not exactly one host: {head:?}"));
        }
        let complete = framing == Framing::None;
        let request = Request {
            method,
            target,
            version,
            head,
            framing,
            complete,
            connection,
            ..Request::default()
        };
        let place = {
            let mut log = self.log();
            log.requests.push(request.clone());
            log.requests.len() - 1
        };
        let mut exchange = Exchange::new(self, wire, request, place);
        (self.script)(&mut exchange);
        exchange.complete()
    }

    fn refuse(&self, wire: &mut Wire, what: String) -> bool {
        self.log().violations.push(what);
        let _ =
            wire.send("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        false
    }

    fn update(&self, place: usize, request: &Request) {
        // A test may have forgotten the request in the meantime.
        if let Some(kept) = self.log().requests.get_mut(place) {
            *kept = request.clone();
        }
    }

    fn violated(&self, what: String) {
        self.log().violations.push(what);
    }
}

/// An address at which connections are refused for as long as the guard lives: bound, never
/// listening.
///
/// # Panics
/// When the system has no port left.
#[must_use]
pub fn refusing() -> (SocketAddr, socket2::Socket) {
    let socket = loopback_socket().expect("the system gives a port");
    let address = socket.local_addr().expect("a bound socket has an address");
    (address.as_socket().expect("an IPv4 address"), socket)
}

/// An address at which connecting neither succeeds nor fails: its queue is full.
///
/// # Panics
/// When the system has no port left.
#[must_use]
pub fn unanswering() -> (SocketAddr, Vec<socket2::Socket>) {
    let socket = loopback_socket().expect("the system gives a port");
    socket.listen(0).expect("a bound socket listens");
    let address = socket.local_addr().expect("a bound socket has an address");
    let mut guards = vec![socket];
    for _ in 0..4 {
        let client = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None)
            .expect("the system gives a socket");
        client.set_nonblocking(true).expect("a socket can be non-blocking");
        let _ = client.connect(&address);
        guards.push(client);
    }
    (address.as_socket().expect("an IPv4 address"), guards)
}

fn loopback_socket() -> io::Result<socket2::Socket> {
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None)?;
    socket.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into())?;
    Ok(socket)
}

#[cfg(test)]
mod tests;

//! A raw HTTP/1 client: sends the bytes it is told to, reads responses strictly.

use std::io;
use std::net::{SocketAddr, TcpStream};
use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, StreamOwned};

use crate::message::{Response, parse_field};
use crate::wire::{Wire, WireError};

/// A connected client.
pub struct Client {
    wire: Wire,
}

impl Client {
    /// Connects.
    ///
    /// # Panics
    /// When nobody listens there.
    #[must_use]
    #[track_caller]
    pub fn connect(address: SocketAddr) -> Self {
        Self::try_connect(address).unwrap_or_else(|error| panic!("connect {address}: {error}"))
    }

    /// Connects if it can.
    ///
    /// # Errors
    /// As the system says.
    pub fn try_connect(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect_timeout(&address, Duration::from_secs(10))?;
        Ok(Self { wire: Wire::new(Box::new(stream)) })
    }

    /// Connects from a local address, such as 127.0.0.9.
    ///
    /// # Panics
    /// When the address is not one of this machine, or nobody listens there.
    #[must_use]
    #[track_caller]
    pub fn connect_from(local: [u8; 4], address: SocketAddr) -> Self {
        let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None)
            .expect("the system gives a socket");
        socket.bind(&SocketAddr::from((local, 0)).into()).expect("the address is local");
        socket.connect(&address.into()).expect("somebody listens there");
        Self { wire: Wire::new(Box::new(TcpStream::from(socket))) }
    }

    /// Connects with a tiny receive buffer, as a slow reader has.
    ///
    /// # Panics
    /// When nobody listens there.
    #[must_use]
    #[track_caller]
    pub fn connect_narrow(address: SocketAddr) -> Self {
        let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None)
            .expect("the system gives a socket");
        socket.set_recv_buffer_size(4096).expect("a buffer can be small");
        socket.connect(&address.into()).expect("somebody listens there");
        Self { wire: Wire::new(Box::new(TcpStream::from(socket))) }
    }

    /// Connects and speaks TLS, asking for `server_name`.
    ///
    /// # Errors
    /// When the handshake fails.
    pub fn connect_tls(
        address: SocketAddr,
        server_name: &str,
        config: Arc<ClientConfig>,
    ) -> io::Result<(Self, TlsFacts)> {
        let mut socket = TcpStream::connect_timeout(&address, Duration::from_secs(10))?;
        socket.set_read_timeout(Some(Duration::from_secs(20)))?;
        let name = ServerName::try_from(server_name.to_owned()).map_err(io::Error::other)?;
        let mut session = ClientConnection::new(config, name).map_err(io::Error::other)?;
        while session.is_handshaking() {
            session.complete_io(&mut socket)?;
        }
        let facts = TlsFacts {
            alpn: session.alpn_protocol().map(<[u8]>::to_vec),
            leaf: session
                .peer_certificates()
                .and_then(<[_]>::first)
                .map(|leaf| leaf.to_vec())
                .unwrap_or_default(),
        };
        Ok((Self { wire: Wire::new(Box::new(StreamOwned::new(session, socket))) }, facts))
    }

    /// Reads one response to a request of this method, with the interim ones before it.
    ///
    /// # Errors
    /// When it is cut off, late or malformed.
    pub fn read_response(&mut self, method: &str) -> Result<Response, WireError> {
        let mut interim = Vec::new();
        loop {
            let head = self.read_head()?.ok_or(WireError::Truncated(Vec::new()))?;
            let status = head.status();
            if !head.start.starts_with("HTTP/1.") || !(100..=999).contains(&status) {
                return Err(WireError::Violation(format!("bad status line {:?}", head.start)));
            }
            if (100..=199).contains(&status) && status != 101 {
                interim.push(head);
                continue;
            }
            let framing = head.response_framing(method).map_err(WireError::Violation)?;
            let (body, trailers) = self.read_body(framing)?;
            return Ok(Response { status, head, interim, framing, body, trailers });
        }
    }

    /// Sends bytes and reads the response to a request of the method they begin with.
    ///
    /// # Panics
    /// When there is no valid response.
    #[track_caller]
    pub fn ask(&mut self, bytes: impl AsRef<[u8]>) -> Response {
        self.try_ask(bytes).unwrap_or_else(|error| panic!("no valid response: {error:?}"))
    }

    /// The same, where there may be no answer.
    ///
    /// # Errors
    /// When it is cut off, late or malformed.
    pub fn try_ask(&mut self, bytes: impl AsRef<[u8]>) -> Result<Response, WireError> {
        let bytes = bytes.as_ref();
        let method = bytes.split(|byte| *byte == b' ').next().unwrap_or_default();
        let method = String::from_utf8_lossy(method).into_owned();
        // The other side may answer and close before all of it is sent; its answer still counts.
        let sent = self.send(bytes);
        match (self.read_response(&method), sent) {
            (Err(WireError::Truncated(_)), Err(error)) => Err(error.into()),
            (answer, _) => answer,
        }
    }

    /// `GET target` with a host and more field lines, and the response.
    ///
    /// # Panics
    /// When there is no valid response, or a field line is malformed.
    #[track_caller]
    pub fn get(&mut self, host: &str, target: &str, fields: &[&str]) -> Response {
        self.ask(request("GET", host, target, fields))
    }
}

/// What a TLS handshake came to.
#[derive(Clone, Debug)]
pub struct TlsFacts {
    /// The protocol agreed on.
    pub alpn: Option<Vec<u8>>,
    /// The certificate of the other side, DER.
    pub leaf: Vec<u8>,
}

/// The bytes by which a TLS client begins.
///
/// # Panics
/// When the name is malformed.
#[must_use]
pub fn first_flight(server_name: &str, config: Arc<ClientConfig>) -> Vec<u8> {
    let name = ServerName::try_from(server_name.to_owned()).expect("the name is well-formed");
    let mut session = ClientConnection::new(config, name).expect("the configuration fits");
    let mut bytes = Vec::new();
    while session.wants_write() {
        session.write_tls(&mut bytes).expect("a vector takes everything");
    }
    bytes
}

/// The bytes of a request without a body.
///
/// # Panics
/// When a field line is malformed: tests of malformed lines write their bytes themselves.
#[must_use]
#[track_caller]
pub fn request(method: &str, host: &str, target: &str, fields: &[&str]) -> Vec<u8> {
    let mut text = format!("{method} {target} HTTP/1.1\r\nHost: {host}\r\n");
    for line in fields {
        parse_field(line).expect("the field line is well-formed");
        text.push_str(line);
        text.push_str("\r\n");
    }
    text.push_str("\r\n");
    text.into_bytes()
}

/// One `GET` on a connection of its own.
///
/// # Panics
/// When there is no valid response.
#[track_caller]
pub fn get(address: SocketAddr, host: &str, target: &str, fields: &[&str]) -> Response {
    Client::connect(address).get(host, target, fields)
}

impl Deref for Client {
    type Target = Wire;

    fn deref(&self) -> &Wire {
        &self.wire
    }
}

impl DerefMut for Client {
    fn deref_mut(&mut self) -> &mut Wire {
        &mut self.wire
    }
}

//! What is known of a client's connection: who, through which listener, over which TLS.

use std::cell::RefCell;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use architrave_core::name::ServiceName;
use architrave_net::{Conversation, Fields};

use crate::assembly::LiveListener;
use crate::forwarded::is_trusted;

/// One client connection, as its exchanges see it.
#[derive(Debug)]
pub struct Connection {
    /// The listener that accepted it.
    pub listener: Arc<LiveListener>,
    /// The other end of the socket.
    pub peer: SocketAddr,
    /// The client: the peer, or whom a trusted PROXY header names.
    pub client: SocketAddr,
    /// Where the client connected to; as a trusted PROXY header says, where there is one.
    pub destination: SocketAddr,
    /// Which address and port of ours it was made to.
    pub local: SocketAddr,
    /// Whether whoever writes the requests (the peer, or whom its PROXY header names) is believed
    /// about whom it speaks for.
    pub is_trusted: bool,
    /// What TLS settled; `None` without TLS.
    pub tls: Option<TlsFacts>,
    /// The only service that may answer it; `None` for all that comes from outside.
    pub only: Option<ServiceName>,
    /// The client's address as endpoints are told of it, written once for all exchanges.
    pub client_text: ClientText,
    /// What endpoints were told of the client last.
    pub(crate) told: RefCell<Told>,
}

/// The fields that tell endpoints of the client, as they were written for an exchange; as a rule
/// the next exchange of the connection says the same.
#[derive(Debug, Default)]
pub(crate) struct Told {
    /// The host as the client named it.
    pub authority: String,
    /// Whether the client came over TLS.
    pub is_secure: bool,
    /// The fields.
    pub fields: Fields,
}

/// A client's address as endpoints are told of it.
#[derive(Debug)]
pub struct ClientText {
    /// For `X-Forwarded-For`.
    pub address: String,
    /// For `Forwarded`: `for=…` (RFC 7239 §6).
    pub forwarded: String,
}

impl ClientText {
    /// Writes an address.
    #[must_use]
    pub fn of(client: IpAddr) -> Self {
        let forwarded = match client {
            IpAddr::V4(client) => format!("for={client}"),
            IpAddr::V6(client) => format!("for=\"[{client}]\""),
        };
        Self { address: client.to_string(), forwarded }
    }
}

/// What a TLS handshake with a client settled.
#[derive(Debug)]
pub struct TlsFacts {
    /// Such as `TLSv1.3`.
    pub version: &'static str,
    /// The cipher suite.
    pub cipher: &'static str,
    /// The server name asked for, lower case.
    pub server_name: Option<Box<str>>,
}

impl TlsFacts {
    /// What `session` settled.
    #[must_use]
    pub fn of(session: &rustls::ServerConnection) -> Self {
        Self {
            version: match session.protocol_version() {
                Some(rustls::ProtocolVersion::TLSv1_3) => "TLSv1.3",
                Some(rustls::ProtocolVersion::TLSv1_2) => "TLSv1.2",
                _ => "TLS",
            },
            cipher: session
                .negotiated_cipher_suite()
                .and_then(|suite| suite.suite().as_str())
                .unwrap_or("unknown"),
            server_name: session.server_name().map(|name| name.to_ascii_lowercase().into()),
        }
    }
}

impl Connection {
    /// One that `peer` made to `destination`, of which nothing else is known yet.
    #[must_use]
    pub(crate) fn new(
        listener: Arc<LiveListener>,
        peer: SocketAddr,
        destination: SocketAddr,
    ) -> Self {
        Self {
            is_trusted: is_trusted(&listener.config.trusted_proxies, peer.ip()),
            listener,
            peer,
            client: peer,
            destination,
            local: destination,
            tls: None,
            only: None,
            client_text: ClientText::of(peer.ip()),
            told: RefCell::default(),
        }
    }

    /// What a PROXY header toward an endpoint tells.
    #[must_use]
    pub const fn conversation(&self) -> Conversation {
        Conversation { source: self.client, destination: self.destination }
    }
}

/// An address as policies and logs see it: IPv4 also when it came in IPv6's clothes.
#[must_use]
pub(crate) fn unmapped(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(unmapped_ip(address.ip()), address.port())
}

/// [`unmapped`] for an address without port.
#[must_use]
pub(crate) fn unmapped_ip(address: IpAddr) -> IpAddr {
    address.to_canonical()
}
